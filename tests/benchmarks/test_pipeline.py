"""From an event on the bus to a page at the stand-in, on the embedded AWS, warm."""

from __future__ import annotations

import collections
import statistics
import time
from pathlib import Path

import pytest

from readiness_cli.demo import checkout, stack, workload
from readiness_cli.demo.emulator import Emulator
from readiness_cli.demo.pager_client import PagerClient
from readiness_cli.demo.scenario import ROUTING_KEY, parameters
from tests.benchmarks.measure import report
from tests.e2e.account import Account

pytestmark = pytest.mark.bench

ONE_BY_ONE, AT_ONCE = 30, 500


def test_pipeline(tmp_path: Path):
    tools = checkout.find()
    with (
        Emulator(tools.aws, tmp_path / "aws") as aws,
        PagerClient(tmp_path / "pager") as pager_client,
    ):
        stack.build(tools)
        deployed = stack.deploy(tools, aws, parameters(pager_client))
        deployed.page_with(ROUTING_KEY)
        made = workload.create(aws.client)
        deployed.sweep()
        account = Account(deployed, made.key)
        singly = one_by_one(account, pager_client)
        together, pages = at_once(account, pager_client)
    twice = sum(count - 1 for count in pages.values())
    report(
        "From the bus to the pager",
        [
            ("one change, p50", f"{statistics.median(singly) * 1000:.0f} ms", "≤ 150 ms"),
            ("one change, p90", f"{sorted(singly)[int(len(singly) * 0.9)] * 1000:.0f} ms", ""),
            (f"{AT_ONCE} changes at once, until the last page", f"{together:.1f} s", ""),
            ("delivered", f"{len(pages)}", f"{AT_ONCE}"),
            ("delivered twice", f"{twice}", "0"),
        ],
    )
    assert len(pages) == AT_ONCE
    assert twice == 0


def one_by_one(account: Account, pager_client: PagerClient) -> list[float]:
    """Seconds from PutEvents to the page, for one bucket after another, after a warm-up."""
    taken = []
    for bucket in account.sound(ONE_BY_ONE + 5):
        detail = account.break_(bucket)
        began = time.monotonic()
        account.put(detail)
        pager_client.wait_for(lambda page, name=bucket: page.source.endswith(f"/{name}"), 30)
        taken.append(time.monotonic() - began)
    return taken[5:]


def at_once(account: Account, pager_client: PagerClient) -> tuple[float, collections.Counter[str]]:
    """Seconds until the last of many pages, and how often each bucket was paged."""
    buckets = account.sound(AT_ONCE)
    details = [account.break_(bucket) for bucket in buckets]
    wanted = set(buckets)
    began = time.monotonic()
    account.put(*details)
    while time.monotonic() - began < 500:
        pages = collections.Counter(
            page.source.rpartition("/")[2]
            for page in pager_client.taken()
            if page.action == "trigger"
        )
        pages = collections.Counter({name: n for name, n in pages.items() if name in wanted})
        if len(pages) == len(wanted):
            break
        time.sleep(0.2)
    took = time.monotonic() - began
    time.sleep(5)
    late = collections.Counter(
        page.source.rpartition("/")[2] for page in pager_client.taken() if page.action == "trigger"
    )
    return took, collections.Counter({name: n for name, n in late.items() if name in wanted})
