"""What is told of a credential in a text: the place, the detector, the length, how certain it is."""

from __future__ import annotations

import base64
import json

import pytest

from readiness.semantics.credential_text import (
    suspects_in_command,
    suspects_in_document,
    suspects_in_specification,
    suspects_in_text,
    suspects_in_value,
)
from readiness.semantics.credentials import Certainty, Suspicion

NAMED, SHAPED = Certainty.NAMED, Certainty.SHAPED
NAME, RANDOM = "secret by its name", "random-looking value"
FOUR_BITS = "a1b2c3d4e5f6g7h8" * 2
"""Each of sixteen characters twice: an entropy of four bits in a character."""

SEARCHES = [
    pytest.param(suspects_in_text, f"API_KEY={FOUR_BITS} run", "here", "32 to 63", id="a text"),
    pytest.param(
        suspects_in_command, ["run", f"API_KEY={FOUR_BITS}"], "here", "32 to 63", id="a command"
    ),
    pytest.param(
        suspects_in_value, f"STAGE=prod API_KEY={FOUR_BITS}", "here", "32 to 63", id="options"
    ),
    pytest.param(
        suspects_in_specification,
        f"env:\n  variables:\n    API_KEY: {FOUR_BITS}\n",
        "here",
        "32 to 63",
        id="a specification",
    ),
    pytest.param(
        suspects_in_specification,
        json.dumps({"env": {"variables": {"API_KEY": FOUR_BITS}}}),
        "here/env/variables/API_KEY",
        "32 to 63",
        id="a specification in JSON",
    ),
]


TOKEN = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA2cF4hJ6kL8"


@pytest.mark.parametrize(("search", "text", "place", "length"), SEARCHES)
def test_entropy_and_ignored_names_reach_every_search(search, text, place, length):
    told = Suspicion(place, RANDOM, f"{length} characters", SHAPED)
    assert search("here", text) == [told]
    assert search("here", text, min_entropy=4.0) == [told]
    less = Suspicion(place, NAME, f"{length} characters", NAMED)
    assert search("here", text, min_entropy=4.1) == [less]
    assert search("here", text, ignore=("API_*",)) == []


@pytest.mark.parametrize(
    ("document", "place"),
    [
        pytest.param({"a": {"API_KEY": FOUR_BITS}}, "a/API_KEY", id="a value"),
        pytest.param({"a": f"run --api-key {FOUR_BITS}"}, "a", id="a script"),
    ],
)
def test_a_document(document, place):
    told = Suspicion(place, RANDOM, "32 to 63 characters", SHAPED)
    assert suspects_in_document(document) == [told]
    less = Suspicion(place, NAME, "32 to 63 characters", NAMED)
    assert suspects_in_document(document, min_entropy=4.1) == [less]
    assert suspects_in_document(document, ignore=("API_*", "api-*")) == []


@pytest.mark.parametrize(
    ("document", "places"),
    [
        pytest.param({"Password": ["hunter2"]}, ["Password"], id="a list under a name"),
        pytest.param({"a": ["--password=hunter2"]}, ["a"], id="one word of a command"),
        pytest.param({"a": "-Ddb.password=hunter2"}, ["a"], id="an option"),
        pytest.param({"a": "DB_PASSWORD=hunter2"}, ["a"], id="an assignment"),
        pytest.param({"a": "table=orders"}, [], id="an assignment of something else"),
        pytest.param(["run", "--password", "hunter2"], [""], id="a command, not in anything"),
        pytest.param("run --password hunter2", [""], id="a text, not in anything"),
        pytest.param(["hunter2"], [], id="a word, not in anything"),
        pytest.param("hunter2", [], id="a text of one word"),
        pytest.param(
            {"a": {"password": "hunter2"}, "b": {"password": "hunter2"}},
            ["a/password", "b/password"],
            id="two places",
        ),
        pytest.param({"a": [{"password": "x1"}, {"password": "x2"}]}, ["a/password"], id="once"),
        pytest.param(
            {"a": "export DB_PASSWORD=hunter2; mysql -phunter2"}, ["a", "a"], id="two detectors"
        ),
    ],
)
def test_the_places_in_a_document(document, places):
    assert [each.name for each in suspects_in_document(document)] == places


