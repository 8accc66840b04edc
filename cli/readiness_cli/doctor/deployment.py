"""Checks of the deployed stack: whether it sees, judges, and reaches somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from readiness.engine import settings
from readiness.engine.settings import SettingsUnreadable
from readiness.engine.sweeps import Sweeps
from readiness.model.blindness import UNREADABLE
from readiness.model.finding import parse_iso
from readiness.model.rule import SettingRefused
from readiness.model.unreadable import Cause, Unreadable
from readiness.model.verdict import Status
from readiness_cli.doctor.account import named
from readiness_cli.doctor.check import Check, Examined, Line, State
from readiness_cli.doctor.permissions import statement
from readiness_cli.session import plural
from readiness_cli.stack import NEVER_MADE, SETTLED, again

A_DAY = timedelta(days=1)
OUTBOX_WITHIN = timedelta(minutes=15)
"""Every five minutes the outbox is published again, so what waits longer is stuck."""

MOST_COUNTED = 1000
QUEUES = {
    "FailedEventsQueue": "events that no function could evaluate",
    "UndeliveredEventsQueue": "events that did not reach a function",
    "StreamFailuresQueue": "batches of transitions that were not published",
    "UndeliveredPagesQueue": "pages that PagerDuty did not accept",
}
_NO_COUNT = {"Forbidden", "InternalError"}
_BEFORE = ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
_NOTHING_RUNS = ("REVIEW_IN_PROGRESS", "CREATE_FAILED", "ROLLBACK_", "DELETE_")
"""How the status of a stack begins of which there is no version that works."""


def deployed(examined: Examined) -> Iterable[Line]:
    """Whether the last deployment succeeded."""
    [about] = examined.ask("cloudformation", "describe_stacks", StackName=examined.stack.name)[
        "Stacks"
    ]
    status = str(about["StackStatus"])
    said = f"{examined.stack.name} is {status}"
    show = f"aws cloudformation describe-stack-events --stack-name {examined.stack.name}"
    if status in SETTLED:
        yield Line("stack", State.OK, said)
    elif status.startswith(_NOTHING_RUNS):
        why = "No version of it is deployed as a whole: it sees, judges and tells nothing for sure"
        fix = again(examined.stack.name) if status in NEVER_MADE else show
        yield Line("stack", State.FAILED, said, why, fix)
    elif status in _BEFORE:
        yield Line("stack", State.WARNING, said, "It runs the version before the last one", show)
    else:
        yield Line("stack", State.WARNING, said, "It runs an older version, or a mixture", show)


def stack_settings(examined: Examined) -> Iterable[Line]:
    """Whether every setting in the stack's document is one of a rule, and allowed."""
    name = examined.stack["SettingsParameter"]
    answer = examined.ask("ssm", "get_parameter", Name=name)
    try:
        given = settings.parse(answer["Parameter"]["Value"])
    except SettingsUnreadable as error:
        yield _refused(str(error))
        return
    unknown = settings.unknown_rules(given, (rule.id for rule in examined.rules))
    configured = settings.configure(examined.rules, given)
    refused = [
        f"{rule}: {values}"
        for rule, values in configured.items()
        if isinstance(values, SettingRefused)
    ]
    yield from (_refused(f"there is no rule or heading {each!r}") for each in unknown)
    yield from map(_refused, refused)
    if not unknown and not refused:
        changed = sum(len(values) for values in given.values())
        yield Line("settings", State.OK, f"{plural(changed, 'setting')} changed, all allowed")


def _refused(said: str) -> Line:
    return Line(
        "settings",
        State.FAILED,
        said,
        "A rule with a refused setting is INSUFFICIENT_DATA",
        "correct the stack's parameter Settings with `sam deploy`; `readiness rules RULE` lists"
        " the settings",
    )


def events(examined: Examined) -> Iterable[Line]:
    """Whether events of each kind started a function of the stack in the last day.

    EventBridge counts how often each rule ran (TriggeredRules) and publishes nothing for one
    that never did.
    """
    kinds = {"API calls": "ApiCall", "configuration items": "ConfigItem"}
    causes = {"API calls": "a CloudTrail trail", "configuration items": "an AWS Config recorder"}
    for kind, part in kinds.items():
        rules = [name for logical, name in examined.parts.items() if part in logical]
        if not rules:
            yield Line(
                "events",
                State.FAILED,
                f"the stack has no rule for {kind}",
                "No change reaches it: it is not deployed as a whole",
                "run `sam deploy`",
            )
            continue
        count = sum(_triggered(examined, rules))
        if count:
            yield Line("events", State.OK, f"{count:.0f} events of {kind} in 24 hours")
            continue
        yield Line(
            "events",
            State.WARNING,
            f"no event of {kind} in 24 hours",
            f"Nothing changed, or they do not arrive: they need {causes[kind]}",
            "see the lines on the trail and the recorder",
        )


