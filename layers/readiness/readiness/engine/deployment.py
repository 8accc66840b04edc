"""What a heading's function is deployed with: clients, tables, settings, scope and release."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readiness.engine import settings
from readiness.engine.aws import CONFIG, Aws
from readiness.engine.daily_cache import DailyCache
from readiness.engine.environment import parameter
from readiness.engine.evaluate import Evaluation
from readiness.engine.leg import deployed_in
from readiness.engine.measuring import Measurements
from readiness.engine.own_stack import OwnStack
from readiness.engine.pacing import Pacer
from readiness.engine.principals import Principals
from readiness.engine.scope import scope_from
from readiness.engine.session import Session
from readiness.engine.shared_answers import SharedAnswers
from readiness.engine.store import Store
from readiness.engine.waivers import InForce, limits_from
from readiness.model.transition import blind_after

if TYPE_CHECKING:
    from readiness.engine.telemetry import Telemetry
    from readiness.model.origin import Origin
    from readiness.model.rule import Heading


class Deployment:
    """What stays the same from one run to the next, and makes the evaluation of each.

    The environment variables are those that template.yaml sets.
    """

    def __init__(
        self, heading: Heading, environment: Mapping[str, str], telemetry: Telemetry
    ) -> None:
        self.heading = heading
        self.session = Session()
        self.clients: dict[tuple[str, str], Any] = {}
        self.pacer = Pacer()
        self.settings = settings.Document(
            environment.get("SETTINGS_PARAMETER", ""),
            heading,
            lambda: self.client("ssm"),
            refused=telemetry.settings_refused,
        )
        self.headings = deployed_in(environment)
        self.release = release_of(heading.folder, environment.get("RELEASE", ""))
        self._scope = scope_from(environment)
        self.own = OwnStack(
            environment.get("OWN_STACK", ""),
            lambda: self.client("cloudformation"),
            telemetry.own_stack_unlisted,
        )
        self._declarations = environment.get("DECLARATIONS_TABLE", "")
        self.dynamodb = self.client("dynamodb")
        self.transitions_table = environment["TRANSITIONS_TABLE"]
        self._waivers = InForce(
            self.dynamodb,
            self._declarations,
            limits_from(environment),
            tell=telemetry.waivers_unreadable,
        )
        self.store = Store(
            self.dynamodb,
            environment["FINDINGS_TABLE"],
            self.transitions_table,
            waivers=self._waivers,
            blind_after=blind_after(parameter(environment, "BLIND_AFTER_HOURS")),
        )
        self._daily_cache = DailyCache(self.dynamodb, self.transitions_table)

    def client(self, service: str) -> Any:
        """A client of the stack's own region."""
        return self.session.client(service, config=CONFIG)

    def origin(self, origin: Origin) -> Origin:
        """The origin, with the release that judges."""
        return replace(origin, release=self.release)

    def aws(
        self,
        account: str,
        region: str,
        *,
        now: Callable[[], datetime],
        bulk: bool = False,
        named: frozenset[str] = frozenset(),
        shared: SharedAnswers | None = None,
        measurements: Measurements = Measurements.ANEW,
    ) -> Aws:
        """The account as one run reads it."""
        return Aws(
            self.session,
            account=account,
            region=region,
            now=now,
            bulk=bulk,
            clients=self.clients,
            daily_cache=self._daily_cache,
            pacer=self.pacer,
            named=named,
            shared=shared,
            measurements=measurements,
        )

    def evaluation(
        self,
        account: str,
        region: str,
        given: settings.Given,
        trigger: str,
        changed_by: Origin,
        *,
        now: Callable[[], datetime],
        bulk: bool,
        named: frozenset[str] = frozenset(),
        shared: SharedAnswers | None = None,
        measurements: Measurements = Measurements.ANEW,
    ) -> Evaluation:
        """One run over the account, with the settings that are ``given``."""
        aws = self.aws(
            account,
            region,
            now=now,
            bulk=bulk,
            named=named,
            shared=shared,
            measurements=measurements,
        )
        configured = settings.configure(self.heading, given)
        self._waivers.named_by(Principals(aws).arn)
        return Evaluation(
            aws,
            configured,
            scope=self._scope,
            trigger=trigger,
            changed_by=self.origin(changed_by),
            declarations=self._declarations,
            known=self.store.get,
            is_own=self.own.has,
        )


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
