"""Where a resource is in the AWS console, by its type; built from parsed ids only.

What is said of the account has the page of the service that its rule is about. Every partition
has the same paths under a host of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import quote

from readiness.engine.geography import console_host, default
from readiness.model.resource import Resource

ACCOUNT = "AWS::::Account"
_SEARCH = "/resource-explorer/home?region={region}#/search?query={id}"


def _arn_part(arn: str, place: int) -> str:
    """What stands at a place of the slashes in an ARN; empty where there is none."""
    parts = arn.split("/")
    return parts[place] if len(parts) > abs(place) - (place < 0) else ""


def _ecs_service(resource: Resource) -> str:
    if resource.id.count("/") < 2:
        return "/ecs/v2/clusters?region={region}"
    cluster, name = (_quoted(_arn_part(resource.id, place)) for place in (-2, -1))
    return f"/ecs/v2/clusters/{cluster}/services/{name}/health?region={{region}}"


def _ecs_cluster(resource: Resource) -> str:
    return f"/ecs/v2/clusters/{_quoted(_arn_part(resource.id, -1))}/services?region={{region}}"


def _task_definition(resource: Resource) -> str:
    family, _, revision = _arn_part(resource.id, -1).partition(":")
    where = f"/{_quoted(revision)}/containers" if revision else ""
    return f"/ecs/v2/task-definitions/{_quoted(family)}{where}?region={{region}}"


def _stage(resource: Resource) -> str:
    """Of ``…/restapis/<api>/stages/<name>`` or ``…/apis/<api>/stages/<name>``."""
    api = _quoted(_arn_part(resource.id, -3))
    if not api:
        return "/apigateway/main/apis?region={region}"
    return f"/apigateway/main/apis/{api}/stages?api={api}&region={{region}}"


def _listener(resource: Resource) -> str:
    """The load balancer of a listener, which shows its listeners first."""
    balancer = resource.id.rpartition("/")[0].replace(":listener/", ":loadbalancer/", 1)
    return _balancer(Resource(resource.account, resource.region, resource.type, balancer))


def _balancer(resource: Resource) -> str:
    arn = _quoted(resource.id, ":/")
    return f"/ec2/home?region={{region}}#LoadBalancer:loadBalancerArn={arn};tab=listeners"


def _event_rule(resource: Resource) -> str:
    bus, _, name = resource.id.rpartition("/")
    bus = bus or "default"
    return f"/events/home?region={{region}}#/eventbus/{_quoted(bus)}/rules/{_quoted(name)}"


def _log_group(resource: Resource) -> str:
    """CloudWatch's fragment is quoted twice, with a dollar in place of the second per cent."""
    name = _quoted(_quoted(resource.id)).replace("%", "$")
    return f"/cloudwatch/home?region={{region}}#logsV2:log-groups/log-group/{name}"


def _topic(resource: Resource) -> str:
    arn = _arn(resource, "sns")
    return f"/sns/v3/home?region={{region}}#/topic/{_quoted(arn, ':')}"


def _queue(resource: Resource) -> str:
    suffix = default().dns_suffix(resource.region)
    url = f"https://sqs.{resource.region}.{suffix}/{resource.account}/{resource.id}"
    return f"/sqs/v3/home?region={{region}}#/queues/{_quoted(url)}"


def _parameter(resource: Resource) -> str:
    name = _quoted(_quoted(resource.id))
    return f"/systems-manager/parameters/{name}/description?region={{region}}"


def _job_definition(resource: Resource) -> str:
    return f"/batch/home?region={{region}}#job-definition/detail/{_quoted(resource.id, ':/')}"


def _compute_environment(resource: Resource) -> str:
    arn = _quoted(_arn(resource, "batch", "compute-environment/"), ":/")
    return f"/batch/home?region={{region}}#compute-environments/detail/{arn}"


def _arn(resource: Resource, service: str, kind: str = "") -> str:
    partition = default().partition(resource.region)
    place = f"{service}:{resource.region}:{resource.account}"
    return f"arn:{partition}:{place}:{kind}{resource.id}"


def _quoted(text: str, safe: str = "") -> str:
    """Quoted; what browsers take for the folder above, however it is quoted, is left out."""
    parts = ["" if part in {".", ".."} else part for part in text.split("/")]
    return quote("/".join(parts), safe=safe)


_Page = str | Callable[[Resource], str]

_EC2 = "/ec2/home?region={region}#"
_RDS = "/rds/home?region={region}#"
_TAG_EDITOR = "/resource-groups/tag-editor/find-resources?region={region}"

