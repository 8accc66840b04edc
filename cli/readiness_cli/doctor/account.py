"""Checks of the account: who asks, what may be read there, and which events can arrive."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import timedelta

from readiness.engine import sdk
from readiness.engine.actions import sdk_services
from readiness.engine.events import changes_of
from readiness.engine.session import Session
from readiness.evidence.cloudtrail.trails import Trails
from readiness.evidence.config.recording import Recorder
from readiness.evidence.workloads.manifests import PATH, Manifests
from readiness.model.evidence import REGION, ApiCall, declared
from readiness.model.rule import Rule
from readiness.semantics.trail_coverage import WRITE, Coverage
from readiness_cli.doctor.check import Check, Examined, Line, State
from readiness_cli.patterns import recorded_types
from readiness_cli.session import plural

DELIVERED_WITHIN = timedelta(days=1)
"""A trail that delivered nothing for longer is not believed to work."""

RECORDED_WITHIN = timedelta(days=1)
"""A recorder that is pending for longer is not believed to work."""

MOST_NAMED = 6


def credentials(examined: Examined) -> Iterable[Line]:
    """Whose credentials these are."""
    identity = examined.ask("sts", "get_caller_identity")
    aws = examined.aws
    yield Line("credentials", State.OK, f"{identity['Arn']} in {aws.account}, {aws.region}")


def sdk_age(examined: Examined) -> Iterable[Line]:
    """Which evidence the SDK of this command line cannot read."""
    version = ".".join(map(str, sdk.version()))
    blind = sdk.blind(examined.rules, Session(region=examined.aws.region).loader)
    if not blind and not sdk.is_too_old():
        yield Line("sdk", State.OK, f"botocore {version} knows every call of the rules")
        return
    oldest = ".".join(map(str, sdk.OLDEST))
    rules = sorted({rule for each in blind for rule in each.rules})
    said = f"botocore {version} is older than {oldest}, on which the rules are tested"
    if blind:
        actions = sorted({action for each in blind for action in each.actions})
        said = (
            f"botocore {version} has no call for {named(actions)}:"
            f" {plural(len(rules), 'rule')} cannot be evaluated"
        )
    yield Line(
        "sdk",
        State.WARNING,
        said,
        "What the SDK cannot ask is INSUFFICIENT_DATA",
        f"pip install --upgrade 'botocore>={oldest}'",
    )


def services(examined: Examined) -> Iterable[Line]:
    """Which services the region does not have."""
    aws = examined.aws
    asked = {
        service
        for rule in examined.rules
        for cls in rule.evidence
        for action in declared(cls).all_reads
        for service in sdk_services(action)[:1]
    }
    lacking = sorted(each for each in asked if aws.is_absent(each, aws.region))
    if not lacking:
        said = f"{aws.region} has every service that the rules ask"
    else:
        said = f"{aws.region} does not have {named(lacking)}: their rules are NOT_APPLICABLE"
    yield Line("services", State.OK, said)


def trail(examined: Examined) -> Iterable[Line]:
    """Whether a trail records what wakes the rules: without one no API call is an event here."""
    aws = examined.aws
    wanted = frozenset((source, WRITE) for source in sources(examined.rules))
    answer = aws.evidence(Trails, REGION.resource(aws.account, aws.region, aws.account)).evidence
    if isinstance(answer, Exception):
        raise answer
    coverage = Coverage(wanted, answer.shares(wanted, DELIVERED_WITHIN))
    if not coverage.gaps:
        said = f"{plural(coverage.recorders, 'trail')} with management events of {aws.region}"
        yield Line("trail", State.OK, said)
        return
    why = "Without a trail no API call is an event: changes wait for the sweep"
    if coverage.is_open:
        # A trail that was started a moment ago lacks no permission, only its first delivery.
        fix = "wait for its first delivery, and run it again in a quarter of an hour"
        if coverage.missing and not coverage.is_passing:
            fix = f"allow {coverage.missing[0]}, or ask its owner"
        yield Line("trail", State.UNKNOWN, coverage.why, why, fix)
        return
    missed = sorted({source.partition(".")[0] for source, _ in coverage.gaps})
    said = "no trail records the management events of the region"
    state = State.FAILED
    if coverage.recorders:
        said, state = f"no trail records the write events of {named(missed)}", State.WARNING
    yield Line(
        "trail",
        state,
        f"{said}. {coverage.why}".strip(),
        why,
        "aws cloudtrail create-trail --is-multi-region-trail …, then start-logging (one trail's"
        " management events are free)",
    )


def recorder(examined: Examined) -> Iterable[Line]:
    """Whether AWS Config records what wakes the rules: those changes arrive without a trail."""
    aws = examined.aws
    why = "Without its configuration items changes are seen through API events and the sweep alone"
    fix = "AWS Config, Settings (docs/runbooks/audit.md#config-recorder); AWS bills each item"
    here = REGION.resource(aws.account, aws.region, aws.account)
    seen = aws.evidence(Recorder, here).evidence
    found = seen.recorder
    if found is None:
        said = f"AWS Config has no customer managed recorder in {aws.region}"
        yield Line("recorder", State.WARNING, said, why, fix)
        return
    if found.status is None:
        said = f"AWS gives no status of the recorder {found.name}"
        yield Line("recorder", State.UNKNOWN, said, why, "wait a minute and run it again")
        return
    if fault := seen.fault(found.status, RECORDED_WITHIN):
        start = (
            "aws configservice start-configuration-recorder --configuration-recorder-name"
            f" {shlex.quote(found.name)}"
        )
        cure = fix if found.status.recording else start
        yield Line("recorder", State.WARNING, f"the recorder {found.name} {fault}", why, cure)
        return
    types = recorded_types(examined.rules)
    wanted = types["regional"] + (types["global"] if seen.region == seen.global_home else [])
    missing = [each for each in wanted if not found.records(each)]
    if missing:
        said = f"the recorder {found.name} leaves out {named(missing)}"
        yield Line("recorder", State.WARNING, said, why, fix)
        return
    daily = [each for each in wanted if found.is_daily(each)]
    said = f"the recorder {found.name} records all {plural(len(wanted), 'type')} that wake rules"
    if daily:
        said += f", {plural(len(daily), 'type')} once a day"
    yield Line("recorder", State.OK, said)


def global_events(examined: Examined) -> Iterable[Line]:
    """Whether the API events of global services reach the region's event bus."""
    aws = examined.aws
    home = aws.geography.home(aws.region)
    if home == aws.region:
        yield Line(
            "global events", State.OK, f"events of IAM and other global services reach {home}"
        )
        return
    globals_too = "true"
    if examined.deployed is not None:
        globals_too = examined.deployed.parameters.get("EvaluateGlobalServices", "true")
    if globals_too != "true":
        said = f"another stack evaluates global services (its events arrive in {home})"
        yield Line("global events", State.OK, said)
        return
    yield Line(
        "global events",
        State.WARNING,
        f"events of IAM and other global services reach only {home}, not {aws.region}",
        "Here changes of IAM are seen through AWS Config and the sweep, hours later",
        f"deploy a stack in {home}, and this one with EvaluateGlobalServices=false",
    )


