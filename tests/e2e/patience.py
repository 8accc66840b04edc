"""How long a test waits for what has to come."""

from __future__ import annotations

PATIENCE = 600.0
"""Seconds. Whoever waits stops as soon as it has come: a busy computer makes a test slow, not red."""
