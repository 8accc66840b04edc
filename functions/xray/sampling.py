"""Which share of requests is traced, and whether that is neither too low nor too high."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from readiness.evidence.xray.configuration import X_RAY, SamplingRule
from readiness.model.text import listed
from readiness.model.verdict import Problem, Severity, Verdict, cannot_tell, complies, violates_all
from readiness.semantics.policy_patterns import matches
from readiness.semantics.tracing import Tracing


def effective(
    rules: Iterable[SamplingRule], service_type: str, service_name: str = "", arn: str = ""
) -> tuple[SamplingRule, ...]:
    """The rules of which one applies to all requests to a service, by priority, then by name.

    A rule for certain hosts, methods, paths or attributes applies to a part and is left out. An
    empty name or ARN is unknown: a rule that asks for one may match, and so may those after it.
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
    """An appropriate sampling rate; ``max_traces_per_s`` is None if nothing is too much."""

    min_fixed_rate: float
    max_traces_per_s: float | None = None


def rate_problem(rule: SamplingRule, per_second: float | None, limits: Limits, to: str) -> str:
    """Why a rule's rate is not appropriate; empty if it is.

    ``per_second`` are the requests a second in the busiest minutes, None if they are not counted;
    ``to`` is where traces go: CloudWatch Logs keeps all of them by design.
    """
    if rule.is_starved(limits.min_fixed_rate):
        return (
            f"The sampling rule {rule} samples less than"
            f" {100 * limits.min_fixed_rate:.3g} % of the requests."
        )
    if to != X_RAY or per_second is None or limits.max_traces_per_s is None:
        return ""
    expected = rule.sampled(per_second)
    if expected > limits.max_traces_per_s:
        return (
            f"The sampling rule {rule} samples up to {expected:.1f} traces a second; at most"
            f" {limits.max_traces_per_s:g} are allowed."
        )
    return ""


def otel_problem(tracing: Tracing, min_fixed_rate: float = 0) -> str:
    """Why the OpenTelemetry sampler in the environment is not appropriate; empty if it is."""
    if tracing.sampler.endswith("always_off"):
        return f"OTEL_TRACES_SAMPLER is {tracing.sampler}: nothing is traced."
    rate = tracing.sampler_rate
    if "traceidratio" not in tracing.sampler or rate is None:
        return ""
    if rate == 0:
        return "OTEL_TRACES_SAMPLER_ARG is 0: nothing is traced."
    if rate < min_fixed_rate:
        return (
            f"OTEL_TRACES_SAMPLER_ARG samples {rate:.2%} of the requests; at least"
            f" {min_fixed_rate:.2%} are needed."
        )
    return ""


def judge_sampling(
    rules: Sequence[SamplingRule], per_second: float | None, limits: Limits, to: str
) -> Verdict:
    """The verdict on the rate of the rules of which one applies."""
    if not rules:
        return cannot_tell("It is traced, but no sampling rule that X-Ray lists applies to it.")
    texts = {rule.name: rate_problem(rule, per_second, limits, to) for rule in rules}
    wrong = [text for text in texts.values() if text]
    expected = (
        f"A sampling rule with a fixed rate of at least {limits.min_fixed_rate:g} or a reservoir"
    )
    if limits.max_traces_per_s is not None:
        expected += f", and at most {limits.max_traces_per_s:g} traces a second that go to X-Ray"
    facts = {"sampling_rule": rules[-1].name, "requests_per_second": per_second}
    if wrong and len(wrong) == len(rules):
        problems = [Problem(Severity.MEDIUM, text) for text in wrong]
        return violates_all(problems, expected=f"{expected}.").observing(facts)
    if wrong:
        return cannot_tell(
            f"Which of the sampling rules {listed(list(texts))} applies depends on a name that is"
            f" not known. {wrong[0]}"
        ).observing(facts)
    applies = " or ".join(map(str, rules))
    return complies(f"It is traced by the sampling rule {applies}.").observing(facts)
