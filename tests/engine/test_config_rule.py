"""The answer to AWS Config keeps to PutEvaluations' limits, which no test bed enforces."""

from dataclasses import replace

import pytest

from functions.encryption.app import encryption
from readiness import Status
from readiness.engine.aws import Aws
from readiness.engine.config_rule import (
    EvaluationsRefused,
    answer,
    beside,
    evaluations,
    ids_in,
    settled,
)
from readiness.engine.observation import Observation
from readiness.engine.targets import ConfigRequest, Target
from readiness.model.resource import Resource
from readiness_cli.catalogue import headings, rules
from readiness_cli.patterns import config_types
from tests.fake_account import FAULTS, NOON, Clock, FakeAccount
from tests.findings import BUCKET, after, finding

RULES = {rule.id: rule for rule in encryption}
RULE = RULES["encryption.s3-kms"]
SCHEDULED = ConfigRequest("token", "2026-11-02T12:00:00.000Z", {})
CHANGE = ConfigRequest("token", "2026-11-02T11:00:00.000Z", {}, "AWS::S3::Bucket", "data")


def seen(status, resource=BUCKET, reason="Because."):
    made = finding(status, resource=resource, reason=reason) if status else None
    return Observation(RULE, resource, after(), made)


def bucket(number):
    return Resource("111122223333", "us-east-1", "AWS::S3::Bucket", f"b{number}")


class Config:
    """PutEvaluations as the service does it, refusing what the service refuses."""

    def __init__(self, *, failing=0):
        self.calls = []
        self.failing = failing

    def put_evaluations(self, *, Evaluations, ResultToken, TestMode):  # noqa: N803 — Config's names
        assert 0 < len(Evaluations) <= 100
        for each in Evaluations:
            assert each["ComplianceType"] in {"COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"}
            assert 1 <= len(each.get("Annotation", "x")) <= 256
            assert each["OrderingTimestamp"]
        assert ResultToken
        self.calls.append((Evaluations, TestMode))
        if self.failing:
            self.failing -= 1
            return {"FailedEvaluations": Evaluations[:1]}
        return {"FailedEvaluations": []}


def test_a_hundred_at_a_time():
    config = Config()
    observations = [seen(Status.COMPLIANT, bucket(n)) for n in range(205)]
    assert answer(config, SCHEDULED, observations) == 205
    assert [len(batch) for batch, _ in config.calls] == [100, 100, 5]


def test_failed_evaluations_are_sent_again():
    config = Config(failing=2)
    answer(config, SCHEDULED, [seen(Status.COMPLIANT, bucket(n)) for n in range(3)])
    assert [len(batch) for batch, _ in config.calls] == [3, 1, 1]


def test_what_is_refused_for_good_is_an_error():
    with pytest.raises(EvaluationsRefused, match="1 evaluation"):
        answer(Config(failing=9), SCHEDULED, [seen(Status.COMPLIANT)])


def test_a_long_reason_is_cut():
    [made] = evaluations(CHANGE, [seen(Status.NON_COMPLIANT, reason="x" * 1000)])
    assert len(made["Annotation"]) == 256


@pytest.mark.parametrize(
    "reason", ["🙂" * 300, "a" + "🙂" * 300, "ü" * 300, "x" * 180 + "🙂" * 60]
)
def test_a_long_reason_is_cut_however_config_counts(reason):
    [made] = evaluations(CHANGE, [seen(Status.NON_COMPLIANT, reason=reason)])
    said = made["Annotation"]
    assert 200 < len(said.encode("utf-16-le")) // 2 <= 256
    assert said.endswith("…")
    assert said.startswith(f"{RULE.id}: {reason[:50]}")


def test_insufficient_data_is_not_said():
    assert evaluations(CHANGE, [seen(Status.INSUFFICIENT_DATA)]) == []
    config = Config()
    assert answer(config, CHANGE, [seen(Status.INSUFFICIENT_DATA)]) == 0
    assert config.calls == []


def test_a_listing_that_was_denied_is_no_reason_to_say_not_applicable():
    """The id was not in the item, so all were to be looked at, and could not be listed."""
    account = Resource("111122223333", "us-east-1", "AWS::::Account", "111122223333")
    assert evaluations(CHANGE, [seen(Status.INSUFFICIENT_DATA, account)]) == []


def test_an_item_that_does_not_say_which_resource_it_is_about_has_no_answer():
    """The verdicts of all would be said of one."""
    unnamed = ConfigRequest("t", CHANGE.ordering, {}, "AWS::S3::Bucket", "")
    config = Config()
    assert answer(config, unnamed, [seen(Status.NON_COMPLIANT), seen(None, bucket(2))]) == 0
    assert answer(config, unnamed, []) == 0
    assert config.calls == []


