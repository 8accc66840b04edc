"""Whether metric filters and alarms cover what the CIS AWS Foundations Benchmark requires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from readiness import Unreadable, Verdict, cannot_tell, complies, not_applicable, unread, violates
from readiness.evidence.workloads.security_filters import SecurityFilter, SecurityFilters
from readiness.model.text import listed, plural
from readiness.semantics.log_pattern import NotUnderstood, Test, pattern_test

Event = Mapping[str, Any]


def _event(name: str, source: str = "", **about: Any) -> Event:
    return {
        "eventName": name,
        "eventSource": f"{source}.amazonaws.com",
        "eventType": "AwsApiCall",
        "sourceIPAddress": "203.0.113.10",
        "userIdentity": {"type": "AssumedRole"},
    } | about


def _calls(source: str, names: str) -> tuple[Event, ...]:
    return tuple(_event(name, source) for name in names.split())


_SIGN_IN: Mapping[str, Any] = {"source": "signin", "eventType": "AwsConsoleSignIn"}
_USER = {"type": "IAMUser"}

CONTROLS: Mapping[str, Sequence[Event]] = {
    "unauthorized API calls": (
        _event("RunInstances", "ec2", errorCode="Client.UnauthorizedOperation"),
        _event("CreateUser", "iam", errorCode="AccessDenied"),
    ),
    "sign-in without MFA": (
        _event(
            "ConsoleLogin",
            **_SIGN_IN,
            userIdentity=_USER,
            additionalEventData={"MFAUsed": "No"},
            responseElements={"ConsoleLogin": "Success"},
        ),
    ),
    "use of the root user": (_event("CreateBucket", "s3", userIdentity={"type": "Root"}),),
    "IAM policy changes": _calls(
        "iam",
        "AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreatePolicy CreatePolicyVersion"
        " DeleteGroupPolicy DeletePolicy DeletePolicyVersion DeleteRolePolicy DeleteUserPolicy"
        " DetachGroupPolicy DetachRolePolicy DetachUserPolicy PutGroupPolicy PutRolePolicy"
        " PutUserPolicy",
    ),
    "CloudTrail changes": _calls(
        "cloudtrail", "CreateTrail DeleteTrail StartLogging StopLogging UpdateTrail"
    ),
    "failed sign-ins": (
        _event(
            "ConsoleLogin",
            **_SIGN_IN,
            userIdentity=_USER,
            errorMessage="Failed authentication",
            responseElements={"ConsoleLogin": "Failure"},
        ),
    ),
    "KMS keys disabled or deleted": _calls("kms", "DisableKey ScheduleKeyDeletion"),
    "bucket policy changes": _calls(
        "s3",
        "DeleteBucketCors DeleteBucketLifecycle DeleteBucketPolicy DeleteBucketReplication"
        " PutBucketAcl PutBucketCors PutBucketLifecycle PutBucketPolicy PutBucketReplication",
    ),
    "AWS Config changes": _calls(
        "config",
        "DeleteDeliveryChannel PutConfigurationRecorder PutDeliveryChannel"
        " StopConfigurationRecorder",
    ),
    "security group changes": _calls(
        "ec2",
        "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateSecurityGroup"
        " DeleteSecurityGroup RevokeSecurityGroupEgress RevokeSecurityGroupIngress",
    ),
    "network ACL changes": _calls(
        "ec2",
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry"
        " ReplaceNetworkAclAssociation ReplaceNetworkAclEntry",
    ),
    "network gateway changes": _calls(
        "ec2",
        "AttachInternetGateway CreateCustomerGateway CreateInternetGateway DeleteCustomerGateway"
        " DeleteInternetGateway DetachInternetGateway",
    ),
    "route table changes": _calls(
        "ec2",
        "CreateRoute CreateRouteTable DeleteRoute DeleteRouteTable DisassociateRouteTable"
        " ReplaceRoute ReplaceRouteTableAssociation",
    ),
    "VPC changes": _calls(
        "ec2",
        "AcceptVpcPeeringConnection CreateVpc CreateVpcPeeringConnection DeleteVpc"
        " DeleteVpcPeeringConnection ModifyVpcAttribute RejectVpcPeeringConnection",
    ),
    "organization changes": _calls(
        "organizations",
        "AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy"
        " DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy"
        " DisablePolicyType EnablePolicyType InviteAccountToOrganization LeaveOrganization"
        " MoveAccount RemoveAccountFromOrganization UpdateOrganizationalUnit UpdatePolicy",
    ),
}
"""What has to be told, each as events that a filter for it matches. Source: CIS AWS Foundations
Benchmark 3.0, section 4 (and Security Hub's controls CloudWatch.1 to CloudWatch.14); calls of
EC2-Classic are left out."""

_ROUTINE = (
    _event("DescribeInstances", "ec2", readOnly=True),
    _event("AssumeRole", "sts", userIdentity={"type": "AWSService"}),
)
"""What a filter that tells of anything in particular does not match."""

_EXPECTED = (
    "For each of these a metric filter on the trail's log group, with an alarm that notifies"
    " someone."
)


def judge_security_filters(seen: SecurityFilters, ignored: Iterable[str]) -> Verdict:
    """The verdict on the metric filters of the trails' log groups."""
    if not seen.groups:
        if seen.elsewhere:
            return not_applicable(
                f"The trail delivers to {listed(list(seen.elsewhere))}, where its filters are."
            )
        return violates(
            "No trail of every region delivers to a log group, so that no metric filter sees its"
            " events.",
            expected=_EXPECTED,
        )
    left_out = {each.casefold() for each in ignored}
    wanted = {name: events for name, events in CONTROLS.items() if name.casefold() not in left_out}
    tests, unknown = _tests(seen.filters)
    certain = [test for test, each in tests if any(a.certainly for a in each.alarms)]
    failures = [a.unreadable for _, each in tests for a in each.alarms if a.unreadable]
    possible = [test for test, each in tests if any(a.unreadable for a in each.alarms)]
    missing = [name for name, events in wanted.items() if not _all_told(events, certain)]
    if not missing:
        return complies(
            f"Metric filters with alarms that notify someone tell of"
            f" {plural(len(wanted), 'kind')} of events.",
            told=sorted(wanted),
        )
    said = f"No alarm that notifies someone tells of {listed(missing)}."
    open_ones = [name for name in missing if _all_told(wanted[name], [*certain, *possible])]
    if len(open_ones) == len(missing) and failures:
        return unread(_with(said, failures), *failures)
    if unknown:
        return cannot_tell(
            f"{said} These filters are in a form that is not understood: {listed(unknown)}.",
            not_told=missing,
        )
    return violates(said, expected=_EXPECTED, not_told=missing)


def _with(said: str, failures: Sequence[Unreadable]) -> str:
    return " ".join([said, *dict.fromkeys(f"{failure}." for failure in failures)])


def _tests(
    filters: Iterable[SecurityFilter],
) -> tuple[list[tuple[Test, SecurityFilter]], list[str]]:
    """The filters that tell of something in particular, and the names of those not understood.

    A filter on plain text is not one of them: it finds a word anywhere in an event.
    """
    tests, unknown = [], []
    for each in filters:
        try:
            test = pattern_test(each.pattern)
        except NotUnderstood:
            if each.pattern.strip().startswith("{") and each.alarms:
                unknown.append(each.name)
            continue
        if not any(map(test, _ROUTINE)):
            tests.append((test, each))
    return tests, unknown


def _all_told(events: Iterable[Event], tests: Sequence[Test]) -> bool:
    return all(any(test(event) for test in tests) for event in events)
