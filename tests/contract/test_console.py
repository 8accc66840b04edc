"""Every rule's resources have a page in the console of every partition, whatever their names."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest

from readiness.alerting.console import ACCOUNT, OF_ACCOUNT, PAGES, console_url
from readiness.model.resource import GLOBAL, Resource
from readiness_cli import catalogue
from tests.contract.test_one_name import BY_ARN, NAMES, TYPES

RULES = list(catalogue.rules().values())
SUBJECTS = sorted({rule.subject.name for rule in RULES} - {ACCOUNT})
NUMBER = "111122223333"
ARNS = {
    "AWS::ApiGateway::Stage": "arn:aws:apigateway:us-east-1::/restapis/a1b2/stages/prod",
    "AWS::ApiGatewayV2::Stage": "arn:aws:apigateway:us-east-1::/apis/a1b2/stages/$default",
    "AWS::Batch::JobDefinition": f"arn:aws:batch:us-east-1:{NUMBER}:job-definition/night:3",
    "AWS::CloudTrail::EventDataStore": f"arn:aws:cloudtrail:us-east-1:{NUMBER}:eventdatastore/1-2",
    "AWS::CloudTrail::Trail": f"arn:aws:cloudtrail:us-east-1:{NUMBER}:trail/all",
    "AWS::ECS::Cluster": f"arn:aws:ecs:us-east-1:{NUMBER}:cluster/shop",
    "AWS::ECS::Service": f"arn:aws:ecs:us-east-1:{NUMBER}:service/shop/web",
    "AWS::ECS::TaskDefinition": f"arn:aws:ecs:us-east-1:{NUMBER}:task-definition/web:7",
    "AWS::AppRunner::Service": f"arn:aws:apprunner:us-east-1:{NUMBER}:service/shop/8fe1e103",
    "AWS::MSK::Cluster": f"arn:aws:kafka:us-east-1:{NUMBER}:cluster/shop/6e494b06-5",
    "AWS::ElasticLoadBalancingV2::Listener": (
        f"arn:aws:elasticloadbalancing:us-east-1:{NUMBER}:listener/app/web/50dc/f2f7"
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        f"arn:aws:elasticloadbalancing:us-east-1:{NUMBER}:loadbalancer/app/web/50dc"
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        f"arn:aws:elasticloadbalancing:us-east-1:{NUMBER}:targetgroup/web/73e2"
    ),
    "AWS::IAM::Policy": f"arn:aws:iam::{NUMBER}:policy/team/Admin",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:us-east-1:{NUMBER}:secret:db-AbCdEf",
}
OPENS = {
    "AWS::ApiGateway::Stage": "apigateway/main/apis/a1b2/stages?api=a1b2&region=us-east-1",
    "AWS::CloudTrail::Trail": f"#/trails/arn:aws:cloudtrail:us-east-1:{NUMBER}:trail/all",
    "AWS::CloudWatch::Alarm": "/cloudwatch/home?region=us-east-1#alarmsV2:alarm/agent%3A%20errors",
    "AWS::ECS::Service": "/ecs/v2/clusters/shop/services/web/health?region=us-east-1",
    "AWS::ECS::TaskDefinition": "/ecs/v2/task-definitions/web/7/containers?region=us-east-1",
    "AWS::ElasticLoadBalancingV2::Listener": (
        f"#LoadBalancer:loadBalancerArn=arn:aws:elasticloadbalancing:us-east-1:{NUMBER}"
        ":loadbalancer/app/web/50dc;tab=listeners"
    ),
    "AWS::Events::Rule": "/events/home?region=us-east-1#/eventbus/orders/rules/paid",
    "AWS::IAM::Policy": f"#/policies/details/arn%3Aaws%3Aiam%3A%3A{NUMBER}%3Apolicy%2Fteam%2FAdmin",
    "AWS::Logs::LogGroup": "#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fagent",
    "AWS::SNS::Topic": f"#/topic/arn:aws:sns:us-east-1:{NUMBER}:alarms",
    "AWS::SQS::Queue": (f"#/queues/https%3A%2F%2Fsqs.us-east-1.amazonaws.com%2F{NUMBER}%2Fjobs"),
    "AWS::SSM::Parameter": "/systems-manager/parameters/%252Fagent%252Furl/description?",
}
HOSTILE = (
    '"><a href=x>',
    "a b\r\nSubject: forged",
    "../../../../evil.example.com/x",
    "\u202egnp.exe",
    "{region}{id}{0.__class__}",
    "x#y?z=1&region=eu-west-1",
    "//evil.example.com",
    "%2F%0d",
    "💥",
)


def sample(type_, region="us-east-1"):
    about = TYPES.get(type_)
    id = ARNS.get(type_) or (NAMES[type_][0] if type_ in NAMES else "shop")
    where = GLOBAL if about is not None and about.is_global else region
    return Resource(NUMBER, where, type_, id)


def test_the_samples_are_complete():
    assert set(ARNS) == BY_ARN


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_page_of_its_own(rule):
    if rule.subject.name == ACCOUNT:
        assert rule.id in OF_ACCOUNT
        url = console_url(Resource(NUMBER, "us-east-1", ACCOUNT, NUMBER), rule.id)
    else:
        assert rule.subject.name in PAGES
        url = console_url(sample(rule.subject.name), rule.id)
    assert "resource-explorer" not in url
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "us-east-1.console.aws.amazon.com")
    assert len(parts.path) > 2
    assert "{" not in url


def test_no_page_is_left_of_what_no_rule_is_about():
    assert set(PAGES) == set(SUBJECTS)
    assert set(OF_ACCOUNT) == {rule.id for rule in RULES if rule.subject.name == ACCOUNT}


@pytest.mark.parametrize("type_", sorted(OPENS))
def test_the_page_is_that_of_the_resource(type_):
    assert OPENS[type_] in console_url(sample(type_))


LISTS = {
    "AWS::ApplicationSignals::ServiceLevelObjective",
    "AWS::Backup::RestoreTestingPlan",
    "AWS::CloudTrail::EventDataStore",
    "AWS::DAX::Cluster",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::Pipes::Pipe",
    "Readiness::TestedWorkload",
    "Readiness::Workload",
    "Readiness::WorkloadDocuments",
}
"""Types whose link opens the list."""


@pytest.mark.parametrize("type_", [each for each in SUBJECTS if each not in LISTS])
def test_a_page_names_the_resource(type_):
    resource = sample(type_)
    said = unquote(unquote(console_url(resource).replace("$25", "%")))
    last = resource.id.rpartition("/")[2].rpartition(":")[2]
    if type_ == "AWS::ElasticLoadBalancingV2::Listener":
        last = "50dc"
    if type_.endswith("::Stage"):
        last = "a1b2"
    assert last in said


@pytest.mark.parametrize("type_", SUBJECTS)
@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("eu-west-1", "console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
def test_every_partition_has_its_own_host(type_, region, suffix, monkeypatch):
    monkeypatch.setenv("AWS_REGION", region)
    url = console_url(sample(type_, region))
    host = urlsplit(url).hostname
    assert host.endswith(suffix)
    named = host.partition(".")[0]
    assert f"region={named}" in url or "region=" not in url
    if type_ == "AWS::SQS::Queue" and region == "cn-north-1":
        assert "amazonaws.com.cn" in url
    if type_ == "AWS::SNS::Topic" and region == "cn-north-1":
        assert "arn:aws-cn:sns" in url


@pytest.mark.parametrize("type_", [*SUBJECTS, "AWS::New::Thing"])
@pytest.mark.parametrize("id", HOSTILE)
def test_no_name_leads_elsewhere_or_breaks_out_of_the_link(type_, id):
    url = console_url(Resource(NUMBER, "us-east-1", type_, id))
    assert urlsplit(url).hostname == "us-east-1.console.aws.amazon.com"
    assert url.isascii()
    assert not set(url) & set(" <>\"'`\r\n{}")
    assert ".." not in urlsplit(url).path.split("/")


def test_a_type_that_is_not_known_is_searched_for():
    url = console_url(Resource(NUMBER, "us-east-1", "AWS::New::Thing", "a/b"))
    assert url.endswith("/resource-explorer/home?region=us-east-1#/search?query=a%2Fb")
