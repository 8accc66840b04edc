"""What stands before and beside the functions and services: APIs, balancers, scaling, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.vast_numbers import ACCOUNT, REGION, Refused
from tests.benchmarks.vast_stores import Stores
from tests.benchmarks.vast_surroundings import WHEN

BEHIND_ONE = 20
_ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
_REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1"),
    *("ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2"),
    *("eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
"""Those that every account has."""


class Fronts(Stores):
    """Twenty services behind a load balancer; each service scales, each function has versions."""

    # -- APIs -------------------------------------------------------------------------------------

    def apigateway_get_rest_apis(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("api", self.size.apis, params, "position", 500)
        apis = [
            {"id": name, "name": name, "createdDate": WHEN, "apiKeySource": "HEADER"}
            for name in names
        ]
        return {"item": apis, "position": token}

    def apigateway_get_rest_api(self, params: Mapping[str, Any]) -> Any:
        id = params["restApiId"]
        self._known_api(id)
        return {"id": id, "name": id, "createdDate": WHEN, "apiKeySource": "HEADER"}

    def apigateway_get_stages(self, params: Mapping[str, Any]) -> Any:
        self._known_api(params["restApiId"])
        stage = {
            "stageName": "prod",
            "deploymentId": "d",
            "tracingEnabled": True,
            "methodSettings": {},
            "createdDate": WHEN,
        }
        return {"item": [stage]}

    def apigateway_get_resources(self, params: Mapping[str, Any]) -> Any:
        self._known_api(params["restApiId"])
        resources = [
            {
                "id": f"r{n}",
                "path": f"/things/{n}",
                "resourceMethods": {
                    "GET": {
                        "methodIntegration": {
                            "type": "AWS_PROXY",
                            "uri": self._uri(params["restApiId"]),
                        }
                    }
                },
            }
            for n in range(5)
        ]
        return {"item": resources}

    def _uri(self, api: str) -> str:
        name = f"function-{self._number(api):06}"
        path = f"2015-03-31/functions/{self.function_arn(name)}/invocations"
        return f"arn:aws:apigateway:{REGION}:lambda:path/{path}"

    def apigateway_get_documentation_parts(self, params: Mapping[str, Any]) -> Any:
        self._known_api(params["restApiId"])
        parts = [
            {
                "id": f"d{n}",
                "location": {"type": "METHOD", "method": "GET", "path": f"/things/{n}"},
                "properties": '{"description": "One of the things."}',
            }
            for n in range(5)
        ]
        return {"item": parts}

    def _known_api(self, id: str) -> None:
        if not self.has(id, self.size.apis):
            raise Refused("NotFoundException", 404)

    # -- load balancers ---------------------------------------------------------------------------

    @property
    def balancers(self) -> int:
        return max(1, self.size.services // BEHIND_ONE)

    def _balancer(self, name: str) -> str:
        return f"{_ELB}:loadbalancer/app/{name}/0123456789abcdef"

    def group_of(self, service: str) -> str:
        number = self._number(service)
        return f"{_ELB}:targetgroup/group-{number:06}/{number:016x}"

    def elbv2_describe_load_balancers(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("front", self.balancers, params, "Marker", 400)
        return {
            "LoadBalancers": [
                {
                    "LoadBalancerArn": self._balancer(name),
                    "LoadBalancerName": name,
                    "DNSName": f"{name}.elb.amazonaws.com",
                    "CreatedTime": datetime(2026, 1, 1, tzinfo=UTC),
                    "Scheme": "internet-facing",
                    "Type": "application",
                    "VpcId": "vpc-1",
                    "State": {"Code": "active"},
                    "AvailabilityZones": [
                        {"ZoneName": f"{REGION}{zone}", "SubnetId": f"subnet-{n}"}
                        for n, zone in enumerate("abc")
                    ],
                    "SecurityGroups": [],
                }
                for name in names
            ],
            "NextMarker": token,
        }

    def elbv2_describe_target_groups(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("service", self.size.services, params, "Marker", 400)
        if asked := params.get("TargetGroupArns"):
            names, token = [f"service-{self._number(a.split('/')[1]):06}" for a in asked], None
        return {
            "TargetGroups": [self._group(name) for name in names],
            "NextMarker": token,
        }

    def _group(self, service: str) -> dict[str, Any]:
        number = self._number(service)
        front = self.first + (number - self.first) // BEHIND_ONE % self.balancers
        return {
            "TargetGroupArn": self.group_of(service),
            "TargetGroupName": f"group-{number:06}",
            "Protocol": "HTTP",
            "Port": 8080,
            "VpcId": "vpc-1",
            "TargetType": "ip",
            "HealthCheckEnabled": True,
            "HealthCheckProtocol": "HTTP",
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 15,
            "HealthCheckTimeoutSeconds": 5,
            "HealthyThresholdCount": 3,
            "UnhealthyThresholdCount": 3,
            "Matcher": {"HttpCode": "200"},
            "LoadBalancerArns": [self._balancer(f"front-{front:06}")],
        }

    def elbv2_describe_target_health(self, params: Mapping[str, Any]) -> Any:
        number = self._number(params["TargetGroupArn"].split("/")[1])
        return {
            "TargetHealthDescriptions": [
                {
                    "Target": {
                        "Id": f"10.{zone}.{number // 250 % 250}.{number % 250}",
                        "Port": 8080,
                        "AvailabilityZone": f"{REGION}{'ab'[zone]}",
                    },
                    "TargetHealth": {"State": "healthy"},
                }
                for zone in range(2)
            ]
        }

    def elbv2_describe_target_group_attributes(self, params: Mapping[str, Any]) -> Any:
        return {
            "Attributes": [
                {"Key": "deregistration_delay.timeout_seconds", "Value": "60"},
                {"Key": "load_balancing.algorithm.anomaly_mitigation", "Value": "off"},
            ]
        }

    def elbv2_describe_load_balancer_attributes(self, params: Mapping[str, Any]) -> Any:
        return {"Attributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "60"}]}

    def fronts(self) -> Iterator[dict[str, str]]:
        for name in self.names("front", self.balancers):
            yield {"LoadBalancer": self._balancer(name).partition("loadbalancer/")[2]}
        for name in self.names("service", self.size.services):
            group = self._group(name)
            balancer = group["LoadBalancerArns"][0].partition("loadbalancer/")[2]
            target = group["TargetGroupArn"].rpartition(":")[2]
            yield {"LoadBalancer": balancer, "TargetGroup": target}

    # -- scaling ----------------------------------------------------------------------------------

    def _scaled(self, params: Mapping[str, Any]) -> tuple[list[str], str | None]:
        if params["ServiceNamespace"] != "ecs":
            return [], None
        return self.page("service", self.size.services, params, "NextToken", 50)

    def applicationautoscaling_describe_scalable_targets(self, params: Mapping[str, Any]) -> Any:
        names, token = self._scaled(params)
        return {
            "ScalableTargets": [
                {
                    "ServiceNamespace": "ecs",
                    "ResourceId": f"service/main/{name}",
                    "ScalableDimension": "ecs:service:DesiredCount",
                    "MinCapacity": 2,
                    "MaxCapacity": 10,
                    "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/scaling",
                    "CreationTime": WHEN,
                }
                for name in names
            ],
            "NextToken": token,
        }

    def applicationautoscaling_describe_scheduled_actions(self, _: Mapping[str, Any]) -> Any:
        return {"ScheduledActions": []}

    def applicationautoscaling_describe_scaling_policies(self, params: Mapping[str, Any]) -> Any:
        names, token = self._scaled(params)
        return {
            "ScalingPolicies": [
                {
                    "PolicyName": f"cpu-{name}",
                    "PolicyARN": f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{name}",
                    "ServiceNamespace": "ecs",
                    "ResourceId": f"service/main/{name}",
                    "ScalableDimension": "ecs:service:DesiredCount",
                    "PolicyType": "TargetTrackingScaling",
                    "CreationTime": WHEN,
                }
                for name in names
            ],
            "NextToken": token,
        }

    # -- versions and revisions -------------------------------------------------------------------

    def lambda_list_versions_by_function(self, params: Mapping[str, Any]) -> Any:
        name = params["FunctionName"]
        if not self.has(name, self.size.functions):
            raise Refused("ResourceNotFoundException", 404)
        about = {"FunctionName": name, "LastModified": "2026-01-01T00:00:00.000+0000"}
        versions = [{**about, "Version": version} for version in ("$LATEST", "1", "2", "3")]
        return {"Versions": versions}

    def lambda_list_provisioned_concurrency_configs(self, params: Mapping[str, Any]) -> Any:
        return {"ProvisionedConcurrencyConfigs": []}

    def lambda_get_function_recursion_config(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["FunctionName"], self.size.functions):
            raise Refused("ResourceNotFoundException", 404)
        return {"RecursiveLoop": "Terminate"}

    def lambda_get_function_concurrency(self, params: Mapping[str, Any]) -> Any:
        return {}

    def lambda_get_runtime_management_config(self, params: Mapping[str, Any]) -> Any:
        return {"UpdateRuntimeOn": "Auto"}

    def ecs_list_service_deployments(self, params: Mapping[str, Any]) -> Any:
        name = params["service"].rpartition("/")[2]
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-deployment/main/{name}/1"
        made = {"serviceDeploymentArn": arn, "createdAt": WHEN, "status": "SUCCESSFUL"}
        return {"serviceDeployments": [made]}

    def ecs_describe_service_deployments(self, params: Mapping[str, Any]) -> Any:
        return {
            "serviceDeployments": [
                {
                    "serviceDeploymentArn": arn,
                    "serviceArn": arn.replace("service-deployment", "service")[:-2],
                    "status": "SUCCESSFUL",
                    "createdAt": WHEN,
                    "finishedAt": WHEN + 600,
                    "sourceServiceRevisions": [
                        {"arn": arn.replace("service-deployment", "service-revision")}
                    ],
                }
                for arn in params["serviceDeploymentArns"]
            ]
        }

    def ecs_describe_service_revisions(self, params: Mapping[str, Any]) -> Any:
        return {
            "serviceRevisions": [
                {
                    "serviceRevisionArn": arn,
                    "taskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/"
                    f"{arn.split('/')[2]}:1",
                    "containerImages": [],
                }
                for arn in params["serviceRevisionArns"]
            ]
        }

    def ecs_list_task_definitions(self, params: Mapping[str, Any]) -> Any:
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/"
        return {"taskDefinitionArns": [f"{arn}{params['familyPrefix']}:1"]}

    # -- the account ------------------------------------------------------------------------------

    def account_get_contact_information(self, params: Mapping[str, Any]) -> Any:
        return {"ContactInformation": {"FullName": "The Shop", "PhoneNumber": "+4930901820"}}

    def account_get_alternate_contact(self, params: Mapping[str, Any]) -> Any:
        contact = {"Name": "Ops", "EmailAddress": "ops@example.com", "PhoneNumber": "+4930901820"}
        return {"AlternateContact": {**contact, "AlternateContactType": "OPERATIONS"}}

    def ec2_describe_regions(self, params: Mapping[str, Any]) -> Any:
        about = {"OptInStatus": "opt-in-not-required"}
        return {"Regions": [{"RegionName": name, **about} for name in _REGIONS]}

    def ec2_describe_availability_zones(self, params: Mapping[str, Any]) -> Any:
        return {
            "AvailabilityZones": [
                {
                    "ZoneName": f"{REGION}{zone}",
                    "ZoneId": f"use1-az{n}",
                    "State": "available",
                    "ZoneType": "availability-zone",
                    "OptInStatus": "opt-in-not-required",
                }
                for n, zone in enumerate("abc", 1)
            ]
        }

    def s3_get_bucket_versioning(self, params: Mapping[str, Any]) -> Any:
        if not self.has(params["Bucket"], self.size.buckets):
            raise Refused("NoSuchBucket", 404)
        return {"Status": "Enabled"}
