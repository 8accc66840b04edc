"""How functions and tasks are traced, by which sampler, and why tracing does not work."""

from __future__ import annotations

import pytest

from readiness.semantics.tracing import Process, Tracer, Tracing, of_function, of_task

LAYER = "arn:aws:lambda:us-east-1:901920570463:layer:aws-otel-python-amd64-ver-1-32-0:2"
COLLECTOR = "arn:aws:lambda:us-east-1:184161586896:layer:opentelemetry-collector-amd64-0_15:1"
WRAPPED = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel-instrument"}
OTEL = Tracing(Tracer.OTEL)
AWAY = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example.com:4317"}
LOCAL = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}
OURS = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://xray.us-east-1.amazonaws.com/v1/traces"}


@pytest.mark.parametrize(
    ("mode", "layers", "environment", "more", "traced"),
    [
        pytest.param("Active", [], {}, {}, Tracing(Tracer.XRAY), id="X-Ray"),
        pytest.param("Active", [], None, {}, Tracing(Tracer.XRAY), id="X-Ray, unreadable"),
        pytest.param("PassThrough", [], {}, {}, Tracing(), id="not at all"),
        pytest.param("PassThrough", [], None, {}, Tracing(), id="nothing that could trace"),
        pytest.param(
            "PassThrough", [LAYER], None, {}, Tracing(Tracer.MAYBE), id="a layer, unreadable"
        ),
        pytest.param(
            "PassThrough",
            [],
            None,
            {"package_type": "Image"},
            Tracing(Tracer.MAYBE),
            id="an image, unreadable",
        ),
        pytest.param("PassThrough", ["x", LAYER], WRAPPED, {}, OTEL, id="a layer and a wrapper"),
        pytest.param(
            "PassThrough", [], WRAPPED, {"package_type": "Image"}, OTEL, id="in an image"
        ),
        pytest.param(
            "PassThrough",
            [],
            WRAPPED,
            {},
            Tracing(
                flaw="AWS_LAMBDA_EXEC_WRAPPER is /opt/otel-instrument, but no layer contains it."
            ),
            id="a wrapper without a layer",
        ),
        pytest.param(
            "PassThrough",
            [],
            {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/other"},
            {},
            Tracing(),
            id="another wrapper",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            {},
            {},
            Tracing(
                flaw="The layer aws-otel-python-amd64-ver-1-32-0 is not used:"
                " AWS_LAMBDA_EXEC_WRAPPER is not set."
            ),
            id="a layer without a wrapper",
        ),
        pytest.param(
            "PassThrough",
            ["my-otel"],
            {},
            {},
            Tracing(flaw="The layer my-otel is not used: AWS_LAMBDA_EXEC_WRAPPER is not set."),
            id="a layer that is no ARN",
        ),
        pytest.param(
            "PassThrough",
            [LAYER.removesuffix(":2")],
            {},
            {},
            Tracing(
                flaw="The layer aws-otel-python-amd64-ver-1-32-0 is not used:"
                " AWS_LAMBDA_EXEC_WRAPPER is not set."
            ),
            id="a layer without its version",
        ),
        pytest.param(
            "PassThrough",
            [COLLECTOR],
            {},
            {"runtime": "provided.al2023"},
            OTEL,
            id="a collector beside a custom runtime",
        ),
        pytest.param(
            "PassThrough",
            [COLLECTOR],
            {},
            {"runtime": "python3.13"},
            Tracing(
                flaw="The layer opentelemetry-collector-amd64-0_15 is not used:"
                " AWS_LAMBDA_EXEC_WRAPPER is not set."
            ),
            id="a collector alone",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            {},
            {"runtime": "provided.al2023"},
            Tracing(
                flaw="The layer aws-otel-python-amd64-ver-1-32-0 is not used:"
                " AWS_LAMBDA_EXEC_WRAPPER is not set."
            ),
            id="another layer beside a custom runtime",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | {"OTEL_SDK_DISABLED": "TRUE"},
            {},
            Tracing(flaw="OTEL_SDK_DISABLED is true."),
            id="switched off",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | {"OTEL_TRACES_EXPORTER": "None"},
            {},
            Tracing(flaw="OTEL_TRACES_EXPORTER is none."),
            id="exported nowhere",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | {"OTEL_TRACES_EXPORTER": "console, none"},
            {},
            Tracing(flaw="OTEL_TRACES_EXPORTER is console, none."),
            id="only printed",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | {"OTEL_TRACES_EXPORTER": "console,otlp"},
            {},
            OTEL,
            id="printed and sent",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | {"OTEL_TRACES_SAMPLER": "Always_Off"},
            {},
            Tracing(Tracer.OTEL, sampler="always_off"),
            id="in another case",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | {"OTEL_SDK_DISABLED": "false", "OTEL_TRACES_EXPORTER": "otlp"},
            {},
            OTEL,
            id="not switched off",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"},
            {},
            Tracing(Tracer.OTEL, sampler="traceidratio", sampler_rate=0.25),
            id="a sampler",
        ),
        *(
            pytest.param(
                "PassThrough",
                [LAYER],
                WRAPPED | {"OTEL_TRACES_SAMPLER_ARG": argument},
                {},
                Tracing(Tracer.OTEL, sampler_rate=rate),
                id=f"{argument} is a rate",
            )
            for argument, rate in (("0", 0.0), ("1", 1.0), ("1.0", 1.0))
        ),
        *(
            pytest.param(
                "PassThrough",
                [LAYER],
                WRAPPED | {"OTEL_TRACES_SAMPLER_ARG": argument},
                {},
                OTEL,
                id=f"{argument} is no rate",
            )
            for argument in ("many", "", "-0.1", "1.5", "nan")
        ),
        pytest.param(
            "PassThrough",
            [],
            AWAY,
            {"runtime": "provided.al2023"},
            Tracing(Tracer.OTEL, needs_role=False),
            id="an SDK in the package",
        ),
        pytest.param("PassThrough", [], OURS, {}, OTEL, id="an SDK that sends to X-Ray"),
        pytest.param(
            "PassThrough",
            [],
            LOCAL,
            {},
            Tracing(flaw="Traces are sent to http://localhost:4317, but no layer collects them."),
            id="an SDK without a collector",
        ),
        pytest.param(
            "PassThrough",
            [],
            LOCAL,
            {"package_type": "Image"},
            OTEL,
            id="an SDK and a collector in an image",
        ),
        pytest.param(
            "PassThrough",
            [],
            AWAY | {"OTEL_TRACES_EXPORTER": "none"},
            {},
            Tracing(flaw="OTEL_TRACES_EXPORTER is none."),
            id="an SDK that sends metrics alone",
        ),
        pytest.param("PassThrough", [LAYER], WRAPPED | LOCAL, {}, OTEL, id="to itself"),
        pytest.param("PassThrough", [LAYER], WRAPPED | OURS, {}, OTEL, id="to X-Ray"),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | AWAY,
            {},
            Tracing(Tracer.OTEL, needs_role=False),
            id="to a collector elsewhere",
        ),
        pytest.param(
            "PassThrough",
            [LAYER],
            WRAPPED | AWAY | OURS,
            {},
            OTEL,
            id="the endpoint of traces counts first",
        ),
    ],
)
def test_how_a_function_is_traced(mode, layers, environment, more, traced):
    assert of_function(mode, layers, environment, **more) == traced


