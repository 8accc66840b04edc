"""The Lambda function of a heading: events, sweeps and AWS Config in, findings out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from readiness.engine import config_rule, settings
from readiness.engine.aws import CONFIG, Aws
from readiness.engine.daily_cache import Memory
from readiness.engine.evaluate import Coverage, Cursor, Evaluation, Observation, Phase, Scope
from readiness.engine.events import Look, MalformedEvent, look
from readiness.engine.record import Recorder
from readiness.engine.retired import Former
from readiness.engine.sandbox import Sandbox
from readiness.engine.session import Session
from readiness.engine.store import Store, Unwritable
from readiness.model import checklist
from readiness.model.rule import SettingRefused

if TYPE_CHECKING:
    from readiness.model.rule import Heading, Rule

SETTINGS_KEPT_SECONDS = 300
SPARE_MILLISECONDS = 45_000

Handler = Callable[[Mapping[str, Any], Any], Any]


def _now() -> datetime:
    return datetime.now(UTC)


class Function:
    """One heading's Lambda function, made at cold start and kept while the sandbox is warm.

    The environment variables are those that template.yaml sets.
    """

    def __init__(self, heading: Heading, environment: Mapping[str, str]) -> None:
        self.heading = heading
        self.log = Logger(service=f"readiness-{heading.folder}")
        self.metrics = Metrics(namespace="Readiness", service=heading.folder)
        self._session = Session()
        self._clients: dict[tuple[str, str], Any] = {}
        self._settings_parameter = environment.get("SETTINGS_PARAMETER", "")
        self._settings: tuple[float, settings.Given] | None = None
        self._scope = scope_from(environment)
        self._declarations = environment.get("DECLARATIONS_TABLE", "")
        dynamodb = self._session.client("dynamodb", config=CONFIG)
        self.store = Store(
            dynamodb, environment["FINDINGS_TABLE"], environment["TRANSITIONS_TABLE"]
        )
        self._memory = Memory(dynamodb, environment["TRANSITIONS_TABLE"])
        self._former = Former(dynamodb, environment["TRANSITIONS_TABLE"])
        self._sandbox = Sandbox(environment)

    def __call__(self, event: Mapping[str, Any], context: Any) -> Any:
        self.log.append_keys(request_id=getattr(context, "aws_request_id", ""))
        try:
            return self._answer(event, context)
        except MalformedEvent as malformed:
            self.count("MalformedEvents")
            self.log.error("malformed event", extra={"reason": str(malformed)})
            raise
        except settings.SettingsUnreadable as unreadable:
            self.count("SettingsRefused")
            self.log.error("settings refused", extra={"reason": str(unreadable)})
            raise
        finally:
            if self.metrics.provider.metric_set:
                self.metrics.flush_metrics()
            self._sandbox.tidy()

    def count(self, name: str, value: int = 1) -> None:
        self.metrics.add_metric(name, MetricUnit.Count, value)

    def _answer(self, event: Mapping[str, Any], context: Any) -> Any:
        arn = str(context.invoked_function_arn).split(":")
        region, account = arn[3], arn[4]
        if isinstance(event, Mapping) and "sweep" in event:
            return self._sweep(event["sweep"], account, region, context)
        seen = look(event, self.heading)
        self.log.append_keys(trigger=seen.trigger)
        if seen.account and seen.account != account:
            ignored = f"the event is about account {seen.account}, this function judges {account}"
            return self._ignore(ignored)
        if seen.ignored:
            return self._ignore(seen.ignored)
        return self._follow(seen, account, region)

    def _ignore(self, why: str) -> dict[str, Any]:
        self.log.info("nothing to look at", extra={"reason": why})
        return {"evaluated": 0, "ignored": why}

    def _follow(self, seen: Look, account: str, region: str) -> dict[str, Any]:
        given = self._given()
        if seen.config is not None:
            given = settings.override(self.heading, given, seen.config.parameters)
        widely = any(target.id is None for target in seen.targets)
        evaluation = self._evaluation(
            account, region, given, seen.trigger, seen.changed_by, bulk=widely
        )
        recorder = Recorder(self.store, evaluation, together=widely)
        observations = []
        for observation in evaluation.follow(self.heading, seen.targets):
            observations.append(observation)
            self._note(observation)
            recorder.record(observation)
        recorder.look_again()
        self._insist(recorder)
        if seen.config is not None:
            client = evaluation.aws.client("config")
            sent = config_rule.answer(client, seen.config, observations)
            self.count("ConfigEvaluations", sent)
        return self._done(recorder, len(observations))

    def _sweep(self, sweep: Any, account: str, region: str, context: Any) -> dict[str, Any]:
        """One leg of a sweep. ``cursor`` in the answer says that another leg is needed."""
        if not isinstance(sweep, Mapping) or not isinstance(sweep.get("id"), str):
            raise MalformedEvent("'sweep' must be an object with the text 'id'")
        start = _cursor(sweep.get("cursor"))
        deployed = _deployed(sweep.get("headings"))
        evaluation = self._evaluation(account, region, self._given(), sweep["id"], bulk=True)
        recorder = Recorder(self.store, evaluation, together=True)
        coverage = Coverage()
        rules = evaluation.judged(self.heading)
        recorder.expect(rules)
        began = _now()
        available = context.get_remaining_time_in_millis()
        evaluated = 0

        def left() -> float:
            return float(context.get_remaining_time_in_millis())

        def enough() -> bool:
            """Whether what remains is needed to look again at what changed, and for the answer."""
            spent = available - left()
            again = spent * recorder.changed / max(evaluated, 1)
            return left() < SPARE_MILLISECONDS + again or self._sandbox.is_full(
                moved=coverage.reached is not None
            )

        for observation in evaluation.survey(
            rules, coverage, start=start, enough=enough, record=recorder.record
        ):
            evaluated += 1
            self._note(observation)
        evaluation.aws.forget()
        unseen = recorder.look_again(lambda: left() < SPARE_MILLISECONDS / 2)
        closed = 0
        if coverage.cursor is None and left() >= SPARE_MILLISECONDS:
            closed = self._close(recorder, rules, coverage, began, deployed, left)
        if coverage.cursor is None and left() < SPARE_MILLISECONDS:
            coverage.cursor = coverage.end
        answer = self._done(recorder, evaluated)
        answer["heading"] = self.heading.folder
        answer["out_of_scope"] = coverage.out_of_scope
        answer["unlisted"] = list(coverage.unlisted)
        answer["closed"] = closed
        if unseen:
            self.count("SecondLooksLeft", unseen)
            self.log.warning("no time to look again", extra={"findings": unseen})
        if coverage.cursor is not None:
            return answer | {"cursor": _as_json(coverage.cursor)}
        self._insist(recorder)
        return answer

    def _close(
        self,
        recorder: Recorder,
        rules: Sequence[Rule],
        coverage: Coverage,
        began: datetime,
        deployed: list[str],
        left: Callable[[], float],
    ) -> int:
        """Close the findings of what is gone: resources, rules and headings."""

        def enough() -> bool:
            return left() < SPARE_MILLISECONDS

        closed = recorder.close_vanished(rules, coverage, before=began, enough=enough)
        folder, existing = self.heading.folder, [rule.id for rule in self.heading]
        if not enough() and not self._former.is_clean(folder, existing, deployed):
            closed += recorder.close_retired(
                folder, self.heading.rules, deployed=deployed, before=began
            )
            self._former.cleaned(folder, existing, deployed)
        recorder.look_again(enough)
        return closed

    def _insist(self, recorder: Recorder) -> None:
        """Fail once everything else is done, so that nobody takes the run for complete."""
        if recorder.unwritten:
            raise Unwritable(
                f"{len(recorder.unwritten)} findings could not be written; the first:"
                f" {recorder.unwritten[0]}"
            )

    def _note(self, observation: Observation) -> None:
        if observation.crash:
            self.count("RuleCrashes")
            self.log.error(
                "rule crashed",
                extra={"rule": observation.rule.id, "error": observation.crash},
            )
        finding = observation.finding
        if finding is not None and finding.missing:
            self.count("BlindVerdicts")
            self.log.warning(
                "could not be judged",
                extra={"rule": finding.rule, "missing": list(finding.missing)},
            )

    def _done(self, recorder: Recorder, evaluated: int) -> dict[str, Any]:
        self.count("Evaluated", evaluated)
        self.count("Transitions", recorder.transitions)
        if recorder.unreadable:
            first = next(iter(recorder.unreadable.items()))
            self.count("UnreadableFindings", len(recorder.unreadable))
            self.log.error(
                "this version cannot read findings",
                extra={"count": len(recorder.unreadable), "first": ": ".join(first)},
            )
        if recorder.unwritten:
            self.count("UnwritableFindings", len(recorder.unwritten))
            self.log.error("findings could not be written", extra={"first": recorder.unwritten[0]})
        return {"evaluated": evaluated, "transitions": recorder.transitions}

    def _evaluation(
        self,
        account: str,
        region: str,
        given: settings.Given,
        trigger: str,
        changed_by: str = "",
        *,
        bulk: bool,
    ) -> Evaluation:
        aws = Aws(
            self._session,
            account=account,
            region=region,
            now=_now,
            bulk=bulk,
            clients=self._clients,
            memory=self._memory,
        )
        configured = settings.configure(self.heading, given)
        return Evaluation(
            aws,
            configured,
            scope=self._scope,
            trigger=trigger,
            changed_by=changed_by,
            declarations=self._declarations,
            known=self.store.get,
        )

    def _given(self) -> settings.Given:
        """The settings document, at most five minutes old. Raises SettingsUnreadable."""
        if not self._settings_parameter:
            return {}
        if self._settings and time.monotonic() - self._settings[0] < SETTINGS_KEPT_SECONDS:
            return self._settings[1]
        ssm = self._session.client("ssm", config=CONFIG)
        answer = ssm.get_parameter(Name=self._settings_parameter)
        given = settings.parse(answer["Parameter"]["Value"])
        self._report_refused(given)
        self._settings = (time.monotonic(), given)
        return given

    def _report_refused(self, given: settings.Given) -> None:
        """Say which settings of this heading will not be used; its rules then cannot tell."""
        configured = settings.configure(self.heading, given)
        reasons = [str(each) for each in configured.values() if isinstance(each, SettingRefused)]
        mine = [name for name in given if name.startswith(f"{self.heading.folder}.")]
        known = {rule.id for rule in self.heading}
        reasons += [f"there is no rule {name!r}" for name in mine if name not in known]
        for reason in reasons:
            self.count("SettingsRefused")
            self.log.error("settings refused", extra={"reason": reason})


_CURSOR = (
    "'sweep.cursor' must have the texts 'type', 'region' and 'after', and may have 'phase' (0, 1"
    " or 2) and 'unlisted' (a list of texts)"
)


def _cursor(given: object) -> Cursor | None:
    """Where the last leg stopped. Raises MalformedEvent."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise MalformedEvent(_CURSOR)
    texts = [given.get(name) for name in ("type", "region", "after")]
    phase, unlisted = given.get("phase", 0), given.get("unlisted", [])
    known = {"type", "region", "after", "phase", "unlisted"}
    if (
        not all(isinstance(text, str) for text in texts)
        or isinstance(phase, bool)
        or phase not in list(Phase)
        or not isinstance(unlisted, list)
        or not all(isinstance(each, str) for each in unlisted)
        or set(given) - known
    ):
        raise MalformedEvent(_CURSOR)
    return Cursor(
        given["type"], given["region"], given["after"], Phase(phase), tuple(sorted(unlisted))
    )


def _as_json(cursor: Cursor) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "type": cursor.type,
        "region": cursor.region,
        "after": cursor.after,
    }
    if cursor.phase:
        plain["phase"] = int(cursor.phase)
    if cursor.unlisted:
        plain["unlisted"] = list(cursor.unlisted)
    return plain


def _deployed(given: object) -> list[str]:
    """The headings that the stack has. Raises MalformedEvent."""
    if given is None:
        return [chapter.folder for chapter in checklist.CHAPTERS]
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise MalformedEvent("'sweep.headings' must be a list of the headings' folders")
    return given


def scope_from(environment: Mapping[str, str]) -> Scope:
    """The scope as template.yaml's parameters put it into the environment."""
    return Scope.of(
        environment.get("SCOPE_TAG_KEY", ""),
        environment.get("SCOPE_TAG_VALUES", ""),
        globals_too=environment.get("EVALUATE_GLOBAL_SERVICES", "true") == "true",
    )
