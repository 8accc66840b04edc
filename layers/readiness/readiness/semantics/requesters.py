"""What is known of the requests of a stranger, of a service, and of a principal of the account.

Keys and their meaning: IAM User Guide, "AWS global condition context keys" and "Available keys
for AWS STS".
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from readiness.semantics.condition_values import (
    ABSENT,
    ANY_ADDRESS,
    CHOSEN,
    DIGIT,
    FREE,
    INTERNET,
    NAME,
    NOW,
    OTHER,
    OWN,
    PART,
    PATH,
    Alternatives,
    Holds,
    fixed,
    optional,
)
from readiness.semantics.conditions import Requests, holds
from readiness.semantics.policy import Condition

_ACCOUNTS = (DIGIT * 11 + OTHER, OTHER + DIGIT * 11)
"""The numbers of accounts that no policy states; some begin or end like one."""
_ORGANIZATION = f"o-{NAME}"
_UNSTATED = f"{FREE}{OTHER}{FREE}"
"""A text of the requester's, which is not the one that a policy states."""
_UNRELATED = OTHER * 8
"""The name of one of all the resources that a policy does not mean, not even by how it begins."""

_ANYONE: Mapping[str, Alternatives] = {
    "aws:currenttime": fixed(NOW),
    "aws:epochtime": fixed(NOW),
    "aws:referer": CHOSEN,
    "aws:requestedregion": fixed(FREE),
    "aws:requesttag/*": CHOSEN,
    "aws:securetransport": fixed("true", "false"),
    "aws:sourceip": fixed(INTERNET),
    "aws:sourcevpc": optional(f"vpc-{NAME}"),
    "aws:sourcevpce": optional(f"vpce-{NAME}"),
    "aws:sourcevpcarn": optional(
        *(f"arn:{FREE}:ec2:{PART}:{each}:vpc/{PART}" for each in _ACCOUNTS)
    ),
    "aws:tagkeys": CHOSEN,
    "aws:tokenissuetime": CHOSEN,
    "aws:useragent": CHOSEN,
    "aws:vpceaccount": optional(*_ACCOUNTS),
    "aws:vpceorgid": optional(_ORGANIZATION),
    "aws:vpceorgpaths": optional(f"{_ORGANIZATION}/{FREE}"),
    "aws:vpcsourceip": CHOSEN,
    "events:detail-type": CHOSEN,
    "events:source": CHOSEN,
    "events:targetarn": CHOSEN,
    "sts:rolesessionname": CHOSEN,
    "sts:sourceidentity": CHOSEN,
    "sts:transitivetagkeys": CHOSEN,
    # The resource is the account's own.
    "aws:resourceaccount": fixed(OWN),
    "aws:resourceorgid": optional(OWN),
    "aws:resourceorgpaths": optional(OWN),
}
"""What anyone can choose, and where a request of anyone may come from."""

_OF_SERVICES = (
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:principalservicename",
    "aws:principalservicenameslist",
)
_NOT_A_SERVICE: Mapping[str, Alternatives] = {
    **dict.fromkeys(_OF_SERVICES, ABSENT),
    "aws:principalisawsservice": fixed("false"),
}
_FACTOR: Mapping[str, Alternatives] = {
    "aws:multifactorauthage": CHOSEN,
    "aws:multifactorauthpresent": optional("true", "false"),
}


@functools.lru_cache(maxsize=256)
def stranger(account: str = "") -> Requests:
    """A principal of an account that no policy states, in another organization or in none.

    ``account`` is for a known account: a principal there that no policy states.
    """
    accounts = (account,) if account else _ACCOUNTS
    name = f"{PATH}{OTHER}{PATH}" if account else PATH
    arns = [
        f"arn:{FREE}:{service}::{each}:{name}" for each in accounts for service in ("iam", "sts")
    ]
    return Requests(
        {
            **_ANYONE,
            **_NOT_A_SERVICE,
            **_FACTOR,
            "aws:calledvia*": CHOSEN,
            "aws:federatedprovider": CHOSEN,
            "aws:principalaccount": fixed(*accounts),
            "aws:principalarn": fixed(*arns),
            "aws:principalorgid": optional(_ORGANIZATION),
            "aws:principalorgpaths": optional(f"{_ORGANIZATION}/{FREE}"),
            "aws:principaltag/*": CHOSEN,
            "aws:principaltype": fixed(FREE),
            "aws:userid": fixed(f"AIDA{NAME}", f"AROA{NAME}:{FREE}", *accounts),
            "aws:username": CHOSEN,
            "aws:viaawsservice": fixed("false", "true"),
            "kms:calleraccount": fixed(*accounts),
            "events:creatoraccount": optional(*accounts),
            "kms:viaservice": CHOSEN,
            "sts:externalid": optional(_UNSTATED),
        }
    )


