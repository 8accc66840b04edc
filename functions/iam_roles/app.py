"""IAM Roles: short-lived credentials, no more privileges than needed, a second factor."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from readiness import (
    Between,
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    heading,
    not_applicable,
    violates,
    violates_all,
)
from readiness.engine.handler import handler_of
from readiness.evidence.accessanalyzer import UnusedAccess
from readiness.evidence.awslambda.functions import FunctionConfiguration
from readiness.evidence.ecs.services import Services, TaskDefinition
from readiness.evidence.iam.credentials import (
    LONGEST_KEY_AGE_DAYS,
    AccessKeyAges,
    ActiveKeys,
    ConsoleAccess,
    RootKeyAges,
    RootUser,
    RootVirtualDevice,
    ServiceCredentials,
)
from readiness.evidence.iam.principals import (
    GroupMembers,
    GroupPolicies,
    PolicyDocument,
    PolicyUse,
    RolePolicies,
    RoleTrust,
    UserPolicies,
)
from readiness.semantics.policy import Document

from .keys import age_in_days, holding_a_key, named_like_a_key, overdue
from .mfa import HARMLESS_ACTIONS, SENSITIVE_ACTIONS, Sensitive, people, people_admitted, ungated
from .privilege import (
    EXEMPT_ROLES,
    RESTRICTING_KEYS,
    SENSITIVE_SERVICES,
    Grants,
    flawed,
    is_exempt,
    problems,
)
from .trust import BOUND_SERVICES, admits
from .trust import problems as trust_problems

iam_roles = heading("Security", "IAM Roles")

ROLES = "Use IAM roles instead of access keys"
LEAST_PRIVILEGE = "Apply least privilege principle"
MFA = "Enable MFA for sensitive operations"
ROTATION = "Regular rotation of access keys (if used)"

ExemptUsers = Annotated[tuple[str, ...], "Names (patterns) of users that may have access keys"]
ExemptRoles = Annotated[
    tuple[str, ...], "Roles that others control: names, or with a slash path and name (patterns)"
]
Services_ = Annotated[tuple[str, ...], "Services of which nobody should hold every action"]
Restricting = Annotated[
    tuple[str, ...], "Condition keys (patterns) that make an Allow less than it looks"
]
Gated = Annotated[tuple[str, ...], "Actions (patterns) that need a second factor"]
Ungated = Annotated[tuple[str, ...], "Actions (patterns) among them that do no harm without one"]


# -- roles instead of access keys -------------------------------------------------------------


@iam_roles.rule(ROLES, severity=Severity.CRITICAL)
def root_access_keys(root: RootUser) -> Verdict:
    """The root user has no access key: nothing could limit what a stolen one does."""
    if root.access_keys:
        return violates(
            f"The root user has {root.access_keys} access key(s).",
            expected="No access key for the root user.",
            access_keys=root.access_keys,
        )
    return complies("The root user has no access key.", access_keys=0)


@iam_roles.rule(ROLES, severity=Severity.HIGH)
def user_access_keys(keys: ActiveKeys, *, exempt_users: ExemptUsers = ()) -> Verdict:
    """No user has an active access key: roles give credentials that end by themselves."""
    if not keys.active:
        noted = f"; {keys.inactive} inactive" if keys.inactive else ""
        return complies(f"The user has no active access key{noted}.", inactive=keys.inactive)
    if is_exempt(exempt_users, "/", keys.user):
        return not_applicable("The user is exempt from this rule by the setting exempt_users.")
    return violates(
        f"The user has {len(keys.active)} active access key(s).",
        expected="A role in place of the access keys.",
        active=len(keys.active),
        inactive=keys.inactive,
    )


@iam_roles.rule(ROLES, severity=Severity.HIGH, opt_in="check_service_specific_credentials")
def service_credentials(
    credentials: ServiceCredentials,
    *,
    check_service_specific_credentials: Annotated[  # noqa: ARG001
        bool, "Whether passwords and API keys for one service count as long-term credentials"
    ] = True,
    exempt_users: ExemptUsers = (),
) -> Verdict:
    """No user has a long-term password or API key for one service, such as Bedrock."""
    if not credentials.active_for:
        return complies("The user has no active service-specific credential.")
    if is_exempt(exempt_users, "/", credentials.user):
        return not_applicable("The user is exempt from this rule by the setting exempt_users.")
    return violates(
        f"The user has an active credential for {', '.join(credentials.active_for)}.",
        expected="A role in place of the service-specific credential.",
        services=list(credentials.active_for),
    )


@iam_roles.rule(ROLES, severity=Severity.HIGH)
def function_credentials(function: FunctionConfiguration) -> Verdict:
    """No environment variable of the function holds an access key: its execution role suffices."""
    if function.environment is None:
        reason = "Lambda could not decrypt the function's environment variables"
        return cannot_tell(f"{reason} ({function.environment_error}).")
    found = holding_a_key(function.environment)
    if found:
        return violates(
            f"The environment holds an access key id in {', '.join(found)}.",
            expected="The function's execution role in place of the key.",
            variables=found,
        )
    count = len(function.environment)
    return complies(f"None of {count} environment variables holds an access key id.")


@iam_roles.rule(ROLES, severity=Severity.HIGH)
def task_credentials(task: TaskDefinition) -> Verdict:
    """No container is given an access key: the task role suffices."""
    found = []
    for container in task.containers:
        named = named_like_a_key([*(container.environment or {}), *(container.secrets or {})])
        held = holding_a_key(container.environment)
        found += [f"{container.name}: {name}" for name in sorted({*named, *held})]
    if found:
        return violates(
            f"Containers are given an access key in {', '.join(found)}.",
            expected="The task role in place of the key.",
            variables=found,
        )
    files = [file for container in task.containers for file in container.environment_files]
    if files:
        reason = f"The environment comes from files in S3 that are not read: {', '.join(files)}."
        return cannot_tell(reason, missing=("s3:GetObject",))
    return complies("No container is given an access key.")


@iam_roles.rule(ROLES, severity=Severity.MEDIUM)
def task_role(
    task: TaskDefinition,
    services: Services,
    *,
    require_task_role: Annotated[bool, "Whether every task needs a role of its own"] = True,
) -> Verdict:
    """A task that a service runs has a role of its own, so that it needs no other credentials."""
    if task.task_role_arn:
        return complies(f"The task role is {task.task_role_arn}.", role=task.task_role_arn)
    if not services.running(task.arn):
        return not_applicable("No service runs this task definition.")
    if not require_task_role:
        return not_applicable("The setting require_task_role does not ask for a role.")
    return violates("The task definition has no task role.", expected="A task role.")


# -- least privilege --------------------------------------------------------------------------


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.HIGH)
def role_privileges(
    role: RolePolicies,
    attached: tuple[PolicyDocument, ...],
    boundary: PolicyDocument | None,
    *,
    sensitive_services: Services_ = SENSITIVE_SERVICES,
    restricting_condition_keys: Restricting = RESTRICTING_KEYS,
    exempt_role_patterns: ExemptRoles = EXEMPT_ROLES,
) -> Verdict:
    """A role may do what its work needs, not everything, and cannot give itself more.

    Judged is what its policies grant together, less what is denied, within its boundary.
    """
    if role.is_service_linked:
        return not_applicable("AWS writes the policies of a service-linked role.")
    if is_exempt(exempt_role_patterns, role.path, role.name):
        return not_applicable("The role is exempt by the setting exempt_role_patterns.")
    documents = [*role.inline, *(policy.document for policy in attached)]
    return _privileges(documents, boundary, sensitive_services, restricting_condition_keys)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.HIGH)
def user_privileges(
    user: UserPolicies,
    groups: tuple[GroupPolicies, ...],
    attached: tuple[PolicyDocument, ...],
    boundary: PolicyDocument | None,
    *,
    sensitive_services: Services_ = SENSITIVE_SERVICES,
    restricting_condition_keys: Restricting = RESTRICTING_KEYS,
) -> Verdict:
    """A user may do what their work needs, not everything, and cannot give themselves more.

    Judged is what their policies and those of their groups grant together, less what is denied,
    within the boundary.
    """
    documents = _reaching(user, groups, attached)
    return _privileges(documents, boundary, sensitive_services, restricting_condition_keys)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.HIGH)
def group_privileges(
    group: GroupPolicies,
    attached: tuple[PolicyDocument, ...],
    *,
    sensitive_services: Services_ = SENSITIVE_SERVICES,
    restricting_condition_keys: Restricting = RESTRICTING_KEYS,
) -> Verdict:
    """A group gives its members what their work needs, not everything."""
    documents = [*group.inline, *(policy.document for policy in attached)]
    return _privileges(documents, None, sensitive_services, restricting_condition_keys)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.HIGH)
def policy_privileges(
    use: PolicyUse,
    policy: PolicyDocument,
    *,
    sensitive_services: Services_ = SENSITIVE_SERVICES,
    restricting_condition_keys: Restricting = RESTRICTING_KEYS,
    flag_unattached: Annotated[bool, "Whether a policy that is attached to nobody counts"] = False,
) -> Verdict:
    """A customer managed policy in use does not grant everything, whoever it is attached to."""
    if use.is_aws_managed:
        return not_applicable("AWS writes this policy; it is judged where it is attached.")
    if use.attached == 0 and use.bounding:
        return not_applicable(f"The policy only bounds {use.bounding} principal(s).")
    if use.attached == 0 and not flag_unattached:
        return not_applicable("The policy is attached to nobody.")
    return _privileges([policy.document], None, sensitive_services, restricting_condition_keys)


def _reaching(
    user: UserPolicies, groups: Iterable[GroupPolicies], attached: Iterable[PolicyDocument]
) -> list[Document]:
    of_groups = [document for group in groups for document in group.inline]
    return [*user.inline, *of_groups, *(policy.document for policy in attached)]


def _privileges(
    documents: Sequence[Document],
    boundary: PolicyDocument | None,
    sensitive: Sequence[str],
    restricting: Sequence[str],
) -> Verdict:
    bound = [] if boundary is None else [boundary.document]
    flaws = flawed([*documents, *bound])
    if flaws:
        return cannot_tell(f"What is allowed is unknown: {'; '.join(flaws)}.")
    grants = Grants.of(documents, bound[0] if bound else None, restricting)
    found = problems(grants, sensitive)
    names = [document.name for document in documents]
    if found:
        expected = "Only the actions that are needed, on the resources that are needed."
        return violates_all(found, expected=expected, policies=names)
    return complies(f"Nothing excessive is allowed by {len(names)} policies.", policies=names)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.MEDIUM)
def role_trust(
    role: RoleTrust,
    *,
    trusted_accounts: Annotated[
        tuple[str, ...], "Account numbers that need no sts:ExternalId"
    ] = (),
    bound_services: Annotated[
        tuple[str, ...], "Services (patterns) that never act on behalf of another account"
    ] = BOUND_SERVICES,
    exempt_role_patterns: ExemptRoles = EXEMPT_ROLES,
) -> Verdict:
    """A role can be assumed by those it is meant for, and by nobody who talks them into it."""
    if role.is_service_linked:
        return not_applicable("AWS writes the trust policy of a service-linked role.")
    if is_exempt(exempt_role_patterns, role.path, role.name):
        return not_applicable("The role is exempt by the setting exempt_role_patterns.")
    if role.trust.flaw:
        return cannot_tell(f"Who may assume the role is unknown: {role.trust.flaw}.")
    found = trust_problems(
        role.trust.statements,
        role.account,
        trusted_accounts=trusted_accounts,
        bound_services=bound_services,
    )
    who = [p.value for s in admits(role.trust.statements) for p in s.principals]
    if found:
        expected = "Named principals, each with the condition that keeps others out."
        return violates_all(found, expected=expected, principals=who)
    return complies(f"The role can be assumed by {', '.join(who) or 'nobody'}.", principals=who)


@iam_roles.rule(LEAST_PRIVILEGE, severity=Severity.MEDIUM)
def unused_access(
    unused: UnusedAccess,
    *,
    unused_days: Annotated[int, Between(1, 365), "After how many days access is unused"] = 90,
    require_unused_access_analysis: Annotated[
        bool, "Whether an unused-access analyzer (which costs money) has to exist"
    ] = False,
) -> Verdict:
    """IAM Access Analyzer finds no permission or credential that nobody uses."""
    if not unused.analyzer:
        reason = "This region has no active unused-access analyzer."
        if require_unused_access_analysis:
            return violates(reason, expected="An active unused-access analyzer.")
        return not_applicable(reason)
    if unused.days > unused_days:
        return violates(
            f"The analyzer {unused.analyzer} waits {unused.days} days.",
            expected=f"Access called unused after {unused_days} days or fewer.",
            days=unused.days,
        )
    if unused.found:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(unused.found.items()))
        return violates(
            f"The analyzer {unused.analyzer} has open findings: {told}.",
            expected="Unused permissions and credentials removed.",
            findings=unused.found,
        )
    return complies(f"The analyzer {unused.analyzer} has no open finding.", days=unused.days)


# -- a second factor --------------------------------------------------------------------------


@iam_roles.rule(MFA, severity=Severity.CRITICAL)
def root_mfa(root: RootUser) -> Verdict:
    """The root user signs in with a second factor, or cannot sign in at all."""
    if root.mfa:
        return complies("The root user has an MFA device.", mfa=True)
    if root.has_password is False and not root.access_keys:
        return complies("The root user has no credentials.", mfa=False, password=False)
    return violates(
        "The root user has no MFA device.",
        expected="An MFA device for the root user, or centralised root access without password.",
        mfa=False,
    )


@iam_roles.rule(MFA, severity=Severity.MEDIUM, opt_in="require_hardware_root")
def root_hardware_mfa(
    root: RootUser,
    device: RootVirtualDevice,
    *,
    require_hardware_root: Annotated[  # noqa: ARG001
        bool, "Refuse a virtual MFA device for root"
    ] = False,
) -> Verdict:
    """The root user's second factor is a device of its own, not an app on some phone."""
    if device.serial_number:
        return violates(
            f"The root user has the virtual MFA device {device.serial_number}.",
            expected="A passkey or hardware device for the root user.",
            device=device.serial_number,
        )
    if not root.mfa:
        return not_applicable("The root user has no MFA device, as root-mfa tells.")
    return complies("The root user's MFA device is not a virtual one.")


