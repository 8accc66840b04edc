"""The thresholds a user changed: one JSON document in SSM Parameter Store, read with a cache."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from readiness.model.rule import Heading, Rule, SettingRefused

KEPT_SECONDS = 300

Given = Mapping[str, Mapping[str, object]]
Configured = Mapping[str, "dict[str, Any] | SettingRefused"]


class SettingsUnreadable(ValueError):
    """The settings document is not what it must be; the text says where."""


def parse(document: str) -> Given:
    """Rule id or heading → settings, from JSON text. Raises SettingsUnreadable.

    For instance ``{"encryption.s3-kms": {"require_customer_managed_key": true}}``, or for every
    rule of a heading that has the setting ``{"alarms": {"max_detection_minutes": 10}}``.
    """
    try:
        given = json.loads(document or "{}")
    except (ValueError, RecursionError) as error:
        raise SettingsUnreadable(f"the settings are not JSON: {error}") from None
    if not isinstance(given, dict):
        raise SettingsUnreadable("the settings must be an object: rule id or heading → settings")
    for rule, settings in given.items():
        if not isinstance(settings, dict):
            raise SettingsUnreadable(f"the settings of {rule!r} must be an object")
    return given


def unknown_rules(given: Given, known: Iterable[str]) -> list[str]:
    """Names in the document that are no rule's id and no heading of one."""
    ids = set(known)
    return sorted(set(given) - ids - {id.partition(".")[0] for id in ids})


def configure(rules: Iterable[Rule], given: Given) -> Configured:
    """Each rule's settings; where some are refused, the refusal stands in their place.

    What a heading is given counts for each of its rules that has the setting, unless the rule
    itself is given another value. A name that no rule of the heading has is refused by all.
    """
    configured: dict[str, dict[str, Any] | SettingRefused] = {}
    for rule in rules:
        common = given.get(rule.heading.folder, {})
        known = {setting.name for setting in rule.settings}
        anywhere = {setting.name for each in rule.heading for setting in each.settings}
        mine = {
            name: value for name, value in common.items() if name in known or name not in anywhere
        }
        try:
            configured[rule.id] = rule.configure({**mine, **given.get(rule.id, {})})
        except SettingRefused as refused:
            configured[rule.id] = refused
    return configured


def override(rules: Iterable[Rule], given: Given, parameters: Mapping[str, str]) -> Given:
    """``given`` with AWS Config ``InputParameters`` laid over it.

    A parameter is ``<setting>`` (for every rule of the heading that has it) or
    ``<rule-name>.<setting>``; one that fits no rule is given to all, so that it is refused.
    """
    merged: dict[str, dict[str, object]] = {rule: dict(values) for rule, values in given.items()}
    rules = tuple(rules)
    for name, value in parameters.items():
        rule_name, _, setting = name.rpartition(".")
        fitting = [
            rule
            for rule in rules
            if (not rule_name or rule.name == rule_name)
            and any(known.name == setting for known in rule.settings)
        ]
        for rule in fitting or rules:
            merged.setdefault(rule.id, {})[setting] = value
    return merged


class Document:
    """The settings document of one heading's function, which lives while its sandbox is warm.

    ``ssm`` makes the client when the document is read. ``refused`` is told, once for each reading,
    of each setting of the heading that will not be used.
    """

    def __init__(
        self,
        parameter: str,
        heading: Heading,
        ssm: Callable[[], Any],
        *,
        refused: Callable[[str], None],
    ) -> None:
        self._parameter = parameter
        self._heading = heading
        self._ssm = ssm
        self._refused = refused
        self._kept: tuple[float, Given] | None = None

    def now(self) -> Given:
        """The document, at most five minutes old. Raises SettingsUnreadable."""
        if not self._parameter:
            return {}
        if self._kept and time.monotonic() - self._kept[0] < KEPT_SECONDS:
            return self._kept[1]
        answer = self._ssm().get_parameter(Name=self._parameter)
        given = parse(answer["Parameter"]["Value"])
        for reason in _refusals(self._heading, given):
            self._refused(reason)
        self._kept = (time.monotonic(), given)
        return given


def _refusals(heading: Heading, given: Given) -> list[str]:
    """Why settings of the heading will not be used."""
    configured = configure(heading, given)
    reasons = [str(each) for each in configured.values() if isinstance(each, SettingRefused)]
    mine = [name for name in given if name.startswith(f"{heading.folder}.")]
    known = {rule.id for rule in heading}
    return reasons + [f"there is no rule {name!r}" for name in mine if name not in known]