PAGES: Mapping[str, _Page] = MappingProxyType(
    {
        "AWS::ApiGateway::DomainName": (
            "/apigateway/main/publish/domain-names?domain={id}&region={region}"
        ),
        "AWS::ApiGateway::RestApi": (
            "/apigateway/main/apis/{id}/resources?api={id}&region={region}"
        ),
        "AWS::ApiGateway::Stage": _stage,
        "AWS::ApiGatewayV2::Api": "/apigateway/main/api-detail?api={id}&region={region}",
        "AWS::ApiGatewayV2::Stage": _stage,
        "AWS::AppRunner::Service": (
            "/apprunner/home?region={region}#/services/dashboard?service_arn={arn}"
        ),
        "AWS::AppSync::GraphQLApi": "/appsync/home?region={region}#/{id}/v1/home",
        "AWS::ApplicationSignals::ServiceLevelObjective": (
            "/cloudwatch/home?region={region}#application-signals:slos"
        ),
        "AWS::AutoScaling::AutoScalingGroup": f"{_EC2}AutoScalingGroupDetails:id={{id}}",
        "AWS::Backup::RestoreTestingPlan": "/backup/home?region={region}#/restoretesting",
        "AWS::Batch::ComputeEnvironment": _compute_environment,
        "AWS::Batch::JobDefinition": _job_definition,
        "AWS::CloudFormation::Stack": (
            "/cloudformation/home?region={region}#/stacks?filteringText={id}"
        ),
        "AWS::CloudFront::Distribution": "/cloudfront/v4/home#/distributions/{id}",
        "AWS::CloudTrail::EventDataStore": (
            "/cloudtrailv2/home?region={region}#/lake/event-data-stores"
        ),
        "AWS::CloudTrail::Trail": "/cloudtrailv2/home?region={region}#/trails/{arn}",
        "AWS::CloudWatch::Alarm": "/cloudwatch/home?region={region}#alarmsV2:alarm/{id}",
        "AWS::CloudWatch::Dashboard": (
            "/cloudwatch/home?region={region}#dashboards/dashboard/{id}"
        ),
        "AWS::CodeBuild::Project": (
            "/codesuite/codebuild/{account}/projects/{id}?region={region}"
        ),
        "AWS::DAX::Cluster": "/dynamodbv2/home?region={region}#dax-clusters",
        "AWS::DynamoDB::Table": "/dynamodbv2/home?region={region}#table?name={id}",
        "AWS::EC2::Instance": f"{_EC2}InstanceDetails:instanceId={{id}}",
        "AWS::EC2::SecurityGroup": f"{_EC2}SecurityGroup:groupId={{id}}",
        "AWS::EC2::VPC": "/vpcconsole/home?region={region}#VpcDetails:VpcId={id}",
        "AWS::EC2::Volume": f"{_EC2}VolumeDetails:volumeId={{id}}",
        "AWS::ECS::Cluster": _ecs_cluster,
        "AWS::ECS::Service": _ecs_service,
        "AWS::ECS::TaskDefinition": _task_definition,
        "AWS::EFS::FileSystem": "/efs/home?region={region}#/file-systems/{id}",
        "AWS::ElastiCache::CacheCluster": "/elasticache/home?region={region}#/",
        "AWS::ElastiCache::ReplicationGroup": "/elasticache/home?region={region}#/redis/{id}",
        "AWS::ElastiCache::ServerlessCache": "/elasticache/home?region={region}#/",
        "AWS::ElasticLoadBalancing::LoadBalancer": f"{_EC2}LoadBalancers:search={{id}}",
        "AWS::ElasticLoadBalancingV2::Listener": _listener,
        "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
        "AWS::ElasticLoadBalancingV2::TargetGroup": f"{_EC2}TargetGroup:targetGroupArn={{arn}}",
        "AWS::Events::Rule": _event_rule,
        "AWS::Glue::Connection": "/gluestudio/home?region={region}#/connector/edit/{id}",
        "AWS::Glue::Job": "/gluestudio/home?region={region}#/editor/job/{id}/details",
        "AWS::IAM::Group": "/iam/home#/groups/details/{id}",
        "AWS::IAM::Policy": "/iam/home#/policies/details/{id}",
        "AWS::IAM::Role": "/iam/home#/roles/details/{id}",
        "AWS::IAM::User": "/iam/home#/users/details/{id}",
        "AWS::KMS::Key": "/kms/home?region={region}#/kms/keys/{id}",
        "AWS::Kinesis::Stream": "/kinesis/home?region={region}#/streams/details/{id}/monitoring",
        "AWS::Lambda::EventSourceMapping": (
            "/lambda/home?region={region}#/event-source-mappings/{id}"
        ),
        "AWS::Lambda::Function": "/lambda/home?region={region}#/functions/{id}",
        "AWS::Logs::LogGroup": _log_group,
        "AWS::MSK::Cluster": "/msk/home?region={region}#/cluster/{arn}/view",
        "AWS::MemoryDB::Cluster": "/memorydb/home?region={region}#/clusters/{id}",
        "AWS::OpenSearch::Domain": "/aos/home?region={region}#opensearch/domains/{id}",
        "AWS::Pipes::Pipe": "/events/home?region={region}#/pipes",
        "AWS::RDS::DBCluster": f"{_RDS}database:id={{id}};is-cluster=true",
        "AWS::RDS::DBInstance": f"{_RDS}database:id={{id}};is-cluster=false",
        "AWS::RDS::DBProxy": f"{_RDS}proxy:id={{id}}",
        "AWS::Redshift::Cluster": (
            "/redshiftv2/home?region={region}#/cluster-details?cluster={id}"
        ),
        "AWS::RedshiftServerless::Workgroup": (
            "/redshiftv2/home?region={region}#/serverless-workgroup?workgroup={id}"
        ),
        "AWS::Route53::HealthCheck": "/route53/healthchecks/home#/details/{id}",
        "AWS::Route53::HostedZone": "/route53/v2/hostedzones#ListRecordSets/{id}",
        "AWS::S3::Bucket": "/s3/buckets/{id}?region={region}&tab=properties",
        "AWS::SNS::Topic": _topic,
        "AWS::SQS::Queue": _queue,
        "AWS::SSM::Document": "/systems-manager/documents/{id}/description?region={region}",
        "AWS::SSM::Parameter": _parameter,
        "AWS::SageMaker::Model": "/sagemaker/home?region={region}#/models/{id}",
        "AWS::Scheduler::ScheduleGroup": "/scheduler/home?region={region}#schedule-groups/{id}",
        "AWS::SecretsManager::Secret": "/secretsmanager/secret?name={id}&region={region}",
        "AWS::StepFunctions::StateMachine": (
            "/states/home?region={region}#/statemachines/view/{arn}"
        ),
        "Readiness::TestedWorkload": _TAG_EDITOR,
        "Readiness::Workload": _TAG_EDITOR,
        "Readiness::WorkloadDocuments": _TAG_EDITOR,
    }
)
"""What follows the host, by the type of resource.

``{id}`` is the id, ``{arn}`` an id that is an ARN, both quoted. Where a service has no address of
one resource that is known to be stable, it is that of the list.
"""

