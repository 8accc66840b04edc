"""Credentials in what keeps its versions: functions and state machines."""

from __future__ import annotations

import json
from collections.abc import Mapping

from readiness import Verdict, cannot_tell
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST
from readiness.evidence.stepfunctions import RunDefinitions
from readiness.model.text import listed
from readiness.semantics.credentials import Suspicion

from .places import in_document, in_variables
from .plain_text import judge_plain_text
from .settings import PlainTextSettings


def judge_versions(function: RunEnvironments, plain_text: PlainTextSettings) -> Verdict:
    """The verdict on the variables of a function and of its versions that aliases lead to."""
    found = in_variables(function.of.get(LATEST), plain_text)
    known = {suspicion.name for suspicion in found}
    for version, variables in function.of.items():
        if version != LATEST:
            more = [s for s in in_variables(variables, plain_text) if s.name not in known]
            found += [suspicion.within(f"version {version}") for suspicion in more]
    if function.hidden and not found:
        return cannot_tell(
            f"The environment of {listed(function.hidden)} could not be decrypted"
            f" ({function.error}): that needs kms:Decrypt on its key.",
            missing=("kms:Decrypt",),
        )
    return judge_plain_text(found, variables=sum(len(each or {}) for each in function.of.values()))


def judge_definitions(machine: RunDefinitions, plain_text: PlainTextSettings) -> Verdict:
    """The verdict on the definition of a state machine and of its versions that run."""
    found: list[Suspicion] = []
    states = 0
    for name, text in machine.texts.items():
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return cannot_tell("The definition of the state machine is not valid JSON.")
        named = document.get("States") if isinstance(document, Mapping) else None
        states += len(named or ())
        suspected = in_document(document, plain_text)
        found += suspected if name == LATEST else [each.within(name) for each in suspected]
    return judge_plain_text(found, texts=states, nothing="The state machine has no states.")
