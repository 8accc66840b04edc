"""Credentials in jobs and connections of Glue, and in models of SageMaker."""

from __future__ import annotations

from typing import Any

import pytest

from functions.secrets_management.app import (
    glue_connections,
    glue_job_arguments,
    sagemaker_models,
)
from readiness import Severity, Status
from readiness.evidence.glue import CONNECTION, GLUE_JOB, ConnectionLogin, JobArguments
from readiness.evidence.sagemaker import MODEL, ModelEnvironment
from tests.accounts import secrets_management as accounts
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, evaluation

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_ARN = accounts.SECRET_ARN


def load(cls: Any, about: Any, id: str, account: FakeAccount, *, bulk: bool = False) -> Any:
    aws = evaluation(account, [], bulk=bulk).aws
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id)).evidence


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        pytest.param({}, NA, "no arguments", id="none"),
        pytest.param({"DefaultArguments": {"--STAGE": "prod"}}, GOOD, "1 argument", id="harmless"),
        pytest.param(
            {"DefaultArguments": {"--db_password": "hunter2"}},
            BAD,
            "db_password",
            id="by its name",
        ),
        pytest.param(
            {"DefaultArguments": {"--source": KEY_ID}}, BAD, "AWS access key id", id="by its form"
        ),
        pytest.param(
            {"NonOverridableArguments": {"--db-password": "hunter2"}},
            BAD,
            "db-password",
            id="fixed",
        ),
        pytest.param(
            {"DefaultArguments": {"--url": "postgresql://app:hunter2@db/orders"}},
            BAD,
            "url",
            id="url",
        ),
        pytest.param(
            {"DefaultArguments": {"--db_secret_arn": SECRET_ARN}},
            GOOD,
            "",
            id="an ARN of a secret",
        ),
        pytest.param(
            {
                "DefaultArguments": {
                    "--job-bookmark-option": "job-bookmark-enable",
                    "--enable-metrics": "true",
                    "--TempDir": "s3://aws-glue-assets-111122223333-us-east-1/temporary/",
                    "--extra-py-files": "s3://assets/libs.zip",
                    "--additional-python-modules": "pyarrow==2,awswrangler==3.4.0",
                    "--spark-event-logs-path": "s3://aws-glue-assets-111122223333-us-east-1/logs/",
                }
            },
            GOOD,
            "6 arguments",
            id="what the console writes",
        ),
    ],
)
def test_arguments_of_a_job(given, status, said, bulk):
    job = {"Name": "nightly", **given}
    account = accounts.fake_account().but(
        glue__get_jobs={"Jobs": [job]}, glue__get_job={"Job": job}
    )
    verdict = glue_job_arguments(load(JobArguments, GLUE_JOB, "nightly", account, bulk=bulk))
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
    assert "hunter2" not in repr(verdict)


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        pytest.param({}, NA, "no user", id="a network alone"),
        pytest.param(
            {"ConnectionProperties": {"SECRET_ID": "prod/db"}}, GOOD, "with a secret", id="secret"
        ),
        pytest.param(
            {
                "ConnectionProperties": {"HOST": "db"},
                "AuthenticationConfiguration": {"SecretArn": SECRET_ARN},
            },
            GOOD,
            "with a secret",
            id="a secret of a newer connection",
        ),
        pytest.param(
            {
                "ConnectionProperties": {
                    "USERNAME": "app",
                    "PASSWORD": "hunter2",
                    "JDBC_CONNECTION_URL": "jdbc:postgresql://db:5432/orders",
                }
            },
            BAD,
            "logs in as app",
            id="a password of its own",
        ),
        pytest.param(
            {"ConnectionProperties": {"USERNAME": "app", "ENCRYPTED_PASSWORD": "AQIC"}},
            BAD,
            "logs in as app",
            id="a password that the catalog encrypts",
        ),
        pytest.param(
            {
                "ConnectionProperties": {
                    "SECRET_ID": "prod/db",
                    "JDBC_CONNECTION_URL": "jdbc:mysql://db/orders?user=app&password=hunter2",
                }
            },
            BAD,
            "JDBC_CONNECTION_URL",
            id="a password in its URL",
        ),
        pytest.param(
            {
                "ConnectionProperties": {
                    "KAFKA_BOOTSTRAP_SERVERS": "b:9098",
                    "KAFKA_SSL_ENABLED": "true",
                }
            },
            NA,
            "no user",
            id="Kafka with IAM",
        ),
        pytest.param(
            {"ConnectionProperties": {"KAFKA_SASL_SCRAM_USERNAME": "app"}},
            BAD,
            "logs in as app",
            id="Kafka with a password, which is hidden",
        ),
        pytest.param(
            {"ConnectionProperties": {"KAFKA_SASL_SCRAM_SECRETS_ARN": SECRET_ARN}},
            GOOD,
            "with a secret",
            id="Kafka with a secret",
        ),
        pytest.param(
            {
                "ConnectionProperties": {"USERNAME": "app"},
                "AuthenticationConfiguration": {"AuthenticationType": "IAM"},
            },
            NA,
            "no user",
            id="a user who logs in with IAM",
        ),
        pytest.param(
            {"ConnectionProperties": {"KAFKA_CLIENT_KEYSTORE": "s3://keys/client.jks"}},
            BAD,
            "opens the client keystore s3://keys/client.jks",
            id="Kafka with a client certificate, whose password is hidden",
        ),
        pytest.param(
            {"ConnectionProperties": {"ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD": "AQIC"}},
            BAD,
            "keeps a password itself: ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD",
            id="a client key whose password the catalog encrypts",
        ),
        pytest.param(
            {"ConnectionProperties": {"SECRET_ID": "prod/db", "ENCRYPTED_PASSWORD": "AQIC"}},
            BAD,
            "keeps a password itself: ENCRYPTED_PASSWORD",
            id="a secret, and the password it replaced",
        ),
        pytest.param(
            {"SparkProperties": {"url": "jdbc:mysql://db/orders?user=app&password=hunter2"}},
            BAD,
            "url",
            id="a password among the properties for Spark",
        ),
    ],
)
def test_connections(given, status, said, bulk):
    connection = {"Name": "warehouse", **given}

    def shown(*, HidePassword: bool, Name: str = "") -> Any:  # noqa: N803
        assert HidePassword, "the password is never asked for"
        return {"Connection": connection} if Name else {"ConnectionList": [connection]}

    account = accounts.fake_account().but(glue__get_connections=shown, glue__get_connection=shown)
    loaded = load(ConnectionLogin, CONNECTION, "warehouse", account, bulk=bulk)
    verdict = glue_connections(loaded)
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
    assert (verdict.severity in {None, Severity.HIGH, Severity.CRITICAL}) is True
    assert "hunter2" not in repr((loaded.user, verdict))


