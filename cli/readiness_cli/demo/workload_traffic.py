"""How the demo's workload is run and watched: its functions, services, cache, alarms and graphs.

The planner is what nobody looked after: slow, failing, silent. The worker is as it should be.
What the embedded AWS cannot show whatever is made in it: traces and their map, anomaly detection,
load tests, scaling policies, whether requests since a deployment succeeded (the deployment is
seconds old), and costs.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from readiness_cli.demo import traffic
from readiness_cli.demo.emulator import ACCOUNT, REGION

Client = Callable[[str], Any]

PLANNER = "maif-planner"
WORKER = "maif-worker"
CACHE = "maif-cache"
CLUSTER = "maif"
_LOGS = f"/aws/lambda/{WORKER}"
_TOPIC = "maif-agent-alarms"
_PRODUCTION = {"Application": "MAIF", "Environment": "production", "Owner": "agents-team"}


def create(client: Client, role: str, admin: str, subnet: str, group: str) -> None:
    """Make it all. ``role`` may do enough and ``admin`` anything."""
    _log_groups(client("logs"))
    _functions(client("lambda"), role, admin, subnet, group)
    _workflows(client("stepfunctions"), admin)
    _cache(client("elasticache"))
    _services(client("ecs"), role, subnet, group)
    _alarms(client)
    _dashboard(client("cloudwatch"))
    traffic.publish(client("cloudwatch"), fast=WORKER, slow=PLANNER, log_group=_LOGS, cache=CACHE)


def _log_groups(logs: Any) -> None:
    """One that is kept for 90 days, and one that grows for ever."""
    for name in (_LOGS, f"/aws/lambda/{PLANNER}", "/ecs/maif-gateway"):
        logs.create_log_group(logGroupName=name, tags=_PRODUCTION)
    for name in (_LOGS, "/ecs/maif-gateway"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=90)


def _functions(lambda_: Any, role: str, admin: str, subnet: str, group: str) -> None:
    """A planner with a password in its environment, a worker that names its secret."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("agent.py", "def handler(event, context):\n    return event\n")
    common = {"Handler": "agent.handler", "Code": {"ZipFile": code.getvalue()}}
    lambda_.create_function(
        FunctionName=PLANNER,
        Runtime="python3.8",
        Role=admin,
        Environment={"Variables": {"DATABASE_URL": "postgres://agent:hunter22@db.internal/agent"}},
        Tags=_PRODUCTION,
        **common,
    )
    lambda_.create_function(
        FunctionName=WORKER,
        Runtime="python3.13",
        Role=role,
        MemorySize=512,
        Timeout=20,
        TracingConfig={"Mode": "Active"},
        VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]},
        Environment={"Variables": {"DATABASE_SECRET_ID": "maif/database"}},
        Tags=_PRODUCTION,
        **common,
    )


def deploy_twice(lambda_: Any) -> None:
    """Two versions of the worker; its alias points to the second."""
    for text in ("return event", "return None"):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("agent.py", f"def handler(event, context):\n    {text}\n")
        lambda_.update_function_code(FunctionName=WORKER, ZipFile=code.getvalue())
        waiter = lambda_.get_waiter("function_updated_v2")
        waiter.wait(FunctionName=WORKER, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        lambda_.publish_version(FunctionName=WORKER)
    lambda_.create_alias(FunctionName=WORKER, Name="live", FunctionVersion="2")


def _workflows(steps: Any, role: str) -> None:
    """One that waits for an answer as long as it takes, one that gives up."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    task |= {"Parameters": {"FunctionName": PLANNER}}
    for name, state in (("maif-plan", task), ("maif-work", task | {"TimeoutSeconds": 30})):
        steps.create_state_machine(
            name=name,
            roleArn=role,
            definition=json.dumps({"StartAt": "Ask", "States": {"Ask": state}}),
            tags=[{"key": key, "value": value} for key, value in _PRODUCTION.items()],
        )


def _cache(elasticache: Any) -> None:
    """A cache that is asked and knows; most of its keys never expire."""
    elasticache.create_replication_group(
        ReplicationGroupId=CACHE,
        ReplicationGroupDescription="What agents remember",
        Engine="redis",
        CacheNodeType="cache.t4g.micro",
        NumCacheClusters=1,
        Tags=[{"Key": key, "Value": value} for key, value in _PRODUCTION.items()],
    )


def _services(ecs: Any, role: str, subnet: str, group: str) -> None:
    """A gateway as it should be, and a scraper whose image may be anything and logs nowhere."""
    tags = [{"key": key, "value": value} for key, value in _PRODUCTION.items()]
    insights = {"name": "containerInsights", "value": "enabled"}
    ecs.create_cluster(clusterName=CLUSTER, settings=[insights], tags=tags)
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    logs = {"awslogs-group": "/ecs/maif-gateway", "awslogs-region": REGION}
    sound = {
        "name": "gateway",
        "image": f"{registry}/maif-gateway:4.2.1",
        "essential": True,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": logs | {"awslogs-stream-prefix": "gateway"},
        },
        "healthCheck": {"command": ["CMD", "/healthy"]},
    }
    careless = {"name": "scraper", "image": f"{registry}/maif-scraper:latest", "essential": True}
    guarded = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    for name, container, rollout in (
        ("maif-gateway", sound, guarded),
        ("maif-scraper", careless, {}),
    ):
        registered = ecs.register_task_definition(
            family=name,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=role,
            containerDefinitions=[container],
            tags=tags,
        )
        ecs.create_service(
            cluster=CLUSTER,
            serviceName=name,
            taskDefinition=registered["taskDefinition"]["taskDefinitionArn"],
            desiredCount=2,
            launchType="FARGATE",
            deploymentConfiguration=rollout,
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}
            },
            tags=tags,
        )


def _alarms(client: Client) -> None:
    """Somebody hears when the worker fails, slows down or is throttled; of the planner, nobody."""
    sns, sqs = client("sns"), client("sqs")
    pairs = [{"Key": key, "Value": value} for key, value in _PRODUCTION.items()]
    topic = sns.create_topic(Name=_TOPIC, Tags=pairs)["TopicArn"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{_TOPIC}"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    sqs.create_queue(QueueName=_TOPIC, Attributes={"Policy": json.dumps(policy)}, tags=_PRODUCTION)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    cloudwatch = client("cloudwatch")
    for metric, how in (
        ("Errors", {"Statistic": "Sum", "Threshold": 0.0}),
        ("Throttles", {"Statistic": "Sum", "Threshold": 0.0}),
        ("Duration", {"ExtendedStatistic": "p99", "Threshold": 800.0}),
    ):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{WORKER}-{metric.lower()}",
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": WORKER}],
            Period=300,
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[topic],
            Tags=pairs,
            **how,
        )


def _dashboard(cloudwatch: Any) -> None:
    """What the worker does, at one glance."""
    rows = [
        ["AWS/Lambda", metric, "FunctionName", WORKER]
        for metric in ("Invocations", "Errors", "Duration", "Throttles")
    ]
    widget: Mapping[str, Any] = {
        "type": "metric",
        "properties": {"region": REGION, "title": WORKER, "metrics": rows},
    }
    cloudwatch.put_dashboard(
        DashboardName="maif-agents", DashboardBody=json.dumps({"widgets": [widget]})
    )
