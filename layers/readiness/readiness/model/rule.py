"""A rule is a pure function; everything else about it is derived from its signature."""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from readiness.model import checklist
from readiness.model.evidence import Declaration, ResourceType, declared, is_evidence
from readiness.model.unreadable import Unreadable
from readiness.model.verdict import Fact, Severity, Verdict

Judge = Callable[..., Verdict]


@dataclass(frozen=True, slots=True)
class Between:
    """The bounds of a numeric setting, both allowed."""

    low: float
    high: float


class SettingRefused(ValueError):
    """A setting with an unknown name, a wrong type, or a value out of bounds."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A keyword-only parameter of a rule: a threshold that a user may change."""

    name: str
    kind: Any
    default: Any
    about: str = ""
    bounds: Between | None = None

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        if self.bounds is not None:
            return f"{_spoken(self.kind)} from {self.bounds.low:g} to {self.bounds.high:g}"
        return _spoken(self.kind)

    def parse(self, value: object) -> Any:
        """``value`` from JSON or text, as the type of the setting. Raises SettingRefused."""
        try:
            parsed = _coerce(self.kind, value)
        except (ValueError, TypeError, OverflowError):
            parsed = None
        if parsed is None or not self._within(parsed):
            raise SettingRefused(
                f"setting {self.name!r} must be {self.allowed}, not {value!r}"
            ) from None
        return parsed

    def _within(self, value: Any) -> bool:
        return self.bounds is None or self.bounds.low <= value <= self.bounds.high


def _spoken(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return "a list of text"
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))


def _coerce(kind: Any, value: object) -> Any:
    if get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            raise ValueError
        if not all(isinstance(part, str) for part in parts):
            raise ValueError
        return tuple(part.strip() for part in parts if part.strip())
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else None
    if kind is bool:
        words: dict[object, bool] = {"true": True, "false": False}
        key = value.lower() if isinstance(value, str) else value
        return key if isinstance(key, bool) else words.get(key)
    if isinstance(value, bool):
        raise TypeError
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise ValueError
    if kind is str and not isinstance(value, str):
        raise ValueError
    parsed = kind(value)
    if kind is float and not math.isfinite(parsed):
        raise ValueError
    return parsed


@dataclass(frozen=True, slots=True)
class Parameter:
    """A positional parameter of a rule: the evidence it needs.

    ``many`` is a tuple of evidence; ``optional`` allows None where the subject refers to
    nothing; ``tolerant`` passes an Unreadable to the rule instead of ending the evaluation.
    """

    name: str
    evidence: type[Any]
    many: bool = False
    optional: bool = False
    tolerant: bool = False

    @property
    def declaration(self) -> Declaration:
        return declared(self.evidence)


@dataclass(frozen=True, slots=True)
class SharedSettings:
    """A keyword-only parameter whose class declares settings that several rules have."""

    name: str
    kind: type[Any]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """A decorated rule; calling it calls the function, as tests do."""

    heading: Heading = field(repr=False)
    item: str
    severity: Severity
    function: Judge
    parameters: tuple[Parameter, ...]
    settings: tuple[Setting, ...]
    shared: tuple[SharedSettings, ...] = ()
    opt_in: str = ""

    def __call__(self, *evidence: Any, **settings: Any) -> Verdict:
        """The verdict on evidence; every setting is given by its own name, shared or not."""
        for each in self.shared:
            given = {name: settings.pop(name) for name in each.names if name in settings}
            settings.setdefault(each.name, each.kind(**given))
        return self.function(*evidence, **settings)

    @cached_property
    def name(self) -> str:
        return self.function.__name__.replace("_", "-")

    @cached_property
    def id(self) -> str:
        """``<folder>.<function-name>``: sort key, dedup key, settings name, runbook anchor."""
        return f"{self.heading.folder}.{self.name}"

    @cached_property
    def sentence(self) -> str:
        """The first line of the docstring: what good looks like."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]

    @cached_property
    def subject(self) -> ResourceType:
        """The kind of resource that the rule checks: what its first evidence is about."""
        return self.parameters[0].declaration.about

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every IAM action that the rule's evidence needs."""
        actions = set(self.subject.find_reads)
        for parameter in self.parameters:
            actions |= parameter.declaration.all_reads
        return frozenset(actions)

    @cached_property
    def evidence(self) -> tuple[type[Any], ...]:
        """The evidence classes of the signature and, after them, those their loaders use."""
        seen: dict[type[Any], None] = {}
        queue = [parameter.evidence for parameter in self.parameters]
        for cls in queue:
            if cls not in seen:
                seen[cls] = None
                queue.extend(declared(cls).uses)
        return tuple(seen)

    def configure(self, given: Mapping[str, object]) -> dict[str, Any]:
        """All settings, with the given ones checked. Raises SettingRefused."""
        known = {setting.name: setting for setting in self.settings}
        unknown = sorted(set(given) - set(known))
        if unknown:
            allowed = ", ".join(known) or "none: this rule has no settings"
            import difflib  # noqa: PLC0415 - for a refusal alone

            siblings = {setting.name for rule in self.heading for setting in rule.settings}
            close = difflib.get_close_matches(unknown[0], known or siblings, n=1)
            hint = f". Did you mean {close[0]}?" if close else ""
            raise SettingRefused(f"unknown setting {unknown[0]!r} (allowed: {allowed}){hint}")
        values = {name: setting.default for name, setting in known.items()}
        return values | {name: known[name].parse(value) for name, value in given.items()}


