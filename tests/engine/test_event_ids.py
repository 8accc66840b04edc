"""Which resources an event names: one, several, or any of the type."""

from __future__ import annotations

import pytest

from readiness.engine.event_ids import MOST_IDS, ids_in, named_by
from readiness.engine.events import resolve_targets
from readiness.engine.targets import Target
from readiness.model.event_fields import every_at, if_named, partition_of_caller
from readiness.model.evidence import ServiceEvent, api_call
from readiness_cli import catalogue
from tests.contract.made_events import ACCOUNT, REGION

PATH = "requestParameters.instancesSet.items.instanceId"
MANY = tuple(f"i-{n}" for n in range(MOST_IDS + 1))
"""One more than are evaluated one by one."""


def asked(*items):
    return {"requestParameters": {"instancesSet": {"items": list(items)}}}


@pytest.mark.parametrize(
    ("detail", "ids"),
    [
        (asked({"instanceId": "i-1"}), ("i-1",)),
        (asked({"instanceId": "i-1"}, {"instanceId": "i-2"}), ("i-1", "i-2")),
        (asked({"instanceId": "i-1"}, {"instanceId": "i-1"}), ("i-1",)),
        (asked({"instanceId": "i-1"}, {"imageId": "ami-1"}), ()),
        (asked({"instanceId": "i-1"}, "odd"), ()),
        (asked({"instanceId": 7}), ()),
        (asked({"instanceId": "i-1"}, {"instanceId": 7}), ()),
        (asked(*({"instanceId": id} for id in MANY[:-1])), MANY[:-1]),
        (asked(*({"instanceId": id} for id in MANY)), ()),
        (asked(), ()),
        ({"requestParameters": None}, ()),
        ({}, ()),
    ],
    ids=[
        "one",
        "two",
        "twice",
        "one without",
        "one garbled",
        "a number",
        "a number beside one",
        "ten",
        "too many",
        "none",
        "null",
        "empty",
    ],
)
def test_the_ids_in_a_list(detail, ids):
    assert ids_in(detail, api_call("ec2", "TerminateInstances", id=PATH)) == ids


def test_one_that_is_not_understood_among_others_may_be_any():
    call = api_call(
        "x",
        "Y",
        id="requestParameters.arns",
        normalise=lambda text: text.partition("/")[2] or None,
    )
    assert ids_in({"requestParameters": {"arns": ["a/1", "a/2"]}}, call) == ("1", "2")
    assert ids_in({"requestParameters": {"arns": ["a/1", "2"]}}, call) == ()


def test_the_first_path_with_an_id_is_taken():
    call = api_call("x", "Y", id="responseElements.arn|requestParameters.names")
    both = {"responseElements": {"arn": "a"}, "requestParameters": {"names": ["b"]}}
    assert ids_in(both, call) == ("a",)
    assert ids_in(both | {"responseElements": None}, call) == ("b",)


def test_every_value_of_lists_in_lists():
    value = {"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": {"c": 3}}, {}]}
    assert every_at(value, "a.b.c") == [1, 2, 3, None]


def test_an_envelope_names_the_resource_too():
    change = ServiceEvent("Tag Change on Resource", id="resources")
    assert named_by(change, {"resources": ["arn:x"], "detail": {}}) == ("arn:x",)
    assert named_by(change, {"resources": [7], "detail": {"resources": "arn:y"}}) == ("arn:y",)


def test_a_call_without_a_new_name_concerns_no_other_resource():
    renamed = api_call("iam", "UpdateUser", identify=if_named("requestParameters.newUserName"))
    for sent, ids in (
        ({"newUserName": "anna"}, ("anna",)),
        ({"newUserName": ""}, None),
        ({"newUserName": 7}, None),
        ({}, None),
    ):
        assert named_by(renamed, {"detail": {"requestParameters": sent}}) == ids


