"""Runbooks: every section answers the same questions, and its links and commands exist."""

from __future__ import annotations

import functools
import json
import re
import shlex

import botocore.session
import click
import pytest
from botocore import xform_name

from readiness.alerting.guidance import Guidance, guidance
from readiness.model.blindness import UNREADABLE
from readiness_cli import catalogue, runbooks, test_alert
from readiness_cli.catalogue import ROOT
from readiness_cli.failure import Failure
from readiness_cli.main import main
from readiness_cli.runbooks import MOST_STEPS
from readiness_cli.waiver_desk import check_rule

DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "events" / "README.md", *(ROOT / "docs").rglob("*.md")]
)
DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
RULES = list(catalogue.rules().values())
PARTS = ("What is wrong", "Why it matters", "Check", "Fix", "Waive it")
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@functools.cache
def sections(text):
    """The body of each ``## name`` by its name."""
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_section_answers_every_question_in_order(rule):
    runbook = ROOT / "docs" / "runbooks" / f"{rule.heading.folder}.md"
    body = sections(runbook.read_text("utf-8"))[rule.name]
    assert tuple(re.findall(r"^\*\*(.+?)\.?\*\*", body, re.MULTILINE)) == PARTS, rule.id


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_says_the_fix_and_the_reason_in_a_line_each(rule):
    known = guidance(rule.id)
    for line in (known.fix, known.why):
        assert 10 < len(line) <= 165
        assert line.endswith(".")
        assert line[0].isupper()
        assert not re.search(r"[`*\[\]\n]|^(As for|See |Console|CLI)", line), line
    assert known.steps.startswith("Check\n")
    assert "\n\nFix\n" in known.steps
    assert len(known.steps) <= MOST_STEPS + 3


def test_what_readiness_says_of_itself_has_a_fix_too():
    for rule in (test_alert.RULE, UNREADABLE):
        assert guidance(rule).fix
    assert guidance("encryption.retired") == Guidance()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_is_read_without_the_files_links_to_none_of_them(rule):
    alone = runbooks.standalone(rule.heading.folder, runbooks.section(rule.id))
    for text in (guidance(rule.id).steps, alone):
        assert not re.search(r"\]\((?!https://)", text)
        for named in re.findall(r"readiness explain (\S+) --fix", text):
            assert runbooks.section(named)


def test_what_several_rules_share_stands_below_once():
    text = "See [how](#check-and-fix-any-alarm), again [how](#check-and-fix-any-alarm)."
    alone = runbooks.standalone("alarms", text)
    assert alone.startswith("See how (see Check and fix any alarm, below), again how (see")
    assert alone.count("\n\nCheck and fix any alarm\n\n") == 1
    said = runbooks.standalone("caching", "[Alarms](alarms.md#lambda-errors), [m](../manifest.md)")
    assert said == "Alarms (`readiness explain alarms.lambda-errors --fix`), m (docs/manifest.md)"
    with pytest.raises(runbooks.NoSection):
        runbooks.standalone("alarms", "[x](#nothing)")


def test_steps_that_are_too_long_end_with_a_paragraph():
    text = "\n\n".join(f"{n} " + "x" * 500 for n in range(9))
    cut = runbooks._cut(text)
    assert len(cut) <= MOST_STEPS + 3
    assert cut.endswith("x\n\n…")


def test_the_first_sentence_is_plain_text():
    said = runbooks.first_sentence("Use [a key](#x) of `b`:\n\n```sh\nls\n```")
    assert said == "Use a key of b."
    assert runbooks.first_sentence("One. Two.\n- Console: x") == "One."


def test_the_test_alert_links_to_a_section():
    folder, _, name = test_alert.RULE.partition(".")
    runbook = ROOT / "docs" / "runbooks" / f"{folder}.md"
    assert name in sections(runbook.read_text("utf-8"))


@DOCUMENT
def test_json_blocks_are_json(path):
    for _, language, body in BLOCK.findall(path.read_text("utf-8")):
        if language == "json":
            json.loads(body)


def test_the_pipelines_entries_are_json_in_json():
    text = (ROOT / "docs" / "attestations.md").read_text("utf-8")
    (entries,) = re.findall(r"<<'JSON'\n(.*?)\nJSON\n", text, re.DOTALL)
    (entry,) = json.loads(entries)
    assert {"rule", "statement", "owner", "performed_at"} <= set(json.loads(entry["Detail"]))


