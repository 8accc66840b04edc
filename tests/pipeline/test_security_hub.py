"""Findings to Security Hub as they change, beside the alerts: nothing is lost, no page waits."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import validate_parameters

from functions.alerts import app as alerts_app
from readiness import Severity, Status
from readiness.alerting import security_hub
from readiness.model.resource import Resource
from tests.fake_account import error, service_model
from tests.findings import BUCKET, after, finding
from tests.pipeline.standins import context
from tests.pipeline.test_waivers import Waiving
from tests.tables import TRANSITIONS, client

ACCOUNT = BUCKET.account
OFF = error("InvalidAccessException", 401)


class Hub:
    """Security Hub: takes what keeps to its model, and answers what stands in ``script`` first."""

    def __init__(self):
        self.meta = client("securityhub").meta
        self.known, self.calls, self.script = {}, [], []
        self.refuses = {}
        self.unfit = set()

    def batch_import_findings(self, *, Findings):  # noqa: N803
        operation = service_model("securityhub").operation_model("BatchImportFindings")
        validate_parameters({"Findings": Findings}, operation.input_shape)
        assert 0 < len(Findings) <= 100
        assert len(json.dumps(Findings).encode()) < 6_000_000
        assert all(len(json.dumps(each).encode()) < 240_000 for each in Findings)
        self.calls.append([each["Id"].rpartition("/")[2] for each in Findings])
        if self.script and (step := self.script.pop(0)) is not None:
            if isinstance(step, Exception):
                raise step
            return step(Findings)
        if any(each in self.unfit for each in self.calls[-1]):
            raise error("InvalidInputException")
        failed = []
        for each in Findings:
            id = each["Id"].rpartition("/")[2]
            if id in self.refuses:
                code = self.refuses[id]
                failed.append({"Id": each["Id"], "ErrorCode": code, "ErrorMessage": "Not so."})
            else:
                self._take(id, each)
        return {
            "FailedCount": len(failed),
            "SuccessCount": len(Findings) - len(failed),
            "FailedFindings": failed,
        }

    def _take(self, id, each):
        before = self.known.get(id)
        if before is not None:
            assert each["UpdatedAt"] >= before["UpdatedAt"], "never back in time"
            each = each | {"Workflow": before["Workflow"]}
            if (before["RecordState"], each["RecordState"]) == ("ARCHIVED", "ACTIVE"):
                each["Workflow"] = {"Status": "NEW"}
        self.known[id] = each

    def states(self):
        return {
            each["Resources"][0]["Id"].rpartition(":")[2]: (
                each["Compliance"]["Status"],
                each["Workflow"]["Status"],
                each["RecordState"],
            )
            for each in self.known.values()
        }


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def stack(pipeline, hub):
    pipeline.baseline_is_over()
    pipeline.environment["SECURITY_HUB"] = "true"
    pipeline.hub = hub
    renewed(pipeline)
    alerts_app.metrics.clear_metrics()
    yield pipeline
    alerts_app.metrics.clear_metrics()


def renewed(stack, partition="aws", region="us-east-1"):
    stack.alerts = alerts_app.Alerts(
        stack.dynamodb,
        stack.sns,
        stack.environment,
        where=f"{ACCOUNT}/{region}",
        partition=partition,
        security_hub=lambda: stack.hub,
    )


def bucket(name):
    return Resource(ACCOUNT, "us-east-1", "AWS::S3::Bucket", name)


def happen(stack, *findings):
    stack.record(*findings)
    assert stack.stream() == {"batchItemFailures": []}


def waiting(stack):
    items = stack.dynamodb.scan(TableName=TRANSITIONS)["Items"]
    return sorted(
        item["at"]["S"] for item in items if item["finding_id"]["S"] == security_hub.WAITING
    )


def counted(name):
    found = alerts_app.metrics.provider.metric_set.get(name, {}).get("Value", [])
    return sum(found)


def test_a_finding_is_sent_when_it_opens_and_archived_when_it_is_mended(stack, hub):
    happen(stack, finding(at=after(0)))
    assert hub.states() == {"data": ("FAILED", "NEW", "ACTIVE")}
    [opened] = hub.known.values()
    assert opened["ProductArn"] == (
        f"arn:aws:securityhub:us-east-1:{ACCOUNT}:product/{ACCOUNT}/default"
    )
    happen(stack, finding(Status.COMPLIANT, after(5)))
    assert hub.states() == {"data": ("PASSED", "NEW", "ARCHIVED")}
    [closed] = hub.known.values()
    assert closed["Id"] == opened["Id"]
    assert closed["UpdatedAt"] > opened["UpdatedAt"]
    assert closed["CreatedAt"] == opened["CreatedAt"]
    happen(stack, finding(at=after(9)))
    assert hub.states() == {"data": ("FAILED", "NEW", "ACTIVE")}
    assert waiting(stack) == []
    assert counted("SecurityHubFindings") == 3


def test_what_cannot_be_read_is_not_available_and_archived_when_it_passes(stack, hub):
    dark = finding(Status.INSUFFICIENT_DATA, after(0), missing=("s3:GetX",), denied=("s3:GetX",))
    happen(stack, dark)
    assert hub.states() == {"data": ("NOT_AVAILABLE", "NEW", "ACTIVE")}
    happen(stack, finding(Status.COMPLIANT, after(1)))
    assert hub.states()["data"][::2] == ("PASSED", "ARCHIVED")


def test_what_pages_nobody_is_sent_too(stack, hub):
    happen(stack, finding(at=after(-200), severity=Severity.LOW))
    assert stack.published == [], "it is of the baseline"
    assert hub.states() == {"data": ("FAILED", "NEW", "ACTIVE")}


@pytest.fixture
def waiving(stack):
    made = Waiving(stack)
    renewed(stack)
    return made


def test_a_waiver_is_told_although_nobody_observed_the_finding_again(waiving, hub):
    waiving.observe(finding(at=after(0)))
    waiving.flush()
    [opened] = hub.known.values()
    waiving.waive()
    waiving.run(minutes=2)
    assert waiving.one().is_waived
    [told] = hub.known.values()
    assert told["LastObservedAt"] == opened["LastObservedAt"]
    assert told["UpdatedAt"] > opened["UpdatedAt"]
    assert "Moves in March." in told["ProductFields"]["readiness/waiver"]
    assert hub.states() == {"data": ("FAILED", "NEW", "ACTIVE")}, "as Security Hub leaves it"
    waiving.run(days=11)
    [over] = hub.known.values()
    assert over["UpdatedAt"] > told["UpdatedAt"]
    assert "readiness/waiver" not in over["ProductFields"]


def test_what_is_waived_from_the_beginning_is_suppressed(waiving, hub):
    waiving.waive()
    waiving.observe(finding(at=after(2)))
    waiving.flush()
    assert hub.states() == {"data": ("FAILED", "SUPPRESSED", "ACTIVE")}


def test_of_a_batch_each_finding_is_sent_once_as_it_is_now(stack, hub):
    stack.record(finding(at=after(0)), finding(Status.COMPLIANT, after(1)))
    stack.record(finding(at=after(2), resource=bucket("other")))
    stack.stream()
    assert [sorted(call) for call in hub.calls] == [sorted(hub.known)]
    assert hub.states()["data"][::2] == ("PASSED", "ARCHIVED")


def test_at_most_a_hundred_are_sent_in_a_call(stack, hub):
    hub.script = [OFF]
    stack.record(*(finding(at=after(0), resource=bucket(f"b{n}")) for n in range(130)))
    stack.stream()
    assert len(waiting(stack)) == 130
    stack.alerts.republish(context())
    assert [len(call) for call in hub.calls] == [100, 100, 30]
    assert len(hub.known) == 130
    assert waiting(stack) == []


def test_a_call_has_fewer_findings_if_they_are_large(stack, hub, monkeypatch):
    monkeypatch.setattr(security_hub, "MOST_REQUEST", 6_000)
    stack.record(*(finding(at=after(0), resource=bucket(f"b{n}")) for n in range(7)))
    stack.stream()
    assert len(hub.calls) > 1
    assert len(hub.known) == 7


@pytest.mark.parametrize(
    "failure",
    [
        error("ThrottlingException", 429),
        error("LimitExceededException", 429),
        error("InternalException", 500),
        error("AccessDeniedException", 403),
        EndpointConnectionError(endpoint_url="https://securityhub"),
        RuntimeError("a fault of our own"),
    ],
    ids=lambda e: str(e)[:40],
)
def test_a_call_that_fails_is_made_again_and_repeats_no_alert(stack, hub, failure):
    hub.script = [failure]
    happen(stack, finding(at=after(0)))
    assert len(stack.published) == 1
    assert hub.known == {}
    assert counted("SecurityHubFailures") == 1
    assert len(waiting(stack)) == 1
    stack.alerts.republish(context())
    assert hub.states() == {"data": ("FAILED", "NEW", "ACTIVE")}
    assert waiting(stack) == []
    assert len(stack.published) == 1


def test_after_a_call_that_failed_the_stream_does_not_wait_for_another(stack, hub):
    hub.script = [error("InternalException", 500)]
    happen(stack, finding(at=after(0)))
    happen(stack, finding(at=after(1), resource=bucket("other")))
    assert len(hub.calls) == 1
    assert len(stack.published) == 2
    stack.alerts.republish(context())
    assert set(hub.states()) == {"data", "other"}
    happen(stack, finding(at=after(2), resource=bucket("third")))
    assert set(hub.states()) == {"data", "other", "third"}, "and then it is asked again"


def test_that_security_hub_is_not_enabled_is_told_once(stack, hub):
    hub.script = [OFF, OFF, OFF]
    happen(stack, finding(at=after(0)))
    stack.alerts.republish(context())
    renewed(stack)
    stack.alerts.republish(context())
    assert counted("SecurityHubNotEnabled") == 1
    assert counted("SecurityHubFailures") == 0
    assert len(stack.published) == 1
    stack.alerts.republish(context())
    assert set(hub.states()) == {"data"}, "what waited is sent when it is enabled"
    hub.script = [OFF]
    happen(stack, finding(at=after(1), resource=bucket("other")))
    assert counted("SecurityHubNotEnabled") == 2, "it was turned off again"


@pytest.mark.parametrize("code", ["InternalException", "ThrottlingException", "LimitExceeded"])
def test_a_finding_whose_failure_passes_is_sent_again(stack, hub, code):
    stack.record(finding(at=after(0)), finding(at=after(1), resource=bucket("other")))
    hub.refuses = {finding().id: code}
    stack.stream()
    assert set(hub.states()) == {"other"}
    assert waiting(stack) == [finding().id]
    hub.refuses = {}
    stack.alerts.republish(context())
    assert set(hub.states()) == {"data", "other"}
    assert counted("SecurityHubRefused") == 0


def test_a_finding_that_is_refused_is_counted_logged_and_holds_up_no_other(
    stack, hub, monkeypatch
):
    said = []
    monkeypatch.setattr(alerts_app.log, "error", lambda text, **more: said.append((text, more)))
    stack.record(finding(at=after(0)), finding(at=after(1), resource=bucket("other")))
    hub.refuses = {finding().id: "InvalidInput"}
    stack.stream()
    assert counted("SecurityHubRefused") == 1
    assert set(hub.states()) == {"other"}
    assert waiting(stack) == []
    [(_, more)] = said
    assert more["extra"] == {
        "finding_id": finding().id,
        "code": "InvalidInput",
        "error": "Not so.",
    }
    stack.alerts.republish(context())
    assert len(hub.calls) == 1
    assert len(stack.published) == 2


def test_a_finding_that_makes_a_call_unfit_is_found_out(stack, hub):
    many = [finding(at=after(0), resource=bucket(f"b{n}")) for n in range(9)]
    stack.record(*many)
    hub.unfit = {many[4].id}
    stack.stream()
    assert len(hub.known) == 8
    assert counted("SecurityHubRefused") == 1
    assert waiting(stack) == []


def test_failures_that_name_no_finding_leave_all_waiting(stack, hub):
    hub.script = [lambda _: {"FailedCount": 1, "SuccessCount": 0, "FailedFindings": []}]
    happen(stack, finding(at=after(0)))
    assert waiting(stack) == [finding().id]
    assert counted("SecurityHubFindings") == 0


def test_a_change_during_the_call_is_sent_after_it(stack, hub):
    def meanwhile(findings):
        stack.record(finding(Status.COMPLIANT, after(1)))
        [row] = stack.rows()
        stack.alerts.publish(alerts_app.entry_of(row["dynamodb"]["NewImage"]))
        for each in findings:
            hub._take(each["Id"].rpartition("/")[2], each)
        return {"FailedCount": 0, "SuccessCount": 1}

    hub.script = [meanwhile]
    happen(stack, finding(at=after(0)))
    assert hub.states()["data"][0] == "FAILED"
    assert waiting(stack) == [finding().id]
    stack.alerts.republish(context())
    assert hub.states()["data"][0] == "PASSED"


def test_what_another_invocation_sent_meanwhile_is_sent_once_more(stack, hub):
    def meanwhile(findings):
        key = {"finding_id": {"S": security_hub.WAITING}, "at": {"S": finding().id}}
        stack.dynamodb.delete_item(TableName=TRANSITIONS, Key=key)
        return {"FailedCount": 0, "SuccessCount": len(findings)}

    hub.script = [meanwhile]
    happen(stack, finding(at=after(0)))
    assert waiting(stack) == [finding().id]
    stack.alerts.republish(context())
    assert waiting(stack) == []
    assert set(hub.states()) == {"data"}


def test_an_invocation_that_ends_before_the_call_loses_nothing(stack, hub):
    stack.record(finding(at=after(0)))
    [row] = stack.rows()
    stack.alerts.publish(alerts_app.entry_of(row["dynamodb"]["NewImage"]))
    renewed(stack)
    stack.alerts.republish(context())
    assert set(hub.states()) == {"data"}
    assert len(stack.published) == 1


def test_a_note_that_fails_repeats_no_alert_and_the_finding_is_sent(stack, hub, monkeypatch):
    put = stack.dynamodb.put_item

    def refuses(**given):
        if given["Item"].get("kind", {}).get("S") == "SECURITY_HUB":
            raise error("ThrottlingException")
        return put(**given)

    stack.record(finding(at=after(0)))
    monkeypatch.setattr(stack.dynamodb, "put_item", refuses)
    stack.alerts.follow(stack.rows())
    monkeypatch.undo()
    assert stack.rows() == []
    assert len(stack.published) == 1
    assert set(hub.states()) == {"data"}


def test_of_another_account_or_too_large_is_refused_with_the_reason(stack, hub, monkeypatch):
    there = Resource("999988887777", "us-east-1", "AWS::S3::Bucket", "there")
    happen(stack, finding(at=after(0), resource=there))
    assert (hub.calls, counted("SecurityHubRefused"), waiting(stack)) == ([], 1, [])
    monkeypatch.setattr(security_hub, "MOST_BYTES", 500)
    happen(stack, finding(at=after(1)))
    assert (hub.calls, counted("SecurityHubRefused"), waiting(stack)) == ([], 2, [])


def test_without_time_everything_waits_for_the_next_run(stack, hub):
    hub.script = [error("InternalException", 500)]
    happen(stack, finding(at=after(0)))
    stack.alerts.republish(context(milliseconds=30_000))
    assert len(hub.calls) == 1
    assert waiting(stack) == [finding().id]


def test_another_partition_has_its_own_product(stack, hub):
    renewed(stack, "aws-cn", "cn-north-1")
    happen(stack, finding(at=after(0)))
    [made] = hub.known.values()
    assert made["ProductArn"] == (
        f"arn:aws-cn:securityhub:cn-north-1:{ACCOUNT}:product/{ACCOUNT}/default"
    )


def test_without_the_parameter_nothing_is_noted_and_nobody_asked(stack, hub):
    stack.environment["SECURITY_HUB"] = "false"
    renewed(stack)
    happen(stack, finding(at=after(0)))
    stack.alerts.republish(context())
    assert (hub.calls, waiting(stack), len(stack.published)) == ([], [], 1)


def test_rows_that_wait_are_forgotten_after_a_while(stack, hub):
    hub.script = [OFF]
    happen(stack, finding(at=after(0)))
    [row] = [
        item
        for item in stack.dynamodb.scan(TableName=TRANSITIONS)["Items"]
        if item["finding_id"]["S"] == security_hub.WAITING
    ]
    ends = int(row["expires_at"]["N"])
    assert ends > (after(0) + timedelta(days=30)).timestamp()
    assert "unpublished" not in row, "the stream passes over it"
