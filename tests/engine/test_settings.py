"""The settings document: read strictly, laid over by AWS Config, refused rule by rule."""

from __future__ import annotations

import pytest

from readiness.engine import settings
from readiness.engine.settings import SettingsUnreadable
from readiness.model.rule import SettingRefused
from tests.cli import toy

RULES = tuple(toy.encryption)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ("7", "must be an object"),
        ('{"encryption.s3-kms": 7}', "of 'encryption.s3-kms' must be an object"),
    ],
)
def test_a_document_that_is_not_what_it_must_be(document, said):
    with pytest.raises(SettingsUnreadable, match=said):
        settings.parse(document)


@pytest.mark.parametrize("document", ["", "{}"])
def test_an_empty_document_changes_nothing(document):
    assert settings.parse(document) == {}


def test_one_refused_setting_costs_one_rule():
    given = settings.parse('{"encryption.kms-rotation": {"most_days": 5}}')
    configured = settings.configure(RULES, given)
    assert configured["encryption.s3-kms"] == {}
    refusal = configured["encryption.kms-rotation"]
    assert isinstance(refusal, SettingRefused)
    assert "from 90 to 2560, not 5" in str(refusal)


def test_rules_that_do_not_exist_are_named():
    given = {"encryption.s3-kms": {}, "encryption.nothing": {}}
    known = [rule.id for rule in RULES]
    assert settings.unknown_rules(given, known) == ["encryption.nothing"]


@pytest.mark.parametrize(
    ("parameters", "days"),
    [
        ({"most_days": "100"}, 100),
        ({"kms-rotation.most_days": "100"}, 100),
        ({}, 200),
    ],
    ids=["for every rule that has it", "for one rule", "none"],
)
def test_config_parameters_are_laid_over(parameters, days):
    given = {"encryption.kms-rotation": {"most_days": 200}}
    merged = settings.override(RULES, given, parameters)
    configured = settings.configure(RULES, merged)
    assert configured["encryption.kms-rotation"] == {"most_days": days}
    assert configured["encryption.s3-kms"] == {}
    assert given == {"encryption.kms-rotation": {"most_days": 200}}


@pytest.mark.parametrize("name", ["nonsense", "s3-kms.most_days", "no-rule.most_days"])
def test_a_config_parameter_that_fits_no_rule_is_refused_by_all(name):
    configured = settings.configure(RULES, settings.override(RULES, {}, {name: "100"}))
    refused = [rule for rule, values in configured.items() if isinstance(values, SettingRefused)]
    assert "encryption.s3-kms" in refused