@pytest.mark.parametrize(
    ("found", "ids"),
    [
        pytest.param(MANY[:-1], MANY[:-1], id="ten"),
        pytest.param(MANY, (), id="too many"),
        pytest.param((*MANY[:-1], MANY[0]), MANY[:-1], id="one twice"),
        pytest.param((), (), id="any"),
        pytest.param("i-0", ("i-0",), id="one"),
        pytest.param("", (), id="not told"),
    ],
)
def test_a_call_that_names_more_than_ten_in_its_own_way_may_be_about_any(found, ids):
    """Each would cost a read of its own, and an event lists what its maker likes."""
    call = api_call("ec2", "TerminateInstances", identify=lambda detail: found)
    assert named_by(call, {"detail": {}}) == ids


@pytest.mark.parametrize(
    ("identity", "partition"),
    [
        ({"arn": "arn:aws-us-gov:iam::1:user/a"}, "aws-us-gov"),
        ({"invokedBy": "AWS Internal"}, ""),
        ({"arn": "garbled"}, ""),
        (None, ""),
    ],
)
def test_the_partition_of_the_caller(identity, partition):
    assert partition_of_caller({"userIdentity": identity}) == partition


# -- what rules make of it -------------------------------------------------------------------------


def targets_of(service, name, request, response=None, **more):
    detail = {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"arn": f"arn:aws-cn:iam::{ACCOUNT}:user/ana"},
        "requestParameters": request,
        "responseElements": response,
        **more,
    }
    event = {
        "id": "1",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT,
        "region": REGION,
        "detail": detail,
    }
    return resolve_targets(event, catalogue.rules().values()).targets


def of_type(targets, name):
    subjects = {id: rule.subject.name for id, rule in catalogue.rules().items()}
    return {each for each in targets if subjects[each.rule] == name}


def ids(targets, name):
    return {each.id for each in of_type(targets, name)}


def test_several_that_others_refer_to_are_one_look_at_all_that_may_refer():
    definitions = [{"taskDefinitionArn": f"arn:aws:ecs:::task-definition/api:{n}"} for n in (1, 2)]
    found = targets_of("ecs", "DeleteTaskDefinitions", {}, {"taskDefinitions": definitions})
    services = of_type(found, "AWS::ECS::Service")
    assert services
    assert all(each.id is None and each.via is None for each in services)
    assert len(ids(found, "AWS::ECS::TaskDefinition")) == 2


STAGES = f"arn:aws-cn:apigateway:{REGION}::"
REST, HTTP = "AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"


@pytest.mark.parametrize("body", [{}, {"createStageInput": {"stageName": "v1"}}])
def test_a_call_about_a_stage_leads_to_that_one(body):
    sent = {"restApiId": "a1", **(body or {"stageName": "v1"})}
    found = targets_of("apigateway", "CreateStage", sent)
    assert ids(found, REST) == {f"{STAGES}/restapis/a1/stages/v1"}
    assert ids(found, HTTP) == set()
    found = targets_of("apigateway", "DeleteStage", {"apiId": "h1", "stageName": "$default"})
    assert ids(found, HTTP) == {f"{STAGES}/apis/h1/stages/$default"}
    assert ids(found, REST) == set()


@pytest.mark.parametrize("sent", [{"restApiId": "a1"}, None, {"stageName": "v1"}])
def test_a_call_that_does_not_tell_the_stage_may_be_about_any(sent):
    assert ids(targets_of("apigateway", "CreateDeployment", sent), REST) == {None}


def test_without_the_callers_arn_any_stage_is_meant():
    sent = {"restApiId": "a1", "stageName": "v1"}
    found = targets_of("apigateway", "UpdateStage", sent, userIdentity={"invokedBy": "x"})
    assert ids(found, REST) == {None}


@pytest.mark.parametrize(
    ("sent", "stages"),
    [
        ({"name": "a", "target": "arn:x"}, {f"{STAGES}/apis/h1/stages/$default"}),
        ({"createApiInput": {"target": "arn:x"}}, {f"{STAGES}/apis/h1/stages/$default"}),
        ({"name": "a", "protocolType": "HTTP"}, set()),
    ],
)
def test_a_quickly_made_api_has_a_stage(sent, stages):
    assert ids(targets_of("apigateway", "CreateApi", sent, {"apiId": "h1"}), HTTP) == stages


