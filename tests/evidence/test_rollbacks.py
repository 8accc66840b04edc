"""What a rollback, a switch and a stop rest on, as AWS says it: loaders over fake accounts."""

from __future__ import annotations

import json

import pytest

from functions.emergency_procedures import app
from readiness import Status
from readiness.evidence.ecr import image_of
from readiness.semantics.appspec import moved_aliases
from tests.accounts import emergency_procedures as worlds
from tests.fake_account import ACCOUNT_ID, error, observe

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
UNKNOWN = Status.INSUFFICIENT_DATA


def finding(rule, id, **answers):
    return observe(worlds.fake_account().but(**answers), rule, id).finding


def of_function(**answers):
    return finding(app.lambda_rollback, "agent", **answers)


def of_service(**answers):
    return finding(app.ecs_rollback, worlds.SERVICE, **answers)


@pytest.mark.parametrize(
    ("mapping", "status", "words"),
    [
        ({"FunctionArn": worlds.FUNCTION}, BAD, "event source mapping of work may invoke it"),
        ({"FunctionArn": worlds.FUNCTION, "State": "Disabled"}, GOOD, "version 6"),
        ({"FunctionArn": f"{worlds.FUNCTION}:7"}, BAD, "as version 7"),
        ({"FunctionArn": f"{worlds.FUNCTION}-2"}, GOOD, "version 6"),
    ],
    ids=["no alias", "disabled", "a number", "of another function"],
)
def test_event_source_mappings_name_an_alias(mapping, status, words):
    listed = {"EventSourceMappings": [worlds.mapping(**mapping)]}
    found = of_function(lambda__list_event_source_mappings=listed)
    assert (found.status, words in found.reason) == (status, True), found.reason


def test_a_function_url_without_an_alias_goes_around_it():
    url = {
        "FunctionUrl": "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws/",
        "FunctionArn": worlds.FUNCTION,
        "AuthType": "NONE",
        "CreationTime": "2026-01-02T12:00:00Z",
        "LastModifiedTime": "2026-01-02T12:00:00Z",
    }
    found = of_function(lambda__list_function_url_configs={"FunctionUrlConfigs": [url]})
    assert "A function URL may invoke it without an alias" in found.reason


@pytest.mark.parametrize(
    ("principal", "condition", "words"),
    [
        ({"AWS": "999988887777"}, {}, "AWS account 999988887777 may invoke it without an alias"),
        (
            {"AWS": "arn:aws:iam::999988887777:role/x"},
            {},
            "The principal arn:aws:iam::999988887777:role/x may invoke",
        ),
        ("*", {}, "Anyone whom its resource policy admits may invoke it without"),
        ("*", {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}, ""),
        ({"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, {}, ""),
        ({"AWS": "AROAEXAMPLEDELETED01"}, {}, ""),
    ],
    ids=["another account", "its role", "anyone", "a URL that is gone", "the account", "deleted"],
)
def test_whom_the_policy_admits_goes_around_the_alias(principal, condition, words):
    document = worlds.policy(
        worlds.allow("sns", "lambda:InvokeFunction", resource=worlds.FUNCTION)
        | {"Principal": principal, "Condition": condition}
    )

    def unqualified(**params):
        return (
            {"Policy": document} if "Qualifier" not in params else worlds.invoke_policy(**params)
        )

    found = of_function(lambda__get_policy=unqualified)
    assert found.status is (BAD if words else GOOD), found.reason
    assert words in found.reason


def test_a_version_whose_role_was_deleted_is_no_way_back():
    account = worlds.an_older_role().but(iam__get_role=error("NoSuchEntity", 404))
    found = observe(account, app.lambda_rollback, "agent").finding
    assert found.status is BAD
    assert "Version 6: Its role agent-2025 was deleted." in found.reason


def test_an_image_that_a_lifecycle_policy_expired_is_no_way_back():
    found = of_function(ecr__describe_images=error("ImageNotFoundException"))
    assert found.status is BAD
    assert "The image of version 6 is gone" in found.reason


@pytest.mark.parametrize(
    ("prefix", "status"), [("docker-hub", GOOD), ("ROOT", GOOD), ("docker", BAD), ("quay", BAD)]
)
def test_what_a_cache_of_ecr_has_let_go_is_pulled_anew(prefix, status):
    found = observe(worlds.from_a_cache(prefix), app.ecs_rollback, worlds.SERVICE).finding
    assert found.status is status, found.reason


def test_an_archived_image_cannot_be_pulled():
    archived = {"imageDetails": [{"imageDigest": worlds.DIGEST, "imageStatus": "ARCHIVED"}]}
    assert "is archived" in of_function(ecr__describe_images=archived).reason


def test_images_that_may_not_be_read_are_no_pass():
    denied = error("AccessDeniedException", 403)
    for found in (
        of_function(ecr__describe_images=denied),
        of_service(ecr__describe_images=denied),
    ):
        assert found.status is UNKNOWN
        assert found.missing == ("ecr:DescribeImages",)


def test_what_ran_before_is_not_the_number_below():
    revision = worlds.REVISION | {"taskDefinition": f"{worlds.TASKS}:3"}
    found = of_service(ecs__describe_service_revisions={"serviceRevisions": [revision]})
    assert found.observed["earlier"] == "web:3"


def test_a_deployment_that_changed_nothing_is_skipped():
    both = [
        {
            "serviceRevisionArn": f"{worlds.REVISIONS}/2222",
            "taskDefinition": f"{worlds.TASKS}:7",
        },
        worlds.REVISION,
    ]
    told = [
        worlds.deployment(sourceServiceRevisions=[{"arn": f"{worlds.REVISIONS}/2222"}]),
        worlds.deployment(serviceDeploymentArn=f"{worlds.DEPLOYMENTS}/bbbb"),
    ]
    listed = [{k: v for k, v in each.items() if k != "sourceServiceRevisions"} for each in told]
    found = of_service(
        ecs__list_service_deployments={"serviceDeployments": listed},
        ecs__describe_service_deployments={"serviceDeployments": told},
        ecs__describe_service_revisions={"serviceRevisions": both},
    )
    assert found.observed["earlier"] == "web:6"


def test_a_family_with_a_longer_name_is_another():
    found = of_service(
        ecs__list_service_deployments={"serviceDeployments": []},
        ecs__list_task_definitions={
            "taskDefinitionArns": [f"{worlds.TASKS}:7", f"{worlds.TASKS}-old:5"]
        },
    )
    assert found.status is UNKNOWN or "nothing ran before web:7" in found.reason


def test_a_tag_that_was_moved_since_is_no_way_back():
    moved = {"imageDetails": [{"imageDigest": f"sha256:{'c' * 64}"}]}
    found = of_service(ecr__describe_images=moved)
    assert found.status is BAD
    assert "was moved since web:6 ran" in found.reason


@pytest.mark.parametrize(
    ("kind", "filters", "may"),
    [
        ("MUTABLE", (), True),
        ("IMMUTABLE", (), False),
        ("IMMUTABLE_WITH_EXCLUSION", ("1.*",), True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev*",), False),
        ("MUTABLE_WITH_EXCLUSION", ("1.*",), False),
        ("MUTABLE_WITH_EXCLUSION", ("dev*",), True),
    ],
)
def test_whether_a_tag_may_move(kind, filters, may):
    class Reader:
        region = worlds.HOME

        def one(self, *named, **params):
            return {"imageDetails": [{"imageDigest": worlds.OLDER}]}

        def every(self, *named, **params):
            excluded = [{"filterType": "WILDCARD", "filter": each} for each in filters]
            return [{"imageTagMutability": kind, "imageTagMutabilityExclusionFilters": excluded}]

    assert image_of(Reader(), worlds.WEB).may_move is may


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"autoRollbackConfiguration": {"enabled": False}}, "that fails"),
        ({"alarmConfiguration": {"enabled": False, "alarms": [{"name": "a"}]}}, "watches none"),
        ({"alarmConfiguration": {"enabled": True, "alarms": [{"name": "a"}]}}, "do not exist"),
    ],
)
def test_the_group_that_moves_the_alias(changes, words):
    group = worlds.group(**changes)
    found = of_function(codedeploy__batch_get_deployment_groups={"deploymentGroupsInfo": [group]})
    assert (found.status, words in found.reason) == (BAD, True), found.reason


