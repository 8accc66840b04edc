"""Every alarm of the template can ring, and none rings on the day of the installation."""

from __future__ import annotations

import inspect
import json
import random
import re

import pytest
import yaml

from functions.pagerduty.queue import LONGEST_PAUSE
from readiness.engine.counting import ALL_HEADINGS
from readiness.engine.telemetry import Telemetry
from readiness_cli.catalogue import ROOT
from tests.contract.cloudwatch import Metrics, history, rings

HOUR, DAY = 60, 24 * 60
STACK = "readiness"


class Deployed(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """The template as deployed: a reference is the name of what it refers to."""


def _name(loader, suffix, node):
    if not isinstance(node, yaml.ScalarNode):
        return suffix
    value = loader.construct_scalar(node)
    defaults = {"AWS::StackName": STACK, "SweepOverdueAfterHours": 13}
    return defaults.get(value, value.partition(".")[0])


Deployed.add_multi_constructor("!", _name)
TEMPLATE = yaml.load((ROOT / "template.yaml").read_text(), Loader=Deployed)
ALARMS = {
    name: resource["Properties"]
    for name, resource in TEMPLATE["Resources"].items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}


def a_healthy_day(metrics, *, begin=1, end=DAY):
    """What the services and our functions send while all is well, from the installation on.

    The first sweep takes a quarter of an hour; a page is delivered now and then.
    """
    for minute in range(begin, end):
        metrics.put("AWS/SQS", VISIBLE, {"QueueName": "Pages"}, minute, 0)
        _lambda(metrics, "Upkeep", minute)
        if minute % 5 == 0:
            _lambda(metrics, "Alerts", minute)
            since = minute if minute < 15 else (minute - 15) % (6 * HOUR)
            _ours(metrics, "alerts", "HoursWithoutSweep", minute, since / HOUR)
            _ours(metrics, "alerts", "HoursWithoutCanary", minute, minute % HOUR / HOUR)
        if minute % 97 == 0:
            metrics.put("AWS/SQS", IN_FLIGHT, {"QueueName": "Pages"}, minute, 1)
            _lambda(metrics, "Pagerduty", minute)
            _ours(metrics, "pagerduty", "PagesSent", minute, 1)
            metrics.put("AWS/Lambda", "IteratorAge", {"FunctionName": "Alerts"}, minute, 900)


VISIBLE = "ApproximateNumberOfMessagesVisible"
IN_FLIGHT = "ApproximateNumberOfMessagesNotVisible"


def _lambda(metrics, function, minute, errors=0):
    metrics.put("AWS/Lambda", "Errors", {"FunctionName": function}, minute, errors)


def _ours(metrics, service, name, minute, value=1):
    metrics.put("Readiness", name, {"service": service, "stack": STACK}, minute, value)


def a_dead_letter(queue):
    """SQS reports a queue from its first activity on, up to a quarter of an hour late."""

    def happens(metrics, at):
        for minute in range(at + 15, at + 6 * HOUR):
            metrics.put("AWS/SQS", VISIBLE, {"QueueName": queue}, minute, 1)

    return happens


def failing(function):
    def happens(metrics, at):
        _lambda(metrics, function, at, errors=1)

    return happens


def failing_each_minute(metrics, at):
    for minute in range(at, at + 4 * HOUR):
        _lambda(metrics, "Upkeep", minute, errors=1)


def counted(service, name, *, every=1, times=1):
    def happens(metrics, at):
        for n in range(times):
            _ours(metrics, service, name, at + n * every)

    return happens


def met_by_each_sweep(name):
    """A row or rule that each sweep stumbles over, and a fast one each hour."""

    def happens(metrics, at):
        for sweep in range(4):
            _ours(metrics, "headings", name, at + sweep * 6 * HOUR)

    return happens


def a_stuck_page(metrics, at):
    """Tried ever more rarely: in flight while it is put off, visible for moments."""
    for minute in range(at, at + 4 * HOUR):
        put_off = minute % 11
        metrics.put("AWS/SQS", VISIBLE, {"QueueName": "Pages"}, minute, 0 if put_off else 1)
        if put_off:
            metrics.put("AWS/SQS", IN_FLIGHT, {"QueueName": "Pages"}, minute, 1)


def a_page_nobody_fetches(metrics, at):
    for minute in range(at, at + 4 * HOUR):
        metrics.put("AWS/SQS", VISIBLE, {"QueueName": "Pages"}, minute, 1)


def a_late_stream(metrics, at):
    metrics.put("AWS/Lambda", "IteratorAge", {"FunctionName": "Alerts"}, at, 700_000)


def no_sweep(metrics, at):
    for minute in range(at, at + 20 * HOUR, 5):
        _ours(metrics, "alerts", "HoursWithoutSweep", minute, (minute - at) / HOUR)


def no_canary(metrics, at):
    for minute in range(at, at + 20 * HOUR, 5):
        _ours(metrics, "alerts", "HoursWithoutCanary", minute, (minute - at) / HOUR)


RINGS = [
    ("EventsFailed", a_dead_letter("FailedEvents"), 20),
    ("EventsUndelivered", a_dead_letter("UndeliveredEvents"), 20),
    ("StreamRecordsFailed", a_dead_letter("StreamFailures"), 20),
    ("PagesUndelivered", a_dead_letter("UndeliveredPages"), 20),
    ("PagesWaiting", a_stuck_page, 40),
    ("PagesWaiting", a_page_nobody_fetches, 40),
    ("RoutingKeyMissing", counted("pagerduty", "NoRoutingKey"), 5),
    ("PagerPostpones", counted("pagerduty", "PagesPostponed", every=14, times=5), 45),
    ("PagerRefuses", counted("pagerduty", "PagesRefused"), 5),
    ("RowsUnreadable", counted("alerts", "UnreadableRows"), 5),
    ("DigestLosesNotes", counted("alerts", "DigestNotesLost"), 5),
    ("ChatFails", counted("alerts", "ChatFailures"), 5),
    ("SecurityHubLosesNotes", counted("alerts", "SecurityHubNotesLost"), 5),
    ("SecurityHubRefuses", counted("alerts", "SecurityHubRefused"), 5),
    ("SecurityHubFails", counted("alerts", "SecurityHubFailures", every=5, times=9), 45),
    ("FindingsUnreadable", met_by_each_sweep("UnreadableFindings"), HOUR),
    ("RulesCrash", met_by_each_sweep("RuleCrashes"), HOUR),
    ("AlertsFailing", failing("Alerts"), 5),
    ("PagerdutyFailing", failing("Pagerduty"), 5),
    ("UpkeepFailing", failing_each_minute, 20),
    ("AlertsLate", a_late_stream, 5),
    ("SweepMissed", no_sweep, 13 * HOUR + 45),
    ("CanaryMissed", no_canary, 3 * HOUR + 15),
]


def test_every_alarm_is_tried():
    assert {name for name, _, _ in RINGS} == set(ALARMS)


@pytest.mark.parametrize(
    ("name", "happens", "within"), RINGS, ids=[f"{n}-{h.__name__}" for n, h, _ in RINGS]
)
def test_an_alarm_rings(name, happens, within):
    metrics, at = Metrics(), 2 * HOUR
    a_healthy_day(metrics, end=at)
    happens(metrics, at)
    rung = rings(ALARMS[name], metrics, at + 20 * HOUR)
    assert rung
    assert at < rung[0] <= at + within + 5


@pytest.mark.parametrize("name", ALARMS)
def test_no_alarm_rings_on_the_day_of_installation(name):
    metrics = Metrics()
    a_healthy_day(metrics, begin=6)
    assert rings(ALARMS[name], metrics, DAY) == []


def test_pages_that_wait_to_be_confirmed_are_not_stuck():
    """One every three minutes, of which each waits for two as PagerDutyConfirmSeconds wants."""
    metrics, end = Metrics(), 4 * HOUR
    a_healthy_day(metrics, end=end)
    for minute in range(HOUR, end):
        if minute % 3 < 2:
            metrics.put("AWS/SQS", IN_FLIGHT, {"QueueName": "Pages"}, minute, 1)
    assert rings(ALARMS["PagesWaiting"], metrics, end) == []


@pytest.mark.parametrize("lag", range(5))
@pytest.mark.parametrize("happens", [a_stuck_page, a_page_nobody_fetches])
def test_stuck_pages_ring_once_though_sqs_reports_each_minute_late(happens, lag):
    """FILL takes the minutes that are not reported yet for empty, at each evaluation."""
    metrics, at = Metrics(lag), 2 * HOUR
    a_healthy_day(metrics, end=at)
    happens(metrics, at)
    [rung] = rings(ALARMS["PagesWaiting"], metrics, at + 3 * HOUR)
    assert rung <= at + 30 + lag


def test_an_alarm_on_the_age_of_the_oldest_message_would_not_ring():
    """Which is why there is none: after its third receive a message does not count."""
    assert not [
        alarm
        for alarm in ALARMS.values()
        if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage"
    ]


def test_an_alarm_on_dead_letters_stays_while_they_do():
    """After six hours without activity SQS says nothing of the queue; that is no all-clear."""
    metrics, at = Metrics(), 2 * HOUR
    a_dead_letter("UndeliveredPages")(metrics, at)
    states = [state for _, state in history(ALARMS["PagesUndelivered"], metrics, at + 20 * HOUR)]
    assert states == ["ALARM"]


@pytest.mark.parametrize(
    ("name", "metric"),
    [("FindingsUnreadable", "UnreadableFindings"), ("RulesCrash", "RuleCrashes")],
)
def test_what_each_sweep_meets_again_rings_once_until_it_is_over(name, metric):
    metrics = Metrics()
    a_healthy_day(metrics, end=4 * DAY)
    met_by_each_sweep(metric)(metrics, 2 * HOUR)
    became = history(ALARMS[name], metrics, 4 * DAY)
    assert [state for _, state in became] == ["OK", "ALARM", "OK"]
    assert became[-1][0] > 20 * HOUR + 23 * HOUR


def tried_again(send, *, after, within):
    """The same trouble, met by each try: with no key, or none that is taken, as long as it lasts."""

    def happens(metrics, begin, end):
        wait, at = random.Random(0), begin
        while at < end:
            send(metrics, at)
            at += wait.uniform(after, within)

    return happens


def _sent(service, name):
    return lambda metrics, minute: _ours(metrics, service, name, minute)


def _fails(function):
    return lambda metrics, minute: _lambda(metrics, function, minute, errors=1)


# How long the forwarder puts a page off at most, and a moment until the queue is polled.
EACH_TRY = {"after": LONGEST_PAUSE / 120, "within": LONGEST_PAUSE / 60 + 0.5}
EACH_SCHEDULE = {"after": 4.5, "within": 5.5}
LASTING = [
    ("RoutingKeyMissing", tried_again(_sent("pagerduty", "NoRoutingKey"), **EACH_TRY)),
    ("PagerPostpones", tried_again(_sent("pagerduty", "PagesPostponed"), **EACH_TRY)),
    # a function that cannot start leaves its batch to the queue's visibility timeout
    ("PagerdutyFailing", tried_again(_fails("Pagerduty"), after=12, within=12.5)),
    ("AlertsFailing", tried_again(_fails("Alerts"), **EACH_SCHEDULE)),
    ("RowsUnreadable", tried_again(_sent("alerts", "UnreadableRows"), **EACH_SCHEDULE)),
    ("SecurityHubFails", tried_again(_sent("alerts", "SecurityHubFailures"), **EACH_SCHEDULE)),
]


@pytest.mark.parametrize("look_back", [0, 5])
@pytest.mark.parametrize(("name", "lasts"), LASTING, ids=[name for name, _ in LASTING])
def test_a_trouble_that_lasts_rings_once_and_its_end_is_told_once(name, lasts, look_back):
    """However far back CloudWatch looks where datapoints are missing: it does not document that."""
    metrics = Metrics()
    lasts(metrics, HOUR, 12 * HOUR)
    states = [state for _, state in history(ALARMS[name], metrics, 14 * HOUR, look_back)]
    assert states == ["OK", "ALARM", "OK"]


def test_what_is_put_off_once_does_not_ring():
    metrics = Metrics()
    a_healthy_day(metrics)
    for minute in (300, 301, 700):
        _ours(metrics, "pagerduty", "PagesPostponed", minute)
    assert rings(ALARMS["PagerPostpones"], metrics, DAY) == []


@pytest.mark.parametrize("name", ["SweepMissed", "CanaryMissed"])
def test_schedules_that_stop_running_ring(name):
    metrics = Metrics()
    a_healthy_day(metrics, end=5 * HOUR)
    [at] = rings(ALARMS[name], metrics, DAY)
    assert 5 * HOUR < at < 7 * HOUR


def test_upkeep_that_stops_running_rings_once_until_it_runs_again():
    metrics, gone, back = Metrics(), 5 * HOUR, 9 * HOUR
    a_healthy_day(metrics, end=gone)
    a_healthy_day(metrics, begin=back)
    [at] = rings(ALARMS["UpkeepFailing"], metrics, DAY)
    assert gone + 15 < at <= gone + 45
    assert history(ALARMS["UpkeepFailing"], metrics, DAY)[-1][1] == "OK"


def test_a_minute_of_upkeep_that_fails_and_is_done_again_does_not_ring():
    metrics = Metrics()
    a_healthy_day(metrics)
    for minute in (300, 301, 306, 700):
        _lambda(metrics, "Upkeep", minute, errors=1)
    assert rings(ALARMS["UpkeepFailing"], metrics, DAY) == []


def sources(folder):
    """The code of a function."""
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))


