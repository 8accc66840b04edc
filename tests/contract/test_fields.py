"""A rule is woken by the calls that change the fields of a function that it reads.

The type declares only what makes or removes a function. Which rule reads which field is seen while
the rule judges its fake accounts, so that a rule that begins to read the architecture has to ask
for evidence that new code wakes.
"""

from __future__ import annotations

import sys

import pytest

from readiness.engine import packing
from readiness.engine.events import changes_of
from readiness.evidence.awslambda.functions import SETTINGS, FunctionConfiguration, configured
from readiness.evidence.ecs.services import Service
from readiness.model.evidence import ApiCall, declared
from readiness_cli.catalogue import rules
from tests.account_variants import settings_of, variants_of
from tests.fake_account import ACCOUNT_ID, HOME, NOON, evaluation, service_model

RULES = [rule for rule in rules().values() if rule.subject.name == "AWS::Lambda::Function"]
IDENTITY = {"name", "arn", "master_arn", "package_type", "version"}
"""What stays for a function's life: a function of a .zip archive cannot take an image."""

BY_CODE = {
    "architectures": "Architectures",
    "code_sha256": "CodeSha256",
    "last_modified": "LastModified",
    "state": "State",
    "state_reason": "StateReason",
    "state_reason_code": "StateReasonCode",
    "last_update_status": "LastUpdateStatus",
    "last_update_reason": "LastUpdateStatusReason",
}
"""What new code changes, and the member of UpdateFunctionCode's request or answer that says so."""

NOT_BY_CODE = {
    # Inspector tells itself what it finds in new code.
    "security_validation.function-vulnerabilities": {"last_modified"},
    "cloudwatch.function-log-group": {"last_modified"},
    "resource_sizing.function-timeout": {"last_modified"},
    # Compute Optimizer recommends once a day.
    "cost_optimization.function-memory": {"last_modified"},
    "monitoring_validation.function-metrics": {"last_modified"},
    "monitoring_validation.function-traces": {"last_modified"},
}
"""Fields that a rule reads and that need not wake it.

A log group is neither made nor deleted by new code, and what new code needs of its timeout, or
sends to CloudWatch and X-Ray, shows only after it ran: both are seen by the sweep.
"""


@pytest.fixture
def read(monkeypatch):
    """The names of the fields that are read of any function's configuration."""
    seen: set[str] = set()
    fields = set(FunctionConfiguration.__dataclass_fields__)

    def noted(self, name):
        reader = sys._getframe(1).f_code.co_filename
        if name in fields and reader != packing.__file__:  # which weighs what is kept
            seen.add(name)
        return object.__getattribute__(self, name)

    monkeypatch.setattr(FunctionConfiguration, "__getattribute__", noted, raising=False)
    return seen


BY_SETTING = {
    "role_arn": "role",
    "runtime": "runtime",
    "memory_size": "memorySize",
    "timeout": "timeout",
    "environment": "environment",
    "environment_error": "kMSKeyArn",
    "vpc_id": "vpcConfig",
    "subnet_ids": "vpcConfig",
    "security_group_ids": "vpcConfig",
    "capacity_provider": "capacityProviderConfig",
    "layers": "layers",
    "tracing_mode": "tracingConfig",
    "log_group": "loggingConfig",
    "system_log_level": "loggingConfig",
    "dead_letter_target": "deadLetterConfig",
}
"""What a new setting changes, and the parameter as CloudTrail spells it."""


def is_woken_by(rule, call, **set_):
    detail = {"requestParameters": {"functionName": "agent", **set_}}
    return any(
        isinstance(change, ApiCall)
        and change.matches("lambda.amazonaws.com", call)
        and change.touches(detail)
        for cls in rule.evidence
        for change in changes_of(declared(cls))
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_woken_by_what_changes_the_fields_it_reads(rule, read):
    for variant in variants_of(rule).values():
        given = {rule.id: {**settings_of(rule), **variant.settings}}
        run = evaluation(variant.make(), [rule], given=given, now=NOON)
        run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, "agent"))
    of_code = read & set(BY_CODE) - NOT_BY_CODE.get(rule.id, set())
    assert not of_code or is_woken_by(rule, "UpdateFunctionCode20150331v2"), (
        f"{rule.id} reads {sorted(of_code)}: ask for FunctionBuild instead of FunctionConfiguration"
    )
    of_settings = read - set(BY_CODE) - IDENTITY
    unseen = sorted(
        field
        for field in of_settings
        if not is_woken_by(
            rule, "UpdateFunctionConfiguration20150331v2", **{BY_SETTING[field]: {}}
        )
    )
    assert not unseen, (
        f"{rule.id} reads {unseen}: ask for a class of evidence/awslambda/settings.py that has them"
    )


def test_each_field_belongs_to_one_kind():
    fields = set(FunctionConfiguration.__dataclass_fields__)
    assert fields == {*IDENTITY, *BY_CODE, *BY_SETTING}
    assert not set(BY_CODE) & set(BY_SETTING)