def test_a_group_of_another_function_is_not_judged():
    other = json.dumps(worlds.SPEC).replace('"Name": "agent"', '"Name": "another"')
    deployment = {
        "deploymentId": "d-ABCDEF123",
        "revision": {"appSpecContent": {"content": other}},
    }
    found = of_function(
        codedeploy__batch_get_deployments={"deploymentsInfo": [deployment]},
        codedeploy__batch_get_deployment_groups={
            "deploymentGroupsInfo": [worlds.group(autoRollbackConfiguration={"enabled": False})]
        },
    )
    assert found.status is GOOD


def test_an_appspec_in_s3_is_not_known():
    assert moved_aliases({"s3Location": {"bucket": "b", "key": "k"}}) is None


def test_a_switch_that_no_role_may_read():
    nothing = worlds.grants("sqs:SendMessage")
    account = worlds.fake_account()
    account.answers.update(worlds.role(nothing))
    found = observe(account, app.circuit_breaker, worlds.ACCOUNT_ID).finding
    assert found.status is BAD
    assert (
        "No role of a function or service may read the parameter /agents/enabled" in found.reason
    )


@pytest.mark.parametrize(
    ("resource", "status"),
    [("/agents", GOOD), ("/agents/*", GOOD), ("/", GOOD), ("/agents/enabled", BAD), ("/x", BAD)],
)
def test_a_switch_that_is_read_by_its_path(resource, status):
    account = worlds.fake_account()
    document = worlds.grants("ssm:GetParametersByPath")
    document["Statement"][0]["Resource"] = worlds.SWITCH.partition("/")[0] + resource
    account.answers.update(worlds.role(document))
    assert observe(account, app.circuit_breaker, worlds.ACCOUNT_ID).finding.status is status


def test_a_stream_is_named_whose_retention_is_not_read():
    stream = worlds.mapping(EventSourceArn="arn:aws:kinesis:us-east-1:111122223333:stream/orders")
    found = finding(
        app.function_shutdown,
        "agent",
        lambda__list_event_source_mappings={"EventSourceMappings": [stream]},
    )
    assert "How long kinesis stream/orders may wait is not judged" in found.reason


def test_a_queue_that_forgets_is_told():
    soon = {"Attributes": {"MessageRetentionPeriod": "3600"}}
    found = finding(app.function_shutdown, "agent", sqs__get_queue_attributes=soon)
    assert "The queue work keeps a message for 1 h" in found.reason
    off = {"EventSourceMappings": [worlds.mapping(State="Disabled")]}
    found = finding(
        app.function_shutdown,
        "agent",
        sqs__get_queue_attributes=soon,
        lambda__list_event_source_mappings=off,
    )
    assert found.status is GOOD
