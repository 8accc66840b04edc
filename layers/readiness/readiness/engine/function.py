"""The Lambda function of a heading: events, sweeps and AWS Config in, findings out."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
from aws_lambda_powertools.logging import Logger
from botocore.exceptions import ClientError

from readiness.engine import config_rule, sdk, settings
from readiness.engine.answers import Answers
from readiness.engine.aws import CONFIG, Aws
from readiness.engine.aws_errors import code_of
from readiness.engine.counting import Counts
from readiness.engine.crowds import Crowds, of_several, referring_to_any
from readiness.engine.daily_cache import DailyCache
from readiness.engine.evaluate import Evaluation, Observation
from readiness.engine.events import (
    ConfigRequest,
    EventTargets,
    MalformedEvent,
    Target,
    resolve_targets,
)
from readiness.engine.follow import follow
from readiness.engine.leg import Leg, as_json, leg_of, list_again
from readiness.engine.look_again import (
    MOST_TARGETS,
    Again,
    LookAgain,
    asked_for,
    batches,
    concerns_everything,
)
from readiness.engine.own_stack import UNLISTED, OwnStack
from readiness.engine.principals import Principals
from readiness.engine.rates import IN_A_SWEEP, IN_AN_EVENT, Pacer
from readiness.engine.record import Recorder
from readiness.engine.retired import Former
from readiness.engine.sandbox import Sandbox
from readiness.engine.scope import scope_from
from readiness.engine.session import Session
from readiness.engine.store import Store, Unwritable
from readiness.engine.survey import Coverage, survey
from readiness.engine.waivers import InForce, limits_from
from readiness.model.finding import DEFAULT_STACK
from readiness.model.origin import SWEEP, Origin
from readiness.model.transition import blind_after

if TYPE_CHECKING:
    from readiness.model.rule import Heading, Rule

SPARE_MILLISECONDS = 45_000
LAST_SECONDS = 20.0
"""What a run needs at its end: calls that would wait longer for their turn are not made."""

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
        self.counts = Counts(heading.folder, environment.get("STACK_NAME", DEFAULT_STACK))
        self._session = Session()
        self._clients: dict[tuple[str, str], Any] = {}
        self._pacer = Pacer()
        self._settings = settings.Document(
            environment.get("SETTINGS_PARAMETER", ""),
            heading,
            lambda: self._session.client("ssm", config=CONFIG),
            refused=self._tell_of_refused,
        )
        self._scope = scope_from(environment)
        self._own = OwnStack(
            environment.get("OWN_STACK", ""),
            self._cloudformation,
            lambda reason: self.log.warning(UNLISTED, extra={"error": reason}),
        )
        self._declarations = environment.get("DECLARATIONS_TABLE", "")
        self._machine = environment.get("LOOK_AGAIN_MACHINE", "")
        self._function = ""
        self._release = release_of(heading.folder, environment.get("RELEASE", ""))
        dynamodb = self._session.client("dynamodb", config=CONFIG)
        self._waivers = InForce(
            dynamodb, self._declarations, limits_from(environment), tell=self._tell_of_waivers
        )
        self.store = Store(
            dynamodb,
            environment["FINDINGS_TABLE"],
            environment["TRANSITIONS_TABLE"],
            waivers=self._waivers,
            blind_after=blind_after(environment.get("BLIND_AFTER_HOURS", "")),
        )
        self._daily_cache = DailyCache(dynamodb, environment["TRANSITIONS_TABLE"])
        self._former = Former(dynamodb, environment["TRANSITIONS_TABLE"])
        self._crowds = Crowds(dynamodb, environment["TRANSITIONS_TABLE"], heading.folder)
        self._sandbox = Sandbox(environment)
        self._handed_on: tuple[str, Answers] | None = None
        self._sdk_is_told = False
        if sdk.is_too_old():
            self._tell_of_sdk({"oldest_tested": ".".join(map(str, sdk.OLDEST))})

    def __call__(self, event: Mapping[str, Any], context: Any) -> Any:
        self.log.append_keys(request_id=getattr(context, "aws_request_id", ""))
        try:
            return self._answer(event, context)
        except MalformedEvent as malformed:
            self.counts.add("MalformedEvents")
            self.log.error("malformed event", extra={"reason": str(malformed)})
            raise
        except settings.SettingsUnreadable as unreadable:
            self._tell_of_refused(str(unreadable))
            raise
        finally:
            self.counts.send()
            self._sandbox.tidy()

    def _origin(self, origin: Origin) -> Origin:
        return replace(origin, release=self._release)

    def _answer(self, event: Mapping[str, Any], context: Any) -> Any:
        self._function = str(context.invoked_function_arn)
        region, account = self._function.split(":")[3:5]
        if isinstance(event, Mapping) and "sweep" in event:
            return self._sweep(event["sweep"], account, region, context)
        # Also for a later look: a warm sandbox still has the share and the end of its last run.
        self._pacer.begin(IN_AN_EVENT, seconds=_seconds_left(context) - LAST_SECONDS)
        if isinstance(event, Mapping) and "look_again" in event:
            return self._again(asked_for(event["look_again"]), account, region)
        seen = resolve_targets(event, self.heading)
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

    def _follow(self, seen: EventTargets, account: str, region: str) -> dict[str, Any]:
        """Evaluate what an event points at.

        What concerns everything is left to one later look, and so is what refers to the resource
        of an event that is not the first of its kind in a minute.
        """
        asked = Again(seen.targets, 0, seen.trigger, seen.origin, named=seen.named)
        if seen.config is not None:
            return self._evaluate(replace(asked, config=seen.config), account, region)
        gathered = self._gathered(asked, _now())
        if not gathered:
            return self._evaluate(asked, account, region)
        self.counts.add("LooksGathered")
        rest = replace(asked, targets=seen.targets - gathered)
        return self._evaluate(rest, account, region) | {"later": len(gathered)}

    def _gathered(self, asked: Again, now: datetime) -> frozenset[Target]:
        """Those of an event's targets that are left to one look at the end of the minute."""
        later = self._look_again()
        everything = frozenset(target for target in asked.targets if concerns_everything(target))
        via = frozenset(target for target in asked.targets if target.via is not None)
        gathered: frozenset[Target] = frozenset()
        if later is None:
            return gathered
        if everything:
            key = self._crowds.key(everything, now)
            self._crowds.is_first(key, now)
            if later.once(replace(asked, targets=everything, crowd=key), now):
                gathered |= everything
        if via and not self._crowds.is_first(self._crowds.key(via, now), now):
            of_all = replace(asked, targets=referring_to_any(via), origin=of_several(asked.origin))
            if later.once(of_all, now):
                gathered |= via
        return gathered

    def _again(self, asked: Again, account: str, region: str) -> dict[str, Any]:
        """Evaluate what an earlier event or look could not settle."""
        if asked.crowd and self._crowds.is_of_several(asked.crowd):
            asked = replace(asked, origin=of_several(asked.origin))
        asked = replace(asked, crowd="")
        self.log.append_keys(trigger=asked.trigger)
        known = {rule.id for rule in self.heading}
        targets = frozenset(target for target in asked.targets if target.rule in known)
        if not targets:
            return self._ignore("none of the rules exists any more")
        return self._evaluate(replace(asked, targets=targets), account, region)

    def _evaluate(self, asked: Again, account: str, region: str) -> dict[str, Any]:
        given, config = self._settings.now(), asked.config
        if config is not None:
            given = settings.override(self.heading, given, config.parameters)
        widely = any(target.id is None for target in asked.targets)
        evaluation = self._evaluation(
            account,
            region,
            given,
            asked.trigger,
            self._origin(asked.origin),
            bulk=widely,
            named=asked.named,
        )
        observations = list(follow(evaluation, self.heading, asked.targets))
        unsettled = self._unsettled(observations, asked)
        recorder = Recorder(self.store, evaluation, together=widely)
        for observation in observations:
            self._note(observation)
            if observation.again not in unsettled:
                recorder.record(observation)
        recorder.look_again()
        if config is not None:
            self._answer_config(config, evaluation.aws, observations, unsettled, asked.attempt)
        done = self._done(recorder, len(observations))
        self._raise_on_unwritten(recorder)
        return done | {"again": len(unsettled)} if unsettled else done

    def _answer_config(
        self,
        config: ConfigRequest,
        aws: Aws,
        observations: list[Observation],
        unsettled: frozenset[Target],
        attempt: int,
    ) -> None:
        """Answer AWS Config, except about resources that are looked at again: then, as a whole."""
        settled = config_rule.settled(config, observations, unsettled)
        if settled is None:
            return
        try:
            sent = config_rule.answer(
                aws.client("config"), config, settled, config_rule.ids_in(aws)
            )
        except ClientError as error:
            if not attempt or code_of(error) != "InvalidResultTokenException":
                raise
            # The finding stands in the table; Config hears of it with its next evaluation.
            self.counts.add("ConfigAnswersTooLate")
            self.log.warning("AWS Config takes no late answer", extra={"error": str(error)})
            return
        self.counts.add("ConfigEvaluations", sent)

    def _unsettled(self, observations: list[Observation], asked: Again) -> frozenset[Target]:
        """What will be looked at again, so that it need not be recorded as unknown now.

        For AWS Config it is all that the rules say of the resource: it takes one answer for them.
        """
        targets = {observation.again for observation in observations if observation.again}
        if asked.config is not None and targets:
            targets |= config_rule.beside(targets, self.heading.rules)
        return self._ask_again(targets, asked)

    def _ask_again(self, targets: set[Target], asked: Again) -> frozenset[Target]:
        """Ask for a later look at these targets; those that will have one."""
        later = self._look_again()
        if not targets or later is None:
            return frozenset()
        taken: set[Target] = set()
        for batch in batches(targets):
            if later.later(replace(asked, targets=batch), _now()):
                taken |= batch
        self.counts.add("LooksAgain", len(taken))
        return frozenset(taken)

    def _look_again(self) -> LookAgain | None:
        if not self._machine:
            return None
        client = self._session.client("stepfunctions", config=CONFIG)
        return LookAgain(client, self._machine, self._function)

    def _sweep(self, sweep: Any, account: str, region: str, context: Any) -> dict[str, Any]:
        """One leg of a sweep. ``cursor`` in the answer says that another leg is needed.

        ``wait`` says how many seconds later: a listing failed for a passing reason.
        """
        leg = leg_of(sweep)
        self._log_unreadable_evidence()
        seconds = _seconds_left(context) - LAST_SECONDS
        self._pacer.begin(IN_A_SWEEP, seconds=seconds, resumes=leg.resumes)
        origin = self._origin(Origin(woken_by=SWEEP))
        evaluation = self._evaluation(
            account, region, self._settings.now(), leg.sweep, origin, bulk=True
        )
        self._take_over(leg, evaluation.aws)
        recorder = Recorder(self.store, evaluation, together=True)
        coverage = Coverage()
        rules = evaluation.judged(self.heading)
        recorder.expect(rules)
        began = _now()
        available = context.get_remaining_time_in_millis()
        evaluated = 0
        passing: set[Target] = set()

        def left() -> float:
            return float(context.get_remaining_time_in_millis())

        def record(observation: Observation) -> None:
            if not leg.is_tried_again(observation):
                recorder.record(observation)

        def enough() -> bool:
            """Whether the time that remains is needed for the second looks and the answer."""
            again = 1000 * recorder.seconds_to_look((available - left()) / 1000)
            return left() < SPARE_MILLISECONDS + again or self._sandbox.is_full(
                moved=coverage.reached is not None
            )

        for observation in survey(
            evaluation, rules, coverage, start=leg.start, enough=enough, record=record
        ):
            evaluated += 1
            passing |= self._left_open(leg, observation)
        self._hand_on(leg, coverage, evaluation.aws)
        unseen = recorder.look_again(lambda: left() < SPARE_MILLISECONDS / 2)
        self._ask_again(
            set(islice(passing, MOST_TARGETS)), Again(frozenset(), 0, leg.sweep, origin)
        )
        wait = list_again(coverage) if coverage.cursor is None else 0
        closed = 0
        if coverage.cursor is None and left() >= SPARE_MILLISECONDS:
            closed = self._close(recorder, rules, coverage, began, leg.deployed, left)
        if coverage.cursor is None and left() < SPARE_MILLISECONDS:
            coverage.cursor = coverage.end
        answer = self._done(recorder, evaluated) | self._covered(coverage, rules)
        answer |= {"closed": closed} | ({"wait": wait} if wait else {})
        if unseen:
            self.counts.add("SecondLooksLeft", unseen)
            self.log.warning("no time to look again", extra={"findings": unseen})
        if coverage.cursor is not None:
            return answer | {"cursor": as_json(coverage.cursor.after_a_leg_from(leg.start))}
        self._raise_on_unwritten(recorder)
        return answer

    def _hand_on(self, leg: Leg, coverage: Coverage, aws: Aws) -> None:
        """Forget what the leg read, but for what the next one, if any, can go on with.

        That one mostly runs in this sandbox. Long listings are then read once in several legs, and
        what takes more calls than a leg has turns for is read by several.
        """
        if coverage.cursor is not None:
            self._handed_on = (leg.sweep, aws.answers.handed_on(_now()))
        aws.forget()
        self._sandbox.relieve()

    def _take_over(self, leg: Leg, aws: Aws) -> None:
        """Go on with what the leg before this one has read, if it ran in this sandbox."""
        handed_on, self._handed_on = self._handed_on, None
        if handed_on is not None and leg.start is not None and handed_on[0] == leg.sweep:
            aws.take_over(handed_on[1].handed_on(_now()))

    def _left_open(self, leg: Leg, observation: Observation) -> set[Target]:
        """What is looked at once more soon after this leg, and not in another one."""
        if leg.is_tried_again(observation):
            return set()
        self._note(observation)
        return set() if observation.again is None else {observation.again}

    def _covered(self, coverage: Coverage, rules: Sequence[Rule]) -> dict[str, Any]:
        """What a leg tells of what it covered."""
        return {
            "heading": self.heading.folder,
            "out_of_scope": coverage.out_of_scope,
            "own": coverage.own,
            "unlisted": list(coverage.unlisted),
            # What the baseline of a rule is ended by: its type was listed, by this version of it.
            "rules": {rule.id: rule.subject.name for rule in rules},
            "release": self._release,
        }

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
            if not recorder.retired_left:
                self._former.cleaned(folder, existing, deployed)
        recorder.look_again(enough)
        return closed

    def _log_unreadable_evidence(self) -> None:
        """Say once in a sandbox's life which evidence its SDK cannot read.

        In a sweep, which loads the service models anyway; an event must not wait for it.
        """
        if self._sdk_is_told:
            return
        self._sdk_is_told = True
        for each in sdk.blind(self.heading, self._session.loader):
            self._tell_of_sdk(
                {"evidence": each.evidence, "missing": each.actions, "rules": each.rules}
            )

    def _tell_of_waivers(self, reason: str) -> None:
        """Waivers that cannot be read waive nothing new: too much is told, never too little."""
        self.counts.add("WaiversUnreadable")
        self.log.error("waivers could not be read", extra={"error": reason})

    def _tell_of_sdk(self, about: Mapping[str, Any]) -> None:
        self.counts.add("SdkTooOld")
        self.log.warning(
            "the runtime's SDK is older than the rules",
            extra={"botocore": botocore.__version__, **about},
        )

    def _raise_on_unwritten(self, recorder: Recorder) -> None:
        """Raise Unwritable, after everything else is done, so that the run counts as failed."""
        if recorder.unwritten:
            raise Unwritable(
                f"{len(recorder.unwritten)} findings could not be written; the first:"
                f" {recorder.unwritten[0]}"
            )

    def _note(self, observation: Observation) -> None:
        if observation.crash:
            self.counts.add("RuleCrashes")
            self.log.error(
                "rule crashed",
                extra={"rule": observation.rule.id, "error": observation.crash},
            )
        finding = observation.finding
        if finding is not None and finding.missing:
            self.counts.add("BlindVerdicts")
            self.log.warning(
                "could not be judged",
                extra={"rule": finding.rule, "missing": list(finding.missing)},
            )

    def _done(self, recorder: Recorder, evaluated: int) -> dict[str, Any]:
        self.counts.add("Evaluated", evaluated)
        self.counts.add("Transitions", recorder.transitions)
        if recorder.unreadable:
            first = next(iter(recorder.unreadable.items()))
            self.counts.add("UnreadableFindings", len(recorder.unreadable))
            self.log.error(
                "this version cannot read findings",
                extra={"count": len(recorder.unreadable), "first": ": ".join(first)},
            )
            # The store outlives the run, and a row is told of by the runs that meet it.
            self.store.unreadable.clear()
        if recorder.unwritten:
            self.counts.add("UnwritableFindings", len(recorder.unwritten))
            self.log.error("findings could not be written", extra={"first": recorder.unwritten[0]})
        return {"evaluated": evaluated, "transitions": recorder.transitions}

    def _evaluation(
        self,
        account: str,
        region: str,
        given: settings.Given,
        trigger: str,
        changed_by: Origin,
        *,
        bulk: bool,
        named: frozenset[str] = frozenset(),
    ) -> Evaluation:
        aws = Aws(
            self._session,
            account=account,
            region=region,
            now=_now,
            bulk=bulk,
            clients=self._clients,
            daily_cache=self._daily_cache,
            pacer=self._pacer,
            named=named,
        )
        configured = settings.configure(self.heading, given)
        self._waivers.named_by(Principals(aws).arn)
        return Evaluation(
            aws,
            configured,
            scope=self._scope,
            trigger=trigger,
            changed_by=changed_by,
            declarations=self._declarations,
            known=self.store.get,
            is_own=self._own.has,
        )

    def _cloudformation(self) -> Any:
        return self._session.client("cloudformation", config=CONFIG)

    def _tell_of_refused(self, reason: str) -> None:
        """Settings that will not be used; the rules that they are for then cannot tell."""
        self.counts.add("SettingsRefused")
        self.log.error("settings refused", extra={"reason": reason})


def release_of(folder: str, layer: str) -> str:
    """The version of a heading's code: its own folder and the layer it runs on.

    ``layer`` is the ARN of the layer's version, which changes with its content.
    """
    digest = hashlib.sha256(layer.encode())
    package = importlib.util.find_spec(f"functions.{folder}")
    for place in package.submodule_search_locations or () if package else ():
        for path in sorted(Path(place).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _seconds_left(context: Any) -> float:
    """The seconds that this invocation has left."""
    return float(context.get_remaining_time_in_millis()) / 1000
