"""The API calls that rules declare, against botocore's service models: names, ids, completeness.

CloudTrail writes a call's parameters in the API's own member names with the first letter lowered
and nothing else changed (``DBInstanceIdentifier`` → ``dBInstanceIdentifier``, ``ARN`` → ``aRN``,
``ACLName`` → ``aCLName``; the log file examples of the RDS and MemoryDB guides). What differs
stands below in short lists, each with its source.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import botocore.session
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from readiness.model.evidence import ApiCall, Change, ResourceType, declared
from readiness.model.rule import Rule
from readiness_cli.catalogue import ROOT

SERVICES_OF = {
    # CloudTrail records the calls of Application Auto Scaling under Auto Scaling's source
    # (Application Auto Scaling User Guide, "Log API calls using CloudTrail").
    "autoscaling": ("autoscaling", "application-autoscaling"),
    # Both generations of API Gateway, of load balancing and of the search service share a source.
    "apigateway": ("apigateway", "apigatewayv2"),
    "elasticloadbalancing": ("elbv2", "elb"),
    "es": ("opensearch", "es"),
    "aoss": ("opensearchserverless",),
    "monitoring": ("cloudwatch",),
    "states": ("stepfunctions",),
    "access-analyzer": ("accessanalyzer",),
    "elasticfilesystem": ("efs",),
    "elasticmapreduce": ("emr",),
    # Amazon MQ Developer Guide, "Example Amazon MQ log file entry".
    "amazonmq": ("mq",),
}
"""Event sources (first label) whose name is not the service's in botocore."""

ANOTHER_ENDPOINT = {
    # Application Auto Scaling: see above.
    "application-autoscaling": "autoscaling",
    # ECR User Guide, "Logging Amazon ECR actions with AWS CloudTrail".
    "ecr": "ecr",
    # MemoryDB Developer Guide, "Understanding MemoryDB log file entries".
    "memorydb": "memorydb",
    # Amazon MQ: see above.
    "mq": "amazonmq",
    # SageMaker AI Developer Guide, "Logging Amazon SageMaker AI API calls with CloudTrail".
    "sagemaker": "sagemaker",
}
"""Services whose event source is not their endpoint prefix."""

NOT_IN_THE_MODELS = {
    # S3 logs these under the names of its first API (S3 User Guide, "CloudTrail events",
    # account- and bucket-level actions).
    ("s3", "PutAccelerateConfiguration"): "PutBucketAccelerateConfiguration",
    ("s3", "PutBucketObjectLockConfiguration"): "PutObjectLockConfiguration",
    # The block of a bucket; that of the account, which S3 Control changes, has other names.
    ("s3", "PutBucketPublicAccessBlock"): "PutPublicAccessBlock",
    ("s3", "DeleteBucketPublicAccessBlock"): "DeletePublicAccessBlock",
    ("s3", "PutAccountPublicAccessBlock"): "PutPublicAccessBlock",
    ("s3", "DeleteAccountPublicAccessBlock"): "DeletePublicAccessBlock",
    # AWS Backup restores a table by a call of its own (Service Authorization Reference, DynamoDB).
    ("dynamodb", "RestoreTableFromAwsBackup"): "RestoreTableFromBackup",
}
"""Event names that no operation has, and the operation whose parameters they carry."""

RENAMED = {
    # S3 User Guide, "Amazon S3 CloudTrail events": the request names the bucket so.
    ("s3", "Bucket"): ("bucketName",),
    # Secrets Manager User Guide, "CloudTrail entries": an ARN is `arn`, in some events `aRN`.
    ("secretsmanager", "ARN"): ("arn", "aRN"),
    # Events carry `uUID` (Lambda Developer Guide, "Sample event"), older ones `uuid`.
    ("lambda", "UUID"): ("uUID", "uuid"),
}
"""Members that CloudTrail names otherwise than by lowering the first letter, or in two ways."""

EC2_WRAPPED = frozenset({"CreateVpcEndpoint", "ModifySecurityGroupRules"})
"""EC2 operations recorded as ``requestParameters.<operation>Request`` with the API's own capitals,
as most are that came after 2017 (CloudTrail records of CreateTrafficMirrorSession and
DeleteFlowLogs show it; add an operation here with its first declaration)."""

