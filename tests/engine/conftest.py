"""What the tests of an evaluation begin with."""

from __future__ import annotations

import pytest

from tests.engine.functions import failing, function, machine, no_warehouse
from tests.engine.recorded import account, store
from tests.engine.things import THINGS

__all__ = ["account", "failing", "function", "machine", "no_warehouse", "store", "three_things"]


@pytest.fixture
def three_things():
    THINGS.ids, THINGS.fails, THINGS.loads, THINGS.as_of = ["a", "b", "c"], {}, [], None
    THINGS.owner = {"a": "x", "b": "y", "c": ""}
