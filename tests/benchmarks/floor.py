"""The least a scan can cost: the calls the Security rules need, in threads, nothing judged.

A plain script over botocore: one client for each service, a shared pool of 12 threads, IAM from
its bulk answers, every list once. Prints how many requests it made.
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(max_pool_connections=16, parameter_validation=False)
ONCE = (
    ("lambda", "list_functions", "Functions", {}),
    ("ec2", "describe_security_groups", "SecurityGroups", {}),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces", {}),
    ("ec2", "describe_vpcs", "Vpcs", {}),
    ("ec2", "describe_subnets", "Subnets", {}),
    ("ec2", "describe_route_tables", "RouteTables", {}),
    ("ec2", "describe_flow_logs", "FlowLogs", {}),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", {}),
    ("secretsmanager", "list_secrets", "SecretList", {}),
    ("ecs", "list_clusters", "clusterArns", {}),
    ("cloudtrail", "describe_trails", "trailList", {}),
    ("cloudfront", "list_distributions", "DistributionList", {}),
    ("apigateway", "get_domain_names", "items", {}),
    ("apigateway", "get_rest_apis", "items", {}),
    ("apigatewayv2", "get_domain_names", "Items", {}),
    ("opensearch", "list_domain_names", "DomainNames", {}),
    ("elasticache", "describe_replication_groups", "ReplicationGroups", {}),
    ("elasticache", "describe_cache_clusters", "CacheClusters", {}),
    ("memorydb", "describe_clusters", "Clusters", {}),
    ("dax", "describe_clusters", "Clusters", {}),
    ("cloudformation", "describe_stacks", "Stacks", {}),
    ("elbv2", "describe_load_balancers", "LoadBalancers", {}),
    ("sns", "list_topics", "Topics", {}),
    ("sqs", "list_queues", "QueueUrls", {}),
    ("ssm", "describe_parameters", "Parameters", {}),
    ("codebuild", "list_projects", "projects", {}),
    ("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", {}),
    ("kms", "list_aliases", "Aliases", {}),
    ("dynamodb", "list_tables", "TableNames", {}),
    ("efs", "describe_file_systems", "FileSystems", {}),
    ("logs", "describe_log_groups", "logGroups", {}),
    ("rds", "describe_db_instances", "DBInstances", {}),
    ("rds", "describe_db_clusters", "DBClusters", {}),
    ("accessanalyzer", "list_analyzers", "analyzers", {}),
    ("iam", "get_account_summary", "SummaryMap", {}),
    ("iam", "get_account_authorization_details", "UserDetailList", {}),
    ("sts", "get_caller_identity", "Account", {}),
)


class Floor:
    """The clients, and a count of the requests made."""

    def __init__(self) -> None:
        self.session = botocore.session.get_session()
        self.clients: dict[str, Any] = {}
        self.lock = threading.Lock()
        self.requests = 0

    def client(self, service: str) -> Any:
        with self.lock:
            if service not in self.clients:
                self.clients[service] = self.session.create_client(service, config=CONFIG)
            return self.clients[service]

    def ask(self, service: str, operation: str, **params: Any) -> Any:
        with self.lock:
            self.requests += 1
        try:
            return getattr(self.client(service), operation)(**params)
        except ClientError as error:
            return error.response

    def every(self, service: str, operation: str, key: str, **params: Any) -> list[Any]:
        client = self.client(service)
        if not client.can_paginate(operation):
            return list(self.ask(service, operation, **params).get(key) or ())
        found: list[Any] = []
        try:
            for page in client.get_paginator(operation).paginate(**params):
                with self.lock:
                    self.requests += 1
                found += page.get(key) or ()
        except ClientError:
            self.requests += 1
        return found


def of_buckets(floor: Floor) -> Iterable[Callable[[], Any]]:
    for bucket in floor.every("s3", "list_buckets", "Buckets", BucketRegion="us-east-1"):
        for operation in ("get_bucket_encryption", "get_bucket_policy"):
            yield lambda name=bucket["Name"], do=operation: floor.ask("s3", do, Bucket=name)


def of_keys(floor: Floor) -> Iterable[Callable[[], Any]]:
    for key in floor.every("kms", "list_keys", "Keys"):
        for operation in ("describe_key", "get_key_rotation_status"):
            yield lambda id=key["KeyId"], do=operation: floor.ask("kms", do, KeyId=id)


def of_users(floor: Floor) -> Iterable[Callable[[], Any]]:
    floor.ask("iam", "generate_credential_report")
    report = floor.ask("iam", "get_credential_report")["Content"].decode()
    for row in csv.DictReader(io.StringIO(report)):
        if "true" in {row["access_key_1_active"], row["access_key_2_active"]}:
            yield lambda name=row["user"]: floor.ask("iam", "list_access_keys", UserName=name)


def main() -> None:
    floor = Floor()
    with ThreadPoolExecutor(12) as pool:
        jobs = [pool.submit(floor.every, *once[:3], **once[3]) for once in ONCE]
        for many in (of_buckets, of_keys, of_users):
            jobs += [pool.submit(job) for job in many(floor)]
        for job in jobs:
            job.result()
    print(floor.requests)


if __name__ == "__main__":
    main()
