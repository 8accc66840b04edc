"""Whether a change of the major version has a guide that leads users over."""

from __future__ import annotations

import re
from datetime import timedelta

from readiness import Status, Verdict, cannot_tell, not_applicable
from readiness.model.attestation import Attestation, Attested, Result

FROM, TO = "from_major", "to_major"


_MAJOR = re.compile(r"v?([0-9]+)(?:[.+-].*)?", re.IGNORECASE)


def _major(value: object) -> int | None:
    """The first number of ``2.1.0``, ``v2`` or ``10-rc1``; None for what is no version."""
    found = _MAJOR.fullmatch(str(value if value is not None else "").strip())
    return int(found[1]) if found else None


def _is_accepted(each: Attestation, workload: str, attested: Attested, two_people: bool) -> bool:  # noqa: FBT001
    return (
        each.result is Result.PASS
        and not each.revoked
        and each.performed_at <= attested.now
        and each.artefact is not None
        and workload in {each.scope.workload, each.scope.resource}
        and (each.has_second_person or not two_people)
    )


def migration_verdict(
    workload: str, version: str, attested: Attested, *, max_age_days: int, two_people: bool
) -> Verdict:
    """The verdict about the last change of the major version of a workload.

    A guide that was accepted once stays enough until the major version changes again: after the
    move nobody reads it any more.
    """
    major = _major(version)
    if major is None:
        return cannot_tell(f"The version of {workload}, {version}, has no major version.")
    if major < 2:
        return not_applicable(
            f"The version of {workload} is {version}: its major version has not changed yet."
        )
    accepted = [
        each for each in attested.statements if _is_accepted(each, workload, attested, two_people)
    ]
    earlier = [to for each in accepted if (to := _major(each.bound_to.get(TO))) and to < major]
    before = max(earlier, default=major - 1)
    verdict = attested.verdict(
        f"The guide of {workload} for the migration from version {before} to {major}",
        max_age_days=max_age_days,
        two_people=two_people,
        bound={FROM: str(before), TO: str(major)},
        document_of=workload,
        version=version,
    )
    if verdict.status is not Status.NON_COMPLIANT:
        return verdict
    failures = [
        each.performed_at
        for each in attested.statements
        if each.result is Result.FAIL and not each.revoked and each.performed_at <= attested.now
    ]
    for each in accepted:
        if any(at >= each.performed_at for at in failures):
            continue  # it was found wanting since
        is_for_it = (_major(each.bound_to.get(FROM)), _major(each.bound_to.get(TO))) == (
            before,
            major,
        )
        if is_for_it and each.expires(timedelta(days=max_age_days)) <= attested.now:
            return not_applicable(
                f"The major version of {workload} has not changed since its guide of"
                f" {each.performed_at:%Y-%m-%d} was accepted."
            ).observing({"version": version})
    return verdict
