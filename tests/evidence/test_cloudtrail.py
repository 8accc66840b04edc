"""What the CloudTrail loaders make of its answers."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import boto3
import pytest
from moto import mock_aws

from readiness import Unreadable
from readiness.engine.aws import Aws
from readiness.evidence.cloudtrail.event_data_stores import EventDataStores
from readiness.evidence.cloudtrail.recording import Recording
from readiness.evidence.cloudtrail.trails import TRAIL, TrailConfiguration, TrailDelivery, Trails
from readiness.model.evidence import ACCOUNT, REGION
from readiness.model.unreadable import Gone
from readiness.semantics.trail_coverage import EVERYTHING, Selectors, TrailStatus
from tests.accounts.secrets_management import TRAIL_ARN, advanced, basic, status, trail
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, FakeAccount, error, evaluation

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
ORG_TRAIL = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org"
STORE = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:eventdatastore/"


def fake_account(*trails, **answers):
    return FakeAccount(
        {
            ("cloudtrail", "describe_trails"): {"trailList": list(trails) or [trail()]},
            ("cloudtrail", "get_trail_status"): status(),
            ("cloudtrail", "get_event_selectors"): basic(),
            ("cloudtrail", "list_event_data_stores"): {"EventDataStores": []},
            ("ec2", "describe_regions"): {"Regions": [{"RegionName": HOME}]},
        }
    ).but(**answers)


def trails_of(fake_account):
    return evaluation(fake_account, [], now=NOON).aws.evidence(Trails, HERE).evidence


def stores_of(fake_account):
    return evaluation(fake_account, [], now=NOON).aws.evidence(EventDataStores, HERE).evidence.all


def test_shadows_and_the_organization_are_asked_for():
    asked = []

    def describe(**params):
        asked.append(params)
        return {"trailList": []}

    assert trails_of(fake_account(cloudtrail__describe_trails=describe)).all == ()
    assert asked == [{"includeShadowTrails": True}]


def test_a_trail_is_asked_about_by_its_arn():
    asked = []

    def get_status(**params):
        asked.append(params)
        return status()

    trails_of(fake_account(cloudtrail__get_trail_status=get_status))
    assert asked == [{"Name": TRAIL_ARN}]


def test_times_are_told_in_utc_wherever_it_runs():
    local = NOON.astimezone(timezone(timedelta(hours=9)))
    [seen] = trails_of(
        fake_account(cloudtrail__get_trail_status=status(LatestDeliveryTime=local))
    ).all
    assert isinstance(seen.status, TrailStatus)
    assert (seen.status.delivered, seen.status.delivered.tzinfo) == (NOON, UTC)


def test_a_trail_listed_twice_counts_once():
    assert len(trails_of(fake_account(trail(), trail())).all) == 1


def test_selectors_are_read_only_where_there_are_any():
    seen = fake_account(trail(HasCustomEventSelectors=False))
    assert trails_of(seen).all[0].selectors == EVERYTHING
    assert ("cloudtrail", "get_event_selectors") not in seen.calls


def test_empty_selectors_are_no_default():
    seen = fake_account(cloudtrail__get_event_selectors={"EventSelectors": []})
    assert trails_of(seen).all[0].selectors == Selectors()


@pytest.mark.parametrize("fault", FAULTS)
def test_one_trail_that_cannot_be_read_leaves_the_others(fault):
    other = trail(TrailARN=TRAIL_ARN + "-2")

    def get_status(Name):  # noqa: N803
        return FAULTS[fault] if Name == TRAIL_ARN else status()

    first, second = trails_of(
        fake_account(trail(), other, cloudtrail__get_trail_status=get_status)
    ).all
    assert isinstance(first.status, Unreadable)
    assert isinstance(second.status, TrailStatus)


@pytest.mark.parametrize(
    "code",
    ["TrailNotFoundException", "CloudTrailARNInvalidException", "OperationNotPermittedException"],
)
@pytest.mark.parametrize(
    ("arn", "told"),
    [
        pytest.param(ORG_TRAIL, type(None), id="of the organization"),
        pytest.param(TRAIL_ARN, Unreadable, id="of this account"),
    ],
)
def test_a_trail_that_cloudtrail_does_not_tell_of(code, arn, told):
    refused = error(code)
    answers = {
        "cloudtrail__get_trail_status": refused,
        "cloudtrail__get_event_selectors": refused,
    }
    [seen] = trails_of(fake_account(trail(TrailARN=arn), **answers)).all
    assert isinstance(seen.status, told)
    assert isinstance(seen.selectors, told)


def test_stores_are_not_asked_for_where_trails_suffice():
    seen = fake_account()
    assert stores_of(seen) == ()
    assert ("cloudtrail", "list_event_data_stores") not in seen.calls


def test_every_page_of_stores_is_read():
    pages = {
        None: {"EventDataStores": [{"EventDataStoreArn": STORE + "1"}], "NextToken": "more"},
        "more": {"EventDataStores": [{"EventDataStoreArn": STORE + "2"}]},
    }

    def get(EventDataStore):  # noqa: N803
        return {
            "EventDataStoreArn": EventDataStore,
            "Status": "ENABLED",
            "MultiRegionEnabled": True,
        }

    seen = fake_account(
        cloudtrail__get_trail_status={"IsLogging": False},
        cloudtrail__list_event_data_stores=lambda **asked: pages[asked.get("NextToken")],
        cloudtrail__get_event_data_store=get,
    )
    assert [store.arn for store in stores_of(seen)] == [STORE + "1", STORE + "2"]


def test_a_region_without_event_data_stores():
    seen = fake_account(
        cloudtrail__get_trail_status={"IsLogging": False},
        cloudtrail__list_event_data_stores=error("UnsupportedOperationException"),
    )
    assert stores_of(seen) == ()


def test_against_moto():
    """It gives a default trail empty selectors, which are therefore not asked for."""
    with mock_aws():
        session = boto3.Session("a", "b", region_name=HOME)
        session.client("s3").create_bucket(Bucket="trail")
        client = session.client("cloudtrail")
        client.create_trail(Name="audit", S3BucketName="trail", IsMultiRegionTrail=True)
        client.start_logging(Name="audit")
        aws = Aws(session, account="123456789012", region=HOME, now=lambda: NOON)
        [seen] = aws.evidence(Trails, REGION.resource("123456789012", HOME, "1")).evidence.all
        assert isinstance(seen.status, TrailStatus)
        assert (seen.status.logging, seen.selectors, seen.multi_region) == (True, EVERYTHING, True)


def spread(here=(), *, multi_region=True, selectors=None, **elsewhere):
    """No trail, and stores or the answer to the listing by region (``eu_west_1``)."""
    names = {name.replace("_", "-"): answer for name, answer in elsewhere.items()}
    answers = {}
    for name, stores in {HOME: here, **names}.items():
        listing = stores
        if not isinstance(stores, Exception):
            arns = [f"arn:aws:cloudtrail:{name}:{ACCOUNT_ID}:eventdatastore/{s}" for s in stores]
            listing = {"EventDataStores": [{"EventDataStoreArn": arn} for arn in arns]}
        answers[f"cloudtrail {name}", "list_event_data_stores"] = listing
    answers["cloudtrail", "describe_trails"] = {"trailList": []}
    answers["cloudtrail", "get_event_data_store"] = {
        "Status": "ENABLED",
        "MultiRegionEnabled": multi_region,
        "AdvancedEventSelectors": advanced(selectors or MANAGEMENT)["AdvancedEventSelectors"],
    }
    answers["ec2", "describe_regions"] = {
        "Regions": [{"RegionName": name} for name in (HOME, *names)]
    }
    return FakeAccount(answers)


MANAGEMENT = {"eventCategory": {"Equals": ["Management"]}}


def test_a_store_of_all_regions_is_found_in_its_own_region():
    [store] = stores_of(spread(eu_west_1=["1"], eu_west_2=[]))
    assert (store.arn.split(":")[3], store.multi_region) == ("eu-west-1", True)


@pytest.mark.parametrize(
    ("multi_region", "selectors"),
    [
        pytest.param(False, None, id="a store of this region alone"),
        pytest.param(True, MANAGEMENT | {"readOnly": {"Equals": ["true"]}}, id="reads"),
    ],
)
def test_other_regions_are_asked_where_the_stores_here_leave_something_out(
    multi_region, selectors
):
    seen = spread(["1"], multi_region=multi_region, selectors=selectors, eu_west_1=["2"])
    assert [store.arn.split(":")[3] for store in stores_of(seen)] == [HOME, "eu-west-1"]


def test_other_regions_are_not_asked_where_a_store_here_records_everything():
    seen = spread(["1"], eu_west_1=["2"])
    assert len(stores_of(seen)) == 1
    assert ("ec2", "describe_regions") not in seen.calls


def test_a_region_that_cannot_be_asked_may_have_a_store():
    """As where an organization denies the regions that it does not use."""
    denied = error("AccessDeniedException", 403)
    seen = spread(ap_south_1=denied, eu_west_1=denied, eu_west_2=[])
    stores = recording_of(seen).stores
    [(regions, why)] = stores.unlisted
    assert regions == "ap-south-1 and eu-west-1"
    assert why.action == "cloudtrail:ListEventDataStores"
    wanted = frozenset({("kms.amazonaws.com", "read")})
    for shares in (stores.shares(wanted), stores.everywhere(wanted)):
        assert [(share.certain, share.possible) for share in shares] == [(frozenset(), wanted)]
        assert "ap-south-1 and eu-west-1, which may record more" in shares[0].said


def test_a_region_without_cloudtrail_lake_has_no_store():
    unsupported = error("UnsupportedOperationException")
    stores = recording_of(spread(eu_west_1=unsupported)).stores
    assert (stores.all, stores.unlisted) == ((), ())


def test_regions_that_cannot_be_listed():
    seen = spread(["1"], multi_region=False)
    seen.faults["ec2", "describe_regions"] = error("UnauthorizedOperation", 403)
    stores = recording_of(seen).stores
    assert len(stores.all) == 1
    assert [why.action for _, why in stores.unlisted] == ["ec2:DescribeRegions"]


# -- everywhere, and one trail --------------------------------------------------------------------


def recording_of(fake_account):
    everything = ACCOUNT.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    return evaluation(fake_account, [], now=NOON).aws.evidence(Recording, everything).evidence


def one(cls, fake_account, arn=TRAIL_ARN):
    about = TRAIL.resource(ACCOUNT_ID, HOME, arn)
    return evaluation(fake_account, [], now=NOON).aws.evidence(cls, about).evidence


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"IsMultiRegionTrail": False}, id="a trail of one region"),
        pytest.param({"IncludeGlobalServiceEvents": False}, id="without global services"),
    ],
)
def test_stores_are_asked_where_trails_leave_a_region_out(changes):
    seen = fake_account(trail(**changes))
    assert not recording_of(seen).trails.all[0].is_everywhere
    assert ("cloudtrail", "list_event_data_stores") in seen.calls


def test_stores_are_not_asked_where_trails_record_everything():
    seen = fake_account()
    assert recording_of(seen).stores == EventDataStores((), HOME)
    assert ("cloudtrail", "list_event_data_stores") not in seen.calls


@pytest.mark.parametrize("fault", FAULTS)
def test_stores_that_cannot_be_read_are_told_as_such(fault):
    seen = fake_account(
        trail(IsMultiRegionTrail=False), cloudtrail__list_event_data_stores=FAULTS[fault]
    )
    assert isinstance(recording_of(seen).stores, Unreadable)


def test_only_the_accounts_own_trails_are_judged():
    seen = fake_account(trail(), trail(TrailARN=ORG_TRAIL))
    assert evaluation(seen, []).aws.find(TRAIL) == [TRAIL_ARN]


def test_what_protects_a_trail():
    seen = one(TrailConfiguration, fake_account(trail(KmsKeyId="1234")))
    assert (seen.validation, seen.key_id, seen.key.id) == (False, "1234", "1234")
    assert one(TrailConfiguration, fake_account()).key is None


def test_where_a_trail_delivers():
    answer = status(
        LatestCloudWatchLogsDeliveryError="AccessDenied",
        LatestDeliveryError="",
        LatestDigestDeliveryError="NoSuchBucket",
    )
    about = trail(S3BucketName="audit-logs")
    seen = one(TrailDelivery, fake_account(about, cloudtrail__get_trail_status=answer))
    assert (seen.bucket, seen.log_group) == ("audit-logs", "")
    assert (seen.status.logs_error, seen.status.delivery_error) == ("AccessDenied", "")
    assert seen.digest_error == "NoSuchBucket"


OF_DATA = {
    "eventCategory": {"Equals": ["Data"]},
    "resources.type": {"Equals": ["AWS::S3::Object"]},
}
OF_ONE_CALL = {
    "eventCategory": {"Equals": ["Management"]},
    "eventName": {"Equals": ["DeleteBucket"]},
}


@pytest.mark.parametrize(
    ("selectors", "is_busy"),
    [
        pytest.param(basic(), True, id="everything"),
        pytest.param(basic(ReadWriteType="WriteOnly"), True, id="changes"),
        pytest.param(
            basic(ExcludeManagementEventSources=["kms.amazonaws.com"]), True, id="no KMS"
        ),
        pytest.param(basic(IncludeManagementEvents=False), False, id="data events"),
        pytest.param(advanced(OF_DATA), False, id="data events, by an advanced selector"),
        pytest.param(advanced(OF_ONE_CALL), False, id="one call alone"),
        pytest.param(
            advanced(OF_DATA, {"eventCategory": {"Equals": ["Management"]}}), True, id="both"
        ),
    ],
)
def test_which_trails_always_have_events_to_deliver(selectors, is_busy):
    about = trail(HasCustomEventSelectors=True)
    seen = one(TrailDelivery, fake_account(about, cloudtrail__get_event_selectors=selectors))
    assert seen.is_busy is is_busy


def test_a_trail_without_selectors_of_its_own_is_not_asked_for_them():
    account = fake_account(trail(HasCustomEventSelectors=False))
    assert one(TrailDelivery, account).is_busy
    assert ("cloudtrail", "get_event_selectors") not in account.calls


@pytest.mark.parametrize("cls", [TrailConfiguration, TrailDelivery])
def test_a_trail_that_is_gone(cls):
    with pytest.raises(Gone):
        one(cls, fake_account(), TRAIL_ARN + "-2")


def test_a_trail_deleted_since_it_was_listed():
    deleted = error("TrailNotFoundException")
    with pytest.raises(Gone):
        one(TrailDelivery, fake_account(cloudtrail__get_trail_status=deleted))
