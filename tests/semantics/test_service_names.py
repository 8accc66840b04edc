"""Which service a variable, an action, an endpoint or a hosted zone is of."""

from __future__ import annotations

import pytest

from readiness.semantics.policy import Document
from readiness.semantics.service_names import (
    service_of_endpoint,
    service_of_zone,
    services_allowed,
    services_named,
)


@pytest.mark.parametrize(
    ("name", "value", "services"),
    [
        ("X", "plain", ""),
        ("DB", "arn:aws:secretsmanager:us-east-1:1:secret:x", "secretsmanager"),
        ("DB", "arn:aws-cn:kms:cn-north-1:1:key/x", "kms"),
        ("DB", "arn:aws:s3:::bucket", "s3"),
        ("DB", "ARN:AWS:DYNAMODB:us-east-1:1:table/x", "dynamodb"),
        ("URL", "https://secretsmanager.us-east-1.amazonaws.com", "secretsmanager"),
        ("URL", "https://bucket.s3.amazonaws.com/x", "s3"),
        ("URL", "https://kms.cn-north-1.amazonaws.com.cn", "kms"),
        ("URL", "https://kms.eusc-de-east-1.amazonaws.eu", "kms"),
        ("URL", "https://dynamodb.us-iso-east-1.c2s.ic.gov", "dynamodb"),
        ("URL", "https://kms.us-east-1.amazonaws.example", ""),
        ("URL", "https://s3-fips.us-east-1.amazonaws.com", ""),
        ("URL", "https://s3.example.com", ""),
        ("URL", "https://mys3.amazonaws.com", ""),
        ("WHERE", "s3://bucket/key", "s3"),
        ("WHERE", "S3://bucket/key", "s3"),
        ("WHERE", "xs3://bucket", ""),
        ("SECRETS_MANAGER_ID", "x", "secretsmanager"),
        ("SecretManager", "x", "secretsmanager"),
        ("DB_SECRET_ARN", "x", "secretsmanager"),
        ("DB_SECRET_NAME", "x", "secretsmanager"),
        ("SECRET", "x", ""),
        ("KMS_KEY", "x", "kms"),
        ("MY_kms", "x", "kms"),
        ("DARKMS", "x", ""),
        ("MY_BUCKET", "x", "s3"),
        ("S3_PREFIX", "x", "s3"),
        ("PS3", "x", ""),
        ("DYNAMO_X", "x", "dynamodb"),
        ("ORDERS_TABLE_NAME", "x", "dynamodb"),
        ("TABLE", "x", ""),
        ("BUCKET", "arn:aws:kms:us-east-1:1:key/x", "s3 kms"),
    ],
)
def test_services_in_the_environment(name, value, services):
    assert services_named({name: value}) == set(services.split())


def test_services_of_several_variables_are_joined():
    assert services_named({"A": "s3://x", "KMS_KEY": "y", "B": "z"}) == {"s3", "kms"}
    assert services_named({}) == set()


def allow(*actions, effect="Allow"):
    return Document.of(
        "p", {"Statement": {"Effect": effect, "Action": list(actions), "Resource": "*"}}
    )


def test_services_that_policies_allow_by_name():
    policies = [
        allow("S3:GetObject", "kms:*", "sqs:SendMessage", "*", "dynamodb"),
        allow("secretsmanager:Get*"),
        allow("dynamodb:Query", effect="Deny"),
    ]
    assert services_allowed(policies) == {"s3", "kms", "secretsmanager"}
    assert services_allowed([]) == set()


@pytest.mark.parametrize(
    ("name", "suffix", "service"),
    [
        ("com.amazonaws.eu-west-1.secretsmanager", "amazonaws.com", "secretsmanager"),
        ("com.amazonaws.eu-west-1.ecr.api", "amazonaws.com", "ecr.api"),
        ("com.amazonaws.eu-west-1.kms-fips", "amazonaws.com", "kms"),
        ("com.amazonaws.us-east-1.kms", "amazonaws.com", ""),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-1", "amazonaws.com", ""),
        ("cn.com.amazonaws.eu-west-1.kms", "amazonaws.com.cn", "kms"),
        ("com.amazonaws.eu-west-1.kms", "amazonaws.com.cn", "kms"),
        ("cn.com.amazonaws.eu-west-1.kms", "amazonaws.com", ""),
        ("com.amazonaws", "amazonaws.com", ""),
        ("", "amazonaws.com", ""),
    ],
)
def test_the_service_of_an_endpoint(name, suffix, service):
    assert service_of_endpoint(name, "eu-west-1", suffix) == service


@pytest.mark.parametrize(
    ("zone", "service"),
    [
        ("secretsmanager.eu-west-1.amazonaws.com.", "secretsmanager"),
        ("secretsmanager.eu-west-1.amazonaws.com", "secretsmanager"),
        ("API.ECR.eu-west-1.amazonaws.com.", "ecr.api"),
        ("kms-fips.eu-west-1.amazonaws.com.", "kms"),
        ("kms.us-east-1.amazonaws.com.", ""),
        ("kms.eu-west-1.amazonaws.com.cn.", ""),
        ("example.com.", ""),
    ],
)
def test_the_service_of_a_zone(zone, service):
    assert service_of_zone(zone, "eu-west-1", "amazonaws.com") == service
