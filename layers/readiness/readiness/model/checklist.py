"""The production-readiness checklist: its headings and boxes, which every rule refers to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading of the checklist, its lines, and the folder that holds its rules."""

    section: str
    title: str
    folder: str
    items: tuple[str, ...]


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "Security",
        "IAM Roles",
        "iam_roles",
        (
            "Use IAM roles instead of access keys",
            "Apply least privilege principle",
            "Enable MFA for sensitive operations",
            "Regular rotation of access keys (if used)",
        ),
    ),
    Chapter(
        "Security",
        "Encryption",
        "encryption",
        (
            "Enable S3 bucket encryption with KMS",
            "Use separate KMS keys per environment",
            "Enable key rotation",
            "Encrypt data in transit (TLS 1.2+)",
        ),
    ),
    Chapter(
        "Security",
        "Network Security",
        "network_security",
        (
            "Deploy in VPC with private subnets",
            "Configure security groups with minimal access",
            "Enable VPC Flow Logs",
            "Use AWS PrivateLink for service endpoints",
        ),
    ),
    Chapter(
        "Security",
        "Secrets Management",
        "secrets_management",
        (
            "Store all secrets in AWS Secrets Manager",
            "Enable automatic rotation",
            "Audit secret access with CloudTrail",
        ),
    ),
    Chapter(
        "Monitoring & Observability",
        "CloudWatch",
        "cloudwatch",
        (
            "Enable detailed monitoring",
            "Set up custom metrics",
            "Configure log retention policies",
            "Create dashboards for key metrics",
        ),
    ),
    Chapter(
        "Monitoring & Observability",
        "X-Ray",
        "xray",
        (
            "Enable tracing with appropriate sampling rate",
            "Configure service map",
            "Set up anomaly detection",
            "Create trace analysis queries",
        ),
    ),
    Chapter(
        "Monitoring & Observability",
        "Alarms",
        "alarms",
        (
            "Error rate alarms",
            "Latency alarms",
            "Resource utilization alarms",
            "Cost alarms",
            "Configure SNS topics for notifications",
        ),
    ),
    Chapter(
        "Performance",
        "Resource Sizing",
        "resource_sizing",
        (
            "Load test to determine optimal memory/CPU",
            "Configure auto-scaling policies",
            "Set appropriate timeout values",
            "Enable connection pooling",
        ),
    ),
    Chapter(
        "Performance",
        "Caching",
        "caching",
        (
            "Implement caching strategy",
            "Use ElastiCache for shared cache",
            "Configure TTLs appropriately",
        ),
    ),
    Chapter(
        "Performance",
        "Optimization",
        "performance_optimization",
        (
            "Enable S3 Transfer Acceleration",
            "Use S3 Multipart uploads",
            "Implement request batching",
            "Use DynamoDB batch operations",
        ),
    ),
    Chapter(
        "Reliability",
        "Error Handling",
        "error_handling",
        (
            "Implement exponential backoff",
            "Configure dead letter queues",
            "Set up circuit breakers",
            "Enable automatic retries",
        ),
    ),
    Chapter(
        "Reliability",
        "Backup & Recovery",
        "backup_recovery",
        (
            "Enable S3 versioning",
            "Configure S3 lifecycle policies",
            "Test restore procedures",
            "Document RTO/RPO requirements",
        ),
    ),
    Chapter(
        "Reliability",
        "High Availability",
        "high_availability",
        (
            "Deploy across multiple AZs",
            "Configure health checks",
            "Implement graceful degradation",
            "Test failover scenarios",
        ),
    ),
    Chapter(
        "Cost Management",
        "Budget & Alerts",
        "budget_alerts",
        (
            "Set up AWS Budgets",
            "Configure cost anomaly detection",
            "Enable detailed billing reports",
            "Tag all resources appropriately",
        ),
    ),
    Chapter(
        "Cost Management",
        "Optimization",
        "cost_optimization",
        (
            "Use appropriate storage classes",
            "Configure S3 lifecycle policies",
            "Right-size Lambda functions",
            "Use Spot instances where appropriate",
        ),
    ),
    Chapter(
        "Compliance",
        "Logging",
        "compliance_logging",
        (
            "Enable CloudTrail for all regions",
            "Configure log aggregation",
            "Set up log analysis",
            "Implement log retention policies",
        ),
    ),
    Chapter(
        "Compliance",
        "Data Privacy",
        "data_privacy",
        (
            "Enable Macie for PII detection",
            "Configure data classification",
            "Implement data masking",
            "Document data flows",
        ),
    ),
    Chapter(
        "Compliance",
        "Audit",
        "audit",
        (
            "Enable AWS Config",
            "Set up compliance rules",
            "Regular security assessments",
            "Document all configurations",
        ),
    ),
    Chapter(
        "Deployment",
        "Lambda Deployment",
        "lambda_deployment",
        (
            "Validate function configuration",
            "Test function",
            "Check logs",
        ),
    ),
    Chapter(
        "Deployment",
        "ECS Deployment",
        "ecs_deployment",
        (
            "Validate task definition",
            "Check service status",
            "Monitor tasks",
        ),
    ),
    Chapter(
        "Validation",
        "Functional Testing",
        "functional_testing",
        (
            "Smoke tests pass",
            "Integration tests pass",
            "End-to-end tests pass",
            "Performance meets SLAs",
        ),
    ),
    Chapter(
        "Validation",
        "Monitoring Validation",
        "monitoring_validation",
        (
            "Metrics flowing to CloudWatch",
            "Traces visible in X-Ray",
            "Logs aggregating properly",
            "Alarms triggering correctly",
        ),
    ),
    Chapter(
        "Validation",
        "Security Validation",
        "security_validation",
        (
            "Penetration testing completed",
            "Vulnerability scan passed",
            "Access controls verified",
            "Encryption verified",
        ),
    ),
    Chapter(
        "Documentation",
        "Operational",
        "operational_documentation",
        (
            "Runbook created",
            "Troubleshooting guide",
            "Architecture diagrams",
            "Contact information",
        ),
    ),
    Chapter(
        "Documentation",
        "Development",
        "development_documentation",
        (
            "API documentation",
            "Configuration guide",
            "Example code",
            "Migration guide",
        ),
    ),
    Chapter(
        "Monitoring Commands",
        "Monitoring Commands",
        "monitoring_commands",
        (
            "CloudWatch Metrics",
            "X-Ray Traces",
            "Cost Analysis",
        ),
    ),
    Chapter(
        "Emergency Procedures",
        "Emergency Procedures",
        "emergency_procedures",
        (
            "Lambda rollback",
            "ECS rollback",
            "Circuit Breaker",
            "Emergency Shutdown",
        ),
    ),
    Chapter(
        "Performance Benchmarks",
        "Performance Benchmarks",
        "performance_benchmarks",
        (
            "Latency (p99)",
            "Error Rate",
            "Availability",
            "Cost per 1M requests",
        ),
    ),
    Chapter(
        "Support",
        "Support",
        "support",
        (
            "AWS Support",
            "Monitoring",
            "On-Call",
            "Documentation",
        ),
    ),
)

_BY_TITLE = {(chapter.section, chapter.title): chapter for chapter in CHAPTERS}
_BY_FOLDER = {chapter.folder: chapter for chapter in CHAPTERS}


def folder(section: str, title: str) -> str:
    """The folder of a heading. Raises LookupError for a heading the checklist does not have."""
    try:
        return _BY_TITLE[section, title].folder
    except KeyError:
        raise LookupError(f"the checklist has no heading {section} / {title}") from None


def chapter(folder: str) -> Chapter:
    """The heading that a folder holds. Raises LookupError."""
    try:
        return _BY_FOLDER[folder]
    except KeyError:
        known = ", ".join(_BY_FOLDER)
        raise LookupError(f"{folder!r} is not a heading (known: {known})") from None


def items(folder: str) -> tuple[str, ...]:
    """The lines of a heading."""
    return chapter(folder).items


def boxes() -> Iterator[tuple[Chapter, str]]:
    """Every box of the checklist, in its order."""
    for each in CHAPTERS:
        for item in each.items:
            yield each, item
