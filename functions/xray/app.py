"""X-Ray: requests are traced, shown on the service map, watched for anomalies, searchable."""

import re
from dataclasses import replace
from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.apigateway.stages import RestStage, StageRequests
from readiness.evidence.appsync.tracing import GraphqlRequests, GraphqlTracing
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.iam.role_grants import Leave, RoleGrants
from readiness.evidence.workloads.anomaly_detection import AnomalyWatch
from readiness.evidence.workloads.requests import FunctionRequests, ServiceRequests
from readiness.evidence.workloads.tracing import (
    FunctionTracing,
    ReachedTracing,
    ServiceTracing,
    TaskTracing,
    WorkflowTracing,
)
from readiness.evidence.xray.configuration import Sampling, ServiceMap, TraceQueries
from readiness.judgement.service_functions import of_service_function
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural
from readiness.model.verdict import worst
from readiness.semantics.tracing import WRITE, Tracer, Tracing

from .anomaly_detection import Workload, judge_anomaly_detection
from .sampling import effective, judge_sampling, otel_problem
from .service_map import connections, judge_map
from .settings import AcceptOtel, LeastExpected, RateSettings, SamplingSettings

xray = heading("Monitoring & Observability", "X-Ray")

TRACING = "Enable tracing with appropriate sampling rate"
MAP = "Configure service map"
ANOMALIES = "Set up anomaly detection"

_ONLY_OTEL = "Only OpenTelemetry traces it, which accept_otel does not accept."
_CALLS = ("s3:GetObject", "dynamodb:GetItem", "dynamodb:Query", "bedrock:InvokeModel")


@xray.rule(TRACING, severity=Severity.MEDIUM)
def lambda_tracing(
    reached: ReachedTracing, roles: tuple[RoleGrants, ...], *, accept_otel: AcceptOtel = True
) -> Verdict:
    """X-Ray or OpenTelemetry traces the function, and its role may write the traces.

    Published versions that aliases lead to keep the tracing and the role they were published with.
    """
    function, granted = reached.latest, {each.name: each for each in roles}
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica, which X-Ray does not trace.")
    if by_aws := of_service_function(function.name):
        return by_aws
    if function.untraced:
        sources = listed(function.untraced)
        return not_applicable(f"It is invoked only by {sources}, which Lambda does not trace.")
    role = granted[function.role.id] if function.role else None
    why = function.environment_error
    verdicts = [_traced(function.tracing, why, role, accept_otel=accept_otel)]
    for each in reached.published:
        role, why = granted[each.role] if each.role else None, each.environment_error
        found = _traced(each.tracing, why, role, accept_otel=accept_otel)
        verdicts.append(replace(found, reason=f"In the version {each.version}: {found.reason}"))
    status = worst([each.status for each in verdicts])
    return next(each for each in verdicts if each.status is status)


def _traced(
    tracing: Tracing, unread: str, role: RoleGrants | None, *, accept_otel: bool
) -> Verdict:
    """The verdict on one version of a function; ``unread`` is why its variables are not known."""
    if tracing.tracer is Tracer.MAYBE:
        why = unread or "it could not be read"
        return cannot_tell(
            "Tracing is PassThrough. Whether OpenTelemetry traces it depends on its environment,"
            f" which is not known ({why}).",
            missing=("kms:Decrypt",),
        )
    expected = (
        "Tracing Active, or OpenTelemetry's layer and wrapper; a role that may write traces."
    )
    if tracing.tracer is Tracer.NONE:
        flaw = f" {tracing.flaw}" if tracing.flaw else ""
        return violates(
            f"Tracing is PassThrough, and nothing else traces it.{flaw}", expected=expected
        )
    off = otel_problem(tracing)
    if tracing.tracer is Tracer.OTEL and not accept_otel:
        off = _ONLY_OTEL
    if off:
        return violates(off, expected=expected)
    return _written(role, f"{tracing.tracer} traces it.", expected)


@xray.rule(TRACING, severity=Severity.MEDIUM)
def stage_tracing(
    stage: RestStage,
    sampling: Sampling,
    requests: StageRequests,
    *,
    rates: SamplingSettings,
) -> Verdict:
    """X-Ray traces the REST API stage, at a sampling rate that is neither too low nor too high."""
    if not stage.tracing:
        return violates("X-Ray tracing is off.", expected="Tracing enabled on the stage.")
    rules = effective(
        sampling.rules, "AWS::ApiGateway::Stage", f"{stage.api_name}/{stage.name}", stage.arn
    )
    return judge_sampling(rules, requests.per_second, rates.limits, sampling.destination)


