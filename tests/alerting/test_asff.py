"""A function, which has no rules at hand, tells Security Hub the same as an export does."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from readiness import Status
from readiness.alerting.asff import Place, finding_of
from readiness.model.resource import GLOBAL, Resource
from readiness_cli import catalogue
from readiness_cli.export.content import Content
from tests.findings import BUCKET, T0, finding

RUNBOOKS = "https://runbooks.example/x"
PLACE = Place(BUCKET.account, "eu-west-1", "aws", "readiness", RUNBOOKS)
ROLE = Resource(BUCKET.account, GLOBAL, "AWS::IAM::Role", "deploy")
KINDS = [
    finding(),
    finding(Status.COMPLIANT, opened_at=T0),
    finding(Status.INSUFFICIENT_DATA, missing=("s3:GetX",)),
    finding(resource=ROLE),
    finding(resource=BUCKET, rule="encryption.retired-long-ago"),
]


@pytest.mark.parametrize("each", KINDS, ids=lambda f: f"{f.status} {f.rule} {f.resource.id}")
def test_a_function_says_the_same_of_a_finding_as_an_export(each):
    content = Content(
        [each],
        catalogue.rules(),
        BUCKET.account,
        "eu-west-1",
        "aws",
        "readiness",
        RUNBOOKS,
        T0,
        "1",
    )
    made = finding_of(PLACE, each)
    assert made == finding_of(content, each)
    assert made["Title"]


def test_where_no_rule_is_loaded_resources_have_their_arns_all_the_same():
    """As in the function: of the evidence, which declares the types, nothing is imported."""
    code = (
        "import json, sys\n"
        "from readiness.alerting.asff import Place, finding_of\n"
        "from tests.findings import finding\n"
        "place = Place('111122223333', 'cn-north-1', 'aws-cn', 'readiness', 'docs')\n"
        "made = finding_of(place, finding())\n"
        "loaded = [name for name in sys.modules if name.startswith('readiness.evidence.')]\n"
        "print(json.dumps([loaded, made['Resources'][0]['Id'], made['Title']]))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, id, title = json.loads(run.stdout)
    assert loaded == []
    assert id == "arn:aws-cn:s3:::data"
    assert title == catalogue.rules()["encryption.s3-kms"].sentence
