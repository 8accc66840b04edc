"""Which actions and resources a statement applies to, by name or by exception."""

from __future__ import annotations

import pytest

from readiness.semantics.policy import parse


def statement(**elements):
    [made] = parse({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"} | elements})
    return made


@pytest.mark.parametrize(
    ("action", "applies"),
    [
        ("s3:GetObject", True),
        ("S3:GETOBJECT", True),
        ("s3:GetObjectAcl", False),
        ("s3:PutBucketAcl", True),
        ("s3:DeleteBucket", False),
        ("kms:Decrypt", False),
    ],
)
def test_the_actions_of_a_statement(action, applies):
    listed = ["s3:getobject", "s3:Put*"]
    assert statement(Action=listed).names_action(action) is applies
    [other] = parse({"Statement": {"Effect": "Allow", "NotAction": listed, "Resource": "*"}})
    assert other.names_action(action) is not applies


@pytest.mark.parametrize(
    ("arn", "applies"),
    [("arn:aws:s3:::data", True), ("arn:aws:s3:::data/x", False), ("arn:aws:s3:::logs/x", True)],
)
def test_the_resources_of_a_statement(arn, applies):
    listed = ["arn:aws:s3:::data", "arn:aws:s3:::logs/*"]
    assert statement(Resource=listed).names_resource(arn) is applies
    [other] = parse({"Statement": {"Effect": "Allow", "Action": "*", "NotResource": listed}})
    assert other.names_resource(arn) is not applies
