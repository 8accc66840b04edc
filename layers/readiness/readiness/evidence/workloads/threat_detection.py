"""What looks for attacks in what is recorded: GuardDuty, or CloudTrail Insights."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.evidence.cloudtrail.trails import ONE_DAY, Trails
from readiness.evidence.guardduty import ENABLED, ThreatDetector, administrator_of
from readiness.model.evidence import REGION, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.model.unreadable import NotOffered, Unreadable
from readiness.semantics.trail_coverage import EVERY_OTHER, WRITE, Share

_CHANGES = frozenset({(EVERY_OTHER, WRITE)})


@evidence(REGION, reads=("guardduty:GetAdministratorAccount",), uses=(ThreatDetector, Trails))
@dataclass(frozen=True, slots=True)
class ThreatDetection:
    """The GuardDuty detector and, where it analyses nothing, the trails with Insights.

    ``detector`` is None where the region does not have GuardDuty. ``insights`` says of each trail
    with Insights whether it records what they look at. ``administrator`` is the account that
    administers the detector, read where nothing else is found. Sources: as of ThreatDetector and
    Trails, GetAdministratorAccount.
    """

    detector: ThreatDetector | None
    insights: tuple[Share, ...] = ()
    administrator: str = ""

    @classmethod
    def load(cls, read: Reader, region: Resource) -> ThreatDetection:
        try:
            detector = read.of(ThreatDetector, region)
        except NotOffered:
            detector = None
        if detector is not None and detector.status == ENABLED:
            return cls(detector)
        try:
            trails = read.of(Trails, region)
        except Unreadable as unreadable:
            return cls(detector, (Share.unread("The trails", _CHANGES, unreadable),))
        shares = [
            trail.share(_CHANGES, trails.region, trails.read_at, ONE_DAY)
            for trail in trails.all
            if trail.insights
        ]
        is_found = any(share.certain or share.possible for share in shares)
        if detector is None or is_found:
            return cls(detector, tuple(shares))
        return cls(detector, tuple(shares), administrator_of(read, detector))

    @property
    def by_insights(self) -> bool:
        """Whether CloudTrail Insights certainly look at changes."""
        return any(share.certain for share in self.insights)

    @property
    def doubts(self) -> tuple[Share, ...]:
        """The trails with Insights of which it is not known whether they work."""
        return tuple(share for share in self.insights if share.possible)