EC2_REQUESTS = {
    # EC2 groups a request's lists under its old SOAP names: "CloudTrail log file examples" in
    # the EC2 and VPC guides, RunInstances, StartInstances, MonitorInstances.
    "instancesSet.items.instanceId": ("InstanceIds",),
    "groupSet.items.groupId": ("Groups", "SecurityGroupIds", "NetworkInterfaces"),
}
"""Paths in EC2 requests and the members, any of which, they hold."""

BODIES = "apigateway"
"""The REST API's service: a request's parameters stand under their own names if they come from
the path, and under ``<operation>Input`` if they come from the body (CreateStage in CloudTrail:
``restApiId`` beside ``createStageInput.stageName``)."""

UNJUDGED = frozenset({"elb", "application-autoscaling"})
"""Services that share a source and the name of a call with the one whose id is meant."""

UNWRAPPED = frozenset({"rds", "elasticache"})
"""Services whose responseElements are the one structure of the answer, without its name (log
file examples of their guides)."""

OF_THE_RECORD = frozenset({("kms", "resources.ARN")})
"""Paths outside parameters and answer. KMS names the key of every call (KMS Developer Guide,
"RetireGrant")."""

READS = re.compile(
    r"(BatchGet|BatchDescribe|BatchIsAuthorized|Get|List|Describe|Head|Lookup|Query$|Scan$|Search"
    r"|Select|Filter|Simulate|Validate|Check(?!point)|Compare|Evaluate|Estimate|Preview|Discover"
    r"|Detect|Test(?!Failover|Migration)|Generate(?!ClientCertificate|ServiceLast|Credential|Org))"
)
"""Operations that change nothing, by the API's own verbs."""

IRRELEVANT = Path(__file__).with_name("irrelevant_api_calls.toml")


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared call and who declares it: evidence or a resource type."""

    call: ApiCall
    owner: str
    file: str
    rules: tuple[str, ...]

    @property
    def service(self) -> str:
        return self.call.source.removesuffix(".amazonaws.com")

    def __str__(self) -> str:
        """Where to look and what for, in one line."""
        rules = self.rules[0] + (f" and {len(self.rules) - 1} more" * (len(self.rules) > 1))
        return f"{self.file}: {self.owner} ({rules}), {self.service}"


def declared_by(rules: Iterable[Rule]) -> list[Declared]:
    """Every API call that the rules' evidence or its type declares, each once for an owner."""
    found: dict[tuple[str, str, ApiCall], list[str]] = {}
    for rule in rules:
        for owner, file, change in _changes(rule):
            if isinstance(change, ApiCall):
                found.setdefault((owner, file, change), []).append(rule.id)
    return [
        Declared(call, owner, file, tuple(dict.fromkeys(ids)))
        for (owner, file, call), ids in found.items()
    ]


def _changes(rule: Rule) -> Iterator[tuple[str, str, Change]]:
    for cls in rule.evidence:
        declaration = declared(cls)
        file = _shown(inspect.getsourcefile(cls))
        for change in declaration.changed_by:
            yield cls.__name__, file, change
        if declaration.follows_type:
            for change in declaration.about.changed_by:
                yield declaration.about.name, _file_of(declaration.about), change


@functools.cache
def _file_of(type_: ResourceType) -> str:
    """The module that declares a type: the one whose text spells its name out."""
    modules = [m for n, m in sys.modules.items() if n.startswith("readiness.") and m is not None]
    for module in modules:
        if any(value is type_ for value in vars(module).values()):
            path = inspect.getsourcefile(module)
            text = Path(path).read_text() if path else ""
            if re.search(rf'ResourceType\(\s*"{re.escape(type_.name)}"', text):
                return _shown(path)
    return type_.name


def _shown(path: str | None) -> str:
    if path is None:
        return "?"
    try:
        return str(Path(path).resolve().relative_to(ROOT))
    except ValueError:
        return path


# -- what the models know ------------------------------------------------------------------------


def services_of(service: str) -> tuple[str, ...]:
    """The botocore services of an event source's first label. Raises LookupError."""
    names = SERVICES_OF.get(service, (service,))
    known = set(_session().get_available_services())
    if unknown := [name for name in names if name not in known]:
        raise LookupError(f"botocore has no service {unknown[0]!r}")
    for name in names:
        prefix = ANOTHER_ENDPOINT.get(name) or _session().get_service_model(name).endpoint_prefix
        if prefix != service:
            raise LookupError(f"the event source of {name} is {prefix!r}, not {service!r}")
    return names


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