@iam_roles.rule(MFA, severity=Severity.HIGH)
def console_mfa(console: ConsoleAccess) -> Verdict:
    """Who can sign in to the console with a password needs a second factor too."""
    if not console.password:
        return not_applicable("The user has no password for the console.")
    if not console.mfa:
        return violates(
            "The user can sign in to the console and has no MFA device.",
            expected="An MFA device, or no password.",
            mfa=False,
        )
    return complies("The user has a password and an MFA device.", mfa=True)


@iam_roles.rule(MFA, severity=Severity.HIGH)
def user_sensitive_actions(
    user: UserPolicies,
    keys: ActiveKeys,
    groups: tuple[GroupPolicies, ...],
    attached: tuple[PolicyDocument, ...],
    boundary: PolicyDocument | None,
    *,
    sensitive_actions: Gated = SENSITIVE_ACTIONS,
    harmless_actions: Ungated = HARMLESS_ACTIONS,
) -> Verdict:
    """What a user could do lasting harm with takes a second factor.

    A Deny with Bool (not BoolIfExists) does not bind long-term keys, whose requests lack the
    key; an Allow with BoolIfExists demands nothing.
    """
    documents = _reaching(user, groups, attached)
    sensitive = Sensitive(sensitive_actions, harmless_actions)
    return _gating(documents, boundary, sensitive, has_key=bool(keys.active))


