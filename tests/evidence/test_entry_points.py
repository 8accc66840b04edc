"""Which series are asked for at each entry point, and how they are put together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.cloudwatch.histories import Span, total_of
from readiness.evidence.cloudwatch.processing_time import (
    FunctionProcessingTime,
    ServiceProcessingTime,
)
from readiness.evidence.workloads.api_entry_points import RestApiLatency, RestApiOutcomes
from readiness.evidence.workloads.balancer_entry_points import (
    BalancerOutcomes,
    ServiceLatency,
    ServiceOutcomes,
)
from readiness.evidence.workloads.function_entry_points import FunctionLatency, FunctionOutcomes
from readiness.evidence.workloads.monitors import OWN_TABLES, STACK_TAG
from readiness.evidence.workloads.tagged import WorkloadRequests, Workloads
from readiness.evidence.xray.traces import FunctionTraces
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone
from tests.accounts import monitoring_commands
from tests.accounts import performance_benchmarks as worlds
from tests.accounts.traffic import get_metric_data, list_metrics, steadily
from tests.benchmarks.prices import billed_metrics
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error
from tests.histories import history

LIMITS = {"target_ms": 100.0, "degraded_ms": 500.0, "critical_ms": 1000.0}
OWN = {"series": ("MAIF/Agents:Processing*",), "dimension": "AgentId", "units_per_ms": 1.0}
SETTINGS = LIMITS | OWN


def read(cls, type_, id, fake_account, *, bulk=False):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=bulk)
    return aws.evidence(cls, Resource(ACCOUNT_ID, HOME, type_, id), SETTINGS).evidence


def counting(**per_second):
    """The account with other traffic, and the questions CloudWatch was asked."""
    asked = []
    answer = get_metric_data(steadily(per_second))

    def remembering(**params):
        asked.append(params)
        return answer(**params)

    fake_account = worlds.fake_account()
    fake_account.answers["cloudwatch", "get_metric_data"] = remembering
    return fake_account, asked


def statistics(asked, metric):
    return {
        query["MetricStat"]["Stat"]
        for call in asked
        for query in call["MetricDataQueries"]
        if query["MetricStat"]["Metric"]["MetricName"] == metric
    }


def test_limits_are_asked_in_the_metrics_own_unit():
    fake_account, asked = counting(Duration=1.0)
    read(FunctionLatency, "AWS::Lambda::Function", worlds.FUNCTION, fake_account)
    counts = {"SampleCount", "TC(:100)", "TC(:500)", "TC(:1000)"}
    assert statistics(asked, "Duration") == counts
    read(ServiceLatency, "AWS::ECS::Service", worlds.SERVICE, fake_account)
    assert statistics(asked, "TargetResponseTime") == {
        "SampleCount",
        "TC(:0.1)",
        "TC(:0.5)",
        "TC(:1)",
    }


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize(
    ("sources", "events", "is_asked"),
    [
        pytest.param([], 0.9, True, id="callers that wait"),
        pytest.param([], 1.0, False, id="mostly events"),
        pytest.param([worlds.mapping()], 0.0, False, id="fed by a queue"),
    ],
)
def test_how_long_a_function_takes_is_not_asked_where_no_caller_waits(
    sources, events, is_asked, bulk
):
    """CloudWatch bills the metric, and the rule on latency does not look at it then."""
    fake_account, asked = counting(Duration=1.0, Invocations=2.0, AsyncEventsReceived=events)
    fake_account = fake_account.but(
        lambda__list_event_source_mappings={"EventSourceMappings": sources},
        sqs__get_queue_attributes=worlds.queue_attributes,
        sqs__list_dead_letter_source_queues={"queueUrls": ["https://x/work"]},
    )
    name = worlds.mapping()["FunctionArn"].split(":")[6]
    fake_account.answers["lambda", "list_functions"] = {"Functions": [worlds.function(name)]}
    published = list_metrics([{"FunctionName": name}])
    fake_account.answers["cloudwatch", "list_metrics"] = published
    found = read(FunctionLatency, "AWS::Lambda::Function", name, fake_account, bulk=bulk)
    assert bool(statistics(asked, "Duration")) is is_asked
    assert bool(found.own.counts) is is_asked


def test_the_last_hour_by_5_minutes_and_a_week_and_an_hour_by_the_hour():
    fake_account, asked = counting(Duration=1.0)
    found = read(FunctionLatency, "AWS::Lambda::Function", worlds.FUNCTION, fake_account)
    [count] = found.own.counts
    assert (count.sum(Span.HOUR), count.sum(Span.DAY)) == (3600, 86_400)
    assert (count.sum(Span.WEEK), count.a_week_ago) == (604_800, 3600)
    assert len([call for call in asked if statistics([call], "Duration")]) == 2


def test_few_requests_for_all_functions_together():
    """What came today in one; the days before in one for each row that keeps them."""
    fake_account, asked = counting(Invocations=1.0)
    names = [f"f{n}" for n in range(30)]
    fake_account.answers["lambda", "list_functions"] = {
        "Functions": [worlds.function(name) for name in names]
    }
    published = list_metrics([{"FunctionName": name} for name in names])
    fake_account.answers["cloudwatch", "list_metrics"] = published
    read(FunctionOutcomes, "AWS::Lambda::Function", "f7", fake_account, bulk=True)
    counts = [len(call["MetricDataQueries"]) for call in asked]
    assert (counts[0], sum(counts)) == (2 * 30, 2 * (30 + 60 + 30 + 120) + 2)
    assert len(counts) <= 4 * (1 + 16)


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize(("throttles", "refused"), [(0.0, 0.0), (0.5, 0.25)])
def test_refusals_of_a_url_are_asked_for_where_something_was_throttled(throttles, refused, bulk):
    fake_account, asked = counting(
        Invocations=1.0,
        UrlRequestCount=1.0,
        Url4xxCount=0.25,
        Url5xxCount=0.0,
        Throttles=throttles,
    )
    published = list_metrics([{"FunctionName": worlds.FUNCTION}])
    fake_account.answers["cloudwatch", "list_metrics"] = published
    found = read(
        FunctionOutcomes, "AWS::Lambda::Function", worlds.FUNCTION, fake_account, bulk=bulk
    )
    url = found.entry_points[0]
    url = url.worst or url
    assert [each.sum(Span.HOUR) for each in url.refused_within] == [3600 * refused]
    assert bool(statistics(asked, "Url4xxCount")) is bool(throttles)


def test_what_several_rules_ask_of_functions_is_paid_once():
    fake_account, asked = counting(Invocations=1.0)
    published = list_metrics([{"FunctionName": worlds.FUNCTION}])
    fake_account.answers["cloudwatch", "list_metrics"] = published
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=True)
    function = Resource(ACCOUNT_ID, HOME, "AWS::Lambda::Function", worlds.FUNCTION)
    for cls in (FunctionOutcomes, FunctionLatency):
        aws.evidence(cls, function, SETTINGS)
    metrics = [
        query["MetricStat"]["Metric"]["MetricName"]
        for call in asked
        if call["StartTime"] > NOON - timedelta(days=2)
        for query in call["MetricDataQueries"]
    ]
    assert metrics.count("Duration") == 4
    assert sum(map(billed_metrics, asked)) == 2 * len(set(metrics))


@pytest.mark.parametrize(
    ("per_second", "source"),
    [
        pytest.param({"Invocations": 2.0}, "Invocations", id="called"),
        pytest.param(
            {"Invocations": 2.0, "AsyncEventsReceived": 1.0}, "AsyncEventsReceived", id="half"
        ),
        pytest.param({"Invocations": 2.0, "AsyncEventsReceived": 0.9}, "Invocations", id="less"),
    ],
)
def test_events_are_counted_where_most_invocations_are_events(per_second, source):
    fake_account, _ = counting(**per_second)
    found = read(FunctionOutcomes, "AWS::Lambda::Function", worlds.FUNCTION, fake_account)
    assert found.entry_points[1].source == f"AWS/Lambda {source}"


def test_a_deleted_function_is_gone_though_its_metrics_stay():
    fake_account, _ = counting(Invocations=1.0)
    gone = error("ResourceNotFoundException", 404)
    fake_account.answers["lambda", "get_function_configuration"] = gone
    with pytest.raises(Gone):
        read(FunctionOutcomes, "AWS::Lambda::Function", "deleted", fake_account)


def test_a_load_balancers_refusals_count_once_for_a_service_in_two_of_its_groups():
    fake_account, _ = counting(
        RequestCount=1.0, HTTPCode_ELB_503_Count=2.0, HTTPCode_ELB_5XX_Count=3.0
    )
    service = dict(fake_account.answers["ecs", "describe_services"]["services"][0])
    service["loadBalancers"] = [
        {"targetGroupArn": worlds.GROUP},
        {"targetGroupArn": worlds.GROUP + "2"},
    ]
    fake_account.answers["ecs", "describe_services"] = {"services": [service]}
    fake_account.answers["elbv2", "describe_target_groups"] = {
        "TargetGroups": [
            {"TargetGroupArn": worlds.GROUP, "LoadBalancerArns": [worlds.BALANCER]},
            {"TargetGroupArn": worlds.GROUP + "2", "LoadBalancerArns": [worlds.BALANCER]},
        ]
    }
    found = read(ServiceOutcomes, "AWS::ECS::Service", worlds.SERVICE, fake_account)
    assert found.outcomes.failures(Span.HOUR) == (3 * 3600, (1 + 1 + 2) * 3600)


def test_a_network_load_balancer_is_no_door_of_a_service():
    fake_account, asked = counting(RequestCount=1.0)
    arn = worlds.BALANCER.replace("/app/", "/net/")
    fake_account.answers["elbv2", "describe_target_groups"] = {
        "TargetGroups": [{"TargetGroupArn": worlds.GROUP, "LoadBalancerArns": [arn]}]
    }
    found = read(ServiceOutcomes, "AWS::ECS::Service", worlds.SERVICE, fake_account)
    assert found.entry_points.groups == ()
    assert asked == []


@pytest.mark.parametrize(
    ("balancer", "elsewhere"),
    [
        pytest.param(worlds.BALANCER, True, id="leads to a service"),
        pytest.param(worlds.OTHER_BALANCER, False, id="leads to hosts"),
    ],
)
@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
def test_whether_a_load_balancer_is_judged_at_its_services(balancer, elsewhere, bulk):
    fake_account, _ = counting(RequestCount=1.0)
    type_ = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    found = read(BalancerOutcomes, type_, balancer, fake_account, bulk=bulk)
    assert found.judged_elsewhere is elsewhere


def test_a_rest_api_is_measured_by_its_name():
    fake_account, asked = counting(Count=1.0)
    read(RestApiOutcomes, "AWS::ApiGateway::RestApi", worlds.REST_API, fake_account)
    queries = [query["MetricStat"]["Metric"] for query in asked[0]["MetricDataQueries"]]
    assert {metric["MetricName"] for metric in queries} == {"Count", "5XXError"}
    assert queries[0]["Dimensions"] == [{"Name": "ApiName", "Value": "agents"}]


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize("cls", [RestApiLatency, RestApiOutcomes])
def test_other_rest_apis_of_that_name_are_told(cls, bulk):
    fake_account, _ = counting(Count=1.0)
    apis = [(worlds.REST_API, "agents"), ("other", "agents"), ("third", "orders")]
    fake_account = fake_account.but(
        apigateway__get_rest_apis={"items": [{"id": id, "name": name} for id, name in apis]}
    )
    found = read(cls, "AWS::ApiGateway::RestApi", worlds.REST_API, fake_account, bulk=bulk)
    assert found.namesakes == ("other",)


def test_rest_apis_of_one_name_are_counted_once():
    fake_account, _ = counting(Count=2.0)
    arns = [f"arn:aws:apigateway:{HOME}::/restapis/{id}" for id in (worlds.REST_API, "other")]
    tags = [{"Key": "Application", "Value": "MAIF"}]
    fake_account = fake_account.but(
        resourcegroupstaggingapi__get_resources={
            "ResourceTagMappingList": [{"ResourceARN": arn, "Tags": tags} for arn in arns]
        }
    )
    demand = read(WorkloadRequests, "Readiness::Workload", "MAIF", fake_account).demand
    assert set(demand.requests.values()) == {2 * 86_400.0}


def test_a_workloads_requests_are_those_of_its_users():
    fake_account, asked = counting(RequestCount=1.0, Count=2.0, Invocations=50.0)
    demand = read(WorkloadRequests, "Readiness::Workload", "MAIF", fake_account).demand
    assert demand.entry_points == ("REST API agents", "load balancer app/agents/50dc6c495c0c")
    assert set(demand.requests.values()) == {3 * 86_400.0}
    assert len(demand.requests) == 62
    assert {call["MetricDataQueries"][0]["MetricStat"]["Period"] for call in asked} == {86_400}


def test_functions_count_where_there_is_no_other_door():
    fake_account, _ = counting(Invocations=50.0)
    demand = read(WorkloadRequests, "Readiness::Workload", "MAIF", fake_account, bulk=True).demand
    assert demand.entry_points == ("function my-agent, Invocations",)


def test_the_monitors_own_stack_is_no_workload():
    """It is deployed with the tag: `sam deploy --config-env prod`."""

    def table(logical, **tags):
        tags["aws:cloudformation:logical-id"] = logical
        return {
            "ResourceARN": f"arn:aws:dynamodb:{HOME}:{ACCOUNT_ID}:table/{logical}",
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }

    tables = [table(each, Application="readiness", **{STACK_TAG: "ours"}) for each in OWN_TABLES]
    tables.append(table("Findings", Application="shop", **{STACK_TAG: "theirs"}))
    fake_account, _ = counting()
    fake_account = fake_account.but(
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": tables}
    )
    assert read(Workloads, "AWS::::Account", ACCOUNT_ID, fake_account).names == ("shop",)


def test_a_workload_nothing_is_tagged_with_is_gone():
    fake_account, _ = counting()
    with pytest.raises(Gone):
        read(WorkloadRequests, "Readiness::Workload", "former", fake_account)


@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
def test_processing_times_are_those_published_under_the_functions_name(bulk):
    fake_account = monitoring_commands.fake_account()
    time = read(
        FunctionProcessingTime, "AWS::Lambda::Function", worlds.FUNCTION, fake_account, bulk=bulk
    ).time
    assert [one.name for one in time.published] == ["MAIF/Agents:ProcessingTime"]
    assert time.values == (2 if bulk else 1)
    assert time.published[0].latency.counts[0].sum(Span.HOUR) == 7200


def test_traces_are_asked_for_only_where_there_were_invocations():
    fake_account = monitoring_commands.fake_account()
    asked = []

    def traces(**params):
        asked.append(params)
        summaries = [{"Id": "a", "Duration": 2.5}, {"Id": "b", "IsPartial": True}]
        return {"TraceSummaries": summaries}

    fake_account.answers["xray", "get_trace_summaries"] = traces
    found = read(FunctionTraces, "AWS::Lambda::Function", worlds.FUNCTION, fake_account, bulk=True)
    assert found.traces.durations == {"a": 2.5}
    [question] = asked
    assert question["FilterExpression"] == 'service("my-agent")'
    assert (question["TimeRangeType"], question["Sampling"]) == ("Event", True)
    assert (question["EndTime"] - question["StartTime"]).total_seconds() == 3600
    fake_account.answers["cloudwatch", "get_metric_data"] = get_metric_data(steadily({}))
    idle = read(FunctionTraces, "AWS::Lambda::Function", worlds.FUNCTION, fake_account)
    assert (idle.invocations, idle.traces.durations, len(asked)) == (0.0, {}, 1)


@pytest.mark.parametrize("bulk", [False, True])
def test_a_services_work_is_the_requests_of_its_load_balancers(bulk):
    account = monitoring_commands.fake_account()
    found = read(ServiceProcessingTime, "AWS::ECS::Service", worlds.SERVICE, account, bulk=bulk)
    assert found.time.work.sum(Span.HOUR) == 7200
    service = dict(account.answers["ecs", "describe_services"]["services"][0])
    alone = account.but(ecs__describe_services={"services": [service | {"loadBalancers": []}]})
    found = read(ServiceProcessingTime, "AWS::ECS::Service", worlds.SERVICE, alone, bulk=bulk)
    assert found.time.work is None


def test_the_work_of_two_target_groups_is_added():
    one, two = history(3, 1), history(4, 2)
    both = total_of([one, two])
    assert (both.sum(Span.HOUR), both.sum(Span.DAY)) == (7, 23 * 3 + 7)
    assert total_of([one]) is one
