"""Whether the files of a trail can be read by everyone, or deleted by others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from readiness import (
    Problem,
    Severity,
    Unreadable,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
    violates_all,
)
from readiness.evidence.s3.account import BLOCKS
from readiness.evidence.s3.protection import BucketProtection, Grant
from readiness.evidence.workloads.trail_buckets import TrailBucket, TrailBuckets
from readiness.model.text import listed, plural
from readiness.semantics.condition_values import (
    ABSENT,
    ANY_ADDRESS,
    CHOSEN,
    FREE,
    OWN,
    Holds,
    fixed,
)
from readiness.semantics.conditions import Requests, allowed
from readiness.semantics.policy import Document, Principal, Statement
from readiness.semantics.policy_patterns import matches_any, overlap
from readiness.semantics.requesters import stranger

ON_FILES = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject")
ON_THE_BUCKET = (
    "s3:DeleteBucket",
    "s3:PutBucketAcl",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
)
"""By which others lose us log files. S3 takes a new policy from the bucket's own account alone."""
TO_READ = ("s3:GetObject",)
_CHANGES = {"WRITE", "WRITE_ACP", "FULL_CONTROL"}
_ANYBODY = Principal("AWS", "*")
_ACCOUNT_DIGITS = 12

EXPECTED = (
    "A bucket that blocks public access, that no other account may change, with versioning or"
    " Object Lock."
)


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """What is asked of a bucket with the files of a trail."""

    trusted_accounts: Annotated[
        tuple[str, ...], "Other accounts that may delete or overwrite the files of a trail"
    ] = ()
    require_versions: Annotated[
        bool, "A bucket with neither versioning nor Object Lock's default retention fails"
    ] = True
    require_mfa_delete: Annotated[
        bool, "A bucket with neither MFA delete nor Object Lock in compliance mode fails"
    ] = False


def judge_trail_buckets(buckets: TrailBuckets, wanted: BucketSettings) -> Verdict:
    """The verdict on the buckets to which trails deliver."""
    if not buckets.all:
        if not buckets.others:
            return not_applicable("There is no trail, so that no bucket gets its files.")
        return not_applicable(
            f"This account does not own the bucket {listed(buckets.others)} of its trails. Who may"
            " change the files is shown to its owner alone."
        )
    problems: list[Problem] = []
    failures: list[Unreadable] = []
    doubts: list[str] = []
    for bucket in buckets.all:
        if isinstance(bucket.protection, Unreadable):
            failures.append(bucket.protection)
            continue
        found = _Bucket(bucket, bucket.protection, buckets.account, wanted)
        problems += found.problems()
        doubts += found.doubts
    names = [bucket.name for bucket in buckets.all]
    if problems:
        return violates_all(problems, expected=EXPECTED, buckets=names)
    if failures:
        said = " ".join(f"{failure}." for failure in failures)
        return unread(f"Who may change the files of a trail could not be read: {said}", *failures)
    if doubts:
        return cannot_tell(" ".join(dict.fromkeys(doubts)), buckets=names)
    return complies(
        f"No other account may change the files of a trail in {plural(len(names), 'bucket')}"
        f" ({listed(names)}), and the public cannot read them.",
        buckets=names,
    )


