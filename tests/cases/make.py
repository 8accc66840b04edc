"""Write the cases that come with the project: `python -m tests.cases.make`.

The account is moto's. Cases of real accounts are written with `readiness evaluate --trace`, and
lie in this folder beside these.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import boto3
from click.testing import CliRunner
from moto import mock_aws

from readiness_cli.main import main

HERE = Path(__file__).parent
NOW = datetime.now(UTC).isoformat(timespec="seconds")
REGION = "eu-central-1"
BUCKET = "acme-payroll-archive"
FUNCTION = "payroll-export"
ACCOUNT = "123456789012"

_PUBLIC = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::998877665544:role/AcmeAuditor"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
            "Condition": {"IpAddress": {"aws:SourceIp": "52.94.76.0/24"}},
        }
    ],
}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def account(client) -> dict[str, str]:
    """Somebody's account; the ids of what is judged in it."""
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(_PUBLIC))
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(
        GroupName="acme-bastion", Description="Ask Jane Roe (jane.roe@acme.example)", VpcId=vpc
    )["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [
                    {"CidrIp": "0.0.0.0/0", "Description": "until the VPN of Acme is back"},
                    {"CidrIp": "203.0.114.7/32", "Description": "home of Jane"},
                ],
            }
        ],
    )
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet, Groups=[group], Description="bastion of Acme")
    iam = client("iam")
    role = iam.create_role(
        RoleName="AcmePayrollExport", AssumeRolePolicyDocument=json.dumps(_TRUST)
    )["Role"]["Arn"]
    iam.create_user(UserName="jane.roe")
    iam.create_access_key(UserName="jane.roe")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as code:
        code.writestr("app.py", "def handler(event, context): ...")
    client("lambda").create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
        Environment={
            "Variables": {
                "DB_PASSWORD": "correct-Horse7-battery",
                "PAYROLL_URL": "https://payroll.acme.example/v1",
                "LOG_LEVEL": "INFO",
            }
        },
        Tags={"Application": "AcmePayroll", "Owner": "jane.roe@acme.example"},
    )
    return {
        "encryption.s3-tls": BUCKET,
        "encryption.s3-kms": BUCKET,
        "network_security.minimal-security-group": group,
        "secrets_management.lambda-environment": FUNCTION,
        "iam_roles.access-key-age": "jane.roe",
    }


def write(folder: Path) -> None:
    """Write a case of each rule."""
    with mock_aws():
        judged = account(boto3.session.Session(region_name=REGION).client)
        for rule, id in judged.items():
            path = folder / f"{rule}.json"
            given = [rule, "--resource", id, "--trace", str(path), "--region", REGION]
            said = CliRunner().invoke(main, ["evaluate", *given, "-o", "json"])
            assert path.exists(), (rule, said.output)
            print(rule, said.exit_code, json.loads(said.stdout)[0]["reason"], said.stderr)


if __name__ == "__main__":
    write(HERE)
