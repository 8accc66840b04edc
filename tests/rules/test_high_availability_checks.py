"""High availability, health checks, degradation and failover: evidence in, verdict out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.high_availability import app
from readiness import Severity, Status, Verdict
from readiness.evidence.autoscaling.availability import GroupAvailability
from readiness.evidence.ecs.health_checks import ServiceChecks
from readiness.evidence.elbv2.target_groups import HealthCheck, Target, TargetHealth
from readiness.evidence.route53_health import DnsHealthCheck
from readiness.evidence.vpclattice import LatticeOfGroup, Unchecked
from readiness.evidence.workloads.degradation import Degradation, Signal
from readiness.evidence.workloads.failover_tests.failover_test import EXPERIMENT, FailoverTest
from readiness.evidence.workloads.failover_tests.region import FailoverTests
from readiness.model.attestation import Attestation, Attested, Result, Scope
from readiness.model.finding import lasting
from tests.fake_account import NOON

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW


def ago(**time: float) -> datetime:
    return NOON - timedelta(**time)


# -- ECS services ---------------------------------------------------------------------------------

CURL = ("CMD-SHELL", "curl -f http://localhost/health || exit 1")


def checks(**changes: Any) -> ServiceChecks:
    about: dict[str, Any] = {"name": "web", "desired": 2, "commands": {"web": CURL}}
    return ServiceChecks(**(about | changes))


LATTICE = "arn:aws:vpc-lattice:us-east-1:111122223333:targetgroup/tg-1"
OFF, LOST = (Unchecked(LATTICE),), (Unchecked(LATTICE, exists=False),)


def of(*command: str) -> dict[str, Any]:
    return {"commands": {"web": command}}


@pytest.mark.parametrize(
    ("changes", "settings", "status", "severity", "words"),
    [
        pytest.param({}, {}, GOOD, None, "every essential container: web", id="checked"),
        pytest.param({"commands": {"web": CURL, "log": ()}}, {}, BAD, MEDIUM, "(log)", id="a sidecar is not"),
        pytest.param(of(), {}, BAD, HIGH, "a task that hangs stays", id="none"),
        pytest.param(of("NONE"), {}, BAD, HIGH, "without a health check", id="switched off"),
        pytest.param({**of(), "target_groups": ("tg",)}, {}, GOOD, None, "load balancer checks", id="behind one"),
        pytest.param({**of(), "has_classic_balancer": True}, {}, GOOD, None, "load balancer", id="behind a classic one"),
        pytest.param(of("CMD-SHELL", "exit 0"), {}, BAD, MEDIUM, "whatever it finds", id="always passes"),
        pytest.param(of("CMD-SHELL", "curl -f localhost || true"), {}, BAD, MEDIUM, "whatever", id="or true"),
        pytest.param({"commands": {"web": ("CMD-SHELL", "exit 0"), "log": ()}}, {}, BAD, HIGH, "(log)", id="nothing can fail"),
        pytest.param(of("CMD-SHELL", "curl http://localhost/"), {}, BAD, LOW, "--fail", id="deaf curl"),
        pytest.param({"target_groups": ("tg",), "grace": 7200}, {}, BAD, MEDIUM, "7200 seconds", id="long grace"),
        pytest.param({"target_groups": ("tg",), "grace": 7200}, {"max_grace_seconds": 7200}, GOOD, None, "", id="allowed"),
        pytest.param({"grace": 86400}, {}, BAD, MEDIUM, "ECS ignores health checks for 86400 seconds", id="long grace, containers checked"),
        pytest.param({**of(), "in_lattice": True}, {}, GOOD, None, "VPC Lattice checks", id="behind VPC Lattice"),
        pytest.param({"in_lattice": True, "grace": 7200}, {}, BAD, MEDIUM, "7200 seconds", id="long grace of Lattice"),
        pytest.param({**of(), "unchecked_groups": OFF}, {}, BAD, HIGH, "does not check its tg-1", id="behind VPC Lattice, checks off"),
        pytest.param({**of(), "unchecked_groups": LOST}, {}, BAD, HIGH, "tg-1 (it does not exist)", id="behind a group of Lattice that is gone"),
        pytest.param({"in_lattice": True, "unchecked_groups": OFF}, {}, BAD, MEDIUM, "tg-1 (its health checks are switched off) of the service", id="one of two off"),
        pytest.param({"unchecked_groups": OFF}, {}, GOOD, None, "every essential container", id="Lattice off, containers checked"),
        pytest.param({**of(), "in_lattice": True, "unchecked_groups": OFF}, {}, BAD, MEDIUM, "does not check tg-1", id="one of two checked"),
        pytest.param({"commands": None, "in_lattice": True}, {}, GOOD, None, "VPC Lattice", id="revision deleted, behind Lattice"),
        pytest.param({**of(), "unused_groups": ("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/1",)}, {}, BAD, HIGH, "none uses its targetgroup/web/1", id="a target group that no load balancer uses"),
        pytest.param({"commands": None}, {}, UNKNOWN, None, "does not show", id="revision deleted"),
        pytest.param({"desired": 0}, {}, NA, None, "no task now", id="scaled to zero"),
        pytest.param({"desired": 0, "scheduling": "DAEMON"}, {}, GOOD, None, "", id="a daemon"),
        pytest.param({"status": "DRAINING"}, {}, NA, None, "draining", id="going"),
    ],
)  # fmt: skip
def test_service_health_checks(changes, settings, status, severity, words):
    verdict = app.service_health_checks(checks(**changes), **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert words in verdict.reason


# -- target groups --------------------------------------------------------------------------------


def health(*states: str, **changes: Any) -> TargetHealth:
    about: dict[str, Any] = {
        "arn": "arn", "balancers": ("lb",), "path": "/health", "codes": "200",
    }  # fmt: skip
    targets = tuple(Target(f"t{i}", state) for i, state in enumerate(states or ("healthy",)))
    return TargetHealth(HealthCheck(**(about | changes)), targets)


SLOW = {"interval": 300, "unhealthy_after": 10}


@pytest.mark.parametrize(
    ("states", "changes", "settings", "status", "severity", "words"),
    [
        pytest.param((), {}, {}, GOOD, None, "HTTP /health", id="checked"),
        pytest.param((), {"enabled": False}, {}, BAD, HIGH, "switched off", id="off"),
        pytest.param((), {"codes": "200-499"}, {}, BAD, HIGH, "200-499", id="takes errors"),
        pytest.param((), {"codes": "200,500"}, {}, BAD, HIGH, "200,500", id="takes 500"),
        pytest.param((), {"codes": "200-399,401"}, {}, GOOD, None, "", id="an answer that asks for a login"),
        pytest.param((), {"codes": "0-99", "is_grpc": True}, {}, BAD, HIGH, "0-99", id="any gRPC code"),
        pytest.param((), {"codes": "12", "is_grpc": True}, {}, GOOD, None, "", id="gRPC's default"),
        pytest.param((), SLOW, {}, BAD, MEDIUM, "3000 seconds", id="slow"),
        pytest.param((), SLOW, {"max_detection_seconds": 3000}, GOOD, None, "", id="slow is allowed"),
        pytest.param((), {"path": "/"}, {}, BAD, LOW, "the default", id="default path"),
        pytest.param((), {"path": "/"}, {"allow_root_path": True}, GOOD, None, "", id="default path is allowed"),
        pytest.param((), {"protocol": "TCP", "path": ""}, {}, GOOD, None, "TCP", id="a port"),
        pytest.param(("unhealthy", "unhealthy"), {}, {}, BAD, HIGH, "None of 2 targets", id="fails open"),
        pytest.param(("unhealthy", "draining"), {}, {}, BAD, HIGH, "None of 1 target ", id="draining does not count"),
        pytest.param(("unhealthy", "initial"), {}, {}, UNKNOWN, None, "registered", id="starting"),
        pytest.param((), {"codes": "12", "is_grpc": True, "path": "/AWS.ALB/healthcheck"}, {}, BAD, LOW, "not implemented", id="gRPC's default path"),
        pytest.param(("unhealthy", "healthy"), {}, {}, GOOD, None, "", id="one is healthy"),
        pytest.param((), {"balancers": ()}, {}, NA, None, "No load balancer", id="unused"),
        pytest.param((), {"target_type": "lambda", "enabled": False}, {}, NA, None, "their default", id="a function"),
    ],
)  # fmt: skip
def test_target_group_health_checks(states, changes, settings, status, severity, words):
    verdict = app.target_group_health_checks(health(*states, **changes), **settings)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert words in verdict.reason


UNUSED = Target(
    "t", "unused", "Target is in an Availability Zone that is not enabled.", "", "Target.NotInUse"
)


@pytest.mark.parametrize(
    ("targets", "status"),
    [
        pytest.param((UNUSED,), BAD, id="none is used"),
        pytest.param((UNUSED, Target("u", "draining")), BAD, id="the last goes"),
        pytest.param((UNUSED, Target("u", "healthy")), GOOD, id="another is"),
        pytest.param((UNUSED, Target("u", "initial")), UNKNOWN, id="another starts"),
        pytest.param((Target("t", "unused", "stopped", "", "Target.InvalidState"),), GOOD, id="stopped"),
        pytest.param((), GOOD, id="no target"),
    ],
)  # fmt: skip
def test_targets_where_the_load_balancer_is_not(targets, status):
    check = HealthCheck("arn", balancers=("lb",), path="/health", codes="200")
    verdict = app.target_group_health_checks(TargetHealth(check, targets))
    assert verdict.status is status, verdict.reason


# -- groups of instances --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        pytest.param({}, GOOD, "by EC2 checks", id="behind nothing"),
        pytest.param({"behind": ("web",)}, BAD, "looks only at EC2", id="behind a balancer"),
        pytest.param({"behind": ("web",), "health_checks": frozenset({"EC2", "ELB"})}, GOOD, "", id="checks both"),
        pytest.param({"in_lattice": ("tg",)}, BAD, "VPC Lattice", id="behind Lattice"),
        pytest.param({"in_lattice": ("tg",), "health_checks": frozenset({"VPC_LATTICE"})}, GOOD, "", id="checks Lattice"),
        pytest.param({"suspended": ("HealthCheck",)}, BAD, "HealthCheck is suspended", id="suspended"),
        pytest.param({"suspended": ("ReplaceUnhealthy", "Launch")}, BAD, "are suspended", id="two suspended"),
        pytest.param({"suspended": ("AlarmNotification",)}, GOOD, "", id="another process"),
        pytest.param({"suspended": ("ReplaceUnhealthy",), "suspended_lately": ("ReplaceUnhealthy",)}, UNKNOWN, "as deployments do", id="a deployment"),
        pytest.param({"suspended": ("ReplaceUnhealthy", "HealthCheck"), "suspended_lately": ("ReplaceUnhealthy",)}, BAD, "HealthCheck is", id="another for long"),
        pytest.param({"behind": ("web",), "manager": "AWS Batch"}, NA, "AWS Batch", id="of Batch"),
        pytest.param({"desired": 0}, NA, "no instance", id="empty"),
        pytest.param({"is_going": True}, NA, "no instance", id="going"),
    ],
)  # fmt: skip
def test_auto_scaling_group_health_checks(changes, status, words):
    about: dict[str, Any] = {
        "name": "hosts", "lowest": 2, "highest": 4, "desired": 2,
        "health_checks": frozenset({"EC2"}),
    }  # fmt: skip
    group = GroupAvailability(**(about | changes))
    verdict = app.auto_scaling_group_health_checks(group, LatticeOfGroup())
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


def test_instances_that_nobody_checks_for_an_hour():
    about = {"name": "web", "highest": 2, "desired": 2, "behind": ("tg",), "grace": 3600}
    late = GroupAvailability(**about, health_checks=frozenset({"ELB"}))
    verdict = app.auto_scaling_group_health_checks(late, LatticeOfGroup())
    assert (verdict.status, verdict.severity) == (Status.NON_COMPLIANT, Severity.MEDIUM)
    assert "3600 seconds" in verdict.reason
    fine = app.auto_scaling_group_health_checks(late, LatticeOfGroup(), max_grace_seconds=3600)
    assert fine.status is Status.COMPLIANT
    alone = replace(late, behind=(), health_checks=frozenset())
    assert app.auto_scaling_group_health_checks(alone, LatticeOfGroup()).status is Status.COMPLIANT


# -- Route 53 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status", "severity", "words"),
    [
        pytest.param({}, GOOD, None, "can fail", id="checked"),
        pytest.param({"is_disabled": True}, BAD, HIGH, "always healthy", id="disabled"),
        pytest.param({"is_disabled": True, "is_inverted": True}, BAD, HIGH, "inverted", id="both"),
        pytest.param({"is_inverted": True}, BAD, MEDIUM, "inverted", id="inverted"),
        pytest.param({"kind": "CALCULATED", "children": ("a", "b"), "threshold": 1}, GOOD, None, "", id="one of two"),
        pytest.param({"kind": "CALCULATED", "children": ("a", "b")}, BAD, HIGH, "threshold 0", id="none need be"),
        pytest.param({"kind": "CALCULATED", "children": ("a",), "threshold": 2}, BAD, HIGH, "always fails", id="more than there are"),
        pytest.param({"kind": "CALCULATED"}, BAD, None, "no children", id="childless"),
        pytest.param({"kind": "CLOUDWATCH_METRIC", "without_data": "Healthy"}, BAD, MEDIUM, "no data", id="silent alarm"),
        pytest.param({"kind": "CLOUDWATCH_METRIC", "without_data": "Healthy", "metric": "HTTPCode_ELB_5XX_Count"}, GOOD, None, "", id="an alarm on failures, which have no data while there are none"),
        pytest.param({"kind": "CLOUDWATCH_METRIC", "without_data": "Healthy", "metric": "StatusCheckFailed_Instance"}, BAD, MEDIUM, "no data", id="of an instance that is stopped"),
        pytest.param({"kind": "CLOUDWATCH_METRIC", "without_data": "Healthy", "metric": "UnHealthyHostCount"}, BAD, MEDIUM, "no data", id="of a target group that is empty"),
        pytest.param({"kind": "CLOUDWATCH_METRIC", "without_data": "Unhealthy"}, GOOD, None, "", id="alarm"),
        pytest.param({"is_disabled": True, "owner": "servicediscovery.amazonaws.com"}, NA, None, "manages it", id="of a service"),
        pytest.param({"domain": "db.corp.internal"}, BAD, HIGH, "do not reach db.corp.internal, so the check is always unhealthy", id="a private name"),
        pytest.param({"domain": "web.local", "is_inverted": True}, BAD, HIGH, "always healthy", id="a private name, inverted"),
        pytest.param({"domain": "web.local", "is_disabled": True}, BAD, HIGH, "disabled", id="a private name, disabled"),
        pytest.param({"domain": "internal-web-123.us-east-1.elb.amazonaws.com"}, BAD, HIGH, "do not reach internal-web", id="an internal load balancer"),
        pytest.param({"domain": "internal-web-1.eusc-de-east-1.elb.amazonaws.eu"}, BAD, HIGH, "do not reach internal-web", id="an internal load balancer of another partition"),
        pytest.param({"domain": "web-123.us-east-1.elb.amazonaws.com"}, GOOD, None, "", id="a load balancer"),
        pytest.param({"domain": "www.example.com", "address": "10.0.0.7"}, BAD, HIGH, "do not reach 10.0.0.7", id="a private address"),
        pytest.param({"domain": "db.corp.internal", "address": "8.8.8.8"}, GOOD, None, "", id="a public address"),
        pytest.param({"domain": "internal.example.com"}, GOOD, None, "", id="a public name"),
        pytest.param({"kind": "RECOVERY_CONTROL"}, GOOD, None, "", id="routing control"),
    ],
)  # fmt: skip
def test_dns_health_checks(changes, status, severity, words):
    verdict = app.dns_health_checks(DnsHealthCheck("id", **changes))
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason
    assert words in verdict.reason


# -- attested -------------------------------------------------------------------------------------


def statement(*, days: float = 30, approved: bool = False, **changes: Any) -> Attestation:
    about: dict[str, Any] = {
        "id": "aaaa11112222",
        "rule": "high_availability.failover-tested",
        "scope": Scope(),
        "statement": "Zone use1-az1 was taken away for an hour.",
        "performed_at": ago(days=days),
        "declared_at": ago(days=days),
        "owner": "team@example.com",
        "attester": "alice",
        "attester_id": "AROA:alice",
        "approved_by": "bob" if approved else "",
        "approved_by_id": "AROB:bob" if approved else "",
    }
    return Attestation(**(about | changes))


def attested(*statements: Attestation, seen: datetime = NOON) -> Attested:
    return Attested(statements, NOON, seen)


OVERDUE = attested(seen=ago(days=20))
FLAGS = Signal("feature flags", "feature flags web in web/prod")
MORE_FLAGS = Signal("feature flags", "feature flags api in api/prod")
PLAN = Signal("throttling", "usage plan partners (50 requests/s)")


@pytest.mark.parametrize(
    ("signals", "said", "settings", "status", "words"),
    [
        pytest.param((FLAGS, PLAN), attested(), {}, GOOD, "2 mechanisms", id="two mechanisms"),
        pytest.param((FLAGS, MORE_FLAGS), attested(), {}, UNKNOWN, "not attested yet", id="one twice"),
        pytest.param((FLAGS,), attested(), {"min_signals": 1}, GOOD, "1 mechanism", id="one is enough"),
        pytest.param((FLAGS,), attested(statement()), {}, GOOD, "attested by alice", id="one and words"),
        pytest.param((), attested(statement()), {}, BAD, "no API shows any", id="words alone"),
        pytest.param((FLAGS,), OVERDUE, {}, BAD, "was due by", id="overdue"),
        pytest.param((FLAGS,), attested(statement(days=400)), {}, BAD, "expired", id="old words"),
        pytest.param((FLAGS,), attested(statement(days=400)), {"max_age_days": 500}, GOOD, "", id="old words allowed"),
        pytest.param((FLAGS,), attested(statement()), {"two_people": True}, BAD, "second person", id="one person"),
    ],
)  # fmt: skip
def test_graceful_degradation(signals, said, settings, status, words):
    verdict = app.graceful_degradation(Degradation(signals), said, **settings)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


def experiment(*, days: float = 10, passed: bool | None = True, **changes: Any) -> FailoverTest:
    outcome = {True: "completed", False: "stopped", None: "running"}[passed]
    ended = None if passed is None else ago(days=days)
    return FailoverTest(EXPERIMENT, f"EXP{days:g}", ended, passed, outcome, **changes)


DATABASE = "failover of database"
DATABASES = dict.fromkeys((f"{DATABASE} a", f"{DATABASE} b"))


def failover_of(name: str, *, days: float, passed: bool = True) -> FailoverTest:
    return FailoverTest(DATABASE, name, ago(days=days), passed, "Completed failover")


@pytest.mark.parametrize(
    ("tests", "said", "settings", "status", "words"),
    [
        pytest.param((experiment(),), attested(), {}, GOOD, "FIS experiment EXP10 ended", id="passed"),
        pytest.param((experiment(days=200),), OVERDUE, {}, BAD, "was due by", id="too old"),
        pytest.param((experiment(days=200),), OVERDUE, {"max_age_days": 365}, GOOD, "", id="old is allowed"),
        pytest.param((experiment(passed=False),), attested(), {}, BAD, "with stopped", id="stopped"),
        pytest.param((experiment(days=1), experiment(passed=False)), attested(), {}, GOOD, "", id="repeated"),
        pytest.param((experiment(days=1, passed=False), experiment()), attested(), {}, BAD, "EXP1 ", id="newest failed"),
        pytest.param((failover_of("a", days=1), experiment(passed=False)), attested(), {}, BAD, "EXP10", id="another kind does not repeat it"),
        pytest.param((failover_of("b", days=1), failover_of("a", days=2, passed=False)), attested(), {}, BAD, "database a", id="another database neither"),
        pytest.param((failover_of("b", days=1),), attested(), {}, GOOD, "failover of database b", id="a database failed over"),
        pytest.param((experiment(passed=False),), attested(statement(days=2)), {}, GOOD, "attested by alice", id="a drill after it"),
        pytest.param((experiment(passed=False),), attested(statement(days=30)), {}, BAD, "stopped", id="a drill before it"),
        pytest.param((experiment(flaw="it resolved no target"),), attested(), {}, BAD, "proves nothing", id="hollow"),
        pytest.param((experiment(flaw="it resolved no target"),), attested(statement()), {}, GOOD, "", id="hollow, with a drill"),
        pytest.param((experiment(deployed=("web",)),), attested(), {}, BAD, "before the current", id="deployed since"),
        pytest.param((experiment(deployed=("web",)), failover_of("a", days=12)), attested(), {}, GOOD, "", id="another proof"),
        pytest.param((experiment(passed=None),), attested(), {}, UNKNOWN, "not ended", id="running"),
        pytest.param((), attested(), {}, UNKNOWN, "not attested yet", id="in the grace"),
        pytest.param((), OVERDUE, {}, BAD, "was due by", id="never"),
        pytest.param((), attested(statement()), {}, GOOD, "attested by alice", id="a drill"),
        pytest.param((), attested(statement(result=Result.FAIL)), {}, BAD, "as failed", id="a drill that failed"),
        pytest.param((), attested(statement()), {"two_people": True}, BAD, "second person", id="one person"),
    ],
)  # fmt: skip
def test_failover_tested(tests, said, settings, status, words):
    found = FailoverTests(tests, NOON, services=1, subjects=DATABASES)
    verdict = app.failover_tested(found, said, **settings)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


WEB = "arn:aws:ecs:us-east-1:111122223333:service/main/web"


def forgotten(*tests: FailoverTest, **later: Any) -> Verdict:
    """What the rule says when AWS tells of none of the tests any more."""
    things = {arn: None for test in tests for arn in test.hit}
    found = FailoverTests(tests, NOON, services=1, subjects=DATABASES, things=things)
    first = app.failover_tested(found, attested())
    remembered = replace(attested(), recorded=lasting(first.observed))
    about = {"tests": (), "now": NOON, "services": 1, "subjects": DATABASES} | later
    return app.failover_tested(FailoverTests(**about), remembered)


@pytest.mark.parametrize(
    ("tests", "later", "status", "words"),
    [
        pytest.param((failover_of("a", days=13),), {"now": NOON + timedelta(days=150)}, GOOD, "database a ended on 2026-10-20", id="a failover of five months ago"),
        pytest.param((failover_of("a", days=13),), {"now": NOON + timedelta(days=168)}, UNKNOWN, "", id="too old by now"),
        pytest.param((failover_of("a", days=1, passed=False), experiment(days=9)), {}, BAD, "database a", id="a failure that was not repeated"),
        pytest.param((failover_of("a", days=1), failover_of("a", days=2, passed=False)), {}, GOOD, "", id="a failure that was"),
        pytest.param((failover_of("a", days=3, passed=False),), {"tests": (failover_of("a", days=1),)}, GOOD, "", id="repeated since"),
        pytest.param((failover_of("a", days=3),), {"subjects": {}}, UNKNOWN, "not attested", id="of a database that was deleted"),
        pytest.param((failover_of("a", days=3, passed=False),), {"subjects": {}}, UNKNOWN, "not attested", id="a failure of one"),
        pytest.param((failover_of("a", days=3),), {"subjects": {f"{DATABASE} a": ago(days=1)}}, UNKNOWN, "not attested", id="of another of its name"),
        pytest.param((failover_of("a", days=3),), {"subjects": {f"{DATABASE} a": ago(days=9)}}, GOOD, "database a", id="of the same"),
        pytest.param((), {"tests": (failover_of("c", days=1, passed=False),)}, UNKNOWN, "not attested", id="a deleted database that RDS still tells of"),
        pytest.param((experiment(touched=(WEB,)),), {"deployed_at": {WEB: ago(days=20)}}, GOOD, "EXP10", id="of what still runs"),
        pytest.param((experiment(touched=(WEB,)),), {"deployed_at": {WEB: ago(days=2)}}, BAD, "before the current deployment of web", id="deployed since"),
        pytest.param((experiment(days=5, touched=(WEB,), deployed=("web",)), failover_of("a", days=13)), {"deployed_at": {WEB: ago(days=2)}}, GOOD, "database a", id="what still proves before what is void"),
        pytest.param((experiment(hit=(WEB,)),), {"things": {WEB: None}}, GOOD, "EXP10", id="of a service that is there"),
        pytest.param((experiment(hit=(WEB,)),), {"things": {}}, UNKNOWN, "not attested", id="of a service that was deleted"),
        pytest.param((experiment(passed=False, hit=(WEB,)),), {"things": {}}, UNKNOWN, "not attested", id="a failure with one"),
        pytest.param((experiment(hit=(WEB,)),), {"things": {WEB: ago(days=1)}}, UNKNOWN, "not attested", id="of another of the name of a thing"),
        pytest.param((experiment(hit=("x", WEB)),), {"things": {WEB: None}}, GOOD, "EXP10", id="one of two is left"),
        pytest.param((experiment(hit=(WEB,) * 101),), {}, UNKNOWN, "", id="too many things to name"),
        pytest.param((experiment(touched=(WEB,) * 101),), {}, UNKNOWN, "", id="too many services to name"),
        pytest.param((experiment(flaw="it resolved no target"),), {}, UNKNOWN, "", id="hollow"),
        pytest.param((experiment(passed=None),), {}, UNKNOWN, "", id="was running"),
    ],
)  # fmt: skip
def test_what_aws_forgets_of_a_test_the_finding_remembers(tests, later, status, words):
    verdict = forgotten(*tests, **later)
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason


@pytest.mark.parametrize(
    "row", ["x", {"at": "yesterday"}, {}, {"at": "2027-01-01T00:00:00.000Z"}], ids=str
)
def test_a_remembered_test_without_a_time_is_none(row):
    remembered = replace(attested(), recorded={"last_executed": row})
    verdict = app.failover_tested(FailoverTests((), NOON, services=1), remembered)
    assert verdict.status is UNKNOWN


def test_a_region_without_a_workload_has_nothing_to_fail_over():
    verdict = app.failover_tested(FailoverTests((), NOON), attested())
    assert verdict.status is NA


def test_a_test_of_an_older_version_does_not_page():
    found = FailoverTests((experiment(deployed=("web",)),), NOON, services=1)
    assert app.failover_tested(found, attested()).severity is MEDIUM