@iam_roles.rule(MFA, severity=Severity.HIGH)
def group_sensitive_actions(
    group: GroupMembers,
    policies: GroupPolicies,
    attached: tuple[PolicyDocument, ...],
    members: tuple[ActiveKeys, ...],
    *,
    sensitive_actions: Gated = SENSITIVE_ACTIONS,
    harmless_actions: Ungated = HARMLESS_ACTIONS,
) -> Verdict:
    """What a group's members could do lasting harm with takes a second factor."""
    if not group.members:
        return not_applicable("The group has no members.")
    documents = [*policies.inline, *(policy.document for policy in attached)]
    sensitive = Sensitive(sensitive_actions, harmless_actions)
    has_key = any(keys.active for keys in members)
    return _gating(documents, None, sensitive, has_key=has_key)


def _gating(
    documents: Sequence[Document],
    boundary: PolicyDocument | None,
    sensitive: Sensitive,
    *,
    has_key: bool,
) -> Verdict:
    bound = [] if boundary is None else [boundary.document]
    flaws = flawed([*documents, *bound])
    if flaws:
        return cannot_tell(f"What is allowed is unknown: {'; '.join(flaws)}.")
    found = ungated(
        [s for document in documents for s in document.statements],
        sensitive,
        boundary=bound[0].statements if bound else None,
        has_key=has_key,
    )
    if found:
        shown = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        return violates(
            f"Allowed without a second factor: {shown}.",
            expected="Allow with Bool aws:MultiFactorAuthPresent true, or Deny with BoolIfExists"
            " aws:MultiFactorAuthPresent false.",
            actions=found,
            active_access_key=has_key,
        )
    return complies("No sensitive action is allowed without a second factor.")


