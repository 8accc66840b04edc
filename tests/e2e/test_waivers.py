"""A waiver, from the command line to the pager and back when its time is over."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from readiness.model.finding import iso
from readiness.model.verdict import Status
from readiness_cli.demo.emulator import ACCOUNT
from tests.e2e.account import RULE
from tests.e2e.patience import PATIENCE
from tests.e2e.test_pipeline import about, of

pytestmark = pytest.mark.e2e


@pytest.fixture
def upkeep(account):
    """What the schedule does each minute, under the function's own role."""

    def run():
        answer = account.stack.aws.client("lambda").invoke(
            FunctionName=account.stack.resources["Upkeep"], Payload=b'{"upkeep": true}'
        )
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said

    return run


@pytest.fixture
def waive(cli):
    def run(bucket, until, *more):
        done = cli(
            *("waive", RULE, "--resource", bucket, "--owner", "team@example.com"),
            *("--reason", "Moves in March.", "--until", iso(until), "-o", "json", *more),
        )
        assert done.returncode == 0, done.stderr
        [row] = json.loads(done.stdout)
        return row

    return run


@dataclass
class Lapsing:
    """A waiver that ends while other tests run."""

    bucket: str = ""
    ends: datetime | None = None
    resolved_at: float = 0.0


@pytest.fixture(scope="module")
def lapsing() -> Lapsing:
    return Lapsing()


def test_a_waiver_resolves_the_page(account, pager_client, cli, waive, upkeep, lapsing):
    (bucket,) = account.sound()
    account.put(account.break_(bucket))
    page = pager_client.wait_for(of(bucket, "trigger"), PATIENCE)

    ends = datetime.now(UTC) + timedelta(seconds=40)
    dry = waive(bucket, ends, "--dry-run")
    row = waive(bucket, ends)
    assert [each["effect"] for each in row["covers"]] == ["waived"]
    assert dry["covers"] == row["covers"]
    upkeep()
    resolved = pager_client.wait_for(of(bucket, "resolve"), PATIENCE)
    assert resolved.key == page.key
    details = resolved.body["payload"]["custom_details"]
    assert "(owner team@example.com" in details["waived"]

    finding = account.finding(bucket)
    assert (finding.status, finding.is_waived) == (Status.NON_COMPLIANT, True)
    assert finding.waived_by == f"arn:aws:iam::{ACCOUNT}:root"
    assert finding.id not in {each.id for each in account.stack.store.open(ACCOUNT)}
    [shown] = [
        each
        for each in json.loads(cli("findings", "--waived", "-o", "json").stdout)
        if each["finding_id"] == finding.id
    ]
    assert (shown["status"], shown["waived_because"]) == ("NON_COMPLIANT", "Moves in March.")
    lapsing.bucket, lapsing.ends, lapsing.resolved_at = bucket, ends, resolved.at


def test_what_fails_under_a_waiver_pages_nobody_until_the_waiver_is_ended(
    account, pager_client, cli, waive, upkeep, until
):
    (bucket,) = account.sound()
    row = waive(bucket, datetime.now(UTC) + timedelta(days=1), "--in-advance")
    account.start_anew("Encryption")  # it has read the waivers a moment ago
    account.put(account.break_(bucket))
    until(lambda: (found := account.finding(bucket)) and found.is_waived)
    upkeep()
    assert about(pager_client, bucket) == []
    done = cli("unwaive", row["id"], "--reason", "Not before the audit.")
    assert done.returncode == 0, done.stderr
    upkeep()
    pager_client.wait_for(of(bucket, "trigger"), PATIENCE)
    [waived, over] = account.stack.store.history(account.finding(bucket).id)
    assert (waived.kind, over.kind) == ("WAIVED", "WAIVER_EXPIRED")
    assert over.waiver_note.endswith(": Not before the audit.")


def test_the_end_of_a_waiver_pages_again(account, pager_client, upkeep, until, lapsing):
    """The waiver of the first test here, which has ended by itself."""
    bucket, store = lapsing.bucket, account.stack.store
    assert lapsing.ends, "it was given"
    until(lambda: datetime.now(UTC) > lapsing.ends)
    upkeep()
    pager_client.wait_for(of(bucket, "trigger"), PATIENCE, after=lapsing.resolved_at)
    assert [each.action for each in about(pager_client, bucket)] == [
        "trigger",
        "resolve",
        "trigger",
    ]
    finding = account.finding(bucket)
    kinds = [entry.kind for entry in store.history(finding.id)]
    assert kinds == ["OPENED", "WAIVED", "WAIVER_EXPIRED"]
    assert finding.id in {each.id for each in store.open(ACCOUNT)}