class _Bucket:
    """One bucket, and what is wrong with it. ``doubts`` are filled by ``problems``."""

    def __init__(
        self,
        bucket: TrailBucket,
        seen: BucketProtection,
        account: str,
        wanted: BucketSettings,
    ) -> None:
        self.what = f"the bucket {bucket.name} of the trail {listed(bucket.trails)}"
        self.seen = seen
        self.account = account
        self.wanted = wanted
        self.doubts: list[str] = []
        self.arn = seen.policy.arn
        self.files = [f"{self.arn}/{key}" for key in bucket.keys]

    def problems(self) -> list[Problem]:
        """Everything that is wrong, in no order."""
        return [*self._by_policy(), *self._by_acl(), *self._unblocked(), *self._lost()]

    # -- the policy

    def _by_policy(self) -> Iterator[Problem]:
        if not self.seen.policy.text:
            return
        policy = Document.of("the bucket policy", self.seen.policy.text)
        if policy.flaw:
            self.doubts.append(f"The policy of {self.what} cannot be understood: {policy.flaw}.")
            return
        if self.seen.policy_is_public and "RestrictPublicBuckets" in self.seen.blocks:
            return  # S3 lets no other account in then, whatever else the policy allows.
        if self.seen.policy_is_public:
            text = f"S3 calls the policy of {self.what} public."
            yield Problem(Severity.HIGH, text)
        for allow in policy.statements:
            if allow.allows:
                yield from self._allowed(allow, policy.statements)

    def _allowed(self, allow: Statement, statements: Sequence[Statement]) -> Iterator[Problem]:
        if allow.names_anybody:
            told = False
            for actions, what in (((*ON_FILES, *ON_THE_BUCKET), "change"), (TO_READ, "read")):
                can = self._can(allow, statements, actions, _ANYBODY, _STRANGER)
                if can:
                    told = True
                    yield Problem(
                        Severity.HIGH,
                        f"Anyone can {what} the files in {self.what} ({listed(can)} by"
                        f" {allow.name}).",
                    )
            if told:
                return
            for requests, name in (
                (_COLLEAGUE, "Other accounts"),
                (_NEIGHBOUR, "Anyone on certain networks"),
            ):
                yield from self._others(allow, statements, _ANYBODY, requests, name)
            self._delegated(allow, statements)
        for account in sorted(_accounts_of(allow) - {self.account, *self.wanted.trusted_accounts}):
            who = Principal("AWS", account)
            yield from self._others(
                allow, statements, who, _principals_of(account), f"The account {account}"
            )
        for principal in allow.principals:
            if principal.kind == "CanonicalUser":
                name = f"The canonical user {principal.value}"
                yield from self._others(allow, statements, principal, _principals_of(), name)

    def _delegated(self, allow: Statement, statements: Sequence[Statement]) -> None:
        """Doubt a statement that leaves it to access points of this account whom they let in."""
        actions = (*ON_FILES, *TO_READ)
        if self._can(allow, statements, actions, _ANYBODY, _through(self.account)):
            self.doubts.append(
                f"The policy of {self.what} leaves it to access points of this account who may"
                f" change or read the files ({allow.name}). Their policies are not read."
            )

    def _others(
        self,
        allow: Statement,
        statements: Sequence[Statement],
        who: Principal,
        requests: Requests,
        name: str,
    ) -> Iterator[Problem]:
        can = self._can(allow, statements, (*ON_FILES, *ON_THE_BUCKET), who, requests)
        if can:
            yield Problem(
                Severity.MEDIUM,
                f"{name} can change the files in {self.what} ({listed(can)} by {allow.name}).",
            )

    def _can(
        self,
        allow: Statement,
        statements: Sequence[Statement],
        actions: Iterable[str],
        who: Principal,
        requests: Requests,
    ) -> list[str]:
        """Which of the actions the requests can make on the files or on their bucket."""
        can = []
        for action in actions:
            resources = [self.arn] if action in ON_THE_BUCKET else self.files
            if not allow.names_action(action):
                continue
            for resource in resources:
                if not _meets(allow, resource):
                    continue
                denials = [
                    s
                    for s in statements
                    if not s.allows
                    and s.names_action(action)
                    and _concerns(s, who)
                    and _spares_none(s, resource)
                ]
                answer = allowed(allow, denials, requests)
                if answer is Holds.UNKNOWN:
                    if requests is _STRANGER:
                        continue  # S3 has answered that for conditions that we do not know.
                    self.doubts.append(
                        f"Whether the policy of {self.what} allows others {action} is not known"
                        f" ({allow.name})."
                    )
                elif answer is not Holds.NEVER:
                    can.append(action)
        return list(dict.fromkeys(can))

    # -- the rest

    def _by_acl(self) -> Iterator[Problem]:
        for grant in self.seen.grants:
            if grant.is_public and "IgnorePublicAcls" in self.seen.blocks:
                continue
            yield Problem(_severity(grant), f"The ACL of {self.what} gives {_said(grant)}.")

    def _unblocked(self) -> Iterator[Problem]:
        off = [name for name in BLOCKS if name not in self.seen.blocks]
        if off:
            text = f"{_plainly(off)} off for {self.what}: one change could make it public."
            yield Problem(Severity.LOW, text)

    def _lost(self) -> Iterator[Problem]:
        is_locked = bool(self.seen.locked_days)
        if self.wanted.require_versions and not self.seen.has_versions and not is_locked:
            yield Problem(
                Severity.LOW,
                f"What is deleted or overwritten in {self.what} is lost: it has neither versioning"
                " nor a default retention of Object Lock.",
            )
        is_kept = self.seen.has_mfa_delete or (is_locked and self.seen.lock_mode == "COMPLIANCE")
        if self.wanted.require_mfa_delete and not is_kept:
            yield Problem(
                Severity.LOW,
                f"Whoever may delete versions in {self.what} can do so without MFA, and Object"
                " Lock does not keep them in compliance mode.",
            )


