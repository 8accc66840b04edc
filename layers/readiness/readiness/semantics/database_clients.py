"""What the variables of a client tell of the databases that it connects to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from readiness.semantics.policy_patterns import HOST_SUFFIX

_HOST = re.compile(rf"[a-z0-9][a-z0-9.-]*\.rds\.{HOST_SUFFIX}", re.IGNORECASE)
_POOL_SIZE = re.compile(r"(?:^|_)(?:CONNECTION_)?POOL_(?:SIZE|MAX)$|^PGBOUNCER_MAX", re.IGNORECASE)


def hosts_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The database hosts in the values of variables; nothing else of the values is kept."""
    found = {m.group(0).lower() for v in environment.values() for m in _HOST.finditer(v)}
    return tuple(sorted(found))


def pool_size(environment: Mapping[str, str]) -> int:
    """The largest pool size in variables such as DB_POOL_SIZE; 0 if there is none."""
    sizes = [
        int(value.strip())
        for name, value in environment.items()
        if _POOL_SIZE.search(name) and value.strip().isdigit()
    ]
    return max(sizes, default=0)
