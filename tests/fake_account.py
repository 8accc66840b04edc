"""An account in memory that answers AWS calls, holds both sides to the service model, and fails."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError
from botocore.stub import validate_parameters

from readiness.engine import settings as settings_module
from readiness.engine.aws import Aws
from readiness.engine.evaluate import Evaluation
from readiness.engine.observation import Observation
from readiness.engine.page_sizes import PAGE_SIZES
from readiness.engine.scope import Scope
from readiness.engine.survey import Coverage, survey
from readiness.model.rule import Rule
from tests.strict import strict

ACCOUNT_ID = "111122223333"
HOME = "us-east-1"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

Answer = Mapping[str, Any] | Exception | Callable[..., Any]


@functools.cache
def service_model(service: str) -> Any:
    """The botocore model of a service, which says what a call takes and returns."""
    return _session().get_service_model(service)


@functools.cache
def _operations(service: str) -> Mapping[str, str]:
    """The names of a service's operations, by those of a client's methods."""
    return {xform_name(name): name for name in service_model(service).operation_names}


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


@functools.cache
def _paginators(service: str) -> frozenset[str]:
    try:
        return frozenset(_session().get_paginator_model(service)._paginator_config)
    except botocore.exceptions.UnknownServiceError:
        return frozenset()


def error(code: str, status: int = 400, message: str = "refused by the test") -> ClientError:
    """The error AWS raises with that code."""
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


FAULTS: dict[str, Exception] = {
    "denied": error("AccessDeniedException", 403),
    "throttled": error("ThrottlingException", 400),
    "unavailable": error("InternalFailure", 500),
    "timed out": ReadTimeoutError(endpoint_url="https://127.0.0.1"),
    "unmodelled 404": error("404", 404),
}


class FakeAccount:
    """What every AWS call answers.

    ``answers`` maps ``(service, operation)`` (client method names) to a response, an exception
    to raise, or a function of the call's parameters that returns either. An answer of
    ``("cloudtrail eu-west-1", operation)`` is that of the service in one region. Parameters and
    responses that the service model does not allow fail the test. A call without an answer
    fails as AWS would never fail, so that it is noticed. A world that answers dynamodb query
    has a Declarations table, for the rules that people attest.
    """

    def __init__(self, answers: Mapping[tuple[str, str], Answer] | None = None) -> None:
        self.answers: dict[tuple[str, str], Answer] = dict(answers or {})
        self.calls: list[tuple[str, str]] = []
        self.unanswered: set[tuple[str, str]] = set()
        self.refused: list[str] = []
        self.faults: dict[tuple[str, str], Exception] = {}
        self.known: dict[tuple[str, str, str], Any] | None = None
        self.answers.setdefault(
            ("resourcegroupstaggingapi", "get_resources"), {"ResourceTagMappingList": []}
        )
        self.answers.setdefault(("iam", "list_roles"), {"Roles": []})
        self.answers.setdefault(("iam", "list_users"), {"Users": []})

    def client(self, service: str, region_name: str | None = None, **_: Any) -> Client:
        """In place of ``boto3.session.Session.client``."""
        return Client(self, service, region_name or HOME)

    def again(self) -> FakeAccount:
        """The same account with nothing asked and no faults.

        A question has the answer that it had before, and is not checked against the model again:
        for tests that ask the same many times, of accounts that do not change.
        """
        if self.known is None:
            self.known = {}
        same = FakeAccount()
        same.answers, same.known = self.answers, self.known
        return same

    def called(self, service: str, operation: str) -> None:
        """Count a call, and fail it if it is to fail."""
        self.calls.append((service, operation))
        if (service, operation) in self.faults:
            raise self.faults[service, operation]

    def answer(
        self, service: str, operation: str, params: dict[str, Any], region: str = ""
    ) -> Any:
        self.called(service, operation)
        try:
            given = self.answers[f"{service} {region}".strip(), operation]
        except KeyError:
            self.unanswered.add((service, operation))
            raise AssertionError(f"the world has no answer to {service} {operation}") from None
        result = given(**_unsized(service, operation, params)) if callable(given) else given
        if isinstance(result, Exception):
            raise result
        return result

    def but(self, **changes: Answer) -> FakeAccount:
        """A copy with other answers; ``s3__get_bucket_policy=…`` names service and operation."""
        named = {tuple(name.split("__", 1)): answer for name, answer in changes.items()}
        return FakeAccount({**self.answers, **named})  # type: ignore[dict-item]


def _unsized(service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters without the size of a page, which changes no answer of a fake account."""
    name, _ = PAGE_SIZES.get((service, operation), ("", 0))
    return {key: value for key, value in params.items() if key != name}


