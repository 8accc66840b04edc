"""Every declared change has a golden event, and each golden event leads where it must.

One event for each declared change (calls with the same source, names and id path), not one for
each of its names: the names of a change share the path to the id, which the service models prove
for every name (``test_api_calls.py``). An event shows that a real record of that shape is
understood. One for each name would be some 400 files, and would show nothing more.
"""

from __future__ import annotations

import functools
import json

import pytest

from readiness.engine.events import API_CALL, CONFIG_ITEM, changes_of, resolve_targets
from readiness.model import checklist
from readiness.model.evidence import ApiCall, ConfigItem, ServiceEvent, at, declared
from readiness_cli import catalogue
from tests.contract.golden import GOLDEN
from tests.contract.made_events import Golden

RULES = tuple(catalogue.rules().values())
EVENTS = catalogue.ROOT / "events"
HEADINGS = tuple(f"{chapter.folder}-" for chapter in checklist.CHAPTERS)


@functools.cache
def events():
    """The golden events by their files; of failed calls, none."""
    found = {path: json.loads(path.read_text()) for path in sorted(EVENTS.glob("*/*.json"))}
    return {path: event for path, event in found.items() if not is_failed_call(event)}


def is_failed_call(event):
    """Whether it is a call that failed; the event of a failed delivery has an error code too."""
    return event["detail-type"] == API_CALL and "errorCode" in event["detail"]


def changes():
    """Every declared change, with whose it is and one of the rules it wakes."""
    found = {}
    for rule in RULES:
        for cls in rule.evidence:
            declaration = declared(cls)
            for change in changes_of(declaration):
                found.setdefault(change, f"{cls.__name__} ({rule.id})")
            if declaration.about.identify is not None and declaration.follows_type:
                of_type = ConfigItem(declaration.about.name)
                found.setdefault(of_type, f"{declaration.about.name} ({rule.id})")
    return found


def shows(event, change):
    """Whether the event is one of the change, with an id where the change has one."""
    detail = event["detail"]
    match change:
        case ApiCall():
            return (
                event["detail-type"] == API_CALL
                and change.matches(detail["eventSource"], detail["eventName"])
                and (not change.id or any(at(detail, path) for path in change.id.split("|")))
            )
        case ServiceEvent():
            return event["detail-type"] == change.detail_type and change.matches(detail)
        case ConfigItem() if event["detail-type"] == CONFIG_ITEM:
            item = detail.get("configurationItem") or detail["configurationItemSummary"]
            return item["resourceType"] == change.type
    return False


def named(change):
    match change:
        case ApiCall():
            return f"{change.source.partition('.')[0]} {'/'.join(change.names)} with {change.id!r}"
        case ServiceEvent():
            return f"{change.detail_type!r} with {change.match}"
    return change.type


def test_every_declared_change_has_a_golden_event():
    lacking = [
        f"{owner}: no event in events/ shows {named(change)}: add one to tests/contract/golden.py"
        for change, owner in changes().items()
        if not any(shows(event, change) for event in events().values())
    ]
    assert not lacking, "\n" + "\n".join(lacking)


def test_the_files_are_those_of_the_table():
    written = {path for path in events() if not path.name.startswith(HEADINGS)}
    assert written == {golden.path for golden in GOLDEN}


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.file)
def test_a_file_is_what_the_models_say(golden: Golden):
    assert golden.path.read_text() == golden.text, "run `python -m tests.contract.golden`"


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.file)
def test_a_golden_event_leads_to_its_resources(golden: Golden):
    by_id = {rule.id: rule for rule in RULES}
    seen = resolve_targets(json.loads(golden.path.read_text()), RULES)
    assert seen.targets, "wakes no rule"
    assert (seen.account, seen.region) == ("111122223333", "us-east-1")
    found = {t.via or (by_id[t.rule].subject.name, t.id) for t in seen.targets}
    assert {(type_, id) for type_, id in found if id is not None} == golden.ids