@pytest.mark.parametrize(
    ("endpoint", "needs_role"),
    [
        ("", True),
        ("localhost:4317", True),
        ("http://127.0.0.1:4317/v1", True),
        ("grpc://[::1]:4317", True),
        ("http://0.0.0.0", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("https://xray.us-gov-west-1.amazonaws.com/v1/traces", True),
        ("https://logs.cn-north-1.amazonaws.com.cn/v1/logs", True),
        ("xray.us-east-1.api.aws", True),
        ("https://xray.example.com", False),
        ("https://my.xray.us-east-1.amazonaws.com", False),
        ("https://otel.us-east-1.amazonaws.com", False),
    ],
)
def test_whose_permissions_send_the_traces(endpoint, needs_role):
    environment = WRAPPED | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    assert of_function("PassThrough", [LAYER], environment).needs_role is needs_role


def process(image="app:1", name="app", is_read=True, **environment):
    return Process(name, image, environment, is_read)


DAEMON = process("public.ecr.aws/xray/aws-xray-daemon:3", "xray")
SIDECAR = process("public.ecr.aws/aws-observability/aws-otel-collector:1", "collector")
XRAY = Tracing(Tracer.XRAY, sampler="xray")
SIGNALS = '{"traces": {"traces_collected": {"application_signals": {}}}}'


@pytest.mark.parametrize(
    ("containers", "traced"),
    [
        pytest.param([], Tracing(), id="nothing"),
        pytest.param([process()], Tracing(), id="not at all"),
        pytest.param([process(), DAEMON], XRAY, id="a daemon beside it"),
        pytest.param([process(), process("x:1", "xray-daemon")], XRAY, id="a daemon by its name"),
        pytest.param([process(), process("cloudwatch-agent:1", "c")], XRAY, id="an agent"),
        pytest.param(
            [process(), process("cloudwatch-agent:1", "c", CW_CONFIG_CONTENT=SIGNALS)],
            XRAY,
            id="an agent that collects traces",
        ),
        pytest.param(
            [process(), process("cloudwatch-agent:1", "c", CW_CONFIG_CONTENT='{"metrics": {}}')],
            Tracing(flaw="The configuration of the container c collects no traces."),
            id="an agent that collects metrics alone",
        ),
        pytest.param(
            [process(**AWAY), process("cloudwatch-agent:1", "c", CW_CONFIG_CONTENT="{}")],
            Tracing(Tracer.OTEL, needs_role=False),
            id="an agent for metrics, traces elsewhere",
        ),
        pytest.param([process(), SIDECAR], XRAY, id="a collector of X-Ray's"),
        pytest.param([process(**LOCAL), SIDECAR], OTEL, id="a collector of OpenTelemetry's"),
        *(
            pytest.param([process(**LOCAL), process("mirror:1", name)], OTEL, id=name)
            for name in ("otel-collector", "adot-collector", "adot")
        ),
        pytest.param(
            [process(), process("mirror:1", "hotel-collections")], Tracing(), id="an app's name"
        ),
        *(
            pytest.param(
                [process(**LOCAL), process(image, "agent")],
                Tracing(Tracer.OTEL, needs_role=False),
                id=f"OTLP to {image}",
            )
            for image in ("grafana/alloy:1", "public.ecr.aws/datadog/agent:7")
        ),
        pytest.param(
            [process(), process("datadog/agent:7", "agent")],
            Tracing(),
            id="an agent that gets no OTLP",
        ),
        pytest.param(
            [process(OTEL_SERVICE_NAME="x"), SIDECAR], OTEL, id="OpenTelemetry by its variables"
        ),
        pytest.param(
            [process(OTEL_TRACES_SAMPLER="always_off", OTEL_TRACES_SAMPLER_ARG="0.5"), SIDECAR],
            Tracing(Tracer.OTEL, sampler="always_off", sampler_rate=0.5),
            id="a sampler",
        ),
        pytest.param(
            [process(**AWAY)], Tracing(Tracer.OTEL, needs_role=False), id="a collector elsewhere"
        ),
        pytest.param([process(**OURS)], OTEL, id="straight to X-Ray"),
        pytest.param(
            [process(AWS_XRAY_DAEMON_ADDRESS="daemon.example.com:2000")],
            Tracing(Tracer.XRAY, needs_role=False, sampler="xray"),
            id="a daemon elsewhere",
        ),
        pytest.param(
            [process(AWS_XRAY_DAEMON_ADDRESS="127.0.0.1:2000")], Tracing(), id="a daemon nowhere"
        ),
        pytest.param(
            [process(AWS_XRAY_DAEMON_ADDRESS="tcp:127.0.0.1:2000 udp:localhost:2000")],
            Tracing(),
            id="a daemon nowhere, twice",
        ),
        pytest.param(
            [process(AWS_XRAY_DAEMON_ADDRESS="tcp:127.0.0.1:2000 udp:daemon:2000")],
            Tracing(Tracer.XRAY, needs_role=False, sampler="xray"),
            id="a daemon elsewhere by one way",
        ),
        pytest.param(
            [process(**LOCAL)],
            Tracing(
                flaw="Traces are sent to http://localhost:4317, but no container collects them."
            ),
            id="nobody collects them",
        ),
        pytest.param(
            [process(is_read=False)], Tracing(Tracer.MAYBE), id="an environment in a file"
        ),
        pytest.param(
            [process(), process(name="b", is_read=False)],
            Tracing(Tracer.MAYBE),
            id="one environment in a file",
        ),
        pytest.param(
            [process(OTEL_SDK_DISABLED="true", **LOCAL), SIDECAR],
            Tracing(flaw="OTEL_SDK_DISABLED is true."),
            id="switched off",
        ),
        pytest.param(
            [process(OTEL_SDK_DISABLED="true"), process(name="b"), SIDECAR],
            OTEL,
            id="switched off in one of two",
        ),
        pytest.param(
            [process(**LOCAL), process(name="b", **AWAY), SIDECAR],
            Tracing(Tracer.OTEL, needs_role=False),
            id="of two the last says where",
        ),
        pytest.param(
            [process(), process("aws-otel-collector:1", "c", OTEL_SERVICE_NAME="x")],
            XRAY,
            id="a collector's own variables say nothing of the application",
        ),
    ],
)
def test_how_a_task_is_traced(containers, traced):
    assert of_task(iter(containers)) == traced
