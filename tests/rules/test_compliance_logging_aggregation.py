"""Whether logs reach a central place: the events of trails, and each log group."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.compliance_logging.app import audit_log_aggregation, log_group_aggregation
from readiness import Severity, Status
from readiness.evidence.workloads.audit_logs import AuditLogs, Collected
from readiness.evidence.workloads.log_forwarding import LogForwarding, Route
from readiness.model.unreadable import Cause, Unreadable
from tests.accounts import compliance_logging as accounts
from tests.accounts.compliance_logging import CENTRAL, GROUP
from tests.accounts.secrets_management import basic, status
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error, observe

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
ORG = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org"


# -- the events of trails -------------------------------------------------------------------------


def audit(*trails, lake=False, **answers):
    listed = [accounts.trail(**each) for each in trails]
    lakes = {"sources": []} if lake is False else lake
    return accounts.fake_account().but(
        cloudtrail__describe_trails={"trailList": listed},
        securitylake__list_log_sources=lakes,
        **answers,
    )


def replicated(bucket="log-archive", **rule):
    whole = {"Status": "Enabled", "Priority": 1, "Filter": {}}
    rule = {**whole, "Destination": {"Bucket": f"arn:aws:s3:::{bucket}"}, **rule}
    return {"ReplicationConfiguration": {"Role": "r", "Rules": [rule]}}


OF_ITS_OWNER = error("AccessDenied", 403, "Access Denied")


def observed(account, **settings):
    return observe(account, audit_log_aggregation, ACCOUNT_ID, **settings).finding


NO_GROUP = {"CloudWatchLogsLogGroupArn": ""}
ELSEWHERE = {"S3BucketName": "log-archive"}
THEIR_GROUP = {"CloudWatchLogsLogGroupArn": f"arn:aws:logs:{HOME}:{CENTRAL}:log-group:trail:*"}


@pytest.mark.parametrize(
    ("trails", "found", "said"),
    [
        pytest.param([{}], GOOD, "to CloudWatch Logs", id="a log group of this account"),
        pytest.param(
            [NO_GROUP], BAD, "only to a bucket of this account", id="only its own bucket"
        ),
        pytest.param(
            [NO_GROUP | ELSEWHERE], GOOD, "log-archive of another account", id="another's bucket"
        ),
        pytest.param(
            [NO_GROUP | {"IsOrganizationTrail": True}],
            GOOD,
            "of the organization",
            id="the organization's, in its management account",
        ),
        pytest.param(
            [NO_GROUP | {"IsOrganizationTrail": True, "TrailARN": ORG}],
            GOOD,
            "of the organization",
            id="the organization's, in a member account",
        ),
        pytest.param([THEIR_GROUP], GOOD, "of another account", id="another's log group"),
        pytest.param(
            [ELSEWHERE | {"IsMultiRegionTrail": False}], BAD, "only one region", id="of one region"
        ),
        pytest.param([], BAD, "There is no trail", id="none"),
    ],
)
def test_where_trails_deliver(trails, found, said):
    seen = observed(audit(*trails))
    assert seen.status is found, seen.reason
    assert said in seen.reason


KEY = {"KmsKeyId": f"arn:aws:kms:{HOME}:{ACCOUNT_ID}:key/k"}
WITH_KMS = {"SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}}}


@pytest.mark.parametrize(
    ("trail", "answer", "found"),
    [
        pytest.param({}, replicated(), GOOD, id="every object"),
        pytest.param({}, replicated(Filter={"Prefix": "AWSLogs/"}), GOOD, id="all of AWSLogs"),
        pytest.param({}, replicated(Filter={"Prefix": "app/"}), BAD, id="other files"),
        pytest.param(
            {"S3KeyPrefix": "t"}, replicated(Filter={"Prefix": "AWSLogs/"}), BAD, id="of no prefix"
        ),
        pytest.param(
            {}, replicated(Filter={"Tag": {"Key": "a", "Value": "b"}}), BAD, id="with a tag"
        ),
        pytest.param({}, replicated(Status="Disabled"), BAD, id="disabled"),
        pytest.param({}, replicated(accounts.BUCKET), BAD, id="to a bucket of this account"),
        pytest.param(KEY, replicated(), BAD, id="but what is encrypted with KMS"),
        pytest.param(KEY, replicated(**WITH_KMS), GOOD, id="with KMS too"),
        pytest.param({}, error("ReplicationConfigurationNotFoundError"), BAD, id="nothing"),
        pytest.param({}, error("NoSuchBucket"), BAD, id="a bucket that does not exist"),
        pytest.param({}, error("AccessDenied"), UNKNOWN, id="denied"),
    ],
)
def test_a_bucket_that_is_replicated_to_another_account(trail, answer, found):
    def of(**asked):
        return OF_ITS_OWNER if asked["Bucket"] == "log-archive" else answer

    account = audit(NO_GROUP | {"KmsKeyId": ""} | trail, s3__get_bucket_replication=of)
    seen = observed(account)
    assert seen.status is found, seen.reason
    if found is UNKNOWN:
        assert "s3:GetReplicationConfiguration" in seen.reason


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(error("NoSuchBucket"), BAD, id="was deleted"),
        pytest.param(error("SlowDown"), UNKNOWN, id="may exist or not"),
        pytest.param(
            error("AccessDenied", 403, "with an explicit deny in a service control policy"),
            UNKNOWN,
            id="may not be asked for",
        ),
        pytest.param(
            error("AccessDenied", 403, "because no resource-based policy allows the action"),
            GOOD,
            id="is its owner's to show",
        ),
        pytest.param(error("ReplicationConfigurationNotFoundError"), GOOD, id="is shown"),
    ],
)
def test_the_bucket_that_a_trail_is_replicated_to(answer, found):
    def of(**asked):
        return answer if asked["Bucket"] == "log-archive" else replicated()

    account = audit(NO_GROUP | {"KmsKeyId": ""}, s3__get_bucket_replication=of)
    assert observed(account).status is found


@pytest.mark.parametrize(
    ("answer", "found", "said"),
    [
        pytest.param(
            status(LatestCloudWatchLogsDeliveryTime=NOON - timedelta(hours=25)),
            BAD,
            "delivered nothing to CloudWatch Logs in 24 hours",
            id="stale",
        ),
        pytest.param(status(), BAD, "delivered nothing to CloudWatch Logs", id="never"),
        pytest.param(
            status(LatestCloudWatchLogsDeliveryTime=NOON, LatestCloudWatchLogsDeliveryError="No"),
            BAD,
            "cannot deliver to CloudWatch Logs (No)",
            id="refused",
        ),
        pytest.param(status(IsLogging=False), BAD, "is not logging", id="stopped"),
        pytest.param(
            {"IsLogging": True, "StartLoggingTime": NOON - timedelta(minutes=5)},
            UNKNOWN,
            "has not delivered any events yet",
            id="just started",
        ),
        pytest.param(
            status(StartLoggingTime=NOON - timedelta(minutes=5)),
            UNKNOWN,
            "delivered nothing to CloudWatch Logs",
            id="just started, and the bucket has its first events",
        ),
    ],
)
def test_only_what_arrives_counts(answer, found, said):
    seen = observed(audit({}, cloudtrail__get_trail_status=answer))
    assert seen.status is found, seen.reason
    assert said in seen.reason


@pytest.mark.parametrize(
    ("selectors", "found"),
    [
        pytest.param(basic(ReadWriteType="WriteOnly"), GOOD, id="changes"),
        pytest.param(basic(ReadWriteType="ReadOnly"), BAD, id="reads only"),
        pytest.param(basic(IncludeManagementEvents=False), BAD, id="data events only"),
        pytest.param(FAULTS["denied"], UNKNOWN, id="denied"),
    ],
)
def test_a_trail_has_to_record_changes(selectors, found):
    assert observed(audit({}, cloudtrail__get_event_selectors=selectors)).status is found


def test_how_old_a_delivery_may_be():
    late = status(LatestCloudWatchLogsDeliveryTime=NOON - timedelta(hours=30))
    account = audit({}, cloudtrail__get_trail_status=late)
    assert observed(account).status is BAD
    assert observed(account, delivery_max_age_hours=48).status is GOOD


def test_a_log_group_of_the_same_account_where_a_setting_refuses_it():
    account = audit({})
    assert observed(account).status is GOOD
    assert observed(account, accept_same_account=False).status is BAD


def recorded_by_stores(trails=(), *, here=(), elsewhere=(), multi_region=True, **answers):
    """Event data stores by the region that lists them; elsewhere may be an error."""

    def listing(region, stores):
        if isinstance(stores, Exception):
            return stores
        arns = [f"arn:aws:cloudtrail:{region}:{ACCOUNT_ID}:eventdatastore/{s}" for s in stores]
        return {"EventDataStores": [{"EventDataStoreArn": arn} for arn in arns]}

    management = {"Field": "eventCategory", "Equals": ["Management"]}
    account = accounts.fake_account().but(
        cloudtrail__describe_trails={"trailList": list(trails)},
        cloudtrail__list_event_data_stores=listing(HOME, here),
        cloudtrail__get_event_data_store={
            "Status": "ENABLED",
            "MultiRegionEnabled": multi_region,
            "AdvancedEventSelectors": [{"FieldSelectors": [management]}],
        },
        ec2__describe_regions={"Regions": [{"RegionName": HOME}, {"RegionName": "eu-west-1"}]},
        **answers,
    )
    account.answers["cloudtrail eu-west-1", "list_event_data_stores"] = listing(
        "eu-west-1", elsewhere
    )
    return account


DENIED = error("AccessDeniedException", 403)


@pytest.mark.parametrize(
    ("account", "status"),
    [
        pytest.param({"here": ["1"]}, GOOD, id="of all regions, here"),
        pytest.param({"elsewhere": ["1"]}, GOOD, id="of all regions, listed elsewhere"),
        pytest.param({"here": ["1"], "multi_region": False}, BAD, id="of one region"),
        pytest.param({}, BAD, id="none"),
        pytest.param({"elsewhere": DENIED}, UNKNOWN, id="a region that may not be asked"),
        pytest.param({"here": DENIED}, UNKNOWN, id="not listed"),
    ],
)
def test_an_event_data_store_collects_the_events_of_all_regions(account, status):
    found = recorded_by_stores(**account)
    seen = observed(found)
    assert seen.status is status, seen.reason
    assert seen.missing == (("cloudtrail:ListEventDataStores",) if status is UNKNOWN else ())
    assert observed(found, accept_same_account=False).status is BAD


def test_stores_beside_complete_trails_are_looked_for_in_this_region_alone():
    """Else a region that may not be asked would leave the question open in most accounts."""
    own = [accounts.trail(CloudWatchLogsLogGroupArn="")]
    assert observed(recorded_by_stores(own, here=["1"])).status is GOOD
    assert observed(recorded_by_stores(own, elsewhere=DENIED)).status is BAD


def test_a_status_that_a_member_account_is_not_shown():
    refused = error("TrailNotFoundException")
    account = audit(
        {"IsOrganizationTrail": True, "TrailARN": ORG},
        cloudtrail__get_trail_status=refused,
        cloudtrail__get_event_selectors=refused,
    )
    seen = observed(account)
    needed = ("cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors")
    assert (seen.status, seen.missing) == (UNKNOWN, needed)


def test_a_status_that_is_denied():
    account = audit({}, cloudtrail__get_trail_status=FAULTS["denied"])
    seen = observed(account)
    assert (seen.status, seen.missing) == (UNKNOWN, ("cloudtrail:GetTrailStatus",))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(
            error(
                "ResourceNotFoundException",
                404,
                "The request failed because Security Lake isn't enabled for your account in any"
                " Regions. Enable Security Lake for your account and then try again.",
            ),
            BAD,
            id="not enabled",
        ),
        pytest.param(
            error(
                "AccessDeniedException",
                403,
                "The request failed because your account is not authorized to perform this"
                " operation.",
            ),
            BAD,
            id="never set up",
        ),
        pytest.param(
            error(
                "AccessDeniedException",
                403,
                "The account must be a delegated Security Lake administrator account.",
            ),
            BAD,
            id="another account administers it",
        ),
        pytest.param(
            error(
                "AccessDeniedException",
                403,
                "User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform:"
                " securitylake:ListLogSources on resource: *",
            ),
            UNKNOWN,
            id="denied",
        ),
        pytest.param(error("ResourceNotFoundException", 404, "other"), UNKNOWN, id="not found"),
    ],
)
def test_a_lake_that_is_not_enabled_is_not_one_that_is_denied(answer, found):
    assert observed(audit(NO_GROUP, lake=answer)).status is found


def test_security_lake_collects():
    seen = observed(accounts.collected_by_security_lake())
    assert (seen.status, "Security Lake" in seen.reason) == (GOOD, True)


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param([], id="nothing"),
        pytest.param(
            [
                {
                    "account": CENTRAL,
                    "sources": [{"awsLogSource": {"sourceName": "CLOUD_TRAIL_MGMT"}}],
                }
            ],
            id="another account",
        ),
        pytest.param(
            [{"account": ACCOUNT_ID, "sources": [{"awsLogSource": {"sourceName": "VPC_FLOW"}}]}],
            id="other logs",
        ),
    ],
)
def test_security_lake_collects_something_else(sources):
    assert observed(audit(NO_GROUP, lake={"sources": sources})).status is BAD


def test_a_trail_in_doubt_beside_one_that_is_not():
    logs = AuditLogs(
        (Collected("One may.", is_certain=False), Collected("One does.", is_certain=True))
    )
    assert audit_log_aggregation(logs).reason == "One does."


# -- log groups -----------------------------------------------------------------------------------

WHOLE = Route("the subscription filter all", CENTRAL)
PART = Route("the subscription filter errors", CENTRAL, is_whole=False)
PERHAPS = Route("the centralization rule logs", CENTRAL, is_certain=False)
LOST = Route("the subscription filter old", CENTRAL, lost="The filter old leads nowhere.")


def group(*routes, **changes):
    return LogForwarding(GROUP, ACCOUNT_ID, routes=routes, **changes)


@pytest.mark.parametrize(
    ("about", "found", "said"),
    [
        pytest.param(group(WHOLE), GOOD, "the subscription filter all", id="a filter"),
        pytest.param(group(PART, WHOLE), GOOD, "filter all", id="a part, and everything"),
        pytest.param(group(PERHAPS, WHOLE), GOOD, "filter all", id="perhaps, and certainly"),
        pytest.param(group(PERHAPS), UNKNOWN, "the centralization rule logs", id="perhaps"),
        pytest.param(group(PERHAPS, PART), UNKNOWN, "rule logs", id="perhaps, and a part"),
        pytest.param(group(LOST), BAD, "arrive nowhere. The filter old", id="to nowhere"),
        pytest.param(group(LOST, WHOLE), GOOD, "filter all", id="to nowhere, and to somewhere"),
        pytest.param(group(LOST, PERHAPS), UNKNOWN, "rule logs", id="to nowhere, and perhaps"),
        pytest.param(group(PART), BAD, "match a pattern", id="a part"),
        pytest.param(group(), BAD, "stay in it", id="nothing"),
        pytest.param(
            group(group_class="INFREQUENT_ACCESS"),
            BAD,
            "INFREQUENT_ACCESS",
            id="infrequent access",
        ),
        pytest.param(
            group(rules_are_shown=False), BAD, "centralized_by_organization", id="a member account"
        ),
        pytest.param(group(is_active=False), NA, "no events in the last two weeks", id="idle"),
        pytest.param(group(group_class="DELIVERY"), NA, "DELIVERY", id="delivery"),
        pytest.param(group(is_forwarders=True), NA, "without end", id="the forwarder's own"),
    ],
)
def test_log_groups(about, found, said):
    verdict = log_group_aggregation(about)
    assert verdict.status is found, verdict.reason
    assert said in verdict.reason


def test_a_part_is_a_smaller_fault():
    assert log_group_aggregation(group(PART)).severity is Severity.LOW
    assert log_group_aggregation(group(PART), accept_patterns=True).status is GOOD


def test_only_central_accounts_count():
    about = group(WHOLE)
    assert log_group_aggregation(about, central_account_ids=(CENTRAL,)).status is GOOD
    verdict = log_group_aggregation(about, central_account_ids=("777788889999",))
    assert verdict.status is BAD
    assert f"go to {CENTRAL}" in verdict.reason


def test_the_central_account_itself():
    assert log_group_aggregation(group(), central_account_ids=(ACCOUNT_ID,)).status is NA


def test_ignored_groups():
    assert log_group_aggregation(group(), ignored_groups=("/aws/lambda/*",)).status is NA
    assert log_group_aggregation(group(), ignored_groups=("/AWS/*",)).status is BAD


def test_what_only_the_organization_sees():
    assert log_group_aggregation(group(), centralized_by_organization=True).status is GOOD


def test_security_lake_in_doubt_says_what_it_needs():
    lake = Unreadable("securitylake:ListLogSources", Cause.THROTTLED, "Throttling")
    verdict = audit_log_aggregation(AuditLogs((), lake))
    assert (verdict.status, verdict.is_passing) == (UNKNOWN, True)