def _triggered(examined: Examined, rules: list[str]) -> Iterator[float]:
    end = examined.aws.now()
    for first in range(0, len(rules), 500):
        queries = [
            {
                "Id": f"r{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Events",
                        "MetricName": "TriggeredRules",
                        "Dimensions": [{"Name": "RuleName", "Value": rule}],
                    },
                    "Period": 3600,
                    "Stat": "Sum",
                },
            }
            for number, rule in enumerate(rules[first : first + 500])
        ]
        results = examined.pages(
            "cloudwatch",
            "get_metric_data",
            "MetricDataResults",
            MetricDataQueries=queries,
            StartTime=end - A_DAY,
            EndTime=end,
        )
        whole = {each["Id"] for each in results if each.get("StatusCode") not in _NO_COUNT}
        if any(query["Id"] not in whole for query in queries):
            raise Unreadable("cloudwatch:GetMetricData", Cause.PARTIAL_DATA)
        for each in results:
            yield sum(each["Values"])


def subscriptions(examined: Examined) -> Iterable[Line]:
    """Whether somebody listens to the alerts."""
    yield from _listeners(
        examined,
        examined.stack["AlertsTopic"],
        "alerts",
        "Alerts are published, and nobody is told",
        "run `sam deploy` with AlertEmail, or without PagerDutyIntegrationUrl",
    )


def watchers(examined: Examined) -> Iterable[Line]:
    """Whether somebody listens to the alarms about Readiness itself."""
    yield from _listeners(
        examined,
        examined.stack["WatcherTopic"],
        "watcher",
        "When Readiness itself fails, nobody is told",
        "run `sam deploy` with WatcherEmail",
    )


def _listeners(examined: Examined, topic: str, name: str, why: str, fix: str) -> Iterator[Line]:
    found = examined.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    waiting = [each for each in found if each["SubscriptionArn"] == "PendingConfirmation"]
    confirmed = [each for each in found if each["SubscriptionArn"].startswith("arn:")]
    if confirmed:
        protocols = named(sorted({each["Protocol"] for each in confirmed}))
        said = f"{plural(len(confirmed), 'confirmed subscription')} ({protocols})"
        yield Line(name, State.OK, said)
    else:
        yield Line(name, State.FAILED, f"no confirmed subscription to {topic}", why, fix)
    for each in waiting:
        yield Line(
            name,
            State.WARNING,
            f"{each['Endpoint']} has not confirmed its subscription",
            "It gets nothing until then, and SNS forgets it after two days",
            "open the link in the mail of AWS Notifications, or subscribe it again",
        )


def routing_key(examined: Examined) -> Iterable[Line]:
    """Whether there is a routing key. Its value is not read."""
    if examined.stack.parameters.get("PagerDutyIntegrationUrl"):
        yield Line("pager", State.OK, "pages go to the URL in PagerDutyIntegrationUrl")
        return
    secret = examined.ask(
        "secretsmanager", "describe_secret", SecretId=examined.stack["PagerDutySecret"]
    )
    labels = {
        label for each in (secret.get("VersionIdsToStages") or {}).values() for label in each
    }
    if "AWSCURRENT" in labels:
        yield Line("pager", State.OK, "the routing key is in the stack's secret")
        return
    yield Line(
        "pager",
        State.FAILED,
        "the stack has no PagerDuty routing key",
        "Pages wait in the queue for two days, then they are set aside",
        examined.command("pagerduty-key"),
    )


def failure_queues(examined: Examined) -> Iterable[Line]:
    """What could not be delivered and waits for `readiness redrive`."""
    full = False
    for part, what in sorted(QUEUES.items(), key=lambda queue: queue[0] not in examined.stack):
        answer = examined.ask(
            "sqs",
            "get_queue_attributes",
            QueueUrl=examined.stack[part],
            AttributeNames=["ApproximateNumberOfMessages"],
        )
        count = int(answer["Attributes"]["ApproximateNumberOfMessages"])
        if count:
            full = True
            yield Line(
                "failure queues",
                State.FAILED,
                f"about {count} {what}",
                "They are kept for 14 days and then lost",
                examined.command("redrive"),
            )
    if not full:
        yield Line("failure queues", State.OK, "empty")


