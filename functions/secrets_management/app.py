"""Secrets management: secrets are in Secrets Manager, rotate, and their use is audited."""

from datetime import timedelta
from typing import Annotated

from readiness import (
    Between,
    Severity,
    Status,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
)
from readiness.engine.handler import handler_of
from readiness.evidence.apigateway.stages import HttpStage, RestStage
from readiness.evidence.apprunner import ServiceEnvironment
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.batch import JobDefinition
from readiness.evidence.cloudformation import StackValues
from readiness.evidence.cloudtrail.event_data_stores import EventDataStores
from readiness.evidence.cloudtrail.trails import KMS, SECRETS_MANAGER, Trails
from readiness.evidence.codebuild import BuildEnvironment
from readiness.evidence.ec2.instance_user_data import InstanceUserData
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.eventbridge.rules import RuleInputs
from readiness.evidence.glue import ConnectionLogin, JobArguments
from readiness.evidence.pipes import PipeInputs
from readiness.evidence.sagemaker import ModelEnvironment
from readiness.evidence.scheduler import ScheduleInputs
from readiness.evidence.secretsmanager import (
    CurrentValue,
    LastRotationFailure,
    SecretRotation,
    SecretsInRegion,
)
from readiness.evidence.ssm import ParameterType
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.evidence.user_data import GroupUserData
from readiness.model.text import listed, plural
from readiness.semantics.credential_names import is_a_secret, may_be_a_secret
from readiness.semantics.trail_coverage import Coverage, Share, all_events_of

from .audit import judge_audit, shares_of
from .connections import judge_connection
from .containers import environment_files, judge_containers, judge_model
from .parameters import judge_parameter
from .places import (
    in_build_sources,
    in_options,
    in_specifications,
    in_text,
    in_variables,
    judge_scripts,
    judge_stage,
)
from .plain_text import judge_plain_text, unless_unread
from .rotation import NON_ROTATING, RotationLimits, rotation_verdict
from .settings import ParameterStoreSettings, PlainTextSettings
from .versions import judge_definitions, judge_versions

secrets_management = heading("Security", "Secrets Management")

STORE = "Store all secrets in AWS Secrets Manager"


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def lambda_environment(function: RunEnvironments, *, plain_text: PlainTextSettings) -> Verdict:
    """The function's environment variables hold no credentials, only the names of secrets.

    Published versions that aliases lead to keep their own: they cannot be changed any more.

    CloudFormation resolves {{resolve:secretsmanager:…}} at deployment: the variable then holds
    the secret itself, which everyone who may read the function's configuration can see.
    """
    return judge_versions(function, plain_text)


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def ecs_environment(
    task_definition: TaskDefinition,
    *,
    parameter_store: ParameterStoreSettings,
    plain_text: PlainTextSettings,
) -> Verdict:
    """Containers get secrets from Secrets Manager, not as plain text in the task definition.

    Commands, labels, log options, health checks and volumes are as visible as the environment.
    """
    files = environment_files(task_definition.containers)
    verdict = judge_containers(
        task_definition.containers, task_definition.options, parameter_store, plain_text
    )
    if files and verdict.status is not Status.NON_COMPLIANT:
        return cannot_tell(
            f"Environment files in S3 hold variables too and are not read: {listed(files)}.",
            environment_files=files,
        )
    return verdict


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def batch_job_definition(
    definition: JobDefinition,
    *,
    parameter_store: ParameterStoreSettings,
    plain_text: PlainTextSettings,
) -> Verdict:
    """Batch jobs get secrets from Secrets Manager, not as plain text in the job definition."""
    parameters = {f"parameters/{n}": value for n, value in (definition.parameters or {}).items()}
    return judge_containers(definition.containers, parameters, parameter_store, plain_text)


