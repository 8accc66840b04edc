"""Documents and contacts: who is paged finds what to do, and whom to call."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from functions.operational_documentation.app import (
    alarm_runbooks,
    architecture_diagram,
    runbook_document,
    troubleshooting_guide,
    workload_runbook,
)
from readiness import Status
from readiness.evidence.cloudwatch.alarm_links import AlarmLinks
from readiness.evidence.ssm import Runbook, RunbookDocument, Runbooks
from readiness.evidence.workloads.documented import WorkloadParts
from readiness.model.attestation import (
    Artefact,
    Attestation,
    Attested,
    AttestedDocument,
    Result,
    Scope,
)
from readiness.model.finding import iso
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import NOON

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
TODAY = NOON.date()
SHOP = WorkloadParts("shop", {"Application": "shop"}, ("lambda:function", "sqs"))
ALL = "rollback restore disable dependency-outage credential-leak"
DOCUMENT = Artefact("evidence", "shop/it.pdf", "v1", "a" * 64, 100)


def check(verdict, status, said=""):
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def ago(days):
    return NOON - timedelta(days=days)


def stated(days=10.0, **changes):
    """A statement with a document about the shop."""
    about = {
        "id": "aaaa11112222",
        "rule": "it",
        "scope": Scope(workload="shop"),
        "statement": "Read.",
        "performed_at": ago(days),
        "declared_at": ago(days),
        "owner": "team",
        "attester": "arn:aws:sts::111122223333:assumed-role/Dev/alice",
        "attester_id": "AROA:alice",
        "artefact": DOCUMENT,
        "bound_to": {"scenarios": ALL, "resource_types": "lambda:function, sqs"},
    }
    return Attestation(**about | changes)


LONG_AGO = ago(30)


def said(*statements, first_seen=LONG_AGO):
    return AttestedDocument(statements, NOON, first_seen)


APPROVED = {"approved_by": "bob", "approved_by_id": "AROA:bob"}
UNREAD = Unreadable("s3:ListBucket", Cause.ACCESS_DENIED, "AccessDenied")


# -- what counts as a document --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attested", "status", "reason"),
    [
        pytest.param(said(stated()), GOOD, "valid until", id="attested"),
        pytest.param(said(first_seen=ago(1)), UNKNOWN, "not attested yet", id="in the grace"),
        pytest.param(said(first_seen=ago(14)), BAD, "was due by", id="never attested"),
        pytest.param(said(stated(179.0)), GOOD, "", id="179 days old"),
        pytest.param(said(stated(180.0)), BAD, "it expired on", id="180 days old"),
        pytest.param(said(stated(-1.0)), BAD, "in the future", id="of tomorrow"),
        pytest.param(
            said(stated(scope=Scope())), BAD, "does not say that it is about shop", id="of no one"
        ),
        pytest.param(
            said(stated(scope=Scope(resource="*"))), BAD, "does not say that", id="of everything"
        ),
        pytest.param(said(stated(scope=Scope(resource="shop"))), GOOD, "", id="by resource"),
        pytest.param(said(stated(artefact=None)), BAD, "it names no document", id="no document"),
        pytest.param(
            said(stated(artefact_problem="is empty")), BAD, "is empty", id="an empty document"
        ),
        pytest.param(
            said(stated(artefact_outdated="was deleted")),
            BAD,
            "its document was deleted",
            id="deleted, with a delete marker",
        ),
        pytest.param(
            said(stated(artefact_unread=UNREAD)), UNKNOWN, "could not be read", id="unreadable"
        ),
        pytest.param(said(stated(result=Result.FAIL)), BAD, "as failed", id="failed"),
        pytest.param(
            said(stated(200.0), stated(1.0, id="again")),
            BAD,
            "it expired on",
            id="the old document, attested again",
        ),
        pytest.param(
            said(stated(200.0), stated(1.0, artefact=replace(DOCUMENT, sha256="b" * 64))),
            GOOD,
            "",
            id="a document with other content",
        ),
        pytest.param(
            said(stated(200.0, revoked=True), stated(1.0)), GOOD, "", id="the first was revoked"
        ),
    ],
)
def test_troubleshooting_guide(attested, status, reason):
    check(troubleshooting_guide(SHOP, attested), status, reason)


def test_a_guide_may_have_to_be_younger_and_seen_by_two():
    check(troubleshooting_guide(SHOP, said(stated()), max_age_days=5), BAD, "expired")
    check(troubleshooting_guide(SHOP, said(stated()), two_people=True), BAD, "second person")
    approved = said(stated(**APPROVED))
    check(troubleshooting_guide(SHOP, approved, two_people=True), GOOD)


# -- runbooks -------------------------------------------------------------------------------------

RUNBOOK = Runbook("Shop-Rollback", ("rollback",), "team", date(2026, 10, 1))
NONE = Runbooks((), TODAY)
WITHOUT_ROLLBACK = "restore disable dependency-outage credential-leak"


@pytest.mark.parametrize(
    ("runbooks", "bound", "status", "reason"),
    [
        pytest.param((), ALL, GOOD, "runbook of shop", id="all scenarios in the document"),
        pytest.param((), f"{ALL},more", GOOD, "", id="more than all"),
        pytest.param((), WITHOUT_ROLLBACK, BAD, "does not state rollback", id="one is left out"),
        pytest.param((), "*", BAD, "does not state", id="a star is no scenario"),
        pytest.param((), "", BAD, "does not state", id="none"),
        pytest.param((RUNBOOK,), WITHOUT_ROLLBACK, GOOD, "", id="Systems Manager has the rest"),
        pytest.param(
            (replace(RUNBOOK, scenarios=tuple(ALL.split())),), "", GOOD, "", id="it has all"
        ),
        pytest.param(
            (replace(RUNBOOK, workload="other"),),
            WITHOUT_ROLLBACK,
            BAD,
            "rollback",
            id="the runbook of another workload",
        ),
        pytest.param(
            (replace(RUNBOOK, reviewed=date(2025, 1, 1)),),
            WITHOUT_ROLLBACK,
            BAD,
            "rollback",
            id="not reviewed",
        ),
        pytest.param(
            (replace(RUNBOOK, status="Failed"),), WITHOUT_ROLLBACK, BAD, "rollback", id="broken"
        ),
        pytest.param(
            (replace(RUNBOOK, status="Updating"),), WITHOUT_ROLLBACK, GOOD, "", id="changing"
        ),
    ],
)
def test_workload_runbook(runbooks, bound, status, reason):
    attested = said(stated(bound_to={"scenarios": bound}))
    check(workload_runbook(SHOP, Runbooks(runbooks, TODAY), attested), status, reason)


def test_an_automated_runbook_does_not_replace_the_document():
    automated = Runbooks((replace(RUNBOOK, scenarios=tuple(ALL.split())),), TODAY)
    check(workload_runbook(SHOP, automated, said()), BAD, "not attested")


def test_a_runbook_nobody_has_attested_yet_is_due_in_two_weeks():
    check(workload_runbook(SHOP, NONE, said(first_seen=None)), UNKNOWN, "not attested yet")


def test_the_settings_of_the_runbook():
    little = said(stated(bound_to={"scenarios": "rollback"}))
    check(workload_runbook(SHOP, NONE, little), BAD)
    check(workload_runbook(SHOP, NONE, little, scenarios=("rollback",)), GOOD)
    titled = said(stated(bound_to={"scenarios": "Rollback"}))
    check(workload_runbook(SHOP, NONE, titled, scenarios=("Rollback",)), GOOD)
    check(workload_runbook(SHOP, NONE, said(stated()), max_age_days=5), BAD)
    check(workload_runbook(SHOP, NONE, said(stated()), two_people=True), BAD)


@pytest.mark.parametrize(
    ("runbook", "status", "reason"),
    [
        pytest.param(RUNBOOK, GOOD, "owned by team", id="reviewed"),
        pytest.param(replace(RUNBOOK, owner=""), BAD, "no tag owner", id="of nobody"),
        pytest.param(replace(RUNBOOK, reviewed=None), BAD, "no tag reviewed", id="never reviewed"),
        pytest.param(
            replace(RUNBOOK, reviewed=date(2099, 1, 1)), BAD, "in the future", id="of the future"
        ),
        pytest.param(
            replace(RUNBOOK, reviewed=TODAY - timedelta(days=180)), BAD, "at most 180", id="old"
        ),
        pytest.param(replace(RUNBOOK, reviewed=TODAY - timedelta(days=179)), GOOD, "", id="179"),
        pytest.param(
            replace(RUNBOOK, status="Failed", why="too large"),
            BAD,
            "is Failed, not Active (too large)",
            id="failed",
        ),
        pytest.param(replace(RUNBOOK, status=""), BAD, "unknown state", id="no state"),
        pytest.param(replace(RUNBOOK, status="Creating"), UNKNOWN, "is Creating", id="new"),
        pytest.param(replace(RUNBOOK, status="Updating"), UNKNOWN, "is Updating", id="changing"),
        pytest.param(replace(RUNBOOK, status="Deleting"), NA, "being deleted", id="going"),
        pytest.param(
            replace(RUNBOOK, made=date(2026, 10, 20), version="7"),
            BAD,
            "was last reviewed on 2026-10-01, and its version 7, which runs, was made on 2026-10-20",
            id="changed after the review",
        ),
        pytest.param(
            replace(RUNBOOK, made=date(2026, 10, 2)),
            GOOD,
            "",
            id="changed on the day of the review",
        ),
        pytest.param(replace(RUNBOOK, made=date(2025, 1, 1)), GOOD, "", id="changed before it"),
        pytest.param(replace(RUNBOOK, review="REJECTED"), BAD, "was rejected", id="rejected"),
        pytest.param(replace(RUNBOOK, review="NOT_REVIEWED"), GOOD, "", id="no formal review"),
    ],
)
def test_runbook_document(runbook, status, reason):
    check(runbook_document(RunbookDocument(runbook, NOON), NOBODY), status, reason)


@pytest.mark.parametrize(
    ("latest", "reminder"),
    [("", ""), ("3", ""), ("5", "Version 5 is newer than the default version 3")],
)
def test_a_newer_version_that_does_not_run_yet_is_told(latest, reminder):
    document = RunbookDocument(replace(RUNBOOK, version="3", latest=latest), NOON)
    verdict = runbook_document(document, NOBODY)
    assert (verdict.status, reminder in verdict.reminder) == (GOOD, True)
    assert bool(verdict.reminder) is bool(reminder)


def test_a_review_may_have_to_be_younger():
    document = RunbookDocument(RUNBOOK, NOON)
    check(runbook_document(document, NOBODY, max_age_days=10), BAD, "at most 10")


NOBODY = Attested((), NOON, ago(30))
AUTOMATION = replace(RUNBOOK, kind="Automation", version="3")
REMADE = replace(AUTOMATION, made=ago(10).date(), reviewed=ago(5).date())


def executed(succeeded=None, failed=None, runbook=AUTOMATION):
    moments = [None if days is None else ago(days) for days in (succeeded, failed)]
    return RunbookDocument(runbook, NOON, *moments)


def recalled(**row):
    return Attested((), NOON, ago(30), {"last_executed": row})


def failing(name="last_failed", version="3", days=60):
    return Attested((), NOON, ago(30), {name: {"version": version, "at": iso(ago(days))}})


def drilled(days=10.0, **changes):
    return Attested((stated(days, artefact=None, scope=Scope(), **changes),), NOON, ago(30))


MUST = {"must_be_executed": True}


@pytest.mark.parametrize(
    ("document", "people", "settings", "status", "reason"),
    [
        pytest.param(executed(3), NOBODY, MUST, GOOD, "executed with success on", id="executed"),
        pytest.param(executed(), NOBODY, {}, GOOD, "has not been executed", id="not executed"),
        pytest.param(executed(), NOBODY, MUST, BAD, "is not known", id="but it must"),
        pytest.param(executed(None, 3), NOBODY, {}, BAD, "and failed on", id="only failed"),
        pytest.param(executed(), failing(), {}, BAD, "and failed on", id="failed 60 days ago"),
        pytest.param(executed(1), failing(), {}, GOOD, "executed with", id="repaired since"),
        pytest.param(
            executed(runbook=REMADE), failing(), {}, GOOD, "has not been", id="made again since"
        ),
        pytest.param(
            executed(None, 3, REMADE),
            recalled(version="3", at=iso(ago(60))),
            {},
            BAD,
            "and failed on",
            id="made again since it worked",
        ),
        pytest.param(
            executed(), failing(version="2"), {}, GOOD, "has not been executed", id="changed since"
        ),
        pytest.param(executed(9, 3), NOBODY, MUST, GOOD, "executed with", id="failed once since"),
        pytest.param(
            executed(None, 3), recalled(version="3", at=iso(ago(60))), MUST, GOOD, "", id="known"
        ),
        pytest.param(
            executed(),
            recalled(version="2", at=iso(ago(60))),
            MUST,
            BAD,
            "",
            id="before it changed",
        ),
        pytest.param(executed(), recalled(version="3", at="?"), MUST, BAD, "", id="no time"),
        pytest.param(
            executed(), recalled(version="3", at=iso(ago(181))), MUST, BAD, "", id="too long ago"
        ),
        pytest.param(
            executed(20), NOBODY, {"max_age_days": 15, **MUST}, BAD, "reviewed", id="and reviewed"
        ),
        pytest.param(executed(None, 3), drilled(), MUST, GOOD, "A drill of", id="drilled"),
        pytest.param(
            executed(), drilled(), {"two_people": True, **MUST}, BAD, "not known", id="alone"
        ),
        pytest.param(
            executed(),
            drilled(result=Result.FAIL),
            {},
            BAD,
            "attested as failed",
            id="drill failed",
        ),
        pytest.param(
            executed(None, 3, replace(AUTOMATION, kind="Command")),
            NOBODY,
            MUST,
            GOOD,
            "",
            id="command",
        ),
    ],
)
def test_executions_of_a_runbook(document, people, settings, status, reason):
    check(runbook_document(document, people, **settings), status, reason)


def test_a_drill_whose_record_cannot_be_read_is_no_proof():
    denied = Unreadable("s3:GetObjectVersion", Cause.ACCESS_DENIED, "AccessDenied")
    people = Attested((stated(artefact_unread=denied),), NOON, ago(30))
    check(runbook_document(executed(), people), UNKNOWN, "could not be read")


def test_the_finding_remembers_an_execution():
    verdict = runbook_document(executed(3), NOBODY)
    assert verdict.observed["last_executed"] == {"version": "3", "at": iso(ago(3))}
    verdict = runbook_document(executed(None, 3), NOBODY)
    assert verdict.observed["last_failed"] == {"version": "3", "at": iso(ago(3))}


def row(version="3", days=60):
    return {AUTOMATION.name: {"version": version, "at": iso(ago(days))}}


@pytest.mark.parametrize(
    ("document", "recorded", "status"),
    [
        pytest.param(executed(), {}, GOOD, id="never executed"),
        pytest.param(executed(3), {}, GOOD, id="works"),
        pytest.param(executed(None, 3), {}, BAD, id="only failed"),
        pytest.param(executed(9, 3), {}, GOOD, id="failed once since"),
        pytest.param(executed(), {"last_failed": row()}, BAD, id="failed 60 days ago"),
        pytest.param(executed(1), {"last_failed": row()}, GOOD, id="repaired since"),
        pytest.param(executed(), {"last_failed": row("2")}, GOOD, id="changed since"),
        pytest.param(executed(None, 3), {"last_executed": row()}, GOOD, id="worked 60 days ago"),
        pytest.param(
            executed(None, 3, REMADE),
            {"last_executed": row()},
            BAD,
            id="worked before it was made",
        ),
        pytest.param(executed(), {"last_failed": {AUTOMATION.name: "?"}}, GOOD, id="garbled"),
        pytest.param(executed(), {"last_failed": "?"}, GOOD, id="garbled rows"),
    ],
)
def test_a_runbook_that_only_failed_covers_no_scenario(document, recorded, status):
    runbooks = Runbooks((AUTOMATION,), TODAY, (document,))
    attested = replace(said(stated(bound_to={"scenarios": WITHOUT_ROLLBACK})), recorded=recorded)
    verdict = workload_runbook(SHOP, runbooks, attested)
    assert verdict.status is status, verdict.reason
    if document.failed:
        assert verdict.observed["last_failed"][AUTOMATION.name]["version"] == "3"


# -- alarms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("links", "status", "reason"),
    [
        pytest.param(AlarmLinks(0), NA, "No alarm", id="no alarms"),
        pytest.param(AlarmLinks(3), GOOD, "Of 3 alarms", id="all are linked"),
        pytest.param(
            AlarmLinks(3, ("a",)), BAD, "1 alarm of 3 that notify people has no link", id="one"
        ),
        pytest.param(AlarmLinks(3, ("a", "b")), BAD, "2 alarms of 3", id="two are not"),
        pytest.param(
            AlarmLinks(3, broken={"a": "Gone"}), BAD, "does not exist: a (Gone)", id="broken"
        ),
    ],
)
def test_alarm_runbooks(links, status, reason):
    check(alarm_runbooks(links), status, reason)


def test_some_alarms_may_be_without_a_link():
    check(alarm_runbooks(AlarmLinks(3, ("a",)), max_unlinked=1), GOOD, "1 are without")


# -- architecture ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "status", "reason"),
    [
        pytest.param(("lambda:function", "sqs"), GOOD, "", id="as it was drawn"),
        pytest.param(("sqs",), GOOD, "", id="a type is gone"),
        pytest.param(("dynamodb:table", "sqs"), BAD, "does not state dynamodb:table", id="new"),
        pytest.param((), GOOD, "", id="nothing but what comes and goes"),
    ],
)
def test_architecture_diagram(types, status, reason):
    check(architecture_diagram(replace(SHOP, types=types), said(stated())), status, reason)


def test_the_settings_of_the_diagram():
    drifted = replace(SHOP, types=("dynamodb:table",))
    check(architecture_diagram(drifted, said(stated()), compare_types=False), GOOD)
    check(architecture_diagram(SHOP, said(stated()), max_age_days=5), BAD)
    check(architecture_diagram(SHOP, said(stated()), two_people=True), BAD)
    check(architecture_diagram(SHOP, said(first_seen=ago(1))), UNKNOWN)
