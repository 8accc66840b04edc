"""What was declared, as a run reads it: by whom, about what, approved by whom, and still provable."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from readiness.engine.aws import Aws
from readiness.engine.declarations import DeclarationReader, attestation_item
from readiness.model.attestation import Artefact, Attestation, Scope
from readiness.model.resource import Resource
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import ACCOUNT_ID, NOON, FakeAccount, error
from tests.findings import finding

RULE = "resource_sizing.load-test"
FUNCTION = Resource(ACCOUNT_ID, "us-east-1", "AWS::Lambda::Function", "agent-1")
DONE = datetime(2026, 11, 1, 9, 30, 15, 250000, tzinfo=UTC)
ARTEFACT = Artefact("evidence", "load.pdf", "v1", "ab" * 32, 7)
ALICE, BOB, CAROL = "AROAEXAMPLEEXAMPLE123:alice", "AROA:bob", "AROA:carol"
SAID = Attestation(
    id="aaaa11112222",
    rule=RULE,
    scope=Scope(account=ACCOUNT_ID),
    statement="Load test at twice the peak.",
    performed_at=DONE,
    declared_at=DONE + timedelta(hours=1),
    owner="team@example.com",
    attester=ALICE,
    attester_id=ALICE,
)


def table(*statements, answers=(), **changes):
    """An account whose table holds these statements and answers to them."""
    items = [*map(attestation_item, statements), *answers]
    asked = []

    def query(**params):
        asked.append(params)
        return {"Items": items}

    fake_account = FakeAccount({("dynamodb", "query"): query}).but(**changes)
    fake_account.asked = asked
    return fake_account


def reader(fake_account, name="Declarations", known=lambda resource, rule: None):
    aws = Aws(fake_account, account=ACCOUNT_ID, region="us-east-1", now=lambda: NOON)
    return DeclarationReader(aws, name, known)


def attested(fake_account, environment="prod", workload="agents", **more):
    return reader(fake_account, **more).attested(RULE, FUNCTION, environment, workload)


# -- what a run reads ------------------------------------------------------------------------------


def test_the_statements_of_the_rule_are_asked_of_the_index():
    fake_account = table(SAID)
    found = attested(fake_account)
    assert found.statements == (SAID,)
    assert found.now == NOON
    [asked] = fake_account.asked
    assert (asked["TableName"], asked["IndexName"]) == ("Declarations", "by-rule")
    assert asked["ExpressionAttributeValues"] == {":r": {"S": RULE}}
    name = asked["ExpressionAttributeNames"]["#r"]
    assert (asked["KeyConditionExpression"], name) == ("#r = :r", "rule")


def test_a_row_with_a_value_that_is_never_written_here_costs_no_other():
    spoilt = attestation_item(replace(SAID, id="b")) | {"picture": {"B": b"x"}}
    answers = {"dynamodb__query": {"Items": [spoilt, attestation_item(SAID)], "Count": 2}}
    assert attested(table().but(**answers)).statements == (SAID,)


def test_where_nothing_is_deployed_nothing_was_declared_and_nothing_is_asked():
    fake_account = table(SAID)
    found = attested(fake_account, name="", known=lambda resource, rule: 1 / 0)
    assert (found.statements, found.now, found.first_seen) == ((), NOON, None)
    assert reader(fake_account, name="").asks_for_tags(RULE) is False
    assert fake_account.calls == []


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope(ACCOUNT_ID), True),
        (Scope("444455556666"), False),
        (Scope(environment="prod"), True),
        (Scope(environment="agents"), False),
        (Scope(workload="agents"), True),
        (Scope(workload="prod"), False),
        (Scope(resource="agent-*"), True),
        (Scope(resource="other"), False),
    ],
    ids=str,
)
def test_only_statements_about_the_resource_count(scope, covers):
    said = replace(SAID, scope=scope)
    assert attested(table(said)).statements == ((said,) if covers else ())


@pytest.mark.parametrize(
    ("scope", "asks"),
    [
        (Scope(ACCOUNT_ID, resource="agent-*"), False),
        (Scope(environment="prod"), True),
        (Scope(workload="agents"), True),
    ],
    ids=str,
)
def test_whether_tags_decide_what_applies(scope, asks):
    """Also where the scope is not that of the resource: it is not known before the tags are."""
    first = replace(SAID, id="b", scope=Scope("444455556666"))
    fake_account = table(first, replace(SAID, scope=scope))
    assert reader(fake_account).asks_for_tags(RULE) is asks


def test_since_when_the_rule_looks_is_the_findings():
    asked = []

    def known(resource, rule):
        asked.append((resource, rule))
        return finding(first_observed_at=NOON - timedelta(days=3))

    assert attested(table(), known=known).first_seen == NOON - timedelta(days=3)
    assert asked == [(FUNCTION, RULE)]
    assert attested(table()).first_seen is None


@pytest.mark.parametrize(
    ("failure", "cause", "code"),
    [
        (error("AccessDeniedException", 400), Cause.ACCESS_DENIED, "AccessDeniedException"),
        (error("ThrottlingException", 400), Cause.THROTTLED, "ThrottlingException"),
        (
            EndpointConnectionError(endpoint_url="https://x"),
            Cause.SERVICE_UNAVAILABLE,
            "EndpointConnectionError",
        ),
    ],
    ids=["denied", "throttled", "unreachable"],
)
def test_where_the_finding_cannot_be_read_that_is_named(failure, cause, code):
    def known(resource, rule):
        raise failure

    with pytest.raises(Unreadable) as unreadable:
        attested(table(SAID), known=known)
    assert unreadable.value.action == "dynamodb:GetItem"
    assert (unreadable.value.cause, unreadable.value.code) == (cause, code)


@pytest.mark.parametrize("ask", ["attested", "asks_for_tags"])
def test_where_the_table_cannot_be_read_nothing_is_taken_for_declared_or_not(ask):
    fake_account = table(dynamodb__query=error("AccessDeniedException", 400))
    with pytest.raises(Unreadable) as unreadable:
        if ask == "attested":
            attested(fake_account)
        else:
            reader(fake_account).asks_for_tags(RULE)
    assert unreadable.value.action == "dynamodb:Query"


def test_people_are_named_by_iam():
    role = {
        "RoleName": "Developer",
        "RoleId": ALICE.partition(":")[0],
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/Developer",
        "Path": "/",
        "CreateDate": NOON,
    }
    fake_account = table(SAID, iam__list_roles={"Roles": [role], "IsTruncated": False})
    [said] = attested(fake_account).statements
    assert said.attester == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Developer/alice"
    assert said.attester_id == ALICE


# -- artefacts -------------------------------------------------------------------------------------

PROVED = replace(SAID, artefact=ARTEFACT)


def looked_at(head, statement=PROVED):
    fake_account = table(statement, s3__head_object=head)
    [said] = attested(fake_account).statements
    return said


def test_the_very_version_that_was_attested_is_looked_at():
    asked = []

    def head(**params):
        asked.append(params)
        return {"ContentLength": 7}

    said = looked_at(head)
    assert said == PROVED
    assert asked == [{"Bucket": "evidence", "Key": "load.pdf", "VersionId": "v1"}]


@pytest.mark.parametrize("code", ["404", "NoSuchKey", "NoSuchVersion"])
def test_an_artefact_that_is_gone_proves_nothing(code):
    said = looked_at(error(code, 404))
    assert said.artefact_problem == "does not exist any more"
    assert said.artefact_unread is None


def test_an_artefact_of_another_size_proves_nothing():
    assert looked_at({"ContentLength": 8}).artefact_problem == (
        "has another size than was attested"
    )
    assert looked_at({}).artefact_problem == "has another size than was attested"


def test_a_size_that_was_not_attested_is_not_compared():
    unsized = replace(PROVED, artefact=replace(ARTEFACT, size=0))
    assert looked_at({"ContentLength": 8}, unsized).artefact_problem == ""


def test_an_empty_artefact_proves_nothing():
    unsized = replace(PROVED, artefact=replace(ARTEFACT, size=0))
    assert looked_at({"ContentLength": 0}, unsized).artefact_problem == "is empty"


def test_an_artefact_that_cannot_be_looked_at_is_unknown():
    said = looked_at(error("403", 403))
    assert said.artefact_problem == ""
    assert said.artefact_unread.action == "s3:GetObjectVersion"


def listed(day=2, key="load.pdf", etag="same"):
    return {"Key": key, "LastModified": datetime(2026, 10, day, tzinfo=UTC), "ETag": etag}


PINNED = {
    "ContentLength": 7,
    "LastModified": datetime(2026, 10, 2, tzinfo=UTC),
    "ETag": "same",
}
REPLACED = "was replaced on 2026-10-{:02} by a version that is not attested"


def current(listing, head=PINNED, statement=PROVED):
    """The statement about a document of which this is the listing of current objects."""
    answers = {"s3__head_object": head, "s3__list_objects_v2": listing}
    fake_account = table(statement, **answers)
    [said] = (
        reader(fake_account).attested(RULE, FUNCTION, "prod", "agents", documents=True).statements
    )
    return said


@pytest.mark.parametrize(
    ("contents", "outdated"),
    [
        pytest.param([listed()], "", id="the attested version"),
        pytest.param([listed(3)], "", id="the same content again"),
        pytest.param([listed(3, etag="other")], REPLACED.format(3), id="a newer one"),
        pytest.param(
            [listed(3, etag="")], REPLACED.format(3), id="a newer one of unknown content"
        ),
        pytest.param([listed(2, etag="other")], REPLACED.format(2), id="in the same second"),
        pytest.param([listed(1, etag="other")], REPLACED.format(1), id="uploaded in parts"),
        pytest.param([], "was deleted", id="nothing"),
        pytest.param(None, "was deleted", id="no list"),
        pytest.param([listed(key="load.pdf.old")], "was deleted", id="another one"),
    ],
)
def test_of_a_document_the_current_version_counts(contents, outdated):
    listing = {} if contents is None else {"Contents": contents}
    assert current(listing) == replace(PROVED, artefact_outdated=outdated)


def test_the_listing_asked_for_is_of_the_document_alone():
    asked = []

    def listing(**params):
        asked.append(params)
        return {"Contents": [listed()]}

    current(listing)
    assert asked == [{"Bucket": "evidence", "Prefix": "load.pdf", "MaxKeys": 1}]


def test_a_document_whose_bucket_is_gone_was_deleted():
    assert current(error("NoSuchBucket", 404)).artefact_outdated == "was deleted"


def test_a_document_whose_listing_is_denied_is_unknown():
    said = current(error("AccessDenied", 403))
    assert said.artefact_outdated == ""
    assert said.artefact_unread.action == "s3:ListBucket"


@pytest.mark.parametrize("head", [error("404", 404), error("403", 403)])
def test_of_an_artefact_that_is_gone_or_hidden_no_listing_is_asked(head):
    def never(**params):
        raise AssertionError(params)

    said = current(never, head)
    assert said.artefact_outdated == ""
    assert said.artefact_problem or said.artefact_unread


def test_a_statement_without_a_document_has_no_current_version():
    assert current({}, statement=SAID) == SAID
