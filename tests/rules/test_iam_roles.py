"""IAM Roles, keys and workloads: evidence in, verdict out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.iam_roles.rules_of_credentials import (
    access_key_age,
    function_credentials,
    root_access_key_age,
    root_access_keys,
    service_credentials,
    task_credentials,
    task_role,
    user_access_keys,
)
from functions.iam_roles.rules_of_mfa import console_mfa, root_hardware_mfa, root_mfa
from functions.iam_roles.rules_of_privileges import unused_access
from readiness import Severity, Status
from readiness.evidence.accessanalyzer import UnusedAccess
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.ecs.services import Service, Services
from readiness.evidence.ecs.task_definitions import Container, TaskDefinition
from readiness.evidence.iam.access_keys import AccessKey, AccessKeyAges, ActiveKeys
from readiness.evidence.iam.credentials import ConsoleAccess, ServiceCredentials
from readiness.evidence.iam.root_user import RootKeyAges, RootUser, RootVirtualDevice
from tests.accounts.iam_roles import fake_account
from tests.fake_account import NOON, evaluation, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
BLIND = Status.INSUFFICIENT_DATA
KEY_ID = "AKIAIOSFODNN7EXAMPLE"


def check(verdict, status, said):
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


@pytest.mark.parametrize(
    ("keys", "status", "said"),
    [
        pytest.param(0, GOOD, "no access key", id="none"),
        pytest.param(1, BAD, "1 access key", id="one"),
    ],
)
def test_root_access_keys(keys, status, said):
    check(root_access_keys(RootUser(keys, mfa=True)), status, said)


@pytest.mark.parametrize(
    ("keys", "settings", "status", "said"),
    [
        pytest.param(ActiveKeys("bo"), {}, GOOD, "no active", id="none"),
        pytest.param(ActiveKeys("bo", (), 2), {}, GOOD, "2 inactive", id="inactive ones"),
        pytest.param(ActiveKeys("bo", (KEY_ID,)), {}, BAD, "1 active", id="active"),
        pytest.param(
            ActiveKeys("ses-smtp", (KEY_ID,)),
            {"exempt_users": ("ses-*",)},
            NA,
            "exempt",
            id="exempt by name",
        ),
        pytest.param(
            ActiveKeys("bo", (KEY_ID,)), {"exempt_users": ("ses-*",)}, BAD, "1", id="another"
        ),
    ],
)
def test_user_access_keys(keys, settings, status, said):
    check(user_access_keys(keys, **settings), status, said)


@pytest.mark.parametrize(
    ("services", "exempt", "status"),
    [
        pytest.param((), (), GOOD, id="none"),
        pytest.param(("bedrock.amazonaws.com",), (), BAD, id="Bedrock API key"),
        pytest.param(("bedrock.amazonaws.com",), ("bo",), NA, id="exempt"),
    ],
)
def test_service_credentials(services, exempt, status):
    verdict = service_credentials(ServiceCredentials("bo", services), exempt_users=exempt)
    assert verdict.status is status


@pytest.mark.parametrize(
    ("environment", "status", "said"),
    [
        pytest.param({}, GOOD, "in 0 environment variables", id="no variables"),
        pytest.param({"MODE": "prod"}, GOOD, "in 1 environment variable.", id="harmless"),
        pytest.param({"VENDOR": KEY_ID}, BAD, "VENDOR", id="a key under another name"),
        pytest.param({"URL": f"https://{KEY_ID}@x"}, BAD, "URL", id="within a value"),
        pytest.param({"ID": "ASIAIOSFODNN7EXAMPLE"}, BAD, "ID", id="temporary key"),
        pytest.param(
            {"ID": f"X{KEY_ID}"}, GOOD, "No access key ID found", id="part of a longer word"
        ),
        pytest.param({"ID": KEY_ID.lower()}, GOOD, "No access key ID found", id="lower case"),
        pytest.param(
            {"ID": "AKIA0189IOSFODNN7EXA"}, GOOD, "No access key ID found", id="digits no key has"
        ),
        pytest.param(None, BLIND, "decrypt", id="undecryptable"),
    ],
)
def test_function_credentials(environment, status, said):
    verdict = function_credentials(RunEnvironments({LATEST: environment}))
    check(verdict, status, said)
    assert KEY_ID not in verdict.reason + str(verdict.observed), "the value is never told"


def test_a_published_version_keeps_the_key_that_was_removed():
    seventh = {"VENDOR": KEY_ID}
    verdict = function_credentials(RunEnvironments({LATEST: {}, "7": seventh}))
    check(verdict, BAD, "in version 7/VENDOR")
    check(function_credentials(RunEnvironments({LATEST: None, "7": seventh})), BAD, "VENDOR")
    check(function_credentials(RunEnvironments({LATEST: {}, "7": None})), BLIND, "of 7 (")


@pytest.mark.parametrize(
    ("container", "status", "said"),
    [
        pytest.param(Container("c", environment={"A": "b"}), GOOD, "No container", id="harmless"),
        pytest.param(
            Container("c", environment={"AWS_ACCESS_KEY_ID": "x"}), BAD, "c: AWS_", id="by name"
        ),
        pytest.param(
            Container("c", environment={"AWS_SECRET_ACCESS_KEY": "x"}), BAD, "SECRET", id="secret"
        ),
        pytest.param(Container("c", environment={"VENDOR": KEY_ID}), BAD, "VENDOR", id="by value"),
        pytest.param(
            Container("c", secrets={"AWS_ACCESS_KEY_ID": "arn:x"}),
            BAD,
            "c: AWS",
            id="from a secret",
        ),
        pytest.param(
            Container("c", secrets={"DB_PASSWORD": "arn:x"}), GOOD, "No", id="another secret"
        ),
        pytest.param(
            Container("c", environment_files=("arn:aws:s3:::b/prod.env",)),
            BLIND,
            "prod.env",
            id="files that are not read",
        ),
        pytest.param(
            Container("c", environment={"VENDOR": KEY_ID}, environment_files=("arn:x",)),
            BAD,
            "VENDOR",
            id="seen enough without the files",
        ),
    ],
)
def test_task_credentials(container, status, said):
    check(task_credentials(TaskDefinition("t", "t", containers=(container,))), status, said)


@pytest.mark.parametrize(
    ("role", "used", "required", "status"),
    [
        pytest.param("arn:role", True, True, GOOD, id="has a role"),
        pytest.param("", True, True, BAD, id="runs without"),
        pytest.param("", False, True, NA, id="runs nowhere"),
        pytest.param("", True, False, NA, id="not asked for"),
    ],
)
def test_task_role(role, used, required, status):
    running = (Service("s", "s", "c", "t" if used else "other"),)
    task = TaskDefinition("t", "t", task_role_arn=role)
    assert task_role(task, Services(running), require_task_role=required).status is status


@pytest.mark.parametrize(
    ("unused", "settings", "status", "said"),
    [
        pytest.param(UnusedAccess(), {}, NA, "no active", id="no analyzer"),
        pytest.param(
            UnusedAccess(),
            {"require_unused_access_analysis": True},
            BAD,
            "no active",
            id="analyzer required",
        ),
        pytest.param(UnusedAccess("a", 90, {}), {}, GOOD, "no open", id="nothing found"),
        pytest.param(
            UnusedAccess("a", 90, {"UnusedIAMRole": 2}), {}, BAD, "2 UnusedIAMRole", id="found"
        ),
        pytest.param(UnusedAccess("a", 180, {}), {}, BAD, "180 days", id="waits too long"),
        pytest.param(UnusedAccess("a", 180, {}), {"unused_days": 180}, GOOD, "no", id="as asked"),
    ],
)
def test_unused_access(unused, settings, status, said):
    check(unused_access(unused, **settings), status, said)


@pytest.mark.parametrize(
    ("root", "status", "said"),
    [
        pytest.param(RootUser(0, True), GOOD, "MFA device", id="device"),
        pytest.param(RootUser(0, False, False), GOOD, "no credentials", id="no credentials"),
        pytest.param(RootUser(0, False, None), BAD, "no MFA", id="password not told"),
        pytest.param(RootUser(0, False, True), BAD, "no MFA", id="password"),
        pytest.param(RootUser(1, False, False), BAD, "no MFA", id="key without password"),
        pytest.param(RootUser(0, False, None, False), NA, "no root user", id="no console"),
        pytest.param(RootUser(1, False, None, False), NA, "access keys", id="key without console"),
    ],
)
def test_root_mfa(root, status, said):
    check(root_mfa(root), status, said)


@pytest.mark.parametrize(
    ("root", "serial", "status"),
    [
        pytest.param(RootUser(0, True), "", GOOD, id="hardware"),
        pytest.param(RootUser(0, True), "arn:…:mfa/root", BAD, id="virtual"),
        pytest.param(RootUser(0, False), "", NA, id="none at all"),
    ],
)
def test_root_hardware_mfa(root, serial, status):
    assert root_hardware_mfa(root, RootVirtualDevice(serial)).status is status


@pytest.mark.parametrize(
    ("rule", "settings", "default"),
    [
        pytest.param(
            service_credentials,
            {"check_service_specific_credentials": False},
            GOOD,
            id="switched off",
        ),
        pytest.param(root_hardware_mfa, {"require_hardware_root": True}, NA, id="switched on"),
    ],
)
def test_what_is_judged_only_if_it_is_asked_for(rule, settings, default):
    [id, *_] = evaluation(fake_account(), [rule]).aws.find(rule.subject)
    changed, by_default = (
        observe(fake_account(), rule, id, **settings),
        observe(fake_account(), rule, id),
    )
    assert (by_default.crash, by_default.finding.status) == ("", default)
    expected = NA if default is GOOD else GOOD
    assert (changed.crash, changed.finding.status) == ("", expected), changed.finding.reason


@pytest.mark.parametrize(
    ("console", "status"),
    [
        pytest.param(ConsoleAccess(password=True, mfa=True), GOOD, id="both"),
        pytest.param(ConsoleAccess(password=True, mfa=False), BAD, id="password alone"),
        pytest.param(ConsoleAccess(password=False, mfa=False), NA, id="programmatic user"),
        pytest.param(ConsoleAccess(password=False, mfa=True), NA, id="device without password"),
    ],
)
def test_console_mfa(console, status):
    assert console_mfa(console).status is status


def aged(*days, active=True):
    keys = tuple(
        AccessKey(f"AKIA{n}", active, NOON - timedelta(days=day)) for n, day in enumerate(days)
    )
    return AccessKeyAges(keys, NOON)


@pytest.mark.parametrize(
    ("keys", "settings", "status", "said"),
    [
        pytest.param(aged(), {}, NA, "no active", id="no key"),
        pytest.param(aged(400, active=False), {}, NA, "no active", id="inactive only"),
        pytest.param(aged(0), {}, GOOD, "0 days", id="just made"),
        pytest.param(aged(90), {}, GOOD, "90 days", id="at the limit"),
        pytest.param(aged(90.99), {}, GOOD, "90 days", id="whole days count"),
        pytest.param(aged(91), {}, BAD, "AKIA0 is 91 days", id="a day over"),
        pytest.param(aged(75), {}, GOOD, "Rotate it before", id="reminder"),
        pytest.param(aged(74), {}, GOOD, "74 days old.", id="before the reminder"),
        pytest.param(aged(31), {"max_age_days": 30}, BAD, "31 days", id="stricter"),
        pytest.param(aged(8, 40), {}, BAD, "both been active for 8 days", id="two for too long"),
        pytest.param(aged(7, 40), {}, GOOD, "40 days", id="being rotated"),
        pytest.param(aged(100, 1), {}, BAD, "100 days", id="old one still active"),
        pytest.param(aged(30, 40), {"overlap_days": 30}, GOOD, "40", id="two as long as allowed"),
        pytest.param(aged(2, 40), {"overlap_days": 1}, BAD, "for 2", id="two longer than allowed"),
        pytest.param(aged(60), {"warn_days": 60}, GOOD, "Rotate it", id="earlier reminder"),
        pytest.param(aged(80), {"warn_days": 81}, GOOD, "80 days old.", id="later reminder"),
    ],
)
def test_access_key_age(keys, settings, status, said):
    check(access_key_age(keys, **settings), status, said)


@pytest.mark.parametrize(
    ("keys", "settings", "status", "said"),
    [
        pytest.param(None, {}, BLIND, "does not show", id="no row in the report"),
        pytest.param((), {}, NA, "no active", id="none"),
        pytest.param(aged(10).keys, {}, GOOD, "days old by the credential report", id="young"),
        pytest.param(
            aged(90).keys, {}, GOOD, "days old by the credential report", id="at the limit"
        ),
        pytest.param(aged(91).keys, {}, BAD, "at least 91 days", id="old"),
        pytest.param(
            aged(30).keys,
            {"max_age_days": 30},
            GOOD,
            "days old by the credential report",
            id="as old as allowed",
        ),
        pytest.param(aged(31).keys, {"max_age_days": 30}, BAD, "31 days", id="older than allowed"),
    ],
)
def test_root_access_key_age(keys, settings, status, said):
    check(root_access_key_age(RootKeyAges(keys, NOON), **settings), status, said)


def test_severities():
    assert root_access_keys.severity is root_mfa.severity is Severity.CRITICAL
    assert user_access_keys.severity is function_credentials.severity is Severity.HIGH
    assert task_role.severity is Severity.MEDIUM
