"""Rules of Alarms: someone is notified."""

from typing import Annotated

from readiness import Severity, Verdict
from readiness.evidence.awslambda.monitors import InvokedFunction
from readiness.evidence.cloudwatch.alarms import AlarmInContext
from readiness.evidence.kms.keys import KmsKeyAccess, KmsKeyState
from readiness.evidence.sns.delivery import TopicExists, TopicPath
from readiness.evidence.workloads.alarm_gates import AlarmGate

from .destinations import destination_verdict
from .heading import watching
from .settings import MuteHours
from .topic_path import delivery_verdict

NOTIFICATIONS = "Configure SNS topics for notifications"


@watching.rule(NOTIFICATIONS, severity=Severity.MEDIUM)
def alarm_destinations(
    alarm: AlarmInContext,
    topics: tuple[TopicExists, ...],
    functions: tuple[InvokedFunction, ...],
    gate: AlarmGate,
    *,
    max_mute_hours: MuteHours = 24,
) -> Verdict:
    """Every alarm notifies someone, itself or through a composite alarm, on an existing topic.

    One that only deployments or health checks ask for their decisions need not.
    """
    return destination_verdict(alarm, topics, functions, gate, max_mute_hours)


@watching.rule(NOTIFICATIONS, severity=Severity.HIGH)
def topic_delivery(
    topic: TopicPath,
    key: KmsKeyState | None,
    key_access: KmsKeyAccess | None,
    *,
    required_endpoint_regex: Annotated[
        str, "A regular expression that a subscriber must match, for example events.pagerduty.com"
    ] = "",
) -> Verdict:
    """Alarm notifications reach a subscriber: topic policy, KMS key and filters let them pass."""
    return delivery_verdict(topic, key, key_access, required_endpoint_regex)
