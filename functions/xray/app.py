"""X-Ray: what happens to a request can be followed, seen on a map, watched and searched."""

import re
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
from readiness.evidence.iam.role_grants import Leave, RoleGrants
from readiness.evidence.workloads.anomaly_detection import AnomalyWatch
from readiness.evidence.workloads.requests import FunctionRequests, ServiceRequests
from readiness.evidence.workloads.tracing import (
    FunctionTracing,
    ServiceTracing,
    TaskTracing,
    WorkflowTracing,
)
from readiness.evidence.xray.configuration import Sampling, TraceMap, TraceQueries
from readiness.model.attestation import Attested
from readiness.model.verdict import worst
from readiness.semantics.tracing import WRITE, Tracer

from .anomaly_detection import Workload
from .anomaly_detection import judge as told
from .sampling import Limits, effective, otel_problem
from .sampling import judge as sampled_by
from .service_map import connections
from .service_map import judge as shown

xray = heading("Monitoring & Observability", "X-Ray")

TRACING = "Enable tracing with appropriate sampling rate"
MAP = "Configure service map"
ANOMALIES = "Set up anomaly detection"

AcceptOtel = Annotated[bool, "Take OpenTelemetry for as good as X-Ray's own tracing"]
LeastRate = Annotated[
    float, Between(0, 1), "The least share of requests to trace beyond a sampling rule's reservoir"
]
MostTraces = Annotated[
    float, Between(0.1, 100_000), "The most traces a second one source may send to X-Ray"
]
LeastExpected = Annotated[
    int, Between(1, 100_000), "So many traces must have been expected before a gap is called one"
]
_CALLS = ("s3:GetObject", "dynamodb:GetItem", "dynamodb:Query", "bedrock:InvokeModel")


@xray.rule(TRACING, severity=Severity.MEDIUM)
def lambda_tracing(
    function: FunctionTracing, role: RoleGrants | None, *, accept_otel: AcceptOtel = True
) -> Verdict:
    """A function traces its invocations, and its role may write the traces."""
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica, which X-Ray does not trace.")
    if function.untraced:
        sources = ", ".join(function.untraced)
        return not_applicable(f"Lambda traces no invocations by {sources}, its only source.")
    tracing = function.tracing
    if tracing.tracer is Tracer.MAYBE:
        why = function.environment_error or "it could not be read"
        return cannot_tell(
            "Tracing is PassThrough; whether OpenTelemetry traces it stands in its environment,"
            f" which cannot be told ({why}).",
            missing=("kms:Decrypt",),
        )
    expected = "Tracing Active, or OpenTelemetry's layer and wrapper, and a role that may write."
    if tracing.tracer is Tracer.NONE:
        flaw = f" {tracing.flaw}" if tracing.flaw else ""
        return violates(
            f"Tracing is PassThrough and nothing else traces it.{flaw}", expected=expected
        )
    off = otel_problem(tracing, Limits(min_fixed_rate=0, max_traces_per_s=0))
    if tracing.tracer is Tracer.OTEL and not accept_otel:
        off = "Only OpenTelemetry traces it."
    if off:
        return violates(off, expected=expected)
    return _written(role, f"{tracing.tracer} traces it.", expected)


@xray.rule(TRACING, severity=Severity.MEDIUM)
def stage_tracing(
    stage: RestStage,
    sampling: Sampling,
    requests: StageRequests,
    *,
    min_fixed_rate: LeastRate = 0.01,
    max_traces_per_s: MostTraces = 10.0,
) -> Verdict:
    """A REST API's stage traces a share of its requests that shows enough and floods nobody."""
    if not stage.tracing:
        return violates("X-Ray tracing is off.", expected="Tracing enabled on the stage.")
    rules = effective(
        sampling.rules, "AWS::ApiGateway::Stage", f"{stage.api_name}/{stage.name}", stage.arn
    )
    limits = Limits(min_fixed_rate, max_traces_per_s)
    return sampled_by(rules, requests.per_second, limits, sampling.destination)


