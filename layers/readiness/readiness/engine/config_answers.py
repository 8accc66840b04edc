"""The answers to one question of AWS Config, all of a resource's rules in one of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from readiness.engine import config_rule, settings
from readiness.engine.aws_errors import code_of
from readiness.engine.targets import Target

if TYPE_CHECKING:
    from readiness.engine.aws import Aws
    from readiness.engine.observation import Observation
    from readiness.engine.targets import ConfigRequest
    from readiness.engine.telemetry import Telemetry
    from readiness.model.resource import Resource
    from readiness.model.rule import Heading

_NO_TOKEN = "InvalidResultTokenException"  # noqa: S105
MOST_HELD = 2_000
"""Observations that are held before they are sent: memory must not grow with the account."""


class Answering:
    """Answers a question about everything while its resources are evaluated, one after another.

    ``by_our_settings`` is whether the question is about the stack's own settings, so that what is
    seen is also recorded. ``is_late``: the answer is not the first to this question, and Config
    may take it no more.
    """

    def __init__(
        self,
        heading: Heading,
        request: ConfigRequest,
        telemetry: Telemetry,
        *,
        by_our_settings: bool,
        is_late: bool,
    ) -> None:
        self._heading = heading
        self._request = request
        self._telemetry = telemetry
        self.by_our_settings = by_our_settings
        self._is_late = is_late
        self._held: list[Observation] = []
        self._waiting: set[Resource] = set()
        self._last: Resource | None = None
        self.unsent: set[Target] = set()

    def add(self, observation: Observation, aws: Aws, *, waits: bool) -> None:
        """Take the next observation; those of one resource come together.

        A resource of which one ``waits`` for a later look is answered by that, as a whole.
        """
        if observation.resource != self._last and len(self._held) >= MOST_HELD:
            self.send(aws)
        self._last = observation.resource
        self._held.append(observation)
        if waits:
            self._waiting.add(observation.resource)

    def send(self, aws: Aws) -> None:
        """Send what is held; what Config does not take now is to be answered later (``unsent``).

        Raises ClientError for a token that Config never gave.
        """
        ready = [each for each in self._held if each.resource not in self._waiting]
        self._held.clear()
        self._waiting.clear()
        try:
            self.answer(aws, ready)
        except (config_rule.EvaluationsRefused, BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and code_of(error) == _NO_TOKEN:
                raise
            self._telemetry.config_answer_unsent(str(error))
            about = (each for each in ready if each.resource.type == each.rule.subject.name)
            self.unsent |= {Target(each.rule.id, each.resource.id) for each in about}

    def beside(self, targets: Iterable[Target]) -> set[Target]:
        """What has to be evaluated for a whole answer about the resources of the targets."""
        targets = set(targets)
        return targets | config_rule.beside(targets, self._heading.rules)

    def answer(self, aws: Aws, observations: list[Observation]) -> None:
        """Answer by these observations."""
        try:
            sent = config_rule.answer(
                aws.client("config"), self._request, observations, config_rule.ids_in(aws)
            )
        except ClientError as error:
            if not self._is_late or code_of(error) != _NO_TOKEN:
                raise
            # The finding stands in the table; Config hears of it with its next evaluation.
            self._telemetry.config_answer_too_late(str(error))
            return
        self._telemetry.counts.add("ConfigEvaluations", sent)


def settings_of(
    heading: Heading, ours: settings.Given, request: ConfigRequest | None
) -> tuple[settings.Given, bool]:
    """The settings that a question is about, and whether they are the stack's own.

    A Config rule with thresholds of its own gets its own answer. The findings are by the stack's,
    which nobody who can only make Config rules may change.
    """
    if request is None:
        return ours, True
    given = settings.override(heading, ours, request.parameters)
    alike = ours == given or (
        settings.configure(heading, ours) == settings.configure(heading, given)
    )
    return given, alike
