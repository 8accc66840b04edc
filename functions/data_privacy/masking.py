"""Whether sensitive data is masked in logs and messages, and who may see it all the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readiness import Verdict, cannot_tell, complies, violates
from readiness.evidence.workloads.log_masking import LogMasking
from readiness.model.text import listed
from readiness.semantics.data_protection import Protection, protection_of
from readiness.semantics.policy import Document, Statement
from readiness.semantics.policy_patterns import matches, only_wildcards

UNMASK = "logs:Unmask"
_REGION, _NAME = 3, 6
"""Where the ARN of a log group has its region and its name."""


def judge_group(group: LogMasking, required: Sequence[str]) -> Verdict:
    """The verdict on a log group: its own policy and that of the account, together."""
    about = group.about
    is_covered = about.has_own_policy or about.inherits
    if about.group_class != "STANDARD" and not is_covered:
        return violates(
            f"The log group has the class {about.group_class}, for which CloudWatch Logs masks"
            " nothing.",
            expected="A log group of the class STANDARD with a data protection policy.",
            log_group_class=about.group_class,
        )
    expected = f"A data protection policy that masks (Deidentify) {listed(required)}."
    if not is_covered:
        once = f" It had one once ({about.status})." if about.status else ""
        return violates(
            f"No data protection policy masks sensitive data in the log group.{once}",
            expected=expected,
            data_protection_status=about.status,
        )
    return judge_policies(
        protection_of(group.own) | protection_of(group.of_account), required, expected
    )


def judge_policies(protection: Protection, required: Sequence[str], expected: str) -> Verdict:
    """The verdict on what data protection policies hide."""
    lacking = protection.lacks(required)
    if not lacking:
        return complies(f"Sensitive data is masked: {listed(sorted(required))}.").observing(
            {"masked": sorted(protection.hidden)}
        )
    if protection.flaw:
        return cannot_tell(f"What is masked is unknown: {protection.flaw}.")
    parts = [f"These are not masked: {listed(lacking)}."]
    if audited := sorted(set(lacking) & protection.audited):
        parts.append(f"{listed(audited)} are only audited, which masks nothing.")
    if partly := sorted(set(lacking) & protection.partly):
        parts.append(f"{listed(partly)} are hidden from some principals only.")
    return violates(" ".join(parts), expected=expected, masked=sorted(protection.hidden))


def judge_unmask(who: str, documents: Sequence[Document], boundary: Document | None) -> Verdict:
    """The verdict on a principal (``role``, ``user``) that may see masked data everywhere."""
    bounds = [boundary] if boundary else []
    if _is_denied([*documents, *bounds]):
        return complies(f"A policy of the {who} denies {UNMASK} everywhere.")
    wide, within = list(_wide(documents)), list(_wide(bounds))
    flawed = [each.name for each in (*documents, *bounds) if each.flaw]
    if flawed and not (wide and (within or boundary is None)):
        return cannot_tell(f"These policies cannot be understood: {listed(flawed)}.")
    if not wide:
        return complies(f"No policy of the {who} allows {UNMASK} on every log group.")
    if boundary is not None and not within:
        return complies(
            f"The permissions boundary of the {who} does not allow {UNMASK} everywhere."
        )
    grant = next((each for each in wide if not each.conditions), wide[0])
    under = (
        f", under the conditions {listed([each.written for each in grant.conditions])}"
        if grant.conditions
        else ""
    )
    return violates(
        f"The {who} may read masked data in every log group: {grant.name} allows {UNMASK}{under}.",
        expected=f"No {UNMASK} on every log group, or the {who} in the setting unmask_{who}s.",
        granted_by=sorted({each.name for each in wide}),
    )


def _is_denied(documents: Iterable[Document]) -> bool:
    return any(
        not statement.allows and not statement.conditions and _leaves_few(statement)
        for statement in _about(documents)
    )


def _leaves_few(denial: Statement) -> bool:
    """Whether a Deny leaves no log group, or none but those that ``NotResource`` names."""
    if denial.not_resources:
        return not any(map(_is_every_group, denial.not_resources))
    return any(_is_every_group(each, in_each_region=True) for each in denial.resources)


def _wide(documents: Iterable[Document]) -> Iterable[Statement]:
    return (each for each in _about(documents) if each.allows and _has_most(each))


def _has_most(grant: Statement) -> bool:
    """Whether an Allow is for every log group, or for all but those ``NotResource`` names."""
    if grant.not_resources:
        return not any(_is_every_group(each, in_each_region=True) for each in grant.not_resources)
    return any(map(_is_every_group, grant.resources))


def _about(documents: Iterable[Document]) -> Iterable[Statement]:
    return (
        statement
        for document in documents
        for statement in document.statements
        if statement.names_action(UNMASK)
    )


def _is_every_group(resource: str, *, in_each_region: bool = False) -> bool:
    """Whether a resource is every log group, if only of one region: ``…:log-group:*``.

    A wildcard at the end goes on beyond the colons: ``arn:aws:logs:*``, ``…:log-group*``.
    Source: IAM User Guide, IAM JSON policy elements: Resource.
    """
    fields = resource.split(":")
    if resource.endswith("*"):
        fields += ["*"] * (_NAME + 1 - len(fields))
    return (
        len(fields) > _NAME
        and matches(fields[0], "arn")
        and matches(fields[2], "logs")
        and matches(fields[5], "log-group")
        and only_wildcards(fields[_NAME])
        and (not in_each_region or only_wildcards(fields[_REGION]))
    )