@xray.rule(TRACING, severity=Severity.MEDIUM)
def graphql_tracing(
    api: GraphqlTracing,
    sampling: Sampling,
    requests: GraphqlRequests,
    *,
    min_fixed_rate: LeastRate = 0.01,
    max_traces_per_s: MostTraces = 10.0,
) -> Verdict:
    """A GraphQL API traces a share of its requests that shows enough and floods nobody."""
    if not api.enabled:
        return violates("X-Ray tracing is off.", expected="xrayEnabled on the API.")
    rules = effective(sampling.rules, "AWS::AppSync::GraphQLAPI")
    limits = Limits(min_fixed_rate, max_traces_per_s)
    return sampled_by(rules, requests.per_second, limits, sampling.destination)


@xray.rule(TRACING, severity=Severity.MEDIUM)
def state_machine_tracing(machine: WorkflowTracing, role: RoleGrants | None) -> Verdict:
    """A state machine traces its executions, and its role may write the traces."""
    expected = "Tracing enabled, and a role that may write traces."
    if not machine.enabled:
        return violates("X-Ray tracing is off.", expected=expected)
    return _written(role, "X-Ray traces its executions.", expected)


@xray.rule(TRACING, severity=Severity.MEDIUM)
def task_tracing(
    task: TaskTracing,
    role: RoleGrants | None,
    sampling: Sampling,
    *,
    accept_otel: AcceptOtel = True,
    min_fixed_rate: LeastRate = 0.01,
) -> Verdict:
    """Something collects the traces of a task's containers, may write them, and enough of them."""
    tracing = task.tracing
    expected = (
        "A collector in the task (X-Ray daemon, OpenTelemetry or CloudWatch agent) or an OTLP"
        " endpoint to send to, a task role that may write traces, and some requests sampled."
    )
    if tracing.tracer is Tracer.MAYBE:
        return cannot_tell(
            "No container collects traces; whether they are sent elsewhere stands in environment"
            " files, which are not opened here."
        )
    limits = Limits(min_fixed_rate, max_traces_per_s=0)
    wrong = otel_problem(tracing, limits)
    if tracing.tracer is Tracer.NONE:
        wrong = tracing.flaw or "No container collects traces and none sends them anywhere."
    elif tracing.tracer is Tracer.OTEL and not accept_otel:
        wrong = "Only OpenTelemetry traces it."
    if wrong:
        return violates(wrong, expected=expected)
    if tracing.needs_role and not task.has_task_role:
        return cannot_tell(
            "It has no task role; whether the role of its hosts may write traces is not read here."
        )
    written = _written(role, f"{tracing.tracer} traces its containers.", expected)
    if tracing.sampler != "xray":
        return written
    rules = effective(sampling.rules, "AWS::ECS::Container", task.service_name)
    sampled = sampled_by(rules, None, limits, sampling.destination)
    status = worst((written.status, sampled.status))
    return written if written.status is status else sampled


@xray.rule(MAP, severity=Severity.LOW)
def lambda_on_map(
    function: FunctionTracing,
    requests: FunctionRequests,
    drawn: TraceMap,
    role: RoleGrants | None,
    *,
    min_expected_traces: LeastExpected = 20,
) -> Verdict:
    """A traced function is on the trace map, connected with what calls it or what it calls."""
    if function.tracing.tracer in {Tracer.NONE, Tracer.MAYBE}:
        return not_applicable("It sends no traces that are known; lambda-tracing judges that.")
    linked = connections(drawn.nodes, [function.name], "AWS::Lambda")
    return shown(linked, requests.parts, drawn.indexed, _calls(role), min_expected_traces)


@xray.rule(MAP, severity=Severity.LOW)
def service_on_map(
    service: ServiceTracing,
    requests: ServiceRequests,
    drawn: TraceMap,
    role: RoleGrants | None,
    *,
    min_expected_traces: LeastExpected = 20,
) -> Verdict:
    """A traced ECS service is on the trace map, connected with what calls it or what it calls."""
    if service.tracing.tracer in {Tracer.NONE, Tracer.MAYBE}:
        return not_applicable("It sends no traces that are known; task-tracing judges that.")
    linked = connections(drawn.nodes, service.names, "AWS::E")
    if linked is None and not service.is_named:
        return cannot_tell(
            f"No node of the trace map is named {' or '.join(service.names)}, and its environment"
            " gives it no other name (OTEL_SERVICE_NAME): code may."
        )
    if linked is None and not requests.parts:
        return cannot_tell(
            "No node of the trace map has one of its names, and no load balancer counts its"
            " requests: whether it did anything to be traced is not known."
        )
    return shown(linked, requests.parts, drawn.indexed, _calls(role), min_expected_traces)