@functools.cache
def operations(service: str) -> dict[str, tuple[OperationModel, ...]]:
    """The operations by name of all services of an event source."""
    found: dict[str, tuple[OperationModel, ...]] = {}
    for name in services_of(service):
        model = _session().get_service_model(name)
        for operation in model.operation_names:
            found[operation] = (*found.get(operation, ()), model.operation_model(operation))
    return found


def meant(service: str, name: str) -> tuple[OperationModel, ...]:
    """The operations an event name stands for; none if there are none.

    A prefix means the operation of that name, to which the service appends its API's date
    (Lambda, CloudFront); it may end in the date's first digits.
    """
    spelled = re.sub(r"(20?)?\*$", "", name)
    spelled = NOT_IN_THE_MODELS.get((service, spelled), spelled)
    found = operations(service).get(spelled, ())
    judged = tuple(op for op in found if op.service_model.service_name not in UNJUDGED)
    return judged or found


def has_path(operation: OperationModel, service: str, path: str) -> bool:
    """Whether CloudTrail's record of the operation can hold a value under the path."""
    if (service, path) in OF_THE_RECORD:
        return True
    root, _, rest = path.partition(".")
    if root == "requestParameters":
        return _in_request(operation, service, rest)
    if root != "responseElements" or operation.output_shape is None:
        return False
    output: Shape = operation.output_shape
    if service in UNWRAPPED:
        inner = [m for m in output.members.values() if isinstance(m, StructureShape)]
        output = inner[0] if len(inner) == 1 else output
    return _holds(output, service, rest.split("."))


def _in_request(operation: OperationModel, service: str, path: str) -> bool:
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return False
    if service == "ec2":
        if path in EC2_REQUESTS:
            return any(member in shape.members for member in EC2_REQUESTS[path])
        if operation.name in EC2_WRAPPED:
            wrapper, _, inside = path.partition(".")
            return wrapper == f"{operation.name}Request" and inside in shape.members
    if operation.service_model.service_name == BODIES:
        body = f"{recorded(service, operation.name, shape)}Input."
        if path.startswith(body):
            return _holds(shape, service, path.removeprefix(body).split("."))
        named = [n for n, m in shape.members.items() if m.serialization.get("location")]
        return path in {recorded(service, name, shape.members[name]) for name in named}
    return _holds(shape, service, path.split("."))


def _holds(shape: Shape, service: str, steps: list[str]) -> bool:
    if isinstance(shape, ListShape):
        if service == "ec2":
            return steps[:1] == ["items"] and _holds(shape.member, service, steps[1:])
        return _holds(shape.member, service, steps)
    if not steps:
        return shape.type_name in {"string", "list"}
    if not isinstance(shape, StructureShape):
        return False
    for name, member in shape.members.items():
        if steps[0] in (RENAMED.get((service, name)) or (recorded(service, name, member),)):
            return _holds(member, service, steps[1:]) if steps[1:] else _is_text(member)
    return False


def _is_text(shape: Shape) -> bool:
    return shape.type_name == "string" or (
        isinstance(shape, ListShape) and shape.member.type_name == "string"
    )


def recorded(service: str, name: str, member: Shape) -> str:
    """CloudTrail's name of a member."""
    if service == "ec2":
        name = str(member.serialization.get("name", name))
    return name[:1].lower() + name[1:]


# -- what is wrong with a declaration ------------------------------------------------------------


def wrong_with(each: Declared) -> list[str]:
    """What the models do not know of a declared call; empty if all of it exists."""
    try:
        services_of(each.service)
    except LookupError as error:
        return [str(error)]
    problems = []
    paths = [path for path in each.call.id.split("|") if path]
    unused = set(paths)
    for name in each.call.names:
        found = meant(each.service, name)
        if not found:
            problems.append(f"there is no operation {name}")
            continue
        for operation in found:
            fits = {path for path in paths if has_path(operation, each.service, path)}
            unused -= fits
            if paths and not fits:
                problems.append(f"a record of {name} holds no id under {each.call.id}")
    if unused and not problems:
        problems += [
            f"no record of these calls holds an id under {path}" for path in sorted(unused)
        ]
    return problems


# -- what is declared nowhere --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Irrelevant:
    """Calls of a service that change nothing the rules read, and why. Names may be globs."""

    service: str
    why: str
    names: tuple[str, ...]


def irrelevant(path: Path = IRRELEVANT) -> list[Irrelevant]:
    """The list kept as data: a table for each service, in it reason → names."""
    listed = tomllib.loads(path.read_text())
    return [
        Irrelevant(service, why, tuple(names.split()))
        for service, reasons in listed.items()
        for why, names in reasons.items()
    ]


