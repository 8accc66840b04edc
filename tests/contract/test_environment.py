"""The variables of the functions: one default for each parameter, and no more than Lambda takes."""

from __future__ import annotations

import ast
from unittest.mock import Mock

import pytest

from functions.pagerduty.app import Pager
from readiness.engine.environment import DEFAULTS, parameter
from readiness.engine.waivers import limits_from
from readiness.model.transition import blind_after
from readiness_cli.catalogue import ROOT
from tests import deployed

MOST = 4096
"""Bytes of all variables of a function, names and values. Source: Lambda quotas."""
LONGEST_STACK = "s" * 128
ARN = len("arn:aws-us-gov:lambda:us-isof-south-1:111122223333:")
_LIMITS = {
    "AWS::DynamoDB::Table": (0, 255),
    "AWS::SNS::Topic": (ARN, 256),
    "AWS::Serverless::StateMachine": (ARN + len("stateMachine:"), 80),
    "AWS::Serverless::LayerVersion": (ARN + len("layer:") + len(":999999"), 140),
    "AWS::SQS::Queue": (len("https://sqs.us-isof-south-1.amazonaws.com.cn/111122223333/"), 80),
}
"""What a Ref to a resource begins with, and how long a name its service takes."""
NOT_A_STRING = {"ATTESTATION_PRINCIPALS"}
"""CloudFormation limits no list; room is left for some principals."""
ROOM = 1000

LONGEST_BY_PATTERN = {
    "^$|^[A-Za-z0-9][A-Za-z0-9 _.:/=+@-]{0,127}$": 128,
    "^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$": 63,
    "^$|^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$": 11,
    "^[A-Za-z0-9_+/-]{1,64}$": 64,
}


def longest_ref(logical_id):
    """CloudFormation makes names of the stack's, the logical id and 13 characters."""
    kind = deployed.committed()["Resources"][logical_id]["Type"]
    if kind == "AWS::SSM::Parameter":
        return len(f"/readiness/{LONGEST_STACK}/settings")
    before, most = _LIMITS[kind]
    return before + min(most, len(LONGEST_STACK) + len(logical_id) + len("--") + 13)


def functions():
    template = deployed.committed()
    everywhere = template["Globals"]["Function"]["Environment"]["Variables"]
    for id, each in template["Resources"].items():
        if each["Type"] == "AWS::Serverless::Function":
            own = each["Properties"].get("Environment", {}).get("Variables", {})
            yield id, {**everywhere, **own}


def given():
    """The variables that are a parameter as it was given, with the parameter."""
    found = {}
    for _, variables in functions():
        for name, value in variables.items():
            ref = value.get("Ref") if isinstance(value, dict) else None
            if ref in deployed.committed()["Parameters"]:
                found[name] = ref
    return found


def pager_with(environment):
    return Pager(
        store=Mock(),
        key=Mock(),
        api=Mock(),
        sqs=Mock(),
        cloudformation=Mock(),
        sns=Mock(),
        environment={"PAGES_QUEUE_URL": "q", "UNDELIVERED_QUEUE_URL": "u"} | environment,
    )


def test_each_parameter_has_the_default_that_the_template_gives_it():
    parameters = deployed.committed()["Parameters"]
    assert {name: str(parameters[of]["Default"]) for name, of in given().items()} == DEFAULTS


def test_a_missing_or_empty_variable_is_the_default():
    assert parameter({}, "PAGERDUTY_CONFIRM_SECONDS") == "120"
    assert parameter({"PAGERDUTY_CONFIRM_SECONDS": ""}, "PAGERDUTY_CONFIRM_SECONDS") == "120"
    assert parameter({"PAGERDUTY_CONFIRM_SECONDS": "0"}, "PAGERDUTY_CONFIRM_SECONDS") == "0"


NUMBERS = {
    "BLIND_AFTER_HOURS": lambda given: blind_after(given["BLIND_AFTER_HOURS"]),
    "PAGERDUTY_CONFIRM_SECONDS": pager_with,
    "PAGERDUTY_GROUP_ABOVE": pager_with,
    "WAIVER_MAX_DAYS": limits_from,
}


@pytest.mark.parametrize("written", ["{low}", "{high}", "{low}.5", "1e1", "007"])
def test_a_number_is_read_however_cloudformation_takes_it(written):
    """A parameter of type Number may have a fraction, and reaches the function as it was written."""
    parameters = deployed.committed()["Parameters"]
    numbers = {name: parameters[of] for name, of in given().items()}
    numbers = {name: each for name, each in numbers.items() if each["Type"] == "Number"}
    assert set(numbers) == set(NUMBERS)
    for name, each in numbers.items():
        text = written.format(low=each["MinValue"], high=each["MaxValue"])
        assert each["MinValue"] <= float(text) <= each["MaxValue"]
        assert NUMBERS[name]({name: text})


def sources():
    for folder in ("functions", "layers/readiness/readiness"):
        yield from sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_nothing_reads_it_with_a_default_of_its_own(name):
    read = 0
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if f'"{name}"' not in text or path.name == "environment.py":
            continue
        for call in ast.walk(ast.parse(text)):
            if isinstance(call, ast.Call) and any(
                isinstance(each, ast.Constant) and each.value == name for each in call.args
            ):
                read += 1
                assert isinstance(call.func, ast.Name), f"{path}: {ast.unparse(call)}"
                assert call.func.id == "parameter", f"{path}: {ast.unparse(call)}"
            if isinstance(call, ast.Subscript) and ast.unparse(call.value) != "DEFAULTS":
                assert getattr(call.slice, "value", None) != name, f"{path}: no default"
    assert read, "nothing reads it"


def longest(value):
    """The longest that a value of a variable can be, in bytes of ASCII; None where none is set."""
    template = deployed.committed()
    match value:
        case {"Ref": "AWS::StackName"}:
            return len(LONGEST_STACK)
        case {"Ref": name} | {"Fn::Join": [",", {"Ref": name}]}:
            of = template["Parameters"].get(name)
            return longest_parameter(of) if of else longest_ref(name)
        case {"Fn::If": [_, one, other]}:
            return max(longest(one), longest(other))
        case {"Fn::Sub": str() as text}:
            return len(text.replace("${AWS::StackName}", LONGEST_STACK))
    return len(str(value))


def longest_parameter(of):
    if "AllowedValues" in of:
        return max(len(str(each)) for each in of["AllowedValues"])
    if of["Type"] == "Number":
        return len(str(of["MaxValue"]))
    return of.get("MaxLength") or LONGEST_BY_PATTERN[of["AllowedPattern"]]


@pytest.mark.parametrize(("id", "variables"), list(functions()), ids=[id for id, _ in functions()])
def test_its_variables_fit_with_the_longest_names(id, variables):
    """Else the deployment of a stack with a long name ends in the middle."""
    size = 0
    for name, value in variables.items():
        size += len(name) + (ROOM if name in NOT_A_STRING else longest(value))
    assert size <= MOST
