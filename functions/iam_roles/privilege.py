"""Which privileges are excessive: administrators, whole services, privilege escalation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from readiness.evidence.accessanalyzer import UnusedAccess
from readiness.evidence.iam.groups import GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument
from readiness.evidence.iam.roles import RolePolicies
from readiness.evidence.iam.users import UserPolicies
from readiness.model.text import listed, plural
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    violates,
    violates_all,
)
from readiness.semantics.policy import Document, Statement
from readiness.semantics.policy_patterns import matches

from .grants import UNRELATED, Grants, Self
from .settings import PrivilegeLimits


def problems(grants: Grants, limits: PrivilegeLimits) -> list[Problem]:
    """The excessive privileges; for an administrator only that."""
    found = [] if not grants.broad else list(_of_anything(grants, limits))
    if found and found[0].severity is Severity.CRITICAL:
        return found
    return found + list(_of_oneself(grants, found))


def _of_anything(grants: Grants, limits: PrivilegeLimits) -> Iterator[Problem]:
    if grants.is_admin:
        text = "The policies give administrator access: any action on any resource"
        yield Problem(Severity.CRITICAL, f"{text} ({_said(grants.anything_in('iam'))}).")
        return
    yield from _problems(grants, limits.sensitive_services)
    whole = {service.lower() for service in grants.whole_services()}
    named = {
        action: granting
        for action in limits.actions_on_named_resources
        if action.partition(":")[0].lower() not in whole and (granting := grants.granting(action))
    }
    if named:
        where = _said(s for granting in named.values() for s in granting)
        text = (
            f"{listed(list(named))} {'is' if len(named) == 1 else 'are'} allowed on any resource"
        )
        yield Problem(Severity.MEDIUM, f"{text} ({where}).")


def _of_oneself(grants: Grants, found: Sequence[Problem]) -> Iterator[Problem]:
    said = " ".join(problem.text for problem in found)
    actions, statements = [], []
    for action, granting in grants.self_escalations():
        if action not in said and "Every action of iam" not in said:
            actions.append(action)
            statements += granting
    if actions:
        text = f"The principal can raise its own privileges with {listed(actions)}"
        yield Problem(Severity.HIGH, f"{text} ({_said(statements)}).")


def _problems(grants: Grants, sensitive: Sequence[str]) -> Iterator[Problem]:
    inverted = [s for s in grants.broad if s.not_actions and s.names_every_resource]
    if inverted:
        left = [service for service in UNRELATED if grants.anything_in(service)]
        if left:
            text = "Allow with NotAction on any resource grants every action that is not listed"
            where = f"including every action of {listed(left)} ({_said(inverted)})"
            yield Problem(Severity.HIGH, f"{text}, {where}.")
    grave = {
        service: granting
        for service in sensitive
        if (granting := grants.anything_in(service.lower()))
    }
    if grave:
        text = f"Every action of {listed(list(grave))} is allowed on any resource"
        where = _said(s for granting in grave.values() for s in granting)
        yield Problem(Severity.HIGH, f"{text} ({where}).")
    opened = [
        (path, granting)
        for path, granting in grants.escalations()
        if "iam" not in grave or path.services
    ]
    for severity in dict.fromkeys(path.severity for path, _ in opened):
        alike = [(path.name, granting) for path, granting in opened if path.severity is severity]
        text = f"Privilege escalation is possible with {listed([name for name, _ in alike])}"
        where = _said(s for _, granting in alike for s in granting)
        yield Problem(severity, f"{text} ({where}).")
    assume = grants.granting("sts:AssumeRole")
    if "sts" not in grave and assume:
        text = (
            "sts:AssumeRole is allowed on any resource, so on every role that trusts the account"
        )
        yield Problem(Severity.HIGH, f"{text} ({_said(assume)}).")
    other = [service for service in grants.whole_services() if service not in grave]
    if other:
        text = f"Every action of {listed(other)} is allowed on any resource"
        where = _said(s for service in other for s in grants.anything_in(service))
        yield Problem(Severity.MEDIUM, f"{text} ({where}).")


def _said(statements: Iterable[Statement]) -> str:
    """The statements by name, each with the conditions that do not limit it."""
    return listed(list(dict.fromkeys(map(_with_conditions, statements))), 3)


def _with_conditions(statement: Statement) -> str:
    if not statement.conditions:
        return statement.name
    conditions = listed([str(condition) for condition in statement.conditions], 3)
    return f"{statement.name}, in spite of {conditions}"


def is_exempt(patterns: Iterable[str], path: str, name: str) -> bool:
    """Whether a pattern matches the principal: its name, or path and name if it has a slash."""
    return any(matches(p, f"{path}{name}" if "/" in p else name) for p in patterns)


def flawed(documents: Iterable[Document]) -> list[str]:
    """Why documents are not valid policies, each as a clause."""
    return [f"the policy {d.name} cannot be parsed ({d.flaw})" for d in documents if d.flaw]


def policies_of(
    user: UserPolicies, groups: Iterable[GroupPolicies], attached: Iterable[PolicyDocument]
) -> list[Document]:
    """The policies that apply to a user: inline, of their groups, and attached ones."""
    of_groups = [document for group in groups for document in group.inline]
    return [*user.inline, *of_groups, *(policy.document for policy in attached)]


def own_policies(principal: RolePolicies | UserPolicies) -> tuple[str, ...]:
    """The ARNs of the customer managed policies of a principal, its boundary among them."""
    bound = [principal.boundary] if principal.boundary else []
    arns = [policy.id for policy in (*principal.attached, *bound)]
    return tuple(arn for arn in arns if ":iam::aws:" not in arn)


def privileges_verdict(
    documents: Sequence[Document],
    boundary: PolicyDocument | None,
    limits: PrivilegeLimits,
    who: Self | None = None,
    made: Sequence[Document] = (),
) -> Verdict:
    """The verdict on what policies grant together within a permissions boundary.

    ``made`` are policies that AWS made for the one service that uses them: no fault by themselves.
    """
    bound = [] if boundary is None else [boundary.document]
    flaws = flawed([*documents, *made, *bound])
    if flaws:
        return cannot_tell(f"What is allowed is unknown: {'; '.join(flaws)}.")
    within = bound[0] if bound else None
    keys = limits.restricting_condition_keys
    grants = Grants.of(documents, within, keys, who, beside=made)
    found = problems(grants, limits)
    names = [document.name for document in documents]
    if found:
        expected = "Only the actions that are needed, on the resources that are needed."
        return violates_all(found, expected=expected, policies=names)
    if grants.undecided:
        doubtful = Grants.of(documents, within, keys, who, beside=made, doubtful=True)
        if problems(doubtful, limits):
            said = _said(grants.undecided)
            return cannot_tell(f"Whether a condition limits what is allowed is unknown: {said}.")
    reason = f"No excessive privileges in {plural(len(names), 'policy', 'policies')}."
    return complies(reason, policies=names)


def unused_verdict(unused: UnusedAccess, most_days: int) -> Verdict:
    """The verdict on what an unused-access analyzer found."""
    if unused.days > most_days:
        return violates(
            f"The analyzer {unused.analyzer} reports access as unused after"
            f" {plural(unused.days, 'day')}; at most {most_days} are allowed.",
            expected=f"An analyzer with a tracking period of {plural(most_days, 'day')} or less.",
            days=unused.days,
        )
    if unused.found:
        said = listed([f"{count} {kind}" for kind, count in sorted(unused.found.items())], 10)
        return violates(
            f"The analyzer {unused.analyzer} has open findings: {said}.",
            expected="Unused permissions and credentials removed.",
            findings=unused.found,
        )
    return complies(f"The analyzer {unused.analyzer} has no open finding.", days=unused.days)
