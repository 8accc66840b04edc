"""What Systems Manager says of documents that everyone may use."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource

_SETTING = "/ssm/documents/console/public-sharing-permission"
_GONE = ("InvalidDocument",)


@evidence(
    REGION,
    reads=("ssm:DescribeDocumentPermission", "ssm:GetServiceSetting", "ssm:ListDocuments"),
    changed_by=(
        api_call(
            "ssm",
            "DeleteDocument",
            "ModifyDocumentPermission",
            "ResetServiceSetting",
            "UpdateServiceSetting",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class PublicDocuments:
    """The account's documents that are public, and whether new ones are kept from becoming so.

    Blocking changes none that is public already. Sources: GetServiceSetting, ListDocuments,
    DescribeDocumentPermission for each document.
    """

    is_blocked: bool
    public: tuple[str, ...] = ()

    @classmethod
    def load(cls, read: Reader, region: Resource) -> PublicDocuments:
        setting = read.one("ssm", "get_service_setting", SettingId=_SETTING)["ServiceSetting"]
        own = read.every(
            "ssm",
            "list_documents",
            "DocumentIdentifiers",
            Filters=[{"Key": "Owner", "Values": ["Self"]}],
        )
        names = sorted(each["Name"] for each in own)
        public = read.each(lambda name: _is_public(read, name), names)
        return cls(
            setting.get("SettingValue") == "Disable",
            tuple(name for name, shared in zip(names, public, strict=True) if shared),
        )


def _is_public(read: Reader, name: str) -> bool:
    """Whether every account may use a document: ``all`` is one of the accounts, on some page."""
    token: dict[str, str] = {}
    while True:
        answer = read.one(
            "ssm",
            "describe_document_permission",
            absent=_GONE,
            Name=name,
            PermissionType="Share",
            **token,
        )
        if answer is None:
            return False
        if "all" in {each.lower() for each in answer.get("AccountIds") or ()}:
            return True
        if not answer.get("NextToken"):
            return False
        token = {"NextToken": answer["NextToken"]}