@xray.rule(TRACING, severity=Severity.MEDIUM)
def graphql_tracing(
    api: GraphqlTracing,
    sampling: Sampling,
    requests: GraphqlRequests,
    *,
    rates: SamplingSettings,
) -> Verdict:
    """X-Ray traces the GraphQL API, at a sampling rate that is neither too low nor too high."""
    if not api.enabled:
        return violates("X-Ray tracing is off.", expected="xrayEnabled on the API.")
    rules = effective(sampling.rules, "AWS::AppSync::GraphQLAPI")
    return judge_sampling(rules, requests.per_second, rates.limits, sampling.destination)


@xray.rule(TRACING, severity=Severity.MEDIUM)
def state_machine_tracing(machine: WorkflowTracing, roles: tuple[RoleGrants, ...]) -> Verdict:
    """X-Ray traces the state machine's executions, and its role may write the traces.

    The versions that aliases lead to keep the tracing and the role they were published with.
    """
    expected = "Tracing enabled, and a role that may write traces."
    granted, verdicts = {each.name: each for each in roles}, []
    for name, writer in machine.writers.items():
        found = (
            violates("X-Ray tracing is off.", expected=expected)
            if writer is None
            else _written(
                granted[writer] if writer else None, "X-Ray traces its executions.", expected
            )
        )
        where = "" if name == LATEST else f"In the version of the alias {name}: "
        verdicts.append(replace(found, reason=f"{where}{found.reason}"))
    status = worst([each.status for each in verdicts])
    return next(each for each in verdicts if each.status is status)


@xray.rule(TRACING, severity=Severity.MEDIUM)
def task_tracing(
    task: TaskTracing,
    role: RoleGrants | None,
    sampling: Sampling,
    *,
    rates: RateSettings,
    accept_otel: AcceptOtel = True,
) -> Verdict:
    """A collector receives the task's traces, may write them, and the sampling rate is enough."""
    tracing = task.tracing
    expected = (
        "A collector in the task (X-Ray daemon, OpenTelemetry or CloudWatch agent) or an OTLP"
        " endpoint to send to, a task role that may write traces, and some requests sampled."
    )
    if tracing.tracer is Tracer.MAYBE:
        return cannot_tell(
            "No container collects traces. Environment files may send them elsewhere, but they are"
            " not read."
        )
    wrong = otel_problem(tracing, rates.min_fixed_rate)
    if tracing.tracer is Tracer.NONE:
        wrong = tracing.flaw or "No container collects traces or sends them anywhere."
    elif tracing.tracer is Tracer.OTEL and not accept_otel:
        wrong = _ONLY_OTEL
    if wrong:
        return violates(wrong, expected=expected)
    if tracing.needs_role and not task.has_task_role:
        return cannot_tell(
            "It has no task role. Whether the role of its container instances may write traces is"
            " not evaluated."
        )
    written = _written(role, f"{tracing.tracer} traces its containers.", expected)
    if tracing.sampler != "xray":
        return written
    rules = effective(sampling.rules, "AWS::ECS::Container", task.service_name)
    sampled = judge_sampling(rules, None, rates.limits, sampling.destination)
    status = worst((written.status, sampled.status))
    return written if written.status is status else sampled


@xray.rule(MAP, severity=Severity.LOW)
def lambda_on_map(
    function: FunctionTracing,
    requests: FunctionRequests,
    drawn: ServiceMap,
    role: RoleGrants | None,
    *,
    min_expected_traces: LeastExpected = 20,
) -> Verdict:
    """A traced function is on the service map, connected to what calls it or what it calls."""
    if function.tracing.tracer in {Tracer.NONE, Tracer.MAYBE}:
        return not_applicable("It is not known to send traces; see the rule lambda-tracing.")
    linked = connections(drawn.nodes, [function.name], "AWS::Lambda")
    return judge_map(linked, requests.parts, drawn.indexed, _calls(role), min_expected_traces)


@xray.rule(MAP, severity=Severity.LOW)
def service_on_map(
    service: ServiceTracing,
    requests: ServiceRequests,
    drawn: ServiceMap,
    role: RoleGrants | None,
    *,
    min_expected_traces: LeastExpected = 20,
) -> Verdict:
    """A traced service is on the service map, connected to what calls it or what it calls."""
    if service.tracing.tracer in {Tracer.NONE, Tracer.MAYBE}:
        return not_applicable("It is not known to send traces; see the rule task-tracing.")
    linked = connections(drawn.nodes, service.names, "AWS::E")
    if linked is None and not service.is_named:
        return cannot_tell(
            f"No node of the service map is named {' or '.join(service.names)}. Its environment"
            " sets no other name (OTEL_SERVICE_NAME), but its code may."
        )
    if linked is None and not requests.parts:
        return cannot_tell(
            "No node of the service map has one of its names. No load balancer counts its"
            " requests, so it is not known whether there was anything to trace."
        )
    return judge_map(linked, requests.parts, drawn.indexed, _calls(role), min_expected_traces)


