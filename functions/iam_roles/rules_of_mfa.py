"""Rules of IAM Roles: sensitive operations require MFA."""

from typing import Annotated

from readiness import Severity, Verdict, complies, not_applicable, violates
from readiness.evidence.iam.access_keys import ActiveKeys
from readiness.evidence.iam.credentials import ConsoleAccess
from readiness.evidence.iam.groups import GroupMembers, GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument
from readiness.evidence.iam.roles import RoleTrust
from readiness.evidence.iam.root_user import RootUser, RootVirtualDevice
from readiness.evidence.iam.users import UserCount, UserPolicies

from .heading import iam_roles
from .mfa import HARMLESS_ACTIONS, SENSITIVE_ACTIONS, Sensitive, assume_verdict, mfa_verdict
from .privilege import is_exempt, policies_of
from .settings import EXEMPT_CALLERS, GatedActions, RolePatterns, UngatedActions

MFA = "Enable MFA for sensitive operations"


@iam_roles.rule(MFA, severity=Severity.CRITICAL)
def root_mfa(root: RootUser) -> Verdict:
    """The root user has MFA, or has no credentials at all."""
    if root.mfa:
        return complies("The root user has an MFA device.", mfa=True)
    if not root.has_console:
        return not_applicable(
            "The console of this partition takes no root user, who can have no MFA device here;"
            " root-access-keys checks its access keys."
        )
    if root.has_password is False and not root.access_keys:
        return complies("The root user has no credentials.", mfa=False, password=False)
    return violates(
        "The root user has no MFA device.",
        expected="An MFA device for the root user, or centrally managed root access without a"
        " password.",
        mfa=False,
    )


@iam_roles.rule(MFA, severity=Severity.MEDIUM, opt_in="require_hardware_root")
def root_hardware_mfa(
    root: RootUser,
    device: RootVirtualDevice,
    *,
    require_hardware_root: Annotated[  # noqa: ARG001
        bool, "Require a hardware MFA device or passkey for the root user"
    ] = False,
) -> Verdict:
    """The root user has a hardware MFA device or a passkey, not a virtual MFA device."""
    if device.serial_number:
        return violates(
            f"The root user has the virtual MFA device {device.serial_number}.",
            expected="A passkey or hardware MFA device for the root user.",
            device=device.serial_number,
        )
    if not root.mfa:
        return not_applicable("The root user has no MFA device; root-mfa checks that.")
    return complies("The root user's MFA device is not virtual.")


@iam_roles.rule(MFA, severity=Severity.HIGH)
def console_mfa(console: ConsoleAccess) -> Verdict:
    """Every IAM user with a console password has an MFA device."""
    if not console.password:
        return not_applicable("The user has no console password.")
    if not console.mfa:
        return violates(
            "The user has a console password and no MFA device.",
            expected="An MFA device, or no console password.",
            mfa=False,
        )
    return complies("The user has a console password and an MFA device.", mfa=True)


@iam_roles.rule(MFA, severity=Severity.HIGH)
def user_sensitive_actions(
    user: UserPolicies,
    keys: ActiveKeys,
    groups: tuple[GroupPolicies, ...],
    attached: tuple[PolicyDocument, ...],
    boundary: PolicyDocument | None,
    *,
    sensitive_actions: GatedActions = SENSITIVE_ACTIONS,
    harmless_actions: UngatedActions = HARMLESS_ACTIONS,
) -> Verdict:
    """A user needs MFA for sensitive actions, which can do lasting harm.

    A Deny with Bool (not BoolIfExists) does not apply to long-term access keys, whose requests
    lack the condition key. An Allow with BoolIfExists does not require MFA.
    """
    documents = policies_of(user, groups, attached)
    sensitive = Sensitive(sensitive_actions, harmless_actions)
    name = f"{user.path.removeprefix('/')}{user.name}"
    return mfa_verdict(documents, boundary, sensitive, has_key=bool(keys.active), name=name)


@iam_roles.rule(MFA, severity=Severity.HIGH)
def group_sensitive_actions(
    group: GroupMembers,
    policies: GroupPolicies,
    attached: tuple[PolicyDocument, ...],
    members: tuple[ActiveKeys, ...],
    *,
    sensitive_actions: GatedActions = SENSITIVE_ACTIONS,
    harmless_actions: UngatedActions = HARMLESS_ACTIONS,
) -> Verdict:
    """The members of a group need MFA for sensitive actions, which can do lasting harm."""
    if not group.members:
        return not_applicable("The group has no members.")
    documents = [*policies.inline, *(policy.document for policy in attached)]
    sensitive = Sensitive(sensitive_actions, harmless_actions)
    has_key = any(keys.active for keys in members)
    return mfa_verdict(documents, None, sensitive, has_key=has_key)


@iam_roles.rule(MFA, severity=Severity.HIGH)
def role_mfa(
    role: RoleTrust,
    count: UserCount,
    *,
    exempt_role_patterns: RolePatterns = EXEMPT_CALLERS,
) -> Verdict:
    """The users of this account need MFA to assume a role.

    Services and other roles have no MFA device. People who sign in through an identity provider
    give their second factor there. MEDIUM while the account has no IAM user.
    """
    return assume_verdict(
        role,
        exempt=is_exempt(exempt_role_patterns, role.path, role.name),
        is_without_users=count.users == 0,
    )
