"""Which series of metrics had data lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from readiness.model.reader import Reader
from readiness.semantics.alarms import Watched


@dataclass(frozen=True, slots=True)
class ActiveSeries:
    """The series that had data in the last 14 days, and those that had in the last 3 hours.

    Both by metric (namespace, name); a metric that was not asked for is missing.
    ``kin`` are the namespace and dimensions of series that some metric had data for.
    """

    series: Mapping[tuple[str, str], frozenset[frozenset[tuple[str, str]]]]
    recent: Mapping[tuple[str, str], frozenset[frozenset[tuple[str, str]]]]
    kin: frozenset[tuple[str, frozenset[tuple[str, str]]]] = frozenset()
    _values: dict[tuple[str, str, str], Mapping[frozenset[tuple[str, str]], tuple[str, ...]]] = (
        field(default_factory=dict, init=False, repr=False, compare=False)
    )

    def has(self, watched: Watched) -> bool:
        """Whether the series had data in the last 14 days."""
        key = (watched.namespace, watched.metric)
        return watched.dimensions in self.series.get(key, frozenset())

    def is_recent(self, watched: Watched) -> bool:
        """Whether the series had data in the last 3 hours."""
        key = (watched.namespace, watched.metric)
        return watched.dimensions in self.recent.get(key, frozenset())

    def has_kin(self, watched: Watched) -> bool:
        """Whether another metric of the same thing had data: this one may just be quiet."""
        return (watched.namespace, watched.dimensions) in self.kin

    def values(
        self, namespace: str, metric: str, base: Mapping[str, str], dimension: str
    ) -> tuple[str, ...]:
        """The values that one more dimension took beside the dimensions ``base``, in order."""
        key = (namespace, metric, dimension)
        if key not in self._values:
            self._values[key] = self._by_base(*key)
        return self._values[key].get(frozenset(base.items()), ())

    def _by_base(
        self, namespace: str, metric: str, dimension: str
    ) -> dict[frozenset[tuple[str, str]], tuple[str, ...]]:
        found: dict[frozenset[tuple[str, str]], set[str]] = {}
        for dimensions in self.series.get((namespace, metric), frozenset()):
            for name, value in dimensions:
                if name == dimension:
                    found.setdefault(dimensions - {(name, value)}, set()).add(value)
        return {base: tuple(sorted(values)) for base, values in found.items()}


_SeriesOf = dict[tuple[str, str], frozenset[frozenset[tuple[str, str]]]]


def read_published(
    read: Reader,
    metrics: Iterable[tuple[str, str]],
    *,
    recently: bool = False,
    region: str | None = None,
) -> _SeriesOf:
    """The dimensions of the series each metric (namespace, name) had in 14 days.

    ``recently`` narrows to the last 3 hours. A new series takes up to 15 minutes to be listed.
    """
    active = {"RecentlyActive": "PT3H"} if recently else {}

    def listed(metric: tuple[str, str]) -> frozenset[frozenset[tuple[str, str]]]:
        def dimensions(read: Reader) -> frozenset[frozenset[tuple[str, str]]]:
            found = read.every(
                "cloudwatch",
                "list_metrics",
                "Metrics",
                region=region,
                Namespace=metric[0],
                MetricName=metric[1],
                **active,
            )
            return frozenset(
                frozenset((each["Name"], each["Value"]) for each in series.get("Dimensions") or ())
                for series in found
            )

        return read.made_once(("series of", metric, region, recently), dimensions)

    wanted = sorted(set(metrics))
    return dict(zip(wanted, read.each(listed, wanted), strict=True))