_OF_ACCOUNT: Mapping[str, tuple[str, ...]] = {
    "/iam/home#/security_credentials": (
        "iam_roles.root-access-keys",
        "iam_roles.root-mfa",
        "iam_roles.root-hardware-mfa",
        "iam_roles.root-access-key-age",
    ),
    "/iam/home#/users": ("security_validation.access-review",),
    "/access-analyzer/home?region={region}#/findings": (
        "iam_roles.unused-access",
        "security_validation.external-access-analyzer",
        "security_validation.external-access-findings",
        "audit.assessor-active",
    ),
    "/access-analyzer/home?region={region}#/archive-rules": ("security_validation.archive-rules",),
    "/cloudtrailv2/home?region={region}#/trails": (
        "secrets_management.access-audited",
        "compliance_logging.all-regions",
        "compliance_logging.trail-buckets",
        "compliance_logging.audit-log-aggregation",
    ),
    "/cloudwatch/home?region={region}#metricsV2:": ("cloudwatch.metric-cardinality",),
    "/cloudwatch/home?region={region}#xray:traces/query": ("xray.trace-queries",),
    "/cloudwatch/home?region={region}#alarmsV2:": (
        "alarms.account-concurrency",
        "operational_documentation.alarm-runbooks",
    ),
    "/cloudwatch/home?region={region}#logsV2:log-groups": (
        "compliance_logging.security-metric-filters",
        "compliance_logging.audit-log-group-retention",
        "budget_alerts.log-group-tags",
    ),
    "/lambda/home?region={region}#/functions": ("resource_sizing.lambda-headroom",),
    "/elasticache/home?region={region}#/": ("caching.shared-cache",),
    "/dynamodbv2/home?region={region}#tables": (
        "high_availability.regional-stores",
        "error_handling.dependency-breakers",
        "emergency_procedures.circuit-breaker",
    ),
    "/systems-manager/parameters/?region={region}": (
        "error_handling.dependency-backoff",
        "backup_recovery.stated-objectives",
    ),
    "/systems-manager/appconfig/applications?region={region}": (
        "high_availability.graceful-degradation",
    ),
    "/fis/home?region={region}#ExperimentTemplates": ("high_availability.failover-tested",),
    "/costmanagement/home#/budgets": (
        "alarms.cost-alarms",
        "budget_alerts.cost-budget",
        "budget_alerts.budget-actions",
    ),
    "/costmanagement/home#/anomaly-detection": (
        "budget_alerts.anomaly-detection",
        "budget_alerts.anomalies-assessed",
    ),
    "/costmanagement/home#/bcm-data-exports": ("budget_alerts.billing-report",),
    "/billing/home#/tags": (
        "budget_alerts.cost-allocation-tags",
        "monitoring_commands.cost-allocation-tag",
    ),
    "/billing/home#/account": (
        "operational_documentation.alternate-contacts",
        "operational_documentation.primary-contact",
        "operational_documentation.contacts-answer",
    ),
    "/compute-optimizer/home?region={region}#/dashboard": (
        "cost_optimization.volume-types",
        "cost_optimization.compute-optimizer-enrolled",
    ),
    "/guardduty/home?region={region}#/summary": ("compliance_logging.threat-detection",),
    "/s3/buckets?region={region}": (
        "compliance_logging.audit-bucket-retention",
        "data_privacy.application-masking",
        "data_privacy.data-flows",
        "support.wiki-documents",
    ),
    "/s3/settings?region={region}": ("security_validation.s3-account-public-access",),
    "/macie/home?region={region}": ("data_privacy.macie-discovery",),
    "/config/home?region={region}#/settings": ("audit.config-recorder", "audit.config-delivery"),
    "/config/home?region={region}#/rules": ("audit.compliance-rules",),
    "/config/home?region={region}#/dashboard": ("audit.configuration-attested",),
    "/wellarchitected/home?region={region}": ("audit.assessment-attested",),
    "/cloudformation/home?region={region}#/stacks": ("audit.infrastructure-as-code",),
    "/inspector/v2/home?region={region}#/dashboard": (
        "security_validation.inspector-enabled",
        "security_validation.penetration-test",
    ),
    "/vpcconsole/home?region={region}": ("security_validation.cluster-access",),
    "/events/home?region={region}#/eventbuses": ("security_validation.unanalyzed-policies",),
    f"{_EC2}Images:visibility=owned-by-me": ("security_validation.public-images",),
    "/systems-manager/documents?region={region}": ("security_validation.public-documents",),
    "/kms/home?region={region}#/kms/keys": ("security_validation.stored-data-encryption",),
    "/sagemaker/home?region={region}#/notebooks-and-git-repos": (
        "security_validation.notebook-access",
    ),
    "/transfer/home?region={region}#/servers": ("encryption.transfer-tls",),
    "/gluestudio/home?region={region}#/jobs": ("security_validation.glue-encryption",),
    f"{_EC2}Volumes:": ("security_validation.volume-encryption", "budget_alerts.volume-tags"),
    f"{_EC2}Instances:": (
        "budget_alerts.instance-tags",
        "secrets_management.instance-user-data",
    ),
    "/support/plans/home": ("support.support-plan",),
    "/sns/v3/home?region={region}#/topics": ("support.pager-test",),
    "/systems-manager/incidents/contacts?region={region}": ("support.escalation-policy",),
}

OF_ACCOUNT: Mapping[str, str] = MappingProxyType(
    {rule: page for page, rules in _OF_ACCOUNT.items() for rule in rules}
)
"""What follows the host for what a rule says of the account."""


def console_url(resource: Resource, rule: str = "") -> str:
    """A link that opens the AWS console at the resource; of the account, where the rule looks.

    A type that is not known is searched for.
    """
    host = console_host(resource.region)
    # a global resource has the region of the partition's home
    region = host.partition(".")[0]
    page: _Page = PAGES.get(resource.type, _SEARCH)
    if resource.type == ACCOUNT:
        page = OF_ACCOUNT.get(rule, "/console/home?region={region}")
    if not isinstance(page, str):
        page = page(resource).replace("{region}", quote(region))
        return f"https://{quote(host)}{page}"
    filled = page.format(
        region=quote(region),
        account=quote(resource.account),
        id=_quoted(resource.id),
        arn=_quoted(resource.id, ":/"),
    )
    return f"https://{quote(host)}{filled}"
