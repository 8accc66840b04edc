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
    world = limited.account(folder, VirtualClock(), **SIZE)
    swept = sweep(heading(folder), world)
    assert swept.seen
    assert not swept.blind
    assert not swept.twice
    assert not world.unanswered
    assert not [o.crash for o in swept.seen if o.crash]
    assert world.buckets
    for bucket in world.buckets:
        assert bucket.refused == 0, bucket
        assert bucket.taken(world.clock.now()) <= 1 / 3 + 0.01, bucket


def test_legs_go_on_where_the_last_one_ended():
    world = limited.account("lambda_deployment", VirtualClock(), functions=400, apis=1, groups=1)
    swept = sweep(heading("lambda_deployment"), world)
    judged = {o.resource.id for o in swept.seen if o.rule.name == "function-configuration"}
    assert swept.legs > 1
    assert len(judged) == 400
    assert not swept.blind
    assert not swept.twice


def test_without_the_pacer_aws_throttles_the_same_sweep():
    """The simulation would show it: this is what the rates did before they were kept to."""
    world = limited.account("lambda_deployment", VirtualClock(), **SIZE)
    swept = sweep(heading("lambda_deployment"), world, paced=False)
    [lambda_] = [each for each in world.buckets if each.name == "Lambda control plane"]
    assert lambda_.refused > 10
    assert swept.seen
