"""How a workload is traced: by X-Ray, by OpenTelemetry, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

WRITE = "xray:PutTraceSegments"
_OTEL = re.compile(r"otel|opentelemetry|adot", re.IGNORECASE)
_COLLECTOR_LAYER = re.compile(r"(otel|opentelemetry)-?collector", re.IGNORECASE)
_COLLECTOR = re.compile(
    r"x-?ray-daemon|(?<![a-z])otel-?col|opentelemetry-collector|\badot\b|cloudwatch-agent",
    re.IGNORECASE,
)
_AGENT = re.compile(r"grafana/(?:alloy|agent)\b|datadog[/-]agent\b", re.IGNORECASE)
"""Agents of other makers, which take OTLP and send it with keys of their own."""
_CONFIGURATIONS = ("CW_CONFIG_CONTENT", "AOT_CONFIG_CONTENT")
"""Variables with the whole configuration of the CloudWatch agent and of AWS's OpenTelemetry."""
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_DAEMON = "AWS_XRAY_DAEMON_ADDRESS"
_AWS_OTLP = re.compile(r"^(?:\w+://)?(?:xray|logs)\.[a-z]+-[a-z-]+-\d+\.[a-z0-9.-]+(?:[:/]|$)")
_LOCAL = re.compile(r"^(?:\w+://)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0)(?:[:/]|$)")


class Tracer(StrEnum):
    """What traces a workload; MAYBE where its environment could not be read."""

    NONE = "none"
    MAYBE = "maybe"
    XRAY = "X-Ray"
    OTEL = "OpenTelemetry"


@dataclass(frozen=True, slots=True)
class Tracing:
    """What traces a workload, and whether its own role needs the permission to send traces.

    ``flaw`` says why tracing is configured and does not work; ``sampler`` is OpenTelemetry's
    (``OTEL_TRACES_SAMPLER``), empty for its default, which samples everything, ``xray`` where
    X-Ray's rules decide; ``sampler_rate`` is its argument.
    """

    tracer: Tracer = Tracer.NONE
    needs_role: bool = True
    flaw: str = ""
    sampler: str = ""
    sampler_rate: float | None = None


def _rate(environment: Mapping[str, str]) -> float | None:
    """The sampler's argument; None where OpenTelemetry ignores it, as everything not in 0 to 1."""
    try:
        rate = float(environment.get("OTEL_TRACES_SAMPLER_ARG", ""))
    except ValueError:
        return None
    return rate if 0 <= rate <= 1 else None


