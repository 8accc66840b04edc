"""Declared reads are exactly the reads made: each only looks, and each is made in some account.

A read that no fake account makes is never denied in ``test_never_a_false_pass``, and a role
carries its permission for nothing. (A read that is made and not declared is refused by
``readiness.engine.reader.DeclaredReader`` wherever it is made.)
"""

from __future__ import annotations

import functools
import inspect
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from readiness.engine.actions import action_of
from readiness.engine.evaluate import Evaluation
from readiness.engine.reader import DeclaredReader as Reader
from readiness.engine.survey import Coverage, survey
from readiness.model.evidence import ACCOUNT, ResourceType, declared, evidence
from readiness.model.rule import Rule
from readiness.model.unreadable import Gone, Unreadable
from readiness_cli.catalogue import ROOT, headings
from tests.account_variants import made_once, module_of, settings_of, variants_of
from tests.fake_account import ACCOUNT_ID, HOME, evaluation

RULES = [rule for heading in headings() for rule in heading.rules]
TABLE = ROOT / "tests/data/iam_access_levels.json"
MORE_THAN_A_LOOK = {
    "lambda:InvokeFunction": "smoke tests; no role has it unless AllowSmokeTests is set",
}
"""Declared actions that are of another access level than List or Read, and why."""


def access_levels() -> dict[str, str]:
    services = json.loads(TABLE.read_text())["services"]
    return {
        f"{service}:{name}": level
        for service, levels in services.items()
        for level, names in levels.items()
        for name in names.split()
    }


def problem_with(action: str, levels: dict[str, str]) -> str:
    """Why evidence may not declare an action; empty where it may."""
    if action in MORE_THAN_A_LOOK or levels.get(action) in {"List", "Read"}:
        return ""
    if action in levels:
        return f"{action}, whose access level is {levels[action]}, not List or Read"
    service = action.partition(":")[0]
    if any(each.startswith(f"{service}:") for each in levels):
        return f"{action}, which {TABLE.name} does not know"
    return f"{action}: add {service} to SERVICES_READ in tests/data/make_iam_actions.py and run it"


def place(thing: object) -> str:
    """The file of a class or function, as it stands in the repository."""
    return Path(inspect.getfile(thing)).resolve().relative_to(ROOT).as_posix()  # type: ignore[arg-type]


def all_evidence() -> list[type]:
    return sorted(
        {e for rule in RULES for e in rule.evidence}, key=lambda e: (place(e), e.__name__)
    )


def subjects() -> list[ResourceType]:
    """The resource types that are listed, which are those that rules judge."""
    return list({rule.subject: None for rule in RULES})


def told(problems: Iterable[str]) -> None:
    """Fail with a line for each problem and no traceback."""
    if lines := list(problems):
        pytest.fail("\n".join(lines), pytrace=False)


def test_every_declared_read_only_looks():
    told(reads_that_do_more(all_evidence(), subjects()))


def reads_that_do_more(classes: Iterable[type], types: Iterable[ResourceType]) -> Iterator[str]:
    levels = access_levels()
    for cls in classes:
        for action in sorted(declared(cls).reads):
            if problem := problem_with(action, levels):
                yield f"{place(cls)}: {cls.__name__} declares {problem}"
    for kind in types:
        for action in kind.find_reads:
            if problem := problem_with(action, levels):
                yield f"{place(kind.find)}: the listing of {kind} declares {problem}"


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("iam:CreateAccessKey", "iam:CreateAccessKey, whose access level is Write"),
        ("s3:PutBucketPolicy", "s3:PutBucketPolicy, whose access level is Permissions management"),
        ("kms:TagResource", "kms:TagResource, whose access level is Tagging"),
        ("iam:GetRoles", "iam:GetRoles, which iam_access_levels.json does not know"),
        ("a4b:GetRoom", "a4b:GetRoom: add a4b to SERVICES_READ"),
    ],
)
def test_a_read_that_does_more_is_told_in_one_line(action, said):
    @evidence(ACCOUNT, reads=("s3:ListAllMyBuckets", action))
    @dataclass(frozen=True)
    class Greedy:
        """Evidence that asks for more than it needs."""

    [line] = reads_that_do_more([Greedy], [])
    assert line.startswith(f"tests/contract/test_reads.py: Greedy declares {said}")
    assert "\n" not in line


