"""Whether the tags of a resource say whose costs it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from readiness.evidence.workloads.manifests import Manifests
from readiness.model.text import listed
from readiness.model.verdict import (
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    violates,
)

from .settings import TagSettings

WORKLOAD_TAG = "Application"


def judge_tags(
    name: str,
    tags: Mapping[str, str],
    manifests: Manifests,
    settings: TagSettings,
    *,
    unbilled: str = "",
) -> Verdict:
    """The verdict on a resource's tags; ``unbilled`` says why its costs would not have them.

    The tags that the manifest of its workload requires count in place of the settings'.
    """
    if any(fnmatchcase(name, pattern) for pattern in settings.exempt_names):
        return not_applicable("It needs no tags (exempt_names).")
    workload = tags.get(WORKLOAD_TAG, "")
    if refusal := manifests.refusal(workload):
        return cannot_tell(refusal)
    manifest = manifests.of(workload)
    stated = manifest.required_tags if manifest else {}
    allowed = stated or settings.allowed
    by = f"manifest {manifest.workload}" if manifest and stated else "setting required_tags"
    if not allowed:
        return not_applicable("No tags are required (required_tags).")
    problems = [*_problems(tags, allowed), *([unbilled] if unbilled else [])]
    if problems:
        wanted = [
            f"{key}={'|'.join(values)}" if values else key for key, values in allowed.items()
        ]
        # With the workload's own tag the costs are someone's already.
        is_someones = WORKLOAD_TAG in allowed and not [
            *_problems(tags, {WORKLOAD_TAG: allowed[WORKLOAD_TAG]})
        ]
        return violates(
            " ".join(problems),
            expected=f"The tags {', '.join(wanted)} ({by}).",
            severity=Severity.LOW if is_someones and not unbilled else None,
            keys=sorted(tags),
        )
    said = f"It has the required tags: {', '.join(allowed)} ({by})."
    return complies(said, keys=sorted(tags))


def _problems(tags: Mapping[str, str], allowed: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    others = {key.strip().lower(): key for key in tags}
    missing = [key for key in allowed if key not in tags and key.lower() not in others]
    if missing:
        yield (
            f"It lacks the tag {missing[0]}."
            if len(missing) == 1
            else (f"It lacks the tags {listed(missing)}.")
        )
    for key, values in allowed.items():
        if key not in tags:
            if written := others.get(key.lower()):
                yield f"Its tag {written!r} is not {key!r}: upper and lower case count."
        elif not tags[key].strip():
            yield f"Its tag {key} is empty."
        elif values and tags[key] not in values:
            yield f"Its tag {key} is {tags[key]!r}, not {' or '.join(values)}."
