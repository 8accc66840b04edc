"""What the loaders on tracing make of AWS's answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from readiness.evidence.appsync.apis import GRAPHQL_API
from readiness.evidence.appsync.tracing import GraphqlRequests, GraphqlTracing
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.ecs.services import SERVICE
from readiness.evidence.ecs.task_definitions import TASK_DEFINITION
from readiness.evidence.stepfunctions import STATE_MACHINE
from readiness.evidence.workloads.anomaly_detection import AnomalyWatch
from readiness.evidence.workloads.requests import FunctionRequests, ServiceRequests
from readiness.evidence.workloads.tracing import (
    FunctionTracing,
    ReachedTracing,
    ServiceTracing,
    TaskTracing,
    WorkflowTracing,
)
from readiness.evidence.xray.configuration import Sampling, ServiceMap, TraceQueries
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone, Unreadable
from readiness.semantics.tracing import Tracer
from tests.accounts import xray
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

NO_PROBE = {"probe_filters": False}
PROBE = {"probe_filters": True}


def load(
    fake_account: FakeAccount,
    cls: Any,
    about: Any,
    id: str = ACCOUNT_ID,
    bulk=False,
    **settings: Any,
):
    aws = evaluation(fake_account, [], bulk=bulk).aws
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id), settings).evidence


def function(**changes: Any) -> dict[str, Any]:
    return xray.FUNCTION | {"TracingConfig": {"Mode": "PassThrough"}} | changes


def an_account(mappings: list[dict[str, Any]], policy: Any = None, **changes: Any) -> FakeAccount:
    """An account with one function that X-Ray does not trace."""
    about = function(**changes)
    refused = error("ResourceNotFoundException", 404)
    return xray.fake_account().but(
        lambda__list_functions={"Functions": [about]},
        lambda__get_function_configuration=about,
        lambda__list_event_source_mappings={"EventSourceMappings": mappings},
        lambda__get_policy={"Policy": json.dumps(policy)} if policy else refused,
    )


ARN = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent:live"
KAFKA = {"FunctionArn": ARN, "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "x"}}
MQ = {"FunctionArn": ARN, "Queues": ["orders"]}
SQS = {"FunctionArn": ARN, "EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:orders"}
OTHER = {"FunctionArn": ARN.replace("agent", "agent-2"), "Queues": ["orders"]}
INVOKED = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": "*",
        }
    ]
}


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize(
    ("mappings", "policy", "untraced"),
    [
        pytest.param([KAFKA, MQ], None, ("Amazon MQ", "Amazon MSK"), id="only such sources"),
        pytest.param([KAFKA, SQS], None, (), id="a queue too"),
        pytest.param([KAFKA], INVOKED, (), id="an API may invoke it"),
        pytest.param([], None, (), id="no source at all"),
    ],
)
def test_what_invokes_a_function(mappings, policy, untraced, bulk):
    found = load(an_account(mappings, policy), FunctionTracing, FUNCTION, "agent", bulk)
    assert found.untraced == untraced
    assert (found.tracing.tracer, found.role) == (Tracer.NONE, None)


def test_another_function_s_sources_are_not_its_own():
    assert load(an_account([OTHER]), FunctionTracing, FUNCTION, "agent", True).untraced == ()


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
def test_of_a_traced_function_nobody_asks_what_invokes_it(bulk):
    fake_account = xray.fake_account()
    found = load(fake_account, FunctionTracing, FUNCTION, "agent", bulk)
    assert (found.tracing.tracer, found.role.id) == (Tracer.XRAY, "agent")
    assert ("lambda", "list_event_source_mappings") not in fake_account.calls


def test_what_cannot_be_known_of_the_invokers_is_not_nothing():
    fake_account = an_account([KAFKA]).but(lambda__get_policy=error("AccessDeniedException", 403))
    with pytest.raises(Unreadable, match="lambda:GetPolicy"):
        load(fake_account, FunctionTracing, FUNCTION, "agent")


def versions(**about: Any) -> FakeAccount:
    """An account whose alias leads to version 7, which has other settings."""

    def configuration(**params: Any) -> Any:
        if params.get("Qualifier") == "7":
            return function(Version="7", **about) if about else error("ResourceNotFoundException")
        return xray.FUNCTION

    return xray.fake_account().but(
        lambda__get_function_configuration=configuration,
        lambda__list_aliases={"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
    )


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
def test_a_published_version_keeps_its_tracing_and_its_role(bulk):
    old = f"arn:aws:iam::{ACCOUNT_ID}:role/old"
    account = versions(TracingConfig={"Mode": "Active"}, Role=old)
    found = load(account, ReachedTracing, FUNCTION, "agent", bulk)
    [seventh] = found.published
    assert (seventh.version, seventh.tracing.tracer, seventh.role) == ("7", Tracer.XRAY, "old")
    assert [each.id for each in found.roles] == ["agent", "old"]
    [seventh] = load(versions(Role=old), ReachedTracing, FUNCTION, "agent", bulk).published
    assert (seventh.tracing.tracer, seventh.role) == (Tracer.NONE, "")


def test_a_version_that_is_gone_is_reached_by_no_one():
    assert load(versions(), ReachedTracing, FUNCTION, "agent").published == ()


def test_of_a_replica_no_version_is_asked():
    account = an_account([], MasterArn="arn:aws:lambda:us-east-1:1:function:x")
    assert load(account, ReachedTracing, FUNCTION, "agent").published == ()
    assert ("lambda", "list_aliases") not in account.calls


def test_a_task_and_its_service():
    task = load(xray.fake_account(), TaskTracing, TASK_DEFINITION, xray.TASKS)
    assert (task.tracing.tracer, task.service_name, task.role.id) == (Tracer.XRAY, "web", "agent")
    service = load(xray.fake_account(), ServiceTracing, SERVICE, xray.SERVICE)
    assert (service.names, service.is_named) == (("web",), True)
    assert service.log_groups == ("/ecs/web",)


def test_a_service_without_a_name_of_its_own_is_looked_for_under_guesses():
    """Not under its containers' names: many a service has an app."""
    task = {
        "taskDefinitionArn": xray.TASKS,
        "family": "front",
        "containerDefinitions": [{"name": "app", "image": "web:1"}],
    }
    fake_account = xray.fake_account().but(ecs__describe_task_definition={"taskDefinition": task})
    service = load(fake_account, ServiceTracing, SERVICE, xray.SERVICE)
    assert (service.names, service.is_named) == (("web", "front", "agents/web"), False)


