"""What managed policies say, and who uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readiness.evidence.iam.attachments import NO_SUCH_ENTITY
from readiness.evidence.iam.principals import EVERYTHING, POLICY, details, the_account
from readiness.model.evidence import ACCOUNT, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.policy import Document


@evidence(ACCOUNT, reads=(EVERYTHING,))
@dataclass(frozen=True, slots=True)
class ManagedPolicies:
    """The managed policies in use and all customer managed ones, by ARN, as IAM gives them.

    Source: GetAccountAuthorizationDetails.
    """

    by_arn: Mapping[str, Mapping[str, Any]]

    @classmethod
    def load(cls, read: Reader, account: Resource) -> ManagedPolicies:
        return cls({policy["Arn"]: policy for policy in details(read, "Policies")})


@evidence(
    POLICY,
    reads=("iam:GetPolicy", "iam:GetPolicyVersion"),
    uses=(ManagedPolicies,),
)
@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """The default version of a managed policy, the only one in force.

    Sources: GetAccountAuthorizationDetails; GetPolicy and GetPolicyVersion.
    """

    document: Document

    @classmethod
    def load(cls, read: Reader, policy: Resource) -> PolicyDocument:
        name = policy.id.rsplit("/", 1)[-1]
        if read.bulk:
            known = read.of(ManagedPolicies, the_account(read)).by_arn.get(policy.id) or {}
            for version in known.get("PolicyVersionList") or ():
                if version.get("IsDefaultVersion"):
                    return cls(Document.of(name, version.get("Document")))
        about = read.one("iam", "get_policy", gone=NO_SUCH_ENTITY, PolicyArn=policy.id)["Policy"]
        version = read.one(
            "iam",
            "get_policy_version",
            gone=NO_SUCH_ENTITY,
            PolicyArn=policy.id,
            VersionId=about["DefaultVersionId"],
        )["PolicyVersion"]
        return cls(Document.of(name, version.get("Document")))


@evidence(
    POLICY,
    reads=("iam:GetPolicy",),
    uses=(ManagedPolicies,),
    changed_by=(
        api_call(
            "iam",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "DetachGroupPolicy",
            "DetachRolePolicy",
            "DetachUserPolicy",
            id="requestParameters.policyArn",
        ),
        api_call(
            "iam",
            "PutRolePermissionsBoundary",
            "PutUserPermissionsBoundary",
            id="requestParameters.permissionsBoundary",
        ),
        api_call("iam", "AcquireRole"),
    ),
)
@dataclass(frozen=True, slots=True)
class PolicyUse:
    """How many principals a managed policy is attached to, and how many it only bounds.

    Sources: GetAccountAuthorizationDetails; GetPolicy.
    """

    arn: str
    attached: int
    bounding: int = 0

    @classmethod
    def load(cls, read: Reader, policy: Resource) -> PolicyUse:
        about = None
        if read.bulk:
            about = read.of(ManagedPolicies, the_account(read)).by_arn.get(policy.id)
        if about is None:
            about = read.one("iam", "get_policy", gone=NO_SUCH_ENTITY, PolicyArn=policy.id)[
                "Policy"
            ]
        bounding = about.get("PermissionsBoundaryUsageCount") or 0
        return cls(policy.id, about.get("AttachmentCount") or 0, bounding)

    @property
    def is_aws_managed(self) -> bool:
        return self.arn.split(":")[4] == "aws"