@pytest.mark.parametrize("name", ["DeleteTrail", "StopLogging", "UpdateTrail"])
def test_a_call_about_a_trail_leads_to_it(name):
    arn = f"arn:aws-cn:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
    for given in ("main", arn):
        found = targets_of("cloudtrail", name, {"name": given})
        assert ids(found, "AWS::CloudTrail::Trail") == {arn}
    assert ids(targets_of("cloudtrail", name, None), "AWS::CloudTrail::Trail") == {None}


@pytest.mark.parametrize(("publish", "is_woken"), [(True, True), (False, False), (None, False)])
def test_code_that_becomes_a_version_at_once_is_a_new_version(publish, is_woken):
    sent = {"functionName": "agent"} | ({} if publish is None else {"publish": publish})
    found = targets_of("lambda", "UpdateFunctionCode20150331v2", sent)
    assert (Target("emergency_procedures.lambda-rollback", "agent") in found) is is_woken


@pytest.mark.parametrize(
    ("name", "sent", "type_", "begins"),
    [
        ("DeleteRestApi", {"restApiId": "a1"}, REST, f"{STAGES}/restapis/a1/stages/"),
        ("DeleteApi", {"apiId": "h1"}, HTTP, f"{STAGES}/apis/h1/stages/"),
    ],
)
def test_what_ends_with_its_whole_is_looked_for_among_what_is_stored(name, sent, type_, begins):
    found = of_type(targets_of("apigateway", name, sent), type_)
    assert found
    assert {(each.id, each.begins) for each in found} == {(begins, True)}


OMITTED = {"omitted": True, "originalSize": 131072, "reason": "requestParameters too large"}
MAY_BE_ANY = [
    ("apigateway", "CreateApi", HTTP),
    ("apigateway", "UpdateStage", REST),
    ("cloudtrail", "StopLogging", "AWS::CloudTrail::Trail"),
    ("elasticloadbalancing", "ModifyListener", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    (
        "elasticloadbalancing",
        "DeleteLoadBalancerListeners",
        "AWS::ElasticLoadBalancing::LoadBalancer",
    ),
    ("events", "PutTargets", "AWS::SQS::Queue"),
    ("iam", "UpdateUser", "AWS::IAM::User"),
    ("lambda", "UpdateFunctionConfiguration20150331v2", "AWS::SQS::Queue"),
    ("rds", "CreateDBCluster", "AWS::RDS::DBInstance"),
    ("scheduler", "UpdateSchedule", "AWS::Scheduler::ScheduleGroup"),
    ("ssm", "AddTagsToResource", "AWS::SSM::Document"),
]


@pytest.mark.parametrize("sent", [None, OMITTED, "garbled"], ids=["null", "omitted", "garbled"])
@pytest.mark.parametrize(("service", "name", "type_"), MAY_BE_ANY)
def test_what_a_record_leaves_out_may_be_about_any(service, name, type_, sent):
    assert ids(targets_of(service, name, sent, sent), type_) == {None}


def test_a_listener_names_all_that_it_forwards_to():
    groups = [{"targetGroupArn": "blue"}, {"targetGroupArn": "green"}]
    forward = {"type": "forward", "forwardConfig": {"targetGroups": groups}}
    sent = {"listenerArn": "l", "defaultActions": [forward]}
    found = targets_of("elasticloadbalancing", "ModifyListener", sent)
    assert ids(found, "AWS::ElasticLoadBalancingV2::TargetGroup") == {"blue", "green"}
    for odd in ("forward", [7], [{"forwardConfig": "x"}], {"type": "fixed-response"}):
        found = targets_of(
            "elasticloadbalancing", "ModifyListener", sent | {"defaultActions": odd}
        )
        assert ids(found, "AWS::ElasticLoadBalancingV2::TargetGroup") == set()


def test_the_deletion_of_a_classic_load_balancer_ends_no_listener():
    found = targets_of("elasticloadbalancing", "DeleteLoadBalancer", {"loadBalancerName": "web"})
    assert of_type(found, "AWS::ElasticLoadBalancingV2::Listener") == set()
