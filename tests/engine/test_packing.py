"""Large answers packed: the same as before, in a tenth of the memory, opened in parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from readiness.engine import packing
from readiness.engine.packing import Items, Packed, PackedMapping, opened, packed, packed_mapping
from readiness.evidence.awslambda.functions import FunctionConfiguration
from readiness.evidence.parts import InParts
from readiness.model.unreadable import Cause, NotOffered, Unreadable


def page(first, size):
    items = [
        {
            "FunctionName": f"f-{n:05}",
            "Description": "what it is for " * 8,
            "At": datetime.now(UTC),
        }
        for n in range(first, first + size)
    ]
    return {"Functions": items, "About": {"Items": items}}


def test_a_small_answer_stays_as_it_is():
    answer = {"Functions": [{"FunctionName": "f"}]}
    assert packed(answer) is answer
    assert opened(answer) is answer
    evidence = {"f": FunctionConfiguration.of({"FunctionName": "f"})}
    assert packed_mapping(evidence) is evidence


def test_a_large_answer_is_packed_into_a_tenth():
    answer = page(0, 500)
    kept = packed(answer)
    assert isinstance(kept, Packed)
    assert opened(kept) == answer
    assert packing.weight(kept) * 10 < packing.weight(answer)


@pytest.mark.parametrize("path", ["Functions", "About.Items"])
def test_items_are_those_of_all_pages_in_order(path):
    pages = [page(0, 300), {}, page(300, 2), {"Functions": None, "About": None}]
    items = Items([packed(each) for each in pages], path)
    names = [each["FunctionName"] for each in items]
    assert names == [f"f-{n:05}" for n in range(302)]
    assert len(items) == 302
    assert items[0]["FunctionName"] == "f-00000"
    assert items[301]["FunctionName"] == items[-1]["FunctionName"] == "f-00301"
    assert [each["FunctionName"] for each in items[300:]] == ["f-00300", "f-00301"]
    with pytest.raises(IndexError):
        items[302]
    assert items
    assert items == list(items)
    assert items != list(items)[1:]


def test_no_items_are_false():
    assert not Items([], "Functions")
    assert not Items([{}, {"Functions": []}], "Functions")
    assert Items([], "Functions") == []


def test_one_page_is_open_at_a_time(monkeypatch):
    opened_pages = []
    open_ = Packed.open
    monkeypatch.setattr(Packed, "open", lambda self: opened_pages.append(self) or open_(self))
    items = iter(Items([packed(page(n, 300)) for n in (0, 300, 600)], "Functions"))
    for _ in range(301):
        next(items)
    assert len(opened_pages) == 2


@dataclass(frozen=True)
class InContext:
    number: int
    all: tuple[FunctionConfiguration, ...]


def evidence_of(count):
    return {
        f"f-{n:05}": FunctionConfiguration.of(
            {
                "FunctionName": f"f-{n:05}",
                "Role": f"arn:aws:iam::111122223333:role/role-{n}",
                "Environment": {"Variables": {f"NAME_{i}": "some value" for i in range(8)}},
            }
        )
        for n in range(count)
    }


def test_a_large_mapping_of_evidence_is_packed_and_is_the_same():
    values = evidence_of(2_000)
    kept = packed_mapping(values)
    assert isinstance(kept, PackedMapping)
    assert packing.weight(kept) * 3 < packing.weight(values)
    assert list(kept) == list(values)
    assert len(kept) == 2_000
    assert dict(kept) == values
    assert kept.get("f-01999") == values["f-01999"]
    assert "nothing" not in kept
    assert kept.get("nothing") is None


def test_a_mapping_that_knows_what_failed_still_does():
    failure = Unreadable("elasticloadbalancing:DescribeListeners", Cause.ACCESS_DENIED, "Denied")
    kept = packed_mapping(InParts(evidence_of(2_000), {"b": failure}, lambda id: id[0]))
    with pytest.raises(Unreadable):
        kept.get("b-1")
    assert kept.get("c-1") is None


def test_values_that_hold_the_same_large_thing_are_not_copied_with_it():
    inventory = tuple(evidence_of(2_000).values())
    values = {f"alarm-{n}": InContext(n, inventory) for n in range(2_000)}
    assert packed_mapping(values) is values


def test_neighbours_are_opened_together_and_few_parts_stay_open(monkeypatch):
    times = []
    open_ = Packed.open
    monkeypatch.setattr(Packed, "open", lambda self: times.append(self) or open_(self))
    kept = PackedMapping(evidence_of(1_600))
    for name in kept:
        assert kept[name].name == name
    assert len(times) == 100
    assert len(kept._open) < 20


@pytest.mark.parametrize(
    "failure",
    [
        Unreadable("s3:GetBucketPolicy", Cause.ACCESS_DENIED, "AccessDenied", found=("a",)),
        NotOffered("dax:DescribeClusters", "dax", "eu-north-1"),
    ],
    ids=["unreadable", "not offered"],
)
def test_a_failure_inside_evidence_is_the_same_afterwards(failure):
    again = Packed({"x": failure}).open()["x"]
    assert type(again) is type(failure)
    assert str(again) == str(failure)
    assert vars(again) == vars(failure)