SERVICES = {"s3api": "s3", "configservice": "config"}
OF_EVERY_COMMAND = {"--query", "--output", "--region", "--endpoint-url", "--max-items"}
ONLY_IN_THE_CLI = {
    ("configure", "list-profiles"): set(),
    ("sso", "login"): set(),
    ("cloudtrail", "validate-logs"): set(),
    ("logs", "tail"): set(),
    ("ec2", "authorize-security-group-ingress"): {"--protocol", "--port", "--source-group"},
    ("cloudwatch", "put-metric-data"): {"--metric-name", "--unit", "--value", "--dimensions"},
    ("ecs", "register-task-definition"): {"--cli-input-json"},
}
"""Commands and shorthand options that the AWS CLI adds to what the service models have."""


def commands(text):
    """Every ``aws service operation`` of the code blocks and code spans, with its options."""
    spans = [body.replace("\\\n", " ") for _, _, body in BLOCK.findall(text)]
    spans += [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", BLOCK.sub("", text))]
    for line in (line.strip() for span in spans for line in span.split("\n")):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
        for found in re.finditer(r"\baws ((?:--\S+ \S+ )*)([a-z0-9]+) ([a-z0-9-]+)([^|]*)", bare):
            yield found[2], found[3], set(re.findall(r"(?<=\s)--[a-z0-9-]+", found[4]))


@pytest.fixture(scope="module")
def operations():
    session = botocore.session.Session()
    known = {}

    def of(service):
        if service not in known:
            model = session.get_service_model(SERVICES.get(service, service))
            known[service] = {
                xform_name(name, "-"): model.operation_model(name)
                for name in model.operation_names
            }
        return known[service]

    return of


@DOCUMENT
def test_commands_of_the_aws_cli_exist_with_their_options(path, operations):
    for service, name, options in commands(path.read_text("utf-8")):
        extra = ONLY_IN_THE_CLI.get((service, name), set())
        if not extra and (service, name) in ONLY_IN_THE_CLI:
            continue
        assert name in operations(service), f"aws {service} {name}"
        shape = operations(service)[name].input_shape
        members = {f"--{xform_name(member, '-')}" for member in (shape.members if shape else ())}
        unknown = {option.replace("--no-", "--") for option in options} - members
        assert unknown <= OF_EVERY_COMMAND | extra, f"aws {service} {name}"


@DOCUMENT
def test_commands_that_need_a_current_cli_say_so(path):
    text = path.read_text("utf-8")
    assert "aws logs tail" not in text or "needs CLI v2" in text


WAIVERS = {"waive", "waivers", "unwaive"}


def own_commands(text):
    """Every ``readiness …`` line of the code blocks about waivers, as a shell splits it."""
    for _, _, body in BLOCK.findall(text):
        for line in body.replace("\\\n", " ").split("\n"):
            program, _, rest = line.strip().partition(" ")
            if program == "readiness" and rest.partition(" ")[0] in WAIVERS:
                name, *arguments = shlex.split(rest, comments=True)
                yield name, arguments


def parsed(name, arguments):
    """The command line's own parser on it. Raises click.UsageError."""
    command = main.get_command(click.Context(main), name)
    with command.make_context(name, list(arguments)) as context:
        return context.params


@DOCUMENT
def test_commands_about_waivers_are_taken_by_the_command_line(path):
    for name, arguments in own_commands(path.read_text("utf-8")):
        params = parsed(name, arguments)
        if name == "waive" and not params["approve"]:
            check_rule(params["rule"])
            assert all(params[word] for word in ("owner", "reason", "until")), arguments
            assert params["resource"] or params["tags"], arguments


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_section_names_the_command_that_waives_its_rule(rule):
    runbook = ROOT / "docs" / "runbooks" / f"{rule.heading.folder}.md"
    body = sections(runbook.read_text("utf-8"))[rule.name]
    _, waiving = body.split("**Waive it", 1)
    [(name, arguments)] = own_commands(waiving)
    assert (name, parsed(name, arguments)["rule"]) == ("waive", rule.id)


def test_a_command_that_the_command_line_does_not_take_is_noticed():
    with pytest.raises(click.UsageError, match="--untill"):
        parsed("waive", ["encryption.s3-kms", "--untill", "DATE"])
    with pytest.raises(Failure, match="Did you mean"):
        check_rule("encryption.s3-kmz")