def test_a_service_whose_task_definition_is_gone_may_be_traced():
    fake_account = xray.fake_account().but(
        ecs__describe_task_definition=error(
            "ClientException", 400, "Unable to describe task definition."
        )
    )
    assert load(fake_account, ServiceTracing, SERVICE, xray.SERVICE).tracing.tracer is Tracer.MAYBE


def test_a_state_machine():
    found = load(xray.fake_account(), WorkflowTracing, STATE_MACHINE, xray.MACHINE)
    assert found.writers == {"$LATEST": "agent", "live → 7": "agent"}
    assert [role.id for role in found.roles] == ["agent"]
    plain = xray.fake_account().answers["stepfunctions", "describe_state_machine"]
    untraced = xray.fake_account().but(
        stepfunctions__describe_state_machine=lambda **asked: {
            **plain,
            "tracingConfiguration": {"enabled": asked["stateMachineArn"] == xray.MACHINE},
        }
    )
    found = load(untraced, WorkflowTracing, STATE_MACHINE, xray.MACHINE)
    assert found.writers == {"$LATEST": "agent", "live → 7": None}
    fake_account = xray.fake_account().but(
        stepfunctions__describe_state_machine=error("StateMachineDoesNotExist")
    )
    with pytest.raises(Gone):
        load(fake_account, WorkflowTracing, STATE_MACHINE, xray.MACHINE)


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
def test_graphql(bulk):
    assert load(xray.fake_account(), GraphqlTracing, GRAPHQL_API, "g1", bulk).enabled
    assert load(xray.fake_account(), GraphqlRequests, GRAPHQL_API, "g1", bulk).per_second == 1.0


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
def test_requests_of_a_day_in_one_call(bulk):
    fake_account = xray.fake_account()
    function = load(fake_account, FunctionRequests, FUNCTION, "agent", bulk)
    service = load(fake_account, ServiceRequests, SERVICE, xray.SERVICE, bulk)
    for requests in (function, service):
        assert [part.total for part in requests.parts] == [86_400]
    assert fake_account.calls.count(("cloudwatch", "get_metric_data")) == 2


def test_sampling_rules_and_where_traces_go():
    narrow = xray.DEFAULT | {"RuleName": "health", "URLPath": "/health", "Priority": 1}
    valued = xray.DEFAULT | {"RuleName": "vip", "Attributes": {"tier": "gold"}, "Priority": 2}
    fake_account = xray.fake_account().but(
        xray__get_sampling_rules={
            "SamplingRuleRecords": [{"SamplingRule": r} for r in (narrow, valued, xray.DEFAULT)]
        },
        xray__get_trace_segment_destination={"Destination": "CloudWatchLogs", "Status": "ACTIVE"},
    )
    found = load(fake_account, Sampling, REGION)
    assert [rule.is_partial for rule in found.rules] == [True, True, False]
    assert found.destination == "CloudWatchLogs"


def test_the_map_and_what_is_indexed_for_it():
    gone = {"ReferenceId": 9, "Name": "old", "State": "deleted"}
    fake_account = xray.fake_account().but(
        xray__get_service_graph={"Services": [*xray.NODES, gone]}
    )
    found = load(fake_account, ServiceMap, REGION)
    assert [node.id for node in found.nodes] == [0, 1, 2, 3]
    assert found.nodes[0].to == {1, 3}
    assert found.indexed == 1.0
    indexed = {"Rule": {"Probabilistic": {"DesiredSamplingPercentage": 5.0}}, "Name": "Default"}
    fake_account = fake_account.but(
        xray__get_trace_segment_destination={"Destination": "CloudWatchLogs"},
        xray__get_indexing_rules={"IndexingRules": [indexed]},
    )
    assert load(fake_account, ServiceMap, REGION).indexed == 0.05