def _ago(age: timedelta) -> str:
    """An age in words: in minutes below two hours, otherwise in hours."""
    minutes = max(0, int(age.total_seconds()) // 60)
    if minutes < 120:
        return f"{plural(minutes, 'minute')} ago"
    return f"{minutes / 60:.1f} hours ago"


def sweep(examined: Examined) -> Iterable[Line]:
    """When a sweep last covered every heading."""
    aws, limit = examined.aws, float(examined.stack.parameters.get("SweepOverdueAfterHours", "13"))
    start = f"aws stepfunctions start-execution --state-machine-arn {examined.stack['Sweep']}"
    last = next(iter(_sweeps(examined)), None)
    why = "Every event is best effort: what none told of is found by the sweep"
    if last is None:
        yield Line("sweep", State.WARNING, "no sweep has completed yet", why, start)
        return
    age = aws.now() - parse_iso(str(last["at"]))
    hours = age.total_seconds() / 3600
    failed = sorted(map(str, last.get("failed") or ()))
    if failed:
        said = f"the last sweep, {_ago(age)}, did not complete {named(failed)}"
        yield Line(
            "sweep", State.FAILED, said, why, f"read the logs of the function, then {start}"
        )
    elif hours > limit:
        yield Line("sweep", State.FAILED, f"the last sweep was {hours:.0f} hours ago", why, start)
    else:
        yield Line("sweep", State.OK, f"the last sweep completed {_ago(age)}")


def _sweeps(examined: Examined) -> list[dict[str, Any]]:
    """The rows of completed sweeps, newest first."""
    where = f"{examined.aws.account}/{examined.aws.region}"
    sweeps = Sweeps(examined.aws.client("dynamodb"), examined.stack["TransitionsTable"], where)
    return sweeps.latest(1)


def outbox(examined: Examined) -> Iterable[Line]:
    """Whether every transition was published."""
    before = examined.aws.now() - OUTBOX_WITHIN
    waiting = list(islice(examined.store.unpublished(before), MOST_COUNTED))
    if not waiting:
        yield Line("outbox", State.OK, "every transition is published")
        return
    count = f"{len(waiting)}{'' if len(waiting) < MOST_COUNTED else ' or more'}"
    yield Line(
        "outbox",
        State.FAILED,
        f"{count} transitions wait since {waiting[0].at}",
        "Nobody was told of them",
        f"read the logs of the function Alerts, then {examined.command('redrive')} --queue stream",
    )


def watcher(examined: Examined) -> Iterable[Line]:
    """Which of the stack's own alarms ring."""
    names = [
        alarm["AlarmName"]
        for alarm in examined.pages(
            "cloudwatch",
            "describe_alarms",
            "MetricAlarms",
            AlarmNamePrefix=f"{examined.stack.name}-",
            StateValue="ALARM",
        )
        if alarm["AlarmName"] in set(examined.parts.values())
    ]
    if not names:
        yield Line("watcher's alarms", State.OK, "none of the stack's own alarms is in ALARM")
    for name in sorted(names):
        yield Line(
            "watcher's alarms",
            State.FAILED,
            f"{name} is in ALARM",
            "Readiness itself fails somewhere",
            f"aws cloudwatch describe-alarms --alarm-names {name}",
        )


def unreadable(examined: Examined) -> Iterable[Line]:
    """What the functions themselves could not read for so long that it counts as open."""
    missing: dict[str, set[str]] = defaultdict(set)
    denied: dict[str, set[str]] = defaultdict(set)
    rows: dict[str, int] = defaultdict(int)
    for finding in examined.store.open(examined.aws.account):
        # The finding about a whole heading says the same of all of them once more.
        if finding.status is Status.INSUFFICIENT_DATA and finding.rule != UNREADABLE:
            folder = finding.rule.partition(".")[0]
            rows[folder] += 1
            missing[folder].update(finding.missing)
            denied[folder].update(finding.denied)
    if not rows:
        yield Line("unknown", State.OK, "no finding has been unknown for long")
    for folder in sorted(rows):
        actions = sorted(missing[folder])
        fix = examined.command(f"findings --open --heading {folder}")
        if denied[folder]:
            fix = f"allow it: {statement(denied[folder])}"
        yield Line(
            "unknown",
            State.WARNING,
            f"{folder}: {plural(rows[folder], 'finding')} cannot be evaluated"
            + (f" without {named(actions)}" if actions else ""),
            "A problem there would not be seen",
            fix,
        )


CHECKS = (
    Check("stack", deployed, of_stack=True),
    Check("settings", stack_settings, of_stack=True),
    Check("events", events, of_stack=True),
    Check("sweep", sweep, of_stack=True),
    Check("unknown", unreadable, of_stack=True),
    Check("alerts", subscriptions, of_stack=True),
    Check("watcher", watchers, of_stack=True),
    Check("pager", routing_key, of_stack=True),
    Check("outbox", outbox, of_stack=True),
    Check("failure queues", failure_queues, of_stack=True),
    Check("watcher's alarms", watcher, of_stack=True),
)
