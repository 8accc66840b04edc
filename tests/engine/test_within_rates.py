"""A sweep behind AWS's rates: nothing is throttled, nothing is blind, its legs go on by cursor."""

from __future__ import annotations

import pytest

from readiness_cli.catalogue import heading
from tests.benchmarks import limited
from tests.benchmarks.quotas import sweep
from tests.virtual_time import VirtualClock

SIZE = {"functions": 60, "apis": 40, "groups": 120}


@pytest.mark.parametrize("folder", limited.HEADINGS)
def test_a_sweep_takes_a_third_of_each_rate(folder):
    fake_account = limited.account(folder, VirtualClock(), **SIZE)
    swept = sweep(heading(folder), fake_account)
    assert swept.seen
    assert not swept.blind
    assert not swept.twice
    assert not fake_account.unanswered
    assert not [o.crash for o in swept.seen if o.crash]
    assert fake_account.buckets
    for bucket in fake_account.buckets:
        assert bucket.refused == 0, bucket
        assert bucket.taken(fake_account.clock.now()) <= 1 / 3 + 0.01, bucket


def test_legs_go_on_where_the_last_one_ended():
    fake_account = limited.account(
        "lambda_deployment", VirtualClock(), functions=400, apis=1, groups=1
    )
    swept = sweep(heading("lambda_deployment"), fake_account)
    judged = {o.resource.id for o in swept.seen if o.rule.name == "function-configuration"}
    assert swept.legs > 1
    assert len(judged) == 400
    assert not swept.blind
    assert not swept.twice


def test_without_the_pacer_aws_throttles_the_same_sweep():
    """The simulation would show it: this is what the rates did before they were kept to."""
    fake_account = limited.account("lambda_deployment", VirtualClock(), **SIZE)
    swept = sweep(heading("lambda_deployment"), fake_account, paced=False)
    [lambda_] = [each for each in fake_account.buckets if each.name == "Lambda control plane"]
    assert lambda_.refused > 10
    assert swept.seen
