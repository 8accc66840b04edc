"""Secrets management: secrets are kept where access is granted, rotated and recorded."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from readiness import (
    Between,
    Problem,
    Severity,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.awslambda.functions import FunctionConfiguration
from readiness.evidence.cloudtrail import KMS, SECRETS_MANAGER, EventDataStores, Trails
from readiness.evidence.codebuild import BuildEnvironment
from readiness.evidence.ecs.services import Container, TaskDefinition
from readiness.evidence.secretsmanager import (
    LastRotationFailure,
    SecretRotation,
    SecretsInRegion,
)
from readiness.evidence.ssm import ParameterType
from readiness.model.text import listed
from readiness.semantics.credentials import Suspicion, names_a_secret, points_at_a_secret, suspect
from readiness.semantics.trail_coverage import Coverage, Recorded, Share, all_events_of

from .plain_text import judge_variables

secrets_management = heading("Security", "Secrets Management")

STORE = "Store all secrets in AWS Secrets Manager"

MinEntropy = Annotated[
    float, Between(2, 6), "Bits for each character from which a value of 20 or more is suspected"
]
IgnorePatterns = Annotated[
    tuple[str, ...], "Shell patterns of variable names that are known to hold no secret"
]
AcceptSecureString = Annotated[
    bool, "Accept a SecureString of Parameter Store in place of Secrets Manager"
]


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def lambda_environment(
    function: FunctionConfiguration,
    *,
    min_entropy: MinEntropy = 3.5,
    ignore_patterns: IgnorePatterns = (),
) -> Verdict:
    """No environment variable of the function holds a credential, only the name of a secret.

    A {{resolve:secretsmanager:…}} of CloudFormation is resolved on deployment: what Lambda then
    holds, and shows to everyone who may read its configuration, is the secret.
    """
    if function.environment is None:
        return cannot_tell(
            "Lambda could not decrypt the environment of the function"
            f" ({function.environment_error}), which takes kms:Decrypt on its key.",
            missing=("kms:Decrypt",),
        )
    found = [
        suspicion
        for name, value in function.environment.items()
        if (suspicion := suspect(name, value, min_entropy=min_entropy, ignore=ignore_patterns))
    ]
    return judge_variables(found, [], len(function.environment))


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def ecs_environment(
    task_definition: TaskDefinition,
    *,
    accept_ssm_secure_string: AcceptSecureString = False,
    min_entropy: MinEntropy = 3.5,
    ignore_patterns: IgnorePatterns = (),
) -> Verdict:
    """Containers get secrets from Secrets Manager at start, not as text in the task definition."""
    found: list[Suspicion] = []
    elsewhere: list[str] = []
    variables = 0
    for container in task_definition.containers:
        environment = container.environment or {}
        secrets = container.secrets or {}
        variables += len(environment) + len(secrets)
        for name, value in environment.items():
            suspicion = suspect(name, value, min_entropy=min_entropy, ignore=ignore_patterns)
            if suspicion:
                found.append(suspicion.within(container.name))
        elsewhere += [
            f"{container.name}/{name}"
            for name, source in secrets.items()
            if _is_parameter(source) and not accept_ssm_secure_string
        ]
    files = _environment_files(task_definition.containers)
    if files and not found and not elsewhere:
        return cannot_tell(
            f"Environment files in S3 are not opened here and so not judged: {listed(files)}.",
            environment_files=files,
        )
    return judge_variables(found, elsewhere, variables)


def _is_parameter(source: str) -> bool:
    """Whether ``valueFrom`` names a parameter: by its ARN, or by its bare name."""
    return ":ssm:" in source or not source.startswith("arn:")


def _environment_files(containers: Sequence[Container]) -> list[str]:
    return [file for container in containers for file in container.environment_files]


@secrets_management.rule(STORE, severity=Severity.HIGH)
def ssm_parameters(
    parameter: ParameterType, *, accept_ssm_secure_string: AcceptSecureString = False
) -> Verdict:
    """Parameter Store holds configuration; what is secret is kept in Secrets Manager.

    Judged by name and type alone: the value is never read.
    """
    if parameter.type == "SecureString":
        if accept_ssm_secure_string:
            return complies(
                "It is a SecureString, which the settings accept.", type="SecureString"
            )
        return violates(
            "The parameter is a SecureString: a secret outside Secrets Manager, without rotation.",
            expected="A secret in AWS Secrets Manager.",
            severity=Severity.LOW,
            type=parameter.type,
        )
    name = parameter.name.rstrip("/").rpartition("/")[2]
    if names_a_secret(name) and not points_at_a_secret(name):
        return violates(
            f"The parameter is named like a secret and is a {parameter.type}, which is stored and"
            " shown in plain text.",
            expected="A secret in AWS Secrets Manager.",
            type=parameter.type,
        )
    return complies(
        f"It is a {parameter.type} whose name does not speak of a secret.", type=parameter.type
    )


@secrets_management.rule(STORE, severity=Severity.CRITICAL)
def codebuild_environment(
    project: BuildEnvironment,
    *,
    accept_ssm_secure_string: AcceptSecureString = False,
    min_entropy: MinEntropy = 3.5,
    ignore_patterns: IgnorePatterns = (),
) -> Verdict:
    """Builds take secrets from Secrets Manager; plain text variables are shown in every build."""
    found = [
        suspicion
        for variable in project.variables
        if variable.kind == "PLAINTEXT"
        and (
            suspicion := suspect(
                variable.name, variable.value, min_entropy=min_entropy, ignore=ignore_patterns
            )
        )
    ]
    elsewhere = [
        variable.name
        for variable in project.variables
        if variable.kind == "PARAMETER_STORE"
        and names_a_secret(variable.name)
        and not accept_ssm_secure_string
    ]
    return judge_variables(found, elsewhere, len(project.variables))


MANAGED_ROTATION = frozenset({"rds", "redshift", "docdb", "ecs", "ecs-sc"})
"""Services that rotate the secrets they create ("Managed rotation", Secrets Manager's guide)."""


@secrets_management.rule("Enable automatic rotation", severity=Severity.MEDIUM)
def automatic_rotation(
    secret: SecretRotation,
    failure: LastRotationFailure | Unreadable,
    *,
    max_rotation_days: Annotated[
        int, Between(1, 1000), "The longest allowed time between two rotations"
    ] = 90,
    grace_days: Annotated[int, Between(0, 30), "How late a rotation may be"] = 2,
    new_secret_grace_hours: Annotated[
        int, Between(0, 720), "How long a new secret may be without rotation"
    ] = 24,
    unfinished_after_hours: Annotated[
        int, Between(1, 168), "When a rotation that began and did not end counts as failed"
    ] = 1,
    non_rotating_owners: Annotated[
        tuple[str, ...], "AWS services whose secrets nobody can rotate"
    ] = (
        "appflow",
        "databrew",
        "dataexchange",
        "datasync",
        "directconnect",
        "events",
        "marketplace-deployment",
        "opsworks-cm",
        "sqlworkbench",
    ),
) -> Verdict:
    """Each secret is replaced on a schedule, and the last time it worked."""
    excuse = _why_not_rotated_here(secret, non_rotating_owners)
    if excuse:
        return not_applicable(excuse, owner=secret.owner)
    if not secret.enabled:
        return _without_rotation(
            secret, max_rotation_days, timedelta(hours=new_secret_grace_hours)
        )
    interval = secret.interval_days
    problems = []
    fails = secret.failure(
        None if isinstance(failure, Unreadable) else failure.at,
        timedelta(grace_days),
        timedelta(hours=unfinished_after_hours),
    )
    if fails:
        problems.append(Problem(Severity.HIGH, fails))
    if interval > max_rotation_days:
        text = f"The schedule leaves up to {interval:g} days between two rotations."
        problems.append(Problem(Severity.MEDIUM, text))
    if problems:
        return violates_all(
            problems,
            expected=f"A rotation that succeeds every {max_rotation_days} days or more often.",
            schedule=secret.schedule,
            interval_days=interval,
            rotated=_day(secret.rotated),
        )
    doubt = _doubt(secret, failure)
    if doubt:
        return doubt
    since = f"last on {_day(secret.rotated)}" if secret.rotated else "for the first time to come"
    return complies(
        f"It rotates every {interval:g} days or more often, {since}.",
        schedule=secret.schedule,
        interval_days=interval,
        rotated=_day(secret.rotated),
    )


def _doubt(secret: SecretRotation, failure: LastRotationFailure | Unreadable) -> Verdict | None:
    """Why a secret that shows no fault cannot be said to rotate; None where it can."""
    if not secret.interval_days or not (secret.rotated or secret.created):
        schedule = secret.schedule or "none"
        return cannot_tell(
            f"Rotation is on, but its schedule ({schedule}) gives no interval to hold it to."
        )
    if isinstance(failure, Unreadable):
        return cannot_tell(
            f"A rotation has begun, and whether it failed could not be read: {failure}.",
            missing=(failure.action,),
        )
    if secret.pending:
        return cannot_tell("A rotation has begun and has not finished yet.")
    return None


def _why_not_rotated_here(secret: SecretRotation, non_rotating_owners: Sequence[str]) -> str:
    if secret.deleted:
        return f"The secret is scheduled for deletion on {_day(secret.deleted)}."
    if secret.is_replica:
        return f"This is a replica; the secret rotates in {secret.primary_region}."
    if secret.owner in non_rotating_owners:
        return f"The service {secret.owner} manages this secret and offers no rotation."
    return ""


def _without_rotation(secret: SecretRotation, max_days: int, grace: timedelta) -> Verdict:
    if secret.owner and secret.owner not in MANAGED_ROTATION:
        return cannot_tell(
            f"The service {secret.owner} manages this secret without rotation, and whether it"
            " could rotate is not known; if it cannot, name it in non_rotating_owners.",
            owner=secret.owner,
        )
    if secret.created and secret.read_at - secret.created < grace:
        return not_applicable(
            f"The secret was created on {_day(secret.created)} and has until"
            f" {secret.created + grace:%Y-%m-%d %H:%M} UTC to get a rotation schedule."
        )
    return violates(
        "Automatic rotation is off.",
        expected=f"Automatic rotation every {max_days} days or more often.",
        rotation=False,
        owner=secret.owner,
    )


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""


@secrets_management.rule("Audit secret access with CloudTrail", severity=Severity.HIGH)
def access_audited(
    secrets: SecretsInRegion,
    trails: Trails,
    stores: EventDataStores | Unreadable,
    *,
    accept_event_data_stores: Annotated[
        bool, "Let an event data store of CloudTrail Lake count as a trail"
    ] = True,
    allow_kms_exclusion: Annotated[
        bool, "Accept that uses of KMS keys, such as decrypting a secret, are left out"
    ] = False,
    delivery_max_age_hours: Annotated[
        int, Between(24, 168), "How old the last delivery of a trail may be"
    ] = 24,
) -> Verdict:
    """Trails that work record who reads a secret and who decrypts it, in each region with secrets.

    GetSecretValue is a read-only management event: a trail of write events leaves it out.
    """
    if not secrets.count:
        return not_applicable("There is no secret in this region.")
    wanted = all_events_of((SECRETS_MANAGER,) if allow_kms_exclusion else (SECRETS_MANAGER, KMS))
    coverage = Coverage(wanted, trails.shares(wanted, timedelta(hours=delivery_max_age_hours)))
    if coverage.gaps and accept_event_data_stores:
        coverage = Coverage(wanted, coverage.shares + _shares_of(stores, wanted))
    held = f"{secrets.count} secret{'' if secrets.count == 1 else 's'}"
    if not coverage.gaps:
        return complies(
            f"{coverage.recorders} of the trails and event data stores record together who reads"
            f" and who changes the {held} of this region.",
            secrets=secrets.count,
        )
    reason = (
        f"Nothing is seen to record {coverage.missed} in this region, which holds {held}."
        f" {coverage.why or 'No trail covers it.'}"
    )
    if coverage.is_open:
        return cannot_tell(reason, missing=coverage.missing, secrets=secrets.count)
    return violates(
        reason,
        expected="A logging trail of all regions that records read and write management events.",
        secrets=secrets.count,
        not_recorded=sorted(f"{kind} {source}" for source, kind in coverage.gaps),
    )


def _shares_of(stores: EventDataStores | Unreadable, wanted: Recorded) -> tuple[Share, ...]:
    if isinstance(stores, Unreadable):
        said = f"Event data stores could record what trails leave out: {stores}."
        return (Share(possible=wanted, said=said, missing=(stores.action,)),)
    return stores.shares(wanted)


handler = handler_of(secrets_management)