@secrets_management.rule(STORE, severity=Severity.HIGH)
def ssm_parameters(
    parameter: ParameterType, *, parameter_store: ParameterStoreSettings
) -> Verdict:
    """Parameter Store holds configuration only; secrets are in Secrets Manager.

    Only the name and the type are evaluated; the value is never read.
    """
    return judge_parameter(parameter, parameter_store)


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def codebuild_environment(
    project: BuildEnvironment,
    *,
    parameter_store: ParameterStoreSettings,
    plain_text: PlainTextSettings,
) -> Verdict:
    """Build projects get secrets from Secrets Manager, not from plain text.

    Plain text variables and an inline build specification are visible in the console and in the
    details of every build.
    """
    plain = {each.name: each.value for each in project.variables if each.kind == "PLAINTEXT"}
    found = in_variables(plain, plain_text) + in_build_sources(project, plain_text)
    elsewhere = [
        variable.name
        for variable in project.variables
        if variable.kind == "PARAMETER_STORE"
        and (is_a_secret(variable.name) or may_be_a_secret(variable.name))
        and not parameter_store.accept_ssm_secure_string
    ]
    return judge_plain_text(
        found, elsewhere, variables=len(project.variables), texts=len(project.sources)
    )


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def state_machine_definition(machine: RunDefinitions, *, plain_text: PlainTextSettings) -> Verdict:
    """A state machine's definition holds no credentials: connections and secrets are named.

    The definition is visible to everyone who may describe the state machine, and so are those of
    the versions that aliases lead to.
    """
    return judge_definitions(machine, plain_text)


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def rest_stage_variables(stage: RestStage, *, plain_text: PlainTextSettings) -> Verdict:
    """Stage variables of a REST API hold no credentials: API Gateway does not encrypt them."""
    return judge_stage(stage.variables, plain_text)


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def http_stage_variables(stage: HttpStage, *, plain_text: PlainTextSettings) -> Verdict:
    """Stage variables of an HTTP or WebSocket API hold no credentials."""
    return judge_stage(stage.variables, plain_text)


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def group_user_data(group: GroupUserData, *, plain_text: PlainTextSettings) -> Verdict:
    """The user data of an Auto Scaling group's instances holds no credentials.

    Everyone who may describe the launch template can read it, and every process on an instance.
    """
    return judge_scripts(group.scripts, plain_text, "Its instances start without user data.")


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def instance_user_data(
    instances: InstanceUserData,
    *,
    plain_text: PlainTextSettings,
    most_instances: Annotated[
        int, Between(1, 10_000), "The user data of how many instances is read, one by one"
    ] = 500,
) -> Verdict:
    """The user data of instances outside of Auto Scaling groups holds no credentials.

    Everyone who may describe the instance can read it, and every process on the instance.
    """
    verdict = judge_scripts(
        instances.scripts,
        plain_text,
        "No instance outside of Auto Scaling groups has user data.",
    )
    return unless_unread(verdict, instances.unread, "instance", most_instances, "most_instances")


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def event_targets(rule: RuleInputs, *, plain_text: PlainTextSettings) -> Verdict:
    """What an EventBridge rule gives its targets holds no credentials.

    Constant inputs, such as the variables of a task that it starts, and headers of HTTP targets
    are visible to everyone who may list the targets. Connections keep theirs in Secrets Manager.
    """
    if rule.manager:
        return not_applicable(f"The service {rule.manager} made the rule and its targets.")
    found = in_specifications(rule.texts, plain_text) + in_options(rule.values, plain_text)
    return judge_plain_text(
        found,
        variables=len(rule.values),
        texts=len(rule.texts),
        kind="header or query value",
        nothing="Its targets get nothing but the event.",
    )


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def schedule_inputs(
    group: ScheduleInputs,
    *,
    plain_text: PlainTextSettings,
    most_schedules: Annotated[
        int, Between(1, 1_000_000), "How many schedules of a group are read, one by one"
    ] = 1000,
) -> Verdict:
    """What the schedules of a group give their targets holds no credentials.

    Everyone who may describe a schedule can read it, disabled ones too.
    """
    verdict = judge_plain_text(
        in_specifications(group.texts, plain_text),
        texts=len(group.texts),
        nothing="The schedules of the group give their targets no input.",
    )
    return unless_unread(verdict, group.unread, "schedule", most_schedules, "most_schedules")


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def pipe_inputs(pipe: PipeInputs, *, plain_text: PlainTextSettings) -> Verdict:
    """What a pipe gives its enrichment and its target holds no credentials.

    Templates, overrides of a task and headers are visible to everyone who may describe the pipe.
    """
    return judge_plain_text(
        in_specifications(pipe.texts, plain_text) + in_options(pipe.values, plain_text),
        variables=len(pipe.values),
        texts=len(pipe.texts),
        kind="header or query value",
        nothing="Its target gets nothing but the event.",
    )


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def app_runner_environment(
    service: ServiceEnvironment, *, plain_text: PlainTextSettings
) -> Verdict:
    """A service of App Runner gets secrets from Secrets Manager, not as plain text."""
    found = in_variables(service.variables, plain_text)
    for place, command in service.commands.items():
        found += in_text(place, command, plain_text)
    return judge_plain_text(
        found,
        variables=len(service.variables),
        texts=len(service.commands),
        nothing="The service takes its variables from apprunner.yaml in its repository."
        if service.in_repository
        else "It has no environment variables.",
    )


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def stack_parameters(stack: StackValues, *, plain_text: PlainTextSettings) -> Verdict:
    """The parameters and outputs of a stack hold no credentials.

    Everyone who may describe the stack can read them. A parameter with NoEcho is masked.
    """
    values = {f"parameters/{name}": value for name, value in stack.parameters.items()}
    values |= {f"outputs/{name}": value for name, value in stack.outputs.items()}
    if not values and stack.hidden:
        masked = plural(stack.hidden, "parameter")
        return complies(f"The stack has only {masked} with NoEcho.", hidden=stack.hidden)
    return judge_plain_text(
        in_options(values, plain_text),
        variables=len(values),
        kind="value",
        nothing="The stack has no parameters and no outputs.",
    )


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def glue_job_arguments(job: JobArguments, *, plain_text: PlainTextSettings) -> Verdict:
    """The arguments of a Glue job hold no credentials: the script reads them by their names.

    Everyone who may read the job can see them, and so can the log of every run.
    """
    found = in_variables(job.arguments, plain_text)
    count = len(job.arguments)
    return judge_plain_text(
        found, variables=count, kind="argument", nothing="The job has no arguments."
    )