PERIODIC = {"V": "a1b2c3d4" * 3}
"""A value of three bits for each character, under a name that says nothing."""
NAMED = {"DB_PASSWORD": "hunter2"}


@pytest.mark.parametrize(
    ("rule", "holding"),
    [
        pytest.param(glue_job_arguments, JobArguments, id="a job"),
        pytest.param(
            glue_connections, lambda values: ConnectionLogin(properties=values), id="a connection"
        ),
        pytest.param(
            sagemaker_models,
            lambda values: ModelEnvironment({"container 1": values}),
            id="a model",
        ),
    ],
)
def test_what_counts_as_a_credential_can_be_set(rule, holding):
    assert rule(holding(NAMED)).status is BAD
    assert rule(holding(NAMED), ignore_patterns=("DB_*",)).status is not BAD
    assert rule(holding(PERIODIC)).status is not BAD
    assert rule(holding(PERIODIC), min_entropy=2.5).status is BAD


@pytest.mark.parametrize(
    ("containers", "status", "said"),
    [
        pytest.param({"PrimaryContainer": {}}, NA, "no environment", id="none"),
        pytest.param(
            {"PrimaryContainer": {"Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}},
            GOOD,
            "1 environment variable",
            id="harmless",
        ),
        pytest.param(
            {
                "PrimaryContainer": {
                    "Environment": {"HUGGING_FACE_HUB_TOKEN": "hf_" + "a1B2c3D4e5" * 3}
                }
            },
            BAD,
            "container 1/HUGGING_FACE_HUB_TOKEN",
            id="a token",
        ),
        pytest.param(
            {
                "Containers": [
                    {"ContainerHostname": "first", "Environment": {"STAGE": "prod"}},
                    {"ContainerHostname": "second", "Environment": {"DB_PASSWORD": "hunter2"}},
                ]
            },
            BAD,
            "second/DB_PASSWORD",
            id="in the second of a pipeline",
        ),
    ],
)
def test_models(containers, status, said):
    answer = {"ModelName": "m", "ModelArn": accounts.MODEL, "CreationTime": NOON, **containers}
    account = accounts.fake_account().but(sagemaker__describe_model=answer)
    verdict = sagemaker_models(load(ModelEnvironment, MODEL, "ranker-7", account))
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason
