"""The policies of one principal: inline, attached, and its permissions boundary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from readiness.evidence.iam.principals import POLICY
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.policy import Document

NO_SUCH_ENTITY = ("NoSuchEntity",)


def tags_of(answer: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in answer.get("Tags") or ()}


def policies_named(read: Reader, attached: Iterable[Mapping[str, str]]) -> tuple[Resource, ...]:
    return tuple(
        POLICY.resource(read.account, read.region, policy["PolicyArn"]) for policy in attached
    )


def boundary_of(read: Reader, answer: Mapping[str, Any]) -> Resource | None:
    arn = (answer.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return POLICY.resource(read.account, read.region, arn) if arn else None


def inline_documents(policies: Iterable[Mapping[str, Any]] | None) -> tuple[Document, ...]:
    return tuple(
        Document.of(policy["PolicyName"], policy.get("PolicyDocument"))
        for policy in policies or ()
    )


def read_inline(read: Reader, kind: str, name: str) -> tuple[Document, ...]:
    """The inline policies of one principal; one deleted since it was listed grants nothing."""
    who: dict[str, Any] = {f"{kind.capitalize()}Name": name}
    found = []
    for policy in read.every(
        "iam", f"list_{kind}_policies", "PolicyNames", gone=NO_SUCH_ENTITY, **who
    ):
        answer = read.one(
            "iam", f"get_{kind}_policy", absent=NO_SUCH_ENTITY, PolicyName=policy, **who
        )
        if answer is not None:
            found.append(answer)
    return inline_documents(found)


def read_attached(read: Reader, kind: str, name: str) -> tuple[Resource, ...]:
    who: dict[str, Any] = {f"{kind.capitalize()}Name": name}
    attached = read.every(
        "iam", f"list_attached_{kind}_policies", "AttachedPolicies", gone=NO_SUCH_ENTITY, **who
    )
    return policies_named(read, attached)
