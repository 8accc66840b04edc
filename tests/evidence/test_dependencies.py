"""What guards the dependencies that a manifest names: concurrency, circuits, outliers."""

from __future__ import annotations

import json

import pytest

from functions.error_handling import app
from readiness.evidence.workloads.dependencies import DependencyGuards
from tests.accounts import error_handling as worlds
from tests.evidence.failures import UNKNOWN, load, verdict
from tests.fake_account import ACCOUNT_ID, error


def dependencies(account):
    guards = load(DependencyGuards, "AWS::::Account", ACCOUNT_ID, account)
    return {each.name: each for each in guards.all}


def stated(*entries):
    document = {**worlds.MANIFEST, "dependencies": list(entries)}
    return {"ssm__get_parameters_by_path": {"Parameters": [worlds.parameter(document)]}}


def test_what_guards_the_dependencies_of_a_manifest():
    found = dependencies(worlds.fake_account())
    assert found["models"].functions == ("agent",)
    assert found["models"].circuit.state == "CLOSED"
    assert found["models"].circuit.refused == ()
    assert "anomaly mitigation" in found["agents/web"].ejects
    assert found["mail"].unlimited == ()


@pytest.mark.parametrize("reserved", [None, 0])
def test_no_concurrency_limits_nothing(reserved):
    answer = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
    found = dependencies(worlds.fake_account().but(lambda__get_function_concurrency=answer))
    assert found["mail"].unlimited == ("agent",)


def test_a_table_that_does_not_exist():
    gone = error("ResourceNotFoundException")
    account = worlds.fake_account().but(dynamodb__describe_table=gone)
    assert dependencies(account)["models"].circuit.table_state == ""
    assert ("dynamodb", "get_item") not in account.calls


def test_a_row_of_another_key_is_not_read():
    table = {"TableName": "circuits", "TableStatus": "ACTIVE"}
    keys = [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in (("pk", "HASH"), ("sk", "RANGE"))
    ]
    account = worlds.fake_account().but(
        dynamodb__describe_table={"Table": {**table, "KeySchema": keys}}
    )
    assert dependencies(account)["models"].circuit.key == ("pk", "sk")
    assert ("dynamodb", "get_item") not in account.calls


@pytest.mark.parametrize(
    ("opened", "when"),
    [("1793620800", "2026-11-02"), ("1e400", None), ("99999999999999", None)],
)
def test_when_a_circuit_opened(opened, when):
    row = {"Item": {"id": {"S": "models"}, "state": {"S": "open"}, "opened_at": {"N": opened}}}
    circuit = dependencies(worlds.fake_account().but(dynamodb__get_item=row))["models"].circuit
    assert circuit.state == "OPEN"
    assert (circuit.opened and f"{circuit.opened:%Y-%m-%d}") == when


def test_a_role_that_may_not_keep_the_state():
    version = {"Document": json.dumps(worlds.grants("dynamodb:GetItem")), "VersionId": "v1"}
    account = worlds.fake_account().but(iam__get_policy_version={"PolicyVersion": version})
    assert dependencies(account)["models"].circuit.refused == ("agent",)


def test_a_table_that_must_not_be_read():
    denied = error("AccessDeniedException")
    found = verdict(app.dependency_breakers, ACCOUNT_ID, dynamodb__get_item=denied)
    assert found.status is UNKNOWN
    assert found.missing == ("dynamodb:GetItem",)


def test_ecs_service_connect_ejects_what_fails():
    [service] = worlds.fake_account().answers["ecs", "describe_services"]["services"]

    def ejects(**connect):
        deployment = {"status": "PRIMARY", "serviceConnectConfiguration": connect}
        services = [{**service, "loadBalancers": [], "deployments": [deployment]}]
        account = worlds.fake_account().but(ecs__describe_services={"services": services})
        return dependencies(account)["agents/web"].ejects

    offered = [{"portName": "http"}]
    assert "Service Connect" in ejects(enabled=True, services=offered)
    assert ejects(enabled=True, services=[]) == ""
    assert ejects(enabled=False, services=offered) == ""


def test_mitigation_that_is_off():
    off = {"Attributes": [{"Key": "load_balancing.algorithm.anomaly_mitigation", "Value": "off"}]}
    account = worlds.fake_account().but(elbv2__describe_target_group_attributes=off)
    assert dependencies(account)["agents/web"].ejects == ""


def test_the_revision_changes_with_the_code():
    def revision(digest):
        functions = {"Functions": [worlds.function(CodeSha256=digest)]}
        account = worlds.fake_account().but(lambda__list_functions=functions)
        return load(DependencyGuards, "AWS::::Account", ACCOUNT_ID, account).revision

    assert revision("a") == revision("a") != revision("b")


def test_a_glob_names_functions_and_a_stroke_services():
    answers = stated({"name": "x", "used_by": ["*"]}, {"name": "y", "used_by": ["agents/*"]})
    found = dependencies(worlds.fake_account().but(**answers))
    assert (found["x"].functions, found["x"].services) == (("agent",), ())
    assert (found["y"].functions, found["y"].services) == ((), ("agents/web",))
