"""A deployed stack as `doctor` finds it, with what tests make wrong of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from readiness.model.finding import iso
from readiness_cli.doctor import deployment
from tests.accounts.audit import recorder, recorder_status
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error

ROLE = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Admin/ann"
TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT_ID}:trail/all"
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:readiness-alerts"
WATCHER = f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:readiness-watcher"
MACHINE = f"arn:aws:states:{HOME}:{ACCOUNT_ID}:stateMachine:Sweep"
OUTPUTS = {
    "FindingsTable": "findings",
    "TransitionsTable": "transitions",
    "AlertsTopic": TOPIC,
    "WatcherTopic": WATCHER,
    "Sweep": MACHINE,
    "SettingsParameter": "/readiness/readiness/settings",
    "PagerDutySecret": "readiness/readiness/pagerduty",
    **{
        name: f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT_ID}/{name}" for name in deployment.QUEUES
    },
}
PARTS = {
    "EncryptionRole": "readiness-EncryptionRole-X",
    "EncryptionApiCall": "readiness-EncryptionApiCall-X",
    "EncryptionConfigItem": "readiness-EncryptionConfigItem-X",
    "SweepMissed": "readiness-SweepMissed-X",
}
WITHOUT_FUNCTION = {name: each for name, each in PARTS.items() if "Role" not in name}
REPLY = {"LatestDeliveryTime": NOON - timedelta(minutes=5), "IsLogging": True}


def described(**parameters):
    return {
        "Stacks": [
            {
                "StackName": "readiness",
                "CreationTime": NOON,
                "StackStatus": "UPDATE_COMPLETE",
                "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in OUTPUTS.items()],
                "Parameters": [
                    {"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()
                ],
            }
        ]
    }


def listed(parts):
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": logical,
                "PhysicalResourceId": physical,
                "ResourceType": "AWS::IAM::Role",
                "LastUpdatedTimestamp": NOON,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for logical, physical in parts.items()
        ]
    }


def simulated(*denied):
    def answer(**asked):
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": name,
                    "EvalDecision": "implicitDeny" if name in denied else "allowed",
                }
                for name in asked["ActionNames"]
            ]
        }

    return answer


def triggered(**counts):
    def answer(**asked):
        found = []
        for query in asked["MetricDataQueries"]:
            [dimension] = query["MetricStat"]["Metric"]["Dimensions"]
            kind = re.search(r"Encryption(\w+)-X", dimension["Value"])[1]
            values = [float(v) for v in counts.get(kind, ())]
            stamps = [NOON - timedelta(hours=n + 1) for n in range(len(values))]
            found.append({"Id": query["Id"], "Values": values, "Timestamps": stamps})
        return {"MetricDataResults": found}

    return answer


def subscribed(**by_topic):
    def answer(**asked):
        topic = asked["TopicArn"]
        kind = "alerts" if topic == TOPIC else "watcher"
        return {
            "Subscriptions": [
                {
                    "SubscriptionArn": arn,
                    "Protocol": "email",
                    "Endpoint": "ops@example.com",
                    "TopicArn": topic,
                }
                for arn in by_topic.get(kind, (f"{topic}:1234",))
            ]
        }

    return answer


def rows(*, sweeps=(), waiting=(), still_open=(), held=()):
    def answer(**more):
        values = more["ExpressionAttributeValues"].values()
        asked = [next(iter(value.values())) for value in values]
        if f"sweep#{ACCOUNT_ID}/{HOME}" in asked:
            return {"Items": list(sweeps)}
        if more.get("IndexName") == "unpublished":
            return {"Items": list(waiting) if "yes" in asked else []}
        if more.get("IndexName") == "open":
            return {"Items": list(still_open)}
        return {"Items": list(held) if "held" in asked else []}

    return answer


def held(number, because):
    row = {"finding_id": "held", "at": f"{number:012x}", "rule": "x.y", "because": because}
    return {name: {"S": text} for name, text in row.items()}


def swept(hours, failed=()):
    row = {"finding_id": {"S": "sweep"}, "at": {"S": iso(NOON - timedelta(hours=hours))}}
    return row | ({"failed": {"L": [{"S": name} for name in failed]}} if failed else {})


def depth(**counts):
    def answer(**asked):
        count = counts.get(asked["QueueUrl"].rsplit("/", 1)[-1], 0)
        return {"Attributes": {"ApproximateNumberOfMessages": str(count)}}

    return answer


def world(**more):
    """An account and a stack in which nothing is wrong."""
    base = {
        ("sts", "get_caller_identity"): {"Account": ACCOUNT_ID, "Arn": ROLE, "UserId": "A:ann"},
        ("iam", "get_role"): {
            "Role": {
                "Path": "/team/",
                "RoleName": "Admin",
                "RoleId": "AROAEXAMPLE000000000",
                "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/team/Admin",
                "CreateDate": NOON,
            }
        },
        ("iam", "simulate_principal_policy"): simulated(),
        ("cloudtrail", "describe_trails"): {
            "trailList": [
                {
                    "Name": "all",
                    "TrailARN": TRAIL,
                    "HomeRegion": HOME,
                    "IsMultiRegionTrail": True,
                    "HasCustomEventSelectors": False,
                }
            ]
        },
        ("cloudtrail", "get_trail_status"): REPLY,
        ("config", "describe_configuration_recorders"): {"ConfigurationRecorders": [recorder()]},
        ("config", "describe_configuration_recorder_status"): recording(),
        ("cloudformation", "describe_stacks"): described(),
        ("cloudformation", "list_stack_resources"): listed(PARTS),
        ("ssm", "get_parameter"): {"Parameter": {"Name": "s", "Value": "{}"}},
        ("ssm", "get_parameters_by_path"): {"Parameters": [manifest("agents")]},
        ("cloudwatch", "get_metric_data"): triggered(ApiCall=[3, 4], ConfigItem=[1]),
        ("cloudwatch", "describe_alarms"): {"MetricAlarms": []},
        ("sns", "list_subscriptions_by_topic"): subscribed(),
        ("secretsmanager", "describe_secret"): {"VersionIdsToStages": {"1" * 32: ["AWSCURRENT"]}},
        ("sqs", "get_queue_attributes"): depth(),
        ("dynamodb", "query"): rows(sweeps=[swept(2)]),
    }
    return FakeAccount(base).but(**more)


def manifest(workload, **changes):
    document = {"owner": "team@example.com", "reviewed": "2026-01-31", **changes}
    name = f"/readiness/manifest/{workload}"
    return {"Name": name, "Type": "String", "Value": json.dumps(document)}


def recording(**changes):
    return {"ConfigurationRecordersStatus": [recorder_status(**changes)]}


def no_stack(**asked):
    if "StackName" not in asked:
        return {"Stacks": []}
    return error("ValidationError", message=f"Stack with id {asked['StackName']} does not exist")


def lines(said):
    return json.loads(said.stdout)


def of(said, check):
    return [line for line in lines(said) if line["check"] == check]


def with_status(status):
    return {"Stacks": [described()["Stacks"][0] | {"StackStatus": status}]}


def moved(aws, region):
    aws.region = region
    return aws