def _plainly(off: Sequence[str]) -> str:
    return f"{listed(off)} of the public access block {'is' if len(off) == 1 else 'are'}"


def _severity(grant: Grant) -> Severity:
    if grant.is_public:
        return Severity.HIGH
    return Severity.MEDIUM if grant.permission in _CHANGES else Severity.LOW


def _said(grant: Grant) -> str:
    return f"{grant.to} the permission {grant.permission}"


def _meets(allow: Statement, resource: str) -> bool:
    """Whether a statement is about the bucket, or about any of the files of a pattern."""
    if allow.not_resources:
        return any(not matches_any(allow.not_resources, each) for each in _instances(resource))
    return any(overlap(pattern, resource) for pattern in allow.resources)


def _spares_none(denial: Statement, resource: str) -> bool:
    """Whether a Deny is about all the files of a pattern."""
    if denial.not_resources:
        return denial.covers(resource)
    return all(map(denial.names_resource, _instances(resource)))


def _instances(pattern: str) -> tuple[str, ...]:
    """Names of a pattern that another matches only if it is as wide."""
    text = pattern.replace("?", "7")
    return (text.replace("*", "/a/z.gz"), text.replace("*", "-Digest/b.gz"))


_NAME_ACCOUNTS = {
    "aws:principalaccount",
    "aws:principalarn",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
}


def _accounts_of(allow: Statement) -> set[str]:
    """The accounts that a statement names, as principals or in its conditions."""
    named = {principal.account for principal in allow.principals}
    for condition in allow.conditions:
        if condition.key in _NAME_ACCOUNTS:
            named |= {_account_in(value) for value in condition.values}
    return {account for account in named if _is_account(account)}


def _account_in(value: str) -> str:
    parts = value.split(":")
    return parts[4] if len(parts) > 4 else value


def _is_account(text: str) -> bool:
    return text.isdigit() and len(text) == _ACCOUNT_DIGITS


def _principals_of(account: str = "") -> Requests:
    """The principals of an account, whatever their names and their organization."""
    free = {"aws:principalorgid": CHOSEN, "aws:principalorgpaths": CHOSEN}
    names = fixed(f"arn:{FREE}:iam::{account or FREE}:{FREE}")
    return Requests({**stranger(account).keys, **free, "aws:principalarn": names}, others=CHOSEN)


_STRANGER = stranger().but(
    {
        "s3:accesspointnetworkorigin": ABSENT,
        "s3:dataaccesspointaccount": ABSENT,
        "s3:dataaccesspointarn": ABSENT,
        "s3:resourceaccount": fixed(OWN),
        "s3:signatureversion": CHOSEN,
        "s3:tlsversion": CHOSEN,
        "s3:x-amz-*": CHOSEN,
    }
)
"""Anyone who asks S3 itself: to an access point its own policy, and that of its account, apply."""


def _through(account: str) -> Requests:
    """Anyone who asks an access point of the account, if its policy lets them."""
    access_point = fixed(f"arn:{FREE}:s3:{FREE}:{account}:accesspoint/{FREE}")
    return _STRANGER.but(
        {
            "s3:accesspointnetworkorigin": CHOSEN,
            "s3:dataaccesspointaccount": fixed(account),
            "s3:dataaccesspointarn": access_point,
        }
    )


_COLLEAGUE = _STRANGER.but(
    {"aws:principalorgid": fixed(FREE), "aws:principalorgpaths": fixed(FREE)}
)
"""Anyone in an account of whatever organization a policy names."""

_NEIGHBOUR = _STRANGER.but(
    {
        "aws:sourceip": fixed(ANY_ADDRESS),
        "aws:sourcevpc": CHOSEN,
        "aws:sourcevpce": CHOSEN,
        "aws:vpcsourceip": CHOSEN,
    }
)
"""Anyone, signed in or not, whose requests come from where a policy allows it."""


def _concerns(denial: Statement, who: Principal) -> bool:
    """Whether a Deny is about all principals of an account, or about everybody."""
    if denial.not_principals:
        spared = {p.account for p in denial.not_principals if p.account}
        return who.account not in spared and not any(p.is_anybody for p in denial.not_principals)
    return any(
        p.is_anybody or (p.is_whole_account and who.account != "" and p.account == who.account)
        for p in denial.principals
    )
