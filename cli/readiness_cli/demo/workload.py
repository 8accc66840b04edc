"""A small agent workload to look at: real mistakes, and some things done right."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness_cli.demo import workload_traffic
from readiness_cli.demo.emulator import ACCOUNT, REGION

Client = Callable[[str], Any]

KNOWLEDGE = "maif-agent-knowledge"
TRANSCRIPTS = "maif-agent-transcripts"
UPLOADS = "maif-agent-uploads"
TAGS = {"Application": "MAIF", "Environment": "production", "Owner": "agents-team"}
_PAIRS = [{"Key": name, "Value": value} for name, value in TAGS.items()]
_TAG_PAIRS = [{"TagKey": name, "TagValue": value} for name, value in TAGS.items()]


_ENOUGH: tuple[Mapping[str, object], ...] = (
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{KNOWLEDGE}/*"},
    {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/maif-*",
    },
    {"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"},
)
"""What an agent needs: its knowledge, its logs, its traces."""


_CLEAN_UP = {
    "ID": "unfinished-uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


@dataclass(frozen=True, slots=True)
class Workload:
    """What the story needs to know of what was made."""

    key: str
    open_group: str
    open_rule: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Network:
    """A subnet, and two security groups: one open by ``rule``, one as it should be."""

    subnet: str
    bastion: str
    workers: str
    rule: Mapping[str, Any]


def create(client: Client) -> Workload:
    """Make it all through the AWS API, as an engineer's scripts would."""
    key = _keys(client("kms"))
    _buckets(client("s3"), key)
    network = _network(client("ec2"))
    admin, role = _people_and_roles(client("iam"))
    workload_traffic.create(client, role, admin, network.subnet, network.workers)
    _secrets(client("secretsmanager"), key)
    _trail(client("cloudtrail"))
    return Workload(key, network.bastion, network.rule)


def _keys(kms: Any) -> str:
    """One key as it should be, one that never rotates."""
    good = kms.create_key(Description="The agent's data", Tags=_TAG_PAIRS)["KeyMetadata"]
    kms.enable_key_rotation(KeyId=good["KeyId"])
    kms.create_alias(AliasName="alias/maif-agent", TargetKeyId=good["KeyId"])
    old = kms.create_key(Description="The agent's archive", Tags=_TAG_PAIRS)["KeyMetadata"]
    kms.create_alias(AliasName="alias/maif-archive", TargetKeyId=old["KeyId"])
    return str(good["Arn"])


def _buckets(s3: Any, key: str) -> None:
    """Two done right; one without KMS that also takes plain HTTP."""
    for name in (KNOWLEDGE, TRANSCRIPTS):
        sound_bucket(s3, name, key)
    s3.put_bucket_lifecycle_configuration(
        Bucket=KNOWLEDGE, LifecycleConfiguration={"Rules": [_CLEAN_UP]}
    )
    s3.create_bucket(Bucket=UPLOADS)
    s3.put_bucket_tagging(Bucket=UPLOADS, Tagging={"TagSet": _PAIRS})
    _encrypt_with(s3, UPLOADS, {"SSEAlgorithm": "AES256"})


def sound_bucket(s3: Any, name: str, key: str) -> None:
    """A bucket with nothing wrong: KMS at rest, TLS on the wire, tagged."""
    s3.create_bucket(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _PAIRS})
    encrypt(s3, name, key)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(_tls_only(name)))


def encrypt(s3: Any, bucket: str, key: str) -> None:
    """Default encryption with a KMS key."""
    _encrypt_with(s3, bucket, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key})


def stop_encrypting(s3: Any, bucket: str) -> Mapping[str, Any]:
    """Back to what every bucket has by itself; the parameters as CloudTrail shows them."""
    _encrypt_with(s3, bucket, {"SSEAlgorithm": "AES256"})
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    return {
        "bucketName": bucket,
        "encryption": "",
        "Host": f"{bucket}.s3.{REGION}.amazonaws.com",
        "ServerSideEncryptionConfiguration": {
            "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
            "Rule": default,
        },
    }


def _encrypt_with(s3: Any, bucket: str, default: Mapping[str, str]) -> None:
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        },
    )


def _tls_only(bucket: str) -> dict[str, Any]:
    statement = {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _network(ec2: Any) -> _Network:
    """A VPC without flow logs, and a security group that lets the world in by SSH."""
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "maif-agent"}, *_PAIRS])
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_tags(Resources=[subnet], Tags=_PAIRS)
    groups = []
    for name in ("maif-agent-bastion", "maif-agent-workers"):
        made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
        ec2.create_tags(Resources=[made["GroupId"]], Tags=_PAIRS)
        ec2.create_network_interface(SubnetId=subnet, Groups=[made["GroupId"]])
        _keep_inside(ec2, made["GroupId"])
        groups.append(made["GroupId"])
    bastion, workers = groups
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    ec2.authorize_security_group_ingress(GroupId=bastion, IpPermissions=[rule])
    inside = rule | {"FromPort": 8443, "ToPort": 8443, "IpRanges": [{"CidrIp": "10.20.1.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=workers, IpPermissions=[inside])
    return _Network(str(subnet), str(bastion), str(workers), rule)


def _keep_inside(ec2: Any, group: str) -> None:
    """In place of the rule that every new group has: out to the VPC alone, by HTTPS."""
    anywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[anywhere])
    inside = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    ec2.authorize_security_group_egress(
        GroupId=group, IpPermissions=[inside | {"IpRanges": [{"CidrIp": "10.20.0.0/16"}]}]
    )


def close(ec2: Any, group: str, rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the rule away; the parameters as CloudTrail shows them."""
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    shown = {
        "ipProtocol": rule["IpProtocol"],
        "fromPort": rule["FromPort"],
        "toPort": rule["ToPort"],
        "groups": {},
        "ipRanges": {"items": [{"cidrIp": rule["IpRanges"][0]["CidrIp"]}]},
        "ipv6Ranges": {},
        "prefixListIds": {},
    }
    return {"groupId": group, "ipPermissions": {"items": [shown]}}


def _people_and_roles(iam: Any) -> tuple[str, str]:
    """A user with a permanent key, a role that may do anything, and one that may do enough."""
    iam.create_user(UserName="deploy-bot", Tags=_PAIRS)
    iam.create_access_key(UserName="deploy-bot")
    iam.create_user(UserName="dashboard", Tags=_PAIRS)
    trusted = {"Service": ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]}
    trust = _policy({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"})
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for name, allowed in (
        ("maif-agent-orchestrator", [anything]),
        ("maif-agent-worker", _ENOUGH),
    ):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=_PAIRS)
        iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=_policy(*allowed))
    role = f"arn:aws:iam::{ACCOUNT}:role/maif-agent-"
    return f"{role}orchestrator", f"{role}worker"


def _policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _secrets(secrets: Any, key: str) -> None:
    """One that rotates, one that does not."""
    for name in ("maif/database", "maif/search-api"):
        secrets.create_secret(
            Name=name, KmsKeyId=key, SecretString=json.dumps({"user": "agent"}), Tags=_PAIRS
        )
    secrets.rotate_secret(
        SecretId="maif/database",
        RotationLambdaARN=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:maif-worker",
        RotationRules={"AutomaticallyAfterDays": 30},
    )


def _trail(cloudtrail: Any) -> None:
    """A trail of the whole account that really logs."""
    cloudtrail.create_trail(
        Name="maif-audit",
        S3BucketName=TRANSCRIPTS,
        IsMultiRegionTrail=True,
        EnableLogFileValidation=True,
    )
    cloudtrail.start_logging(Name="maif-audit")