class Heading:
    """A heading of the checklist: its rules, in the order of its boxes."""

    def __init__(self, section: str, title: str) -> None:
        self.section = section
        self.title = title
        self.folder = checklist.folder(section, title)
        self.rules: list[Rule] = []

    def rule(self, item: str, *, severity: Severity, opt_in: str = "") -> Callable[[Judge], Rule]:
        """Make a function a rule for one box of the checklist.

        ``opt_in`` names a setting. While that setting is empty or off, nothing is read and the
        rule is NOT_APPLICABLE.

        Raises LookupError for an unknown box and ValueError for a second rule of the same name,
        both while the module is imported.
        """
        boxes = checklist.items(self.folder)
        if item not in boxes:
            raise LookupError(f"{self.section} / {self.title} has no box {item!r}")

        def register(function: Judge) -> Rule:
            parameters, settings, shared = _signature(function)
            rule = Rule(self, item, severity, function, parameters, settings, shared, opt_in)
            if opt_in and opt_in not in {setting.name for setting in settings}:
                raise TypeError(f"{rule.id} is opted into by {opt_in!r}, which it does not have")
            if any(other.name == rule.name for other in self.rules):
                raise ValueError(f"two rules are called {rule.id}")
            self.rules.append(rule)
            self.rules.sort(key=lambda each: boxes.index(each.item))
            return rule

        return register

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)


def heading(section: str, title: str) -> Heading:
    """The heading with that title in the checklist. Raises LookupError if there is none."""
    return Heading(section, title)


def _signature(
    function: Judge,
) -> tuple[tuple[Parameter, ...], tuple[Setting, ...], tuple[SharedSettings, ...]]:
    hints = get_type_hints(function, include_extras=True)
    parameters: list[Parameter] = []
    settings: list[Setting] = []
    shared: list[SharedSettings] = []
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name)
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            parameters.append(_parameter(function, name, hint))
        elif isinstance(hint, type) and is_dataclass(hint):
            common = _settings_of(function, hint)
            settings += common
            shared.append(SharedSettings(name, hint, tuple(each.name for each in common)))
        else:
            settings.append(_setting(function, name, hint, parameter.default))
    _check(function, parameters, settings)
    return tuple(parameters), tuple(settings), tuple(shared)


def _check(function: Judge, parameters: Sequence[Parameter], settings: Sequence[Setting]) -> None:
    """Raises TypeError for a signature that cannot be evaluated."""
    offered = {setting.name for setting in settings}
    if len(offered) < len(settings):
        raise TypeError(f"{function.__name__} declares a setting twice")
    if not parameters:
        raise TypeError(f"{function.__name__} asks for no evidence")
    if parameters[0].many or parameters[0].optional or parameters[0].tolerant:
        raise TypeError(f"{function.__name__}: the first evidence is the subject; it must exist")
    for asking in parameters:
        if lacking := sorted(asking.declaration.all_asks_with - offered):
            raise TypeError(
                f"{function.__name__} lacks the settings {lacking} that"
                f" {asking.evidence.__name__} asks with"
            )
    for extra in parameters[1:]:
        if needs_reference(parameters[0], extra) and not _refers(parameters[0], extra.name):
            raise TypeError(
                f"{function.__name__}: {parameters[0].evidence.__name__} has no attribute"
                f" {extra.name!r} to say which {extra.declaration.about} is meant"
            )


def needs_reference(subject: Parameter, other: Parameter) -> bool:
    """Whether ``other`` is about a different resource, which the subject's evidence must name.

    Account-wide evidence and evidence about the subject itself need no reference.
    """
    about = other.declaration.about
    return about.name not in {subject.declaration.about.name, "AWS::::Account", "*"}


def _refers(subject: Parameter, name: str) -> bool:
    return hasattr(subject.evidence, name) or name in getattr(
        subject.evidence, "__dataclass_fields__", {}
    )


def _parameter(function: Judge, name: str, hint: Any) -> Parameter:
    if is_evidence(hint):
        return Parameter(name, hint)
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        if is_evidence(inner):
            return Parameter(name, inner, many=True)
    if get_origin(hint) in (Union, types.UnionType):
        options = get_args(hint)
        classes = [option for option in options if is_evidence(option)]
        rest = set(options) - set(classes)
        if len(classes) == 1 and rest <= {type(None), Unreadable}:
            return Parameter(
                name,
                classes[0],
                optional=type(None) in rest,
                tolerant=Unreadable in rest,
            )
    raise TypeError(f"{function.__name__}: parameter {name!r} is not evidence but {hint!r}")


def _settings_of(function: Judge, kind: type[Any]) -> list[Setting]:
    """The settings that the fields of a dataclass declare, in order."""
    hints = get_type_hints(kind, include_extras=True)
    return [
        _setting(
            function,
            each.name,
            hints[each.name],
            inspect.Parameter.empty if each.default is MISSING else each.default,
        )
        for each in fields(kind)
    ]


def _setting(function: Judge, name: str, hint: Any, default: Any) -> Setting:
    about, bounds = "", None
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        about = next((note for note in notes if isinstance(note, str)), "")
        bounds = next((note for note in notes if isinstance(note, Between)), None)
    if default is inspect.Parameter.empty:
        raise TypeError(f"{function.__name__}: setting {name!r} needs a default")
    setting = Setting(name, hint, default, about, bounds)
    try:
        is_allowed = setting.parse(default) == default
    except SettingRefused:
        is_allowed = False
    if not is_allowed:
        raise TypeError(
            f"{function.__name__}: the default {default!r} of setting {name!r} is not"
            f" {setting.allowed}"
        )
    return setting


def as_facts(settings: Mapping[str, Any]) -> dict[str, Fact]:
    """Settings as plain JSON, to store and to show."""
    return {
        name: list(value)
        if isinstance(value, tuple)
        else str(value)
        if isinstance(value, StrEnum)
        else value
        for name, value in settings.items()
    }