def test_our_own_metrics_are_those_that_the_functions_send():
    for name, alarm in ALARMS.items():
        if alarm.get("Namespace") != "Readiness":
            continue
        dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert dimensions.keys() == {"service", "stack"}
        if dimensions["service"] == ALL_HEADINGS:
            code = inspect.getsource(Telemetry)
            assert f'counts.add("{alarm["MetricName"]}"' in code, name
            continue
        code = sources(ROOT / "functions" / dimensions["service"])
        assert re.search(rf'add_metric\(\s*"{alarm["MetricName"]}"', code), name
        assert f'Metrics(namespace="Readiness", service="{dimensions["service"]}")' in code
        assert "set_default_dimensions(stack=" in code


WITHOUT_AN_ALARM = {
    "AlertsPublished": "it counts what went well",
    "AlertsRepublished": "it counts what went well",
    "AttestationsRecorded": "it counts what went well",
    "AttestationsRefused": "the event goes to the failed events, which have an alarm",
    "BlindVerdicts": "the finding is unknown, and its heading is told as unreadable",
    "ConfigAnswersTooLate": "AWS Config asks again; the finding stands",
    "ConfigAnswersUnsent": "a later look answers, and lies with the failed events where it fails",
    "ConfigEvaluations": "it counts what went well",
    "DigestsSent": "a digest that fails is an error of the function, which has an alarm",
    "FailedHeadings": "the hours without a whole sweep have an alarm",
    "HeldPagesSent": "it counts what went well",
    "LooksAgain": "it counts what went well",
    "LooksCut": "the sweep evaluates what such a look did not get to",
    "LooksGathered": "it counts what went well",
    "MalformedEvents": "the event goes to the failed events, which have an alarm",
    "MalformedMessages": "the message goes to the undelivered pages, which have an alarm",
    "PagesHeld": "the page waits in a row, and goes out afterwards",
    "PagesSent": "it counts what went well",
    "PublishFailures": "the row stays in the outbox, and the schedule that fails for it has an alarm",
    "QuietUnreadable": "nothing is held back then",
    "SdkTooOld": "the verdict is unknown, and its heading is told as unreadable",
    "SecondLooksLeft": "the next event or sweep reads again what was left",
    "SecurityHubFindings": "it counts what went well",
    "SecurityHubNotEnabled": "the findings wait until it is enabled",
    "SettingsRefused": "the verdicts are unknown, and their heading is told as unreadable",
    "SweepsLeftOut": "the hours without a whole sweep have an alarm",
    "UnknownRoutes": "the default service is paged",
    "UnwritableFindings": "the event goes to the failed events, which have an alarm",
    "WaiversApplied": "it counts what went well",
    "WaiversOver": "it counts what went well",
    "WaiversUnreadable": "too much is told then, never too little",
}


