"""What the CodeBuild loaders make of its answers."""

from __future__ import annotations

import pytest

from readiness.evidence.codebuild import PROJECT, BuildEnvironment, BuildVariable
from readiness.model.unreadable import Gone
from tests.accounts.secrets_management import project
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, evaluation

NAMES = [f"p{number:03}" for number in range(101)]


def batch(names):
    assert len(names) <= 100
    variable = {"name": "STAGE", "value": "prod"}
    return {"projects": [project(variable) | {"name": n} for n in names if n in NAMES]}


def fake_account():
    return FakeAccount(
        {
            ("codebuild", "list_projects"): {"projects": NAMES},
            ("codebuild", "batch_get_projects"): batch,
        }
    )


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_a_project(bulk):
    aws = evaluation(fake_account(), [], bulk=bulk).aws
    seen = aws.evidence(BuildEnvironment, PROJECT.resource(ACCOUNT_ID, HOME, "p100")).evidence
    assert seen.variables == (BuildVariable("STAGE", "prod", "PLAINTEXT"),)


def test_a_hundred_projects_a_call():
    all_of_it = fake_account()
    aws = evaluation(all_of_it, [], bulk=True).aws
    for name in aws.find(PROJECT):
        aws.evidence(BuildEnvironment, PROJECT.resource(ACCOUNT_ID, HOME, name))
    assert all_of_it.calls.count(("codebuild", "batch_get_projects")) == 2


def test_a_project_that_is_gone():
    with pytest.raises(Gone):
        evaluation(fake_account(), []).aws.evidence(
            BuildEnvironment, PROJECT.resource(ACCOUNT_ID, HOME, "other")
        )


def test_aws_config_names_a_project_by_its_arn():
    arn = f"arn:aws:codebuild:{HOME}:{ACCOUNT_ID}:project/build"
    assert PROJECT.identify is not None
    assert PROJECT.identify({"resourceId": arn}) == "build"
    assert PROJECT.identify({"resourceId": arn, "resourceName": "build"}) == "build"
    assert PROJECT.identify({}) is None


def test_the_sources_of_a_project():
    about = project() | {
        "source": {"type": "GITHUB", "location": "https://example.com/x", "buildspec": "a: b\n"},
        "secondarySources": [{"type": "S3", "sourceIdentifier": "more", "buildspec": "more.yml"}],
    }
    assert BuildEnvironment.of(about).sources == {
        "source/buildspec": "a: b\n",
        "source/location": "https://example.com/x",
        "more/buildspec": "more.yml",
    }
