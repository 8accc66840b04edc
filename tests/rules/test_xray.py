"""X-Ray: evidence in, verdict out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.xray.app import (
    lambda_tracing,
    stage_tracing,
    state_machine_tracing,
    task_tracing,
    xray,
)
from readiness import Status
from readiness.evidence.apigateway.stages import RestStage, StageRequests
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.iam.role_grants import RoleGrants
from readiness.evidence.workloads.tracing import (
    FunctionTracing,
    ReachedTracing,
    TaskTracing,
    VersionTracing,
    WorkflowTracing,
)
from readiness.evidence.xray.configuration import Sampling, SamplingRule
from readiness.semantics.metrics import Series, series, window
from readiness.semantics.policy import Document
from readiness.semantics.tracing import Process, Tracing, of_function, of_task
from tests.accounts.xray import FUNCTION
from tests.accounts.xray import fake_account as an_account
from tests.fake_account import ACCOUNT_ID, HOME, NOON, scan

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
OTEL_LAYER = "arn:aws:lambda:us-east-1:615299751070:layer:AWSOpenTelemetryDistroPython:13"
COLLECTOR = "arn:aws:lambda:us-east-1:901920570463:layer:aws-otel-collector-amd64-ver-0-117-0:1"
WRAPPED = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"}
DEFAULT = SamplingRule("Default", 10000, 0.05, 1)


def role(*statements: dict[str, object]) -> RoleGrants:
    return RoleGrants("agent", (Document.of("own", {"Statement": list(statements)}),))


def allow(action: str, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": "*"} | more


WRITER = role(allow("xray:Put*"))
READER = role(allow("s3:GetObject"))
DENIED = role(allow("*"), {"Effect": "Deny", "Action": "xray:*", "Resource": "*"})
PERHAPS = role(allow("xray:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))


def tracing_of(latest, grants, *published, others=(), **settings):
    role = ROLE.resource(ACCOUNT_ID, HOME, grants.name) if grants else None
    reached = ReachedTracing(FunctionTracing("agent", latest, role=role), published)
    return lambda_tracing(reached, (*([grants] if grants else []), *others), **settings)


@pytest.mark.parametrize(
    ("tracing", "grants", "settings", "status", "said"),
    [
        pytest.param(of_function("Active", (), {}), WRITER, {}, GOOD, "X-Ray", id="active"),
        pytest.param(
            of_function("Active", (), {}), READER, {}, BAD, "traces are lost", id="may not write"
        ),
        pytest.param(
            of_function("Active", (), {}), DENIED, {}, BAD, "not allowed", id="denied to write"
        ),
        pytest.param(
            of_function("Active", (), {}), PERHAPS, {}, UNKNOWN, "conditions", id="conditional"
        ),
        pytest.param(
            of_function("PassThrough", (), {}), None, {}, BAD, "PassThrough", id="nothing traces"
        ),
        pytest.param(
            of_function("PassThrough", (OTEL_LAYER,), WRAPPED),
            WRITER,
            {},
            GOOD,
            "OpenTelemetry",
            id="layer and wrapper",
        ),
        pytest.param(
            of_function("PassThrough", (OTEL_LAYER,), WRAPPED),
            WRITER,
            {"accept_otel": False},
            BAD,
            "Only OpenTelemetry",
            id="otel does not count",
        ),
        pytest.param(
            of_function("PassThrough", (OTEL_LAYER,), {}),
            None,
            {},
            BAD,
            "The layer AWSOpenTelemetryDistroPython is not used",
            id="layer alone",
        ),
        pytest.param(
            of_function("PassThrough", (), WRAPPED), None, {}, BAD, "no layer", id="wrapper alone"
        ),
        pytest.param(
            of_function("PassThrough", (), WRAPPED, package_type="Image"),
            WRITER,
            {},
            GOOD,
            "OpenTelemetry",
            id="wrapper in an image",
        ),
        pytest.param(
            of_function("PassThrough", (COLLECTOR,), {}, runtime="provided.al2023"),
            WRITER,
            {},
            GOOD,
            "OpenTelemetry",
            id="collector in a custom runtime",
        ),
        pytest.param(
            of_function(
                "PassThrough",
                (OTEL_LAYER,),
                WRAPPED | {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.example.com"},
            ),
            None,
            {},
            GOOD,
            "Its collector writes",
            id="sent elsewhere",
        ),
        pytest.param(
            of_function(
                "PassThrough", (OTEL_LAYER,), WRAPPED | {"OTEL_TRACES_SAMPLER": "always_off"}
            ),
            WRITER,
            {},
            BAD,
            "always_off",
            id="sampler off",
        ),
        *(
            pytest.param(
                of_function(
                    "PassThrough",
                    (OTEL_LAYER,),
                    WRAPPED
                    | {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument},
                ),
                WRITER,
                {},
                BAD,
                "OTEL_TRACES_SAMPLER_ARG is 0",
                id=f"{sampler} {argument}",
            )
            for sampler in ("traceidratio", "parentbased_traceidratio")
            for argument in ("0", "0.0")
        ),
        pytest.param(
            of_function("PassThrough", (OTEL_LAYER,), WRAPPED | {"OTEL_SDK_DISABLED": "true"}),
            None,
            {},
            BAD,
            "OTEL_SDK_DISABLED",
            id="switched off",
        ),
        pytest.param(
            of_function("PassThrough", (OTEL_LAYER,), None),
            None,
            {},
            UNKNOWN,
            "is not",
            id="environment not readable",
        ),
        pytest.param(
            of_function("PassThrough", (), None),
            None,
            {},
            BAD,
            "PassThrough",
            id="no layer at all",
        ),
    ],
)
def test_lambda_tracing(tracing, grants, settings, status, said):
    verdict = tracing_of(tracing, grants, **settings)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_a_function_that_cannot_be_traced_is_not_asked_to_be():
    untraced = FunctionTracing("agent", Tracing(), untraced=("Amazon MSK",))
    assert lambda_tracing(ReachedTracing(untraced), ()).status is NA
    edge = FunctionTracing("agent", Tracing(), master_arn="arn:aws:lambda:us-east-1:1:function:x")
    assert lambda_tracing(ReachedTracing(edge), ()).status is NA


UNTRACED = of_function("PassThrough", (), {})
TRACED_BY_XRAY = of_function("Active", (), {})
SILENCED = of_function(
    "PassThrough", (OTEL_LAYER,), WRAPPED | {"OTEL_TRACES_SAMPLER": "always_off"}
)
OLD_ROLE = replace(role(allow("s3:GetObject")), name="old")


@pytest.mark.parametrize(
    ("latest", "seventh", "status", "said"),
    [
        pytest.param(
            TRACED_BY_XRAY,
            VersionTracing("7", TRACED_BY_XRAY, role=WRITER.name),
            GOOD,
            "X-Ray traces",
            id="both",
        ),
        pytest.param(
            TRACED_BY_XRAY,
            VersionTracing("7", UNTRACED),
            BAD,
            "In the version 7: Tracing is PassThrough",
            id="published before tracing was turned on",
        ),
        pytest.param(
            TRACED_BY_XRAY,
            VersionTracing("7", SILENCED, role=WRITER.name),
            BAD,
            "In the version 7: OTEL_TRACES_SAMPLER",
            id="its sampler is off",
        ),
        pytest.param(
            TRACED_BY_XRAY,
            VersionTracing("7", TRACED_BY_XRAY, role="old"),
            BAD,
            "the role old is not allowed",
            id="with the role it had then",
        ),
        pytest.param(
            TRACED_BY_XRAY,
            VersionTracing("7", of_function("PassThrough", (OTEL_LAYER,), None), "denied"),
            UNKNOWN,
            "which is not known (denied)",
            id="its variables are not known",
        ),
        pytest.param(
            UNTRACED,
            VersionTracing("7", TRACED_BY_XRAY, role=WRITER.name),
            BAD,
            "Tracing is PassThrough",
            id="only the version is traced",
        ),
    ],
)
def test_a_published_version_keeps_its_tracing(latest, seventh, status, said):
    verdict = tracing_of(
        latest, WRITER if latest is TRACED_BY_XRAY else None, seventh, others=(WRITER, OLD_ROLE)
    )
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


# -- sampling ---------------------------------------------------------------------------------


def requests(per_second: float) -> StageRequests:
    return StageRequests(busy(per_second * 300))


def busy(each: float, count: int = 288) -> Series:
    """So many requests in each of the last periods of 5 minutes."""
    during = window(NOON, timedelta(days=1), period=300)
    query = series("AWS/Lambda", "Invocations", "Sum", FunctionName="agent")
    return Series(query, during, tuple((s, each) for s in during.stamps[-count:]) if each else ())


STAGE = RestStage("arn:aws:apigateway:us-east-1::/restapis/a/stages/prod", "orders", "prod", True)


@pytest.mark.parametrize(
    ("rules", "rate", "to", "status", "said"),
    [
        pytest.param([DEFAULT], 10, "XRay", GOOD, "Default", id="default"),
        pytest.param([DEFAULT], 0, "XRay", GOOD, "Default", id="no requests"),
        pytest.param([DEFAULT], 1000, "XRay", BAD, "51.0 traces", id="too many"),
        pytest.param([DEFAULT], 1000, "CloudWatchLogs", GOOD, "Default", id="all are kept"),
        pytest.param(
            [DEFAULT, SamplingRule("none", 1, 0.0, 0)],
            1,
            "XRay",
            BAD,
            "samples less than 1 %",
            id="off",
        ),
        pytest.param(
            [DEFAULT, SamplingRule("none", 1, 0.0, 0)],
            1,
            "CloudWatchLogs",
            BAD,
            "samples less than 1 %",
            id="off for logs too",
        ),
        pytest.param(
            [DEFAULT, SamplingRule("health", 1, 0.0, 0, is_partial=True)],
            1,
            "XRay",
            GOOD,
            "Default",
            id="a rule for one path decides about a part",
        ),
        pytest.param(
            [DEFAULT, SamplingRule("other", 1, 0.0, 0, service_name="chat/*")],
            1,
            "XRay",
            GOOD,
            "Default",
            id="a rule for another service",
        ),
        pytest.param(
            [DEFAULT, SamplingRule("own", 1, 0.0, 0, service_name="Orders/pro?")],
            1,
            "XRay",
            BAD,
            "own",
            id="a glob whatever the case",
        ),
        pytest.param(
            [DEFAULT, SamplingRule("b", 5, 0.0, 0), SamplingRule("a", 5, 0.1, 1)],
            1,
            "XRay",
            GOOD,
            "by the sampling rule a (",
            id="by name where priorities are equal",
        ),
        pytest.param(
            [DEFAULT, SamplingRule("hosts", 1, 0.0, 0, service_type="AWS::EC2::Instance")],
            1,
            "XRay",
            GOOD,
            "Default",
            id="a rule for another type",
        ),
        pytest.param([], 1, "XRay", UNKNOWN, "no sampling rule", id="no rules at all"),
    ],
)
def test_stage_sampling(rules, rate, to, status, said):
    verdict = stage_tracing(STAGE, Sampling(tuple(rules), to), requests(rate))
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_a_stage_that_is_not_traced():
    stage = RestStage("arn", "orders", "prod")
    assert stage_tracing(stage, Sampling((DEFAULT,)), requests(1)).status is BAD


@pytest.mark.parametrize(
    ("writers", "grants", "status", "said"),
    [
        pytest.param({LATEST: WRITER.name}, (WRITER,), GOOD, "may write", id="traced"),
        pytest.param({LATEST: READER.name}, (READER,), BAD, "not allowed", id="may not write"),
        pytest.param({LATEST: None}, (), BAD, "X-Ray tracing is off", id="off"),
        pytest.param({LATEST: ""}, (), GOOD, "its own permissions", id="without a role"),
        pytest.param(
            {LATEST: WRITER.name, "live → 7": None},
            (WRITER,),
            BAD,
            "In the version of the alias live → 7: X-Ray tracing is off",
            id="off in the version that callers start",
        ),
        pytest.param(
            {LATEST: WRITER.name, "live → 7": "older"},
            (WRITER, replace(READER, name="older")),
            BAD,
            "In the version of the alias live → 7: X-Ray traces its executions. But the role older",
            id="a version with a role of its own",
        ),
    ],
)
def test_state_machine_tracing(writers, grants, status, said):
    verdict = state_machine_tracing(WorkflowTracing("arn", writers), grants)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


APP = Process("app", "web:1", {})
DAEMON = Process("xray", "public.ecr.aws/xray/aws-xray-daemon:3.x", {})
NONE_SAMPLED = SamplingRule("web", 1, 0.0, 0, service_name="web")


def app(**environment: str) -> Process:
    return Process("app", "web:1", environment)


@pytest.mark.parametrize(
    ("containers", "grants", "rules", "status", "said"),
    [
        pytest.param([APP, DAEMON], WRITER, [DEFAULT], GOOD, "X-Ray", id="daemon beside it"),
        pytest.param([APP, DAEMON], READER, [DEFAULT], BAD, "lost", id="may not write"),
        pytest.param([APP], None, [DEFAULT], BAD, "No container collects", id="nothing"),
        pytest.param(
            [app(OTEL_EXPORTER_OTLP_ENDPOINT="http://gateway.internal:4318")],
            None,
            [DEFAULT],
            GOOD,
            "OpenTelemetry",
            id="sent to a gateway",
        ),
        pytest.param(
            [app(OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318")],
            None,
            [DEFAULT],
            BAD,
            "localhost",
            id="sent where nobody listens",
        ),
        pytest.param(
            [app(AWS_XRAY_DAEMON_ADDRESS="tcp:127.0.0.1:2000 udp:127.0.0.1:2000"), DAEMON],
            WRITER,
            [DEFAULT],
            GOOD,
            "X-Ray",
            id="daemon by its address",
        ),
        pytest.param(
            [app(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0.001"), DAEMON],
            WRITER,
            [DEFAULT],
            BAD,
            "0.10%",
            id="ratio too small",
        ),
        pytest.param(
            [Process("app", "web:1", {}, is_read=False)],
            None,
            [DEFAULT],
            UNKNOWN,
            "Environment files",
            id="unread environment",
        ),
        pytest.param(
            [APP, DAEMON],
            WRITER,
            [DEFAULT, NONE_SAMPLED],
            UNKNOWN,
            "depends on a name",
            id="a rule for a name that is not known",
        ),
    ],
)
def test_task_tracing(containers, grants, rules, status, said):
    task = TaskTracing("web", of_task(containers))
    verdict = task_tracing(task, grants, Sampling(tuple(rules)))
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_a_task_without_a_role_writes_with_its_hosts():
    task = TaskTracing("web", of_task([APP, DAEMON]), has_task_role=False)
    assert task_tracing(task, None, Sampling((DEFAULT,))).status is UNKNOWN


def test_a_known_name_decides_which_sampling_rule_counts():
    task = TaskTracing("web", of_task([APP, DAEMON]), service_name="web")
    assert task_tracing(task, WRITER, Sampling((DEFAULT, NONE_SAMPLED))).status is BAD


def test_what_is_about_the_region_is_read_once():
    """Whatever the number of rules that ask, and of functions and stages they ask about."""
    functions = [FUNCTION | {"FunctionName": f"agent-{n}"} for n in range(20)]
    fake_account = an_account().but(lambda__list_functions={"Functions": functions})
    assert len(scan(fake_account, xray.rules)) >= 40
    counted = Counter(fake_account.calls)
    once = ("sampling_rules", "service_graph", "groups", "trace_segment_destination")
    assert [counted["xray", f"get_{name}"] for name in once] == [1, 1, 1, 1]
    assert counted["iam", "get_account_authorization_details"] == 1
    assert counted["lambda", "list_functions"] == 1
    assert counted["cloudwatch", "get_metric_data"] == 4, "one for each kind of workload"
