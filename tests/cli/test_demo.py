"""The parts of the demo that stand without an embedded AWS."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from unittest.mock import MagicMock, Mock

import pytest

from readiness.model import checklist
from readiness.model.finding import Finding
from readiness.model.resource import Resource
from readiness.model.verdict import Severity, Status
from readiness_cli.demo import checkout, command, process, scorecard
from readiness_cli.demo.emulator import Emulator
from readiness_cli.demo.pager import refusal
from readiness_cli.demo.pager_client import PagerClient
from readiness_cli.demo.stack import Stack
from readiness_cli.failure import Failure

PAYLOAD = {"summary": "s", "source": "a", "severity": "error"}
TRIGGER = {"routing_key": "k", "event_action": "trigger", "dedup_key": "d", "payload": PAYLOAD}
RESOLVE = {"routing_key": "k", "event_action": "resolve", "dedup_key": "d"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(TRIGGER, "", id="a trigger"),
        pytest.param(RESOLVE, "", id="a resolve needs no payload"),
        pytest.param(None, "the body is not a JSON object", id="no JSON"),
        pytest.param(RESOLVE | {"routing_key": ""}, "routing_key is missing", id="no key"),
        pytest.param(RESOLVE | {"dedup_key": ""}, "dedup_key is missing", id="resolves nothing"),
        pytest.param(
            RESOLVE | {"dedup_key": "d" * 256}, "dedup_key is longer than 255", id="long key"
        ),
        pytest.param(RESOLVE | {"event_action": "shout"}, "event_action is unknown", id="action"),
        pytest.param(
            {n: v for n, v in TRIGGER.items() if n != "payload"},
            "payload is missing",
            id="a trigger about nothing",
        ),
        pytest.param(
            TRIGGER | {"payload": PAYLOAD | {"summary": "s" * 1025}},
            "payload.summary is missing or longer than 1024",
            id="long summary",
        ),
        pytest.param(
            TRIGGER | {"payload": PAYLOAD | {"severity": "HIGH"}},
            "payload.severity is unknown",
            id="our word for a severity",
        ),
    ],
)
def test_the_stand_in_refuses_what_pagerduty_refuses(body, why):
    assert refusal(body) == why


def test_the_stand_in_remembers_what_came_and_fails_when_told(tmp_path):
    def send(body: object) -> int:
        data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(pager_client.enqueue_url, data=data, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    with PagerClient(tmp_path) as pager_client:
        pager_client.fail_with(429)
        assert [send(TRIGGER), send(TRIGGER), send({})] == [429, 202, 400]
        assert [page.answered for page in pager_client.pages()] == [429, 202, 400]
        (page,) = pager_client.taken()
        assert (page.action, page.key, page.summary) == ("trigger", "d", "s")
        pager_client.stop()
        with pytest.raises(urllib.error.URLError):
            send(TRIGGER)


def finding(item: str, status: Status, id: str = "a") -> Finding:
    return Finding(
        resource=Resource("111122223333", "us-east-1", "AWS::S3::Bucket", id),
        rule="encryption.s3-kms",
        status=status,
        severity=Severity.HIGH,
        section="Security",
        heading="Encryption",
        item=item,
        reason="r",
        last_observed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_box_shows_the_worst_of_its_findings():
    item = "Enable S3 bucket encryption with KMS"
    shown = list(
        scorecard.lines(
            [
                finding(item, Status.COMPLIANT, "a"),
                finding(item, Status.NON_COMPLIANT, "b"),
                finding(item, Status.COMPLIANT, "c"),
                finding(item, Status.NON_COMPLIANT, "d").but(gone=True),
            ]
        )
    )
    (line,) = [line for line in shown if item in line]
    assert line.split()[-2:] == ["1", "2"]
    (heading,) = [line for line in shown if line.strip().startswith("Encryption  ")]
    assert heading.split()[-4:] == ["1", "of", "4", "failed"]


def test_a_heading_shows_no_box_that_is_well():
    (chapter,) = [c for c in checklist.CHAPTERS if c.folder == "encryption"]
    well = [finding(item, Status.COMPLIANT) for item in chapter.items]
    (line,) = [line for line in scorecard.lines(well) if line.strip().startswith("Encryption  ")]
    assert line.split()[-2:] == [str(len(chapter.items)), "passed"]
    assert not [line for line in scorecard.lines(well) for item in chapter.items if item in line]


def test_a_box_without_a_finding_is_not_known_and_never_ok():
    lines = list(scorecard.lines([]))
    boxes = list(checklist.boxes())
    assert sum(line.endswith("not known") for line in lines) == len(boxes) + len(
        checklist.CHAPTERS
    )
    assert not [line for line in lines if line.endswith(" passed") and "failed" not in line]


def test_headings_of_the_same_title_are_told_apart():
    lines = [line.strip() for line in scorecard.lines([])]
    titles = Counter(chapter.title for chapter in checklist.CHAPTERS)
    assert titles["Optimization"] == 2
    shown = [line.rpartition(scorecard.NOTHING)[0].strip() for line in lines]
    assert {"Performance / Optimization", "Cost Management / Optimization"} <= set(shown)
    assert "Optimization" not in shown


def test_the_scorecard_fits_a_terminal():
    every = [
        finding(item, Status.NON_COMPLIANT).but(section=chapter.section, heading=chapter.title)
        for chapter, item in checklist.boxes()
    ]
    assert max(map(len, scorecard.lines(every))) <= 78


def test_outside_a_checkout_the_demo_says_what_to_do(tmp_path):
    with pytest.raises(Failure, match="git clone the repository"):
        checkout.find(tmp_path)


def test_without_its_tools_the_demo_says_what_to_do(tmp_path):
    (tmp_path / "template.yaml").touch()
    (tmp_path / "functions").mkdir()
    with pytest.raises(Failure, match=r"make -C .* demo"):
        checkout.find(tmp_path)


def test_the_fingerprint_changes_with_what_is_deployed_and_nothing_else(tmp_path):
    (tmp_path / "template.yaml").write_text("a")
    (tmp_path / "functions" / "__pycache__").mkdir(parents=True)
    here = checkout.Checkout(tmp_path)
    before = here.fingerprint()
    (tmp_path / "functions" / "__pycache__" / "app.pyc").write_text("b")
    (tmp_path / "README.md").write_text("c")
    assert here.fingerprint() == before
    (tmp_path / "functions" / "app.py").write_text("d")
    assert here.fingerprint() != before


def test_a_second_demo_in_the_same_checkout_is_refused(tmp_path, monkeypatch):
    here = checkout.Checkout(tmp_path)
    here.running.mkdir(parents=True)
    (here.running / "up.json").write_text(json.dumps({"owner": 4711, "pids": []}))
    monkeypatch.setattr(command, "is_running", lambda pid, program: pid == 4711)
    with pytest.raises(Failure, match="process 4711"):
        command._clear(here)


def test_what_an_ended_demo_left_is_cleared_without_ending_strangers(tmp_path, monkeypatch):
    ended = []
    here = checkout.Checkout(tmp_path)
    here.running.mkdir(parents=True)
    (here.running / "up.json").write_text(json.dumps({"owner": 0, "pids": [11, 12]}))
    monkeypatch.setattr(command, "is_running", lambda pid, program: pid == 11)
    monkeypatch.setattr(command, "end_group", ended.append)
    assert command._clear(here)
    assert ended == [11]
    assert not here.running.exists()
    assert not command._clear(here)


def test_a_program_that_ends_at_once_says_why(tmp_path):
    environment = process.clean_environment(tmp_path)
    started = process.Process(["/bin/sh", "-c", "echo no; exit 3"], environment, tmp_path / "log")
    with pytest.raises(process.NotReady, match=r"(?s)status 3.*no"):
        started.wait_for(f"http://127.0.0.1:{process.free_port()}/", 10)
    started.stop()


def test_a_stand_in_that_is_interrupted_while_it_starts_is_ended(tmp_path, monkeypatch):
    begun = []

    def interrupted(started, url, seconds):
        begun.append(started)
        raise KeyboardInterrupt

    monkeypatch.setattr(process.Process, "wait_for", interrupted)
    with pytest.raises(KeyboardInterrupt), PagerClient(tmp_path):
        pass
    assert [each._child.poll() is None for each in begun] == [False]


def test_nobody_interrupts_a_demo_that_ends_what_it_started(tmp_path, monkeypatch):
    """The shell and make both pass on that the terminal was closed."""
    here, ended = checkout.Checkout(tmp_path), []
    monkeypatch.setattr(command.checkouts, "find", lambda: here)
    monkeypatch.setattr(command, "forget_aws", lambda: None)

    def tell(_, hold, note):
        def end():
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            ended.append(True)

        hold.callback(end)
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(5)

    monkeypatch.setattr(command.scenario, "tell", tell)
    before = {number: signal.getsignal(number) for number in command._ENDING}
    try:
        with pytest.raises(KeyboardInterrupt):
            command.demo.callback(keep=False, stop=False)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert ended == [True]


def test_nothing_of_the_caller_reaches_the_embedded_aws(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/somewhere")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    clean = process.clean_environment(tmp_path)
    assert not {"AWS_PROFILE", "AWS_CA_BUNDLE", "PYTHONPATH"} & set(clean)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_PROFILE": "nobody"},
        {"AWS_DEFAULT_PROFILE": "nobody"},
        {"AWS_CONFIG_FILE": "HERE/garbage"},
        {"AWS_SHARED_CREDENTIALS_FILE": "HERE/garbage"},
        {"AWS_DEFAULTS_MODE": "fast"},
        {"AWS_REQUEST_CHECKSUM_CALCULATION": "often"},
    ],
    ids=lambda each: next(iter(each)),
)
def test_nothing_of_the_callers_aws_reaches_the_demo(tmp_path, monkeypatch, variables):
    (tmp_path / "garbage").write_text("not an ini file\n")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("HERE", str(tmp_path)))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.environ.get("AWS_CONFIG_FILE", os.devnull))
    monkeypatch.setenv(
        "AWS_SHARED_CREDENTIALS_FILE", os.environ.get("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    )
    process.forget_aws()
    client = Emulator(tmp_path, tmp_path / "home").client("s3")
    assert client.meta.endpoint_url.startswith("http://127.0.0.1:")


def test_a_sweep_on_a_busy_computer_is_no_bug():
    steps = MagicMock()
    steps.describe_execution.return_value = {"status": "RUNNING"}
    slow = Stack(Mock(client=lambda service: steps))
    vars(slow)["resources"] = {"Sweep": "arn"}
    with pytest.raises(Failure, match="busy"):
        slow.sweep(0)
