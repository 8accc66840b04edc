"""Audit: what changes is recorded, judged by rules, assessed by people, and documented."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from readiness import (
    Between,
    Severity,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    unread,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.accessanalyzer import ActiveAnalyzers
from readiness.evidence.account import Account
from readiness.evidence.auditmanager import ActiveAssessments
from readiness.evidence.cloudformation import StackDrift
from readiness.evidence.config.recording import DeliveryChannel, Recorder, RecordersOfOthers
from readiness.evidence.config.rules import ConfigRules
from readiness.evidence.inspector2 import InspectorStatus
from readiness.evidence.region import Region
from readiness.evidence.securityhub import NewestFinding, Standards
from readiness.evidence.wellarchitected import SecurityReview
from readiness.evidence.workloads.monitors import STACK_TAG
from readiness.evidence.workloads.provenance import DeployedResources
from readiness.model.attestation import Attested
from readiness.model.text import listed, plural

from .assessors import Assessors
from .evaluations import RuleSettings, judge_rules
from .recording import judge_delivery, judge_recorder, required_of

audit = heading("Compliance", "Audit")

CONFIG = "Enable AWS Config"
RULES = "Set up compliance rules"
ASSESSMENTS = "Regular security assessments"
DOCUMENTED = "Document all configurations"


# -- AWS Config -------------------------------------------------------------------------------


@audit.rule(CONFIG, severity=Severity.HIGH)
def config_recorder(
    seen: Recorder,
    others: RecordersOfOthers | Unreadable,
    *,
    required_types: Annotated[
        tuple[str, ...], "The types to record; if empty, those that the rules depend on"
    ] = (),
    global_recording_region: Annotated[
        str, "The region that records IAM and other global types; if empty, their home region"
    ] = "",
    allow_daily: Annotated[bool, "Accept that a type is recorded once a day"] = True,
    max_pending_hours: Annotated[
        int, Between(1, 168), "For how long the status of the recorder may be pending"
    ] = 24,
) -> Verdict:
    """AWS Config records the resource types whose changes matter, and its recorder works.

    The recorder of an AWS service, as Security Hub makes one, records for that service alone and
    does not count.
    """
    required = required_of(seen, required_types, global_recording_region)
    pending = timedelta(hours=max_pending_hours)
    return judge_recorder(seen, others, required, allow_daily=allow_daily, pending=pending)


@audit.rule(CONFIG, severity=Severity.MEDIUM)
def config_delivery(
    delivery: DeliveryChannel,
    seen: Recorder,
    *,
    first_delivery_hours: Annotated[
        int, Between(6, 168), "After how many hours a new recorder must have delivered history"
    ] = 24,
) -> Verdict:
    """AWS Config delivers the history of configurations to S3, and the last delivery succeeded."""
    return judge_delivery(seen, delivery.channel, first=timedelta(hours=first_delivery_hours))


# -- compliance rules -------------------------------------------------------------------------


@audit.rule(RULES, severity=Severity.MEDIUM)
def compliance_rules(
    rules: ConfigRules,
    standards: Standards | Unreadable,
    seen: Recorder,
    others: RecordersOfOthers | Unreadable,
    *,
    wanted: RuleSettings,
) -> Verdict:
    """AWS Config rules or Security Hub standards evaluate the region's resources, and they work.

    Rules of this project do not count: they would vouch for themselves. A standard needs a
    recorder, the customer's or Security Hub's own.
    """
    return judge_rules(rules, standards, seen, others, wanted)


# -- security assessments ---------------------------------------------------------------------


@audit.rule(ASSESSMENTS, severity=Severity.MEDIUM)
def assessment_attested(
    account: Account,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int, Between(1, 366), "How long a security assessment is valid, in days"
    ] = 90,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = True,
) -> Verdict:
    """A security assessment of the account was made and attested, at most 90 days ago."""
    return attested.verdict(
        "A security assessment",
        max_age_days=max_age_days,
        two_people=two_people,
        account=account.id,
    )


@audit.rule(ASSESSMENTS, severity=Severity.MEDIUM)
def assessor_active(
    region: Region,
    finding: NewestFinding | Unreadable,
    analyzers: ActiveAnalyzers | Unreadable,
    scans: InspectorStatus | Unreadable,
    assessments: ActiveAssessments | Unreadable,
    review: SecurityReview | Unreadable,
    *,
    required_assessors: Annotated[
        int, Between(1, 5), "How many services have to assess the region"
    ] = 1,
    max_finding_age_hours: Annotated[
        int, Between(1, 168), "How old the newest finding of Security Hub may be"
    ] = 48,
    max_review_age_days: Annotated[
        int, Between(1, 1095), "How old a Well-Architected review may be (days)"
    ] = 365,
    organization_analyzer: Annotated[
        bool, "Another account administers an analyzer of the whole organization"
    ] = False,
) -> Verdict:
    """A service assesses the security of the region all the time, and is seen to work.

    Security Hub with a recent finding, IAM Access Analyzer, Amazon Inspector, an assessment of
    Audit Manager (closed to new customers, so it is accepted and never asked for), or a
    Well-Architected review of this year. An organization's analyzer is shown only to the account
    that administers it.
    """
    max_age = timedelta(hours=max_finding_age_hours)
    since = region.read_at - max_age
    reviewed_since = region.read_at - timedelta(days=max_review_age_days)
    seen = Assessors.of(since, reviewed_since, finding, analyzers, scans, assessments, review)
    if not seen.offered:
        return not_applicable("The region has none of the services that could assess it.")
    if len(seen.active) >= required_assessors:
        return complies(
            f"The region is assessed by {listed(seen.active)}.", active=list(seen.active)
        )
    found = f"by {listed(seen.active)} only" if seen.active else "by no service"
    said = f"The region is assessed {found}; {required_assessors} must be active."
    lacking = required_assessors - len(seen.active)
    if lacking <= len(seen.unread):
        why = listed([str(each) for each in seen.unread])
        return unread(f"{said} Not read: {why}.", *seen.unread).observing({"active": seen.active})
    is_shown = not isinstance(analyzers, ActiveAnalyzers) or bool(analyzers.names)
    if organization_analyzer and not is_shown and lacking <= len(seen.unread) + 1:
        return cannot_tell(
            f"{said} The setting organization_analyzer says that another account's analyzer covers"
            " this region. It is listed only in the account that administers it.",
            missing=[each.action for each in seen.unread],
        ).observing({"active": seen.active})
    return violates(
        f"{said} {' '.join(seen.why_not)}".strip(),
        expected="Security Hub, IAM Access Analyzer or Amazon Inspector enabled in the region.",
        active=list(seen.active),
    )


# -- documentation ----------------------------------------------------------------------------


@audit.rule(DOCUMENTED, severity=Severity.LOW)
def infrastructure_as_code(
    resources: DeployedResources,
    *,
    min_share: Annotated[
        float, Between(1, 100), "The least share of resources that a template made, in percent"
    ] = 90,
    iac_tags: Annotated[
        tuple[str, ...], "Tags of other tools, each a key or key=value (ManagedBy=terraform)"
    ] = (),
) -> Verdict:
    """Templates document the configuration: they made nearly all resources of the region.

    A resource counts if CloudFormation tagged it, or if it has a tag that ``iac_tags`` names.
    Functions, tables, load balancers, databases, buckets, topics, queues and state machines.
    """
    if not resources.all:
        return not_applicable(
            "The region has no resources of the types that are counted.", own=resources.own
        )
    by_hand = [each for each in resources.all if not _is_from_a_template(each.tags, iac_tags)]
    total = len(resources.all)
    share = 100 * (total - len(by_hand)) / total
    said = f"{total - len(by_hand)} of {plural(total, 'resource')} ({share:.3g} %)"
    names = [f"{each.type} {each.id}" for each in by_hand]
    facts: Mapping[str, Any] = {"resources": total, "own": resources.own, "others": names}
    if share >= min_share:
        return complies(f"A template made {said}.", **facts)
    return violates(
        f"A template made only {said}; at least {min_share:g} % must come from one. Others:"
        f" {listed(names, 3)}.",
        expected="Resources made by CloudFormation, or tagged as iac_tags says.",
        **facts,
    )


def _is_from_a_template(tags: Mapping[str, str], others: tuple[str, ...]) -> bool:
    if STACK_TAG in tags:
        return True
    for each in others:
        key, has_value, value = each.partition("=")
        if key in tags and (not has_value or tags[key] == value):
            return True
    return False


UNSETTLED = {
    "REVIEW_IN_PROGRESS",
    "CREATE_IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
}
"""The states of a stack that has no resources to compare, or not yet."""


@audit.rule(DOCUMENTED, severity=Severity.LOW)
def stack_drift(
    stack: StackDrift,
    *,
    max_check_age_days: Annotated[
        int, Between(0, 365), "How old the last drift detection may be (days); 0: not required"
    ] = 0,
) -> Verdict:
    """The stack's template still describes its resources: drift detection found no difference.

    The last detection counts. None is started: that is for people or for a schedule of theirs.
    """
    if stack.status in UNSETTLED:
        return not_applicable(f"The stack has no settled resources: it is {stack.status}.")
    checked = f"{stack.checked:%Y-%m-%d}" if stack.checked else "an unknown date"
    if stack.drift == "DRIFTED":
        return violates(
            f"Resources of the stack differ from its template, as found on {checked}.",
            expected="No drift: change the template or the resources, then detect drift again.",
            checked=checked,
        )
    if stack.drift == "UNKNOWN":
        return cannot_tell(f"CloudFormation does not know whether the stack drifted ({checked}).")
    return _judge_check(stack, checked, timedelta(days=max_check_age_days))


def _judge_check(stack: StackDrift, checked: str, limit: timedelta) -> Verdict:
    """The verdict on a stack that is not known to have drifted; a new one has time until then."""
    at = stack.checked if stack.drift == "IN_SYNC" else None
    if at and (not limit or stack.read_at - at <= limit):
        return complies(f"The stack had not drifted on {checked}.", checked=checked)
    is_young = stack.created is not None and stack.read_at - stack.created <= limit
    if not limit or (is_young and not at):
        return not_applicable("The stack was never checked for drift.")
    last = f"last checked for drift on {checked}" if at else "never checked for drift"
    return violates(
        f"The stack was {last}; at most {plural(limit.days, 'day')} may pass.",
        expected="A drift detection on a schedule.",
        checked=checked,
    )


@audit.rule(DOCUMENTED, severity=Severity.LOW)
def configuration_attested(
    account: Account,
    attested: Attested,
    *,
    max_age_days: Annotated[
        int, Between(1, 3650), "How long the documentation is valid after its last review, in days"
    ] = 365,
    two_people: Annotated[bool, "A second person has to approve the attestation"] = False,
) -> Verdict:
    """The documentation of the account's configuration was reviewed and attested this year."""
    return attested.verdict(
        "Documentation of the configuration",
        max_age_days=max_age_days,
        two_people=two_people,
        account=account.id,
    )


handler = handler_of(audit)
