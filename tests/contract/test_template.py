"""The template follows from the rules, and is what AWS and the linters accept."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from readiness import Severity, Verdict, complies
from readiness.engine.actions import NARROWED, ON_REQUEST
from readiness.engine.events import API_CALL, CONFIG_ITEM, changes_of
from readiness.model.evidence import ApiCall, ConfigItem, ServiceEvent, declared
from readiness.model.rule import Heading
from readiness_cli import template
from readiness_cli.catalogue import ROOT, headings
from readiness_cli.demo import built_template
from readiness_cli.patterns import MOST_CHARACTERS, patterns_of
from tests import deployed
from tests.contract.eventbridge import matches

HEADINGS = headings()
PER_HEADING = pytest.mark.parametrize("heading", HEADINGS, ids=lambda h: h.folder)


@pytest.fixture(scope="module")
def committed():
    return deployed.committed()


@pytest.fixture(scope="module")
def resources(committed):
    return committed["Resources"]


def test_the_template_is_what_the_rules_say():
    text = template.TEMPLATE.read_text()
    assert text == template.generated(text, HEADINGS), "run `make template`"


def test_drift_is_noticed_and_repaired(tmp_path):
    copy = tmp_path / "template.yaml"
    drifted = template.TEMPLATE.read_text().replace("s3:ListAllMyBuckets", "s3:Nothing")
    copy.write_text(drifted)
    assert template.main(["--check", "--template", str(copy)]) == 1
    assert copy.read_text() == drifted
    assert template.main(["--template", str(copy)]) == 0
    assert template.main(["--check", "--template", str(copy)]) == 0


def test_no_event_rule_of_the_monitor_tells_a_person(resources):
    """Else it would stand in for the action of every alarm it judges (decision 110)."""
    targets = [
        (name, target["Arn"]["Fn::GetAtt"][0])
        for name, each in resources.items()
        if each["Type"] == "AWS::Events::Rule"
        for target in each["Properties"]["Targets"]
    ]
    assert len(targets) > len(HEADINGS)
    kinds = {resources[made]["Type"] for _, made in targets}
    assert kinds == {"AWS::Serverless::Function"}


def test_a_template_without_markers_is_refused():
    with pytest.raises(template.MarkersMissing, match="headings"):
        template.generated("Resources: {}\n", HEADINGS)


@PER_HEADING
def test_a_role_may_read_what_its_rules_read_and_nothing_else(heading, resources):
    function = resources[template.logical_id(heading.folder)]["Properties"]
    shared, own = function["Policies"]
    assert shared == {"Ref": "RecordFindings"}
    [statement] = own["Statement"]
    declared_reads = {action for rule in heading.rules for action in rule.reads}
    assert statement["Action"] == sorted(declared_reads - ON_REQUEST - NARROWED.keys())
    assert not [action for action in statement["Action"] if "*" in action]


@PER_HEADING
def test_a_function_has_the_folder_of_its_heading(heading, resources):
    id = template.logical_id(heading.folder)
    assert resources[id]["Properties"]["CodeUri"] == f"functions/{heading.folder}/"
    assert resources[id]["Metadata"] == {"BuildMethod": "makefile", "ContextPath": "functions"}


@PER_HEADING
def test_config_rules_are_off_unless_asked_for(heading, resources):
    id = template.logical_id(heading.folder)
    rule, permission = resources[f"{id}ConfigRule"], resources[f"{id}AskedByConfig"]
    assert rule["Condition"] == permission["Condition"] == "ConfigRules"
    assert rule["DependsOn"] == f"{id}AskedByConfig"
    assert permission["Properties"]["SourceAccount"] == {"Ref": "AWS::AccountId"}
    asked = {d["MessageType"] for d in rule["Properties"]["Source"]["SourceDetails"]}
    change = "ConfigurationItemChangeNotification"
    assert "ScheduledNotification" in asked
    assert (change in asked) == (f"Oversized{change}" in asked)


# -- what wakes a heading ------------------------------------------------------------------------


def patterns_in(resources, heading):
    return [rule["EventPattern"] for rule in rules_of(resources, heading).values()]


def rules_of(resources, heading):
    """The properties of the rules that wake the heading's function, by logical id."""
    arn = {"Fn::GetAtt": [template.logical_id(heading.folder), "Arn"]}
    return {
        id: resource["Properties"]
        for id, resource in resources.items()
        if resource["Type"] == "AWS::Events::Rule"
        and any(target["Arn"] == arn for target in resource["Properties"]["Targets"])
    }


