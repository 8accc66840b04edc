"""The stack stays within what CloudFormation takes, also when every heading is built."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from readiness.model import checklist
from readiness_cli import template
from readiness_cli.catalogue import ROOT, headings
from readiness_cli.patterns import patterns_of
from tests.deployed import Tagged

MOST = 400
MOST_RULES = 150
"""On the default bus: a half of the quota, so that two stacks have room (EventBridge quotas)."""
ROOM_BY_DEFAULT = 100
"""In af-south-1 and eu-south-1, where the quota has to be raised first."""
MOST_PARAMETERS, MOST_OUTPUTS, MOST_BYTES = 200, 200, 1_000_000
HEADINGS = headings()
EMULATOR = ROOT / ".local/venv-aws/bin/python"
TRANSFORM = """
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
given = yaml_parse(open(sys.argv[1]).read())
for each in given["Resources"].values():
    for name in {"CodeUri", "ContentUri"} & set(each.get("Properties", ())):
        each["Properties"][name] = {"Bucket": "bucket", "Key": "key"}
class Policies:
    def load(self): return {}
made = transform(given, {}, Policies())["Resources"]
print(json.dumps({name: each["Type"] for name, each in made.items()}))
"""


def transformed(resources) -> Counter[str]:
    """How many resources of each type SAM makes of the template's."""
    made: Counter[str] = Counter()
    for each in resources.values():
        if each["Type"] != "AWS::Serverless::Function":
            made[each["Type"].replace("AWS::Serverless::", "AWS::Serverless of ")] += 1
            continue
        made.update(["AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Lambda::EventInvokeConfig"])
        for event in each["Properties"].get("Events", {}).values():
            # a rule of SAM's brings a permission of its own
            kind = event["Type"]
            made[f"of {kind}"] += 2 if kind == "EventBridgeRule" else 1
    return made


@pytest.fixture(scope="module")
def resources():
    return yaml.load(template.TEMPLATE.read_text(), Loader=Tagged)["Resources"]


def test_every_heading_of_the_checklist_has_room(resources):
    now = sum(transformed(resources).values())
    of_headings = sum(
        6 + len(patterns_of(heading.rules)) for heading in HEADINGS
    )  # function, role, invoke configuration, two permissions, Config rule; and its rules
    every = len(checklist.CHAPTERS)
    projected = (now - of_headings) + of_headings * every / len(HEADINGS)
    assert every == 29
    assert projected <= MOST, f"{now} now, {projected:.0f} with every heading"


def test_two_stacks_have_room_on_the_default_bus(resources):
    """Whoever deploys where the quota is lower reads in the README how many rules there are."""
    rules = [
        each["Properties"] for each in resources.values() if each["Type"] == "AWS::Events::Rule"
    ]
    by_sam = [
        event["Properties"]
        for each in resources.values()
        for event in each["Properties"].get("Events", {}).values()
        if event["Type"] == "EventBridgeRule"
    ]
    most = sum("EventBusName" not in each for each in [*rules, *by_sam])
    assert ROOM_BY_DEFAULT < most <= MOST_RULES
    readme = " ".join((ROOT / "README.md").read_text().split())
    told = re.search(r"up to (\d+) rules on the default event bus", readme)
    assert told is not None
    assert int(told[1]) >= most


def test_there_is_one_permission_for_each_function_and_caller(resources):
    given = Counter(
        (
            json.dumps(each["Properties"]["FunctionName"]),
            json.dumps(each["Properties"]["Principal"]),
        )
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Permission"
    )
    assert set(given.values()) == {1}


def test_the_template_itself_is_small_enough():
    text = template.TEMPLATE.read_text()
    committed = yaml.load(text, Loader=Tagged)
    assert len(committed["Parameters"]) <= MOST_PARAMETERS
    assert len(committed["Outputs"]) <= MOST_OUTPUTS
    every = len(text.encode()) * len(checklist.CHAPTERS) / len(HEADINGS)
    assert every <= MOST_BYTES


@pytest.mark.skipif(not EMULATOR.exists(), reason="the embedded AWS is not installed")
def test_sam_makes_as_many_resources_as_we_count(resources, tmp_path):
    run = subprocess.run(
        [EMULATOR, "-c", TRANSFORM, str(template.TEMPLATE)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"AWS_DEFAULT_REGION": "us-east-1", "PATH": str(Path("/usr/bin"))},
    )
    made = json.loads(run.stdout)
    assert len(made) == sum(transformed(resources).values())
    rules = {id for id, kind in made.items() if kind == "AWS::Events::Rule"}
    woken = {
        f"{template.logical_id(heading.folder)}{name}"
        for heading in HEADINGS
        for name in patterns_of(heading.rules)
    }
    assert woken <= rules, "the rules have the ids that SAM once gave them"
