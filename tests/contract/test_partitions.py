"""Every rule in every partition: what a region lacks or refuses stops nothing and passes nothing."""

from __future__ import annotations

import re

import pytest
from cfnlint.helpers import REGIONS
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness.engine.geography import Geography, default
from readiness.engine.settings import configure
from readiness.engine.survey import Coverage, survey
from readiness.model.verdict import Status
from readiness.semantics.policy_patterns import OTHER_SUFFIXES
from readiness_cli.catalogue import ROOT, headings
from tests import deployed
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


def test_the_parameter_alone_says_on_which_processor_the_stack_runs():
    """A region without arm64 refuses functions that name it, and any layer that names processors.

    Lambda: "CompatibleArchitectures are not supported in me-central-1".
    """
    template = deployed.committed()
    assert template["Globals"]["Function"]["Architectures"] == [{"Ref": "Architecture"}]
    for id, resource in template["Resources"].items():
        assert not {"Architectures", "CompatibleArchitectures"} & set(resource["Properties"]), id


def test_every_partition_ends_its_hosts_as_the_sdk_says():
    endings = {default().dns_suffix(region) for region in default().regions()}
    assert {*OTHER_SUFFIXES, "amazonaws.com"} == endings


def test_no_expression_looks_for_the_hosts_of_one_partition():
    sources = [*(ROOT / "layers").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sources
        for line in path.read_text(encoding="utf-8").splitlines()
        if r"amazonaws\.com" in line
    ]
    assert not found, "HOST_SUFFIX is for that"


SERVICES = {
    "AWS::CloudWatch::": "cloudwatch",
    "AWS::Config::": "config",
    "AWS::DynamoDB::": "dynamodb",
    "AWS::Events::": "events",
    "AWS::IAM::": "iam",
    "AWS::Lambda::": "lambda",
    "AWS::Logs::": "logs",
    "AWS::SNS::": "sns",
    "AWS::SQS::": "sqs",
    "AWS::SSM::": "ssm",
    "AWS::Scheduler::": "scheduler",
    "AWS::SecretsManager::": "secretsmanager",
    "AWS::Serverless::Function": "lambda",
    "AWS::Serverless::LayerVersion": "lambda",
    "AWS::Serverless::StateMachine": "stepfunctions",
    "AWS::StepFunctions::": "stepfunctions",
    "Custom::": "cloudformation",
}
"""The service of the SDK behind each type of resource in the template."""


def test_every_region_has_the_services_of_the_stack():
    """As the SDK's endpoints say, those of the isolated partitions included."""
    kinds = {each["Type"] for each in deployed.committed()["Resources"].values()}
    used = {SERVICES[prefix] for prefix in SERVICES for kind in kinds if kind.startswith(prefix)}
    assert all(any(kind.startswith(prefix) for prefix in SERVICES) for kind in kinds)
    geography = default()
    regions = geography.regions()
    assert {"cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1"} <= regions
    assert not [(s, r) for s in sorted(used) for r in sorted(regions) if geography.lacks(s, r)]


def test_every_region_has_the_resources_of_the_stack():
    """As cfn-lint's schemas say, which are those of us-east-1 where it has no own of a region."""
    kinds = {
        each["Type"]
        for each in deployed.committed()["Resources"].values()
        if each["Type"].startswith("AWS::") and "::Serverless::" not in each["Type"]
    }
    kinds |= {
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::StepFunctions::StateMachine",
    }
    types = {region: set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region)) for region in REGIONS}
    own = {region for region in types if types[region] != types["us-east-1"]}
    assert own >= {"cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"}
    lacking = {region: missing for region in own if (missing := kinds - types[region])}
    assert not lacking