@secrets_management.rule(STORE, severity=Severity.HIGH)
def glue_connections(connection: ConnectionLogin, *, plain_text: PlainTextSettings) -> Verdict:
    """A connection of Glue logs in with a secret of Secrets Manager, not with its own password."""
    return judge_connection(connection, plain_text)


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def sagemaker_models(model: ModelEnvironment, *, plain_text: PlainTextSettings) -> Verdict:
    """The containers of a SageMaker model get no credentials as plain text in their environment.

    Everyone who may describe the model can read it, and a model cannot be changed.
    """
    return judge_model(model, plain_text)


@secrets_management.rule("Enable automatic rotation", severity=Severity.MEDIUM)
def automatic_rotation(
    secret: SecretRotation,
    failure: LastRotationFailure | Unreadable,
    value: CurrentValue | Unreadable,
    *,
    max_rotation_days: Annotated[
        int, Between(1, 1000), "The most days between two rotations"
    ] = 90,
    grace_days: Annotated[int, Between(0, 30), "How many days late a rotation may be"] = 2,
    new_secret_grace_hours: Annotated[
        int, Between(0, 720), "How many hours a new secret may have no rotation"
    ] = 24,
    unfinished_after_hours: Annotated[
        int, Between(1, 168), "An unfinished rotation counts as failed after this many hours"
    ] = 1,
    non_rotating_owners: Annotated[
        tuple[str, ...], "AWS services whose managed secrets cannot rotate"
    ] = NON_ROTATING,
) -> Verdict:
    """Secrets rotate automatically and often enough, and the last rotation succeeded."""
    return rotation_verdict(
        secret,
        failure,
        value,
        RotationLimits(
            timedelta(max_rotation_days),
            timedelta(grace_days),
            timedelta(hours=new_secret_grace_hours),
            timedelta(hours=unfinished_after_hours),
            non_rotating_owners,
        ),
    )


@secrets_management.rule("Audit secret access with CloudTrail", severity=Severity.HIGH)
def access_audited(
    secrets: SecretsInRegion,
    trails: Trails,
    stores: EventDataStores | Unreadable,
    *,
    accept_event_data_stores: Annotated[
        bool, "Accept an event data store of CloudTrail Lake in place of a trail"
    ] = True,
    event_data_store_of_organization: Annotated[
        bool,
        "An event data store of the organization records this account: a member account cannot"
        " see it",
    ] = False,
    allow_kms_exclusion: Annotated[
        bool, "Accept trails that exclude KMS events, such as the decryption of a secret"
    ] = False,
    delivery_max_age_hours: Annotated[
        int, Between(24, 168), "How many hours ago the last delivery of a trail may be"
    ] = 24,
) -> Verdict:
    """CloudTrail records who reads and decrypts secrets, in every region that has secrets.

    GetSecretValue is a read-only management event: a trail of write events does not record it.
    Only trails that are logging and that deliver count.
    """
    if not secrets.count:
        return not_applicable("There are no secrets in this region.")
    wanted = all_events_of((SECRETS_MANAGER,) if allow_kms_exclusion else (SECRETS_MANAGER, KMS))
    coverage = Coverage(wanted, trails.shares(wanted, timedelta(hours=delivery_max_age_hours)))
    if coverage.gaps and accept_event_data_stores:
        coverage = Coverage(wanted, coverage.shares + shares_of(stores, wanted))
    if event_data_store_of_organization:
        coverage = Coverage(wanted, (*coverage.shares, Share(certain=wanted)))
    return judge_audit(secrets.count, coverage)


handler = handler_of(secrets_management)
