"""What is asked of Inspector, Access Analyzer, ECR and S3, and how their answers are read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.security_validation.app import security_validation
from readiness import Status
from readiness.engine.aws import Aws
from readiness.evidence.accessanalyzer import ArchiveRules, ExternalAccess, ExternalAnalyzers
from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.dynamodb.tables import TABLE, TableEncryption
from readiness.evidence.ecs.services import SERVICE as SERVICE_TYPE
from readiness.evidence.inspector2 import FunctionScan, InspectorStatus
from readiness.evidence.s3.account import AccountPublicAccessBlock
from readiness.evidence.s3.buckets import BUCKET
from readiness.evidence.s3.objects import NewestObjects
from readiness.evidence.workloads.attack_surface import AttackSurface
from readiness.evidence.workloads.image_scans import BASIC, ImageScans, registry_of
from readiness.model.evidence import ACCOUNT, REGION, ResourceType
from readiness.model.unreadable import Cause, Unreadable
from tests.accounts.exposed import WAREHOUSE, app_runner
from tests.accounts.security_validation import (
    DIGEST,
    FUNCTION_ARN,
    IMAGE,
    INDEX,
    KEY,
    LATELY,
    LONG_AGO,
    REPOSITORY,
    SEARCH,
    SERVICE,
    TASK,
    account_status,
    analyzer,
    basic_scan,
    covered,
    distributions,
    fake_account,
    index,
    vulnerability,
    with_basic_scans,
)
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, scan


def load(
    cls: type[Any],
    about: ResourceType,
    id: str,
    account: FakeAccount | None = None,
    *,
    bulk: bool = False,
    **settings: Any,
) -> Any:
    aws = Aws(
        account or fake_account(), account=ACCOUNT_ID, region=HOME, now=lambda: NOON, bulk=bulk
    )  # type: ignore[arg-type]
    return aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id), settings).evidence


# -- Inspector ------------------------------------------------------------------------------------


def test_the_status_is_that_of_the_own_account():
    status = load(InspectorStatus, REGION, ACCOUNT_ID)
    assert status == InspectorStatus("ENABLED", "ENABLED", "ENABLED")


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("ACCESS_DENIED", Cause.ACCESS_DENIED),
        ("ACCOUNT_IS_ISOLATED", Cause.UNEXPECTED_ANSWER),
    ],
)
def test_an_account_that_inspector_does_not_tell_of_is_unreadable(code, cause):
    failed = {"accountId": ACCOUNT_ID, "errorCode": code, "errorMessage": "no"}
    account = fake_account().but(
        inspector2__batch_get_account_status={"accounts": [], "failedAccounts": [failed]}
    )
    with pytest.raises(Unreadable) as raised:
        load(InspectorStatus, REGION, ACCOUNT_ID, account)
    assert (raised.value.cause, raised.value.code) == (cause, code)
    assert raised.value.action == "inspector2:BatchGetAccountStatus"


@pytest.mark.parametrize("bulk", [False, True])
def test_nothing_more_is_asked_of_an_inspector_that_is_off(bulk):
    account = fake_account().but(
        inspector2__batch_get_account_status=account_status(state="DISABLED")
    )
    found = load(FunctionScan, FUNCTION, "agent", account, bulk=bulk)
    assert found.scan.status == "DISABLED"
    assert ("inspector2", "list_coverage") not in account.calls
    assert ("inspector2", "list_findings") not in account.calls


@pytest.mark.parametrize("bulk", [False, True])
def test_functions_are_asked_for_by_name(bulk):
    asked: list[dict[str, Any]] = []

    def list_coverage(*, filterCriteria: Any) -> dict[str, Any]:  # noqa: N803
        asked.append(filterCriteria)
        return {"coveredResources": []}

    account = fake_account().but(inspector2__list_coverage=list_coverage)
    load(FunctionScan, FUNCTION, "agent", account, bulk=bulk)
    [criteria] = asked
    assert criteria["lambdaFunctionName"] == [{"comparison": "EQUALS", "value": "agent"}]
    assert criteria["accountId"] == [{"comparison": "EQUALS", "value": ACCOUNT_ID}]


@pytest.mark.parametrize("bulk", [False, True])
def test_only_the_unpublished_version_and_packages_count(bulk):
    kind = "AWS_LAMBDA_FUNCTION"
    inactive = {"statusCode": "INACTIVE", "reason": "EXCLUDED_BY_TAG"}
    account = fake_account().but(
        inspector2__list_coverage={
            "coveredResources": [
                covered(f"{FUNCTION_ARN}:3", kind, scanStatus=inactive),
                covered(f"{FUNCTION_ARN}:$LATEST", kind, scanType="CODE", scanStatus=inactive),
                covered(f"{FUNCTION_ARN}:$LATEST", kind),
            ]
        },
        inspector2__list_findings={
            "findings": [
                vulnerability(f"{FUNCTION_ARN}:3", kind, severity="CRITICAL"),
                vulnerability(f"{FUNCTION_ARN}:$LATEST", kind, exploitAvailable="YES"),
            ]
        },
    )
    found = load(FunctionScan, FUNCTION, "agent", account, bulk=bulk).scan
    assert [(each.code, each.scanned) for each in found.coverage] == [("ACTIVE", LATELY)]
    assert [(each.severity, each.exploitable) for each in found.findings] == [("HIGH", True)]


@pytest.mark.parametrize(
    ("given", "fixed"), [({"fixAvailable": "NO"}, False), ({"fixAvailable": "PARTIAL"}, True)]
)
def test_what_nobody_can_repair_yet_is_told_apart(given, fixed):
    kind, arn = "AWS_LAMBDA_FUNCTION", f"{FUNCTION_ARN}:$LATEST"
    account = fake_account().but(
        inspector2__list_findings={"findings": [vulnerability(arn, kind, **given)]}
    )
    [finding] = load(FunctionScan, FUNCTION, "agent", account).scan.findings
    assert finding.has_fix is fixed


# -- images ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "once"),
    [
        ({"scanStatus": {"statusCode": "ACTIVE", "reason": "SCAN_FREQUENCY_SCAN_ON_PUSH"}}, True),
        (
            {
                "resourceMetadata": {
                    "ecrRepository": {"name": "w", "scanFrequency": "SCAN_ON_PUSH"}
                }
            },
            True,
        ),
        (
            {
                "resourceMetadata": {
                    "ecrRepository": {"name": "w", "scanFrequency": "CONTINUOUS_SCAN"}
                }
            },
            False,
        ),
    ],
)
def test_an_image_that_is_scanned_only_when_it_is_pushed(given, once):
    def listed(*, filterCriteria: Any) -> dict[str, Any]:  # noqa: N803
        wanted = [each["value"] for each in filterCriteria["resourceId"]]
        kind = "AWS_ECR_CONTAINER_IMAGE"
        return {"coveredResources": [covered(arn, kind, **given) for arn in wanted]}

    account = fake_account().but(inspector2__list_coverage=listed)
    [image] = load(ImageScans, SERVICE_TYPE, SERVICE, account).images
    assert {each.is_once for each in image.scan.coverage} == {once}


@pytest.mark.parametrize("bulk", [False, True])
def test_an_index_is_judged_by_the_images_in_it(bulk):
    found = load(ImageScans, SERVICE_TYPE, SERVICE, bulk=bulk)
    [image] = found.images
    assert (image.image, image.digest, image.registry) == (IMAGE, INDEX, "")
    assert [each.resource for each in image.scan.coverage] == [f"{REPOSITORY}/{DIGEST}"]
    assert [each.severity for each in image.scan.findings] == ["HIGH"]


def test_an_index_without_a_scanned_image_is_not_scanned():
    account = fake_account().but(ecr__batch_get_image=index(("linux", "sha256:" + "c" * 64)))
    [image] = load(ImageScans, SERVICE_TYPE, SERVICE, account).images
    assert image.scan.coverage == ()


def running(*images: tuple[str, str]) -> FakeAccount:
    task = {
        "taskArn": TASK,
        "group": "service:agent",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "containers": [
            {"name": "web", "image": image} | ({"imageDigest": digest} if digest else {})
            for image, digest in images
        ],
    }
    return fake_account().but(ecs__describe_tasks={"tasks": [task]})


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("nginx:1", "docker.io"),
        ("library/nginx", "docker.io"),
        ("public.ecr.aws/nginx/nginx:1", "public.ecr.aws"),
        (
            f"444455556666.dkr.ecr.{HOME}.amazonaws.com/web:1",
            f"444455556666.dkr.ecr.{HOME}.amazonaws.com",
        ),
        (
            f"{ACCOUNT_ID}.dkr.ecr.eu-west-1.amazonaws.com/web:1",
            f"{ACCOUNT_ID}.dkr.ecr.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_images_from_elsewhere_are_not_asked_for(image, registry):
    account = running((image, DIGEST))
    [found] = load(ImageScans, SERVICE_TYPE, SERVICE, account).images
    assert (found.registry, found.scan) == (registry, None)
    assert registry_of(image) == registry
    assert ("inspector2", "batch_get_account_status") not in account.calls


@pytest.mark.parametrize(
    "image",
    [
        f"{ACCOUNT_ID}.dkr.ecr.{HOME}.amazonaws.com/agent@{DIGEST}",
        f"{ACCOUNT_ID}.dkr.ecr-fips.{HOME}.amazonaws.com/agent:7",
        f"{ACCOUNT_ID}.dkr-ecr.{HOME}.on.aws/agent:7",
    ],
)
def test_every_spelling_of_the_own_registry(image):
    [found] = load(ImageScans, SERVICE_TYPE, SERVICE, running((image, DIGEST))).images
    assert [each.code for each in found.scan.coverage] == ["ACTIVE"]


def test_an_image_runs_since_the_first_of_its_tasks_began():
    tasks = [
        {
            "taskArn": f"{TASK}{number}",
            "group": "service:agent",
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "containers": [{"name": "web", "image": IMAGE, "imageDigest": DIGEST}],
        }
        | times
        for number, times in enumerate(
            ({"startedAt": LATELY}, {"createdAt": LONG_AGO}, {"createdAt": NOON}, {})
        )
    ]
    account = fake_account().but(ecs__describe_tasks={"tasks": tasks})
    [image] = load(ImageScans, SERVICE_TYPE, SERVICE, account).images
    assert image.since == LONG_AGO


def test_an_image_without_a_digest_is_named():
    found = load(ImageScans, SERVICE_TYPE, SERVICE, running((IMAGE, ""), (IMAGE, DIGEST)))
    assert found.unresolved == (IMAGE,)
    assert len(found.images) == 1


def test_a_basic_scan_counts_where_inspector_scans_no_images():
    [image] = load(ImageScans, SERVICE_TYPE, SERVICE, with_basic_scans()).images
    assert image.scan.status == BASIC
    assert [(each.title, each.since) for each in image.scan.findings] == [
        ("2 of severity HIGH", LATELY)
    ]


@pytest.mark.parametrize(
    "code", ["ScanNotFoundException", "ImageNotFoundException", "RepositoryNotFoundException"]
)
def test_no_basic_scan_is_no_scan(code):
    account = with_basic_scans().but(ecr__describe_image_scan_findings=error(code))
    [image] = load(ImageScans, SERVICE_TYPE, SERVICE, account).images
    assert (image.scan.status, image.scan.coverage) == ("DISABLED", ())


def test_a_scan_without_vulnerabilities_is_a_scan():
    account = with_basic_scans().but(ecr__describe_image_scan_findings=basic_scan())
    [image] = load(ImageScans, SERVICE_TYPE, SERVICE, account).images
    assert [each.code for each in image.scan.coverage] == ["ACTIVE"]
    assert image.scan.findings == ()


# -- Access Analyzer --------------------------------------------------------------------------------


def finding(id: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "resource": f"arn:aws:s3:::{id}",
        "resourceType": "AWS::S3::Bucket",
        "resourceOwnerAccount": ACCOUNT_ID,
        "status": "ACTIVE",
        "createdAt": LATELY,
        "updatedAt": NOON,
        "analyzedAt": NOON,
        "findingType": "ExternalAccess",
    } | more


def list_findings(*, filter: Any, **_: Any) -> dict[str, Any]:
    assert filter["status"] == {"eq": ["ACTIVE"]}
    found = [finding("open"), finding("web")]
    return {"findings": found[1:] if "isPublic" in filter else found}


def test_which_findings_are_public_is_asked_for():
    account = fake_account().but(accessanalyzer__list_findings_v2=list_findings)
    found = load(ExternalAccess, REGION, ACCOUNT_ID, account)
    assert {each.id: each.is_public for each in found.findings} == {"open": False, "web": True}
    assert account.calls.count(("accessanalyzer", "list_findings_v2")) == 2


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"type": "ACCOUNT_UNUSED_ACCESS"}, id="of unused access"),
        pytest.param({"type": "ORGANIZATION_INTERNAL_ACCESS"}, id="of internal access"),
        pytest.param({"status": "FAILED"}, id="that failed"),
    ],
)
def test_other_analyzers_are_not_asked(changes):
    account = fake_account().but(
        accessanalyzer__list_analyzers={"analyzers": [analyzer(**changes)]}
    )
    assert load(ExternalAnalyzers, REGION, ACCOUNT_ID, account).active == ()
    assert load(ExternalAccess, REGION, ACCOUNT_ID, account).analyzers == ()
    assert load(ArchiveRules, REGION, ACCOUNT_ID, account).analyzers == ()
    assert ("accessanalyzer", "list_findings_v2") not in account.calls


def test_an_archive_rule_has_its_filter():
    rule = {
        "ruleName": "web",
        "filter": {"resource": {"eq": ["arn:aws:s3:::web"]}},
        "createdAt": LONG_AGO,
        "updatedAt": LONG_AGO,
    }
    account = fake_account().but(accessanalyzer__list_archive_rules={"archiveRules": [rule]})
    [found] = load(ArchiveRules, REGION, ACCOUNT_ID, account).rules
    assert (found.analyzer, found.name) == ("external", "web")
    assert found.criteria["resource"]["eq"] == ["arn:aws:s3:::web"]


# -- S3 and stores ------------------------------------------------------------------------------------


def test_an_account_without_a_block_has_all_four_off():
    account = fake_account().but(
        s3control__get_public_access_block=error("NoSuchPublicAccessBlockConfiguration", 404)
    )
    assert len(load(AccountPublicAccessBlock, ACCOUNT, ACCOUNT_ID, account).off) == 4
    assert load(AccountPublicAccessBlock, ACCOUNT, ACCOUNT_ID).off == ()


def test_the_newest_objects_are_described():
    found = load(NewestObjects, BUCKET, "data", sample_objects=2)
    assert [each.name for each in found.objects] == ["0.json", "1.json"]
    assert {(each.algorithm, each.kms_key) for each in found.objects} == {("aws:kms", KEY)}
    assert found.is_complete


def test_an_object_with_the_writers_key_is_not_described():
    account = fake_account().but(s3__head_object=error("400", 400))
    found = load(NewestObjects, BUCKET, "data", account, sample_objects=1)
    assert [each.algorithm for each in found.objects] == [""]


def test_replicas_have_keys_of_their_own():
    table = {
        "TableName": "orders",
        "TableStatus": "ACTIVE",
        "Replicas": [
            {"RegionName": "eu-west-1", "ReplicaStatus": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"},
            {"RegionName": "eu-central-1", "ReplicaStatus": "ACTIVE", "KMSMasterKeyId": KEY},
            {"RegionName": "us-west-2", "ReplicaStatus": "ARCHIVED"},
        ],
    }
    account = fake_account().but(dynamodb__describe_table={"Table": table})
    found = load(TableEncryption, TABLE, "orders", account)
    assert found.replicas == {"eu-west-1": "", "eu-central-1": KEY, "us-west-2": ""}
    assert found.unusable == ("eu-west-1", "us-west-2")


# -- what the internet reaches ------------------------------------------------------------------------


def test_what_the_internet_reaches():
    found = load(AttackSurface, REGION, ACCOUNT_ID)
    assert {each.name for each in found.entry_points} == {
        "load balancer w",
        "Classic Load Balancer old",
        "REST API orders (a1b2c3)",
        "API web (d4e5f6)",
        "function URL of agent",
        "OpenSearch domain search",
    }
    assert found.undated == {"distributions": ("E1ABCDEF",), "graphql_apis": ("gql1",)}


def test_what_else_it_reaches_since_when():
    event_api = {"apiId": "ev1", "name": "chat", "created": LATELY}
    account = fake_account().but(
        apprunner__describe_service=app_runner(public=True),
        appsync__list_apis={"apis": [event_api]},
        rds__describe_db_instances={
            "DBInstances": [
                {"DBInstanceIdentifier": "db", "PubliclyAccessible": True},
                {"DBInstanceIdentifier": "own", "PubliclyAccessible": False},
                {
                    "DBInstanceIdentifier": "application-autoscaling-0a1b",
                    "PubliclyAccessible": True,
                },
            ]
        },
        redshift__describe_clusters={"Clusters": [WAREHOUSE | {"PubliclyAccessible": True}]},
        transfer__list_servers={
            "Servers": [
                {"Arn": FUNCTION_ARN, "ServerId": f"s-{n:017}", "EndpointType": kind}
                for n, kind in enumerate(("PUBLIC", "VPC", "VPC_ENDPOINT"))
            ]
        },
    )
    account.answers["cognito-identity", "describe_identity_pool"] = {
        "IdentityPoolId": f"{HOME}:1",
        "IdentityPoolName": "shop",
        "AllowUnauthenticatedIdentities": True,
    }
    found = load(AttackSurface, REGION, ACCOUNT_ID, account)
    opened = {each.name: each.opened for each in found.entry_points}
    assert (
        opened.items()
        >= {
            "App Runner service shop": NOON,
            "Event API chat (ev1)": LATELY,
            "OpenSearch domain search": LONG_AGO,
            "database db": NOON,
            "Redshift cluster dwh": NOON,
        }.items()
    )
    assert [each for each in opened if each.startswith("database")] == ["database db"]
    assert found.undated["identity_pools"] == (f"{HOME}:1",)
    assert found.undated["transfer_servers"] == (f"s-{0:017}", f"s-{1:017}")


def test_a_part_of_the_surface_that_is_not_read_leaves_none_of_it():
    account = fake_account().but(mq__list_brokers=error("AccessDeniedException", 403))
    with pytest.raises(Unreadable, match="mq:ListBrokers"):
        load(AttackSurface, REGION, ACCOUNT_ID, account)


def test_what_it_does_not_reach():
    private = {
        "id": "p",
        "name": "inner",
        "createdDate": NOON,
        "endpointConfiguration": {"types": ["PRIVATE"]},
    }
    url = {
        "FunctionUrl": "https://abc.lambda-url.us-east-1.on.aws/",
        "FunctionArn": FUNCTION_ARN,
        "CreationTime": "2026-10-10T12:00:00.000Z",
        "LastModifiedTime": "2026-10-10T12:00:00.000Z",
        "AuthType": "AWS_IAM",
    }
    balancer = {
        "LoadBalancerName": "inner",
        "Scheme": "internal",
        "CreatedTime": NOON,
    }
    off = distributions("E9")
    off["DistributionList"]["Items"][0]["Enabled"] = False
    account = fake_account().but(
        apigateway__get_rest_apis={"items": [private]},
        apigatewayv2__get_apis={"Items": []},
        elbv2__describe_load_balancers={"LoadBalancers": [balancer]},
        elb__describe_load_balancers={"LoadBalancerDescriptions": [balancer]},
        lambda__list_function_url_configs={"FunctionUrlConfigs": [url]},
        cloudfront__list_distributions=off,
        appsync__list_graphql_apis={"graphqlApis": [{"apiId": "a", "visibility": "PRIVATE"}]},
        opensearch__describe_domains={
            "DomainStatusList": [SEARCH | {"VPCOptions": {"VPCId": "vpc-1"}}]
        },
    )
    assert load(AttackSurface, REGION, ACCOUNT_ID, account) == AttackSurface()


def test_a_function_url_is_open_since_its_settings_last_changed():
    url = {
        "FunctionUrl": "https://abc.lambda-url.us-east-1.on.aws/",
        "FunctionArn": FUNCTION_ARN,
        "CreationTime": "2025-01-10T12:00:00.000Z",
        "LastModifiedTime": "2026-10-10T12:00:00.000Z",
        "AuthType": "NONE",
    }
    account = fake_account().but(lambda__list_function_url_configs={"FunctionUrlConfigs": [url]})
    entry_points = load(AttackSurface, REGION, ACCOUNT_ID, account).entry_points
    [opened] = [each.opened for each in entry_points if each.name == "function URL of agent"]
    assert f"{opened:%Y-%m-%d}" == "2026-10-10"


def test_a_function_that_is_gone_keeps_its_metrics_for_two_weeks():
    account = fake_account().but(
        lambda__list_function_url_configs=error("ResourceNotFoundException", 404)
    )
    names = {each.name for each in load(AttackSurface, REGION, ACCOUNT_ID, account).entry_points}
    assert "function URL of agent" not in names


# -- numbers ----------------------------------------------------------------------------------------


def test_ten_functions_cost_one_call_of_inspector():
    functions = [
        {
            "FunctionName": f"agent-{n}",
            "FunctionArn": f"{FUNCTION_ARN}-{n}",
            "LastModified": (NOON - timedelta(days=9)).isoformat(),
        }
        for n in range(30)
    ]
    account = fake_account().but(lambda__list_functions={"Functions": functions})
    rules = [r for r in security_validation.rules if r.name == "function-vulnerabilities"]
    found = scan(account, rules)
    assert len(found) == 30
    assert {each.finding.status for each in found} == {Status.NON_COMPLIANT}
    assert account.calls.count(("inspector2", "list_coverage")) == 3
    assert account.calls.count(("inspector2", "list_findings")) == 3
    assert account.calls.count(("lambda", "list_functions")) == 1


def test_ten_images_cost_one_call_of_inspector():
    """Each service has a task with an image of its own."""
    account = fake_account()
    [service] = account.answers["ecs", "describe_services"]["services"]
    [task] = account.answers["ecs", "describe_tasks"]["tasks"]
    arns = {f"{SERVICE}-{n:02}": f"sha256:{n:064}" for n in range(20)}

    def of(arn, about, **more):
        name = arn.rpartition("/")[2]
        return {**about, **more, "serviceArn": arn, "serviceName": name}

    def task_of(arn):
        name = arn.rpartition(":")[2]
        digest = arns[next(each for each in arns if each.endswith(name))]
        container = {"name": "web", "image": IMAGE, "imageDigest": digest}
        return {**task, "taskArn": arn, "group": f"service:{name}", "containers": [container]}

    account = account.but(
        ecs__list_services={"serviceArns": list(arns)},
        ecs__describe_services=lambda *, services, **_: {
            "services": [of(arn, service) for arn in services]
        },
        ecs__list_tasks=lambda *, desiredStatus, **_: {  # noqa: N803
            "taskArns": [f"{TASK}:{arn.rpartition('/')[2]}" for arn in arns]
            if desiredStatus == "RUNNING"
            else []
        },
        ecs__describe_tasks=lambda *, tasks, **_: {"tasks": [task_of(arn) for arn in tasks]},
        inspector2__list_coverage=lambda *, filterCriteria, **_: {  # noqa: N803
            "coveredResources": [
                covered(each["value"], "AWS_ECR_CONTAINER_IMAGE")
                for each in filterCriteria["resourceId"]
            ]
        },
        inspector2__list_findings={"findings": []},
    )
    rules = [r for r in security_validation.rules if r.name == "image-vulnerabilities"]
    found = scan(account, rules)
    assert len(found) == 20
    assert {each.finding.status for each in found} == {Status.COMPLIANT}
    assert account.calls.count(("inspector2", "list_coverage")) == 2
    assert account.calls.count(("inspector2", "list_findings")) == 2
