"""An account of some size, made through the API: what the scan is measured on."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

BUCKETS, ROLES, USERS, FUNCTIONS, GROUPS, KEYS, SECRETS = 200, 100, 100, 100, 50, 50, 50
WITH_KEYS = 5
"""Users with an active access key: an account worth scanning has few."""

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def build(endpoint: str) -> None:
    """Fill an empty account."""
    session = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    config = Config(max_pool_connections=16)
    names = ("s3", "iam", "lambda", "ec2", "kms", "secretsmanager")
    client: dict[str, Any] = {
        name: session.client(name, endpoint_url=endpoint, config=config) for name in names
    }
    code = _code()
    vpc = client["ec2"].create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    keys = [client["kms"].create_key()["KeyMetadata"]["Arn"] for _ in range(KEYS)]
    role = client["iam"].create_role(RoleName="r-0", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]

    def bucket(n: int) -> None:
        client["s3"].create_bucket(Bucket=f"bench-{n}")
        if n % 2:
            rule = {
                "ApplyServerSideEncryptionByDefault": {
                    "SSEAlgorithm": "aws:kms",
                    "KMSMasterKeyID": keys[n % KEYS],
                }
            }
            client["s3"].put_bucket_encryption(
                Bucket=f"bench-{n}", ServerSideEncryptionConfiguration={"Rules": [rule]}
            )

    def function(n: int) -> None:
        client["lambda"].create_function(
            FunctionName=f"f-{n}",
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": code},
            Environment={"Variables": {"STAGE": "prod", "NUMBER": str(n)}},
        )

    def user(n: int) -> None:
        client["iam"].create_user(UserName=f"u-{n}")
        if n < WITH_KEYS:
            client["iam"].create_access_key(UserName=f"u-{n}")

    def group(n: int) -> None:
        id = client["ec2"].create_security_group(
            GroupName=f"g-{n}", Description="bench", VpcId=vpc
        )["GroupId"]
        client["ec2"].authorize_security_group_ingress(
            GroupId=id,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
                }
            ],
        )

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(bucket, n) for n in range(BUCKETS)]
        jobs += [pool.submit(user, n) for n in range(USERS)]
        jobs += [pool.submit(group, n) for n in range(GROUPS)]
        jobs += [
            pool.submit(
                client["iam"].create_role, RoleName=f"r-{n}", AssumeRolePolicyDocument=TRUST
            )
            for n in range(1, ROLES)
        ]
        jobs += [
            pool.submit(client["secretsmanager"].create_secret, Name=f"s-{n}", SecretString="x")
            for n in range(SECRETS)
        ]
        jobs += [pool.submit(function, n) for n in range(FUNCTIONS)]
        for job in jobs:
            job.result()


def _code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()


def build_workload(endpoint: str, *, functions: int, services: int) -> None:
    """A workload of functions and ECS services, tagged as one application."""
    session = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    iam, lambda_, ecs = (
        session.client(name, endpoint_url=endpoint) for name in ("iam", "lambda", "ecs")
    )
    role = iam.create_role(RoleName="agent", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    tags = {"Application": "MAIF", "Environment": "production"}
    for n in range(functions):
        lambda_.create_function(
            FunctionName=f"agent-{n}",
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": _code()},
            Tags=tags,
        )
    ecs.create_cluster(clusterName="agents")
    container = {"name": "agent", "image": "agent:1.2.3", "essential": True, "memory": 512}
    for n in range(services):
        ecs.register_task_definition(family=f"agent-{n}", containerDefinitions=[container])
        ecs.create_service(
            cluster="agents",
            serviceName=f"agent-{n}",
            taskDefinition=f"agent-{n}",
            desiredCount=2,
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
