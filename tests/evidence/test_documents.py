"""What is read of documents: attested ones in S3, runbooks of Systems Manager, alarms' links."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from functions.development_documentation.app import configuration_guide
from functions.operational_documentation.app import operational_documentation
from readiness import Status
from readiness.engine.aws import Aws
from readiness.evidence.cloudwatch.alarm_links import Link, link_of
from readiness.evidence.ssm import Runbook
from readiness.evidence.workloads.documented import (
    WORKLOAD_DOCUMENTS,
    ConfigurationKeys,
    WorkloadParts,
    kind_of,
)
from readiness.model.unreadable import Unreadable
from tests.accounts import development_documentation as development
from tests.accounts import operational_documentation as account
from tests.accounts.operational_documentation import (
    ALARM,
    ARTEFACT,
    KEY,
    MADE,
    alarm,
    alarms,
    declared,
    document,
    tagged,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error, observe

RULES = {rule.name: rule for rule in operational_documentation.rules}
GUIDE = RULES["troubleshooting-guide"]
LATER = MADE + timedelta(days=1)


def finding(fake_account, rule, id="shop"):
    found = observe(fake_account, RULES[rule], id).finding
    assert found is not None
    return found


# -- the attested document in S3 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contents", "head", "status", "reason"),
    [
        pytest.param(
            [{"Key": KEY, "LastModified": MADE}], {}, Status.COMPLIANT, "", id="as attested"
        ),
        pytest.param([], {}, Status.NON_COMPLIANT, "was deleted", id="behind a delete marker"),
        pytest.param(
            [{"Key": f"{KEY}.old", "LastModified": MADE}],
            {},
            Status.NON_COMPLIANT,
            "was deleted",
            id="only another with that beginning is left",
        ),
        pytest.param(
            [{"Key": KEY, "LastModified": LATER}],
            {},
            Status.NON_COMPLIANT,
            "was replaced on",
            id="overwritten",
        ),
        pytest.param(
            [{"Key": KEY, "LastModified": LATER, "ETag": '"2"'}],
            {"ETag": '"1"'},
            Status.NON_COMPLIANT,
            "was replaced on",
            id="overwritten with other content",
        ),
        pytest.param(
            [{"Key": KEY, "LastModified": LATER, "ETag": '"1"'}],
            {"ETag": '"1"'},
            Status.COMPLIANT,
            "",
            id="uploaded again as it was",
        ),
        pytest.param(
            [{"Key": KEY, "LastModified": MADE}],
            {"ContentLength": 0},
            Status.NON_COMPLIANT,
            "another size",
            id="of another size",
        ),
    ],
)
def test_the_current_version_of_a_document_counts(contents, head, status, reason):
    made = {"ContentLength": ARTEFACT.size, "LastModified": MADE} | head
    fake_account = account.fake_account().but(
        s3__list_objects_v2={"Contents": contents}, s3__head_object=made
    )
    found = finding(fake_account, "troubleshooting-guide")
    assert (found.status, reason in found.reason) == (status, True), found.reason


def test_an_empty_document_of_unknown_size_says_nothing():
    rows = declared(GUIDE.id, artefact=replace(ARTEFACT, size=0))
    fake_account = account.fake_account().but(
        s3__head_object={"ContentLength": 0, "LastModified": MADE},
        dynamodb__query={"Items": rows},
    )
    found = finding(fake_account, "troubleshooting-guide")
    assert (found.status, "is empty" in found.reason) == (Status.NON_COMPLIANT, True)


def test_a_bucket_that_may_not_be_listed_leaves_it_unknown():
    fake_account = account.fake_account().but(
        s3__list_objects_v2=error("AccessDenied", 403, "Access Denied")
    )
    found = finding(fake_account, "troubleshooting-guide")
    assert (found.status, found.missing) == (Status.INSUFFICIENT_DATA, ("s3:ListBucket",))


def test_a_test_of_contacts_does_not_look_for_a_document():
    fake_account = account.fake_account()
    fake_account.faults["s3", "list_objects_v2"] = FAULTS["denied"]
    found = finding(fake_account, "contacts-answer", "111122223333")
    assert found.status is Status.COMPLIANT


def test_the_document_of_another_workload_does_not_count():
    function = account.FUNCTION_ARN.replace("agent", "other")

    def parts(TagFilters=(), **_):  # noqa: N803
        answer = tagged(account.FUNCTION_ARN, function)(TagFilters=TagFilters)
        answer["ResourceTagMappingList"][1]["Tags"][0]["Value"] = "other"
        return answer

    fake_account = account.fake_account().but(resourcegroupstaggingapi__get_resources=parts)
    found = finding(fake_account, "troubleshooting-guide", "other")
    assert (found.status, "not attested" in found.reason) == (Status.INSUFFICIENT_DATA, True)


def test_a_workload_that_is_gone_has_no_finding():
    assert observe(account.fake_account(), GUIDE, "former").finding is None


# -- what a workload consists of ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        ("arn:aws:lambda:eu-west-1:1:function:agent", "lambda:function"),
        ("arn:aws:s3:::data", "s3"),
        ("arn:aws:sqs:eu-west-1:1:jobs", "sqs"),
        ("arn:aws:dynamodb:eu-west-1:1:table/jobs", "dynamodb:table"),
        ("arn:aws:apigateway:eu-west-1::/restapis/a1/stages/v1", "apigateway:restapis"),
        ("arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/a", "logs:log-group"),
        (
            "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/web/50dc6c49",
            "elasticloadbalancing:loadbalancer/app",
        ),
        (
            "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/50dc6c49",
            "elasticloadbalancing:targetgroup",
        ),
    ],
)
def test_what_an_arn_is_of(arn, kind):
    assert kind_of(arn) == kind


def test_what_comes_and_goes_does_not_make_a_diagram_old():
    task = "arn:aws:ecs:eu-west-1:1:task/shop/0a1b"
    fake_account = account.fake_account().but(
        resourcegroupstaggingapi__get_resources=tagged(
            account.FUNCTION_ARN, account.QUEUE_ARN, task
        )
    )
    assert finding(fake_account, "architecture-diagram").status is Status.COMPLIANT


def test_the_monitors_own_functions_are_no_workload():
    own = {
        "FunctionName": "readiness-Alarms",
        "FunctionArn": account.FUNCTION_ARN,
        "Environment": {
            "Variables": {"FINDINGS_TABLE": "f", "DECLARATIONS_TABLE": "d", "OWN_STACK": "r"}
        },
    }
    fake_account = account.untagged().but(
        lambda__list_functions={"Functions": [own]}, ecs__list_clusters={"clusterArns": []}
    )
    assert observe(fake_account, GUIDE, "default").finding is None


# -- runbooks of Systems Manager ------------------------------------------------------------------


def test_a_runbook_as_its_tags_say():
    tags = {"runbook": "rollback, restore", "owner": " team ", "reviewed": "2026-10-01"}
    assert Runbook.of("it", tags, {"Status": "Active"}) == Runbook(
        "it", ("rollback", "restore"), "team", date(2026, 10, 1)
    )
    assert Runbook.of("it", tags | {"reviewed": "lately"}, {"Status": "Active"}).reviewed is None
    about = {"CreatedDate": NOON, "LatestVersion": "5", "ReviewStatus": "PENDING"}
    made = Runbook.of("it", tags, about)
    assert (made.made, made.latest, made.review) == (NOON.date(), "5", "PENDING")


def test_a_document_without_the_tag_is_no_runbook():
    fake_account = account.fake_account().but(
        ssm__list_documents={"DocumentIdentifiers": [document(runbook="")]}
    )
    assert observe(fake_account, RULES["runbook-document"], account.DOCUMENT).finding is None
    assert "rollback" in finding(fake_account, "workload-runbook").reason


EXECUTED = account.executions


@pytest.mark.parametrize(
    ("executions", "said"),
    [
        (EXECUTED("Success"), "executed with success"),
        (EXECUTED("Success", version="1"), "has not been executed"),
        (EXECUTED("Success", name=f"{account.DOCUMENT}-2"), "has not been executed"),
        (EXECUTED("Cancelled", "Rejected"), "has not been executed"),
        (EXECUTED("Failed", "Success"), "executed with success"),
        (EXECUTED("TimedOut", "Cancelled"), "and failed on"),
    ],
)
def test_executions_of_the_default_version_count(executions, said):
    fake_account = account.fake_account().but(ssm__describe_automation_executions=executions)
    assert said in finding(fake_account, "runbook-document", account.DOCUMENT).reason


def test_an_execution_before_the_document_was_made_again_does_not_count():
    where = account.fake_account()
    (about,) = where.answers["ssm", "describe_document"].values()
    made = {"Document": {**about, "CreatedDate": NOON}}
    found = finding(where.but(ssm__describe_document=made), "runbook-document", account.DOCUMENT)
    assert "last_executed" not in found.observed


def test_an_execution_that_is_under_way_is_none_yet():
    executions = EXECUTED("InProgress")
    del executions["AutomationExecutionMetadataList"][0]["ExecutionEndTime"]
    fake_account = account.fake_account().but(ssm__describe_automation_executions=executions)
    found = finding(fake_account, "runbook-document", account.DOCUMENT)
    assert "has not been executed" in found.reason


def test_a_runbook_deleted_since_it_was_listed_covers_nothing():
    gone = error("InvalidDocument", 400, "Document does not exist")
    fake_account = account.fake_account().but(ssm__describe_document=gone)
    found = finding(fake_account, "workload-runbook")
    assert (found.status, "rollback" in found.reason) == (Status.NON_COMPLIANT, True)


# -- alarms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("", Link()),
        ("See https://wiki/errors.", Link(("https://wiki/errors.",))),
        ("https://", Link()),
        ("https://TODO", Link()),
        ("https://example.com/runbook", Link()),
        ("http://localhost/x", Link()),
        ("Runbook: https://wiki/<service name>", Link()),
        ("Runbook: https://wiki.<domain>/errors", Link()),
        ("<p>https://wiki/errors</p>", Link(("https://wiki/errors",))),
        ("https://wiki/errors<br>Call us", Link(("https://wiki/errors",))),
        (
            "Run arn:aws:ssm:eu-west-1:111122223333:document/Roll.Back.",
            Link(documents=("Roll.Back",)),
        ),
        (
            "Run arn:aws:ssm:eu-west-1:111122223333:automation-definition/Roll-Back:$DEFAULT",
            Link(documents=("Roll-Back",)),
        ),
        (
            "Run arn:aws:ssm:eu-west-1:444455556666:document/Shared.",
            Link(elsewhere=("arn:aws:ssm:eu-west-1:444455556666:document/Shared",)),
        ),
        (
            "Run arn:aws:ssm:eu-west-1::document/AWS-RestartEC2Instance",
            Link(elsewhere=("arn:aws:ssm:eu-west-1::document/AWS-RestartEC2Instance",)),
        ),
    ],
)
def test_where_a_text_points(text, link):
    assert link_of(text, home="eu-west-1:111122223333") == link


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({}, Status.COMPLIANT, id="linked"),
        pytest.param({"AlarmDescription": "Errors."}, Status.COMPLIANT, id="by its tag"),
        pytest.param(
            {"AlarmName": "b", "AlarmArn": "b", "AlarmDescription": ""},
            Status.NON_COMPLIANT,
            id="nowhere",
        ),
        pytest.param(
            {"AlarmDescription": "", "ActionsEnabled": False},
            Status.NOT_APPLICABLE,
            id="its actions are disabled",
        ),
        pytest.param(
            {"AlarmDescription": "", "AlarmActions": []}, Status.NOT_APPLICABLE, id="silent"
        ),
    ],
)
def test_which_alarms_need_a_link(changes, status):
    fake_account = account.fake_account().but(
        cloudwatch__describe_alarms=alarms(alarm(ALARM, **changes))
    )
    assert finding(fake_account, "alarm-runbooks", "111122223333").status is status


def load(cls, type_, id, fake_account, *, bulk=False):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=bulk)
    return aws.evidence(cls, type_.resource(ACCOUNT_ID, HOME, id)).evidence


# -- all workloads at once ------------------------------------------------------------------------


def _three_workloads(**changes):
    """Functions of three workloads, as ListFunctions and GetResources have them."""
    functions = []
    for name in ("one", "two", "three"):
        function = development.function(**{f"KEY_OF_{name.upper()}": "x"})
        arn = account.FUNCTION_ARN.replace("agent", name)
        functions.append(function | {"FunctionName": name, "FunctionArn": arn})
    mappings = [
        {
            "ResourceARN": each["FunctionArn"],
            "Tags": [{"Key": "Application", "Value": each["FunctionName"]}],
        }
        for each in functions
    ]
    functions[2] |= changes
    return development.fake_account().but(
        lambda__list_functions={"Functions": functions},
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": mappings},
    )


def test_profiles_of_the_workloads_applications_are_keys_too():
    def profiles_of(account, id="shop"):
        names = load(ConfigurationKeys, WORKLOAD_DOCUMENTS, id, account).names
        return [name for name in names if name.startswith("appconfig:")]

    tagged = development.fake_account()
    assert profiles_of(tagged) == ["appconfig:shop/rate_limits"]
    untagged = development.untagged().but(
        appconfig__list_applications=tagged.answers["appconfig", "list_applications"]
    )
    every = ["appconfig:other/flags", "appconfig:shop/rate_limits"]
    assert profiles_of(untagged, "default") == every
    gone = tagged.but(
        appconfig__list_configuration_profiles=error("ResourceNotFoundException", 404)
    )
    assert profiles_of(gone) == []


def test_who_has_no_application_in_appconfig_is_not_asked_for_it():
    denied = error("AccessDeniedException", 403)
    alone = _three_workloads().but(appconfig__list_applications=denied)
    assert load(ConfigurationKeys, WORKLOAD_DOCUMENTS, "one", alone).names == ("KEY_OF_ONE",)
    found = finding_of_guide(development.fake_account().but(appconfig__list_applications=denied))
    assert (found.status, found.missing) == (
        Status.INSUFFICIENT_DATA,
        ("appconfig:ListApplications",),
    )


def finding_of_guide(fake_account):
    found = observe(fake_account, configuration_guide, "shop").finding
    assert found is not None
    return found


@pytest.mark.parametrize("cls", [WorkloadParts, ConfigurationKeys])
@pytest.mark.parametrize("id", ["one", "two", "three"])
def test_a_sweep_finds_what_a_single_look_finds(cls, id):
    alone, swept = (
        load(cls, WORKLOAD_DOCUMENTS, id, _three_workloads(), bulk=bulk) for bulk in (False, True)
    )
    assert alone == swept
    assert alone.workload == id


def test_a_workload_that_cannot_be_read_takes_no_other_with_it():
    broken = {"Environment": {"Error": {"ErrorCode": "AccessDeniedException", "Message": "KMS"}}}
    fake_account = _three_workloads(**broken)
    asked = (WORKLOAD_DOCUMENTS, "one", fake_account)
    assert load(ConfigurationKeys, *asked, bulk=True).names == ("KEY_OF_ONE",)
    with pytest.raises(Unreadable, match="AccessDenied"):
        load(ConfigurationKeys, WORKLOAD_DOCUMENTS, "three", fake_account, bulk=True)
