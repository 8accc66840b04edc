"""What leaves the house is well-formed for each medium, whatever strangers wrote into names."""

import json
import unicodedata

import pytest

from readiness import Severity, Status
from readiness.alerting.baseline_message import baseline_message
from readiness.alerting.console import console_url
from readiness.alerting.finding_json import finding_json
from readiness.alerting.finding_text import headline, runbook_url
from readiness.alerting.guidance import guidance
from readiness.alerting.message import sns_message
from readiness.alerting.pagerduty_event import pagerduty_event
from readiness.alerting.severity import loudest, pages
from readiness.engine.rows import Entry
from readiness.model.resource import Resource
from readiness.model.text import clean, clean_facts
from tests.findings import BUCKET, after, finding

HOSTILE = {
    "controls": "a\x00b\x07c\r\nSubject: forged\x1b[31m",
    "markup": "<script>alert(1)</script><!channel> *x* `y` [z](javascript:1)",
    "long": "x" * 10_000,
    "right-to-left": "\u202egnp.exe\u2066\u200b",
    "noncharacters": "a\ufffe\uffffb\ud800",
    "astral": "💥" * 500,
    "empty": "",
}
BASE = "https://example.com/runbooks/"


def entry(kind="OPENED", **changes):
    values = {
        "finding_id": finding().id,
        "at": "2026-11-02T12:00:00.000Z",
        "kind": kind,
        "resource": BUCKET.key,
        "rule": "encryption.s3-kms",
    }
    return Entry(**(values | changes))


