"""What EC2 says of what Auto Scaling groups launch: user data, and whether it is Spot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.evidence.autoscaling.groups import GROUP, described_group
from readiness.evidence.ec2.security_groups import managed_too
from readiness.model.evidence import api_call, evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.user_data import user_data_text

_NO_TEMPLATE = (
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.VersionNotFound",
    "InvalidLaunchTemplateName.NotFoundException",
)
_DEFAULT, _LATEST = "$Default", "$Latest"

Version = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LaunchSource:
    """What a group launches instances from: a version of a launch template or a configuration.

    ``version`` is a number, ``$Default`` or ``$Latest``, and empty for a launch configuration.
    """

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class UserData:
    """The user data of one source; ``text`` is None where it could not be decoded."""

    source: str
    text: str | None


_READS = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeLaunchConfigurations",
    "ec2:DescribeLaunchTemplateVersions",
)
_CHANGES = (
    api_call(
        "ec2",
        "CreateLaunchTemplate",
        "CreateLaunchTemplateVersion",
        "ModifyLaunchTemplate",
        "DeleteLaunchTemplate",
        "DeleteLaunchTemplateVersions",
    ),
)


@evidence(GROUP, reads=_READS, changed_by=_CHANGES)
@dataclass(frozen=True, slots=True)
class GroupUserData:
    """The user data of what the group launches instances from, overrides included.

    The groups of ECS capacity providers are among these
    groups. Sources: DescribeAutoScalingGroups; DescribeLaunchTemplateVersions, one listing of
    the latest and default versions and one call for each template of which a group names a
    number; DescribeLaunchConfigurations.
    """

    group: str
    scripts: tuple[UserData, ...] = ()

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupUserData:
        described = described_group(read, group)
        sources = _sources(described)
        versions: list[Version] = []
        for name in sorted({each.name for each in sources if each.version}):
            wanted = sorted({s.version for s in sources if s.name == name})
            versions += _versions_of(read, name, wanted)
        plain = [each.name for each in sources if not each.version]
        return cls._of(described, versions, _configurations(read, plain) if plain else ())

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupUserData]:
        groups = read.every("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")
        sources = {source for group in groups for source in _sources(group)}
        plain = any(not source.version for source in sources)
        configurations = _configurations(read, None) if plain else ()
        versions = _all_versions(read, sources)
        return {
            group["AutoScalingGroupName"]: cls._of(group, versions, configurations)
            for group in groups
        }

    @classmethod
    def _of(
        cls,
        group: Mapping[str, Any],
        versions: Iterable[Version],
        configurations: Iterable[Mapping[str, Any]],
    ) -> GroupUserData:
        scripts = []
        for source in _sources(group):
            data, label = _launched(source, versions, configurations)
            if encoded := (data or {}).get("UserData"):
                scripts.append(UserData(label, user_data_text(encoded)))
        return cls(group["AutoScalingGroupName"], tuple(scripts))


@evidence(GROUP, reads=_READS, changed_by=_CHANGES)
@dataclass(frozen=True, slots=True)
class GroupMarket:
    """Whether what a group launches asks for Spot by itself.

    ``is_spot`` is None where the launch template or configuration is gone. A mixed instances
    policy decides in its place, so nothing is asked of a group with one.
    Sources: as of GroupUserData.
    """

    is_spot: bool | None = False

    @classmethod
    def load(cls, read: Reader, group: Resource) -> GroupMarket:
        described = described_group(read, group)
        if described.get("MixedInstancesPolicy"):
            return cls()
        sources = _sources(described)
        versions: list[Version] = []
        for source in sources:
            if source.version:
                versions += _versions_of(read, source.name, [source.version])
        plain = [each.name for each in sources if not each.version]
        return cls._of(sources, versions, _configurations(read, plain) if plain else ())

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, GroupMarket]:
        groups = read.every("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")
        alone = [each for each in groups if not each.get("MixedInstancesPolicy")]
        sources = {source for group in alone for source in _sources(group)}
        plain = any(not source.version for source in sources)
        configurations = _configurations(read, None) if plain else ()
        versions = _all_versions(read, sources)
        own = {each["AutoScalingGroupName"] for each in alone}
        return {
            each["AutoScalingGroupName"]: cls._of(_sources(each), versions, configurations)
            if each["AutoScalingGroupName"] in own
            else cls()
            for each in groups
        }

    @classmethod
    def _of(
        cls,
        sources: Sequence[LaunchSource],
        versions: Iterable[Version],
        configurations: Iterable[Mapping[str, Any]],
    ) -> GroupMarket:
        found = [(source, _launched(source, versions, configurations)[0]) for source in sources]
        if any(data is None for _, data in found):
            return cls(None)
        return cls(any(_asks_for_spot(source, data or {}) for source, data in found))


def _asks_for_spot(source: LaunchSource, data: Mapping[str, Any]) -> bool:
    if not source.version:
        return bool(data.get("SpotPrice"))
    market: str = (data.get("InstanceMarketOptions") or {}).get("MarketType", "")
    return market == "spot"


def _launched(
    source: LaunchSource,
    versions: Iterable[Version],
    configurations: Iterable[Mapping[str, Any]],
) -> tuple[Mapping[str, Any] | None, str]:
    """What a source launches, None where it is gone, and how it is called."""
    if not source.version:
        named = (c for c in configurations if c["LaunchConfigurationName"] == source.name)
        return next(named, None), source.name
    version = _version(versions, source)
    label = f"{(version or {}).get('LaunchTemplateName') or source.name} {source.version}"
    return (None if version is None else version.get("LaunchTemplateData") or {}), label


def _sources(group: Mapping[str, Any]) -> list[LaunchSource]:
    """What the group launches from, each once."""
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    templates = [
        group.get("LaunchTemplate"),
        mixed.get("LaunchTemplateSpecification"),
        *(each.get("LaunchTemplateSpecification") for each in mixed.get("Overrides") or ()),
    ]
    found = [
        LaunchSource(
            each.get("LaunchTemplateId") or each.get("LaunchTemplateName", ""),
            each.get("Version") or _DEFAULT,
        )
        for each in templates
        if each
    ]
    if configuration := group.get("LaunchConfigurationName"):
        found.append(LaunchSource(configuration))
    return list(dict.fromkeys(found))


def _configurations(read: Reader, names: list[str] | None) -> Sequence[Mapping[str, Any]]:
    which: dict[str, Any] = {} if names is None else {"LaunchConfigurationNames": names}
    return read.every(
        "autoscaling", "describe_launch_configurations", "LaunchConfigurations", **which
    )


def _versions_of(read: Reader, template: str, versions: list[str]) -> Sequence[Version]:
    """Versions of one launch template, by its id or name; none of a template that is gone."""
    key = "LaunchTemplateId" if template.startswith("lt-") else "LaunchTemplateName"
    return read.every(
        "ec2",
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        absent=_NO_TEMPLATE,
        Versions=versions,
        **{key: template},
        **managed_too(read, "describe_launch_template_versions"),
    )


def _all_versions(read: Reader, sources: Iterable[LaunchSource]) -> Sequence[Version]:
    templates = {source for source in sources if source.version}
    if not templates:
        return []
    newest = read.every(
        "ec2",
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        Versions=[_LATEST, _DEFAULT],
        **managed_too(read, "describe_launch_template_versions"),
    )
    found = list(newest)
    missing = [source for source in templates if _version(found, source) is None]
    for name in sorted({source.name for source in missing}):
        found += _versions_of(read, name, sorted({s.version for s in missing if s.name == name}))
    return found


def _version(versions: Iterable[Version], source: LaunchSource) -> Version | None:
    own = list(_of_template(versions, source.name))
    match source.version:
        case "$Latest":
            return max(own, key=lambda each: int(each["VersionNumber"]), default=None)
        case "$Default":
            return next((each for each in own if each.get("DefaultVersion")), None)
        case number:
            return next((each for each in own if str(each["VersionNumber"]) == number), None)


def _of_template(versions: Iterable[Version], template: str) -> Iterator[Version]:
    for each in versions:
        if template in {each.get("LaunchTemplateId"), each.get("LaunchTemplateName")}:
            yield each
