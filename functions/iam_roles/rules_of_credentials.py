"""Rules of IAM Roles: credentials are short-lived, and access keys are rotated."""

from typing import Annotated

from readiness import Between, Severity, Verdict, cannot_tell, complies, not_applicable, violates
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.ecs.services import Services
from readiness.evidence.ecs.task_definitions import TaskDefinition
from readiness.evidence.iam.access_keys import LONGEST_KEY_AGE_DAYS, AccessKeyAges, ActiveKeys
from readiness.evidence.iam.credentials import ServiceCredentials
from readiness.evidence.iam.root_user import RootKeyAges, RootUser
from readiness.model.text import listed, plural

from .heading import iam_roles
from .keys import age_verdict, function_keys_verdict, root_age_verdict, task_keys_verdict
from .privilege import is_exempt
from .settings import ExemptUsers, MaxAge

ROLES = "Use IAM roles instead of access keys"
ROTATION = "Regular rotation of access keys (if used)"
EXEMPT_USER = "The setting exempt_users exempts the user."


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
