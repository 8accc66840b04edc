"""Verdicts and evidence about failures, over fake accounts that satisfy the rules."""

from __future__ import annotations

from readiness import Status
from readiness.engine.aws import Aws
from readiness.model.resource import Resource
from tests.accounts import error_handling as worlds
from tests.fake_account import ACCOUNT_ID, HOME, NOON, observe, scan

GOOD = Status.COMPLIANT
BAD = Status.NON_COMPLIANT
NA = Status.NOT_APPLICABLE
UNKNOWN = Status.INSUFFICIENT_DATA
LATEST = "$LATEST"


def verdict(rule, id, *, settings=None, **answers):
    return observe(worlds.fake_account().but(**answers), rule, id, **(settings or {})).finding


def swept(rule, **answers):
    """The findings of a sweep, by the id of the resource."""
    found = scan(worlds.fake_account().but(**answers), [rule])
    return {each.finding.resource.id: each.finding for each in found if each.finding}


def load(cls, type_, id, account, *, bulk=False):
    aws = Aws(account, account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=bulk)
    return aws.evidence(cls, Resource(ACCOUNT_ID, HOME, type_, id), {}).evidence


def version(**targets):
    """GetFunctionConfiguration, with the dead-letter target of each version."""

    def answer(**params):
        target = targets.get(f"v{params['Qualifier']}" if "Qualifier" in params else "latest")
        config = {"DeadLetterConfig": {"TargetArn": target}} if target else {}
        return worlds.function(**config)

    return answer
