"""Whether trails and event data stores record who reads and decrypts secrets."""

from readiness import Unreadable, Verdict, cannot_tell, complies, violates
from readiness.evidence.cloudtrail.event_data_stores import EventDataStores
from readiness.model.text import plural
from readiness.semantics.trail_coverage import Coverage, Recorded, Share

_RECORDERS = "trails or event data stores"


def shares_of(stores: EventDataStores | Unreadable, wanted: Recorded) -> tuple[Share, ...]:
    """What the stores record of ``wanted``: perhaps all of it, where they cannot be read."""
    if isinstance(stores, Unreadable):
        return (Share.unread("Event data stores, which may record more,", wanted, stores),)
    return stores.shares(wanted)


def judge_audit(count: int, coverage: Coverage) -> Verdict:
    """The verdict on a region that has ``count`` secrets."""
    held = plural(count, "secret")
    if not coverage.gaps:
        return complies(
            f"Reads and changes of the {held} in this region are recorded by"
            f" {plural(coverage.recorders, 'trail or event data store', _RECORDERS)}.",
            secrets=count,
        )
    reason = (
        f"No trail is known to record {coverage.missed} in this region, which has {held}."
        f" {coverage.why or 'No trail covers it.'}"
    )
    if coverage.is_open:
        return cannot_tell(
            reason,
            missing=coverage.missing,
            is_passing=coverage.is_passing,
            secrets=count,
        )
    return violates(
        reason,
        expected="A multi-Region trail that logs and delivers read and write management events.",
        secrets=count,
        not_recorded=sorted(f"{kind} {source}" for source, kind in coverage.gaps),
    )