def test_saved_queries_are_read_to_the_last_page():
    """The AWS SDK has no paginator for them."""

    def pages(**params: Any) -> dict[str, Any]:
        number = int(params.get("nextToken", "0"))
        page = {"queryDefinitions": [{"name": f"q{number}", "queryString": "fields @trace"}]}
        return page | ({"nextToken": str(number + 1)} if number < 2 else {})

    fake_account = xray.fake_account().but(logs__describe_query_definitions=pages)
    found = load(fake_account, TraceQueries, REGION, **NO_PROBE)
    assert [query.name for query in found.queries] == ["q0", "q1", "q2"]


def test_a_page_that_leads_to_itself_is_no_answer():
    fake_account = xray.fake_account().but(
        logs__describe_query_definitions={"queryDefinitions": [], "nextToken": "again"}
    )
    with pytest.raises(Unreadable, match="logs:DescribeQueryDefinitions"):
        load(fake_account, TraceQueries, REGION, **NO_PROBE)


@pytest.mark.parametrize(
    ("settings", "answer", "refused"),
    [
        pytest.param(NO_PROBE, error("AccessDenied"), [False], id="not asked for"),
        pytest.param(PROBE, {"TraceSummaries": []}, [False], id="accepted"),
        pytest.param(PROBE, error("InvalidRequestException"), [True], id="refused"),
    ],
)
def test_filters_are_tried_where_that_is_asked_for(settings, answer, refused):
    fake_account = xray.fake_account().but(xray__get_trace_summaries=answer)
    found = load(fake_account, TraceQueries, REGION, **settings)
    assert [group.is_refused for group in found.groups] == refused
    assert found.groups[0].name == "slow", "X-Ray's own Default is nobody's query"


def rule(pattern: str | None, state: str = "ENABLED") -> dict[str, Any]:
    about: dict[str, Any] = {"Name": "r", "State": state}
    return about | ({"EventPattern": pattern} if pattern is not None else {})


@pytest.mark.parametrize(
    ("rules", "targets", "listeners"),
    [
        pytest.param([rule('{"source": ["aws.xray"]}')], 1, ("r",), id="by source"),
        pytest.param(
            [rule('{"detail-type": ["AWS X-Ray Insight Update"]}')], 1, ("r",), id="by detail-type"
        ),
        pytest.param([rule('{"source": [{"prefix": "aws."}]}')], 1, ("r",), id="by prefix"),
        pytest.param([rule('{"source": ["aws.xray"]}')], 0, (), id="no target"),
        pytest.param([rule('{"source": ["aws.xray"]}', "DISABLED")], 1, (), id="disabled"),
        pytest.param([rule('{"source": ["aws.ec2"]}')], 1, (), id="another source"),
        pytest.param(
            [rule('{"source": ["aws.xray"], "detail-type": ["Other"]}')], 1, (), id="other events"
        ),
        pytest.param([rule('{"account": ["1"]}')], 1, (), id="says neither"),
        pytest.param([rule(None), rule("{"), rule("[]")], 1, (), id="no pattern, and no JSON"),
    ],
)
def test_who_listens_to_insights(rules, targets, listeners):
    answer = {"Targets": [{"Id": "t", "Arn": xray.TOPIC}]} if targets else {}
    fake_account = xray.fake_account().but(
        events__list_rules={"Rules": rules}, events__list_targets_by_rule=answer
    )
    assert load(fake_account, AnomalyWatch, REGION).looking.listeners == listeners


def test_anomaly_detectors_of_both_kinds():
    stat = {
        "Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": []},
        "Stat": "Sum",
        "Period": 60,
    }
    fake_account = xray.fake_account().but(
        cloudwatch__describe_anomaly_detectors={
            "AnomalyDetectors": [
                {
                    "SingleMetricAnomalyDetector": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": "Duration",
                        "Stat": "p99",
                        "Dimensions": [{"Name": "FunctionName", "Value": "agent"}],
                    },
                    "StateValue": "TRAINED",
                },
                {
                    "MetricMathAnomalyDetector": {
                        "MetricDataQueries": [
                            {"Id": "m1", "MetricStat": stat, "ReturnData": False},
                            {"Id": "e1", "Expression": "m1*2"},
                        ]
                    },
                    "StateValue": "PENDING_TRAINING",
                },
            ]
        },
        logs__list_log_anomaly_detectors={
            "anomalyDetectors": [
                {
                    "detectorName": "odd",
                    "logGroupArnList": [
                        f"arn:aws:logs:{HOME}:{ACCOUNT_ID}:log-group:/aws/lambda/agent:*"
                    ],
                    "anomalyDetectorStatus": "ANALYZING",
                }
            ]
        },
    )
    looking = load(fake_account, AnomalyWatch, REGION).looking
    single, math = looking.detectors
    own = frozenset({("FunctionName", "agent")})
    assert single.metrics == {("AWS/Lambda", "Duration", own, "p99")}
    assert math.metrics == {("AWS/Lambda", "Errors", frozenset(), "Sum")}
    assert looking.log_detectors[0].log_groups == {"/aws/lambda/agent"}