def invisible(text):
    return [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"}]


def hostile(text):
    """A finding after evaluation has cleaned what strangers wrote."""
    return finding(
        # AWS names nothing with half a surrogate pair, and such an id ends with the dead letters.
        resource=Resource(
            "111122223333", "us-east-1", "AWS::S3::Bucket", text.replace("\ud800", "") or "x"
        ),
        reason=clean(f"The policy says {text}.", 1000),
        owner=clean(text, 128),
        environment=clean(text, 128),
        observed=clean_facts({text or "name": text, "many": [text] * 80}),
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_inert_everywhere(text):
    found = hostile(text)
    sent = sns_message(found, entry(), BASE)
    subject = sent["Subject"]
    assert subject.isascii()
    assert subject.isprintable()
    assert 0 < len(subject) < 100
    assert subject.startswith("ALARM: ")
    media = json.loads(sent["Message"])
    assert set(media) == {"default", "email", "sqs", "lambda", "https"}
    assert all(isinstance(medium, str) for medium in media.values())
    assert not [c for c in invisible(media["email"]) if c != "\n"]
    assert "\nSubject:" not in media["email"]
    assert json.loads(media["sqs"])["resource"] == found.resource.key
    alarm = json.loads(media["https"])
    assert subject.startswith(alarm["NewStateValue"])
    assert not invisible(alarm["AlarmName"] + alarm["NewStateReason"])
    assert len(sent["Message"].encode()) + 1000 < 262_144
    for attribute in sent["MessageAttributes"].values():
        assert attribute["StringValue"]
        assert not invisible(attribute["StringValue"])
    assert len(sent["MessageAttributes"]) <= 10
    page = pagerduty_event(found, routing_key="k", lowest=Severity.HIGH, runbooks=BASE)
    payload = page["payload"]
    assert len(payload["summary"]) <= 1024
    assert not invisible(payload["summary"] + payload["source"])
    assert all(isinstance(value, str) for value in payload["custom_details"].values())
    details = payload["custom_details"]
    steps = details.pop("runbook_steps", "")
    assert not invisible("".join(details.values()) + steps.replace("\n", ""))
    assert len(json.dumps(page).encode()) < 512_000
    for link in page["links"]:
        assert link["href"].isascii()
        assert not set(link["href"]) & set(" <>\"'`\n")


def test_the_page_alone_says_what_to_do_in_steps():
    page = pagerduty_event(finding(), routing_key="k", lowest=Severity.HIGH, runbooks="docs")
    steps = page["payload"]["custom_details"]["runbook_steps"]
    assert steps.startswith("Check\n")
    assert "\nFix\n" in steps
    over = pagerduty_event(finding(), routing_key="k", lowest=Severity.CRITICAL, runbooks="docs")
    assert over["event_action"] == "resolve"
    assert "runbook_steps" not in over["payload"]["custom_details"]


@pytest.mark.parametrize(
    ("runbooks", "links"),
    [
        pytest.param("docs/runbooks", 1, id="published nowhere"),
        pytest.param("https://wiki.example.com/runbooks/", 2, id="published"),
    ],
)
def test_only_an_address_becomes_a_link(runbooks, links):
    page = pagerduty_event(finding(), routing_key="k", lowest=Severity.HIGH, runbooks=runbooks)
    assert len(page["links"]) == links
    said = page["payload"]["custom_details"]["runbook"]
    if links == 1:
        assert said.startswith(f"readiness explain {finding().id} --region ")
        assert said.endswith(" --stack-name readiness --fix")
    else:
        assert said.startswith(runbooks.rstrip("/"))


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("global", "us-east-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_console_of_each_partition(region, host):
    resource = Resource("111122223333", region, "AWS::S3::Bucket", "data")
    assert console_url(resource).startswith(f"https://{host}/")


def test_the_headline_says_what_is_wrong_where():
    said = headline(finding(environment="prod"), 1024)
    assert said == "[HIGH] data (prod, 111122223333/us-east-1): It is NON_COMPLIANT."


@pytest.mark.parametrize(
    ("found", "mark"),
    [
        (finding(Status.COMPLIANT), "[RESOLVED] data "),
        (finding(Status.NOT_APPLICABLE), "[RESOLVED] data "),
        (finding(Status.NON_COMPLIANT, waived_until=after(9)), "[HIGH] data "),
        (finding(Status.INSUFFICIENT_DATA), "[HIGH] data "),
    ],
    ids=["passes", "does not apply", "waived", "unknown"],
)
def test_a_headline_names_no_severity_where_nothing_is_wrong(found, mark):
    assert headline(found, 1024).startswith(mark)


BLIND = finding(
    Status.INSUFFICIENT_DATA,
    severity=Severity.CRITICAL,
    blinded_at=after(1),
    blind_since=after(),
)


@pytest.mark.parametrize(
    ("found", "lowest", "pages_"),
    [
        pytest.param(finding(), Severity.HIGH, True, id="as severe as asked"),
        pytest.param(finding(), Severity.CRITICAL, False, id="less severe"),
        pytest.param(finding(Status.COMPLIANT), Severity.LOW, False, id="fine"),
        pytest.param(BLIND, Severity.MEDIUM, False, id="blindness is LOW whatever the rule"),
        pytest.param(BLIND, Severity.LOW, True, id="blindness for who asks for LOW"),
        pytest.param(
            finding(waived_until=after(days=1, hours=0)), Severity.LOW, False, id="waived"
        ),
    ],
)
def test_what_pages(found, lowest, pages_):
    assert pages(found, lowest) is pages_
    event = pagerduty_event(found, routing_key="k", lowest=lowest, runbooks=BASE)
    assert event["event_action"] == ("trigger" if pages_ else "resolve")


@pytest.mark.parametrize(
    ("severity", "spoken"),
    [
        (Severity.CRITICAL, "critical"),
        (Severity.HIGH, "error"),
        (Severity.MEDIUM, "warning"),
        (Severity.LOW, "info"),
        (Severity.INFORMATIONAL, "info"),
    ],
)
def test_severities_in_pagerdutys_words(severity, spoken):
    event = pagerduty_event(
        finding(severity=severity), routing_key="k", lowest=Severity.LOW, runbooks=BASE
    )
    assert event["payload"]["severity"] == spoken


def test_resolve_carries_the_whole_payload_and_the_same_key():
    def page(status):
        return pagerduty_event(
            finding(status), routing_key="k", lowest=Severity.HIGH, runbooks=BASE
        )

    trigger, resolve = page(Status.NON_COMPLIANT), page(Status.COMPLIANT)
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert set(trigger["payload"]) == set(resolve["payload"])
    assert trigger["dedup_key"] == resolve["dedup_key"]
    assert len(trigger["dedup_key"]) <= 255


@pytest.mark.parametrize(
    ("found", "was", "loud"),
    [
        pytest.param(finding(), {}, Severity.HIGH, id="opened"),
        pytest.param(
            finding(Status.COMPLIANT, severity=Severity.LOW),
            {"old_status": "NON_COMPLIANT", "old_severity": "CRITICAL"},
            Severity.CRITICAL,
            id="resolved is as loud as what is over",
        ),
        pytest.param(
            finding(severity=Severity.LOW),
            {"kind": "DEESCALATED", "old_status": "NON_COMPLIANT", "old_severity": "HIGH"},
            Severity.HIGH,
            id="better",
        ),
        pytest.param(
            finding(Status.COMPLIANT), {"kind": "REMINDED"}, Severity.LOW, id="a reminder"
        ),
        pytest.param(
            BLIND, {"kind": "BLINDED", "old_status": "COMPLIANT"}, Severity.LOW, id="blind"
        ),
    ],
)
def test_who_heard_of_the_one_hears_of_the_other(found, was, loud):
    row = entry(**was)
    assert loudest(found, row) is loud
    sent = sns_message(found, row, BASE)["MessageAttributes"]["severity"]
    assert sent == {"DataType": "String", "StringValue": str(loud)}


def test_a_pasted_url_gets_an_alarm_and_its_end():
    for status, state in ((Status.NON_COMPLIANT, "ALARM"), (Status.COMPLIANT, "OK")):
        sent = sns_message(finding(status), entry(), BASE)
        alarm = json.loads(json.loads(sent["Message"])["https"])
        assert alarm["NewStateValue"] == state
        assert sent["Subject"].startswith(f"{state}: ")


def test_the_finding_as_json_has_the_tables_names():
    body = finding_json(finding(owner="ops"))
    assert body["dedup_key"] == finding().dedup_key
    assert (body["status"], body["open"], body["owner"]) == ("NON_COMPLIANT", True, "ops")
    assert "waived_until" not in body


def test_the_baseline_is_one_message_that_pages_nobody():
    sent = baseline_message(
        ["iam_roles", "encryption"], {"HIGH": 2}, "1", "us-east-1", "readiness"
    )
    media = json.loads(sent["Message"])
    assert "2 findings are open (2 HIGH)" in media["email"]
    assert "readiness findings --open --stack-name readiness" in media["email"]
    assert json.loads(media["sqs"])["headings"] == ["encryption", "iam_roles"]
    assert sent["MessageAttributes"]["severity"]["StringValue"] == "INFORMATIONAL"
    assert len(sent["Subject"]) < 100
    assert "https" not in media, "it would look like an alarm without a state"


def test_links():
    assert runbook_url("encryption.s3-kms", BASE) == f"{BASE}encryption.md#s3-kms"
    assert "global" not in console_url(Resource("1", "global", "AWS::IAM::User", "ann"))
    odd = console_url(Resource("1", "us-east-1", "AWS::S3::Bucket", '"><a href=x>'))
    assert not set(odd) & set('"<> ')


def test_a_reminder_says_what_to_renew_to_people_and_programs():
    soon = "A load test must be attested again before 2026-12-01."
    found = finding(Status.COMPLIANT, reminder=soon)
    sent = sns_message(found, entry(kind="REMINDED"), BASE)
    assert soon in json.loads(sent["Message"])["email"]
    assert finding_json(found)["reminder"] == soon
    assert sent["MessageAttributes"]["severity"]["StringValue"] == "LOW"


BLAMED = finding(
    opened_by="arn:aws:iam::111122223333:user/ann",
    changed_by="arn:aws:iam::111122223333:user/bob",
    changed_call="PutBucketPolicy",
    changed_at="2026-11-02T11:59:00Z",
    event_id="0f5b2a6e",
)
LAST = "PutBucketPolicy by arn:aws:iam::111122223333:user/bob at 2026-11-02T11:59:00Z"


def test_a_page_tells_the_last_change_and_calls_it_no_cause():
    event = pagerduty_event(BLAMED, routing_key="k", lowest=Severity.HIGH, runbooks=BASE)
    details = event["payload"]["custom_details"]
    assert details["last_change"] == LAST
    assert details["opened_by"].endswith("user/ann")
    assert details["event_id"] == "0f5b2a6e"
    assert "caused_by" not in details
    said = json.loads(sns_message(BLAMED, entry(), BASE)["Message"])
    assert f"Last change: {LAST}" in said["email"]
    body = json.loads(said["sqs"])
    assert (body["changed_by"], body["event_id"]) == (BLAMED.changed_by, "0f5b2a6e")


def test_a_stack_of_another_name_has_keys_and_alarms_of_its_own():
    own, other = finding_json(finding()), finding_json(finding(), "second")
    assert own["dedup_key"] == finding().dedup_key
    assert other["dedup_key"] != own["dedup_key"]
    alarms = [
        json.loads(
            json.loads(sns_message(finding(), entry(), BASE, stack=stack)["Message"])["https"]
        )
        for stack in ("readiness", "second")
    ]
    assert [alarm["AlarmName"].partition(" ")[0] for alarm in alarms] == ["readiness", "second"]


def test_whether_the_pager_has_to_hear_is_an_attribute():
    for for_pager, said in ((True, "yes"), (False, "no")):
        sent = sns_message(finding(), entry(), BASE, for_pager=for_pager)
        assert sent["MessageAttributes"]["pager"]["StringValue"] == said
        assert len(sent["MessageAttributes"]) <= 10


ANN = "arn:aws:iam::111122223333:user/ann"


def test_the_mail_says_what_how_bad_who_what_to_do_and_how_to_look(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    found = BLAMED.but(reason="The default encryption is AES256.", changed_by=ANN)
    sent = sns_message(found, entry(), "docs/runbooks", stack="second")
    mail = json.loads(sent["Message"])["email"]
    assert sent["Subject"] == "ALARM: [HIGH] encryption.s3-kms data"
    assert mail.splitlines()[0].startswith("[HIGH] data (111122223333/us-east-1): The default")
    for line in (
        "What:      The default encryption is AES256.",
        "How bad:   HIGH, OPENED (2026-11-02T12:00:00.000Z)",
        f"Last change: PutBucketPolicy by {ANN} at 2026-11-02T11:59:00Z",
        "Its event: 0f5b2a6e (CloudTrail)",
        "Why:       With SSE-S3, everyone with s3:GetObject can read the objects.",
        f"Fix:       {guidance(found.rule).fix}",
        f"Look:      readiness explain {found.id} --region eu-central-1 --stack-name second",
        f"Runbook:   readiness explain {found.id} --region eu-central-1 --stack-name second --fix",
        f"Console:   {console_url(BUCKET)}",
    ):
        assert line in mail.splitlines()
    assert "aws s3api put-bucket-encryption" in mail, "the steps come along"


def test_a_mail_whose_change_nobody_saw_says_so():
    mail = json.loads(sns_message(finding(), entry(), BASE)["Message"])["email"]
    assert "Who:       not known: a sweep found it, or no trail told of the change" in mail


@pytest.mark.parametrize(
    ("found", "kind", "subject"),
    [
        (finding(), "OPENED", "ALARM: [HIGH] encryption.s3-kms data"),
        (finding(Status.COMPLIANT), "RESOLVED", "OK: [RESOLVED] encryption.s3-kms data"),
        (
            finding(waived_until=after(days=1)),
            "WAIVED",
            "OK: [WAIVED] encryption.s3-kms data",
        ),
        (
            finding(Status.COMPLIANT, reminder="soon"),
            "REMINDED",
            "OK: [REMINDER] encryption.s3-kms data",
        ),
        (BLIND, "BLINDED", "ALARM: [LOW] encryption.s3-kms data"),
    ],
    ids=["opened", "resolved", "waived", "reminded", "blind"],
)
def test_the_subject_says_how_bad_it_is(found, kind, subject):
    assert sns_message(found, entry(kind=kind), BASE)["Subject"] == subject


def test_a_resolve_says_so_in_every_medium_and_tells_no_fix():
    over = finding(Status.COMPLIANT, reason="The default encryption is aws:kms.")
    sent = sns_message(over, entry(kind="RESOLVED"), BASE)
    media = json.loads(sent["Message"])
    assert media["email"].startswith("[RESOLVED] data ")
    assert "Resolved:  COMPLIANT since" in media["email"]
    assert "Fix:" not in media["email"]
    assert "[RESOLVED]" in json.loads(media["https"])["NewStateReason"]
    page = pagerduty_event(over, routing_key="k", lowest=Severity.HIGH, runbooks=BASE)
    assert page["payload"]["summary"].startswith("[RESOLVED] data ")
    waived = finding(waived_until=after(days=1))
    page = pagerduty_event(waived, routing_key="k", lowest=Severity.HIGH, runbooks=BASE)
    assert page["payload"]["summary"].startswith("[RESOLVED] data ")


def test_why_is_the_reason_it_matters_and_the_box_has_its_own_field():
    details = pagerduty_event(finding(), routing_key="k", lowest=Severity.HIGH, runbooks=BASE)[
        "payload"
    ]["custom_details"]
    assert details["why"].startswith("With SSE-S3, everyone")
    assert details["fix"].startswith("Set the bucket's default encryption")
    assert details["box"].startswith("Security / Encryption / ")


@pytest.mark.parametrize(
    ("id", "changes", "shown"),
    [
        ("sg-0a", {"name": "agents"}, "sg-0a (agents)"),
        ("sg-0a", {"tags": {"Name": "shop agents"}}, "sg-0a (shop agents)"),
        ("1f2e", {"observed": {"aliases": ["alias/prod"]}}, "1f2e (alias/prod)"),
        ("agents", {"tags": {"Name": "Agents"}}, "agents"),
        ("arn:aws:ecs:us-east-1:111122223333:service/shop/web", {}, "service/shop/web"),
        ("sg-0a", {"name": "a\u202eb\x00" + "x" * 500}, "sg-0a (ab" + "x" * 57 + "…)"),
    ],
)
def test_names_stand_beside_ids_that_do_not_speak(id, changes, shown):
    found = finding(
        resource=Resource("111122223333", "us-east-1", "AWS::EC2::SecurityGroup", id), **changes
    )
    assert headline(found, 1024).startswith(f"[HIGH] {shown} (111122223333/us-east-1): ")
