"""The thresholds a user changed: one JSON document in SSM Parameter Store, read with a cache."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from readiness.model.rule import Rule, SettingRefused

Given = Mapping[str, Mapping[str, object]]
Configured = Mapping[str, "dict[str, Any] | SettingRefused"]


class SettingsUnreadable(ValueError):
    """The settings document is not what it must be; the text says where."""


def parse(document: str) -> Given:
    """Rule id → settings, from JSON text. Raises SettingsUnreadable.

    For instance ``{"encryption.s3-kms": {"require_customer_managed_key": true}}``.
    """
    try:
        given = json.loads(document or "{}")
    except ValueError as error:
        raise SettingsUnreadable(f"the settings are not JSON: {error}") from None
    if not isinstance(given, dict):
        raise SettingsUnreadable("the settings must be an object: rule id → settings")
    for rule, settings in given.items():
        if not isinstance(settings, dict):
            raise SettingsUnreadable(f"the settings of {rule!r} must be an object")
    return given


def unknown_rules(given: Given, known: Iterable[str]) -> list[str]:
    """Rule ids in the document that do not exist."""
    return sorted(set(given) - set(known))


def configure(rules: Iterable[Rule], given: Given) -> Configured:
    """Each rule's settings; where some are refused, the refusal stands in their place."""
    configured: dict[str, dict[str, Any] | SettingRefused] = {}
    for rule in rules:
        try:
            configured[rule.id] = rule.configure(given.get(rule.id, {}))
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
