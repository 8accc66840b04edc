"""The policies that AWS made for a service of its own, where nobody else can use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from readiness.semantics.policy import Document, Statement

from .trust import admits, global_name

_MADE_BY_AWS = ":iam::aws:policy/"
_OF_SERVICE: Mapping[str, frozenset[str]] = {
    "backup.amazonaws.com": frozenset(
        {
            "service-role/AWSBackupServiceRolePolicyForBackup",
            "service-role/AWSBackupServiceRolePolicyForRestores",
        }
    ),
    "batch.amazonaws.com": frozenset({"service-role/AWSBatchServiceRole"}),
    "codedeploy.amazonaws.com": frozenset({"AWSCodeDeployRoleForECS"}),
    "dlm.amazonaws.com": frozenset({"service-role/AWSDataLifecycleManagerSSMFullAccess"}),
    "drt.shield.amazonaws.com": frozenset({"service-role/AWSShieldDRTAccessPolicy"}),
    "ecs.amazonaws.com": frozenset({"AmazonECSInfrastructureRolePolicyForManagedInstances"}),
    "eks.amazonaws.com": frozenset({"AmazonEKSComputePolicy"}),
    "elasticbeanstalk.amazonaws.com": frozenset(
        {"AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy"}
    ),
    "events.amazonaws.com": frozenset(
        {
            "service-role/AmazonEC2ContainerServiceEventsRole",
            "service-role/AWSBatchServiceEventTargetRole",
        }
    ),
    "spotfleet.amazonaws.com": frozenset({"service-role/AmazonEC2SpotFleetTaggingRole"}),
}
"""Policies that the documentation of each service tells one to attach, and that start instances,
tasks or jobs with any role, run commands on any of them, or change every web ACL (AWS Managed
Policy Reference Guide).

Not among them: services that run code of their customers with the role itself (Glue, EMR, FIS,
Systems Manager), and policies that AWS replaced by narrower ones.
"""


def sole_service(trust: Document) -> str:
    """The service that alone can assume a role; empty where there are others, or it is unknown."""
    allows: tuple[Statement, ...] = () if trust.flaw else admits(trust.statements)
    if any(allow.not_principals for allow in allows):
        return ""
    who = {
        global_name(principal.value) if principal.kind == "Service" else ""
        for allow in allows
        for principal in allow.principals
    }
    return who.pop() if len(who) == 1 else ""


def apart(
    service: str, arns: Iterable[str], documents: Iterable[Document]
) -> tuple[list[Document], list[Document]]:
    """The documents of attached policies: those that AWS made for the service, and the others.

    ``arns`` are those of the policies; a document has the name of its policy.
    """
    made: set[str] = set()
    others: set[str] = set()
    for arn in arns:
        _, is_of_aws, name = arn.partition(_MADE_BY_AWS)
        is_theirs = bool(is_of_aws) and name in _OF_SERVICE.get(service, ())
        (made if is_theirs else others).add(arn.rpartition("/")[2])
    theirs: list[Document] = []
    rest: list[Document] = []
    for each in documents:
        (theirs if each.name in made - others else rest).append(each)
    return theirs, rest