def manifests(examined: Examined) -> Iterable[Line]:
    """Whether each workload's manifest can be used."""
    aws = examined.aws
    found = aws.evidence(Manifests, REGION.resource(aws.account, aws.region, aws.account)).evidence
    for workload in sorted(found.refused):
        yield Line(
            "manifests",
            State.FAILED,
            found.refusal(workload),
            "What it states counts for nothing, and rules that rest on it are INSUFFICIENT_DATA",
            "correct it with the help of `readiness manifest check FILE`, and store it again",
        )
    if found.stated:
        names = named(sorted(found.stated))
        yield Line("manifests", State.OK, f"{plural(len(found.stated), 'manifest')}: {names}")
    elif not found.refused:
        yield Line("manifests", State.OK, f"none below {PATH}: the rules go by tags and defaults")


def sources(rules: Iterable[Rule]) -> Iterator[str]:
    """The event sources (``s3.amazonaws.com``) of the calls that wake regional rules."""
    found = {
        change.source
        for rule in rules
        if not rule.subject.is_global
        for cls in rule.evidence
        for change in changes_of(declared(cls))
        if isinstance(change, ApiCall)
    }
    return iter(sorted(found))


def named(names: list[str]) -> str:
    """``a, b and 3 others``."""
    shown, rest = names[:MOST_NAMED], len(names) - MOST_NAMED
    if rest > 0:
        return f"{', '.join(shown)} and {plural(rest, 'other')}"
    return ", ".join(shown)


CHECKS = (
    Check("credentials", credentials),
    Check("sdk", sdk_age),
    Check("services", services),
    Check("trail", trail),
    Check("recorder", recorder),
    Check("global events", global_events),
    Check("manifests", manifests),
)