def _switched_off(environment: Mapping[str, str]) -> str:
    """What in the environment turns OpenTelemetry off; empty for nothing."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return "OTEL_SDK_DISABLED is true."
    exporters = environment.get("OTEL_TRACES_EXPORTER", "").lower().strip()
    if exporters and {each.strip() for each in exporters.split(",")} <= _NOWHERE:
        return f"OTEL_TRACES_EXPORTER is {exporters}."
    return ""


_NOWHERE = {"none", "console", "logging", "logging-otlp", "in_memory", ""}
"""Exporters that send nothing: they print, or drop, what they get."""


def _endpoint(environment: Mapping[str, str]) -> str:
    return next((environment[name] for name in _ENDPOINTS if environment.get(name)), "")


def _is_of_aws(endpoint: str) -> bool:
    """Whether it is the OTLP endpoint of X-Ray or CloudWatch Logs, in any partition."""
    return bool(_AWS_OTLP.match(endpoint))


def _is_elsewhere(endpoint: str) -> bool:
    """Whether traces go to a collector that sends them with its own permissions."""
    return bool(endpoint) and not _LOCAL.match(endpoint) and not _is_of_aws(endpoint)


def of_function(
    mode: str,
    layers: Sequence[str],
    environment: Mapping[str, str] | None,
    runtime: str = "",
    package_type: str = "Zip",
) -> Tracing:
    """How a Lambda function is traced.

    OpenTelemetry needs a layer (or an image) and ``AWS_LAMBDA_EXEC_WRAPPER``; custom runtimes
    have no wrapper and only a collector layer. A package that brings the SDK along needs neither:
    then the endpoint it sends to shows it. ``environment`` is None where it was unreadable.
    """
    if mode == "Active":
        return Tracing(Tracer.XRAY)
    layer = next((arn for arn in layers if _OTEL.search(arn)), "")
    if environment is None:
        maybe = bool(layer) or package_type == "Image"
        return Tracing(Tracer.MAYBE if maybe else Tracer.NONE)
    wrapper = environment.get("AWS_LAMBDA_EXEC_WRAPPER", "")
    wrapped = bool(_OTEL.search(wrapper))
    if not layer and not (wrapped and package_type == "Image"):
        return _without_layer(environment, wrapper if wrapped else "", package_type)
    bare = runtime.startswith("provided") and bool(_COLLECTOR_LAYER.search(layer))
    if not wrapped and not bare:
        name = layer.split(":")[6] if layer.count(":") >= 6 else layer
        return Tracing(flaw=f"The layer {name} is not used: AWS_LAMBDA_EXEC_WRAPPER is not set.")
    return _otel(environment)


def _without_layer(environment: Mapping[str, str], wrapper: str, package_type: str) -> Tracing:
    """A function whose package may bring the SDK along; in an image, the collector as well."""
    endpoint = _endpoint(environment)
    if wrapper:
        return Tracing(flaw=f"AWS_LAMBDA_EXEC_WRAPPER is {wrapper}, but no layer contains it.")
    if not endpoint:
        return Tracing()
    if package_type != "Image" and _LOCAL.match(endpoint):
        return Tracing(flaw=f"Traces are sent to {endpoint}, but no layer collects them.")
    return _otel(environment)


def _otel(environment: Mapping[str, str]) -> Tracing:
    off = _switched_off(environment)
    if off:
        return Tracing(flaw=off)
    return Tracing(
        Tracer.OTEL,
        needs_role=not _is_elsewhere(_endpoint(environment)),
        sampler=environment.get("OTEL_TRACES_SAMPLER", "").lower(),
        sampler_rate=_rate(environment),
    )


@dataclass(frozen=True, slots=True)
class Process:
    """One container: ``is_read`` is false where part of its environment is in a file."""

    name: str
    image: str
    environment: Mapping[str, str]
    is_read: bool = True


def of_task(containers: Iterable[Process]) -> Tracing:
    """How an ECS task is traced: by a collector beside it, or one that it sends to."""
    containers = tuple(containers)
    is_collector = {c.name: bool(_COLLECTOR.search(f"{c.image} {c.name}")) for c in containers}
    idle = [c.name for c in containers if is_collector[c.name] and _has_no_traces(c)]
    beside = any(is_collector[c.name] and c.name not in idle for c in containers)
    apps = [c for c in containers if not is_collector[c.name]]
    environment: dict[str, str] = {}
    for app in apps:
        environment |= app.environment
    off = _switched_off(environment)
    if off and len(apps) == 1:
        return Tracing(flaw=off)
    endpoint = _endpoint(environment)
    daemon = environment.get(_DAEMON, "")
    by_agent = bool(_LOCAL.match(endpoint)) and any(_AGENT.search(c.image) for c in apps)
    away = by_agent or _is_elsewhere(endpoint) or (bool(daemon) and not _is_local_daemon(daemon))
    straight = _is_of_aws(endpoint)
    if beside or away or straight:
        otel = bool(endpoint) or any(name.startswith("OTEL_") for name in environment)
        return Tracing(
            Tracer.OTEL if otel else Tracer.XRAY,
            needs_role=not away,
            sampler=environment.get("OTEL_TRACES_SAMPLER", "").lower() if otel else "xray",
            sampler_rate=_rate(environment),
        )
    if not all(c.is_read for c in containers):
        return Tracing(Tracer.MAYBE)
    if idle:
        return Tracing(flaw=f"The configuration of the container {idle[0]} collects no traces.")
    if endpoint:
        return Tracing(flaw=f"Traces are sent to {endpoint}, but no container collects them.")
    return Tracing()


def _has_no_traces(collector: Process) -> bool:
    """Whether the configuration that a collector gets in a variable is about other things."""
    text = " ".join(collector.environment.get(name, "") for name in _CONFIGURATIONS).lower()
    return bool(text.strip()) and not any(
        word in text for word in ("traces", "application_signals")
    )


def _is_local_daemon(address: str) -> bool:
    """The daemon's address is host:port, or tcp:host:port udp:host:port."""
    return all(_LOCAL.match(re.sub(r"^(tcp|udp):", "", part)) for part in address.split())
