"""A bucket that changes under observation, and the tables that its findings are kept in."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
from moto import mock_aws

from functions.encryption.app import encryption
from readiness import Status
from readiness.engine.closing import Closing
from readiness.engine.observation import Observation
from readiness.engine.record import Recorder
from readiness.engine.survey import Coverage
from readiness.evidence.s3.buckets import BUCKET as BUCKETS
from readiness.model.unreadable import Cause, Unreadable
from tests.fake_account import ACCOUNT_ID, HOME
from tests.findings import BUCKET, after, finding
from tests.tables import make_store, make_tables

RULE = next(rule for rule in encryption if rule.id == "encryption.s3-kms")
UNREADABLE_LISTING = Unreadable("s3:ListAllMyBuckets", Cause.THROTTLED, "SlowDown")
GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT


class Account:
    """One bucket whose state changes; every look at it takes the next second."""

    def __init__(self, state=GOOD):
        self.state = state
        self.seconds = 0
        self.looks = 0
        self.stored = None
        self.ahead = 0
        self.unproven = False
        self.settled = False
        self.aws = SimpleNamespace(
            account=ACCOUNT_ID,
            region=HOME,
            bulk=True,
            batch=lambda about, ids: nullcontext(),
            found_in={BUCKETS: 7.0},
            find=lambda about: [BUCKET.id] if self.state else [],
        )

    def is_settled_by_a_listing(self, rule):
        return self.settled

    def read_before(self, stored):
        self.stored = stored

    def reread(self, *, bulk=False):
        return self

    def agreed(self, resource, rules):
        return [self.observe(rule, resource) for rule in rules]

    def observe(self, rule, resource):
        """As an evaluation does, what is stored is read before the resource."""
        over = None
        if self.stored is not None:
            stored = self.stored.of(resource, rule.id)
            over = stored.version if stored else 0
        self.looks += 1
        self.seconds += 1
        at = after(self.seconds / 60 + self.ahead)
        if self.state is None:
            return Observation(rule, resource, at, over=over)
        seen = finding(self.state, at, resource=resource)
        return Observation(rule, resource, at, seen, over=over, unproven=self.unproven)

    def resolve_targets(self):
        return self.observe(RULE, BUCKET)


@pytest.fixture
def store():
    with mock_aws():
        yield make_store(make_tables())


def kinds(store):
    return [entry.kind for entry in store.history(finding().id)]


def swept(store, account, listed, failed=None, missed=()):
    closing = Closing(store, account, Recorder(store, account))
    coverage = Coverage(listed=listed, failed=failed or {}, missed=frozenset(missed))
    closed = closing.vanished([RULE], coverage, before=after(10))
    return closed, store.get(BUCKET, RULE.id)


@pytest.fixture
def account(store):
    store.record(finding(BAD), None)
    account = Account(None)
    account.seconds = 15 * 60
    return account


def closing_of(store):
    account = Account()
    return Closing(store, account, Recorder(store, account))


def bucket(name):
    return replace(BUCKET, id=name)


def first_rows(store, account, *ids):
    """What a leg records where nothing was stored."""
    account.settled = True
    recorder = Recorder(store, account, together=True)
    recorder.expect([RULE])
    recorder.prepare(BUCKETS, sorted(ids))
    for id in ids:
        recorder.record(account.observe(RULE, bucket(id)))
    return recorder
