"""What the loader makes of job definitions of each kind."""

from __future__ import annotations

import pytest

from readiness.evidence.batch import JOB_DEFINITION, JobDefinition
from readiness.evidence.ecs.task_definitions import Container
from readiness.model.unreadable import Gone
from tests.accounts.secrets_management import JOB, job
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, evaluation


def account(*definitions):
    def described(**asked):
        arns = asked.get("jobDefinitions")
        return {
            "jobDefinitions": [d for d in definitions if not arns or d["jobDefinitionArn"] in arns]
        }

    return FakeAccount({("batch", "describe_job_definitions"): described})


def load(fake_account, bulk=False):
    aws = evaluation(fake_account, [], bulk=bulk).aws
    return aws.evidence(JobDefinition, JOB_DEFINITION.resource(ACCOUNT_ID, HOME, JOB)).evidence


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in bulk"])
def test_a_job_with_one_container(bulk):
    about = job(
        environment=[{"name": "STAGE", "value": "prod"}],
        secrets=[{"name": "KEY", "valueFrom": "arn:x"}],
        logConfiguration={
            "logDriver": "splunk",
            "options": {"splunk-url": "https://x"},
            "secretOptions": [{"name": "splunk-token", "valueFrom": "arn:y"}],
        },
    ) | {"parameters": {"mode": "fast"}}
    found = load(account(about), bulk)
    assert found == JobDefinition(
        JOB,
        (
            Container(
                "container",
                environment={"STAGE": "prod"},
                secrets={"KEY": "arn:x"},
                command=("run",),
                log_options={"splunk-url": "https://x"},
                log_secrets={"splunk-token": "arn:y"},
            ),
        ),
        {"mode": "fast"},
        {},
    )


TASK = {"taskProperties": [{"containers": [{"name": "a", "image": "i", "command": ["task"]}]}]}
POD = {
    "podProperties": {
        "initContainers": [{"name": "i", "image": "i", "args": ["init"]}],
        "containers": [
            {"name": "p", "image": "i", "command": ["sh"], "env": [{"name": "A", "value": "b"}]}
        ],
    }
}


def test_containers_of_tasks_pods_and_nodes():
    about = job() | {
        "ecsProperties": TASK,
        "eksProperties": POD,
        "nodeProperties": {
            "numNodes": 2,
            "mainNode": 0,
            "nodeRangeProperties": [
                {"targetNodes": "0:0", "container": {"image": "i", "command": ["main"]}},
                {"targetNodes": "1:", "ecsProperties": TASK, "eksProperties": POD},
            ],
        },
    }
    del about["containerProperties"]
    containers = load(account(about)).containers
    assert [each.name for each in containers] == ["a", "i", "p", "nodes 0:0", "a", "i", "p"]
    assert [(*each.entry_point, *each.command) for each in containers[:4]] == [
        ("task",),
        ("init",),
        ("sh",),
        ("main",),
    ]
    assert containers[2].environment == {"A": "b"}


def test_only_the_newest_revisions_are_found():
    fake_account = account(job(2), job(10), job(9))
    assert evaluation(fake_account, []).aws.find(JOB_DEFINITION) == [JOB.replace(":3", ":10")]


@pytest.mark.parametrize("answer", [[], [job() | {"status": "INACTIVE"}]])
def test_a_definition_that_is_gone(answer):
    with pytest.raises(Gone):
        load(account(*answer))
