"""Every rule in every partition: what a region lacks or refuses stops nothing and passes nothing."""

from __future__ import annotations

import re

import pytest

from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness.engine.geography import Geography
from readiness.engine.settings import configure
from readiness.engine.survey import Coverage, survey
from readiness.model.verdict import Status
from readiness_cli.catalogue import ROOT, headings
from tests.fake_account import ACCOUNT_ID, Clock, FakeAccount, error

PER_HEADING = pytest.mark.parametrize("heading", headings(), ids=lambda h: h.folder)


class Refusing(FakeAccount):
    """An account in a region that takes the credentials for nobody's."""

    def answer(self, service, operation, params):
        if service == "sts":
            return {"Account": ACCOUNT_ID}
        raise error("UnrecognizedClientException", 403)


def surveyed(fake_account, heading, region):
    aws = Aws(fake_account, account=ACCOUNT_ID, region=region, now=Clock(), bulk=True)
    evaluation = Evaluation(aws, configure(heading, {}))
    coverage = Coverage()
    found = [seen.finding for seen in survey(evaluation, list(heading), coverage)]
    assert not any("this is a bug" in finding.reason for finding in found)
    return found, coverage


@PER_HEADING
@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "ap-east-1"])
def test_a_token_that_everything_refuses_but_sts_ends_no_scan(heading, region, monkeypatch):
    monkeypatch.setattr(Geography, "resolves", lambda self, host: False)
    found, _ = surveyed(Refusing(), heading, region)
    assert {finding.rule for finding in found} == {rule.id for rule in heading}
    blind = {Status.INSUFFICIENT_DATA, Status.NOT_APPLICABLE}
    assert {finding.status for finding in found} <= blind


@PER_HEADING
def test_where_no_service_exists_nothing_is_wrong_and_nothing_fine(heading, monkeypatch):
    monkeypatch.setattr(Geography, "is_absent", lambda self, service, region: True)
    found, coverage = surveyed(FakeAccount(), heading, "eu-west-1")
    assert {finding.rule for finding in found} == {rule.id for rule in heading}
    judged = [
        f for f in found if f.status not in {Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA}
    ]
    assert not judged, [(f.rule, f.status, f.reason) for f in judged]
    assert not coverage.failed


_SPOKEN = re.compile(r"arn:aws:|\b(?:us|eu|ap|cn)-(?:gov-)?[a-z]+-\d\b|console\.aws")


def test_no_code_names_a_region_or_a_partition():
    """Prose may; ``us-east-1.`` begins the names of Lambda@Edge replicas, which exist in aws."""
    sources = [*(ROOT / "layers").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    named = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sources
        for line in re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL).splitlines()
        if _SPOKEN.search(line)
    ]
    assert all("_CONSOLE_WITHOUT_MODEL" in each or '"us-east-1."' in each for each in named), named
    assert len(named) == 2
