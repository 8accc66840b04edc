"""A verdict as a case: evaluated, redacted, and evaluated again from what is left."""

from __future__ import annotations

import importlib.metadata
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore import xform_name
from botocore.model import OperationModel

from readiness.engine.attribute_values import deserialise
from readiness.engine.declarations import assemble
from readiness.engine.evaluate import Evaluation
from readiness.engine.observation import Observation
from readiness.model.finding import Finding, iso, lasting, parse_iso
from readiness.model.resource import Resource
from readiness.model.rule import Rule
from readiness.model.verdict import Status
from readiness.semantics.credential_names import words_of
from readiness_cli import session, target_selection
from readiness_cli.cases.casefile import Call, Case, Verdict
from readiness_cli.cases.recorded import Missing, Recorded, Recording
from readiness_cli.cases.redaction import Redaction, Strictness, strike, texts_in
from readiness_cli.cases.standins import OWN_ACCOUNT, Standins
from readiness_cli.cases.vocabulary import vocabulary
from readiness_cli.failure import Exit, Failure

_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d{12}:([^\s\"',*]+)")
_NAMED_IN = words_of(
    "name bucket bucketname functionname tablename queuename topicname rolename username "
    "groupname loggroupname alarmname clustername dbinstanceidentifier dbclusteridentifier "
    "description displayname title comment alarmdescription stackname secretname domainname "
    "loadbalancername targetgroupname repositoryname projectname applicationname pipelinename"
)
"""Members whose value is a name that somebody gave, or a sentence that somebody wrote."""
_LEAST = 6
"""Characters of an original from which on its appearance in the file is no accident."""


def make(
    aws: Recording,
    observation: Observation,
    settings: Mapping[str, Any],
    *,
    keep: Sequence[str] = (),
    declarations: str = "",
    known: Finding | None = None,
    key: bytes = b"",
) -> Made:
    """The redacted case of an observation. Raises Failure where it gives another verdict.

    ``settings`` are those that differ from the rule's defaults, ``keep`` are words that stay, and
    ``declarations`` is the table of attestations that was read, if any; ``known`` is the stored
    finding, which tells since when the rule has been looking.
    """
    finding = observation.finding
    if finding is None:
        raise ValueError("nothing was found to be judged")
    key = key or secrets.token_bytes(32)
    for how in Strictness:
        standins = _standins(aws, observation, keep, key)
        left = strike(standins, _names(aws, observation), _asked(aws.calls), how)
        case = _redacted_case(aws, observation, settings, standins, declarations)
        case = replace(case, known=_known(known, Redaction(standins)))
        try:
            case = replace(case, verdict=confirmed(observation.rule, case))
        except Failure:
            if how is Strictness.NONE:
                raise
            continue
        break
    # The words of the verdict are the rule's own, about answers that are redacted.
    answers = replace(case, verdict=Verdict(case.verdict.status, case.verdict.severity))
    if leaks(answers.text(), [aws.account, *standins.replaced], standins):
        raise Failure(
            "a text of the account would still be in the file",
            why="A case must not tell whose account it is of",
            fix="nothing was written; report a bug with the rule's id",
            code=Exit.AWS_OR_INTERNAL,
        )
    return Made(case, tuple(left))


@dataclass(frozen=True, slots=True)
class Made:
    """A case, and the names that stay in it: their words are those of the rules or of AWS."""

    case: Case
    left: tuple[str, ...]


def _standins(
    aws: Recording, observation: Observation, keep: Sequence[str], key: bytes
) -> Standins:
    services = sorted({call.service for call in aws.calls})
    standins = Standins(
        aws.account,
        vocabulary(aws, observation.rule, services),
        aws.geography.regions(),
        keep=keep,
        key=key,
    )
    standins.expect([*_texts(aws.calls), *aws.names, observation.resource.id])
    return standins


def _redacted_case(
    aws: Recording,
    observation: Observation,
    settings: Mapping[str, Any],
    standins: Standins,
    declarations: str,
) -> Case:
    finding, resource = observation.finding, observation.resource
    redaction = Redaction(standins)
    calls = [_redacted(aws, redaction, call) for call in aws.calls]
    moved = Resource(
        standins.text(resource.account),
        resource.region,
        resource.type,
        standins.text(resource.id),
    )
    return Case(
        rule=observation.rule.id,
        resource=moved.key,
        account=OWN_ACCOUNT,
        region=aws.region,
        now=aws.now(),
        verdict=said_of(finding),
        calls=tuple(_once(_with_fingerprints(aws.calls, calls))),
        settings={name: redaction.value(value) for name, value in settings.items()},
        absent=tuple(sorted(aws.absent)),
        declarations=standins.text(declarations),
        written_by=f"readiness {importlib.metadata.version('readiness')}",
    )


def _known(finding: Finding | None, redaction: Redaction) -> Mapping[str, Any]:
    if finding is None or finding.first_observed_at is None:
        return {}
    observed = redaction.value(lasting(finding.observed))
    return {"first_observed_at": iso(finding.first_observed_at), "observed": observed}


def _stored(rule: Rule, case: Case) -> Finding | None:
    """The stored finding, as far as a rule looks at it."""
    if not case.known:
        return None
    return Finding(
        resource=Resource.parse(case.resource),
        rule=rule.id,
        status=Status.INSUFFICIENT_DATA,
        severity=rule.severity,
        section=rule.heading.section,
        heading=rule.heading.title,
        item=rule.item,
        reason="",
        last_observed_at=case.now,
        first_observed_at=parse_iso(str(case.known["first_observed_at"])),
        observed=case.known.get("observed", {}),
    )


def _texts(calls: Iterable[Call]) -> list[str]:
    return [text for call in calls for text in texts_in([call.params, *_outcome(call)])]


def _asked(calls: Iterable[Call]) -> list[str]:
    return [text for call in calls for text in texts_in(call.params)]


def _names(aws: Recording, observation: Observation) -> list[str]:
    found = [observation.resource.id, *aws.names, *_named(aws.calls)]
    return [*found, *_in_arns(_texts(aws.calls))]


class Insufficient(Exception):
    """A case that does not lead to a verdict; the text says what it lacks."""

    def as_failure(self) -> Failure:
        """For a person who has the case and not the account."""
        return Failure(
            str(self),
            why="The rule asks for more, or otherwise, than it did when the case was written",
            fix="write the case again with `readiness evaluate RULE --resource ID --trace FILE`",
            code=Exit.AWS_OR_INTERNAL,
        )


def replayed(rule: Rule, case: Case) -> Observation:
    """What the rule says of a case, without AWS. Raises Insufficient."""
    aws = Recorded.of(case)
    configured = session.configure([rule], {rule.id: dict(case.settings)})
    stored = _stored(rule, case)
    evaluation = Evaluation(
        aws,
        configured,
        trigger="evaluate",
        declarations=case.declarations,
        known=lambda *_: stored,
    )
    try:
        seen = target_selection.observe_only(evaluation, [rule], [case.resource])
    except Failure as failure:
        raise Insufficient(_lacks(aws.missing) or failure.message) from failure
    except Missing as missing:
        raise Insufficient(_lacks(aws.missing) or str(missing)) from missing
    if aws.missing:
        raise Insufficient(_lacks(aws.missing))
    [observation] = seen
    if observation.crash:
        raise Insufficient(f"the rule {rule.id} failed: {observation.crash}")
    return observation


def _lacks(missing: Sequence[str]) -> str:
    return f"the case has no answer to {missing[0][:500]}" if missing else ""


def confirmed(rule: Rule, case: Case) -> Verdict:
    """The verdict that the case gives, in its own words. Raises Failure for another one."""
    try:
        finding = replayed(rule, case).finding
    except Insufficient as insufficient:
        raise _depends(str(insufficient)) from insufficient
    if finding is None:
        raise _depends("the resource would not exist")
    said = said_of(finding)
    compared = (said.status, said.severity, said.missing)
    if compared != (case.verdict.status, case.verdict.severity, case.verdict.missing):
        raise _depends(f"it would be {said.status} ({said.severity}): {said.reason}")
    return said


def said_of(finding: Any) -> Verdict:
    """A finding's verdict as a case holds it."""
    return Verdict(
        str(finding.status),
        str(finding.severity),
        finding.reason,
        finding.expected,
        tuple(finding.missing),
    )


def _depends(what: str) -> Failure:
    return Failure(
        f"the verdict depends on a name that would be replaced: {what}",
        why="A case must give the verdict that the account gives",
        fix="name the word that matters with --keep WORD (it stays readable); nothing was written",
        code=Exit.AWS_OR_INTERNAL,
    )


def leaks(text: str, originals: Iterable[str], standins: Standins) -> list[str]:
    """The originals that are still in a text, as whole words."""
    found = []
    for original in originals:
        bare = original.strip()
        is_word = bare.isalnum() and standins.is_general(bare)
        is_short = len(bare) < _LEAST or bare == OWN_ACCOUNT
        if is_short or is_word or standins.keeps(bare) or bare not in text:
            continue
        if re.search(rf"(?<![\w-]){re.escape(bare)}(?![\w-])", text):
            found.append(bare)
    return found


def _outcome(call: Call) -> Iterator[Any]:
    yield call.answer
    yield call.pages
    yield call.error


def _redacted(aws: Recording, redaction: Redaction, call: Call) -> Call:
    model = _model(aws, call)
    shape = model.output_shape if model else None
    asked = model.input_shape if model else None
    return Call(
        call.service,
        call.operation,
        redaction.value(call.params, asked),
        call.region,
        _answer(redaction, call.answer, shape),
        None
        if call.pages is None
        else tuple(_answer(redaction, page, shape) for page in call.pages),
        _error(redaction, call.error),
    )


def _answer(redaction: Redaction, answer: Any, shape: Any) -> Any:
    """An answer; what was streamed stands in it as ``$stream``."""
    if not isinstance(answer, Mapping):
        return redaction.value(answer, shape)
    streamed = {key: each for key, each in answer.items() if _is_streamed(each)}
    rest = {key: each for key, each in answer.items() if key not in streamed}
    made = redaction.value(rest, shape)
    for key, each in streamed.items():
        made[key] = {"$stream": redaction.body(each["$stream"])}
    return made


def _is_streamed(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"$stream"}


def _error(redaction: Redaction, error: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if error is None:
        return None
    made = {**error, "message": redaction.value(error.get("message", ""))}
    if "told" in error:
        made["told"] = {name: redaction.value(text) for name, text in error["told"].items()}
    return made


def _model(aws: Recording, call: Call) -> OperationModel | None:
    meta = aws.client(call.service, call.region or None).meta
    name = meta.method_to_api_mapping.get(call.operation)
    if name is None:
        return None
    model: OperationModel = meta.service_model.operation_model(name)
    return model if xform_name(model.name) == call.operation else None


def _named(calls: Iterable[Call]) -> Iterator[str]:
    """The names in the answers, by the members that hold them."""
    for call in calls:
        for outcome in _outcome(call):
            yield from _names_in(outcome)


def _names_in(value: Any, member: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not (str(key) == "Name" and "Value" in value):
                yield from _names_in(each, str(key).lower())
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _names_in(each, member)
    elif isinstance(value, str) and member in _NAMED_IN:
        yield value


def _in_arns(texts: Iterable[str]) -> Iterator[str]:
    """The names of resources in ARNs of any account: what follows the type."""
    for text in texts:
        for path in _ARN.findall(text):
            yield from (part for part in re.split(r"[/:]", path)[1:] if part)


def _with_fingerprints(before: Sequence[Call], after: Sequence[Call]) -> list[Call]:
    """The calls with approvals and revocations that name the digest of the redacted statement."""
    digests: dict[str, str] = {}
    for old, new in zip(before, after, strict=True):
        for was, became in zip(_rows(old), _rows(new), strict=True):
            statements = assemble([deserialise(was)]), assemble([deserialise(became)])
            if all(statements):
                digests[statements[0][0].fingerprint] = statements[1][0].fingerprint
    for old, new in zip(before, after, strict=True):
        for was, became in zip(_rows(old), _rows(new), strict=True):
            told = was.get("fingerprint", {}).get("S", "")
            if told in digests:
                became["fingerprint"] = {"S": digests[told]}
    return list(after)


def _rows(call: Call) -> list[dict[str, Any]]:
    if (call.service, call.operation) != ("dynamodb", "query"):
        return []
    return [row for page in call.pages or () for row in page.get("Items", ())]


def _once(calls: Iterable[Call]) -> Iterator[Call]:
    """The calls, of which one that was repeated with the same outcome stands once."""
    last: dict[tuple[str, str, str, str, bool], Call] = {}
    for call in calls:
        if last.get(call.key) != call:
            yield call
        last[call.key] = call
