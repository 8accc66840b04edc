"""What Macie says, and when it says that it is not enabled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.data_privacy.app import bucket_classification, macie_discovery
from readiness import Status, Unreadable
from readiness.engine.geography import Geography
from readiness.evidence.macie import (
    BucketInMacie,
    MacieBucket,
    MacieInventory,
    MacieSession,
    SensitiveDataDiscovery,
)
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.workloads.data_flows import REPLICATION, OutsideParties
from readiness.model.evidence import REGION
from tests.accounts import data_privacy as accounts
from tests.accounts.data_privacy import (
    ADMINISTRATOR,
    NOT_ENABLED,
    OTHER,
    bucket,
    discovery,
    job,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, NOON, error, evaluation, observe, scan

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
ORDERS = BUCKET.resource(ACCOUNT_ID, HOME, accounts.BUCKET)


def read(cls, about=HERE, *, bulk=False, account=None, **answers):
    account = (account or accounts.fake_account()).but(**answers)
    return evaluation(account, [], bulk=bulk, now=NOON).aws.evidence(cls, about).evidence


def found(account=None, **answers):
    return read(SensitiveDataDiscovery, account=account, **answers)


# -- enabled, disabled, or denied -----------------------------------------------------------------

DENIED = (
    "User: arn:aws:sts::111122223333:assumed-role/readiness/x is not authorized to perform: {}"
)
DENIED_MESSAGES = (
    DENIED.format("macie2:GetMacieSession because no identity-based policy allows the action"),
    DENIED.format("macie2:GetMacieSession with an explicit deny in a service control policy"),
    "The request failed because you must be an administrator",
    "",
)


@pytest.mark.parametrize("message", ["Macie is not enabled.", "Macie is not enabled"])
def test_the_message_says_that_macie_is_disabled(message):
    answer = error("AccessDeniedException", 403, message)
    assert read(MacieSession, macie2__get_macie_session=answer).status == ""


@pytest.mark.parametrize("message", DENIED_MESSAGES)
def test_any_other_message_is_a_denied_read(message):
    answer = error("AccessDeniedException", 403, message)
    with pytest.raises(Unreadable, match="macie2:GetMacieSession was denied"):
        read(MacieSession, macie2__get_macie_session=answer)
    account = accounts.fake_account().but(macie2__get_macie_session=answer)
    seen = observe(account, macie_discovery, ACCOUNT_ID).finding
    assert seen.status is Status.INSUFFICIENT_DATA
    assert seen.missing == ("macie2:GetMacieSession",)


def test_the_message_of_another_code_says_nothing():
    answer = error("ThrottlingException", 400, "Macie is not enabled")
    with pytest.raises(Unreadable, match="throttled"):
        read(MacieSession, macie2__get_macie_session=answer)


def test_a_session_may_be_gone_or_suspended():
    gone = error("ResourceNotFoundException", 404)
    assert read(MacieSession, macie2__get_macie_session=gone).status == ""
    paused = read(MacieSession, macie2__get_macie_session={"status": "PAUSED"})
    assert (paused.status, paused.is_enabled) == ("PAUSED", False)


@pytest.mark.parametrize("bulk", [False, True])
def test_where_macie_is_disabled_nothing_else_is_asked(bulk):
    account = accounts.fake_account().but(macie2__get_macie_session=NOT_ENABLED)
    run = evaluation(account, [], bulk=bulk)
    assert run.aws.evidence(SensitiveDataDiscovery, HERE).evidence == SensitiveDataDiscovery(1)
    assert run.aws.evidence(MacieInventory, HERE).evidence.buckets == {}
    assert run.aws.evidence(BucketInMacie, ORDERS).evidence == BucketInMacie("")
    asked = [operation for service, operation in account.calls if service == "macie2"]
    assert asked == ["get_macie_session"]


def test_where_there_are_no_buckets_macie_is_not_asked():
    account = accounts.fake_account().but(s3__list_buckets={"Buckets": []})
    assert observe(account, macie_discovery, ACCOUNT_ID).finding.status is Status.NOT_APPLICABLE
    assert {service for service, _ in account.calls} == {"s3"}


def test_only_buckets_of_the_region_count():
    def buckets(**asked):
        assert asked["BucketRegion"] == HOME
        return {"Buckets": []}

    assert found(s3__list_buckets=buckets).buckets == 0


# -- discovery ------------------------------------------------------------------------------------


def test_an_account_on_its_own():
    yesterday = NOON - timedelta(days=1)
    on = found(
        macie2__get_automated_discovery_configuration=discovery(lastUpdatedAt=yesterday),
        macie2__list_classification_jobs={"items": []},
    )
    assert (on.discovers, on.administrator, on.changed) == (True, "", yesterday)
    off = found(macie2__get_automated_discovery_configuration=discovery("DISABLED"))
    assert off.discovers is False


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([{"accountId": ACCOUNT_ID, "status": "ENABLED"}], True),
        ([{"accountId": ACCOUNT_ID, "status": "DISABLED"}], False),
        ([{"accountId": OTHER, "status": "ENABLED"}], None),
        ([], None),
    ],
)
def test_a_member_asks_for_its_own_status(items, expected):
    account = accounts.of_an_organization().but(
        macie2__list_automated_discovery_accounts={"items": items}
    )
    seen = found(account)
    assert (seen.discovers, seen.administrator) == (expected, ADMINISTRATOR)
    assert ("macie2", "get_automated_discovery_configuration") not in account.calls


@pytest.mark.parametrize(
    "administrator",
    [
        {"accountId": ADMINISTRATOR, "relationshipStatus": "Removed"},
        {"accountId": ADMINISTRATOR, "relationshipStatus": "Invited"},
        {"accountId": ACCOUNT_ID, "relationshipStatus": "Enabled"},
    ],
)
def test_who_is_no_administrator_of_the_account(administrator):
    seen = found(macie2__get_administrator_account={"administrator": administrator})
    assert (seen.administrator, seen.discovers) == ("", True)


def test_an_account_without_an_administrator_may_be_told_so():
    answer = error("ResourceNotFoundException", 404)
    assert found(macie2__get_administrator_account=answer).administrator == ""


def test_which_jobs_are_active():
    states = ("RUNNING", "IDLE", "PAUSED", "USER_PAUSED", "CANCELLED", "COMPLETE")
    items = [job(state, name=state) for state in states]
    seen = found(macie2__list_classification_jobs={"items": items})
    assert (seen.jobs, seen.idle_jobs, seen.runs_once) == (states[:2], states[2:], False)


@pytest.mark.parametrize(("status", "expected"), [("RUNNING", True), ("COMPLETE", False)])
def test_whether_an_active_job_runs_once(status, expected):
    items = [job(), job(status, jobType="ONE_TIME")]
    assert found(macie2__list_classification_jobs={"items": items}).runs_once is expected


# -- buckets --------------------------------------------------------------------------------------


def test_a_bucket_in_the_inventory():
    answer = bucket(
        jobDetails={"isMonitoredByJob": "TRUE"},
        errorCode="ACCESS_DENIED",
        automatedDiscoveryMonitoringStatus="NOT_MONITORED",
        replicationDetails={"replicationAccounts": [OTHER], "replicated": True},
    )
    seen = MacieBucket.of(answer)
    expected = MacieBucket(accounts.BUCKET, 1000, False, "TRUE", 60, "ACCESS_DENIED", (OTHER,))
    assert (seen, seen.is_watched) == (expected, True)
    assert MacieBucket.of({"bucketName": "new"}) == MacieBucket("new")
    assert not MacieBucket("new").is_watched


IN_A_JOB = {
    "automatedDiscoveryMonitoringStatus": "NOT_MONITORED",
    "jobDetails": {"isDefinedInJob": "TRUE", "isMonitoredByJob": "TRUE", "lastJobId": "1"},
}


def by_jobs(*jobs, bulk=False, ran=None):
    details = IN_A_JOB["jobDetails"] | ({"lastJobRunTime": ran} if ran else {})
    return read(
        BucketInMacie,
        ORDERS,
        bulk=bulk,
        macie2__describe_buckets={"buckets": [bucket(**IN_A_JOB | {"jobDetails": details})]},
        macie2__list_classification_jobs={"items": list(jobs)},
    )


def named(*buckets, account=ACCOUNT_ID):
    return [{"accountId": account, "buckets": list(buckets)}]


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("jobs", "watched"),
    [
        pytest.param([job()], True, id="scheduled"),
        pytest.param([job("USER_PAUSED")], False, id="paused"),
        pytest.param([job("PAUSED")], False, id="above the quota"),
        pytest.param([job("CANCELLED")], None, id="cancelled, so it is another's"),
        pytest.param([job("RUNNING", jobType="ONE_TIME")], None, id="once, so it is another's"),
        pytest.param([job(), job("USER_PAUSED", jobId="2")], True, id="looked at by the other"),
        pytest.param([job("USER_PAUSED"), job(jobId="2")], None, id="of either"),
        pytest.param(
            [job("USER_PAUSED"), job(jobId="2", bucketDefinitions=named(accounts.BUCKET))],
            True,
            id="named by the one that runs",
        ),
        pytest.param(
            [job("USER_PAUSED"), job(jobId="2", bucketDefinitions=named("other"))],
            False,
            id="not named by the one that runs",
        ),
        pytest.param(
            [job("USER_PAUSED", bucketDefinitions=named(accounts.BUCKET, account=OTHER))],
            None,
            id="a paused job names a bucket of another account",
        ),
        pytest.param([], None, id="of the administrator"),
    ],
)
def test_whether_a_job_looks_at_a_bucket(jobs, watched, bulk):
    assert by_jobs(*jobs, bulk=bulk).is_watched is watched


@pytest.mark.parametrize(("days", "watched"), [(33, True), (34, False)])
def test_the_last_run_tells_whether_a_job_of_the_administrator_runs(days, watched):
    assert by_jobs(ran=NOON - timedelta(days)).is_watched is watched


def test_jobs_are_asked_for_only_where_they_matter():
    account = accounts.fake_account()
    read(BucketInMacie, ORDERS, account=account)
    assert ("macie2", "list_classification_jobs") not in account.calls


def test_an_administrators_inventory_is_narrowed_to_its_own_buckets():
    def buckets(*, criteria):
        assert criteria["accountId"] == {"eq": [ACCOUNT_ID]}
        wanted = criteria.get("bucketName", {}).get("eq", [accounts.BUCKET, "other"])
        return {"buckets": [bucket(bucketName=name) for name in wanted]}

    account = accounts.fake_account().but(macie2__describe_buckets=buckets)
    assert set(read(MacieInventory, account=account).buckets) == {accounts.BUCKET, "other"}
    alone = read(BucketInMacie, ORDERS, account=account)
    assert alone.seen.name == accounts.BUCKET
    assert read(BucketInMacie, ORDERS, account=account, bulk=True) == alone


@pytest.mark.parametrize("bulk", [False, True])
def test_a_bucket_that_macie_does_not_list(bulk):
    seen = read(BucketInMacie, ORDERS, bulk=bulk, macie2__describe_buckets={"buckets": []})
    assert seen == BucketInMacie("ENABLED")


def test_a_sweep_lists_the_inventory_once():
    names = [f"bucket-{n}" for n in range(250)]
    account = accounts.fake_account().but(
        s3__list_buckets={"Buckets": [{"Name": name} for name in names]},
        macie2__describe_buckets={"buckets": [bucket(bucketName=name) for name in names]},
        resourcegroupstaggingapi__get_resources={
            "ResourceTagMappingList": [
                {
                    "ResourceARN": f"arn:aws:s3:::{name}",
                    "Tags": [{"Key": "DataClassification", "Value": "Restricted"}],
                }
                for name in names
            ]
        },
    )
    seen = scan(account, [bucket_classification])
    assert {each.finding.status for each in seen} == {Status.COMPLIANT}
    assert (len(seen), account.calls.count(("macie2", "describe_buckets"))) == (250, 1)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "operation",
    [
        "describe_buckets",
        "get_administrator_account",
        "get_automated_discovery_configuration",
        "list_classification_jobs",
    ],
)
def test_what_cannot_be_read_is_unknown(operation, fault):
    account = accounts.fake_account()
    account.faults["macie2", operation] = FAULTS[fault]
    seen = observe(account, macie_discovery, ACCOUNT_ID).finding
    assert seen.status is Status.INSUFFICIENT_DATA
    assert len(seen.missing) == 1


@pytest.mark.parametrize("bulk", [False, True])
def test_a_region_without_macie(monkeypatch, bulk):
    def lacks(self, service, region):
        return service == "macie2"

    monkeypatch.setattr(Geography, "is_absent", lacks)
    run = evaluation(accounts.fake_account(), [macie_discovery, bucket_classification], bulk=bulk)
    here = run.observe(macie_discovery, HERE).finding
    assert (here.status, "does not offer macie2" in here.reason) == (Status.NOT_APPLICABLE, True)
    of_bucket = run.observe(bucket_classification, ORDERS).finding
    assert (of_bucket.status, "no Macie" in of_bucket.reason) == (Status.COMPLIANT, True)
    found = run.aws.evidence(OutsideParties, HERE).evidence
    assert found.not_compared == (REPLICATION,)