def test_the_settings_are_those_of_the_model():
    members = service_model("lambda").operation_model("UpdateFunctionConfiguration").input_shape
    sent = {name.lower() for name in members.members}
    assert sent >= {"functionname", "revisionid"}
    assert sent - {"functionname", "revisionid"} <= SETTINGS
    assert {name.lower() for name in BY_SETTING.values()} <= sent


@pytest.mark.parametrize(
    ("parameters", "touched"),
    [
        pytest.param({"functionName": "agent", "timeout": 9}, True, id="what it reads"),
        pytest.param({"functionName": "agent", "memorySize": 9}, False, id="something else"),
        pytest.param({"functionName": "agent", "description": ""}, False, id="set to nothing"),
        pytest.param({"functionName": "agent", "memorySize": 9, "timeout": 9}, True, id="both"),
        pytest.param({"functionName": "agent", "revisionId": "r", "layers": []}, False, id="at r"),
        pytest.param({"functionName": "agent"}, True, id="nothing is told"),
        pytest.param({"functionName": "agent", "novelConfig": {}}, True, id="unknown here"),
        pytest.param({"omitted": True, "reason": "too large"}, True, id="omitted"),
        pytest.param(None, True, id="absent"),
        pytest.param({"functionName": "agent", "TIMEOUT": 9}, True, id="another spelling"),
    ],
)
def test_a_call_touches_what_it_may_have_set(parameters, touched):
    assert configured("timeout").touches({"requestParameters": parameters}) is touched


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="tmieout"):
        configured("tmieout")


# -- how many tasks a service is to run ------------------------------------------------------------

COUNTS = {"desired_count", "running_count"}
NOT_BY_SCALING = {
    # A new task sends metrics and traces only after a while, and one of none is no longer idle.
    "cloudwatch.service-metrics",
    "monitoring_commands.service-traces",
    # ECS tells when a task stops; that all are there is service-status's to say.
    "ecs_deployment.tasks-healthy",
    # Whether it can go back or be stopped does not turn on how many there are, but on 0.
    "emergency_procedures.ecs-rollback",
    "emergency_procedures.service-shutdown",
}
"""Rules that read the number of tasks and that need not be woken whenever it changes."""


def scales(rule):
    """Whether a call that sets the number of tasks alone, as Auto Scaling's, wakes the rule."""
    request = {"cluster": "agents", "service": "web", "desiredCount": 5}
    return any(
        isinstance(change, ApiCall)
        and change.matches("ecs.amazonaws.com", "UpdateService")
        and change.touches({"requestParameters": request})
        for cls in rule.evidence
        for change in changes_of(declared(cls))
    )


def test_a_rule_that_reads_the_number_of_tasks_is_woken_by_scaling(monkeypatch):
    read = set()

    def noted(self, name):
        if name in COUNTS and sys._getframe(1).f_code.co_filename != packing.__file__:
            read.add(name)
        return object.__getattribute__(self, name)

    monkeypatch.setattr(Service, "__getattribute__", noted, raising=False)
    readers = set()
    for rule in (each for each in rules().values() if each.subject.name == "AWS::ECS::Service"):
        read.clear()
        for variant in variants_of(rule).values():
            given = {rule.id: {**settings_of(rule), **variant.settings}}
            run = evaluation(variant.make(), [rule], given=given, now=NOON)
            for id in run.aws.find(rule.subject):
                run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, id))
        if read:
            readers.add(rule.id)
    assert {id for id in readers if not scales(rules()[id])} == NOT_BY_SCALING
    assert "ecs_deployment.service-status" in readers


def test_few_rules_are_woken_by_scaling():
    woken = {id for id, rule in rules().items() if scales(rule)}
    assert woken == {
        "cost_optimization.service-spot",
        "ecs_deployment.service-status",
        "high_availability.service-health-checks",
        "high_availability.service-zones",
        "resource_sizing.service-connections",
        "resource_sizing.service-scaling",
    }


def test_some_rules_read_each_kind_of_field(read):
    woken = {
        call: {rule.id for rule in RULES if is_woken_by(rule, call)}
        for call in ("UpdateFunctionCode", "UpdateFunctionConfiguration", "CreateFunction")
    }
    assert woken["UpdateFunctionCode"] < woken["UpdateFunctionConfiguration"]
    assert woken["UpdateFunctionConfiguration"] < woken["CreateFunction"]
    assert woken["CreateFunction"] == {rule.id for rule in RULES}


def test_the_models_say_that_new_code_changes_these():
    operation = service_model("lambda").operation_model("UpdateFunctionCode")
    members = {*operation.input_shape.members, *operation.output_shape.members}
    assert set(BY_CODE.values()) <= members


def test_what_need_not_wake_is_read(read):
    by_id = rules()
    for id, fields in NOT_BY_CODE.items():
        rule = by_id[id]
        for variant in variants_of(rule).values():
            run = evaluation(variant.make(), [rule], now=NOON)
            run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, "agent"))
        assert fields <= read
        assert not is_woken_by(rule, "UpdateFunctionCode20150331v2")
