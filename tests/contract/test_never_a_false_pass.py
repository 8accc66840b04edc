"""The property over all rules: a read that failed never ends in a pass, and says what failed."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from readiness import Status
from readiness.engine import answers, reader
from readiness.engine.actions import action_of
from readiness.engine.aws_errors import code_of
from readiness.engine.refusals import not_there
from readiness.engine.survey import Coverage, survey
from readiness_cli.catalogue import headings
from tests.account_variants import Variant, made_once, module_of, settings_of, variants_of
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, FakeAccount, evaluation

DECORATION = ("resourcegroupstaggingapi", "get_resources")
VERSIONED = {("s3", "head_object"): "s3:GetObjectVersion"}
"""The action of a call that is only made about one version of an object."""
NO_BODY = "unmodelled 404"
"""What S3 itself answers to HEAD for a version that does not exist: HEAD has no body."""
NAMES = {("iam", "list_roles"), ("iam", "list_users")}
"""Asked to show who attested: without them the id is shown, and the verdict is the same."""
BESIDE = {("oam", "list_links"), ("oam", "get_link")}
"""Asked whether another account may have the alarm that this one lacks: with one here the verdict of
the rules on alarms is the same, whatever they answer."""
PASSING = ("throttled", "unavailable", "timed out")
"""What no loader tells apart: all are a cause that passes, and no loader knows their codes."""
CODES_OF_PASSING = {code_of(FAULTS[each]) for each in ("throttled", "unavailable")}
ENOUGH = 4
"""Resources of one account with the same verdict after the same calls that are tried."""
RULES = [rule for heading in headings() for rule in heading.rules]
ACCOUNTS = [
    pytest.param(rule, account, id=f"{rule.id} {name}".strip())
    for rule in RULES
    for name, account in variants_of(rule).items()
]


def an_account(folder: str) -> FakeAccount:
    return made_once(module_of(folder).fake_account).again()


def asked_for(rule, account: Variant | None = None) -> dict[str, dict[str, object]]:
    """The settings under which the world's resources comply, for rules that are opted into."""
    given = {**settings_of(rule), **(account.settings if account else {})}
    return {rule.id: given} if given else {}


class InTurn:
    """In place of a pool of threads: a fake account answers at once, and a thread costs more."""

    def __init__(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    map = staticmethod(map)


@pytest.fixture
def quickly(monkeypatch):
    """Without threads, and without weighing what is to be forgotten: nothing here is large."""
    monkeypatch.setattr(reader, "ThreadPoolExecutor", InTurn)
    monkeypatch.setattr(answers, "weight", lambda _: 1)


@pytest.fixture
def alike(monkeypatch):
    """Fail a loader that takes what passes for an answer, so that one such fault stands for all."""

    def known(error, absent, gone):
        taken = CODES_OF_PASSING & {code.partition(":")[0] for code in (*absent, *gone)}
        assert not taken, f"a loader takes {sorted(taken)} for an answer"
        return not_there(error, absent, gone)

    monkeypatch.setattr(reader, "not_there", known)


def faults_in_turn(rule, account, bulk):
    """The faults to try on each call: refused for good, and for a passing reason.

    In an account beside the heading's own, where most calls are those made there too, what AWS
    does not document and what passes take turns.
    """
    turn = itertools.count(RULES.index(rule) + bulk)
    is_own = account.make == module_of(rule.heading.folder).fake_account
    while True:
        now = next(turn)
        passing = PASSING[now % len(PASSING)]
        yield ("denied", NO_BODY, passing) if is_own else ("denied", (NO_BODY, passing)[now % 2])


def judged_alone(rule, account, fake_account, id, bulk, fault=None):
    """One rule on one resource with nothing cached: the observation and the calls it made."""
    fake_account = fake_account.again()
    if fault:
        fake_account.faults[fault[0]] = FAULTS[fault[1]]
    run = evaluation(fake_account, [rule], given=asked_for(rule, account), bulk=bulk)
    seen = run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, id))
    assert not fake_account.unanswered
    assert not fake_account.refused
    return seen, list(dict.fromkeys(fake_account.calls))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_some_resource_complies(rule):
    """The worlds are good enough that the property below has something to lose."""
    fake_account = an_account(rule.heading.folder)
    run = evaluation(fake_account, [rule], given=asked_for(rule), bulk=True)
    seen = list(survey(run, [rule], Coverage()))
    said = [
        (o.resource.id, o.finding and (o.finding.status, o.finding.reason), o.crash) for o in seen
    ]
    statuses = {o.finding.status for o in seen if o.finding}
    assert Status.COMPLIANT in statuses, said
    assert not [o.crash for o in seen if o.crash], said
    assert not fake_account.unanswered


@pytest.mark.usefixtures("quickly", "alike")
@pytest.mark.parametrize("bulk", [False, True], ids=["event", "sweep"])
@pytest.mark.parametrize(("rule", "account"), ACCOUNTS)
def test_a_failed_read_is_insufficient_data(rule, account, bulk):
    fake_account = made_once(account.make)
    in_turn = faults_in_turn(rule, account, bulk)
    judged_alike: Counter[tuple[Status, frozenset[tuple[str, str]]]] = Counter()
    for id in evaluation(fake_account.again(), [rule]).aws.find(rule.subject):
        baseline, calls = judged_alone(rule, account, fake_account, id, bulk)
        assert not baseline.crash, f"{rule.id} on {id}: {baseline.crash}"
        if baseline.finding is None:
            continue
        was = baseline.finding.status
        judged_alike[was, frozenset(calls)] += 1
        if judged_alike[was, frozenset(calls)] > ENOUGH:
            continue
        for call in calls:
            needed = {action for action in rule.reads if action == action_of(*call)}
            if (call == DECORATION or call in NAMES) and not needed:
                continue
            # An attestation names the version; the role has that action from RecordFindings.
            is_artefact = call in VERSIONED and not needed
            for fault in next(in_turn):
                failing = (call, fault)
                seen, _ = judged_alone(rule, account, fake_account, id, bulk, failing)
                where = f"{rule.id} on {id}: {call} {fault}"
                assert seen.finding is not None, f"{where}: taken for a deleted resource"
                status, reason = seen.finding.status, seen.finding.reason
                assert not seen.crash, f"{where}: {seen.crash}"
                if is_artefact and fault == NO_BODY:
                    assert status is not Status.COMPLIANT, where
                    continue
                if call in BESIDE and rule.heading.folder == "alarms" and status is was:
                    continue
                if status is Status.NON_COMPLIANT and was is status:
                    continue
                assert status is Status.INSUFFICIENT_DATA, f"{where}: {status} {reason}"
                action = VERSIONED[call] if is_artefact else action_of(*call)
                assert action in reason, f"{where}: {reason}"
                assert action in seen.finding.missing, where


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_failed_listing_is_insufficient_data(rule):
    if rule.subject.name == "AWS::::Account":
        pytest.skip("there is no list to read")
    baseline = an_account(rule.heading.folder)
    evaluation(baseline, [rule]).aws.find(rule.subject)
    for call in set(baseline.calls):
        for name, fault in FAULTS.items():
            fake_account = baseline.again()
            fake_account.faults[call] = fault
            coverage = Coverage()
            run = evaluation(fake_account, [rule], given=asked_for(rule), bulk=True)
            [seen] = survey(run, [rule], coverage)
            assert seen.finding is not None
            assert seen.finding.status is Status.INSUFFICIENT_DATA, f"{call} {name}"
            assert action_of(*call) in seen.finding.reason
            assert rule.subject not in coverage.listed, "a failed listing may close nothing"
