"""The types that audit.config-recorder requires are those whose changes wake rules."""

from __future__ import annotations

import json

import yaml

from functions.audit.recording import RECORDED_TYPES, required_of
from readiness.evidence.config.recording import IAM_TYPES, Recorder
from readiness.evidence.config.rules import OWN_RULES
from readiness.model.evidence import ConfigItem
from readiness_cli import template
from readiness_cli.catalogue import headings
from readiness_cli.patterns import patterns_of, recorded_types
from tests.deployed import Tagged
from tests.fake_account import HOME, NOON

HEADINGS = headings()
RULES = [rule for heading in HEADINGS for rule in heading]


def test_the_file_follows_from_the_rules():
    assert RECORDED_TYPES == template.RECORDED
    assert RECORDED_TYPES.read_text() == template.recorded(HEADINGS), "run `make template`"


def test_they_are_the_types_of_the_event_patterns():
    in_patterns = set()
    for heading in HEADINGS:
        for name, pattern in patterns_of(heading).items():
            if name.startswith(ConfigItem.__name__):
                [either, _] = pattern["detail"]["$or"]
                in_patterns |= set(either["configurationItem"]["resourceType"])
    assert {each for types in recorded_types(RULES).values() for each in types} == in_patterns
    required = set(required_of(Recorder(None, HOME, HOME, NOON), (), ""))
    assert required == in_patterns - {"AWS::EC2::NetworkInterface"}


OF_ITS_HOME = {"AWS::CloudTrail::Trail"}
"""Types that rules judge once for the account, and that Config records in the region of each."""


def test_global_types_are_those_of_global_services():
    types = json.loads(RECORDED_TYPES.read_text())
    subjects = {rule.subject.name: rule.subject.is_global for rule in RULES}
    assert not [each for each in types["global"] if not subjects.get(each, True)]
    assert {each for each in types["regional"] if subjects.get(each)} == OF_ITS_HOME
    assert set(types["global"]) >= IAM_TYPES


def test_a_config_rule_of_ours_says_so():
    resources = yaml.load(template.TEMPLATE.read_text(), Loader=Tagged)["Resources"]
    rules = [each for each in resources.values() if each["Type"] == "AWS::Config::ConfigRule"]
    assert len(rules) == len(HEADINGS)
    for rule in rules:
        assert rule["Properties"]["Description"].startswith(OWN_RULES)
        assert rule["Properties"]["Source"]["Owner"] == "CUSTOM_LAMBDA"
