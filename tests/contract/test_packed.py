"""Every rule says the same when all that a sweep reads is kept packed, as in a large account."""

from __future__ import annotations

import pytest

from readiness.engine import packing
from readiness.engine.survey import Coverage, survey
from readiness_cli.catalogue import headings
from tests.account_variants import made_once, settings_of, variants_of
from tests.fake_account import evaluation

ACCOUNTS = [
    pytest.param(rule, account, id=f"{rule.id} {name}".strip())
    for heading in headings()
    for rule in heading.rules
    for name, account in variants_of(rule).items()
]


def verdicts(rule, account, fake_account):
    given = {**settings_of(rule), **account.settings}
    run = evaluation(
        fake_account.again(), [rule], given={rule.id: given} if given else {}, bulk=True
    )
    return sorted(
        (o.resource.key, o.finding and (o.finding.status, o.finding.reason), o.crash)
        for o in survey(run, [rule], Coverage())
    )


@pytest.mark.parametrize(("rule", "account"), ACCOUNTS)
def test_packed_or_not_the_verdicts_are_the_same(rule, account, monkeypatch):
    fake_account = made_once(account.make)
    plain = verdicts(rule, account, fake_account)
    monkeypatch.setattr(packing, "PART", 0)
    monkeypatch.setattr(packing, "WHOLE", 0)
    monkeypatch.setattr(packing, "_is_shared", lambda values: False)
    assert verdicts(rule, account, fake_account) == plain
