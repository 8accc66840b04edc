"""The settings document: read strictly, laid over by AWS Config, refused rule by rule."""

from __future__ import annotations

import pytest

from readiness.engine import settings
from readiness.engine.settings import Document, SettingsUnreadable
from readiness.model.rule import SettingRefused
from tests.cli import toy
from tests.fake_account import error

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


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({"encryption": {"most_days": 100}}, 100),
        ({"encryption": {"most_days": 100}, "encryption.kms-rotation": {"most_days": 200}}, 200),
        ({"iam_roles": {"most_days": 100}}, 365),
    ],
    ids=["for the heading", "the rule's own value wins", "for another heading"],
)
def test_a_setting_can_be_given_to_a_heading(given, days):
    configured = settings.configure(RULES, given)
    assert configured["encryption.kms-rotation"]["most_days"] == days
    assert configured["encryption.s3-kms"] == {}


def test_a_setting_that_no_rule_of_the_heading_has_is_refused_by_all():
    configured = settings.configure(RULES, {"encryption": {"most_dayz": 100}})
    assert all(isinstance(each, SettingRefused) for each in configured.values())
    assert "'most_dayz'" in str(configured["encryption.s3-kms"])


def test_rules_that_do_not_exist_are_named():
    given = {"encryption": {}, "encryption.s3-kms": {}, "encryption.nothing": {}}
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


# -- the document of a warm sandbox --------------------------------------------------------------


class Parameter:
    """The parameter in SSM: what stands in it, or what reading it fails with."""

    def __init__(self, says="{}"):
        self.says = says
        self.read = []

    def get_parameter(self, **params):
        self.read.append(params)
        if isinstance(self.says, Exception):
            raise self.says
        return {"Parameter": {"Value": self.says}}


@pytest.fixture
def parameter():
    return Parameter()


@pytest.fixture
def refused():
    return []


@pytest.fixture
def document(parameter, refused):
    return Document("the-name", toy.encryption, lambda: parameter, refused=refused.append)


@pytest.fixture
def seconds(monkeypatch):
    """The clock, that a test sets."""
    moment = [1000.0]
    monkeypatch.setattr("readiness.engine.settings.time.monotonic", lambda: moment[0])
    return moment


STRICT = '{"encryption.kms-rotation": {"most_days": 100}}'


def test_the_document_is_read_once_for_five_minutes_and_then_again(document, parameter, seconds):
    assert document.now() == {}
    parameter.says = STRICT
    seconds[0] += 299
    assert document.now() == {}
    assert parameter.read == [{"Name": "the-name"}]
    seconds[0] += 1
    assert document.now() == {"encryption.kms-rotation": {"most_days": 100}}
    parameter.says = "{}"
    seconds[0] += 299
    assert document.now() == {"encryption.kms-rotation": {"most_days": 100}}
    seconds[0] += 1
    assert document.now() == {}


@pytest.mark.parametrize(
    ("failing", "raised"),
    [
        (error("ThrottlingException"), type(error("ThrottlingException"))),
        ("not JSON", SettingsUnreadable),
    ],
    ids=["the read fails", "the document is wrong"],
)
def test_what_cannot_be_read_neither_stays_nor_leaves_the_old_value_in_force(
    document, parameter, seconds, failing, raised
):
    assert document.now() == {}
    seconds[0] += 300
    parameter.says = failing
    for _ in range(2):
        with pytest.raises(raised):
            document.now()
    parameter.says = STRICT
    assert document.now() == {"encryption.kms-rotation": {"most_days": 100}}


def test_without_a_parameter_nothing_is_asked(parameter, refused):
    document = Document("", toy.encryption, lambda: parameter, refused=refused.append)
    assert document.now() == {}
    assert parameter.read == []


def test_what_is_refused_is_told_once_for_each_reading(document, parameter, refused, seconds):
    parameter.says = (
        '{"encryption.kms-rotation": {"most_days": 5}, "encryption.no-more": {}, "other.rule": {}}'
    )
    document.now()
    document.now()
    assert len(refused) == 2
    assert "from 90 to 2560, not 5" in refused[0]
    assert refused[1] == "there is no rule 'encryption.no-more'"
    seconds[0] += 300
    document.now()
    assert len(refused) == 4