@iam_roles.rule(MFA, severity=Severity.HIGH)
def role_mfa(role: RoleTrust, *, exempt_role_patterns: ExemptRoles = EXEMPT_ROLES) -> Verdict:
    """A role that people of this account can assume asks them for a second factor.

    Services, identity providers and other roles have none to give here: those who sign in
    through a provider give theirs there.
    """
    if role.trust.flaw:
        return cannot_tell(f"Who may assume the role is unknown: {role.trust.flaw}.")
    statements = role.trust.statements
    who = [name for s in admits(statements) for name in people(s, role.account)]
    if not who or role.is_service_linked:
        return not_applicable("No user of this account can assume the role.")
    if is_exempt(exempt_role_patterns, role.path, role.name):
        return not_applicable("The role is exempt by the setting exempt_role_patterns.")
    without = people_admitted(statements, role.account)
    if without:
        return violates(
            f"Can be assumed without a second factor by {', '.join(without)}.",
            expected="A trust policy with Bool aws:MultiFactorAuthPresent true.",
            principals=without,
        )
    return complies(f"{', '.join(who)} can assume the role with a second factor only.")


# -- rotation ---------------------------------------------------------------------------------

MaxAge = Annotated[int, Between(1, LONGEST_KEY_AGE_DAYS), "The oldest an active key may be"]