SENT = re.compile(
    r'(?:add_metric\(|counts\.add\(|_counted\()\s*"([A-Z][A-Za-z]+)"|\("([A-Z][A-Za-z]+)", done\['
)


def emitted():
    """The name of every metric that our code sends."""
    return {
        first or second
        for folder in ("functions", "layers/readiness/readiness")
        for path in (ROOT / folder).rglob("*.py")
        for first, second in SENT.findall(path.read_text())
    }


def test_what_tells_of_a_loss_has_an_alarm_or_a_reason_why_not():
    watched = {alarm.get("MetricName") for alarm in ALARMS.values()}
    sent = emitted()
    unexplained = sent - watched - set(WITHOUT_AN_ALARM)
    assert not unexplained, "give it an alarm, or say why it needs none"
    stale = set(WITHOUT_AN_ALARM) - sent
    assert not stale, "nothing sends it any more"
    assert not watched & set(WITHOUT_AN_ALARM)


def test_every_function_that_counts_tells_its_stack_from_another():
    """Two stacks of one account and region would ring each other's alarms."""
    for folder in (ROOT / "functions").iterdir():
        text = sources(folder)
        if "Metrics(namespace=" in text:
            assert "set_default_dimensions(stack=" in text, folder


def test_the_pagers_queue_gives_up_later_than_the_forwarder():
    from functions.pagerduty.sender import LAST_TRY

    pages = TEMPLATE["Resources"]["Pages"]["Properties"]
    assert pages["RedrivePolicy"]["maxReceiveCount"] > LAST_TRY


def test_the_pagers_queue_takes_what_concerns_it_and_what_does_not_say():
    policy = TEMPLATE["Resources"]["AlertsToQueue"]["Properties"]["FilterPolicy"]
    assert json.loads(json.dumps(policy)) == {"pager": ["yes", {"exists": False}]}


def test_every_way_to_the_pager_leaves_out_what_the_pager_need_not_hear():
    """A mass fix of what never paged would hold up the next page at a pasted URL too."""
    ways = {
        name: resource["Properties"].get("FilterPolicy", {})
        for name, resource in TEMPLATE["Resources"].items()
        if resource["Type"] == "AWS::SNS::Subscription"
        and resource["Properties"]["TopicArn"] == "AlertsTopic"
        and resource["Properties"]["Protocol"] != "email"
    }
    assert ways.keys() == {"AlertsToQueue", "AlertsToPastedUrl"}
    for name, policy in ways.items():
        assert policy["pager"] == ["yes", {"exists": False}], name
