"""Which share of requests is traced, and whether that shows enough and floods nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from readiness.evidence.xray.configuration import X_RAY, SamplingRule
from readiness.model.verdict import Problem, Severity, Verdict, cannot_tell, complies, violates_all
from readiness.semantics.policy import matches
from readiness.semantics.tracing import Tracing


def effective(
    rules: Iterable[SamplingRule], service_type: str, service_name: str = "", arn: str = ""
) -> tuple[SamplingRule, ...]:
    """The rules that may decide about all requests to a service, by priority, then by name.

    A rule for some hosts, methods, paths or attributes decides about a part and is left out. An
    empty name or ARN is not known: a rule that asks for one may match, and those after it too.
    """
    found: list[SamplingRule] = []
    for rule in sorted(rules, key=lambda each: (each.priority, each.name)):
        if rule.is_partial or not matches(rule.service_type, service_type):
            continue
        unsure = False
        for pattern, value in ((rule.service_name, service_name), (rule.resource_arn, arn)):
            if set(pattern) == {"*"}:
                continue
            if value and not matches(pattern, value):
                break
            unsure = unsure or not value
        else:
            found.append(rule)
            if not unsure:
                break
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings of an appropriate sampling rate."""

    min_fixed_rate: float
    max_traces_per_s: float


def rate_problem(rule: SamplingRule, per_second: float | None, limits: Limits, to: str) -> str:
    """Why a rule's rate is not appropriate; empty if it is.

    ``per_second`` are the requests of the busiest minutes, None where nobody counted them;
    ``to`` is where traces go: in CloudWatch Logs all of them are kept by design.
    """
    if rule.is_starved(limits.min_fixed_rate):
        return f"The sampling rule {rule} lets next to nothing be traced."
    if to != X_RAY or per_second is None:
        return ""
    expected = rule.sampled(per_second)
    if expected > limits.max_traces_per_s:
        return f"The sampling rule {rule} makes up to {expected:.1f} traces a second."
    return ""


def otel_problem(tracing: Tracing, limits: Limits) -> str:
    """Why the sampler that the environment sets is not appropriate; empty if it is."""
    if tracing.sampler.endswith("always_off"):
        return f"OTEL_TRACES_SAMPLER is {tracing.sampler}: nothing is traced."
    rate = tracing.sampler_rate
    if "traceidratio" in tracing.sampler and rate is not None and rate < limits.min_fixed_rate:
        return f"OTEL_TRACES_SAMPLER_ARG lets {rate:.2%} of the requests be traced."
    return ""


def judge(
    rules: Sequence[SamplingRule], per_second: float | None, limits: Limits, to: str
) -> Verdict:
    """Whether whichever of these rules decides does so at an appropriate rate."""
    if not rules:
        return cannot_tell("It is traced, and no sampling rule that X-Ray lists decides about it.")
    texts = {rule.name: rate_problem(rule, per_second, limits, to) for rule in rules}
    wrong = [text for text in texts.values() if text]
    expected = (
        f"A sampling rule with a fixed rate of at least {limits.min_fixed_rate:g} or a reservoir,"
        f" and at most {limits.max_traces_per_s:g} traces a second where they go to X-Ray."
    )
    facts = {"sampling_rule": rules[-1].name, "requests_per_second": per_second}
    if wrong and len(wrong) == len(rules):
        problems = [Problem(Severity.MEDIUM, text) for text in wrong]
        return violates_all(problems, expected=expected).observing(facts)
    if wrong:
        names = ", ".join(texts)
        return cannot_tell(
            f"Which of the sampling rules {names} decides depends on a name that is not known"
            f" here. {wrong[0]}"
        ).observing(facts)
    return complies(f"It is traced, sampled by {' or '.join(map(str, rules))}.").observing(facts)
