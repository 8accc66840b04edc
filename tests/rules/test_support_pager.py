"""Support: who is paged by a topic, and by alarms past it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.support.app import pager_subscribed
from readiness import Severity
from readiness.evidence.eventbridge.alarm_bridges import Bridge
from readiness.evidence.sns.pagers import Forwarder, Listener, PagingTopic
from readiness.evidence.sns.redrive import TopicLosses
from readiness.evidence.sns.subscriptions import Subscription
from tests.accounts.support import KEY, PAGER, QUEUE
from tests.fake_account import ACCOUNT_ID
from tests.rules.test_support import BAD, GOOD, NA, UNKNOWN

URL = Subscription("https", PAGER)
MAIL = Listener(Subscription("email", "ops@example.com"))
PAGER_MAIL = Listener(Subscription("email", "checkout@acme.pagerduty.com"))
SQS = Subscription("sqs", QUEUE)
ORCHESTRATION = f"https://events.eu.pagerduty.com/x-ere/{KEY}"
CHAT = Listener(Subscription("https", "https://global.sns-api.chatbot.amazonaws.com"))
OPSGENIE = Listener(Subscription("https", f"https://api.opsgenie.com/v1/json?apiKey={KEY}"))


def topic(*listeners: Listener, alarms: tuple[str, ...] = ("errors",)) -> PagingTopic:
    return PagingTopic(ACCOUNT_ID, alarms, listeners)


def url(**changes: Any) -> Listener:
    return Listener(replace(URL, **changes))


def forwarded(**changes: Any) -> Listener:
    function = Forwarder("readiness-PagerdutyFunction", "Enabled", pages=True, secrets={"S": ""})
    return Listener(SQS, functions=(replace(function, **changes),))


@pytest.mark.parametrize(
    ("about", "failed", "settings", "status", "severity", "words"),
    [
        pytest.param(topic(url()), None, {}, GOOD, None, "pages", id="pagerduty"),
        pytest.param(topic(url(), MAIL), 0.0, {}, GOOD, None, "pages", id="and mail"),
        pytest.param(topic(), None, {}, BAD, Severity.MEDIUM, "No one has", id="nobody"),
        pytest.param(topic(MAIL), None, {}, BAD, Severity.MEDIUM, "email only", id="mail only"),
        pytest.param(topic(CHAT), None, {}, BAD, Severity.MEDIUM, "https only", id="chat only"),
        pytest.param(
            topic(PAGER_MAIL),
            None,
            {},
            GOOD,
            None,
            "email …@acme.pagerduty.com pages",
            id="mail to a pager",
        ),
        pytest.param(
            topic(Listener(replace(PAGER_MAIL.subscription, confirmed=False))),
            None,
            {},
            BAD,
            Severity.HIGH,
            "email …@acme.pagerduty.com has not confirmed",
            id="mail to a pager is pending",
        ),
        pytest.param(
            topic(Listener(Subscription("email", "ops@pagerduty.com.example.com"))),
            None,
            {},
            BAD,
            Severity.MEDIUM,
            "email only",
            id="mail to a domain that begins like a pager's",
        ),
        pytest.param(topic(alarms=()), None, {}, NA, None, "no pager", id="another topic"),
        pytest.param(topic(MAIL, alarms=()), None, {}, NA, None, "", id="another topic's mail"),
        pytest.param(
            topic(url(confirmed=False)), None, {}, BAD, Severity.HIGH, "confirmed", id="pending"
        ),
        pytest.param(
            topic(url(confirmed=False), url()), None, {}, GOOD, None, "", id="another is pending"
        ),
        pytest.param(topic(url(raw=True)), None, {}, BAD, Severity.HIGH, "raw", id="raw"),
        pytest.param(
            topic(url(endpoint=ORCHESTRATION, raw=True)), None, {}, GOOD, None, "", id="raw to ere"
        ),
        pytest.param(
            topic(url(endpoint=ORCHESTRATION)),
            None,
            {},
            BAD,
            Severity.HIGH,
            "needs raw",
            id="an envelope to ere",
        ),
        pytest.param(
            topic(url(endpoint="https://events.pagerduty.com/v2/enqueue")),
            None,
            {},
            BAD,
            Severity.HIGH,
            "no integration",
            id="the events api itself",
        ),
        pytest.param(
            topic(url(filter_policy={"severity": ["CRITICAL"]})),
            None,
            {},
            BAD,
            Severity.HIGH,
            "filter policy",
            id="alarms have no attributes",
        ),
        pytest.param(
            topic(url(filter_policy={"NewStateValue": ["OK"]}, on_body=True)),
            None,
            {},
            BAD,
            Severity.HIGH,
            "filter policy",
            id="resolved alone",
        ),
        pytest.param(
            topic(url(filter_policy={"NewStateValue": ["ALARM"]}, on_body=True)),
            None,
            {},
            GOOD,
            None,
            "",
            id="raised alone",
        ),
        pytest.param(
            topic(url(filter_policy={"Region": ["EU (Ireland)"]}, on_body=True)),
            None,
            {},
            UNKNOWN,
            None,
            "filter policy",
            id="by region",
        ),
        pytest.param(
            topic(
                url(filter_policy={"AlarmName": [{"prefix": "down-"}]}, on_body=True),
                alarms=("down-web", "slow-web"),
            ),
            None,
            {},
            UNKNOWN,
            None,
            "filter policy",
            id="some of the alarms",
        ),
        pytest.param(topic(url()), 2.0, {}, BAD, Severity.HIGH, "2 notif", id="failing"),
        pytest.param(
            topic(url(), MAIL), 1.0, {}, BAD, Severity.MEDIUM, "does not count", id="one fails"
        ),
        pytest.param(topic(forwarded(), alarms=()), None, {}, GOOD, None, "", id="own path"),
        pytest.param(
            topic(
                replace(
                    forwarded(),
                    subscription=replace(SQS, filter_policy={"severity": ["CRITICAL", "HIGH"]}),
                ),
                alarms=(),
            ),
            None,
            {},
            GOOD,
            None,
            "",
            id="own path, the worst alone",
        ),
        pytest.param(
            topic(
                replace(
                    forwarded(), subscription=replace(SQS, filter_policy={"severity": ["HIGH"]})
                ),
                alarms=(),
            ),
            None,
            {},
            BAD,
            Severity.HIGH,
            "critical",
            id="own path, not the worst",
        ),
        pytest.param(
            topic(forwarded(mapping="Disabled")), None, {}, BAD, Severity.HIGH, "queue", id="off"
        ),
        pytest.param(
            topic(forwarded(state="Inactive: Idle")), None, {}, GOOD, None, "", id="idle"
        ),
        pytest.param(
            topic(forwarded(state="Pending: Restoring")), None, {}, GOOD, None, "", id="waking"
        ),
        pytest.param(
            topic(forwarded(state="Inactive: RestoringFailed")),
            None,
            {},
            BAD,
            Severity.HIGH,
            "cannot run",
            id="inactive",
        ),
        pytest.param(
            topic(forwarded(state="Missing")), None, {}, BAD, Severity.HIGH, "exist", id="gone"
        ),
        pytest.param(
            topic(forwarded(reserved=0)), None, {}, BAD, Severity.HIGH, "is 0", id="stopped"
        ),
        pytest.param(
            topic(forwarded(secrets={"SECRET_ID": "has no value"})),
            None,
            {},
            BAD,
            Severity.HIGH,
            "SECRET_ID has no value",
            id="no key",
        ),
        pytest.param(
            topic(forwarded(name="relay", pages=False)),
            None,
            {},
            UNKNOWN,
            None,
            "pager_functions",
            id="a function of unknown purpose",
        ),
        pytest.param(
            topic(forwarded(name="relay", pages=False)),
            None,
            {"pager_functions": ["rel*"]},
            GOOD,
            None,
            "relay pages",
            id="a function that the owner names",
        ),
        pytest.param(topic(OPSGENIE), None, {}, UNKNOWN, None, "pager_hosts", id="opsgenie"),
        pytest.param(
            topic(OPSGENIE),
            None,
            {"pager_hosts": ["api.opsgenie.com"]},
            GOOD,
            None,
            "pages",
            id="opsgenie that the owner names",
        ),
    ],
)
def test_a_topic(about, failed, settings, status, severity, words):
    losses = TopicLosses(failed_today=failed)
    verdict = pager_subscribed(about, losses, **pager_subscribed.configure(settings))
    assert verdict.status is status
    assert words in verdict.reason
    if status is BAD:
        assert (verdict.severity or pager_subscribed.severity) is severity
    assert KEY not in f"{verdict.reason} {verdict.expected} {verdict.observed}"


def test_an_address_is_not_shown():
    about = topic(url(), Listener(MAIL.subscription, redrives=True))
    verdict = pager_subscribed(
        about, TopicLosses(failed_today=0), **pager_subscribed.configure({})
    )
    assert verdict.observed["redrive"] == ["email"]


ENQUEUE = "https://events.pagerduty.com/v2/enqueue"
BRIDGE = Bridge("alarms-to-pagerduty", ENQUEUE)


@pytest.mark.parametrize(
    ("about", "bridges", "status", "words"),
    [
        pytest.param(topic(MAIL), (BRIDGE,), GOOD, "alarms-to-pagerduty hands every", id="all"),
        pytest.param(topic(MAIL), (replace(BRIDGE, is_of_all=False),), UNKNOWN, "some", id="some"),
        pytest.param(
            topic(MAIL), (replace(BRIDGE, is_of_all=False), BRIDGE), GOOD, "every", id="both"
        ),
        pytest.param(
            topic(MAIL),
            (Bridge("tickets", "https://example.service-now.com/api/em"),),
            BAD,
            "email only",
            id="no pager",
        ),
        pytest.param(
            topic(MAIL),
            (replace(BRIDGE, endpoint=ENQUEUE.replace("https", "http")),),
            BAD,
            "email only",
            id="in the clear",
        ),
        pytest.param(topic(url(confirmed=False)), (BRIDGE,), BAD, "confirmed", id="broken pager"),
        pytest.param(topic(MAIL, alarms=()), (), NA, "No alarm", id="another topic"),
        pytest.param(
            replace(topic(MAIL), incidents=("errors",)), (), NA, "Incident Manager", id="incident"
        ),
        pytest.param(
            replace(topic(MAIL, alarms=("errors", "slow")), incidents=("errors",)),
            (),
            BAD,
            "email only",
            id="one of two alarms starts an incident",
        ),
    ],
)
def test_alarms_that_page_past_the_topic(about, bridges, status, words):
    given = replace(about, bridges=bridges)
    verdict = pager_subscribed(given, TopicLosses(), **pager_subscribed.configure({}))
    assert verdict.status is status, verdict.reason
    assert words in verdict.reason
