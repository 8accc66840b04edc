"""What watches over a vast account: Inspector, Macie, Security Hub, stacks, networks, tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.vast_numbers import ACCOUNT, REGION, Refused
from tests.benchmarks.vast_surroundings import WHEN, Surroundings

MADE = datetime(2026, 1, 1, tzinfo=UTC)
SUBNETS = 6


class Estate(Surroundings):
    """A stack for ten functions, two network interfaces a service, all scanned.

    One function in twenty has a URL.
    """

    @property
    def tens(self) -> int:
        return max(2, self.size.functions // 10)

    # -- Inspector, Macie, Security Hub, Access Analyzer ------------------------------------------

    def inspector2_batch_get_account_status(self, params: Mapping[str, Any]) -> Any:
        kinds = ("ec2", "ecr", "lambda", "lambdaCode", "codeRepository")
        state = {kind: {"status": "ENABLED"} for kind in kinds}
        about = {"accountId": ACCOUNT, "state": {"status": "ENABLED"}, "resourceState": state}
        return {"accounts": [about], "failedAccounts": []}

    def _scanned(self, criteria: Mapping[str, Any]) -> list[str]:
        asked = [each["value"] for each in criteria.get("lambdaFunctionName") or ()]
        return [name for name in asked if self.has(name, self.size.functions)]

    def _version(self, name: str) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:$LATEST"

    def inspector2_list_coverage(self, params: Mapping[str, Any]) -> Any:
        return {
            "coveredResources": [
                {
                    "accountId": ACCOUNT,
                    "resourceId": self._version(name),
                    "resourceType": "AWS_LAMBDA_FUNCTION",
                    "scanType": "PACKAGE",
                    "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
                    "lastScannedAt": WHEN,
                }
                for name in self._scanned(params["filterCriteria"])
            ]
        }

    def inspector2_list_findings(self, params: Mapping[str, Any]) -> Any:
        return {
            "findings": [
                {
                    "findingArn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{name}",
                    "awsAccountId": ACCOUNT,
                    "type": "PACKAGE_VULNERABILITY",
                    "title": "CVE-2026-0001 - library",
                    "severity": "HIGH",
                    "status": "ACTIVE",
                    "firstObservedAt": WHEN,
                    "exploitAvailable": "NO",
                    "resources": [{"type": "AWS_LAMBDA_FUNCTION", "id": self._version(name)}],
                }
                for name in self._scanned(params["filterCriteria"])
                if name.endswith("0")
            ]
        }

    def macie2_get_macie_session(self, params: Mapping[str, Any]) -> Any:
        return {"status": "ENABLED"}

    def macie2_get_automated_discovery_configuration(self, params: Mapping[str, Any]) -> Any:
        return {"status": "ENABLED"}

    def macie2_list_automated_discovery_accounts(self, params: Mapping[str, Any]) -> Any:
        return {"items": [{"accountId": ACCOUNT, "status": "ENABLED"}]}

    def macie2_describe_buckets(self, params: Mapping[str, Any]) -> Any:
        asked = (params["criteria"].get("bucketName") or {}).get("eq")
        token = None
        if asked is None:
            names, token = self.page("bucket", self.size.buckets, params, "nextToken", 50)
        else:
            names = [name for name in asked if self.has(name, self.size.buckets)]
        buckets = [
            {
                "accountId": ACCOUNT,
                "bucketName": name,
                "objectCount": 1000,
                "automatedDiscoveryMonitoringStatus": "MONITORED",
                "jobDetails": {"isMonitoredByJob": "FALSE"},
                "sensitivityScore": 1,
            }
            for name in names
        ]
        return {"buckets": buckets, "nextToken": token}

    def securityhub_get_findings(self, params: Mapping[str, Any]) -> Any:
        return {"Findings": []}

    def securityhub_get_findings_v2(self, params: Mapping[str, Any]) -> Any:
        return {"Findings": []}

    def securityhub_get_enabled_standards(self, params: Mapping[str, Any]) -> Any:
        return {"StandardsSubscriptions": []}

    def auditmanager_get_account_status(self, params: Mapping[str, Any]) -> Any:
        return {"status": "INACTIVE"}

    def ssm_get_service_setting(self, params: Mapping[str, Any]) -> Any:
        setting = {
            "SettingId": params["SettingId"],
            "SettingValue": "Disable",
            "Status": "Default",
        }
        return {"ServiceSetting": setting}

    # -- stacks, tables, function URLs ------------------------------------------------------------

    def cloudformation_list_stacks(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("stack", self.tens, params, "NextToken", 100)
        return {"StackSummaries": list(map(self._stack, names)), "NextToken": token}

    def cloudformation_describe_stacks(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page("stack", self.tens, params, "NextToken", 100)
        if (asked := params.get("StackName")) is not None:
            if not self.has(asked, self.tens):
                raise Refused("ValidationError", 400, f"Stack with id {asked} does not exist")
            names, token = [asked], None
        more = {
            "Parameters": [
                {"ParameterKey": f"Setting{n}", "ParameterValue": f"value-{n}"} for n in range(8)
            ],
            "Outputs": [{"OutputKey": "Endpoint", "OutputValue": "https://service.example/"}],
        }
        return {"Stacks": [self._stack(name) | more for name in names], "NextToken": token}

    def _stack(self, name: str) -> dict[str, Any]:
        return {
            "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1",
            "StackName": name,
            "CreationTime": MADE,
            "StackStatus": "CREATE_COMPLETE",
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        }

    def dynamodb_list_tables(self, params: Mapping[str, Any]) -> Any:
        names, token = self.page(
            "table",
            self.size.tables,
            {"from": self._after(params)},
            "from",
            params.get("Limit", 100),
        )
        return {"TableNames": names, "LastEvaluatedTableName": names[-1] if token else None}

    def _after(self, params: Mapping[str, Any]) -> int:
        """How many tables come up to the last of the page before."""
        last = params.get("ExclusiveStartTableName")
        return max(0, self._number(last) - self.first + 1) if last else 0

    def dynamodb_describe_table(self, params: Mapping[str, Any]) -> Any:
        name = params["TableName"]
        if not self.has(name, self.size.tables):
            raise Refused("ResourceNotFoundException", 400)
        return {
            "Table": {
                "TableName": name,
                "TableArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}",
                "TableStatus": "ACTIVE",
                "CreationDateTime": WHEN,
                "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "ItemCount": 1000,
                "TableSizeBytes": 123456,
            }
        }

    def lambda_list_function_url_configs(self, params: Mapping[str, Any]) -> Any:
        name = params["FunctionName"]
        if self._number(name) % 20:
            return {"FunctionUrlConfigs": []}
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        url = {
            "FunctionUrl": f"https://{name}.lambda-url.{REGION}.on.aws/",
            "FunctionArn": arn,
            "AuthType": "NONE",
            "CreationTime": "2026-01-01T00:00:00.000Z",
            "LastModifiedTime": "2026-01-01T00:00:00.000Z",
        }
        return {"FunctionUrlConfigs": [url]}

    # -- networks ---------------------------------------------------------------------------------

    def network(self, name: str) -> dict[str, Any]:
        """The network of a function; one in five has one."""
        number = self._number(name)
        if number % 5:
            return {}
        groups = max(1, self.size.services)
        return {
            "VpcConfig": {
                "VpcId": "vpc-1",
                "SubnetIds": [f"subnet-{n}" for n in range(SUBNETS)],
                "SecurityGroupIds": [f"sg-{self.first + number % groups:06}"],
            }
        }

    def route53_list_hosted_zones_by_vpc(self, params: Mapping[str, Any]) -> Any:
        return {"HostedZoneSummaries": []}

    def route53profiles_list_profile_associations(self, params: Mapping[str, Any]) -> Any:
        return {"ProfileAssociations": []}

    def ec2_describe_vpc_attribute(self, params: Mapping[str, Any]) -> Any:
        name = params["Attribute"]
        return {"VpcId": params["VpcId"], f"E{name[1:]}": {"Value": True}}

    def ec2_describe_subnets(self, params: Mapping[str, Any]) -> Any:
        subnets = [
            {
                "SubnetId": f"subnet-{n}",
                "VpcId": "vpc-1",
                "AvailabilityZone": f"{REGION}{'abc'[n % 3]}",
                "CidrBlock": f"10.{n}.0.0/16",
                "MapPublicIpOnLaunch": False,
                "State": "available",
                "OwnerId": ACCOUNT,
            }
            for n in range(SUBNETS)
        ]
        return {"Subnets": subnets}

    def ec2_describe_route_tables(self, params: Mapping[str, Any]) -> Any:
        local = {
            "DestinationCidrBlock": "10.0.0.0/8",
            "GatewayId": "local",
            "State": "active",
            "Origin": "CreateRouteTable",
        }
        main = {"Main": True, "RouteTableId": "rtb-1", "RouteTableAssociationId": "rtbassoc-1"}
        table = {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [local]}
        return {"RouteTables": [{**table, "Associations": [main], "OwnerId": ACCOUNT}]}

    def ec2_describe_network_interfaces(self, params: Mapping[str, Any]) -> Any:
        count = 2 * self.size.services
        names, token = self.page("eni", count, params, "NextToken", params.get("MaxResults", 1000))
        interfaces = [
            {
                "NetworkInterfaceId": name,
                "VpcId": "vpc-1",
                "SubnetId": f"subnet-{self._number(name) % SUBNETS}",
                "InterfaceType": "interface",
                "Status": "in-use",
                "OwnerId": ACCOUNT,
                "Groups": [
                    {"GroupId": f"sg-{self.first + (self._number(name) - self.first) // 2:06}"}
                ],
            }
            for name in names
        ]
        return {"NetworkInterfaces": interfaces, "NextToken": token}
