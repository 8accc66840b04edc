"""What CloudWatch counted of requests to functions and their URLs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from readiness.evidence.awslambda.functions import FUNCTION, FunctionIdentity
from readiness.evidence.cloudwatch.datapoints import read_series
from readiness.evidence.cloudwatch.histories import (
    Arrivals,
    History,
    Latency,
    Outcomes,
    Span,
    Wait,
    least_of,
)
from readiness.evidence.cloudwatch.kept import HISTORY_READS, read_counts
from readiness.evidence.workloads.entry_points import (
    LIMITS,
    Found,
    Timed,
    latency_of,
    limits_of,
    read_histories,
    sums_of,
)
from readiness.evidence.workloads.function_sources import FedBy, FunctionSources, queues_of
from readiness.model.evidence import evidence
from readiness.model.reader import Reader
from readiness.model.resource import Resource
from readiness.semantics.metrics import Query, Series, series


def invocations_of(read: Reader, functions: Iterable[str]) -> dict[str, History]:
    """How often each function ran: one question of all headings that are swept each hour."""
    return {name: invocations for name, (invocations, _) in _runs_of(read, functions).items()}


def hourly_runs_of(
    read: Reader, functions: Iterable[str], span: timedelta
) -> dict[str, tuple[Series, Series]]:
    """How often each function ran, and failed, by the hour over a ``span`` of up to 7 days.

    A sweep asks as the headings do that are swept each hour, so that it finds what they kept.
    """
    if read.bulk:
        hourly = {
            name: (ran.hourly, failed.hourly)
            for name, (ran, failed) in _runs_of(read, functions).items()
        }
        return {
            name: (ran.since(ran.window.end - span), failed.since(failed.window.end - span))
            for name, (ran, failed) in hourly.items()
        }
    queries = {name: (_ran(name), _failed(name)) for name in functions}
    found = read_series(read, [q for both in queries.values() for q in both], span, period=3600)
    return {name: (found[ran], found[failed]) for name, (ran, failed) in queries.items()}


def _ran(name: str) -> Query:
    return series("AWS/Lambda", "Invocations", "Sum", FunctionName=name)


def _failed(name: str) -> Query:
    return series("AWS/Lambda", "Errors", "Sum", FunctionName=name)


def _runs_of(read: Reader, functions: Iterable[str]) -> dict[str, tuple[History, History]]:
    """How often each function ran, and how often it failed: at the price of the failures alone."""
    runs = {name: (_ran(name), _failed(name)) for name in functions}
    counts = {
        invocations: series("AWS/Lambda", "Errors", "SampleCount", FunctionName=name)
        for name, (invocations, _) in runs.items()
    }
    found = read_counts(read, counts, [errors for _, errors in runs.values()])
    return {name: (found[one], found[other]) for name, (one, other) in runs.items()}


@evidence(FUNCTION, reads=HISTORY_READS, uses=(FunctionIdentity,))
@dataclass(frozen=True, slots=True)
class FunctionCalls:
    """How often a function ran and failed, and how many asynchronous events Lambda took for it.

    Apart from what asks for more of a function, so that all of it pays these once. Source:
    GetMetricData.
    """

    invocations: History
    errors: History
    events: History

    @property
    def are_mostly_events(self) -> bool:
        """Whether Lambda took at least half of the invocations of 7 d from its own queue."""
        taken = self.events.sum(Span.WEEK)
        return taken > 0 and 2 * taken >= self.invocations.sum(Span.WEEK)

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionCalls:
        read.of(FunctionIdentity, function)
        return cls._of_each(read, [function.id])[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionCalls]:
        return cls._of_each(read, read.ids(FUNCTION))

    @classmethod
    def _of_each(cls, read: Reader, names: Iterable[str]) -> dict[str, FunctionCalls]:
        runs = _runs_of(read, names)
        received = {
            name: sums_of("AWS/Lambda", {"FunctionName": name}, "AsyncEventsReceived")
            for name in runs
        }
        return {
            name: cls(*runs[name], found["AsyncEventsReceived"])
            for name, found in read_histories(read, received).items()
        }


def _durations(
    name: str, limits: Iterable[float], sources: Iterable[FedBy], *, is_waited_for: bool
) -> dict[str, Query]:
    by_name = {"FunctionName": name}
    limits = tuple(limits)
    own = Timed("AWS/Lambda", "Duration", by_name).queries("own", limits)
    return {
        **Timed("AWS/Lambda", "UrlRequestLatency", by_name).queries("url", limits),
        **(own if is_waited_for else {}),
        **{
            f"age {each.service} {each.name}": series(namespace, metric, "Maximum", **dimensions)
            for each in sources
            for namespace, metric, dimensions in [_age(name, each)]
            if metric
        },
    }


def _age(function: str, source: FedBy) -> tuple[str, str, dict[str, str]]:
    """The metric of how far a function is behind one of its sources; empty for none."""
    if source.service == "sqs" and source.is_here:
        return "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": source.name}
    if source.service in {"kinesis", "dynamodb"}:
        return "AWS/Lambda", "IteratorAge", {"FunctionName": function}
    return "", "", {}


def _waits(found: Found, sources: Iterable[FedBy]) -> tuple[Wait, ...]:
    waits = []
    for each in sources:
        age = found.get(f"age {each.service} {each.name}")
        if age is not None:
            is_queue = each.service == "sqs"
            waits.append(Wait(each.spoken, age, 1.0 if is_queue else 1000.0, not is_queue))
    return tuple(waits)


def _fed(
    read: Reader, function: Resource
) -> tuple[dict[str, FunctionSources], dict[str, FunctionCalls]]:
    """What feeds one function and how often it ran, by its name. Raises Unreadable or Gone."""
    read.of(FunctionIdentity, function)
    return (
        {function.id: read.of(FunctionSources, function)},
        {function.id: read.of(FunctionCalls, function)},
    )


@evidence(
    FUNCTION,
    reads=(*HISTORY_READS,),
    uses=(FunctionIdentity, FunctionCalls, FunctionSources),
    asks_with=LIMITS,
)
@dataclass(frozen=True, slots=True)
class FunctionLatency:
    """How long the function took, at its URL and by Lambda's own clock.

    Duration has neither the initialisation nor the wait of an asynchronous event in it. No caller
    waits for a function that is fed by ``sources``; ``waits`` are how long items waited in them.
    Nor for one that mostly gets events: ``own`` of these is empty, and not asked for. Source:
    GetMetricData (Lambda Developer Guide, "Types of metrics for Lambda functions").
    """

    url: Latency
    own: Latency
    is_asynchronous: bool
    sources: tuple[FedBy, ...] = ()
    waits: tuple[Wait, ...] = ()
    name: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionLatency:
        return cls._of_each(read, *_fed(read, function))[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionLatency]:
        return cls._of_each(read, read.those(FunctionSources), read.those(FunctionCalls))

    @classmethod
    def _of_each(
        cls,
        read: Reader,
        sources: Mapping[str, FunctionSources],
        calls: Mapping[str, FunctionCalls],
    ) -> dict[str, FunctionLatency]:
        limits = limits_of(read)
        waited_for = {
            name
            for name, fed in sources.items()
            if not fed.all and not calls[name].are_mostly_events
        }
        durations = read_histories(
            read,
            {
                name: _durations(name, limits, fed.all, is_waited_for=name in waited_for)
                for name, fed in sources.items()
            },
        )
        return {
            name: cls(
                latency_of("AWS/Lambda UrlRequestLatency", found, ["url"], limits),
                latency_of(
                    "AWS/Lambda Duration", found, ["own"] if name in waited_for else [], limits
                ),
                calls[name].are_mostly_events,
                sources[name].all,
                _waits(found, sources[name].all),
                name,
            )
            for name, found in durations.items()
        }


_OF_FUNCTION = (
    "Throttles",
    "UrlRequestCount",
    "Url5xxCount",
    "AsyncEventsDropped",
)


@evidence(
    FUNCTION,
    reads=(*HISTORY_READS,),
    uses=(FunctionIdentity, FunctionCalls, FunctionSources),
)
@dataclass(frozen=True, slots=True)
class FunctionOutcomes:
    """What became of the function's invocations, URL requests, events and messages.

    ``entry_points`` are where requests come in, where users see them first. Invocations do not
    count throttled requests; UrlRequestCount does. An asynchronous event is tried three times, so
    that its failures are the events dropped at last, not the errors. A message of a queue is tried
    until it moves to the dead-letter queue, so that its failures are the arrivals there. Source:
    GetMetricData.
    """

    entry_points: tuple[Outcomes, ...]
    name: str = ""

    @classmethod
    def load(cls, read: Reader, function: Resource) -> FunctionOutcomes:
        return cls._of_each(read, *_fed(read, function))[function.id]

    @classmethod
    def load_all(cls, read: Reader) -> Mapping[str, FunctionOutcomes]:
        return cls._of_each(read, read.those(FunctionSources), read.those(FunctionCalls))

    @classmethod
    def _of_each(
        cls,
        read: Reader,
        sources: Mapping[str, FunctionSources],
        calls: Mapping[str, FunctionCalls],
    ) -> dict[str, FunctionOutcomes]:
        wanted = {
            name: {
                **sums_of("AWS/Lambda", {"FunctionName": name}, *_OF_FUNCTION),
                **_messages(fed.all),
            }
            for name, fed in sources.items()
        }
        found = read_histories(read, wanted)
        refused = {
            name: sums_of("AWS/Lambda", {"FunctionName": name}, "Url4xxCount")
            for name, each in found.items()
            if each["Throttles"].sum(Span.WEEK) or each["Throttles"].sum(Span.HOUR)
        }
        for name, more in read_histories(read, refused).items():
            found[name] |= more
        return {
            name: replace(cls._of(calls[name], each, sources[name].all), name=name)
            for name, each in found.items()
        }

    @classmethod
    def _of(
        cls, calls: FunctionCalls, measured: Found, sources: tuple[FedBy, ...]
    ) -> FunctionOutcomes:
        found = {
            **measured,
            "Invocations": calls.invocations,
            "Errors": calls.errors,
            "AsyncEventsReceived": calls.events,
        }
        url = _at_url(found)
        received, dropped = found["AsyncEventsReceived"], found["AsyncEventsDropped"]
        events = Outcomes("AWS/Lambda AsyncEventsReceived", (received,), (dropped,), noun="event")
        invoked = Outcomes(
            "AWS/Lambda Invocations",
            (found["Invocations"],),
            (found["Errors"],),
            refused=(found["Throttles"],),
        )
        if not sources:
            return cls((url, events if calls.are_mostly_events else invoked))
        fed = tuple(_of_source(found, each) for each in sources)
        others = (_of_other_callers(found, sources, invoked),)
        return cls((url, *fed, events, *(each for each in others if each is not None)))


def _at_url(found: Found) -> Outcomes:
    """Requests to the function URL.

    A throttled request is a 4XX response there; those are asked for where something was. Throttles
    count all callers together, so they are the URL's for sure only where it has nearly all of the
    invocations.
    """
    requests = found["UrlRequestCount"]
    own = Outcomes("AWS/Lambda UrlRequestCount", (requests,), (found["Url5xxCount"],))
    throttles = found["Throttles"]
    refused = least_of(throttles, found["Url4xxCount"]) if "Url4xxCount" in found else throttles
    throttled = replace(own, refused_within=(refused,))
    attempts = found["Invocations"].sum(Span.WEEK) + found["Throttles"].sum(Span.WEEK)
    if attempts <= 1.01 * requests.sum(Span.WEEK):
        return throttled
    return replace(own, worst=throttled)


def _messages(sources: Iterable[FedBy]) -> dict[str, Query]:
    """What SQS counts of the queues that feed a function, and of where failed items go."""
    wanted = {}
    for each in sources:
        queue = {"QueueName": each.name}
        dead = {"QueueName": each.dead_queue}
        if each.service == "sqs" and each.is_here:
            done = series("AWS/SQS", "NumberOfMessagesDeleted", "Sum", **queue)
            wanted[f"done {each.name}"] = done
        if each.dead_queue:
            metric, statistic = (
                ("ApproximateNumberOfMessagesVisible", "Maximum")
                if each.service == "sqs"
                else ("NumberOfMessagesSent", "Sum")
            )
            wanted[f"dead {each.name}"] = series("AWS/SQS", metric, statistic, **dead)
    return wanted


def _of_source(found: Found, source: FedBy) -> Outcomes:
    """What became of the items of an event source; retries are no failures."""
    invocations, errors = found["Invocations"], found["Errors"]
    is_queue = source.service == "sqs"
    if source.dead_queue and (source.is_here or not is_queue):
        dead = found[f"dead {source.name}"]
        failed: History = Arrivals(dead.recent, dead.hourly) if is_queue else dead
        total = (found[f"done {source.name}"], failed) if is_queue else (invocations,)
        noun = "message" if is_queue else "attempt"
        label = f"{source.spoken}, failures in {source.dead_queue}"
        whole = Outcomes(label, total, (failed,), noun=noun)
        if not source.is_shared:
            return whole
        return replace(whole, total=total[:1], failed=(), worst=whole)
    # without a place for failed items only a week without any error shows that none was lost
    label = f"{source.spoken}, AWS/Lambda Invocations"
    worst = Outcomes(label, (invocations,), (errors,), noun="attempt")
    where = "dead-letter queue" if is_queue else "on-failure queue"
    unseen = (
        f"The function reports failed items instead of failing, and {source.spoken} has no"
        f" {where} that counts them."
        if source.reports_failed_items
        else ""
    )
    return replace(worst, failed=(), worst=worst, unseen=unseen)


def _of_other_callers(
    found: Found, sources: tuple[FedBy, ...], invoked: Outcomes
) -> Outcomes | None:
    """The invocations by other callers than the queues, where there must be some.

    None where the messages of the queues account for at least half of the successful
    invocations, or where a source counts no messages.
    """
    queues = queues_of(sources)
    if len(queues) < len(sources):
        return None
    succeeded = found["Invocations"].sum(Span.WEEK) - found["Errors"].sum(Span.WEEK)
    done = sum(found[f"done {each.name}"].sum(Span.WEEK) for each in queues)
    done += found["AsyncEventsReceived"].sum(Span.WEEK)
    if succeeded <= 2 * done:
        return None
    return replace(invoked, failed=(), refused=(), worst=invoked)
