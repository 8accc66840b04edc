"""Rules of IAM Roles: least privilege."""

from typing import Annotated

from readiness import Between, Severity, Verdict, not_applicable, violates
from readiness.evidence.accessanalyzer import UnusedAccess
from readiness.evidence.iam.groups import GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument, PolicyUse
from readiness.evidence.iam.roles import RolePolicies, RoleTrust
from readiness.evidence.iam.users import UserPolicies
from readiness.model.text import plural

from .grants import Self
from .heading import iam_roles
from .privilege import is_exempt, own_policies, policies_of, privileges_verdict, unused_verdict
from .service_policies import apart, sole_service
from .settings import EXEMPT_CALLERS, EXEMPT_ROLES, PrivilegeLimits, RolePatterns
from .trust import BOUND_SERVICES, trust_verdict

LEAST_PRIVILEGE = "Apply least privilege principle"
EXEMPT_ROLE = "The setting exempt_role_patterns exempts the role."


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.HIGH)
def role_privileges(
    role: RolePolicies,
    attached: tuple[PolicyDocument, ...],
    boundary: PolicyDocument | None,
    trust: RoleTrust,
    *,
    limits: PrivilegeLimits,
    exempt_role_patterns: RolePatterns = EXEMPT_CALLERS,
) -> Verdict:
    """A role has least privilege: it is no administrator and cannot escalate its privileges.

    All its policies are evaluated together: what they allow, minus what they deny, within the
    permissions boundary. Every action of a service on any resource is too much as well. Policies
    that AWS made for the one service that can assume the role, such as AWS Backup, count only for
    what others add to them: any role to pass, beside the right to start instances.
    """
    if role.is_service_linked:
        return not_applicable("AWS manages the policies of a service-linked role.")
    if is_exempt(exempt_role_patterns, role.path, role.name):
        return not_applicable(EXEMPT_ROLE)
    service = sole_service(trust.trust)
    arns = [policy.id for policy in role.attached]
    made, kept = apart(service, arns, [policy.document for policy in attached])
    if attached and not kept and not role.inline:
        return not_applicable(f"AWS made its policies for {service}, which alone can assume it.")
    who = Self("role", role.path, role.name, own_policies(role), role.account)
    return privileges_verdict([*role.inline, *kept], boundary, limits, who, made)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.HIGH)
def user_privileges(
    user: UserPolicies,
    groups: tuple[GroupPolicies, ...],
    attached: tuple[PolicyDocument, ...],
    boundary: PolicyDocument | None,
    *,
    limits: PrivilegeLimits,
) -> Verdict:
    """A user has least privilege: they are no administrator and cannot escalate their privileges.

    The policies of the user and of their groups are evaluated together: what they allow, minus
    what they deny, within the permissions boundary.
    """
    who = Self("user", user.path, user.name, own_policies(user), user.account)
    return privileges_verdict(policies_of(user, groups, attached), boundary, limits, who)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.HIGH)
def group_privileges(
    group: GroupPolicies, attached: tuple[PolicyDocument, ...], *, limits: PrivilegeLimits
) -> Verdict:
    """A group gives least privilege: no administrator access and no privilege escalation."""
    documents = [*group.inline, *(policy.document for policy in attached)]
    return privileges_verdict(documents, None, limits)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.HIGH)
def policy_privileges(
    use: PolicyUse,
    policy: PolicyDocument,
    *,
    limits: PrivilegeLimits,
    flag_unattached: Annotated[
        bool, "Check policies that are not attached to anything too"
    ] = False,
) -> Verdict:
    """A customer managed policy gives no administrator access and no privilege escalation."""
    if use.is_aws_managed:
        return not_applicable("This policy is AWS managed; it is checked where it is attached.")
    if use.attached == 0 and use.bounding:
        who = plural(use.bounding, "principal")
        return not_applicable(f"The policy is only a permissions boundary, of {who}.")
    if use.attached == 0 and not flag_unattached:
        return not_applicable("The policy is not attached to anything.")
    return privileges_verdict([policy.document], None, limits)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.MEDIUM)
def role_trust(
    role: RoleTrust,
    *,
    trusted_accounts: Annotated[
        tuple[str, ...], "Account numbers that need no sts:ExternalId"
    ] = (),
    bound_services: Annotated[
        tuple[str, ...], "Services that never act on behalf of another account (patterns)"
    ] = BOUND_SERVICES,
    exempt_role_patterns: RolePatterns = EXEMPT_ROLES,
) -> Verdict:
    """Only the intended principals can assume a role, and none as a confused deputy."""
    if role.is_service_linked:
        return not_applicable("AWS manages the trust policy of a service-linked role.")
    if is_exempt(exempt_role_patterns, role.path, role.name):
        return not_applicable(EXEMPT_ROLE)
    return trust_verdict(
        role.trust,
        role.account,
        trusted_accounts=trusted_accounts,
        bound_services=bound_services,
    )


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.MEDIUM)
def unused_access(
    unused: UnusedAccess,
    *,
    unused_days: Annotated[
        int, Between(1, 365), "The longest tracking period of the analyzer (days)"
    ] = 90,
    require_unused_access_analysis: Annotated[
        bool, "Require an unused-access analyzer (it costs money)"
    ] = False,
) -> Verdict:
    """IAM Access Analyzer has no open finding on unused permissions or credentials."""
    if not unused.analyzer:
        reason = "This region has no active unused-access analyzer for this account."
        if require_unused_access_analysis:
            return violates(reason, expected="An active unused-access analyzer.")
        return not_applicable(reason)
    return unused_verdict(unused, unused_days)
