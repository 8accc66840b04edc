"""Which identity events make us look where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.iam_roles.app import iam_roles
from readiness.engine.events import resolve_targets

EVENTS = Path(__file__).parents[2] / "events"
POLICY = "arn:aws:iam::111122223333:policy/agent-tables"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"

USER_POLICIES = {"user-privileges", "user-sensitive-actions"}
USER_KEYS = {"access-key-age", "user-access-keys", "user-sensitive-actions"}
USER_ALL = USER_POLICIES | USER_KEYS | {"console-mfa", "service-credentials"}
GROUP_ALL = {"group-privileges", "group-sensitive-actions"}
ROLE_ALL = {"role-mfa", "role-privileges", "role-trust"}
ROOT = {"root-access-keys", "root-hardware-mfa", "root-mfa"}
ALL = None


def looked(name):
    kind, _, what = name.partition("/")
    event = json.loads((EVENTS / kind / f"iam_roles-{what}.json").read_text())
    return {
        (target.rule.removeprefix("iam_roles."), target.via or target.id)
        for target in resolve_targets(event, iam_roles).targets
    }


def each(rules, id):
    return {(rule, id) for rule in rules}


OF_A_POLICY = each({"role-privileges"} | USER_POLICIES | GROUP_ALL, ("AWS::IAM::Policy", POLICY))
OF_A_GROUP = each(USER_POLICIES, ("AWS::IAM::Group", "operators"))


def of_members(user):
    return each({"group-sensitive-actions"}, ("AWS::IAM::User", user))


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("config/user", each(USER_ALL, "ana") | of_members("ana")),
        ("config/user-deleted", each(USER_ALL, "ana") | of_members("ana")),
        ("config/group", each(GROUP_ALL, "operators") | OF_A_GROUP),
        ("config/role", each(ROLE_ALL, "agent")),
        ("config/policy", each({"policy-privileges"}, POLICY) | OF_A_POLICY),
        ("config/policy-oversized", each({"policy-privileges"}, POLICY) | OF_A_POLICY),
        (
            "cloudtrail/create-access-key",
            each(USER_KEYS, "robot")
            | of_members("robot")
            | each({"root-access-keys", "root-mfa", "root-hardware-mfa"}, ALL)
            | each({"root-access-key-age"}, ALL),
        ),
        ("cloudtrail/create-access-key-denied", set()),
        (
            "cloudtrail/update-own-access-key",
            each(USER_KEYS, ALL)
            | each({"group-sensitive-actions"}, ALL)
            | each(ROOT | {"root-access-key-age"}, ALL),
        ),
        ("cloudtrail/deactivate-mfa-device", each({"console-mfa"}, "ana") | each(ROOT, ALL)),
        ("cloudtrail/create-login-profile", each({"console-mfa"}, "ana")),
        (
            "cloudtrail/attach-role-policy",
            each({"role-privileges"}, "agent") | each({"policy-privileges"}, ADMIN),
        ),
        (
            "cloudtrail/update-assume-role-policy",
            each({"role-mfa", "role-privileges", "role-trust"}, "agent"),
        ),
        ("cloudtrail/create-policy", each({"policy-privileges"}, POLICY) | OF_A_POLICY),
        ("cloudtrail/create-policy-version", each({"policy-privileges"}, POLICY) | OF_A_POLICY),
        ("cloudtrail/put-group-policy", each(GROUP_ALL, "operators") | OF_A_GROUP),
        (
            "cloudtrail/add-user-to-group",
            each(USER_POLICIES, "ana") | each({"group-sensitive-actions"}, "operators"),
        ),
        (
            "cloudtrail/put-user-boundary",
            each(USER_POLICIES, "ana") | each({"policy-privileges"}, POLICY),
        ),
        (
            "cloudtrail/create-service-specific-credential",
            each({"service-credentials"}, "robot"),
        ),
        ("cloudtrail/update-function-configuration", each({"function-credentials"}, "agent")),
        (
            "cloudtrail/register-task-definition",
            each(
                {"task-credentials", "task-role"},
                "arn:aws:ecs:us-east-1:111122223333:task-definition/agent:8",
            ),
        ),
        ("service/root-login", each(ROOT | {"root-access-key-age"}, ALL)),
        ("service/user-login-without-mfa", each({"console-mfa"}, "ana")),
        ("service/user-login-with-mfa", set()),
        ("service/sso-login", set()),
        (
            "service/exposed-credentials",
            each(USER_KEYS | {"group-sensitive-actions"}, ALL),
        ),
        ("service/unused-role", each({"unused-access"}, ALL)),
    ],
)
def test_where_it_makes_us_look(name, targets):
    assert looked(name) == targets


def test_every_golden_event_is_used():
    written = {
        f"{path.parent.name}/{path.stem.removeprefix('iam_roles-')}"
        for path in EVENTS.glob("*/iam_roles-*.json")
    }
    [marks] = [m for m in test_where_it_makes_us_look.pytestmark if m.name == "parametrize"]
    assert written == {name for name, _ in marks.args[1]}
