"""One thing, however an event or a person names it, is one resource and so has one finding.

AWS's APIs take a name, an ARN, a partial or qualified ARN or a URL for the same thing, and some
store a name in lower case. An event repeats what the caller wrote. Each declared path to an id is
tried with each of these spellings: it leads to the id that the type's listing gives, or to none, so
that everything of the type is looked at, and never to another id.
"""

from __future__ import annotations

import json

import pytest

from readiness.engine.events import API_CALL, CONFIG_ITEM, changes_of, resolve_targets
from readiness.model.evidence import ApiCall, ConfigItem, ServiceEvent, arn_of, declared
from readiness.model.resource import Resource
from readiness_cli import catalogue
from tests.contract.golden import CACHE, KEY
from tests.contract.made_events import ACCOUNT, BALANCER, REGION
from tests.contract.test_golden_events import events

RULES = tuple(catalogue.rules().values())
OTHER = "444455556666"
_GROUP = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1a2b:autoScalingGroupName"
_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:agent"
_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"
_ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"

NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "AWS::ApiGateway::DomainName": ("api.example.com", ()),
    "AWS::ApiGateway::RestApi": ("a1b2c3d4e5", ()),
    "AWS::ApiGatewayV2::Api": ("h1b2c3d4e5", ()),
    "AWS::AppSync::GraphQLApi": ("graphqlapiid000000000000aa", ()),
    "AWS::ApplicationSignals::ServiceLevelObjective": ("checkout-latency", ()),
    "AWS::AutoScaling::AutoScalingGroup": ("team/workers", (f"{_GROUP}/team/workers",)),
    "AWS::Backup::RestoreTestingPlan": ("weekly", ()),
    "AWS::CloudFormation::Stack": (
        "orders",
        (f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/orders/1f2e3d4c-0000-4000-8000-1",),
    ),
    "AWS::CloudFront::Distribution": ("E1ABCDEF2GHIJK", ()),
    "AWS::CloudWatch::Alarm": ("agent: errors", ()),
    "AWS::CloudWatch::Dashboard": ("agent", ()),
    "AWS::CodeBuild::Project": ("orders", ()),
    "AWS::DAX::Cluster": ("orders", ("Orders",)),
    "AWS::DynamoDB::Table": (
        "jobs",
        tuple(
            f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/jobs/{part}"
            for part in ("index/by-day", "stream/2026-11-02T12:00:00.000", "backup/01")
        ),
    ),
    "AWS::EC2::Instance": ("i-0123456789abcdef0", ()),
    "AWS::EC2::SecurityGroup": ("sg-0123456789abcdef0", ("agents",)),
    "AWS::EC2::Volume": ("vol-0123456789abcdef0", ()),
    "AWS::EC2::VPC": ("vpc-0123456789abcdef0", ()),
    "AWS::EFS::FileSystem": ("fs-0123456789abcdef0", ()),
    "AWS::ElastiCache::CacheCluster": ("pages", ("Pages", CACHE)),
    "AWS::ElastiCache::ReplicationGroup": ("sessions", ("Sessions",)),
    "AWS::ElastiCache::ServerlessCache": ("burst", ("Burst",)),
    "AWS::ElasticLoadBalancing::LoadBalancer": ("classic", ()),
    "AWS::IAM::Group": ("Admins", (f"arn:aws:iam::{ACCOUNT}:group/team/eu/Admins",)),
    "AWS::IAM::Role": ("Agent", (f"arn:aws:iam::{ACCOUNT}:role/service-role/Agent",)),
    "AWS::Events::Rule": ("orders/paid", ()),
    "AWS::Pipes::Pipe": ("clicks", ()),
    "AWS::Scheduler::ScheduleGroup": ("nightly", ()),
    "AWS::IAM::User": ("ana", (f"arn:aws:iam::{ACCOUNT}:user/people/ana",)),
    "AWS::KMS::Key": (
        KEY,
        ("alias/prod", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/prod"),
    ),
    "AWS::Batch::ComputeEnvironment": (
        "night",
        (f"arn:aws:batch:{REGION}:{ACCOUNT}:compute-environment/night",),
    ),
    "AWS::Kinesis::Stream": (
        "clicks",
        (f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/clicks/consumer/app:1700000000",),
    ),
    "AWS::Glue::Connection": ("warehouse", ()),
    "AWS::Glue::Job": ("nightly", ()),
    "AWS::Lambda::EventSourceMapping": ("a1b2c3d4-5678-90ab-cdef-1234567890ab", ()),
    "AWS::Lambda::Function": (
        "agent",
        (
            *(f"{_FUNCTION}:{qualifier}" for qualifier in ("live", "7", "$LATEST")),
            *("agent:live", f"{ACCOUNT}:function:agent", f"{ACCOUNT}:function:agent:7"),
            *(f"{ACCOUNT}:agent", f"{ACCOUNT}:agent:live"),
        ),
    ),
    "AWS::Logs::LogGroup": (
        "/aws/lambda/agent",
        tuple(
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/agent:{rest}"
            for rest in ("*", "log-stream:2026/11/02/[$LATEST]ab")
        ),
    ),
    "AWS::MemoryDB::Cluster": ("ledger", ("Ledger",)),
    "AWS::OpenSearch::Domain": ("search", ()),
    "AWS::RDS::DBCluster": ("orders", ("Orders",)),
    "AWS::RDS::DBInstance": ("orders-1", ("ORDERS-1",)),
    "AWS::RDS::DBProxy": ("pool", ()),
    "AWS::Redshift::Cluster": ("orders", ("Orders",)),
    "AWS::RedshiftServerless::Workgroup": ("orders", ()),
    "AWS::S3::Bucket": ("data", ("arn:aws:s3:::data/reports/2026.csv",)),
    "AWS::Route53::HealthCheck": ("0a1b2c3d-0123-4567-89ab-0123456789ab", ()),
    "AWS::Route53::HostedZone": (
        "Z0123456789ABCDEFGHIJ",
        ("/hostedzone/Z0123456789ABCDEFGHIJ",),
    ),
    "AWS::SNS::Topic": (
        "alarms",
        (f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms:c7fe3a54-ab0e-4ec2-88e0-db410a0f2bee",),
    ),
    "AWS::SQS::Queue": ("jobs", (f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs",)),
    "AWS::SSM::Document": ("Shop-Rollback", ()),
    "AWS::SSM::Parameter": ("/agent/url", ()),
    "AWS::SageMaker::Model": ("ranker-7", ()),
    "AWS::StepFunctions::StateMachine": (_MACHINE, (f"{_MACHINE}:prod", f"{_MACHINE}:3")),
}
"""The id of a thing as its listing has it, and what else stands for it. The ARN is added."""

BY_ARN = {
    "AWS::ApiGateway::Stage",
    "AWS::ApiGatewayV2::Stage",
    "AWS::AppRunner::Service",
    "AWS::Batch::JobDefinition",
    "AWS::CloudTrail::EventDataStore",
    "AWS::CloudTrail::Trail",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::IAM::Policy",
    "AWS::MSK::Cluster",
    "AWS::SecretsManager::Secret",
}
"""Types whose id is the ARN: calls name them by nothing else that a path leads to (secrets: see
tests/engine/test_events_secrets_management.py)."""
NOT_AWS = {
    "AWS::::Account",
    "Readiness::TestedWorkload",
    "Readiness::Workload",
    "Readiness::WorkloadDocuments",
    "*",
}


def types():
    """The types of the rules' evidence, by name."""
    found = {}
    for rule in RULES:
        for cls in rule.evidence:
            about = declared(cls).about
            found.setdefault(about.name, about)
    return found


TYPES = types()


def spellings(name):
    """Everything that stands for the sample of a type."""
    id, others = NAMES[name]
    arn = arn_of(Resource(ACCOUNT, REGION, name, id), "aws")
    return [id, *([arn] if arn and arn != id else []), *others]


def test_every_type_has_its_names():
    assert set(NAMES) | BY_ARN | NOT_AWS == set(TYPES)
    for name in BY_ARN:
        assert TYPES[name].arn == "{id}", name


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_person_may_give_any_name(name):
    about, (id, _) = TYPES[name], NAMES[name]
    arn = arn_of(about.resource(ACCOUNT, REGION, id), "aws")
    given = [text for text in spellings(name) if "alias/" not in text and text != "agents"]
    assert {about.id_of(text) for text in given} == {id}
    arns = [text for text in given if text.startswith("arn:")]
    assert {about.resource(ACCOUNT, REGION, text).id for text in [id, *arns]} == {id}
    foreign = arn.replace(ACCOUNT, OTHER)
    if foreign != arn:
        assert about.resource(ACCOUNT, REGION, foreign).id == foreign, "another account's"


def test_an_arn_of_another_kind_is_not_taken_for_the_thing():
    about = TYPES["AWS::DynamoDB::Table"]
    assert about.id_of(BALANCER) == BALANCER.partition("/")[0]
    assert TYPES["AWS::RDS::DBInstance"].id_of(f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:a") != "a"


def placed(path, value):
    """A detail with the value under a dotted path."""
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


def merged(*parts):
    whole = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(whole.get(key), dict)
            whole[key] = merged(whole[key], value) if both else value
    return whole


def event_of(change, path, value):
    """An event of a change that names the thing so."""
    match change:
        case ApiCall():
            name = change.names[0].replace("*", "20150331")
            detail = merged({"eventSource": change.source, "eventName": name}, placed(path, value))
            kind = API_CALL
        case ServiceEvent():
            fields = [placed(each, allowed[0]) for each, allowed in change.match]
            detail = merged(*fields, *([] if path == "resources" else [placed(path, value)]))
            kind = change.detail_type
        case ConfigItem():
            item = merged({"resourceType": change.type}, placed(path, value))
            detail, kind = {"configurationItem": item}, CONFIG_ITEM
    return {
        "id": "1",
        "detail-type": kind,
        "account": ACCOUNT,
        "region": REGION,
        "resources": [value] if path == "resources" else [],
        "detail": detail,
    }


def ids_of(event, type_):
    """The ids of the type that an event leads to; None among them for everything."""
    by_id = {rule.id: rule for rule in RULES}
    targets = resolve_targets(event, RULES).targets
    return {
        target.via[1] if target.via else target.id
        for target in targets
        if (target.via[0] if target.via else by_id[target.rule].subject.name) == type_
    }


def paths():
    """Every declared path to the id of a type that has several names."""
    found = {}
    for rule in RULES:
        for cls in rule.evidence:
            declaration = declared(cls)
            name = declaration.about.name
            for change in changes_of(declaration):
                for path in filter(None, change.id.split("|")):
                    if name in NAMES:
                        found.setdefault((name, change, path))
    return list(found)


PATHS = paths()


def test_the_paths_are_found():
    assert len(PATHS) > 80
    assert {name for name, _, _ in PATHS} > {"AWS::RDS::DBInstance", "AWS::Logs::LogGroup"}


@pytest.mark.parametrize(
    ("name", "change", "path"),
    PATHS,
    ids=lambda part: getattr(part, "names", None) and part.names[0],
)
def test_a_path_leads_to_one_id(name, change, path):
    id, _ = NAMES[name]
    for text in spellings(name):
        found = ids_of(event_of(change, path, text), name)
        assert found, f"{text} wakes nothing"
        assert found <= {id, None}, text
    assert ids_of(event_of(change, path, id), name) & {id, None}


@pytest.mark.parametrize("path", sorted(events()), ids=lambda path: path.stem)
def test_a_golden_event_that_names_things_otherwise_leads_to_no_other(path):
    """What a function finds in the whole event, too."""
    event = events()[path]
    text = json.dumps(event["detail"])
    by_id = {rule.id: rule for rule in RULES}
    before = {
        t.via or (by_id[t.rule].subject.name, t.id) for t in resolve_targets(event, RULES).targets
    }
    for type_, id in sorted((type_, id) for type_, id in before if id and type_ in NAMES):
        if event["detail-type"] == CONFIG_ITEM or f'"{id}"' not in text:
            continue
        arn = arn_of(Resource(ACCOUNT, REGION, type_, id), "aws")
        if not arn:
            continue
        spelled = {**event, "detail": json.loads(text.replace(f'"{id}"', f'"{arn}"'))}
        named = {each for about, each in before if about == type_}
        assert ids_of(spelled, type_) <= {*named, None}, arn