@PER_HEADING
def test_every_rule_may_wake_its_function_and_loses_no_event(heading, resources):
    id = template.logical_id(heading.folder)
    rules = rules_of(resources, heading)
    assert set(rules) == {f"{id}{name}" for name in patterns_of(heading.rules)}
    for rule in rules.values():
        [target] = rule["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}}
        assert len(target["Id"]) <= 64
        assert "Name" not in rule
    permission = resources[f"{id}WokenByEvents"]["Properties"]
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == EVERY_RULE


EVERY_RULE = {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*"}
"""CloudFormation shortens the name of a stack in the names it makes: no pattern may hold it."""


def test_events_that_reach_no_function_are_kept_whatever_the_stack_is_called(resources):
    statements = resources["OnlyEncryptedAndOwn"]["Properties"]["PolicyDocument"]["Statement"]
    [kept] = [each for each in statements if each.get("Sid") == "WhatEventBridgeCouldNotDeliver"]
    assert kept["Condition"] == {"ArnLike": {"aws:SourceArn": EVERY_RULE}}


MOST_STACK_NAME = 128
ROOM = {
    "/readiness/${AWS::StackName}/settings": 1011,  # an SSM parameter's name
    "/readiness/${AWS::StackName}.stack/settings": 1011,
    "readiness/${AWS::StackName}/pagerduty": 512,  # a secret's
    "/aws/lambda/${AWS::StackName}": 512,  # a log group's
    "${AWS::StackName}-attestations": 256,  # an event bus's
    "stack/${AWS::StackName}/*": MOST_STACK_NAME + len("stack//*"),  # its own ARN
}


def test_what_the_name_of_the_stack_is_part_of_has_room_for_the_longest(committed):
    """Any other name CloudFormation makes itself, and shortens as the service wants it."""
    said = re.findall(
        r"!Sub (?!readiness pagerduty-key ).*StackName.*", template.TEMPLATE.read_text()
    )
    for line in said:
        [name] = [each for each in ROOM if each in line]
        assert len(name.replace("${AWS::StackName}", "s" * MOST_STACK_NAME)) <= ROOM[name]
        assert "${AWS::StackName}-*" not in line
    assert len(said) >= len(ROOM)


def changes_in(heading):
    """(rule, declaration, change) for everything any of the heading's rules depends on."""
    for rule in heading.rules:
        for cls in rule.evidence:
            declaration = declared(cls)
            yield from ((rule, declaration, change) for change in changes_of(declaration))


def an_event(rule, change):
    """An event that the change describes."""
    match change:
        case ApiCall():
            for name in change.names:
                spelled = name.replace("*", "20150331v2")
                yield _event(API_CALL, {"eventSource": change.source, "eventName": spelled})
        case ConfigItem():
            for form in ("configurationItem", "configurationItemSummary"):
                yield _event(CONFIG_ITEM, {form: {"resourceType": change.type}})
        case ServiceEvent():
            detail = {}
            wanted = [*change.match, *([(change.rule, (rule.id,))] if change.rule else [])]
            for path, allowed in wanted:
                *outer, last = path.split(".")
                inside = detail
                for step in outer:
                    inside = inside.setdefault(step, {})
                inside[last] = {"True": True, "False": False}.get(allowed[0], allowed[0])
            yield _event(change.detail_type, detail)


def _event(detail_type, detail):
    return {"source": "anything.at.all", "detail-type": detail_type, "detail": detail}


@PER_HEADING
def test_every_declared_change_wakes_the_heading(heading, resources):
    patterns = patterns_in(resources, heading)
    asleep = [
        event
        for rule, _, change in changes_in(heading)
        for event in an_event(rule, change)
        if not any(matches(pattern, event) for pattern in patterns)
    ]
    assert not asleep


@PER_HEADING
def test_every_config_item_of_evidence_wakes_the_heading(heading, resources):
    patterns = patterns_in(resources, heading)
    for rule in heading.rules:
        for cls in rule.evidence:
            declaration = declared(cls)
            about = declaration.about
            item = {"configurationItemSummary": {"resourceType": about.name}}
            woken = any(matches(p, _event(CONFIG_ITEM, item)) for p in patterns)
            follows = about.identify is not None and declaration.follows_type
            assert woken or not follows, about.name


@PER_HEADING
@pytest.mark.parametrize(
    "event",
    [
        pytest.param(
            _event(API_CALL, {"eventSource": "s3.amazonaws.com", "eventName": "GetObject"}),
            id="a read",
        ),
        pytest.param(
            _event(API_CALL, {"eventSource": "example.amazonaws.com", "eventName": "CreateKey"}),
            id="another service",
        ),
        pytest.param(
            _event(CONFIG_ITEM, {"configurationItem": {"resourceType": "AWS::Example::Thing"}}),
            id="another type",
        ),
        pytest.param(_event("Scheduled Event", {}), id="the clock"),
    ],
)
def test_nothing_undeclared_wakes_a_heading(heading, event, resources):
    assert not any(matches(pattern, event) for pattern in patterns_in(resources, heading))


@PER_HEADING
def test_a_failed_call_wakes_nobody(heading, resources):
    patterns = patterns_in(resources, heading)
    for rule, _, change in changes_in(heading):
        if isinstance(change, ApiCall):
            for event in an_event(rule, change):
                event["detail"]["errorCode"] = "AccessDenied"
                assert not any(matches(pattern, event) for pattern in patterns)


MOST_COMBINATIONS = 1000
"""EventBridge refuses a pattern with more (its guide, "Using OR matching")."""


def lengths_of_or(pattern):
    for name, inside in pattern.items() if isinstance(pattern, dict) else ():
        if name == "$or":
            yield len(inside)
            for each in inside:
                yield from lengths_of_or(each)
        else:
            yield from lengths_of_or(inside)


@PER_HEADING
def test_patterns_are_short_and_ask_for_no_source(heading, resources):
    for pattern in patterns_in(resources, heading):
        assert len(json.dumps(pattern)) <= MOST_CHARACTERS
        for either in pattern.get("$or", [pattern]):
            assert set(either) <= {"detail-type", "detail"}
        assert math.prod(lengths_of_or(pattern)) <= MOST_COMBINATIONS


def test_long_patterns_are_split_and_lose_nothing():
    names = tuple(f"PutSomethingRatherLong{number}" for number in range(300))
    heading = Heading("Security", "Encryption")
    rule = _rule_woken_by(heading, ApiCall("s3.amazonaws.com", names))
    patterns = patterns_of([rule])
    assert len(patterns) > 2
    assert all(len(json.dumps(pattern)) <= MOST_CHARACTERS for pattern in patterns.values())
    for name in names:
        event = _event(API_CALL, {"eventSource": "s3.amazonaws.com", "eventName": name})
        assert sum(matches(pattern, event) for pattern in patterns.values()) == 1


def test_prefixes_and_conditions_are_matched_precisely():
    heading = Heading("Security", "Encryption")
    rule = _rule_woken_by(
        heading,
        ApiCall("lambda.amazonaws.com", ("UpdateFunctionCode*",)),
        ServiceEvent("Job State", match=(("job.state", ("DONE", "FAILED")),)),
    )
    patterns = list(patterns_of([rule]).values())

    def woken(detail_type, detail):
        return any(matches(pattern, _event(detail_type, detail)) for pattern in patterns)

    source = {"eventSource": "lambda.amazonaws.com"}
    assert woken(API_CALL, source | {"eventName": "UpdateFunctionCode20150331v2"})
    assert not woken(API_CALL, source | {"eventName": "UpdateFunctionConfiguration"})
    assert woken("Job State", {"job": {"state": "FAILED"}})
    assert not woken("Job State", {"job": {"state": "RUNNING"}})
    assert not woken("Job State", {})


def _rule_woken_by(heading, *changes):
    from dataclasses import dataclass

    from readiness.model.evidence import ResourceType, evidence

    kind = ResourceType("AWS::Example::Woken", lambda read: (), identify=None)

    @evidence(kind, changed_by=changes)
    @dataclass(frozen=True)
    class Woken:
        @classmethod
        def load(cls, read, resource):
            return cls()

    def woken(thing: Woken) -> Verdict:
        """It wakes."""
        return complies("It woke.")

    woken.__annotations__ = {"thing": Woken, "return": Verdict}
    return heading.rule("Enable key rotation", severity=Severity.LOW)(woken)


# -- the way out and the watchers ------------------------------------------------------------------


def test_every_parameter_has_a_default_and_a_description(committed):
    lacking = [
        name
        for name, parameter in committed["Parameters"].items()
        if "Default" not in parameter or not parameter.get("Description")
    ]
    assert not lacking


def test_a_pattern_is_told_in_words(committed):
    """CloudFormation shows the description, or where there is none the pattern itself."""
    patterns = [each for each in committed["Parameters"].values() if "AllowedPattern" in each]
    assert len(patterns) > 10
    assert all(each["ConstraintDescription"].startswith("must be ") for each in patterns)


def test_every_parameter_is_in_a_group_of_the_console(committed):
    groups = committed["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(committed["Parameters"])


def _evaluated(node, given):
    """What a condition of CloudFormation is for the parameters that are given."""
    [(function, arguments)] = node.items()
    match function:
        case "Ref":
            return given[arguments]
        case "Fn::Equals":
            one, other = (_evaluated(a, given) if isinstance(a, dict) else a for a in arguments)
            return one == other
        case "Fn::Not":
            return not _evaluated(arguments[0], given)
        case "Fn::Or":
            return any(_evaluated(each, given) for each in arguments)
    raise AssertionError(f"{function} is not used in the rules of the template")


def refusals(committed, **given):
    parameters = committed["Parameters"]
    given = {name: str(each["Default"]) for name, each in parameters.items()} | given
    return [
        assertion["AssertDescription"]
        for rule in committed["Rules"].values()
        if _evaluated(rule.get("RuleCondition", {"Fn::Or": [{"Fn::Equals": ["", ""]}]}), given)
        for assertion in rule["Assertions"]
        if not _evaluated(assertion["Assert"], given)
    ]


URL = {"PagerDutyIntegrationUrl": "https://events.pagerduty.com/integration/k/enqueue"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, []),
        ({"ScopeTagKey": "Application", "ScopeTagValues": "MAIF"}, []),
        ({"ScopeTagKey": "Application"}, ["ScopeTagKey without ScopeTagValues"]),
        ({"ScopeTagValues": "MAIF"}, ["ScopeTagValues without ScopeTagKey"]),
        (URL, []),
        ({"QuietHours": "22:00-07:00", "PagerDutyRoutes": '{"owner=a": "b"}'}, []),
        (URL | {"QuietHours": "22:00-07:00"}, ["knows no QuietHours"]),
        (URL | {"PagerDutyRoutes": '{"owner=a": "b"}'}, ["knows no PagerDutyRoutes"]),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_before_anything_is_made(
    committed, given, said
):
    found = refusals(committed, **given)
    assert len(found) == len(said)
    assert all(part in text for part, text in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ScopeTagKey", ["", "Application", "a b", "team:owner", "漢"], [" ", " a", "a "]),
        (
            "PermissionsBoundaryArn",
            ["", "arn:aws-cn:iam::111122223333:policy/team/edge", "arn:aws:iam::aws:policy/A"],
            ["edge", "arn:aws:iam::111122223333:role/edge"],
        ),
        ("ScopeTagValues", ["", "MAIF", " a , b", "é,"], [",", " ", " , ,"]),
        ("Settings", ["", "{}", ' {"a": {}} ', '{\n"a": {}\n}'], ["[]", "null", "{"]),
        (
            "RunbookBaseUrl",
            ["docs/runbooks", "https://wiki/r"],
            ["", "http://wiki/r", "wiki", "https://"],
        ),
    ],
)
def test_a_parameter_takes_what_the_code_can_use(committed, name, good, bad):
    pattern = re.compile(committed["Parameters"][name]["AllowedPattern"])
    assert [each for each in good if not pattern.fullmatch(each)] == []
    assert [each for each in bad if pattern.fullmatch(each)] == []


def test_the_rules_that_the_parameter_settings_is_tried_by_are_those_there_are():
    assert template.SETTABLE.read_text() == template.settable(HEADINGS), "run `make template`"


def test_no_parameter_is_hidden(committed):
    """`sam deploy --guided` asks a hidden parameter without its default, and again if empty."""
    assert not [name for name, each in committed["Parameters"].items() if each.get("NoEcho")]


def test_an_update_leaves_the_routing_key_alone(resources):
    """CloudFormation writes a secret only where the template has a value, or had another one."""
    secret = resources["PagerDutySecret"]["Properties"]
    assert not {"SecretString", "GenerateSecretString"} & set(secret)


def test_enter_at_every_question_deploys():
    """The last question of a deployment that is confirmed has No for an answer."""
    [default] = [tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]["deploy"]]
    assert default["parameters"]["confirm_changeset"] is False


def test_the_environments_deploy_with_what_the_template_takes(committed):
    """Of staging and prod: SAM takes names that do not exist and leaves their values out."""
    environments = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments.pop("version")
    assert environments.keys() == {"default", "staging", "prod"}
    names = {each["global"]["parameters"]["stack_name"] for each in environments.values()}
    assert len(names) == len(environments)
    for each in environments.values():
        asked = dict(
            pair.split("=") for pair in each["deploy"]["parameters"].get("parameter_overrides", ())
        )
        for name, value in asked.items():
            assert value in map(str, committed["Parameters"][name]["AllowedValues"]), name
        assert refusals(committed, **asked) == []


def test_the_stack_needs_no_named_iam_and_owns_no_key(resources):
    kinds = {name: resource["Type"] for name, resource in resources.items()}
    assert "AWS::KMS::Key" not in kinds.values()
    assert "AWS::Config::ConfigurationRecorder" not in kinds.values()
    for name, kind in kinds.items():
        if kind.startswith("AWS::IAM::"):
            properties = resources[name]["Properties"]
            assert not {"RoleName", "ManagedPolicyName", "UserName"} & set(properties), name


def test_the_stream_is_read_as_the_outbox_needs_it(resources):
    stream = resources["Alerts"]["Properties"]["Events"]["Outbox"]["Properties"]
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["MaximumRecordAgeInSeconds"] == 3600
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["DestinationConfig"]["OnFailure"]["Destination"]
    [each] = stream["FilterCriteria"]["Filters"]
    twice = []
    pattern = json.loads(
        each["Pattern"], object_pairs_hook=lambda pairs: twice.append(pairs) or dict(pairs)
    )
    assert all(len(dict(pairs)) == len(pairs) for pairs in twice), "a repeated key is lost"
    for shard in ("yes", "yes#0", "yes#7"):
        assert matches(pattern, {"dynamodb": {"NewImage": {"unpublished": {"S": shard}}}})
    assert not matches(pattern, {"dynamodb": {"NewImage": {"published_at": {"S": "t"}}}})


def test_security_hub_is_told_only_if_it_is_asked_for(committed, resources):
    assert committed["Parameters"]["SendToSecurityHub"]["Default"] == "false"
    assert committed["Conditions"]["TellsSecurityHub"] == {
        "Fn::Equals": [{"Ref": "SendToSecurityHub"}, "true"]
    }
    alerts = resources["Alerts"]["Properties"]
    assert alerts["Environment"]["Variables"]["SECURITY_HUB"] == {"Ref": "SendToSecurityHub"}
    [document] = alerts["Policies"]
    asked = [each["Fn::If"] for each in document["Statement"] if "Fn::If" in each]
    behind = [said for condition, said, _ in asked if condition == "TellsSecurityHub"]
    assert [each["Action"] for each in behind] == [
        "securityhub:BatchImportFindings",
        "dynamodb:DeleteItem",
    ]
    assert behind[0]["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:securityhub:${AWS::Region}:${AWS::AccountId}"
        ":product/${AWS::AccountId}/default"
    }
    assert all(otherwise == {"Ref": "AWS::NoValue"} for _, _, otherwise in asked)
    text = json.dumps(resources)
    assert text.count("securityhub:BatchImportFindings") == 1


def test_a_page_outlives_its_function(resources):
    pages, pager = resources["Pages"]["Properties"], resources["Pagerduty"]["Properties"]
    assert pages["VisibilityTimeout"] >= 6 * pager["Timeout"]
    assert pages["RedrivePolicy"]["maxReceiveCount"] >= 20
    source = pager["Events"]["Pages"]["Properties"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_every_queue_is_encrypted_and_every_end_is_watched(resources):
    queues = {n: r["Properties"] for n, r in resources.items() if r["Type"] == "AWS::SQS::Queue"}
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
    alarms = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in alarms
        for dimension in _dimensions(alarm)
        if "Fn::GetAtt" in dimension["Value"]
    }
    assert watched == set(queues)
    assert all(alarm["AlarmActions"] == [{"Ref": "WatcherTopic"}] for alarm in alarms)


def _dimensions(alarm):
    yield from alarm.get("Dimensions", ())
    for metric in alarm.get("Metrics", ()):
        yield from metric.get("MetricStat", {}).get("Metric", {}).get("Dimensions", ())


def test_what_functions_read_from_the_environment_is_set(committed, resources):
    shared = committed["Globals"]["Function"]["Environment"]["Variables"]
    for name in ("alerts", "pagerduty"):
        code = "".join(path.read_text() for path in (ROOT / "functions" / name).glob("*.py"))
        own = resources[template.logical_id(name)]["Properties"]["Environment"]["Variables"]
        assert all(variable in code for variable, value in own.items() if value), name
    engine = ROOT / "layers/readiness/readiness/engine"
    kernel = "".join(
        (engine / f"{name}.py").read_text()
        for name in ("function", "deployment", "leg", "scope", "waivers")
    )
    # Read by the alerts and the pager, and by Powertools.
    known = {"RUNBOOK_BASE_URL", "STACK_NAME", "POWERTOOLS_LOG_LEVEL"}
    assert not [
        variable for variable in shared if variable not in kernel and variable not in known
    ]


# -- linters ---------------------------------------------------------------------------------------


def _sam():
    candidates = [
        ROOT / ".local/venv-sam/bin/sam",
        Path(os.environ.get("SAM", "")),
        shutil.which("sam"),
    ]
    return next((str(c) for c in candidates if c and Path(c).is_file()), None)


def test_cfn_lint_accepts_the_template():
    run = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", "--", str(template.TEMPLATE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.skipif(
    _sam() is None, reason="the SAM command line is not installed (make environments)"
)
def test_sam_accepts_the_template(tmp_path):
    environment = os.environ | {
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HOME": str(tmp_path),
    }
    run = subprocess.run(
        [_sam(), "validate", "--lint", "--template", str(template.TEMPLATE)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.skipif(
    _sam() is None, reason="the SAM command line is not installed (make environments)"
)
def test_the_demo_deploys_the_same_template_as_json(tmp_path):
    copy = tmp_path / "template.yaml"
    copy.write_text(template.TEMPLATE.read_text())
    python = Path(_sam()).with_name("python")
    subprocess.run([python, "-I", built_template.__file__, copy], check=True)
    assert json.loads(copy.read_text()) == deployed.committed()
    assert list(tmp_path.iterdir()) == [copy]


def test_headings_are_swept_one_after_another(resources):
    """Each takes a third of AWS's rates: two at once would take two."""
    [each] = [
        state
        for state in _states(resources["Sweep"]["Properties"]["Definition"])
        if state["Type"] == "Map"
    ]
    assert each["MaxConcurrency"] == 1


def test_a_function_knows_every_heading_of_the_stack(committed, resources):
    """Findings of a heading that is not named there are closed, as its rules are no more."""
    named = committed["Globals"]["Function"]["Environment"]["Variables"]["HEADINGS"].split()
    assert named == [heading.folder for heading in HEADINGS]
    assert {template.logical_id(folder) for folder in named} <= set(resources)


def test_a_sweep_begins_only_where_no_other_runs(resources):
    """Where that cannot be found out it begins: two sweeps are better than none."""
    definition = resources["Sweep"]["Properties"]["Definition"]
    states = definition["States"]
    first = states[definition["StartAt"]]
    [caught] = first["Catch"]
    assert (caught["ErrorEquals"], caught["Next"]) == (["States.ALL"], "Headings")
    choice = states[first["Next"]]
    [beside] = choice["Choices"]
    assert beside["Variable"] == "$.turn.answer.beside"
    assert states[beside["Next"]]["Type"] == "Succeed"
    assert choice["Default"] == "Headings"
    asked = first["Parameters"]["Payload"]["beginning_sweep"]
    assert set(asked) == {"machine.$", "execution.$", "started_at.$"}


def test_a_leg_that_asks_for_time_gets_it_before_the_next(resources):
    """And is still one of at most so many legs."""
    [each] = [
        state
        for state in _states(resources["Sweep"]["Properties"]["Definition"])
        if state["Type"] == "Map"
    ]
    states = each["ItemProcessor"]["States"]
    endless, *others = states["Finished or not"]["Choices"]
    assert endless["Next"] == "Endless"
    assert [(c["Variable"], c["Next"]) for c in others] == [
        ("$.last.answer.wait", "Wait"),
        ("$.last.answer.cursor", "Another leg"),
    ]
    assert states["Wait"]["SecondsPath"] == "$.last.answer.wait"
    assert states["Wait"]["Next"] == "Another leg"


# -- upgrades --------------------------------------------------------------------------------------


def test_an_invocation_that_fails_during_an_upgrade_is_made_again(committed, resources):
    """Code and layer change in two calls: what fails between them must come back."""
    invoked = committed["Globals"]["Function"]["EventInvokeConfig"]
    assert invoked["MaximumRetryAttempts"] == 2  # the second is made three minutes after the event
    assert invoked["MaximumEventAgeInSeconds"] >= 600
    assert invoked["DestinationConfig"]["OnFailure"]["Type"] == "SQS"
    # One that is made again in a minute anyway would lie among the failed events, and ring.
    assert not [
        id for id, r in resources.items() if "EventInvokeConfig" in r.get("Properties", {})
    ]
    machines = (resources[name]["Properties"]["Definition"] for name in ("Sweep", "LookAgain"))
    states = [state for machine in machines for state in _states(machine)]
    called = [state for state in states if "lambda:invoke" in str(state.get("Resource", ""))]
    assert called
    for state in called:
        [busy, retry] = state["Retry"]
        assert retry["ErrorEquals"] == ["States.ALL"]
        assert _longest_wait(retry) >= 60
        # An event waits in Lambda's queue as long for an account whose concurrency is used up.
        assert "Lambda.TooManyRequestsException" in busy["ErrorEquals"]
        assert _longest_wait(busy) >= 0.8 * invoked["MaximumEventAgeInSeconds"]
    sources = [
        event["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] in {"SQS", "DynamoDB"}
    ]
    assert len(sources) == 2
    for source in sources:
        again = source.get("MaximumRetryAttempts", 0) >= 3 or "Queue" in source
        assert again
    [redrive] = [r["Properties"]["RedrivePolicy"] for id, r in resources.items() if id == "Pages"]
    assert redrive["maxReceiveCount"] >= 3


def _longest_wait(retry):
    waits = (
        retry["IntervalSeconds"] * retry["BackoffRate"] ** n for n in range(retry["MaxAttempts"])
    )
    return sum(min(wait, retry["MaxDelaySeconds"]) for wait in waits)


def _states(definition):
    for state in definition["States"].values():
        yield state
        for inner in (state.get("ItemProcessor"), *state.get("Branches", ())):
            if inner:
                yield from _states(inner)