@pytest.mark.parametrize(
    ("document", "found"),
    [
        pytest.param({TOKEN: "alice"}, [("*", "GitHub token")], id="a token"),
        pytest.param(
            {"users": {TOKEN: {"password": "hunter2"}}},
            [("users/*", "GitHub token"), ("users/*/password", "secret by its name")],
            id="a token, and what is below it",
        ),
        pytest.param(
            {"0f3a9c8d7e6b5a4f3c2d1e0f9a8b7c6d": {"password": "hunter2"}},
            [("*/password", "secret by its name")],
            id="a random name",
        ),
        pytest.param(
            {"AppFunction9F8E7D6C": {"password": "hunter2"}},
            [("AppFunction9F8E7D6C/password", "secret by its name")],
            id="a name that CloudFormation made",
        ),
        pytest.param({"0f3a9c8d7e6b5a4f3c2d1e0f9a8b7c6d": "done"}, [], id="an id"),
    ],
)
def test_a_name_that_is_a_credential_is_not_shown(document, found):
    assert [(each.name, each.detector) for each in suspects_in_document(document)] == found


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("DB_PASSWORD", "hunter2", [Suspicion("DB_PASSWORD", NAME, "under 8 characters", NAMED)]),
        ("API_KEY", FOUR_BITS, [Suspicion("API_KEY", RANDOM, "32 to 63 characters", SHAPED)]),
        ("X", "DB_PASSWORD=hunter2", [Suspicion("X", NAME, "under 8 characters", NAMED)]),
        ("X", "hunter2", []),
        ("X", " hunter2 ", []),
    ],
)
def test_a_variable(name, value, found):
    assert suspects_in_value(name, value) == found


def test_a_variable_whose_name_or_entropy_is_excused():
    assert suspects_in_value("DB_PASSWORD", "hunter2", ignore=("DB_*",)) == []
    [found] = suspects_in_value("API_KEY", FOUR_BITS, min_entropy=4.1)
    assert found.certainty is NAMED


@pytest.mark.parametrize(
    ("words", "length"),
    [
        pytest.param(["--password=it's me 12345"], "8 to 15", id="an option with a quote"),
        pytest.param(["--password", "it's-me-12345"], "8 to 15", id="a word with a quote"),
        pytest.param(["DB_PASSWORD=hunter 2345"], "8 to 15", id="an assignment with a space"),
        pytest.param(["db_password=hunter 2345"], "8 to 15", id="in lower case"),
        pytest.param(["-H", "x-api-key: abc 12345"], "8 to 15", id="a header with a space"),
        pytest.param(["--password=$x y 12345"], "8 to 15", id="no shell, no variable"),
        pytest.param(["--password=a;b;c"], "under 8", id="marks of a shell"),
        pytest.param(["--password", 'a"b c'], "under 8", id="a double quote"),
    ],
)
def test_the_whole_word_of_a_command_is_the_value(words, length):
    found = suspects_in_command("here", ["run", *words])
    assert {(each.name, each.length) for each in found} == {("here", f"{length} characters")}


@pytest.mark.parametrize(
    "text",
    ["[]", '["hunter2"]', '{"env": "x"}', '{"env": null, "a": "b"}', "", "version: 0.2"],
)
def test_a_specification_of_another_form(text):
    assert suspects_in_specification("here", text) == []


def test_a_text_in_base64_inside_a_text():
    """The place is told and the length of what was found in it."""
    inner = base64.b64encode(b"export STAGE=prod\nexport DB_PASSWORD=hunter2\n").decode()
    found = suspects_in_text("here", f"echo {inner} | base64 -d")
    assert found == [Suspicion("here", NAME, "under 8 characters", NAMED)]


def test_a_text_in_base64_twice():
    inner = base64.b64encode(b"export STAGE=prod\nexport DB_PASSWORD=hunter2\n").decode()
    outer = base64.b64encode(f"echo {inner} | base64 -d | sh -e".encode()).decode()
    found = suspects_in_text("here", f"echo {outer} | base64 -d")
    assert found == [Suspicion("here", NAME, "under 8 characters", NAMED)]


def test_each_kind_is_told_once_with_the_length_of_the_first():
    text = "export DB_PASSWORD=hunter2 API_PASSWORD=hunter2hunter2; mysql -phunter2"
    assert suspects_in_text("here", text) == [
        Suspicion("here", NAME, "under 8 characters", NAMED),
        Suspicion("here", "password of a command", "under 8 characters", SHAPED),
    ]


def test_a_text_that_has_itself_the_format_of_a_credential():
    text = "aws configure set aws_access_key_id AKIA" + "Q" * 16
    assert suspects_in_text("here", text) == [
        Suspicion("here", "AWS access key id", "32 to 63 characters", SHAPED)
    ]