@functools.lru_cache(maxsize=1)
def through_endpoint() -> Requests:
    """A stranger's request that passes an endpoint of the account's VPC, to anyone's resources."""
    return stranger().but(
        {
            **{key: CHOSEN for key in _ANYONE if "vpc" in key},
            "aws:sourceip": ABSENT,
            "aws:resourceaccount": fixed(*_ACCOUNTS),
            "aws:resourceorgid": optional(_ORGANIZATION),
            "aws:resourceorgpaths": optional(f"{_ORGANIZATION}/{FREE}"),
        }
    )


@functools.lru_cache(maxsize=256)
def service_for_stranger(service: str = FREE) -> Requests:
    """An AWS service that acts on behalf of an account that no policy states.

    Not every service sends the keys that say for whom it acts. The ARNs of S3 and of a few
    other services have no account.
    """
    return Requests(
        {
            **_ANYONE,
            **_FACTOR,
            "aws:calledvia*": CHOSEN,
            "aws:principalaccount": ABSENT,
            "aws:principalarn": ABSENT,
            "aws:principalisawsservice": fixed("true"),
            "aws:principalorgid": ABSENT,
            "aws:principalorgpaths": ABSENT,
            "aws:principalservicename": fixed(service),
            "aws:principalservicenameslist": fixed(service),
            "aws:principaltag/*": ABSENT,
            "aws:principaltype": ABSENT,
            "aws:userid": ABSENT,
            "aws:username": ABSENT,
            "aws:sourceaccount": optional(*_ACCOUNTS),
            "aws:sourcearn": optional(
                *(f"arn:{FREE}:{PART}:{PART}:{each}:{FREE}" for each in _ACCOUNTS),
                f"arn:{FREE}:{PART}:{PART}::{_UNSTATED}",
            ),
            "aws:sourceip": optional(INTERNET),
            "aws:sourceorgid": optional(_ORGANIZATION),
            "aws:sourceorgpaths": optional(f"{_ORGANIZATION}/{FREE}"),
            "aws:sourceowner": optional(*_ACCOUNTS),
            "aws:viaawsservice": fixed("false", "true"),
            "sts:externalid": optional(_UNSTATED),
        }
    )


@functools.lru_cache(maxsize=256)
def signed_in(provider: str) -> Requests:
    """Somebody who signed in through an OIDC provider; its own keys are for the caller to add.

    Session tags come from the token, so they say what the provider lets them.
    """
    return Requests(
        {
            **{key: value for key, value in _ANYONE.items() if "tag" not in key},
            **_NOT_A_SERVICE,
            **_FACTOR,
            "aws:federatedprovider": fixed(OWN),
            "aws:principal*": ABSENT,
            "aws:viaawsservice": fixed("false"),
            "sts:externalid": ABSENT,
            f"{provider}:aud": fixed(FREE),
            f"{provider}:oaud": CHOSEN,
        }
    )


_HIMSELF: Mapping[str, Alternatives] = {
    "aws:federatedprovider": optional(OWN),
    "aws:principalaccount": fixed(OWN),
    "aws:principalarn": fixed(OWN),
    "aws:principalorgid": optional(OWN),
    "aws:principalorgpaths": optional(OWN),
    "aws:principaltag/*": optional(OWN),
    "aws:principaltype": fixed(OWN),
    "aws:userid": fixed(OWN),
    "aws:username": optional(OWN),
    "kms:calleraccount": fixed(OWN),
}


@functools.lru_cache(maxsize=256)
def holder() -> Requests:
    """A principal of this account that makes calls by itself, without MFA.

    A policy's own principal may meet every condition on itself. Keys not listed are up to it.
    """
    return Requests(
        {
            **_ANYONE,
            **_NOT_A_SERVICE,
            **_HIMSELF,
            "aws:calledvia*": optional(_UNSTATED),
            "aws:multifactorauthage": ABSENT,
            "aws:multifactorauthpresent": optional("false"),
            "aws:resourcetag/*": optional(_UNRELATED),
            "aws:viaawsservice": fixed("false"),
            "*:resourcetag/*": optional(_UNRELATED),
            "cloudformation:rolearn": optional(f"arn:{FREE}:iam::{FREE}:role/{_UNRELATED}"),
            "ec2:instanceprofile": optional(
                f"arn:{FREE}:iam::{FREE}:instance-profile/{_UNRELATED}"
            ),
            "ecs:cluster": fixed(f"arn:{FREE}:ecs:{FREE}:{FREE}:cluster/{_UNRELATED}"),
            "iam:awsservicename": fixed(f"{_UNRELATED}.amazonaws.com"),
            "iam:permissionsboundary": optional(
                f"arn:{FREE}:iam::{FREE}:policy/{_UNRELATED}", *_POWERFUL
            ),
            "iam:policyarn": fixed(f"arn:{FREE}:iam::{FREE}:policy/{_UNRELATED}", *_POWERFUL),
            "kms:granteeprincipal": fixed(f"arn:{FREE}:iam::{FREE}:role/{_UNRELATED}"),
            "kms:grantisforawsresource": fixed("false"),
            "kms:grantoperations": fixed("Decrypt"),
            "kms:requestalias": optional(f"alias/{_UNRELATED}"),
            "kms:resourcealiases": optional(f"alias/{_UNRELATED}"),
            "kms:viaservice": optional(f"{_UNRELATED}.{PART}.amazonaws.com"),
            "secretsmanager:secretid": fixed(
                f"arn:{FREE}:secretsmanager:{FREE}:{FREE}:secret:{_UNRELATED}"
            ),
        },
        others=CHOSEN,
    )


