"""What the store's indexes show: of whom, in which order, on every page, and what they pass over."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from readiness import Severity, Status
from readiness.engine.attribute_values import deserialise
from readiness.engine.rows import to_item, transition_item
from readiness.engine.store import Contended, Store, Unavailable, Unwritable
from readiness.model.resource import Resource
from readiness.model.transition import NOTHING, Change, Kind, Transition
from tests.fake_account import error
from tests.findings import BUCKET, T0, after, finding
from tests.tables import FINDINGS, TRANSITIONS, make_tables

GOOD, BAD, BLIND = Status.COMPLIANT, Status.NON_COMPLIANT, Status.INSUFFICIENT_DATA
RULE, OTHER = "encryption.s3-kms", "encryption.s3-tls"
ACCOUNT = BUCKET.account


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield Mock(wraps=make_tables())


@pytest.fixture
def waited():
    return []


@pytest.fixture
def store(dynamodb, waited):
    return Store(dynamodb, FINDINGS, TRANSITIONS, wait=waited.append)


@pytest.fixture
def small_pages(dynamodb):
    """Every query and scan answers one row at a time."""
    for operation in ("query", "scan"):
        whole = getattr(dynamodb, operation)._mock_wraps
        call = getattr(dynamodb, operation)
        call.side_effect = lambda whole=whole, **params: whole(**params, Limit=1)


def bucket(name, region="us-east-1", account=ACCOUNT):
    return Resource(account, region, "AWS::S3::Bucket", name)


def put(dynamodb, *findings):
    for each in findings:
        dynamodb.put_item(TableName=FINDINGS, Item=to_item(each))


def spoil(dynamodb, name):
    item = to_item(finding(resource=bucket(name))) | {"severity": {"S": "CATASTROPHIC"}}
    dynamodb.put_item(TableName=FINDINGS, Item=item)


def ids(findings):
    return [each.resource.id for each in findings]


# -- findings --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_pages")
def test_every_page_is_read(dynamodb, store):
    put(dynamodb, *(finding(resource=bucket(name)) for name in "abc"))
    put(dynamodb, finding(resource=bucket("a"), rule=OTHER))
    assert ids(store.of_rule(RULE, f"{ACCOUNT}/")) == ["a", "b", "c"]
    assert ids(store.between(RULE, bucket("a"), bucket("b"))) == ["a", "b"]
    assert store.of_resource(bucket("a")).keys() == {RULE, OTHER}
    assert len(list(store.open(ACCOUNT))) == 4
    assert len(list(store.all())) == 4
    assert len(list(store.every_key())) == 4
    prefix = finding(resource=bucket("b")).id[:6]
    assert store.keys_by_id(prefix) == [(bucket("b"), RULE)]


def test_the_findings_between_two_resources_are_those_of_the_rule_with_both_ends(dynamodb, store):
    put(dynamodb, *(finding(resource=bucket(name)) for name in "abcd"))
    put(dynamodb, finding(resource=bucket("b"), rule=OTHER))
    assert ids(store.between(RULE, bucket("b"), bucket("c"))) == ["b", "c"]


def test_what_is_open_is_of_the_account_worst_and_oldest_first(dynamodb, store):
    put(
        dynamodb,
        finding(resource=bucket("low"), severity=Severity.LOW),
        finding(resource=bucket("new"), status_since=after(5)),
        finding(resource=bucket("old"), status_since=after(-5)),
        finding(resource=bucket("critical"), severity=Severity.CRITICAL, status_since=after(9)),
        finding(resource=bucket("unknown"), blinded_at=T0, status=BLIND),
        finding(GOOD, resource=bucket("fine")),
        finding(resource=bucket("elsewhere", account="444455556666")),
        finding(resource=bucket("waived"), waived_until=after(99)),
    )
    assert ids(store.open(ACCOUNT)) == ["critical", "old", "unknown", "new", "low"]


def test_the_waived_are_those_whose_waivers_end_up_to_a_moment(dynamodb, store):
    put(
        dynamodb,
        finding(resource=bucket("later"), waived_until=after(9)),
        finding(resource=bucket("soon"), waived_until=after(5)),
        finding(resource=bucket("open")),
        finding(resource=bucket("elsewhere", account="444455556666"), waived_until=after(5)),
    )
    assert ids(store.waived(ACCOUNT)) == ["soon", "later"]
    assert ids(store.waived(ACCOUNT, until=after(5))) == ["soon"]
    assert ids(store.waived(ACCOUNT, until=after(4))) == []


def test_the_findings_of_a_workload(dynamodb, store):
    put(
        dynamodb,
        finding(resource=bucket("a"), workload="agents"),
        finding(GOOD, resource=bucket("b"), workload="agents"),
        finding(resource=bucket("c"), workload="other"),
        finding(resource=bucket("d")),
    )
    assert sorted(ids(store.of_workload("agents"))) == ["a", "b"]


def test_an_id_is_found_by_what_it_begins_with(dynamodb, store):
    put(dynamodb, *(finding(resource=bucket(f"b{number}")) for number in range(40)))
    wanted = finding(resource=bucket("b7")).id
    assert store.keys_by_id(wanted[:12]) == [(bucket("b7"), RULE)]
    assert store.keys_by_id(wanted) == [(bucket("b7"), RULE)]
    assert (bucket("b7"), RULE) in store.keys_by_id(wanted[:4])
    assert store.keys_by_id(wanted[:4] + "not an id") == []


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException"])
def test_a_table_without_the_index_finds_no_id(dynamodb, store, code):
    dynamodb.query.side_effect = error(code)
    assert store.keys_by_id("abcd") == []


@pytest.mark.parametrize("response", [{"Error": {"Code": "AccessDeniedException"}}, {}])
def test_a_refused_search_by_id_is_not_nothing(dynamodb, store, response):
    refused = error("x")
    refused.response = response
    dynamodb.query.side_effect = refused
    with pytest.raises(ClientError):
        store.keys_by_id("abcd")


def test_keys_that_are_no_resources_are_noted_and_cost_no_other(dynamodb, store):
    put(dynamodb, finding())
    odd = {"resource": {"S": "nowhere"}, "rule": {"S": "r"}}
    dynamodb.put_item(TableName=FINDINGS, Item=odd)
    assert list(store.every_key()) == [(BUCKET, RULE)]
    [(key, why)] = store.unreadable.items()
    assert key == "nowhere r"
    assert why


def test_all_keys_are_read_without_what_they_say(dynamodb, store):
    """The table may be large; only what is needed travels."""
    put(dynamodb, finding())
    list(store.every_key())
    assert dynamodb.scan.call_args.kwargs["ProjectionExpression"] == "#r, #u"
    spoil(dynamodb, "spoilt")
    assert len(list(store.every_key())) == 2


# -- the outbox and the history ----------------------------------------------------------------------


def transition(name="data", minutes=0.0, kind=Kind.OPENED):
    return Transition(kind, finding(resource=bucket(name)), after(minutes))


def post(dynamodb, *transitions):
    for each in transitions:
        dynamodb.put_item(TableName=TRANSITIONS, Item=transition_item(each))


def ats(entries):
    return [(entry.resource.rpartition("/")[2], entry.at[14:16]) for entry in entries]


@pytest.mark.usefixtures("small_pages")
def test_the_history_of_a_finding_is_in_order_and_whole(dynamodb, store):
    post(dynamodb, *(transition(minutes=n) for n in (2, 0, 1)), transition("other"))
    assert ats(store.history(finding().id)) == [("data", "00"), ("data", "01"), ("data", "02")]


@pytest.mark.usefixtures("small_pages")
def test_what_waits_comes_from_all_shards_oldest_first(dynamodb, store):
    names = [f"b{number}" for number in range(30)]
    post(dynamodb, *(transition(name, minutes) for minutes, name in enumerate(names)))
    shards = {
        row["unpublished"]["S"]
        for row in dynamodb.scan._mock_wraps(TableName=TRANSITIONS)["Items"]
    }
    assert len(shards) == 8
    assert [name for name, _ in ats(store.unpublished(after(29)))] == names[:29]


def test_what_an_earlier_version_left_unpublished_waits_too(dynamodb, store):
    row = transition_item(transition()) | {"unpublished": {"S": "yes"}}
    dynamodb.put_item(TableName=TRANSITIONS, Item=row)
    assert ats(store.unpublished(after(1))) == [("data", "00")]
    assert ats(store.unpublished(T0)) == []


def test_an_entry_that_cannot_be_read_is_noted_and_costs_no_other(dynamodb, store):
    post(dynamodb, transition())
    spoilt = transition_item(transition(minutes=1)) | {"kind": {"S": ""}}
    dynamodb.put_item(TableName=TRANSITIONS, Item=spoilt)
    assert ats(store.unpublished(after(9))) == [("data", "00")]
    [key] = store.unreadable
    assert key.startswith(finding().id)


def test_what_is_published_says_when_and_as_what(dynamodb, store):
    post(dynamodb, transition())
    [entry] = store.history(finding().id)
    assert store.is_unpublished(entry)
    assert store.mark_published(entry, after(3), "alert") is True
    [entry] = store.history(finding().id)
    assert (entry.published_at[11:19], entry.published_as) == ("12:03:00", "alert")
    assert not store.is_unpublished(entry)
    assert list(store.unpublished(after(9))) == []
    dynamodb.update_item.side_effect = error("ThrottlingException")
    with pytest.raises(ClientError):
        store.mark_published(entry, after(4), "alert")


def test_a_row_that_is_gone_waits_for_nothing(dynamodb, store):
    post(dynamodb, transition())
    [entry] = store.history(finding().id)
    dynamodb.delete_item(
        TableName=TRANSITIONS,
        Key={"finding_id": {"S": entry.finding_id}, "at": {"S": entry.at}},
    )
    assert store.is_unpublished(entry) is False


def test_a_row_about_no_finding_can_be_appended(dynamodb, store):
    row = {"finding_id": "sweep", "at": "now", "count": 7}
    store.append(row)
    [item] = dynamodb.scan(TableName=store.transitions_table)["Items"]
    assert deserialise(item) == row
    assert store.client is dynamodb
    assert store.transitions_table == TRANSITIONS


# -- writing ---------------------------------------------------------------------------------------


def test_a_finding_that_the_table_refuses_names_itself(dynamodb, store, waited):
    dynamodb.transact_write_items.side_effect = error("ValidationException", message="too large")
    with pytest.raises(Unwritable, match="too large") as refused:
        store.record(finding(), None)
    assert str(refused.value).startswith(f"{BUCKET.key} {RULE}: ")
    assert not isinstance(refused.value, Unavailable)
    assert waited == []


def test_a_finding_that_is_no_json_names_itself(store, waited):
    with pytest.raises(Unwritable, match=f"{RULE}: object is not JSON"):
        store.record(finding(observed={"x": object()}), None)
    assert waited == []


def test_what_is_no_passing_failure_is_raised_as_it_is(dynamodb, store, waited):
    for failure in (error("AccessDeniedException"), error("x")):
        if failure.response["Error"]["Code"] == "x":
            failure.response = {}
        dynamodb.transact_write_items.side_effect = failure
        with pytest.raises(ClientError):
            store.record(finding(), None)
    assert waited == []


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionCanceledException",
        "TransactionInProgressException",
    ],
)
def test_a_table_that_never_takes_it_is_waited_for_longer_and_longer(
    dynamodb, store, waited, code
):
    dynamodb.transact_write_items.side_effect = error(code)
    with pytest.raises(Unavailable) as refused:
        store.record(finding(), None)
    assert str(refused.value) == (
        f"{BUCKET.key} {RULE}: the table did not take it 6 times ({code})"
    )
    assert dynamodb.transact_write_items.call_count == 6
    assert len(waited) == 6
    for attempt, seconds in enumerate(waited):
        assert 0.05 * 2**attempt <= seconds <= 0.1 * 2**attempt


@pytest.mark.parametrize(("status", "times"), [(500, 6), (503, 6), (499, 1), ("500", 1)])
def test_failures_of_the_server_pass(dynamodb, store, status, times):
    dynamodb.transact_write_items.side_effect = error("Unheard", status)
    with pytest.raises((Unavailable, ClientError)):
        store.record(finding(), None)
    assert dynamodb.transact_write_items.call_count == times


def test_rivals_without_end_are_named(dynamodb, store, waited):
    plain = dynamodb.put_item._mock_wraps
    versions = iter(range(1, 99))

    def rival(**_):
        row = finding(GOOD, version=next(versions))
        plain(TableName=FINDINGS, Item=to_item(row))
        raise error("ConditionalCheckFailedException")

    dynamodb.put_item.side_effect = rival
    with pytest.raises(Contended) as contended:
        store.record(finding(GOOD, after(5), reason="Mine."), None)
    assert str(contended.value) == f"{BUCKET.key} {RULE}"
    with pytest.raises(Contended) as contended:
        store.change_at(BUCKET, RULE, lambda stored: Change(finding(GOOD)))
    assert str(contended.value) == f"{BUCKET.key} {RULE}"
    assert waited == [], "a rival has written, so there is nothing to wait for"


def test_a_row_that_nobody_has_written_is_waited_for(dynamodb, store, waited):
    dynamodb.put_item.side_effect = error("ConditionalCheckFailedException")
    with pytest.raises(Contended):
        store.record(finding(GOOD), None)
    assert len(waited) == 6


def test_a_change_is_decided_again_over_what_a_rival_wrote(dynamodb, store):
    """And each decision is from the row as it is then."""
    store.record(finding(GOOD), None)
    seen = []

    def decided(stored):
        seen.append(stored.reason)
        if len(seen) == 1:
            put(dynamodb, stored.but(reason="A rival's.", version=stored.version + 1))
        return Change(stored.but(reason="Mine."))

    change = store.change_at(BUCKET, RULE, decided)
    assert seen == ["It is COMPLIANT.", "A rival's."]
    assert change.finding.version == 3
    assert store.get(BUCKET, RULE).reason == "Mine."


def test_where_nothing_is_to_change_nothing_is_written(store):
    assert store.change_at(BUCKET, RULE, lambda stored: NOTHING) is NOTHING
    assert store.get(BUCKET, RULE) is None


def test_a_row_that_is_gone_is_not_reconsidered(dynamodb, store):
    """It was in the index a moment ago."""
    expired = finding(waived_until=after(1), waiver="w")
    assert store.reconsider(expired, lambda: after(5)).finding is None
    assert store.get(BUCKET, RULE) is None


def test_what_is_not_under_a_waiver_and_never_was_is_not_read_again(dynamodb, store):
    store.record(finding(), None)
    stored = store.get(BUCKET, RULE)
    dynamodb.get_item.reset_mock()
    assert store.reconsider(stored, lambda: after(5)).finding is None
    assert not dynamodb.get_item.called


def test_a_write_without_a_finding_is_a_mistake(store):
    with pytest.raises(ValueError, match="nothing to write"):
        store._write(NOTHING, None)


@pytest.mark.parametrize(("hours", "told"), [(1, False), (2, True)])
def test_how_long_it_may_be_unknown_is_the_stores(dynamodb, hours, told):
    store = Store(dynamodb, FINDINGS, TRANSITIONS, blind_after=timedelta(hours=2))
    store.record(finding(BLIND), None)
    later = T0 + timedelta(hours=hours)
    change = store.record(finding(BLIND, later), store.get(BUCKET, RULE))
    assert (change.transition is not None) is told
