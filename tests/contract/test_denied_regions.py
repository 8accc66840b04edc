"""An organization that denies every other region: what is read there is unknown, and not wrong.

Policies that deny all but a few regions are common, and many facts stand in another region: those
of global services in their home, a store of CloudTrail Lake where it was made.
"""

from __future__ import annotations

from typing import Any

import pytest

from readiness.engine.actions import action_of
from readiness.engine.geography import Geography
from readiness.model.verdict import Status
from readiness_cli.catalogue import headings
from tests.account_variants import module_of
from tests.fake_account import HOME, Client, FakeAccount, error, scan

ELSEWHERE = "eu-south-2"
DENIED = error("AccessDeniedException", 403, "explicit deny in a service control policy")
DECORATION = "tag:GetResources"
"""Without the tags of a resource its finding has no owner; the verdict is the same."""


class OneRegion(FakeAccount):
    """An account in which every call to another region is denied."""

    def __init__(self, answers: Any) -> None:
        super().__init__(answers)
        self.denied: set[str] = set()

    def client(self, service: str, region_name: str | None = None, **_: Any) -> Client:
        if region_name in {None, HOME}:
            return super().client(service)
        return Denied(self, service, str(region_name))


class Denied(Client):
    def _asked(self, operation: str, params: Any) -> Any:
        self._account.denied.add(action_of(self._service, operation))
        raise DENIED


def verdicts(account: FakeAccount, heading: Any) -> dict[tuple[str, str], Any]:
    seen = [each.finding for each in scan(account, heading)]
    return {(each.rule, each.resource.id): each for each in seen if each is not None}


@pytest.mark.parametrize("heading", headings(), ids=lambda each: each.folder)
def test_what_a_policy_keeps_from_us_is_unknown_and_never_wrong(heading, monkeypatch):
    here = module_of(heading.folder).fake_account()
    monkeypatch.setattr(Geography, "resolves", lambda self, host: True)
    before = verdicts(here.again(), heading)
    monkeypatch.setattr(Geography, "home", lambda self, region, service="": ELSEWHERE)
    denying = OneRegion(here.answers)
    after = verdicts(denying, heading)
    assert not [each for each in after.values() if "this is a bug" in each.reason]
    changed = {key: each for key, each in after.items() if each.status != before[key].status}
    for each in changed.values():
        assert each.status is Status.INSUFFICIENT_DATA, (each.rule, each.reason)
        assert set(each.missing) & denying.denied, (each.rule, each.missing)
    needed = {action for rule in heading for action in rule.reads}
    if denying.denied & (needed - {DECORATION}):
        assert changed, f"{denying.denied} was denied, and every verdict stands"


def test_global_services_are_asked_in_another_region(monkeypatch):
    """Else the test above denies nothing."""
    monkeypatch.setattr(Geography, "home", lambda self, region, service="": ELSEWHERE)
    denied = set()
    for heading in headings():
        denying = OneRegion(module_of(heading.folder).fake_account().answers)
        verdicts(denying, heading)
        denied |= denying.denied
    assert {"budgets:ViewBudget", "organizations:DescribeOrganization"} <= denied
