"""What stands in the way of encrypting with a key of one's own, and of rotating it."""

from __future__ import annotations

from typing import Protocol

from readiness.semantics.policy import Unparsable, parse

_LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"
_LOG_DELIVERY_ACCOUNTS = frozenset(
    {
        "009996457667",
        "027434742980",
        "033677994240",
        "037604701340",
        "048591011584",
        "054676820928",
        "076674570225",
        "098369216593",
        "114774131450",
        "127311923021",
        "156460612806",
        "190560391635",
        "383597477331",
        "507241528517",
        "582318560864",
        "589379963580",
        "600734575887",
        "635631232127",
        "638102146993",
        "652711504416",
        "718504428378",
        "754344448648",
        "783225319266",
        "797873946194",
        "897822967062",
        "985666609251",
    }
)
"""Elastic Load Balancing's own accounts, one for each region that existed before August 2022
(Application Load Balancers guide, "Enable access logs")."""


def is_load_balancer_log_target(policy: str) -> bool:
    """Whether a bucket policy lets Elastic Load Balancing deliver access logs.

    It can write to a bucket with SSE-S3 only. Server access logs of S3 are no such exception: a
    customer managed key works for them.
    """
    try:
        statements = parse(policy) if policy else ()
    except Unparsable:
        return False
    return any(
        statement.allows
        and statement.names_action("s3:PutObject")
        and any(
            p.account in _LOG_DELIVERY_ACCOUNTS
            or (p.kind == "Service" and p.value == _LOG_DELIVERY)
            for p in statement.principals
        )
        for statement in statements
    )


class Key(Protocol):
    """What decides whether KMS can rotate a key."""

    @property
    def state(self) -> str: ...
    @property
    def manager(self) -> str: ...
    @property
    def spec(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def multi_region(self) -> str: ...


def why_it_cannot_rotate(key: Key) -> str:
    """Why automatic rotation says nothing about a key, as a sentence."""
    if key.manager != "CUSTOMER":
        return "AWS manages this key and rotates it every year."
    if key.spec != "SYMMETRIC_DEFAULT":
        return f"A {key.spec} key cannot rotate automatically."
    if key.origin != "AWS_KMS":
        return f"A key with {key.origin} material cannot rotate automatically."
    if key.multi_region == "REPLICA":
        return "This is a replica; rotation is a property of its primary key."
    return f"The key is {key.state} and is judged again once it is enabled."