_POWERFUL = tuple(
    f"arn:{FREE}:iam::aws:policy/{name}"
    for name in ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
)
"""AWS's policies with which a principal can take over an account, or nearly so."""


@functools.lru_cache(maxsize=256)
def user_of(account: str, name: str = FREE) -> Requests:
    """An IAM user of the account that makes calls by itself; the factor is for the caller.

    ``name`` is path and name, without the first slash.
    """
    return Requests(
        {
            **{key: value for key, value in _ANYONE.items() if "vpc" not in key},
            **_NOT_A_SERVICE,
            **_HIMSELF,
            "aws:calledvia*": ABSENT,
            "aws:federatedprovider": ABSENT,
            "aws:sourceip": optional(ANY_ADDRESS),
            "aws:principalaccount": fixed(account),
            "aws:principalarn": fixed(f"arn:{FREE}:iam::{account}:user/{name}"),
            "aws:principaltype": fixed("User"),
            "aws:userid": fixed(f"AIDA{FREE}"),
            "aws:username": fixed(name.rpartition("/")[2]),
            "aws:viaawsservice": fixed("false"),
        },
        others=CHOSEN,
    )


@functools.lru_cache(maxsize=256)
def without_tls() -> Requests:
    """A request of a person or a program over plain HTTP. AWS services always use TLS."""
    return Requests(
        {
            **_NOT_A_SERVICE,
            "aws:calledvia*": ABSENT,
            "aws:currenttime": fixed(NOW),
            "aws:epochtime": fixed(NOW),
            "aws:securetransport": fixed("false"),
            "aws:viaawsservice": fixed("false"),
            "s3:tlsversion": ABSENT,
        },
        others=CHOSEN,
        judges={"aws:principalarn": _spares_service_linked_roles},
    )


@functools.lru_cache(maxsize=256)
def upload_without_kms() -> Requests:
    """An upload to S3 that asks for encryption with keys of S3, by a person or a program."""
    return Requests(
        {
            **_NOT_A_SERVICE,
            "aws:calledvia*": ABSENT,
            "aws:currenttime": fixed(NOW),
            "aws:epochtime": fixed(NOW),
            "aws:viaawsservice": fixed("false"),
            "s3:x-amz-server-side-encryption": fixed("AES256"),
            "s3:x-amz-server-side-encryption-aws-kms-key-id": ABSENT,
            "s3:x-amz-server-side-encryption-customer-algorithm": ABSENT,
        },
        others=CHOSEN,
        judges={"aws:principalarn": _spares_service_linked_roles},
    )


def cloudwatch(account: str, alarms: str) -> Requests:
    """CloudWatch that raises an alarm of the account.

    ``alarms`` is how the ARNs of the account's alarms begin, up to ``:alarm:``.
    """
    known = _acting("cloudwatch.amazonaws.com", account, f"{alarms}{FREE}")
    return Requests({**known, "aws:sourceowner": fixed(account)})


@functools.lru_cache(maxsize=256)
def acting(service: str, account: str, source: str) -> Requests:
    """A service that acts for a resource of the account, whose ARN is ``source``.

    It does not send ``aws:SourceOwner``, as only the oldest services do.
    """
    return Requests({**_acting(service, account, source), "aws:sourceowner": ABSENT})


def _acting(service: str, account: str, source: str) -> Mapping[str, Alternatives]:
    return {
        "aws:currenttime": fixed(NOW),
        "aws:epochtime": fixed(NOW),
        "aws:principalisawsservice": fixed("true"),
        "aws:principalservicename": fixed(service),
        "aws:securetransport": fixed("true"),
        "aws:sourceaccount": fixed(account),
        "aws:sourcearn": fixed(source),
    }


def _spares_service_linked_roles(condition: Condition) -> Holds:
    """A condition on the principal, of someone who is no service-linked role.

    Only AWS services can assume those.
    """
    excludes = condition.operator in {"arnnotlike", "arnnotequals", "stringnotlike"}
    if excludes and all(":role/aws-service-role/" in value for value in condition.values):
        return Holds.ALWAYS
    return holds((condition,), Requests({}, others=CHOSEN))