def test_the_test_mode_writes_nothing():
    config = Config()
    token = ConfigRequest("TESTMODE", CHANGE.ordering, {}, "AWS::S3::Bucket", "data")
    answer(config, token, [seen(Status.COMPLIANT)])
    assert config.calls[0][1] is True


@pytest.mark.parametrize(
    ("request_", "observations"),
    [
        pytest.param(CHANGE, [seen(None)], id="deleted"),
        pytest.param(CHANGE, [], id="nothing to judge"),
        pytest.param(
            ConfigRequest("t", "2026", {}, "AWS::S3::Bucket", "data", left_scope=True),
            [seen(Status.NON_COMPLIANT)],
            id="left the rule's scope",
        ),
    ],
)
def test_not_applicable(request_, observations):
    [made] = evaluations(request_, observations)
    assert made["ComplianceType"] == "NOT_APPLICABLE"
    assert made["ComplianceResourceId"] == "data"


def test_a_change_is_answered_for_the_one_resource_and_with_the_worst():
    key = Resource("111122223333", "us-east-1", "AWS::KMS::Key", "k")
    made = evaluations(
        CHANGE,
        [seen(Status.COMPLIANT), seen(Status.NON_COMPLIANT), seen(Status.NON_COMPLIANT, key)],
    )
    assert [(e["ComplianceResourceId"], e["ComplianceType"]) for e in made] == [
        ("data", "NON_COMPLIANT")
    ]
    assert made[0]["OrderingTimestamp"] == CHANGE.ordering


def test_without_a_time_of_config_the_observations_count():
    config = Config()
    answer(config, ConfigRequest("t", "", {}), [seen(Status.COMPLIANT)])
    assert config.calls[0][0][0]["OrderingTimestamp"] == "2026-11-02T12:00:00.000Z"


# -- what Config calls it ---------------------------------------------------------------------------

IAM_DETAILS = {
    "UserDetailList": [{"UserName": "alice", "UserId": "AIDAEXAMPLEEXAMPLE01"}],
    "GroupDetailList": [{"GroupName": "ops", "GroupId": "AGPAEXAMPLEEXAMPLE01"}],
    "RoleDetailList": [{"RoleName": "agent", "RoleId": "AROAEXAMPLEEXAMPLE02"}],
    "Policies": [
        {"Arn": "arn:aws:iam::111122223333:policy/p", "PolicyId": "ANPAEXAMPLEEXAMPLE01"}
    ],
}
GROUP_ARN = "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:0ec51:autoScalingGroupName/workers"
GROUP = {
    "AutoScalingGroupName": "workers",
    "AutoScalingGroupARN": GROUP_ARN,
    "MinSize": 1,
    "MaxSize": 1,
    "DesiredCapacity": 1,
    "DefaultCooldown": 300,
    "AvailabilityZones": [],
    "HealthCheckType": "EC2",
    "CreatedTime": NOON,
}
STACK_ARN = "arn:aws:cloudformation:us-east-1:111122223333:stack/shop/1f2e"
LISTED = FakeAccount(
    {
        ("iam", "get_account_authorization_details"): IAM_DETAILS,
        ("rds", "describe_db_instances"): {
            "DBInstances": [{"DBInstanceIdentifier": "orders", "DbiResourceId": "db-ABCDEF"}]
        },
        ("rds", "describe_db_clusters"): {
            "DBClusters": [{"DBClusterIdentifier": "orders", "DbClusterResourceId": "cluster-AB"}]
        },
        ("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": [GROUP]},
        ("cloudformation", "list_stacks"): {
            "StackSummaries": [
                {
                    "StackName": "shop",
                    "StackId": STACK_ARN,
                    "StackStatus": "CREATE_COMPLETE",
                    "CreationTime": NOON,
                }
            ]
        },
    }
)
CONFIG_IDS = {
    "AWS::IAM::User": ("alice", "AIDAEXAMPLEEXAMPLE01"),
    "AWS::IAM::Group": ("ops", "AGPAEXAMPLEEXAMPLE01"),
    "AWS::IAM::Role": ("agent", "AROAEXAMPLEEXAMPLE02"),
    "AWS::IAM::Policy": ("arn:aws:iam::111122223333:policy/p", "ANPAEXAMPLEEXAMPLE01"),
    "AWS::RDS::DBInstance": ("orders", "db-ABCDEF"),
    "AWS::RDS::DBCluster": ("orders", "cluster-AB"),
    "AWS::AutoScaling::AutoScalingGroup": ("workers", GROUP_ARN),
    "AWS::SQS::Queue": ("jobs", "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"),
    "AWS::SNS::Topic": ("alerts", "arn:aws:sns:us-east-1:111122223333:alerts"),
    "AWS::CloudWatch::Alarm": ("slow", "arn:aws:cloudwatch:us-east-1:111122223333:alarm:slow"),
    "AWS::CodeBuild::Project": ("ci", "arn:aws:codebuild:us-east-1:111122223333:project/ci"),
    "AWS::CloudFormation::Stack": ("shop", STACK_ARN),
    "AWS::ECS::Cluster": ("arn:aws:ecs:us-east-1:111122223333:cluster/agents", "agents"),
}
LEFT = {
    "AWS::Events::Rule",
    "AWS::Backup::RestoreTestingPlan",
    "AWS::OpenSearch::Domain",
    "AWS::ApiGatewayV2::Api",
    "AWS::CloudTrail::Trail",
    "AWS::CloudTrail::EventDataStore",
}
"""What Config calls these could not be told for certain: their changes are answered."""
SUBJECTS = {
    rule.subject.name: rule.subject
    for heading in headings()
    for rule in heading
    if rule.subject.identify is not None
}


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_a_resource_has_one_id_in_config(name):
    """The scheduled answer names a resource as the item does that follows its change."""
    about = SUBJECTS[name]
    ids = ids_in(Aws(LISTED, account="111122223333", region="us-east-1", now=Clock()))
    own, configs = CONFIG_IDS.get(name, ("x-1", "x-1"))
    resource = about.resource("111122223333", "us-east-1", own)
    assert ids(about, resource) == ("" if name in LEFT else configs)
    item = {
        "resourceId": configs,
        "resourceName": own.rsplit("/", 1)[-1] if own.startswith("arn:") else own,
        "ARN": own,
    }
    assert about.identify(item) == own