def test_the_exceptions_are_declared_and_are_no_looks():
    levels = access_levels()
    reads = {action for cls in all_evidence() for action in declared(cls).reads}
    told(
        f"{place(test_every_declared_read_only_looks)}: MORE_THAN_A_LOOK need not name {action}"
        for action in MORE_THAN_A_LOOK
        if action not in reads or levels[action] in {"List", "Read"}
    )


# -- made ------------------------------------------------------------------------------------

Made = dict[str, set[str]]
"""The actions that were asked for, by the evidence (or listing) that asked."""


@functools.cache
def calls_of(rule: Rule) -> Made:
    """What the rule's loaders ask for in the accounts of its heading, after an event and in bulk.

    What another loader of the same run was told, or made of it, already counts too.
    """
    made: Made = defaultdict(set)
    answer = Reader._answer

    def noted(read, ask, service, operation, region, action, *more):
        made[read._who].add(action or action_of(service, operation))
        return answer(read, ask, service, operation, region, action, *more)

    def unkept(read, about, make):
        return make(read)

    with patch.object(Reader, "_answer", noted), patch.object(Reader, "made_once", unkept):
        for account in variants_of(rule).values():
            given = {rule.id: {**settings_of(rule), **account.settings}}
            fake_account = made_once(account.make)
            alone = evaluation(fake_account.again(), [rule], given=given)
            for id in alone.aws.find(rule.subject):
                alone.reread().observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, id))
            run = evaluation(fake_account.again(), [rule], given=given, bulk=True)
            list(survey(run, [rule], Coverage()))
            unbatched(run, rule)
    return made


def unbatched(run: Evaluation, rule: Rule) -> None:
    """Everything that loads in bulk, outside a batch: as for what another resource refers to."""
    settings = rule.configure({})
    for cls in rule.evidence:
        about = declared(cls).about
        if not hasattr(cls, "load_all") or not about.find_reads:
            continue
        asked = {name: settings[name] for name in declared(cls).all_asks_with if name in settings}
        aws = run.aws.reread(bulk=True)
        for id in aws.find(about)[:1]:
            with suppress(Unreadable, Gone, KeyError):
                aws.evidence(cls, about.resource(ACCOUNT_ID, HOME, id), asked)


@functools.cache
def calls_of_all() -> Made:
    together: Made = defaultdict(set)
    for rule in RULES:
        for who, actions in calls_of(rule).items():
            together[who] |= actions
    return together


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_declared_read_of_a_rule_is_made(rule):
    made = set().union(*calls_of(rule).values())
    fixtures = place(module_of(rule.heading.folder))
    told(
        f"{rule.id}: no account of {fixtures} makes {action}, which {declarer(rule, action)} declares"
        for action in sorted(rule.reads - made)
    )


def declarer(rule: Rule, action: str) -> str:
    """Who declares the action: the evidence and its file."""
    for cls in rule.evidence:
        if action in declared(cls).reads:
            return f"{cls.__name__} of {place(cls)}"
    return f"the listing of {rule.subject} in {place(rule.subject.find)}"


def test_every_loader_makes_each_read_it_declares():
    """Else one piece of evidence could declare what only another one asks for."""
    made = calls_of_all()
    told(
        [
            f"{place(cls)}: {cls.__name__} declares {action} and makes it in no fake account"
            for cls in all_evidence()
            for action in sorted(declared(cls).reads - made[cls.__name__])
        ]
        + [
            f"{place(kind.find)}: the listing of {kind} declares {action} and makes it in no fake account"
            for kind in subjects()
            for action in sorted(set(kind.find_reads) - made[f"the listing of {kind.name}"])
        ]
    )
