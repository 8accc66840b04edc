"""Security validation: what Glue writes is encrypted, and notebooks are kept in a VPC."""

from __future__ import annotations

import json

import pytest

from functions.security_validation.rules_of_access import notebook_access, unanalyzed_policies
from functions.security_validation.rules_of_encryption import glue_encryption
from readiness import Severity
from readiness.evidence.glue_security import GlueEncryption
from readiness.evidence.sagemaker import Notebooks
from readiness.evidence.workloads.open_policies import UnanalyzedPolicies
from readiness.model.evidence import REGION
from tests.accounts import keyed
from tests.accounts.security_validation import KEY, fake_account
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation
from tests.rules.test_security_validation import BAD, GOOD, NA

BOOKMARKS = {"--job-bookmark-option": "job-bookmark-enable"}
JOB = {"Name": "nightly", "SecurityConfiguration": "encrypted", "DefaultArguments": BOOKMARKS}


def seen(kind, account: FakeAccount):
    region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    return evaluation(account, [], bulk=True).aws.evidence(kind, region).evidence


def glue(jobs=(JOB,), crawlers=(), endpoints=(), **modes):
    return fake_account().but(
        glue__get_jobs={"Jobs": list(jobs)},
        glue__get_crawlers={"Crawlers": list(crawlers)},
        glue__get_dev_endpoints={"DevEndpoints": list(endpoints)},
        glue__get_security_configurations={
            "SecurityConfigurations": [keyed.security_configuration(KEY, **modes)]
        },
    )


@pytest.mark.parametrize(
    ("account", "status", "said"),
    [
        pytest.param(glue(), GOOD, "encrypt", id="all of it"),
        pytest.param(glue(jobs=()), NA, "no job", id="nothing runs"),
        pytest.param(
            glue(jobs=[{"Name": "nightly"}]),
            BAD,
            "job nightly: no security configuration",
            id="a job without",
        ),
        pytest.param(
            glue(crawlers=[{"Name": "lake"}]),
            BAD,
            "crawler lake: no security configuration",
            id="a crawler without",
        ),
        pytest.param(
            glue(endpoints=[{"EndpointName": "dev", "SecurityConfiguration": "gone"}]),
            BAD,
            "development endpoint dev: the security configuration gone does not exist",
            id="one that does not exist",
        ),
        pytest.param(glue(logs="DISABLED"), BAD, "does not encrypt logs", id="plain logs"),
        pytest.param(
            glue(bookmarks="DISABLED"), BAD, "does not encrypt job bookmarks", id="bookmarks"
        ),
        pytest.param(
            glue(jobs=[JOB | {"DefaultArguments": {}}], bookmarks="DISABLED"),
            GOOD,
            "encrypt",
            id="a job without bookmarks",
        ),
        pytest.param(
            glue(
                jobs=[
                    JOB
                    | {
                        "NonOverridableArguments": {
                            "--job-bookmark-option": "job-bookmark-disable"
                        }
                    }
                ],
                bookmarks="DISABLED",
            ),
            GOOD,
            "encrypt",
            id="bookmarks that no run can turn on",
        ),
        pytest.param(glue(objects="SSE-S3"), BAD, "asks for SSE-S3", id="past the bucket's KMS"),
        pytest.param(glue(objects="SSE-KMS"), GOOD, "encrypt", id="objects with KMS"),
    ],
)
def test_glue_encryption(account, status, said):
    verdict = glue_encryption(seen(GlueEncryption, account))
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
    assert verdict.severity in {None, Severity.LOW}


def notebooks(status: str = "InService", **changes):
    about = keyed.copies(KEY)["sagemaker", "describe_notebook_instance"]
    listed = {
        "NotebookInstanceName": "lab",
        "NotebookInstanceArn": "arn:lab",
        "NotebookInstanceStatus": status,
    }
    return fake_account().but(
        sagemaker__list_notebook_instances={"NotebookInstances": [listed]},
        sagemaker__describe_notebook_instance=about | changes,
    )


@pytest.mark.parametrize(
    ("account", "status", "severity", "said"),
    [
        pytest.param(notebooks(), GOOD, None, "No direct way", id="kept in the VPC"),
        pytest.param(
            notebooks(DirectInternetAccess="Enabled"),
            BAD,
            Severity.MEDIUM,
            "Code on lab reaches the internet",
            id="direct internet access",
        ),
        pytest.param(
            notebooks("Stopped", RootAccess="Enabled"), BAD, Severity.LOW, "root on lab", id="root"
        ),
        pytest.param(
            notebooks(
                InstanceMetadataServiceConfiguration={"MinimumInstanceMetadataServiceVersion": "1"}
            ),
            BAD,
            Severity.LOW,
            "IMDSv1",
            id="the old metadata service",
        ),
        pytest.param(
            notebooks("Deleting", RootAccess="Enabled"), NA, None, "no notebook", id="going"
        ),
        pytest.param(
            fake_account().but(
                sagemaker__describe_notebook_instance=error(
                    "ValidationException", message="RecordNotFound"
                )
            ),
            NA,
            None,
            "no notebook",
            id="gone since it was listed",
        ),
        pytest.param(
            fake_account().but(
                sagemaker__describe_notebook_instance=error(
                    "ValidationException", message="Notebook Instance arn:… does not exist"
                )
            ),
            NA,
            None,
            "no notebook",
            id="gone, as SageMaker also says it",
        ),
    ],
)
def test_notebook_access(account, status, severity, said):
    verdict = notebook_access(seen(Notebooks, account))
    assert (verdict.status, verdict.severity) == (status, severity)
    assert said in verdict.reason


@pytest.mark.parametrize(("principal", "status"), [("*", BAD), ("444455556666", GOOD)])
def test_a_consumer_of_a_stream_has_a_policy_of_its_own(principal, status):
    stream = keyed.arns()["kinesis"]
    consumer = f"{stream}/consumer/audit:1700000000"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "kinesis:SubscribeToShard",
        "Resource": consumer,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def of(*, ResourceARN: str):  # noqa: N803
        return {"Policy": policy} if ResourceARN == consumer else {"Policy": ""}

    about = {
        "ConsumerName": "audit",
        "ConsumerARN": consumer,
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": 1_700_000_000,
    }
    account = fake_account().but(
        kinesis__list_stream_consumers={"Consumers": [about]}, kinesis__get_resource_policy=of
    )
    verdict = unanalyzed_policies(seen(UnanalyzedPolicies, account))
    assert verdict.status is status, verdict.reason
    assert ("the Kinesis consumer orders/audit" in verdict.reason) is (status is BAD)
