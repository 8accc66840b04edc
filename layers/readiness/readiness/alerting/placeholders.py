"""Commands of a runbook with the resource filled in, so that they can be typed as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from readiness.alerting.exported import exported_arn
from readiness.engine.geography import default
from readiness.model.finding import DEFAULT_STACK
from readiness.model.resource import GLOBAL, Resource

_OF_TYPE = {
    "AWS::ApiGatewayV2::Api": ("API",),
    "AWS::AutoScaling::AutoScalingGroup": ("GROUP",),
    "AWS::CloudWatch::Alarm": ("ALARM",),
    "AWS::CodeBuild::Project": ("PROJECT",),
    "AWS::DAX::Cluster": ("CLUSTER",),
    "AWS::DynamoDB::Table": ("TABLE",),
    "AWS::EC2::SecurityGroup": ("GROUP",),
    "AWS::EC2::VPC": ("VPC",),
    "AWS::ECS::Cluster": ("CLUSTER",),
    "AWS::ECS::TaskDefinition": ("TASK_DEFINITION",),
    "AWS::EFS::FileSystem": ("FILE_SYSTEM",),
    "AWS::ElastiCache::CacheCluster": ("CLUSTER",),
    "AWS::ElastiCache::ReplicationGroup": ("GROUP",),
    "AWS::ElastiCache::ServerlessCache": ("CACHE",),
    "AWS::Glue::Connection": ("CONNECTION",),
    "AWS::Glue::Job": ("JOB",),
    "AWS::IAM::Group": ("GROUP",),
    "AWS::IAM::Role": ("ROLE",),
    "AWS::IAM::User": ("USER",),
    "AWS::KMS::Key": ("KEY",),
    "AWS::Kinesis::Stream": ("STREAM",),
    "AWS::Lambda::EventSourceMapping": ("UUID",),
    "AWS::Lambda::Function": ("FUNCTION",),
    "AWS::Logs::LogGroup": ("GROUP", "LOG_GROUP"),
    "AWS::MemoryDB::Cluster": ("CLUSTER",),
    "AWS::OpenSearch::Domain": ("DOMAIN",),
    "AWS::RDS::DBCluster": ("CLUSTER",),
    "AWS::RDS::DBInstance": ("DATABASE", "INSTANCE"),
    "AWS::Redshift::Cluster": ("CLUSTER",),
    "AWS::RedshiftServerless::Workgroup": ("WORKGROUP",),
    "AWS::Route53::HostedZone": ("ZONE",),
    "AWS::S3::Bucket": ("BUCKET",),
    "AWS::SNS::Topic": ("TOPIC",),
    "AWS::SQS::Queue": ("QUEUE",),
    "AWS::SageMaker::Model": ("MODEL",),
    "AWS::StepFunctions::StateMachine": ("MACHINE", "STATE_MACHINE"),
}
"""What the commands of rules about a type call the resource itself: its id."""
_SERVICE = "AWS::ECS::Service"
_FIRST = re.compile(r"^( *)```sh\n", re.MULTILINE)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_COMMAND = re.compile(r"(?:[^\n]*\\\n)*[^\n]*\n?")
_NOT_NAMES = (": ", "-type ", "--propagate-tags ", "--state-value ")
"""What stands before a word in capitals that is a value, such as ``--propagate-tags SERVICE``."""
_WORD = re.compile(
    "".join(f"(?<!{before})" for before in _NOT_NAMES)
    + r"(?<![A-Za-z0-9_])[A-Z][A-Z_]+(?![A-Za-z0-9_])"
)
_PLAIN = re.compile(r"(?!\w+://)[A-Za-z0-9_/][A-Za-z0-9_/.:+=,@-]*", re.ASCII)
"""What means itself in a shell, in quotes and in JSON. The name of a resource is not ours.

For the AWS CLI, ``file://…`` and ``https://…`` are what stands there, which it reads and sends.
"""


def filled(text: str, resource: Resource, stack: str = DEFAULT_STACK) -> str:
    """Markdown whose commands name the resource; a placeholder for anything else stays.

    So does one whose value would not be taken literally where it stands. The commands begin with
    the region, and with the stack's name if it is not the default one.
    """
    known = {name: value for name, value in _known(resource) if _PLAIN.fullmatch(value)}

    def of_command(command: re.Match[str]) -> str:
        names = dict(known)
        whole = resource.key if "readiness waive" in command[0] else resource.id
        if _PLAIN.fullmatch(whole):
            names["RESOURCE"] = whole
        return _WORD.sub(lambda word: names.get(word[0], word[0]), command[0])

    named = _CODE.sub(lambda code: _COMMAND.sub(of_command, code[0]), text)
    where = [f"AWS_REGION={resource.region}"] if resource.region != GLOBAL else []
    if stack != DEFAULT_STACK and "readiness " in named:
        where.append(f"READINESS_STACK_NAME={stack}")
    if not where:
        return named
    return _FIRST.sub(lambda fence: f"{fence[0]}{fence[1]}export {' '.join(where)}\n", named, 1)


def _known(resource: Resource) -> Iterator[tuple[str, str]]:
    yield "ACCOUNT", resource.account
    if resource.region != GLOBAL:
        yield "REGION", resource.region
    names = _OF_TYPE.get(resource.type, ())
    own = resource.id.rpartition("/")[2] if resource.type.startswith("AWS::IAM::") else resource.id
    for name in names:
        yield name, own
    if resource.type == _SERVICE:
        names = ("SERVICE",)
        _, _, path = resource.id.partition(":service/")
        cluster, slash, service = path.partition("/")
        if slash:
            yield from (("CLUSTER", cluster), ("SERVICE", service))
    if resource.region != GLOBAL:
        partition = default().partition(resource.region)
        for name in names:
            yield f"{name}_ARN", exported_arn(resource, partition)