@xray.rule(ANOMALIES, severity=Severity.LOW)
def lambda_anomalies(function: FunctionTracing, watch: AnomalyWatch) -> Verdict:
    """Somebody is told when a function fails or slows down in a way that is not usual for it."""
    if function.master_arn:
        return not_applicable("It is a Lambda@Edge replica, watched where its master is.")
    own = frozenset({("FunctionName", function.name)})
    workload = Workload(
        (function.name,),
        (own,),
        (function.log_group,),
        traced=function.tracing.tracer is not Tracer.NONE,
    )
    return told(watch.looking, workload, watch.read_at)


@xray.rule(ANOMALIES, severity=Severity.LOW)
def service_anomalies(
    service: ServiceTracing, requests: ServiceRequests, watch: AnomalyWatch
) -> Verdict:
    """Somebody is told when a service fails or slows down in a way that is not usual for it."""
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
    )
    return told(watch.looking, workload, watch.read_at)


@xray.rule("Create trace analysis queries", severity=Severity.INFORMATIONAL)
def trace_queries(
    kept: TraceQueries,
    attested: Attested,
    *,
    probe_filters: Annotated[
        bool, "Try the filter of each group on the last 5 minutes, which X-Ray bills by the trace"
    ] = False,
    query_pattern: Annotated[
        str, "What a saved query that analyses traces says (regular expression)"
    ] = r"trace|duration|latency|span",
    max_age_days: Annotated[int, Between(1, 3650), "How long a statement holds (days)"] = 365,
    two_people: Annotated[bool, "A statement takes a second person"] = False,
) -> Verdict:
    """Questions to the traces are kept where people find them: as groups or saved queries."""
    try:
        about = re.compile(query_pattern, re.IGNORECASE)
    except re.error as error:
        return cannot_tell(f"The setting query_pattern is no regular expression: {error}.")
    refused = [group.name for group in kept.groups if group.is_refused]
    if probe_filters and refused:
        return violates(
            f"X-Ray refuses the filter of {', '.join(refused)}.",
            expected="Filter expressions that X-Ray understands.",
            severity=Severity.LOW,
        )
    groups = [group.name for group in kept.groups if group.filter.strip()]
    queries = [
        query.name
        for query in kept.queries
        if about.search(query.text) and (query.log_groups or "SOURCE" in query.text)
    ]
    if groups or queries:
        said = [f"groups of traces: {', '.join(groups)}"] if groups else []
        said += [f"saved queries: {', '.join(queries)}"] if queries else []
        return complies(f"There are {'; '.join(said)}.", groups=groups, queries=queries)
    if attested.statements:
        return attested.verdict(
            "A set of trace queries outside AWS", max_age_days=max_age_days, two_people=two_people
        )
    return violates(
        f"None of {len(kept.groups)} groups of traces has a filter of its own, and none of"
        f" {len(kept.queries)} saved queries is about traces.",
        expected="A group with a filter, a saved query on traces, or a statement that they are"
        " kept elsewhere (readiness attest).",
    )


def _calls(role: RoleGrants | None) -> list[str]:
    """What of the calls that X-Ray would draw the role lets it make, on whatever resource."""
    statements = [s for document in role.documents for s in document.statements] if role else []
    return [
        action for action in _CALLS if any(s.allows and s.names_action(action) for s in statements)
    ]


def _written(role: RoleGrants | None, traced: str, expected: str) -> Verdict:
    """Whether what is traced may be written; no role where another's rights write it."""
    if role is None:
        return complies(f"{traced} It is written with the rights of its collector.")
    match role.allows(WRITE, "*"):
        case Leave.YES:
            return complies(f"{traced} The role {role.name} may write traces.", role=role.name)
        case Leave.MAYBE:
            return cannot_tell(
                f"{traced} Whether the role {role.name} may write traces depends on conditions or"
                " on a policy that cannot be understood.",
                role=role.name,
            )
        case _:
            return violates(
                f"{traced} But the role {role.name} is not allowed {WRITE}: traces are lost"
                " without a word.",
                expected=expected,
                role=role.name,
            )


handler = handler_of(xray)