class Client:
    """A boto3 client over a FakeAccount."""

    def __init__(self, fake_account: FakeAccount, service: str, region: str = HOME) -> None:
        self._account = fake_account
        self._service = service
        self._region = region
        self._model = service_model(service)
        self.meta = SimpleNamespace(
            service_model=self._model,
            method_to_api_mapping=_operations(service),
            endpoint_url="http://127.0.0.1",
        )

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**params: Any) -> Any:
            known = self._account.known
            if known is None:
                return self._asked(operation, params)
            question = (self._service, f"{operation} in {self._region}", repr(params))
            if question in known:
                self._account.called(self._service, operation)
                return known[question]
            answered = self._asked(operation, params)
            if not any(hasattr(value, "read") for value in answered.values()):
                known[question] = answered
            return answered

        return call

    def _asked(self, operation: str, params: dict[str, Any]) -> Any:
        model = self._operation(operation)
        self._hold(operation, "is asked with", params, model.input_shape)
        is_local = (f"{self._service} {self._region}", operation) in self._account.answers
        more = {"region": self._region} if is_local else {}
        answered = self._account.answer(self._service, operation, params, **more)
        self._hold(operation, "is answered with", answered, model.output_shape)
        return strict(answered, model)

    def _hold(self, operation: str, what: str, values: Any, shape: Any) -> None:
        """Fail the test: as an error of botocore it would be taken for an unreadable answer."""
        try:
            if shape is not None:
                validate_parameters(values, shape)
        except ParamValidationError as error:
            said = f"{self._service} {operation} {what} what its model refuses: {error}"
            self._account.refused.append(said)
            raise AssertionError(said) from None

    def _operation(self, operation: str) -> Any:
        name = self.meta.method_to_api_mapping.get(operation)
        if name is None:
            raise AssertionError(f"{self._service} has no operation {operation}")
        return self._model.operation_model(name)

    def can_paginate(self, operation: str) -> bool:
        return self._operation(operation).name in _paginators(self._service)

    def get_paginator(self, operation: str) -> Client._Pages:
        return Client._Pages(getattr(self, operation))

    class _Pages:
        def __init__(self, call: Callable[..., Any]) -> None:
            self._call = call

        def paginate(self, **params: Any) -> Iterable[Any]:
            yield self._call(**params)


class Clock:
    """A clock that moves one second each time it is read, so that order is never in doubt."""

    def __init__(self, start: datetime = NOON) -> None:
        self.time = start

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def evaluation(
    fake_account: FakeAccount,
    rules: Iterable[Rule],
    *,
    given: Mapping[str, Mapping[str, object]] | None = None,
    bulk: bool = False,
    now: datetime | None = None,
    scope: Scope | None = None,
) -> Evaluation:
    """An evaluation of rules over a world; ``now`` stops the clock at a moment."""
    clock: Callable[[], datetime] = (lambda: now) if now else Clock()
    aws = Aws(fake_account, account=ACCOUNT_ID, region=HOME, now=clock, bulk=bulk)  # type: ignore[arg-type]
    configured = settings_module.configure(rules, given or {})
    declared = "declarations" if ("dynamodb", "query") in fake_account.answers else ""
    return Evaluation(aws, configured, scope=scope, declarations=declared)


def observe(fake_account: FakeAccount, rule: Rule, id: str, **settings: object) -> Observation:
    """What one rule says of one resource, read alone, as after an event."""
    run = evaluation(fake_account, [rule], given={rule.id: settings} if settings else {})
    return run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, id))


def scan(fake_account: FakeAccount, rules: Iterable[Rule]) -> list[Observation]:
    """What the rules say of everything in the world, read in bulk, as a sweep does."""
    rules = list(rules)
    return list(survey(evaluation(fake_account, rules, bulk=True), rules, Coverage()))