def test_what_was_not_listed_is_left_to_its_change():
    about = SUBJECTS["AWS::IAM::User"]
    denied = FakeAccount({("iam", "get_account_authorization_details"): FAULTS["denied"]})
    for fake_account, name in ((LISTED, "bob"), (denied, "alice")):
        ids = ids_in(Aws(fake_account, account="111122223333", region="us-east-1", now=Clock()))
        assert ids(about, about.resource("111122223333", "us-east-1", name)) == ""


def test_only_types_of_the_rules_scope_are_answered():
    """One type that Config does not know costs the hundred answers beside it."""
    account = Resource("111122223333", "us-east-1", "AWS::::Account", "111122223333")
    workload = next(r for r in rules().values() if r.subject.name == "Readiness::Workload")
    tagged = workload.subject.resource("111122223333", "us-east-1", "MAIF")
    of_workload = Observation(workload, tagged, after(), finding(Status.NON_COMPLIANT))
    seen_ = [seen(Status.COMPLIANT), seen(Status.NOT_APPLICABLE, account), of_workload]
    made = evaluations(SCHEDULED, seen_)
    assert [each["ComplianceResourceType"] for each in made] == ["AWS::S3::Bucket"]


@pytest.mark.parametrize("heading", headings(), ids=lambda h: h.folder)
def test_the_scope_is_what_is_answered(heading):
    answered = {rule.subject.name for rule in heading.rules if rule.subject.identify is not None}
    assert sorted(answered) == config_types(heading.rules)


def unsettled(resource=BUCKET, status=Status.INSUFFICIENT_DATA):
    again = Target(RULE.id, resource.id)
    return replace(seen(status, resource), again=again)


@pytest.mark.parametrize(
    ("request_", "about"),
    [
        pytest.param(SCHEDULED, ["b2"], id="a scheduled rule answers for the others"),
        pytest.param(CHANGE, None, id="a change-triggered one not yet"),
        pytest.param(
            replace(CHANGE, left_scope=True), ["b2"], id="what left the scope needs no look"
        ),
    ],
)
def test_what_is_looked_at_again_is_not_answered_by_half(request_, about):
    observations = [seen(Status.COMPLIANT, bucket(1)), unsettled(bucket(1))]
    observations.append(seen(Status.COMPLIANT, bucket(2)))
    ready = settled(request_, observations, {Target(RULE.id, "b1")})
    assert about == (ready and [each.resource.id for each in ready])
    assert settled(request_, observations, set()) == observations, "no later look can be had"


def test_a_later_look_is_at_all_that_is_asked_of_the_resource():
    targets = beside({Target(RULE.id, "b1"), Target(RULE.id, None)}, encryption)
    assert targets == {Target(r.id, "b1") for r in encryption if r.subject is RULE.subject}
    assert len(targets) > 1
