"""The rows of a whole stack: one query for each rule, no more than is needed, and no scan."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from readiness_cli.readout import read

ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def item(resource="b", **more):
    plain = {
        "resource": f"{ACCOUNT}/us-east-1/AWS::S3::Bucket/{resource}",
        "status": "COMPLIANT",
        "severity": "HIGH",
        "status_since": "2026-11-01T00:00:00.000Z",
        "first_observed_at": "2026-10-01T00:00:00.000Z",
        "last_observed_at": "2026-11-26T11:00:00.000Z",
        **more,
    }
    return {
        name: {"BOOL": value} if isinstance(value, bool) else {"S": value}
        for name, value in plain.items()
        if value is not None
    }


class Table:
    """A findings table that answers queries alone: each rule with its pages."""

    def __init__(self, **pages):
        self.pages = pages
        self.asked = []

    def query(self, **asked):
        self.asked.append(asked)
        rule = asked["ExpressionAttributeValues"][":u"]["S"]
        number = int(asked.get("ExclusiveStartKey", {}).get("page", 0))
        pages = self.pages.get(rule, [[]])
        more = {"LastEvaluatedKey": {"page": number + 1}} if number + 1 < len(pages) else {}
        return {"Items": pages[number], **more}


def names(said):
    return [row.resource.rpartition("/")[2] for row in said.rows]


def test_every_rule_is_one_query_by_its_index_and_its_pages_are_followed():
    table = Table(a=[[item("1")], [item("2"), item("3")]], b=[[item("4")]])
    assert names(read(table, "t", ACCOUNT, ["a", "b", "c"], NOW)) == ["1", "2", "3", "4"]
    assert len(table.asked) == 4
    assert {each["IndexName"] for each in table.asked} == {"by-rule"}


def test_a_summary_reads_neither_reasons_nor_owners():
    table = Table()
    read(table, "t", ACCOUNT, ["a"], NOW, of_whom=False, details=False)
    read(table, "t", ACCOUNT, ["a"], NOW)
    lightly, whole = (set(each["ExpressionAttributeNames"].values()) for each in table.asked)
    assert whole - lightly == {
        *("workload", "environment", "owner"),
        *("reason", "waived_because", "waiver", "waiver_owner"),
    }
    assert "observed" not in whole


def test_what_is_gone_or_of_another_account_is_left_out():
    elsewhere = {**item(), "resource": {"S": "999999999999/us-east-1/AWS::S3::Bucket/x"}}
    table = Table(a=[[item("1"), item("2", gone=True), elsewhere]])
    assert names(read(table, "t", ACCOUNT, ["a"], NOW)) == ["1"]


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "FINE"},
        {"severity": None},
        {"status_since": "yesterday"},
        {"status_since": None, "last_observed_at": None},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read_is_told_and_not_counted(broken):
    said = read(Table(a=[[item("1", **broken), item("2")]]), "t", ACCOUNT, ["a"], NOW)
    assert names(said) == ["2"]
    assert said.unreadable == (f"a {ACCOUNT}/us-east-1/AWS::S3::Bucket/1",)


@pytest.mark.parametrize(
    ("until", "waived"),
    [("2026-11-26T12:00:01.000Z", True), ("2026-11-26T12:00:00.000Z", False), (None, False)],
)
def test_a_waiver_counts_until_its_date(until, waived):
    [row] = read(
        Table(a=[[item(status="NON_COMPLIANT", waived_until=until)]]), "t", ACCOUNT, ["a"], NOW
    ).rows
    assert (row.is_waived, row.fails) == (waived, not waived)