@xray.rule(ANOMALIES, severity=Severity.LOW)
def lambda_anomalies(function: FunctionTracing, watch: AnomalyWatch) -> Verdict:
    """Someone is notified when the errors or the latency of a function are unusual."""
    if function.master_arn:
        return not_applicable(
            "It is a Lambda@Edge replica; the function it was made from is evaluated instead."
        )
    if by_aws := of_service_function(function.name):
        return by_aws
    own = frozenset({("FunctionName", function.name)})
    workload = Workload(
        (function.name,),
        (own,),
        (function.log_group,),
        traced=function.tracing.tracer is not Tracer.NONE,
    )
    return judge_anomaly_detection(watch.looking, workload, watch.read_at)


@xray.rule(ANOMALIES, severity=Severity.LOW)
def service_anomalies(
    service: ServiceTracing, requests: ServiceRequests, watch: AnomalyWatch
) -> Verdict:
    """Someone is notified when the errors or the latency of a service are unusual."""
    routes = [
        frozenset({("LoadBalancer", balancer), ("TargetGroup", group)})
        for balancer, group in requests.routes
    ]
    whole = [frozenset({("LoadBalancer", balancer)}) for balancer, _ in requests.routes]
    named = frozenset({("ServiceName", service.name)})
    workload = Workload(
        service.names,
        (*routes, *whole, named),
        service.log_groups,
        traced=service.tracing.tracer is not Tracer.NONE,
        cluster=service.cluster,
    )
    return judge_anomaly_detection(watch.looking, workload, watch.read_at)


@xray.rule("Create trace analysis queries", severity=Severity.INFORMATIONAL)
def trace_queries(
    kept: TraceQueries,
    attested: Attested,
    *,
    probe_filters: Annotated[
        bool, "Try each group's filter on the last 5 minutes; X-Ray bills the traces it finds"
    ] = False,
    query_pattern: Annotated[
        str, "A saved query is about traces if it matches this regular expression"
    ] = r"(?<!stack)(?<!stack.)(?<!back)trace(?!back)|duration|latency|\bspan(?!n)",
    max_age_days: Annotated[
        int,
        Between(1, 3650),
        "How long an attestation is valid, in days after the work was done",
    ] = 365,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False,
) -> Verdict:
    """Trace analysis queries are saved, as X-Ray groups with a filter or Logs Insights queries."""
    try:
        about = re.compile(query_pattern, re.IGNORECASE)
    except re.error as error:
        return cannot_tell(f"The setting query_pattern is not a regular expression: {error}.")
    refused = [group.name for group in kept.groups if group.is_refused]
    if probe_filters and refused:
        return violates(
            f"X-Ray rejects the filter of {listed(refused)}.",
            expected="Filter expressions that X-Ray accepts.",
            severity=Severity.LOW,
        )
    groups = [group.name for group in kept.groups if group.filter.strip()]
    queries = [
        query.name
        for query in kept.queries
        if about.search(query.text) and (query.log_groups or "SOURCE" in query.text)
    ]
    if groups or queries:
        said = [f"X-Ray groups {listed(groups)}"] if groups else []
        said += [f"Logs Insights queries {listed(queries)}"] if queries else []
        text = f"Trace queries are saved: {'; '.join(said)}."
        return complies(text, groups=groups, queries=queries)
    if attested.statements:
        return attested.verdict(
            "A set of trace queries outside AWS", max_age_days=max_age_days, two_people=two_people
        )
    return violates(
        f"No X-Ray group has a filter ({plural(len(kept.groups), 'group')}), and no saved query is"
        f" about traces ({plural(len(kept.queries), 'query', 'queries')}).",
        expected="An X-Ray group with a filter, a saved query about traces, or an attestation that"
        " they are kept elsewhere (readiness attest add).",
    )


def _calls(role: RoleGrants | None) -> list[str]:
    """The actions of `_CALLS`, which the map would show, that the role allows on any resource."""
    statements = [s for document in role.documents for s in document.statements] if role else []
    return [
        action for action in _CALLS if any(s.allows and s.names_action(action) for s in statements)
    ]


def _written(role: RoleGrants | None, traced: str, expected: str) -> Verdict:
    """Whether traces may be written; without a role the collector writes them with its own."""
    if role is None:
        return complies(f"{traced} Its collector writes the traces with its own permissions.")
    match role.allows(WRITE, "*"):
        case Leave.YES:
            return complies(f"{traced} The role {role.name} may write traces.", role=role.name)
        case Leave.MAYBE:
            return cannot_tell(
                f"{traced} Whether the role {role.name} may write traces is not known: it depends"
                " on conditions, or on a policy that cannot be understood.",
                role=role.name,
            )
        case _:
            return violates(
                f"{traced} But the role {role.name} is not allowed {WRITE}: its traces are lost"
                " without an error.",
                expected=expected,
                role=role.name,
            )


handler = handler_of(xray)
