"""What a runbook's commands call the resource is filled in, and nothing else is."""

from __future__ import annotations

import re

import pytest
from botocore import xform_name

from readiness.alerting.finding_text import text_of
from readiness.alerting.guidance import guidance
from readiness.alerting.pagerduty_event import pagerduty_event
from readiness.alerting.placeholders import filled
from readiness.engine.rows import entry_of, transition_item
from readiness.model.resource import Resource
from readiness.model.transition import Kind, Transition
from readiness.model.verdict import Severity, Status
from readiness_cli import catalogue
from tests.fake_account import service_model
from tests.findings import finding

BUCKET = Resource("111122223333", "us-east-1", "AWS::S3::Bucket", "maif-agent-knowledge")
SERVICE = Resource(
    "111122223333",
    "eu-west-1",
    "AWS::ECS::Service",
    "arn:aws:ecs:eu-west-1:111122223333:service/maif/web",
)


def of(type, id, region="us-east-1"):
    return Resource("111122223333", region, type, id)


@pytest.mark.parametrize(
    ("resource", "said", "made"),
    [
        pytest.param(BUCKET, "`aws s3 ls BUCKET`", "`aws s3 ls maif-agent-knowledge`", id="own"),
        pytest.param(BUCKET, "`--key-id KEY`", "`--key-id KEY`", id="another resource"),
        pytest.param(BUCKET, "the BUCKET", "the BUCKET", id="prose"),
        pytest.param(BUCKET, "`BUCKET_ARN`", "`arn:aws:s3:::maif-agent-knowledge`", id="ARN"),
        pytest.param(BUCKET, "`LOG_BUCKET`", "`LOG_BUCKET`", id="part of a word"),
        pytest.param(
            SERVICE, "`--cluster CLUSTER --service SERVICE`", "`--cluster maif --service web`",
            id="service",
        ),
        pytest.param(
            SERVICE, "`--propagate-tags SERVICE`", "`--propagate-tags SERVICE`", id="a value",
        ),
        pytest.param(BUCKET, "`Type: ACCOUNT`", "`Type: ACCOUNT`", id="a value of CloudFormation"),
        pytest.param(
            of("AWS::IAM::Role", "app/worker", "global"), "`--role-name ROLE --arn ROLE_ARN`",
            "`--role-name worker --arn ROLE_ARN`", id="a role with a path, in any partition",
        ),
        pytest.param(
            BUCKET,
            "```sh\nreadiness waive x --resource RESOURCE \\\n  --until DATE\n"
            "readiness attest add x --resource RESOURCE\n```",
            "```sh\nexport AWS_REGION=us-east-1\nreadiness waive x \\\n  --until DATE\n".replace(
                "x \\", f"x --resource {BUCKET.key} \\"
            )
            + "readiness attest add x --resource maif-agent-knowledge\n```",
            id="as each command takes it",
        ),
    ],
)  # fmt: skip
def test_the_resource_is_filled_in(resource, said, made):
    assert filled(said, resource) == made


@pytest.mark.parametrize(
    "name", ["x; rm -rf /", "$(id)", "-rf", "a'b", 'a"b', "a b", "a\nb", "`x`"]
)
def test_a_name_that_a_shell_would_run_is_left_out(name):
    said = "```sh\naws dynamodb describe-table --table-name TABLE\n```"
    assert filled(said, of("AWS::DynamoDB::Table", name, "global")) == said


@pytest.mark.parametrize(
    "name", ["file:///home/me/.aws/credentials", "fileb://key.pem", "https://example.com/x"]
)
def test_a_name_that_the_cli_would_read_a_file_for_is_left_out(name):
    """``aws cloudwatch describe-alarms --alarm-names file://…`` sends what the file holds."""
    said = "`aws cloudwatch describe-alarms --alarm-names ALARM`"
    assert filled(said, of("AWS::CloudWatch::Alarm", name)) == said
    assert filled("`RESOURCE`", of("AWS::CloudWatch::Alarm", name)) == "`RESOURCE`"


def test_what_an_option_takes_from_a_list_is_no_name():
    """``--type ACCOUNT`` is a value that AWS knows, and not the number of the account."""
    wrong = []
    for rule in catalogue.rules().values():
        steps = guidance(rule.id).steps
        resource = of(rule.subject.name, "thing-1")
        for service, operation, options in re.findall(
            r"aws ([a-z0-9-]+) ([a-z0-9-]+)((?:[^`\n]|\\\n)*)", steps
        ):
            given = dict(re.findall(r"--([a-z0-9-]+) ([A-Z_]+)\b", options))
            if given:
                wrong += [
                    f"{rule.id}: {name} {word}"
                    for name, word in given.items()
                    if filled(f"`--{name} {word}`", resource) != f"`--{name} {word}`"
                    and word in values_of(service, operation, name)
                ]
    assert wrong == []


def values_of(service, operation, option):
    """What an option takes; empty where that is any text."""
    try:
        model = service_model({"s3api": "s3"}.get(service, service))
        names = {xform_name(name, "-"): name for name in model.operation_names}
        shape = model.operation_model(names[operation]).input_shape
        members = {xform_name(name, "-"): each for name, each in shape.members.items()}
        return list(getattr(members[option], "enum", ()))
    except (KeyError, AttributeError, ValueError):
        return []


def test_the_check_of_what_an_option_takes_sees_one():
    assert "SERVICE" in values_of("ecs", "update-service", "propagate-tags")


def test_the_commands_are_for_the_region_and_the_stack_of_the_finding():
    said = "Check\n  ```sh\n  aws x\n  ```\n```sh\nreadiness attest list\n```"
    made = filled(said, SERVICE, "platform")
    assert made == said.replace(
        "  ```sh\n", "  ```sh\n  export AWS_REGION=eu-west-1 READINESS_STACK_NAME=platform\n", 1
    )
    assert filled(said, of("AWS::IAM::Role", "worker", "global")) == said
    assert "READINESS_STACK_NAME" not in filled("```sh\naws x\n```", SERVICE, "platform")


def test_the_page_and_the_mail_can_be_typed_as_they_stand():
    wrong = finding(Status.NON_COMPLIANT, resource=BUCKET, severity=Severity.HIGH)
    page = pagerduty_event(
        wrong, routing_key="", lowest=Severity.HIGH, runbooks="", stack="readiness"
    )
    opened = Transition(Kind.OPENED, wrong, wrong.last_observed_at)
    command = "aws s3api get-bucket-encryption --bucket maif-agent-knowledge"
    assert command in page["payload"]["custom_details"]["runbook_steps"]
    assert command in text_of(wrong, entry_of(transition_item(opened)), "", "readiness")
