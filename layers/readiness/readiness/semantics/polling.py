"""Which states of an event source mapping or a pipe say that it reads its source no more."""

from __future__ import annotations

_OFF = frozenset({"Deleting", "Disabled", "Disabling"})
_ENDED = frozenset({"DELETED", "STOPPED"})


def is_off(state: object) -> bool:
    """Whether a mapping polls nothing, or is about to stop: no event tells when it has stopped.

    One that is being made, changed or enabled counts as on, for the same reason. Lambda's states:
    Creating, Enabling, Enabled, Disabling, Disabled, Updating, Deleting.
    """
    return state in _OFF


def is_stopped(desired: object) -> bool:
    """Whether a pipe is meant to read nothing (``DesiredState``), whatever it is doing yet."""
    return desired in _ENDED
