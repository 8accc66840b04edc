"""Objectives of recovery, stated and measured: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from functions.backup_recovery.app import (
    stated_objectives,
)
from readiness import Severity, Status
from readiness.evidence.region import Region
from readiness.evidence.resiliencehub import ResilienceApp, ResilienceApps
from readiness.evidence.workloads.data_stores import DataStores
from readiness.evidence.workloads.recovery.caches import (
    CacheStore,
)
from readiness.evidence.workloads.recovery.store import Store
from readiness.evidence.workloads.tagged import Workloads
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import NOON
from tests.rules.test_backup_recovery import (
    ARN,
    FOUR_HOURS,
    NO_ONE,
    NOTHING,
    OBJECTIVE_RULES,
    RESTORED,
    STORE,
    attestation,
    attested,
    backups,
    check,
    days,
    manifest,
    minutes,
    stated_of,
)

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA


# -- stated objectives ----------------------------------------------------------------------------

STORES, HERE = DataStores(buckets=1), Region(NOON)
TWO = Workloads(("blog", "shop"))
ONE = Workloads(("shop",))
NONE = Workloads(())
HOUR = dict.fromkeys(("Software", "Hardware", "AZ"), (60.0, 60.0))
APP = ResilienceApp("shop", "shop", "PolicyMet", days(3), HOUR)
IN_HUB = stated_of(apps=(APP,))


def objectives(workloads, stated, said=NO_ONE, stores=STORES, **settings):
    known, hub = stated if isinstance(stated, tuple) else (stated, None)
    hub = hub or ResilienceApps(known.apps)
    return stated_objectives(stores, workloads, known.manifests, hub, HERE, said, **settings)


FOR_SHOP = attestation(bound_to={"workloads": "shop"}, approved_by="", approved_by_id="")
HUB_DENIED = Unreadable("resiliencehub:ListApps", Cause.ACCESS_DENIED, "AccessDeniedException")


@pytest.mark.parametrize(
    ("workloads", "stated", "said", "settings", "status", "text"),
    [
        pytest.param(ONE, stated_of(manifest()), NO_ONE, {}, GOOD, "manifest of", id="a manifest"),
        pytest.param(ONE, NOTHING, NO_ONE, {}, BAD, "stated for shop", id="nothing is stated"),
        pytest.param(NONE, NOTHING, NO_ONE, {}, BAD, "has the tag", id="nothing is tagged"),
        pytest.param(
            NONE,
            stated_of(manifest(workload="default")),
            NO_ONE,
            {},
            GOOD,
            "default (",
            id="a default",
        ),
        pytest.param(
            TWO, stated_of(manifest()), NO_ONE, {}, BAD, "stated for blog", id="one of two"
        ),
        pytest.param(
            ONE, stated_of(manifest(rto=None)), NO_ONE, {}, BAD, "states no RTO", id="no RTO"
        ),
        pytest.param(
            ONE, stated_of(manifest(rpo=0)), NO_ONE, {}, BAD, "RPO of 0 minutes", id="an RPO of 0"
        ),
        pytest.param(
            ONE, stated_of(manifest(owner=" ")), NO_ONE, {}, BAD, "no owner", id="no owner"
        ),
        pytest.param(
            ONE,
            stated_of(manifest(reviewed=date(2025, 11, 1))),
            NO_ONE,
            {},
            BAD,
            "at most 365 days",
            id="its review is overdue",
        ),
        pytest.param(
            ONE,
            stated_of(manifest(reviewed=date(2025, 11, 1))),
            NO_ONE,
            {"max_review_days": 366},
            GOOD,
            "manifest of",
            id="a longer time is allowed",
        ),
        pytest.param(
            ONE,
            stated_of(manifest(reviewed=date(2027, 1, 1))),
            NO_ONE,
            {},
            BAD,
            "in the future",
            id="a review in the future",
        ),
        pytest.param(
            ONE,
            stated_of(refused={"shop": "it is not JSON"}),
            NO_ONE,
            {},
            UNKNOWN,
            "JSON",
            id="bad",
        ),
        pytest.param(ONE, IN_HUB, NO_ONE, {}, GOOD, "(Resilience Hub)", id="Resilience Hub"),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, compliance="PolicyBreached"),)),
            NO_ONE,
            {},
            BAD,
            "(PolicyBreached)",
            id="a policy is breached",
        ),
        pytest.param(
            ONE,
            stated_of(manifest(), apps=(replace(APP, compliance="PolicyBreached"),)),
            NO_ONE,
            {},
            BAD,
            "(PolicyBreached)",
            id="a breach contradicts a manifest",
        ),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, objectives=HOUR | {"AZ": (60.0, 0.0)}),)),
            NO_ONE,
            {},
            BAD,
            "no RTO and RPO for AZ",
            id="a policy with an RPO of 0",
        ),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, objectives=None),)),
            NO_ONE,
            {},
            BAD,
            "shop",
            id="none",
        ),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, assessed=None),)),
            NO_ONE,
            {},
            BAD,
            "never assessed",
            id="never assessed",
        ),
        pytest.param(
            ONE,
            stated_of(apps=(replace(APP, assessed=days(31)),)),
            NO_ONE,
            {},
            BAD,
            "at most 30 days",
            id="not assessed lately",
        ),
        pytest.param(
            ONE, IN_HUB, NO_ONE, {"max_assessment_days": 2}, BAD, "at most 2 days", id="a setting"
        ),
        pytest.param(
            ONE, stated_of(unread=HUB_DENIED), NO_ONE, {}, UNKNOWN, "resiliencehub:L", id="denied"
        ),
        pytest.param(ONE, NOTHING, attested(FOR_SHOP), {}, GOOD, "attested by", id="attested"),
        pytest.param(
            ONE,
            NOTHING,
            attested(FOR_SHOP),
            {"two_people": True},
            BAD,
            "no second person",
            id="attested by one person",
        ),
        pytest.param(
            TWO,
            stated_of(manifest(workload="blog")),
            attested(FOR_SHOP),
            {},
            GOOD,
            "shop (attested)",
            id="one stated, one attested",
        ),
        pytest.param(
            TWO,
            NOTHING,
            attested(FOR_SHOP),
            {},
            BAD,
            "changed from shop",
            id="a workload was added",
        ),
    ],
)
def test_stated_objectives(workloads, stated, said, settings, status, text):
    check(objectives(workloads, stated, said, **settings), status, text)


def test_a_region_without_data_and_workloads():
    check(objectives(NONE, NOTHING, stores=DataStores()), NA, "no data stores")


def test_a_breach_is_worse_than_what_is_missing():
    breached = stated_of(apps=(replace(APP, compliance="PolicyBreached"),))
    assert objectives(ONE, breached).severity is Severity.HIGH
    assert stated_objectives.severity is Severity.MEDIUM


SLOW = replace(RESTORED, ended=days(6) + timedelta(minutes=241))
OLD = {"restorable": None, "snapshot": minutes(600), "backed_up": minutes(246)}
LATEST = backups(RESTORED, protected={ARN: minutes(5)})


@pytest.mark.parametrize("rule", OBJECTIVE_RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize(
    ("store", "known", "stated", "settings", "status", "text"),
    [
        pytest.param({}, backups(RESTORED), FOUR_HOURS, {}, GOOD, "5 minutes old", id="kept"),
        pytest.param(
            {}, backups(), FOUR_HOURS, {}, GOOD, "No restore was measured", id="untested"
        ),
        pytest.param(
            OLD, LATEST, FOUR_HOURS, {}, BAD, "246 minutes old; the RPO is 240", id="too old"
        ),
        pytest.param(
            OLD, LATEST, FOUR_HOURS, {"slack_minutes": 6}, GOOD, "246 minutes old", id="a setting"
        ),
        pytest.param(
            {"restorable": days(3), "idle": True, "stopped": days(3) + timedelta(minutes=4)},
            backups(protected={}),
            FOUR_HOURS,
            {},
            GOOD,
            "was 4 minutes old when it was stopped",
            id="stopped",
        ),
        pytest.param(
            {"restorable": None, "snapshot": days(9), "idle": True, "stopped": days(2)},
            backups(protected={}),
            FOUR_HOURS,
            {},
            BAD,
            "was 10,080 minutes old when it was stopped",
            id="stopped long after the newest snapshot",
        ),
        pytest.param(
            OLD | {"idle": True},
            LATEST,
            FOUR_HOURS,
            {},
            UNKNOWN,
            "nothing says since when",
            id="stopped at some time",
        ),
        pytest.param(
            {},
            backups(RESTORED),
            stated_of(manifest(rpo=1.0)),
            {},
            BAD,
            "never younger than 5 minutes",
            id="an RPO that point-in-time recovery cannot meet",
        ),
        pytest.param(
            {"restorable": minutes(9)},
            backups(RESTORED),
            stated_of(manifest(rpo=5.0)),
            {},
            GOOD,
            "within the RPO of 5 minutes and 4 minutes of slack",
            id="with slack",
        ),
        pytest.param(
            {},
            backups(),
            stated_of(manifest(rpo=None)),
            {},
            UNKNOWN,
            "No restore was measured",
            id="an RTO alone, and nothing measured",
        ),
        pytest.param(
            {"restorable": None},
            backups(protected={}),
            FOUR_HOURS,
            {},
            BAD,
            "has no recovery point",
            id="no recovery point",
        ),
        pytest.param(
            {}, backups(SLOW), FOUR_HOURS, {}, BAD, "took 241 minutes; the RTO", id="too slow"
        ),
        pytest.param(
            OLD, backups(SLOW), stated_of(manifest(rpo=None)), {}, BAD, "RTO", id="an RTO alone"
        ),
        pytest.param(
            {}, backups(SLOW), stated_of(manifest(rto=None)), {}, GOOD, "RPO", id="an RPO alone"
        ),
        pytest.param({}, backups(), NOTHING, {}, NA, "stated-objectives", id="nothing is stated"),
        pytest.param(
            {},
            backups(),
            stated_of(manifest(rto=0, rpo=0)),
            {},
            NA,
            "stated-objectives",
            id="zero",
        ),
        pytest.param({}, backups(RESTORED), IN_HUB, {}, GOOD, "60 minutes", id="Resilience Hub"),
        pytest.param(
            {},
            backups(),
            stated_of(refused={"shop": "it is not JSON"}),
            {},
            UNKNOWN,
            "not JSON",
            id="a manifest that is refused",
        ),
        pytest.param({"created": minutes(9)}, backups(), FOUR_HOURS, {}, NA, "created", id="new"),
        pytest.param({"instead": "A replica."}, backups(), FOUR_HOURS, {}, NA, "A rep", id="repl"),
        pytest.param(
            {},
            backups(SLOW),
            FOUR_HOURS,
            {"exempt_names": ("Orders",)},
            NA,
            "exempts",
            id="exempt",
        ),
    ],
)
def test_measured_objectives(rule, store, known, stated, settings, status, text):
    kind = OBJECTIVE_RULES[rule]
    kept = {"keeps": 1} if issubclass(kind, CacheStore) else {}
    about: Store = kind(**STORE | kept | store)
    check(rule(about, known, stated, **settings), status, text)
