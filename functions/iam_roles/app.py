"""IAM Roles: short-lived credentials, least privilege, MFA, and rotated access keys."""

from typing import Annotated

from readiness import (
    Between,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
)
from readiness.engine.handler import handler_of
from readiness.evidence.accessanalyzer import UnusedAccess
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.ecs.services import Services
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.iam.access_keys import LONGEST_KEY_AGE_DAYS, AccessKeyAges, ActiveKeys
from readiness.evidence.iam.credentials import ConsoleAccess, ServiceCredentials
from readiness.evidence.iam.groups import GroupMembers, GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument, PolicyUse
from readiness.evidence.iam.roles import RolePolicies, RoleTrust
from readiness.evidence.iam.root_user import RootKeyAges, RootUser, RootVirtualDevice
from readiness.evidence.iam.users import UserCount, UserPolicies
from readiness.model.text import listed, plural

from .grants import Self
from .keys import age_verdict, function_keys_verdict, root_age_verdict, task_keys_verdict
from .mfa import HARMLESS_ACTIONS, SENSITIVE_ACTIONS, Sensitive, assume_verdict, mfa_verdict
from .privilege import is_exempt, own_policies, policies_of, privileges_verdict, unused_verdict
from .service_policies import apart, sole_service
from .settings import (
    EXEMPT_CALLERS,
    EXEMPT_ROLES,
    ExemptUsers,
    GatedActions,
    MaxAge,
    PrivilegeLimits,
    RolePatterns,
    UngatedActions,
)
from .trust import BOUND_SERVICES, trust_verdict

iam_roles = heading("Security", "IAM Roles")

ROLES = "Use IAM roles instead of access keys"
LEAST_PRIVILEGE = "Apply least privilege principle"
MFA = "Enable MFA for sensitive operations"
ROTATION = "Regular rotation of access keys (if used)"

EXEMPT_USER = "The setting exempt_users exempts the user."
EXEMPT_ROLE = "The setting exempt_role_patterns exempts the role."


# -- roles instead of access keys -------------------------------------------------------------


@iam_roles.rule(ROLES, severity=Severity.CRITICAL)
def root_access_keys(root: RootUser) -> Verdict:
    """The root user has no access key: no policy could limit a stolen one."""
    if root.access_keys:
        return violates(
            f"The root user has {plural(root.access_keys, 'access key')}.",
            expected="No access key for the root user.",
            access_keys=root.access_keys,
        )
    return complies("The root user has no access key.", access_keys=0)


@iam_roles.rule(ROLES, severity=Severity.HIGH)
def user_access_keys(keys: ActiveKeys, *, exempt_users: ExemptUsers = ()) -> Verdict:
    """No IAM user has an active access key: use roles, whose credentials expire."""
    if not keys.active:
        noted = f" and {keys.inactive} inactive" if keys.inactive else ""
        return complies(f"The user has no active access key{noted}.", inactive=keys.inactive)
    if is_exempt(exempt_users, "/", keys.user):
        return not_applicable(EXEMPT_USER)
    return violates(
        f"The user has {plural(len(keys.active), 'active access key')}.",
        expected="A role instead of access keys.",
        active=len(keys.active),
        inactive=keys.inactive,
    )


@iam_roles.rule(ROLES, severity=Severity.HIGH, opt_in="check_service_specific_credentials")
def service_credentials(
    credentials: ServiceCredentials,
    *,
    check_service_specific_credentials: Annotated[  # noqa: ARG001
        bool, "Check passwords and API keys for single services too"
    ] = True,
    exempt_users: ExemptUsers = (),
) -> Verdict:
    """No IAM user has a long-term password or API key for one service, such as Bedrock."""
    if not credentials.active_for:
        return complies("The user has no active service-specific credential.")
    if is_exempt(exempt_users, "/", credentials.user):
        return not_applicable(EXEMPT_USER)
    services = listed(credentials.active_for)
    return violates(
        f"The user has an active service-specific credential for {services}.",
        expected="A role instead of the service-specific credential.",
        services=list(credentials.active_for),
    )


@iam_roles.rule(ROLES, severity=Severity.HIGH)
def function_credentials(function: RunEnvironments) -> Verdict:
    """No environment variable of a function holds an access key: use its execution role.

    Published versions that aliases lead to keep their own variables.
    """
    return function_keys_verdict(function)


@iam_roles.rule(ROLES, severity=Severity.HIGH)
def task_credentials(task: TaskDefinition) -> Verdict:
    """No container of an ECS task gets an access key: use the task role."""
    return task_keys_verdict(task)


@iam_roles.rule(ROLES, severity=Severity.MEDIUM)
def task_role(
    task: TaskDefinition,
    services: Services,
    *,
    require_task_role: Annotated[bool, "Require a task role for every task"] = True,
) -> Verdict:
    """A task definition that a service runs has a task role, so it needs no other credentials."""
    if task.task_role_arn:
        return complies(f"The task role is {task.task_role_arn}.", role=task.task_role_arn)
    if not services.running(task.arn):
        return not_applicable("No service runs this task definition.")
    if not require_task_role:
        return not_applicable("The setting require_task_role is off.")
    return violates("The task definition has no task role.", expected="A task role.")


# -- least privilege --------------------------------------------------------------------------


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


# -- MFA --------------------------------------------------------------------------------------


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


# -- rotation ---------------------------------------------------------------------------------


@iam_roles.rule(ROTATION, severity=Severity.HIGH)
def access_key_age(
    keys: AccessKeyAges,
    *,
    max_age_days: MaxAge = 90,
    overlap_days: Annotated[
        int, Between(1, LONGEST_KEY_AGE_DAYS), "How long two keys may both be active (days)"
    ] = 7,
    warn_days: Annotated[
        int, Between(1, LONGEST_KEY_AGE_DAYS), "The key age from which to add a reminder (days)"
    ] = 75,
) -> Verdict:
    """Active access keys are rotated in time, and the old key is deactivated soon after."""
    active = [key for key in keys.keys if key.active]
    if not active:
        return not_applicable("The user has no active access key.")
    return age_verdict(
        active,
        keys.now,
        max_age_days=max_age_days,
        overlap_days=overlap_days,
        warn_days=warn_days,
    )


@iam_roles.rule(ROTATION, severity=Severity.HIGH)
def root_access_key_age(root: RootKeyAges, *, max_age_days: MaxAge = 90) -> Verdict:
    """An access key of the root user, if one must exist, is rotated in time."""
    if root.keys is None:
        reason = "The credential report does not show the root user's access keys."
        return cannot_tell(reason, missing=("iam:GetCredentialReport",))
    if not root.keys:
        return not_applicable("The root user has no active access key.")
    return root_age_verdict(root.keys, root.now, max_age_days)


handler = handler_of(iam_roles)
