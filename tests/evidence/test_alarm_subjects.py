"""The things alarms are about: read alone and all at once, with the same answer."""

from __future__ import annotations

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.apigateway.apis import HTTP_API, HttpApi, RestApi
from readiness.evidence.apigateway.domains import REST_API
from readiness.evidence.awslambda.limits import ConcurrencyLimit
from readiness.evidence.dynamodb.tables import TABLE, TableCapacity, table_name
from readiness.evidence.elasticache.clusters import CACHE_CLUSTER, CacheCluster
from readiness.evidence.elbv2.load_balancers import (
    LOAD_BALANCER,
    LoadBalancer,
    TargetGroups,
    dimension_of,
)
from readiness.evidence.rds.instances import INSTANCE, DatabaseInstance
from readiness.evidence.sqs.dead_letters import DeadLetters
from readiness.evidence.sqs.queues import QUEUE
from readiness.evidence.stepfunctions import STATE_MACHINE, StateMachine
from readiness.evidence.workloads.tracing import WorkflowTracing
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts import alarms as worlds
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error


def load(cls, type_, id, fake_account, *, bulk=False):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=bulk)
    return aws.evidence(cls, type_.resource(ACCOUNT_ID, HOME, id)).evidence


@pytest.mark.parametrize("cls", [StateMachine, WorkflowTracing])
def test_a_state_machine_that_waits_for_its_executions_to_end_is_gone(cls):
    found = worlds.fake_account().answers["stepfunctions", "describe_state_machine"]
    going = {"stepfunctions__describe_state_machine": {**found, "status": "DELETING"}}
    with pytest.raises(Gone):
        load(cls, STATE_MACHINE, worlds.MACHINE, worlds.fake_account().but(**going))


SUBJECTS = [
    pytest.param(StateMachine, STATE_MACHINE, worlds.MACHINE, id="state machine"),
    pytest.param(DatabaseInstance, INSTANCE, "orders", id="database"),
    pytest.param(CacheCluster, CACHE_CLUSTER, "sessions-001", id="cache"),
    pytest.param(RestApi, REST_API, "r1", id="REST API"),
    pytest.param(HttpApi, HTTP_API, "a1b2c3d4", id="HTTP API"),
    pytest.param(LoadBalancer, LOAD_BALANCER, worlds.BALANCER, id="load balancer"),
    pytest.param(DeadLetters, QUEUE, "dead", id="dead-letter queue"),
    pytest.param(DeadLetters, QUEUE, "work", id="queue"),
]


@pytest.mark.parametrize(("cls", "type_", "id"), SUBJECTS)
def test_one_and_all_agree(cls, type_, id):
    alone = load(cls, type_, id, worlds.fake_account())
    assert alone == load(cls, type_, id, worlds.fake_account(), bulk=True)


@pytest.mark.parametrize(("cls", "type_", "id"), SUBJECTS[:-2])
def test_all_is_one_request(cls, type_, id):
    fake_account = worlds.fake_account()
    load(cls, type_, id, fake_account, bulk=True)
    assert len(fake_account.calls) == 1


@pytest.mark.parametrize(
    ("cls", "type_", "call", "code"),
    [
        (
            StateMachine,
            STATE_MACHINE,
            "stepfunctions__describe_state_machine",
            "StateMachineDoesNotExist",
        ),
        (DatabaseInstance, INSTANCE, "rds__describe_db_instances", "DBInstanceNotFound"),
        (
            CacheCluster,
            CACHE_CLUSTER,
            "elasticache__describe_cache_clusters",
            "CacheClusterNotFound",
        ),
        (RestApi, REST_API, "apigateway__get_rest_api", "NotFoundException"),
        (HttpApi, HTTP_API, "apigatewayv2__get_api", "NotFoundException"),
        (LoadBalancer, LOAD_BALANCER, "elbv2__describe_load_balancers", "LoadBalancerNotFound"),
        (TableCapacity, TABLE, "dynamodb__describe_table", "ResourceNotFoundException"),
        (
            DeadLetters,
            QUEUE,
            "sqs__list_dead_letter_source_queues",
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
    ],
)
def test_only_its_own_error_says_it_is_gone(cls, type_, call, code):
    with pytest.raises(Gone):
        load(cls, type_, "x", worlds.fake_account().but(**{call: error(code)}))
    for fault in FAULTS.values():
        with pytest.raises(Unreadable):
            load(cls, type_, "x", worlds.fake_account().but(**{call: fault}))


def test_a_table_that_was_never_on_demand_is_provisioned():
    """AWS leaves BillingModeSummary out; moto puts PROVISIONED there."""
    assert (
        load(TableCapacity, TABLE, "memory", worlds.fake_account()).billing_mode == "PROVISIONED"
    )
    summary = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}
    fake_account = worlds.fake_account().but(dynamodb__describe_table={"Table": summary})
    assert load(TableCapacity, TABLE, "memory", fake_account).billing_mode == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("value", "name"),
    [("t", "t"), ("arn:aws:dynamodb:us-east-1:1:table/t", "t"), ("", None)],
)
def test_table_names(value, name):
    assert table_name(value) == name


def test_target_groups_and_their_dimensions():
    groups = load(TargetGroups, REGION, ACCOUNT_ID, worlds.fake_account())
    assert groups.balancers == {worlds.GROUP: (worlds.BALANCER,)}
    assert dimension_of(worlds.BALANCER) == "app/front/50dc6c495c0c9188"
    assert dimension_of(worlds.GROUP) == "targetgroup/web/73e2d6bc24d8a067"


def test_the_concurrency_limit():
    assert load(ConcurrencyLimit, REGION, ACCOUNT_ID, worlds.fake_account()) == ConcurrencyLimit(
        1000, 1
    )


def with_functions(arn: str) -> FakeAccount:
    functions = [{"FunctionName": "agent", "DeadLetterConfig": {"TargetArn": arn}}]
    return worlds.fake_account().but(lambda__list_functions={"Functions": functions})


@pytest.mark.parametrize("bulk", [False, True], ids=["one", "all"])
def test_functions_send_their_failures_too(bulk):
    queue = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:work"
    assert load(DeadLetters, QUEUE, "work", with_functions(queue), bulk=bulk).sources == (
        "function agent",
    )
    topic = with_functions(f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:work")
    assert load(DeadLetters, QUEUE, "work", topic, bulk=bulk).sources == ()


def test_a_queue_deleted_since_it_was_listed():
    gone = error("AWS.SimpleQueueService.NonExistentQueue")

    def answer(**params):
        return gone if params["QueueUrl"].endswith("/dead") else {"queueUrls": []}

    fake_account = worlds.fake_account().but(sqs__list_dead_letter_source_queues=answer)
    with pytest.raises(Gone):
        load(DeadLetters, QUEUE, "dead", fake_account, bulk=True)
    assert load(DeadLetters, QUEUE, "work", fake_account, bulk=True).sources == ()