@iam_roles.rule(ROTATION, severity=Severity.HIGH)
def access_key_age(
    keys: AccessKeyAges,
    *,
    max_age_days: MaxAge = 90,
    overlap_days: Annotated[
        int, Between(1, LONGEST_KEY_AGE_DAYS), "How long two keys may be active at once"
    ] = 7,
    warn_days: Annotated[int, Between(1, LONGEST_KEY_AGE_DAYS), "From when to remind"] = 75,
) -> Verdict:
    """An active access key is replaced before it is old, and the old one is not kept."""
    active = [key for key in keys.keys if key.active]
    if not active:
        return not_applicable("The user has no active access key.")
    found = overdue(active, keys.now, max_age_days=max_age_days, overlap_days=overlap_days)
    ages = {key.id: age_in_days(key, keys.now) for key in active}
    if found:
        expected = (
            f"Active keys at most {max_age_days} days old, two at once for {overlap_days} at most."
        )
        return violates_all(found, expected=expected, ages_in_days=ages)
    oldest = max(ages.values())
    reason = f"The oldest active key is {oldest} days old."
    if oldest >= warn_days:
        reason += f" It has to be replaced before it is more than {max_age_days} days old."
    return complies(reason, ages_in_days=ages)


@iam_roles.rule(ROTATION, severity=Severity.HIGH)
def root_access_key_age(root: RootKeyAges, *, max_age_days: MaxAge = 90) -> Verdict:
    """An access key of the root user, where one has to exist, is not old."""
    if root.keys is None:
        reason = "The credential report does not show the root user's access keys."
        return cannot_tell(reason, missing=("iam:GetCredentialReport",))
    if not root.keys:
        return not_applicable("The root user has no active access key.")
    found = [
        Problem(Severity.HIGH, f"{key.id} of the root user is at least {age} days old.")
        for key in root.keys
        if (age := age_in_days(key, root.now)) > max_age_days
    ]
    if found:
        return violates_all(found, expected="No access key for the root user.")
    return complies("The root user's active access keys are young by the credential report.")


handler = handler_of(iam_roles)
