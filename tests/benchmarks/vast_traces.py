"""The traces of an account of any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.benchmarks.vast_fronts import Fronts

_AN_HOUR, _ON_A_PAGE = 10, 100
_HOUR = 3600


class Traces(Fronts):
    """Ten traces an hour of each function in use, each through one of the services too."""

    def xray_get_trace_summaries(self, params: Mapping[str, Any]) -> Any:
        """A page, of which X-Ray has processed as many; for a filter, all of that time."""
        used = [each["FunctionName"] for each in self._functions_that_published("Duration", None)]
        services = list(self.names("service", self.size.services))
        wanted = params.get("FilterExpression", "")
        seconds = (params["EndTime"] - params["StartTime"]).total_seconds()
        count = round(_AN_HOUR * len(used) * seconds / _HOUR)
        part = params["StartTime"].minute * 60 // seconds if seconds < _HOUR else 0
        before = int(part) * count
        start = int(params.get("NextToken") or before)
        end = before + count if wanted else min(before + count, start + _ON_A_PAGE)
        nodes = {n: (used[n % len(used)], services[n % len(services)]) for n in range(start, end)}
        summaries = [
            {
                "Id": f"1-67a1b2c3-{n:024x}",
                "Duration": 0.2,
                "ServiceIds": [{"Name": name} for name in names],
            }
            for n, names in nodes.items()
            if not wanted or any(f'"{name}"' in wanted for name in names)
        ]
        token = str(end) if end < before + count else None
        return {
            "TraceSummaries": summaries,
            "TracesProcessedCount": end - start,
            "NextToken": token,
        }
