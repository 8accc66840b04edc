"""The way out, in one process: moto's tables, topic and queues, and a pager on loopback."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest
from moto import mock_aws

from functions.alerts import app as alerts_app
from functions.pagerduty import app as pager_app
from readiness.alerting.pagerduty import EventsApi
from readiness.engine.sweeps import Sweeps
from tests.findings import after, finding
from tests.pipeline.standins import Pagerduty, context
from tests.tables import FINDINGS, TRANSITIONS, client, make_store, make_tables

FOR_PAGER = {"pager": ["yes", {"exists": False}]}


class Pipeline:
    """Stream, topic, queue and pager, moved one step at a time."""

    def __init__(self, pagerduty):
        self.pagerduty = pagerduty
        self.dynamodb = make_tables()
        self.store = make_store(self.dynamodb)
        self.sqs, sns, self.secrets = client("sqs"), client("sns"), client("secretsmanager")
        self.topic = sns.create_topic(Name="alerts")["TopicArn"]
        self.pages = self.sqs.create_queue(QueueName="pages")["QueueUrl"]
        self.aside = self.sqs.create_queue(QueueName="aside")["QueueUrl"]
        sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint="arn:aws:sqs:us-east-1:123456789012:pages",
            Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(FOR_PAGER)},
        )
        self.secrets.create_secret(Name="key", SecretString='{"default": "R0UT1NG"}')
        self.environment = {
            "FINDINGS_TABLE": FINDINGS,
            "TRANSITIONS_TABLE": TRANSITIONS,
            "ALERTS_TOPIC": self.topic,
            "STACK_NAME": "readiness",
            "RUNBOOK_BASE_URL": "https://example.com",
            "PAGES_QUEUE_URL": self.pages,
            "UNDELIVERED_QUEUE_URL": self.aside,
            "PAGERDUTY_CONFIRM_SECONDS": "0",
        }
        self.watchers = sns.create_topic(Name="watchers")["TopicArn"]
        self.environment["WATCHER_TOPIC"] = self.watchers
        self.sns, self.published = sns, []
        sns.meta.events.register("provide-client-params.sns.Publish", self._note)
        self.alerts = alerts_app.Alerts(self.dynamodb, sns, self.environment)
        self.sweeps = Sweeps(self.dynamodb, TRANSITIONS)
        self.key = pager_app.RoutingKey(self.secrets, "key")
        self.cloudformation = Mock()
        self.stack_is("DELETE_IN_PROGRESS")
        self.pager = self.a_pager()
        self.receives = {}

    def stack_is(self, status):
        """What CloudFormation says of the stack."""
        self.cloudformation.describe_stacks.return_value = {"Stacks": [{"StackStatus": status}]}

    def lowest(self, severity):
        """The stack is updated: from here on this and worse pages."""
        self.environment["PAGERDUTY_LOWEST_SEVERITY"] = severity
        self.alerts = alerts_app.Alerts(self.dynamodb, self.sns, self.environment)
        self.pager = self.a_pager()

    def _note(self, params, **_):
        self.published.append(params)

    def a_pager(self, url=None):
        return pager_app.Pager(
            store=self.store,
            key=self.key,
            api=EventsApi(url or self.pagerduty.url, timeout=0.3),
            sqs=self.sqs,
            environment=self.environment,
            cloudformation=lambda: self.cloudformation,
            sns=lambda: self.sns,
            uniform=lambda low, high: high,
        )

    def baseline_is_over(self, *headings):
        for heading in headings or ("encryption",):
            self.sweeps.end_baseline(heading, after(-60), "sweep-0")

    def record(self, *findings):
        for each in findings:
            self.store.record(each, self.store.get(each.resource, each.rule))

    def rows(self):
        """Outbox rows still unpublished, as the stream shows them, oldest first."""
        items = self.dynamodb.scan(TableName=TRANSITIONS)["Items"]
        waiting = [item for item in items if "unpublished" in item]
        return [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {"finding_id": item["finding_id"], "at": item["at"]},
                    "NewImage": item,
                    "SequenceNumber": str(number),
                },
            }
            for number, item in enumerate(sorted(waiting, key=lambda i: i["at"]["S"]))
        ]

    def stream(self):
        return self.alerts.follow(self.rows())

    def waiting(self):
        """What stands in the queue, as the event source mapping would deliver it."""
        records = []
        while True:
            got = self.sqs.receive_message(
                QueueUrl=self.pages,
                MaxNumberOfMessages=10,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
                VisibilityTimeout=0,
            ).get("Messages", [])
            fresh = [m for m in got if m["MessageId"] not in {r["messageId"] for r in records}]
            if not fresh:
                return records
            records += [
                {
                    "messageId": m["MessageId"],
                    "receiptHandle": m["ReceiptHandle"],
                    "body": m["Body"],
                    "attributes": {
                        "ApproximateReceiveCount": "1",
                        "SentTimestamp": m["Attributes"]["SentTimestamp"],
                    },
                    "messageAttributes": {
                        name: {"dataType": a["DataType"], "stringValue": a["StringValue"]}
                        for name, a in m.get("MessageAttributes", {}).items()
                    },
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:pages",
                    "awsRegion": "us-east-1",
                }
                for m in fresh
            ]

    def page(self, records=None):
        """One round of the forwarder; what it took is deleted, as Lambda does. The failures."""
        records = self.waiting() if records is None else records
        if not records:
            return []
        answer = self.pager.forward({"Records": records}, context())
        failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        for record in records:
            if record["messageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.pages, ReceiptHandle=record["receiptHandle"])
        return failed

    def set_aside(self):
        return [message["Body"] for message in self.undelivered()]

    def undelivered(self):
        """The dead letters, with their attributes."""
        got = self.sqs.receive_message(
            QueueUrl=self.aside, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return got.get("Messages", [])

    def put(self, body):
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.pages, MessageBody=text)


@pytest.fixture(autouse=True)
def _no_metrics_of_another_test():
    alerts_app.metrics.clear_metrics()


@pytest.fixture
def pagerduty():
    standin = Pagerduty()
    yield standin
    standin.close()


@pytest.fixture
def pipeline(pagerduty):
    with mock_aws():
        yield Pipeline(pagerduty)


@pytest.fixture
def wrong(pipeline):
    """A pipeline past its baseline with one finding that was just opened."""
    pipeline.baseline_is_over()
    pipeline.record(finding())
    return pipeline
