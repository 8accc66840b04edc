"""Cost Explorer: what is asked, page by page, and what its answers are taken for."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from readiness.engine.aws import Aws
from readiness.evidence.costexplorer import RECORD_TYPES, CostAllocationTags, Costs, CostTag
from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.resource import GLOBAL
from readiness.model.unreadable import Unreadable
from tests.accounts.performance_benchmarks import costs
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

SETTINGS = {"exclude_record_types": RECORD_TYPES}
DAY = date(2026, 10, 20)
LATELY = date(2026, 10, 31)
EACH = {("MAIF", "AWS Lambda"): "1E-9", ("", "Amazon VPC"): "0.25"}


def read(cls, fake_account, region=HOME):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=region, now=lambda: NOON)
    about = REGION.resource(ACCOUNT_ID, region, ACCOUNT_ID)
    return aws.evidence(cls, about, SETTINGS).evidence


def billed(*pages):
    """A world whose pages follow one another, and what it was asked."""
    asked = []

    def answer(**params):
        asked.append(params)
        number = len(asked) - 1
        more = {"NextPageToken": f"page {number + 1}"} if number + 1 < len(pages) else {}
        return {"ResultsByTime": pages[number], **more}

    return FakeAccount({("ce", "get_cost_and_usage"): answer}), asked


def test_whole_utc_days_without_today_credits_or_other_accounts():
    fake_account, asked = billed(costs({DAY: EACH}))
    read(Costs, fake_account)
    [question] = asked
    assert question["TimePeriod"] == {"Start": "2026-09-01", "End": "2026-11-02"}
    assert question["Metrics"] == ["NetAmortizedCost"]
    account, types = question["Filter"]["And"]
    assert account["Dimensions"]["Values"] == [ACCOUNT_ID]
    assert types["Not"]["Dimensions"]["Key"] == "RECORD_TYPE"
    assert types["Not"]["Dimensions"]["Values"] == ["Credit", "Refund", "Support", "Tax"]
    assert [group["Key"] for group in question["GroupBy"]] == ["Application", "SERVICE"]


def test_pages_are_joined_also_within_a_day():
    first = costs({DAY: EACH}, estimated=[DAY])
    second = costs({DAY: {("MAIF", "AWS Lambda"): "2"}, DAY + timedelta(days=1): EACH})
    fake_account, asked = billed(first, second)
    bill = read(Costs, fake_account).bill
    assert [day.day for day in bill.days] == [DAY, DAY + timedelta(days=1)]
    assert bill.days[0].of("MAIF") == Decimal("2.000000001")
    assert (bill.days[0].estimated, bill.days[1].estimated) == (True, False)
    assert bill.days[1].tagged == Decimal("1E-9")
    assert [page.get("NextPageToken") for page in asked] == [None, "page 1"]


def test_the_account_is_asked_once_for_both():
    fake_account, asked = billed(costs({LATELY: EACH}))
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    about = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    aws.evidence(Costs, about, SETTINGS)
    aws.evidence(CostTag, about, SETTINGS)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "amounts",
    [
        pytest.param([("1", "USD"), ("1", "CNY")], id="two currencies"),
        pytest.param([("much", "USD")], id="no number"),
        pytest.param([("NaN", "USD")], id="not a number"),
    ],
)
def test_what_cannot_be_added_is_no_cost(amounts):
    page = costs({DAY: {("MAIF", str(n)): "1" for n in range(len(amounts))}})
    for group, (amount, unit) in zip(page[0]["Groups"], amounts, strict=True):
        group["Metrics"]["NetAmortizedCost"] = {"Amount": amount, "Unit": unit}
    fake_account, _ = billed(page)
    with pytest.raises(Unreadable, match="ce:GetCostAndUsage"):
        read(Costs, fake_account)


def test_a_page_that_leads_to_itself_ends_the_reading():
    fake_account = FakeAccount(
        {("ce", "get_cost_and_usage"): {"ResultsByTime": [], "NextPageToken": "again"}}
    )
    with pytest.raises(Unreadable, match="leads to itself"):
        read(Costs, fake_account)


def test_a_tagged_cost_proves_that_the_tag_is_active():
    """ListCostAllocationTags is the payer's: a member account would be denied."""
    fake_account, _ = billed(costs({LATELY: EACH}))
    assert read(CostTag, fake_account).state.active
    assert ("ce", "list_cost_allocation_tags") not in fake_account.calls


@pytest.mark.parametrize(
    ("newest", "proves"),
    [
        pytest.param(date(2026, 10, 26), True, id="seven days ago"),
        pytest.param(date(2026, 10, 25), False, id="eight days ago"),
        pytest.param(date(2026, 9, 3), False, id="two months ago"),
    ],
)
def test_a_cost_from_before_the_tag_was_deactivated_proves_nothing(newest, proves):
    untagged = {("", "Amazon VPC"): "1"}
    fake_account, _ = billed(costs({newest: EACH, LATELY: untagged}))
    fake_account.answers["ce", "list_cost_allocation_tags"] = {
        "CostAllocationTags": [
            {"TagKey": "Application", "Type": "UserDefined", "Status": "Inactive"}
        ]
    }
    assert read(CostTag, fake_account).state.active is proves


def test_the_list_of_tags_is_paid_once_for_all_rules():
    fake_account, _ = billed(costs({LATELY: {("", "Amazon VPC"): "1"}}))
    listed = {
        "CostAllocationTags": [
            {"TagKey": "Application", "Type": "UserDefined", "Status": "Inactive"},
            {"TagKey": "team", "Type": "UserDefined", "Status": "Active"},
            {"TagKey": "aws:createdBy", "Type": "AWSGenerated", "Status": "Active"},
        ]
    }
    fake_account.answers["ce", "list_cost_allocation_tags"] = listed
    fake_account.answers["organizations", "describe_organization"] = error(
        "AWSOrganizationsNotInUseException"
    )
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)
    region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    account = ACCOUNT.resource(ACCOUNT_ID, GLOBAL, ACCOUNT_ID)
    assert not aws.evidence(CostTag, region, SETTINGS).evidence.state.active
    assert set(aws.evidence(CostAllocationTags, account, {}).evidence.active) == {"team"}
    assert fake_account.calls.count(("ce", "list_cost_allocation_tags")) == 1


def test_a_member_account_without_a_recent_tagged_cost_cannot_tell():
    fake_account, _ = billed(costs({DAY: EACH, LATELY: {("", "Amazon VPC"): "1"}}))
    fake_account.answers["ce", "list_cost_allocation_tags"] = error("AccessDeniedException")
    with pytest.raises(Unreadable, match="ce:ListCostAllocationTags"):
        read(CostTag, fake_account)


@pytest.mark.parametrize(
    ("tags", "active", "settles"),
    [
        pytest.param([], False, False, id="never used"),
        pytest.param([("Inactive", "2026-01-01T00:00:00Z")], False, False, id="inactive"),
        pytest.param([("Active", "2026-01-01T00:00:00Z")], True, False, id="active"),
        pytest.param([("Active", "2026-11-01T12:00:01Z")], True, True, id="since yesterday"),
    ],
)
def test_without_a_tagged_cost_the_list_of_tags_decides(tags, active, settles):
    fake_account, _ = billed(costs({DAY: {("", "Amazon VPC"): "1"}}))
    fake_account.answers["ce", "list_cost_allocation_tags"] = {
        "CostAllocationTags": [
            {"TagKey": "Application", "Type": "UserDefined", "Status": s, "LastUpdatedDate": at}
            for s, at in tags
        ]
    }
    state = read(CostTag, fake_account).state
    assert (state.active, state.settles) == (active, settles)
