"""TAB: commands, options, rules, headings and finding ids, and never an error."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from readiness.engine.rows import to_item
from readiness.model.verdict import Status
from readiness_cli import completion
from readiness_cli.main import main
from tests.cli.test_status import finding

BUCKET = "encryption.s3-kms"


@pytest.fixture
def offered(run, monkeypatch):
    """What bash gets for a line; the last word is not finished."""

    def complete(line):
        words = shlex.split(line)
        monkeypatch.setenv("_READINESS_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - (not line.endswith(" "))))
        said = run(name="readiness")
        assert said.stderr == ""
        assert said.exception is None or isinstance(said.exception, SystemExit)
        return [row.partition(",")[2] for row in said.stdout.splitlines() if row]

    return complete


@pytest.fixture
def run():
    return lambda name: CliRunner().invoke(main, [], prog_name=name)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("readiness fin", ["findings"]),
        ("readiness emergency rest", ["restore"]),
        ("readiness findings --head", ["--heading"]),
        ("readiness evaluate encryption.s", [BUCKET]),
        ("readiness evaluate s3", ["s3-kms"]),
        ("readiness scan --rule encryption.k", ["encryption.kms-rotation"]),
        ("readiness waive encryption.s3", [BUCKET]),
        ("readiness attest add encryption.s3", [BUCKET]),
        ("readiness status --allow-unknown encryption.s3", [BUCKET]),
        ("readiness scan --exclude-heading encr", ["encryption"]),
        ("readiness findings --heading IAM", ["iam_roles"]),
        ("readiness status --section sec", ["Security"]),
        ("readiness explain my-bucket encryption.s3", [BUCKET]),
        ("readiness findings --severity CR", ["critical"]),
        ("readiness replay eve", ["eve"]),
        ("readiness nonsense enc", []),
    ],
)
def test_a_word_is_finished(offered, line, expected):
    assert offered(line) == expected


@pytest.fixture
def ids(account, stack):
    """The ids of two open findings."""
    made = [finding(BUCKET, name, Status.NON_COMPLIANT) for name in ("a", "b")]
    for each in made:
        account.client("dynamodb").put_item(TableName=stack["FindingsTable"], Item=to_item(each))
    return [each.id for each in made]


@pytest.mark.parametrize("begun", [0, 2, 5], ids=str)
def test_finding_ids_are_those_of_the_stack(offered, ids, begun):
    assert set(offered("readiness explain ")) == set(ids)
    for id in ids:
        assert id in offered(f"readiness history {id[:begun]}" if begun else "readiness history ")


@pytest.mark.parametrize("begun", ["", "4", "42cd8", "no-hex"])
def test_without_a_stack_nothing_is_offered_and_nothing_said(offered, account, begun):
    assert offered(f"readiness explain {begun}") == []


def test_without_a_region_nothing_is_said(offered, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    assert offered("readiness explain 42cd8") == []


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_script_for_each_shell(shell):
    said = CliRunner().invoke(main, ["completion", shell])
    assert said.exit_code == 0
    assert f"_READINESS_COMPLETE={shell}_complete" in said.stdout
    assert "readiness" in said.stdout


SHELLS = {
    "bash": (
        "source {script}; COMP_WORDS=(readiness export --format sar); COMP_CWORD=3;"
        ' f=$(complete -p readiness | sed "s/.*-F \\([^ ]*\\).*/\\1/");'
        ' $f readiness sar --format; echo "${{COMPREPLY[@]}}"'
    ),
    "fish": 'source {script}; complete -C "readiness export --format sar"',
}


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_a_shell_takes_its_script(tmp_path, shell):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(CliRunner().invoke(main, ["completion", shell]).stdout)
    home = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for words in (["-n", str(script)], ["-c", SHELLS.get(shell, "").format(script=script)]):
        said = subprocess.run(
            [program, *words], env=home, capture_output=True, text=True, check=False, timeout=60
        )
        assert (said.returncode, said.stderr) == (0, "")
    if shell in SHELLS:
        assert said.stdout.split()[:1] == ["sarif"]


@pytest.mark.parametrize(
    ("begun", "made"),
    [
        pytest.param("Cost", r"Cost\ Management", id="a space"),
        pytest.param(r"'Monitoring\ \&'", r"Monitoring\ \&\ Observability", id="another command"),
        pytest.param("'\"Cost'", "Cost Management", id="within quotes that are open"),
    ],
)
def test_bash_gets_words_that_stay_one_word(tmp_path, begun, made):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    script = tmp_path / "script"
    script.write_text(CliRunner().invoke(main, ["completion", "bash"]).stdout)
    words = f"readiness status --section {begun}"
    typed = (
        f"source {script}; COMP_WORDS=({words}); COMP_CWORD=3;"
        " _readiness_completion readiness x --section; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    home = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    said = subprocess.run(
        [bash, "-c", typed], env=home, capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.splitlines() == [made]


def test_fish_says_the_whole_of_what_a_command_does(tmp_path):
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is not installed")
    script = tmp_path / "script"
    script.write_text(CliRunner().invoke(main, ["completion", "fish"]).stdout)
    home = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    typed = f'source {script}; complete -C "readiness expl"'
    said = subprocess.run(
        [fish, "-c", typed], env=home, capture_output=True, text=True, check=True, timeout=60
    )
    command, _, about = said.stdout.strip().partition("\t")
    assert command == "explain"
    explain = main.get_command(click.Context(main), "explain")
    assert "," in about
    assert about == explain.get_short_help_str()


@pytest.mark.parametrize(("shell", "better"), completion._BETTER.items())
def test_what_is_changed_in_a_script_is_still_in_it(shell, better):
    said = CliRunner().invoke(main, ["completion", shell]).stdout
    assert all(text in said for text in better.values())
