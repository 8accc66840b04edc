"""Which data protection policies are in force for a log group that gets events."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.cloudwatch.log_groups import ActiveLogGroups
from readiness.evidence.logs import (
    LOG_GROUP,
    AccountProtection,
    LogProtection,
    protection_policy,
)
from readiness.model.evidence import REGION, api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.data_protection import protection_of


@evidence(
    LOG_GROUP,
    reads=("logs:GetDataProtectionPolicy",),
    uses=(ActiveLogGroups, AccountProtection, LogProtection),
    asks_with=("required_identifiers",),
    changed_by=(
        api_call(
            "logs",
            "PutDataProtectionPolicy",
            "DeleteDataProtectionPolicy",
            id="requestParameters.logGroupIdentifier",
        ),
    ),
)
@dataclass(frozen=True, slots=True)
class LogMasking:
    """The data protection policies of a log group, which add up, as JSON text.

    ``is_active``: it got events in the last two weeks; of any other nothing more is read. ``own``
    costs one request for each log group: it is read only where there is one, and the policy of the
    account does not mask everything that is required.
    Sources: DescribeLogGroups, DescribeAccountPolicies, GetDataProtectionPolicy, ListMetrics.
    """

    about: LogProtection
    own: str = ""
    of_account: str = ""
    is_active: bool = True

    @classmethod
    def load(cls, read: Reader, group: Resource) -> LogMasking:
        about = read.of(LogProtection, group)
        region = REGION.resource(read.account, read.region, read.account)
        if about.name not in read.of(ActiveLogGroups, region).names:
            return cls(about, is_active=False)
        of_account = read.of(AccountProtection, region).text if about.inherits else ""
        lacking = protection_of(of_account).lacks(read.settings["required_identifiers"])
        asks = about.has_own_policy and lacking
        return cls(about, protection_policy(read, about.name) if asks else "", of_account)