def undeclared(service: str, calls: Iterable[Declared]) -> list[str]:
    """The write operations of an event source that no declared call matches."""
    own = [each.call for each in calls if each.service == service]
    return [
        name
        for name in sorted(operations(service))
        if not READS.match(name)
        and not any(call.matches(call.source, name) for call in own)
        and name not in {means for _, means in _spelled_otherwise(service, own)}
    ]


def unlisted(service: str, names: Iterable[str], listed: Iterable[Irrelevant]) -> list[str]:
    """The names that no entry of the list covers."""
    globs = [glob for entry in listed if entry.service == service for glob in entry.names]
    return [name for name in names if not any(fnmatchcase(name, glob) for glob in globs)]


def stale(service: str, names: Iterable[str], listed: Iterable[Irrelevant]) -> list[str]:
    """Entries of the list that cover no undeclared write operation."""
    names = list(names)
    return [
        glob
        for entry in listed
        if entry.service == service
        for glob in entry.names
        if not any(fnmatchcase(name, glob) for name in names)
    ]


# -- siblings: what does to a noun what a declared call undoes or changes -------------------------

_VERBS = re.compile(
    "Add|Apply|Associate|Attach|Authorize|Cancel|Connect|Copy|Create|Deactivate|Decrease|Delete"
    "|Deregister|Detach|Disable|Disassociate|Disconnect|Enable|Grant|Import|Increase|Modify|Monitor"
    "|Put|Register|Reimport|Remove|Replace|Reset|Restore|Resume|Revoke|Rotate|Schedule|Set|Start"
    "|Stop|Subscribe|Suspend|Switchover|Tag|Unmonitor|Unsubscribe|Untag|Update"
)
DOORS = {
    "dynamodb": {
        "Table": "TableFromBackup TableToPointInTime",
    },
    "ec2": {"Vpc": "DefaultVpc", "Subnet": "DefaultSubnet"},
    "elasticache": {"ReplicationGroup": "ReplicationGroupShardConfiguration"},
    "iam": {"UserInGroup": "UserToGroup UserFromGroup"},
    "kms": {"KeyRotation": "KeyOnDemand"},
    "lambda": {"Function": "FunctionConfiguration"},
    "monitoring": {"Alarm": "MetricAlarm CompositeAlarm LogAlarm"},
    "rds": {
        "DBCluster": "DBClusterFromS3 DBClusterFromSnapshot DBClusterToPointInTime",
        "DBInstance": "DBInstanceFromDBSnapshot DBInstanceFromS3 DBInstanceReadReplica"
        " DBInstanceToPointInTime",
    },
    "sqs": {"Queue": "QueueAttribute"},
    "xray": {"TraceSegmentDestination": "IndexingRule"},
}
"""Other nouns, by service, of calls that lead into the same state."""


def noun(service: str, operation: str) -> str:
    """What an operation acts on: its name without the verb; empty where the verb is unknown."""
    verb = _VERBS.match(operation)
    rest = operation[verb.end() :].removesuffix("s") if verb else ""
    for state, others in DOORS.get(service, {}).items():
        if rest in others.split():
            return state
    return rest if rest[:1].isupper() else ""


def siblings(
    service: str, calls: Iterable[ApiCall], listed: Iterable[Irrelevant]
) -> dict[str, str]:
    """The write operations that act on a declared call's noun and that none of the calls match.

    Each with the declared name whose sibling it is. Calls that the list names are left out.
    """
    own = [call for call in calls if call.source == f"{service}.amazonaws.com"]
    nouns = {
        noun(service, operation.name): operation.name
        for call in own
        for name in call.names
        for operation in meant(service, name)
        if noun(service, operation.name)
    }
    apart = [
        name
        for name in operations(service)
        if noun(service, name) in nouns
        and not READS.match(name)
        and not any(call.matches(call.source, name) for call in own)
        and name not in {means for _, means in _spelled_otherwise(service, own)}
    ]
    return {name: nouns[noun(service, name)] for name in unlisted(service, apart, list(listed))}


def _spelled_otherwise(service: str, own: list[ApiCall]) -> list[tuple[str, str]]:
    return [
        (spelled, means)
        for (at, spelled), means in NOT_IN_THE_MODELS.items()
        if at == service and any(call.matches(call.source, spelled) for call in own)
    ]
