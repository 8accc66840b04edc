"""The Lambda function of a heading: events, sweeps and AWS Config in, findings out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from readiness.engine import config_rule, sdk, settings
from readiness.engine.config_answers import Answering, settings_of
from readiness.engine.crowds import Crowds
from readiness.engine.deployment import Deployment
from readiness.engine.doubts import unconcerned
from readiness.engine.events import resolve_targets
from readiness.engine.everything import Everything
from readiness.engine.follow import follow, of_global_resources, with_stored_parts
from readiness.engine.later import Later
from readiness.engine.look_again import Again, asked_for, concerns_everything, may_appear
from readiness.engine.pacing import IN_AN_EVENT
from readiness.engine.record import Recorder
from readiness.engine.sandbox import Sandbox
from readiness.engine.shared_answers import SharedAnswers
from readiness.engine.sweep import LAST_SECONDS, Legs, Sweep
from readiness.engine.targets import EventTargets, MalformedEvent, Target
from readiness.engine.telemetry import Telemetry
from readiness.model.finding import DEFAULT_STACK

if TYPE_CHECKING:
    from readiness.engine.observation import Observation
    from readiness.model.rule import Heading


def _now() -> datetime:
    return datetime.now(UTC)


class Function:
    """One heading's Lambda function, made at cold start and kept while the sandbox is warm.

    The environment variables are those that template.yaml sets.
    """

    def __init__(self, heading: Heading, environment: Mapping[str, str]) -> None:
        self.heading = heading
        self.telemetry = Telemetry(heading.folder, environment.get("STACK_NAME", DEFAULT_STACK))
        self.log, self.counts = self.telemetry.log, self.telemetry.counts
        self.deployment = Deployment(heading, environment, self.telemetry)
        self.store = self.deployment.store
        self.later = Later(
            lambda: self.deployment.client("stepfunctions"),
            environment.get("LOOK_AGAIN_MACHINE", ""),
            Crowds(self.deployment.dynamodb, self.deployment.transitions_table, heading.folder),
            self.counts,
        )
        self.sandbox = Sandbox(environment)
        legs = Legs(self.telemetry, self.sandbox)
        self.sweep = Sweep(self.deployment, self.telemetry, self.later, legs)
        self.everything = Everything(self.deployment, self.telemetry, self.later, legs)
        self._left: Callable[[], float] = lambda: 0.0
        if sdk.is_too_old():
            self.telemetry.sdk_too_old({"oldest_tested": ".".join(map(str, sdk.OLDEST))})

    def __call__(self, event: Mapping[str, Any], context: Any) -> Any:
        self.log.append_keys(request_id=getattr(context, "aws_request_id", ""))
        try:
            return self._answer(event, context)
        except MalformedEvent as malformed:
            self.telemetry.malformed(malformed)
            raise
        except settings.SettingsUnreadable as unreadable:
            self.telemetry.settings_refused(str(unreadable))
            raise
        finally:
            self.counts.send()
            self.sandbox.tidy()

    def _answer(self, event: Mapping[str, Any], context: Any) -> Any:
        self.later.function = str(context.invoked_function_arn)
        self.later.forget_unasked()
        self._left = context.get_remaining_time_in_millis
        region, account = self.later.function.split(":")[3:5]
        if isinstance(event, Mapping) and "sweep" in event:
            return self.sweep.leg(event["sweep"], account, region, context)
        # Also for a later look: a warm sandbox still has the share and the end of its last run.
        seconds = context.get_remaining_time_in_millis() / 1000 - LAST_SECONDS
        self.deployment.pacer.begin(IN_AN_EVENT, seconds=seconds)
        if isinstance(event, Mapping) and "look_again" in event:
            return self._again(asked_for(event["look_again"]), account, region)
        seen = resolve_targets(event, self.heading, region)
        self.log.append_keys(trigger=seen.trigger)
        if seen.account and seen.account != account:
            ignored = f"the event is about account {seen.account}, this function judges {account}"
            return self._ignore(ignored)
        is_elsewhere = seen.region not in {"", region}
        if seen.ignored:
            return self._ignore(f"{seen.ignored}{f' (in {seen.region})' if is_elsewhere else ''}")
        if is_elsewhere:
            # IAM tells of itself in one region, from which a rule may forward its events to ours.
            seen = replace(seen, targets=of_global_resources(seen.targets, self.heading))
            if not seen.targets:
                return self._ignore(
                    f"the event is about region {seen.region}, and this is {region}"
                )
        return self._follow(seen, account, region)

    def _ignore(self, why: str) -> dict[str, Any]:
        self.log.info("nothing to look at", extra={"reason": why})
        return {"evaluated": 0, "ignored": why}

    def _follow(self, seen: EventTargets, account: str, region: str) -> dict[str, Any]:
        """Evaluate what an event points at.

        What concerns everything is left to one later look. So is what refers to the resource of
        an event that is not the first of its kind in a minute, and a resource that holds many
        others of which one changed.
        """
        rules = {rule.id: rule for rule in self.heading}
        if seen.doubts:
            aws = self.deployment.aws(account, region, now=_now)
            seen = replace(seen, targets=seen.targets - unconcerned(seen, aws))
            if not seen.targets:
                return self._ignore("what the call changed concerns no rule")
        targets = with_stored_parts(seen.targets, rules, self.store, account, region)
        asked = Again(targets, 0, seen.trigger, seen.origin, named=seen.named)
        if seen.config is not None:
            return self._evaluate(replace(asked, config=seen.config), account, region)
        holding_many = {id for id, rule in rules.items() if rule.subject.holds_many}
        gathered = self.later.gathered(asked, _now(), holding_many)
        if not gathered:
            return self._evaluate(asked, account, region)
        self.counts.add("LooksGathered")
        rest = replace(asked, targets=targets - gathered)
        return self._evaluate(rest, account, region) | {"later": len(gathered)}

    def _again(self, asked: Again, account: str, region: str) -> dict[str, Any]:
        """Evaluate what an earlier event or look could not settle."""
        asked = self.later.of_its_crowd(asked)
        self.log.append_keys(trigger=asked.trigger)
        known = {rule.id for rule in self.heading}
        targets = frozenset(target for target in asked.targets if target.rule in known)
        if not targets:
            return self._ignore("none of the rules exists any more")
        return self._evaluate(replace(asked, targets=targets), account, region)

    def _evaluate(self, asked: Again, account: str, region: str) -> dict[str, Any]:
        """Evaluate what is asked for; everything of a rule in several looks, if it takes them."""
        config = asked.config
        if not self.later.is_possible or (config is not None and not config.is_scheduled):
            return self._evaluate_at_once(asked, account, region)
        goes_on = asked.part or asked.beside
        everything = {
            each for each in asked.targets if concerns_everything(each) or (goes_on and each.via)
        }
        rest = asked.targets - everything
        done: dict[str, Any] = {}
        if rest or not everything:
            at_once = replace(asked, targets=rest)
            done = self._evaluate_at_once(at_once, account, region, everything)
        if not everything:
            return done
        given, by_our_settings = settings_of(self.heading, self.deployment.settings.now(), config)
        wide = self.everything.look(
            replace(asked, targets=frozenset(everything)),
            account,
            region,
            given,
            left=self._left,
            now=_now,
            config=self._answering(asked, by_our_settings=by_our_settings),
        )
        if wide is None:
            wide = self._ignore("another look at the same is at work, and will be made again")
        return wide | {name: count + wide.get(name, 0) for name, count in done.items()}

    def _evaluate_at_once(
        self, asked: Again, account: str, region: str, vast: set[Target] | None = None
    ) -> dict[str, Any]:
        """Evaluate it in this invocation; what takes several is put into ``vast``."""
        config = asked.config
        given, by_our_settings = settings_of(self.heading, self.deployment.settings.now(), config)
        widely = any(target.id is None for target in asked.targets)
        evaluation = self.deployment.evaluation(
            account,
            region,
            given,
            asked.trigger,
            asked.origin,
            now=_now,
            bulk=widely,
            named=asked.named,
            shared=self._shared(asked),
        )
        observations = list(follow(evaluation, self.heading, asked.targets, vast))
        appears = config is None and may_appear(asked)
        if appears:
            observations = [_looked_at_again(each) for each in observations]
        unsettled = self._unsettled(observations, asked)
        recorder = Recorder(self.store, evaluation, together=widely, may_appear=appears)
        for observation in observations:
            self.telemetry.observed(observation)
            if by_our_settings and observation.again not in unsettled:
                recorder.record(observation)
        recorder.look_again()
        # AWS Config has its answer from the first look, or gets it from a later one at all rules.
        seconds = self.later.ask(recorder.waiting, replace(asked, config=None), _now())
        recorder.leave_to_later(seconds)
        answering = self._answering(asked, by_our_settings=by_our_settings)
        if config is not None and answering is not None:
            settled = config_rule.settled(config, observations, unsettled)
            if settled is not None:
                answering.answer(evaluation.aws, settled)
        done = self.telemetry.recorded(recorder, len(observations))
        recorder.raise_on_unwritten()
        self.later.raise_on_unasked()
        again = len(unsettled | seconds)
        return done | {"again": again} if again else done

    def _shared(self, asked: Again) -> SharedAnswers | None:
        """What the headings that an API call wakes ask alike; a later look asks for itself."""
        is_call = asked.origin.event_id and asked.trigger and not asked.attempt
        if not is_call or asked.config is not None:
            return None
        return SharedAnswers(self.store.client, self.store.transitions_table, asked.trigger, _now)

    def _answering(self, asked: Again, *, by_our_settings: bool) -> Answering | None:
        """Who answers AWS Config, if it asked."""
        if asked.config is None:
            return None
        return Answering(
            self.heading,
            asked.config,
            self.telemetry,
            by_our_settings=by_our_settings,
            is_late=bool(asked.attempt or asked.part),
        )

    def _unsettled(self, observations: list[Observation], asked: Again) -> frozenset[Target]:
        """What will be looked at again, so that it need not be recorded as unknown now.

        For AWS Config it is all that the rules say of the resource: it takes one answer for them.
        """
        targets = {observation.again for observation in observations if observation.again}
        if asked.config is not None and targets:
            targets |= config_rule.beside(targets, self.heading.rules)
        return self.later.ask(targets, asked, _now())


def _looked_at_again(observation: Observation) -> Observation:
    """The observation; of a resource that does not exist (yet), what to look at once more too."""
    if observation.finding is not None or observation.out_of_scope:
        return observation
    return replace(observation, again=Target(observation.rule.id, observation.resource.id))
