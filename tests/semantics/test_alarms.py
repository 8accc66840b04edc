"""Who hears of an alarm: composite rules, mute rules, and what each alarm looks at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.semantics import alarm_rule, metric_sql
from readiness.semantics.alarm_answers import composite_alarm, log_alarm, metric_alarm
from readiness.semantics.alarm_inventory import Inventory, Mute, Silence, hours_of
from readiness.semantics.metric_sql import Match

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"


@pytest.mark.parametrize(
    ("rule", "raised"),
    [
        pytest.param("ALARM(a)", "a", id="one"),
        pytest.param('ALARM("a b (c)")', "a b (c)", id="quoted, with brackets"),
        pytest.param(r'ALARM("a \"b\"")', 'a "b"', id="quotes in quotes"),
        pytest.param(
            'ALARM("arn:aws:cloudwatch:us-east-1:111122223333:alarm:x:y")', "x:y", id="an ARN"
        ),
        pytest.param("ALARM(a) AND ALARM(b)", "a b", id="both"),
        pytest.param("(ALARM(a) OR ALARM(b)) AND OK(c)", "a b", id="OK lowers"),
        pytest.param("ALARM(a) AND NOT ALARM(deploying)", "a", id="NOT turns round"),
        pytest.param("NOT (ALARM(a) OR NOT ALARM(b))", "b", id="NOT of a group"),
        pytest.param("NOT OK(a)", "a", id="not well"),
        pytest.param("NOT NOT ALARM(a)", "a", id="twice"),
        pytest.param("INSUFFICIENT_DATA(a) OR ALARM(b)", "b", id="no data is no alarm"),
        pytest.param("ALARM(a) AND FALSE", "", id="never true"),
        pytest.param("ALARM(a) OR TRUE", "", id="always true"),
        pytest.param("ALARM(a) AND NOT FALSE", "a", id="a constant without effect"),
        pytest.param("AT_LEAST(2, ALARM, (a, b, c))", "a b c", id="at least"),
        pytest.param("AT_LEAST(50%, OK, (a, b))", "", id="at least half well"),
        pytest.param("AT_LEAST(1, NOT OK, (a, b))", "a b", id="at least one not well"),
        pytest.param("alarm(a) and not alarm(b)", "a", id="lower case"),
    ],
)
def test_who_raises_a_composite(rule, raised):
    expected = {raised} if " (" in raised or '"' in raised else set(raised.split())
    assert alarm_rule.raised_by(alarm_rule.parse(rule)) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "ALARM",
        "ALARM(",
        "ALARM()",
        "ALARM(a",
        "ALARM(a) ALARM(b)",
        "ALARM(a) AND",
        "BROKEN(a)",
        "ALARM(a))",
        '"ALARM"(a)',
        "AT_LEAST(x, ALARM, (a))",
        "AT_LEAST(1, ALARM, ())",
        "(" * 300 + "TRUE" + ")" * 300,
        'ALARM("a)',
    ],
)
def test_what_is_no_rule(rule):
    with pytest.raises(alarm_rule.UnreadableRule):
        alarm_rule.parse(rule)


FUNCTION = {"FunctionName": "f"}


@pytest.mark.parametrize(
    ("query", "match"),
    [
        pytest.param('SELECT SUM(Errors) FROM "AWS/Lambda"', Match.YES, id="everything"),
        pytest.param(
            'SELECT SUM(Errors) FROM SCHEMA("AWS/Lambda", FunctionName) GROUP BY FunctionName'
            " ORDER BY SUM() DESC",
            Match.YES,
            id="each function",
        ),
        pytest.param('SELECT SUM(Errors) FROM SCHEMA("AWS/Lambda")', Match.NO, id="account total"),
        pytest.param(
            'SELECT SUM(Errors) FROM SCHEMA("AWS/Lambda", FunctionName, Resource)',
            Match.NO,
            id="other dimensions",
        ),
        pytest.param(
            """select max("Errors") from "AWS/Lambda" where FunctionName = 'f'""",
            Match.YES,
            id="this one",
        ),
        pytest.param(
            """SELECT SUM(Errors) FROM "AWS/Lambda" WHERE FunctionName = 'g'""",
            Match.NO,
            id="another",
        ),
        pytest.param(
            """SELECT SUM(Errors) FROM "AWS/Lambda" WHERE FunctionName != 'f'""",
            Match.NO,
            id="all but this",
        ),
        pytest.param(
            """SELECT SUM(Errors) FROM "AWS/Lambda" WHERE FunctionName != 'g'""",
            Match.YES,
            id="all but another",
        ),
        pytest.param(
            """SELECT SUM(Errors) FROM "AWS/Lambda" WHERE tag.Application = 'MAIF'""",
            Match.MAYBE,
            id="by tag",
        ),
        pytest.param(
            'SELECT SUM(Errors) FROM "AWS/Lambda" GROUP BY FunctionName ORDER BY SUM() DESC'
            " LIMIT 5",
            Match.MAYBE,
            id="the five worst",
        ),
        pytest.param('SELECT SUM(Throttles) FROM "AWS/Lambda"', Match.NO, id="another metric"),
        pytest.param('SELECT SUM(Errors) FROM "Mine"', Match.NO, id="another namespace"),
    ],
)
def test_what_a_query_reads(query, match):
    selection = metric_sql.parse(query)
    assert selection is not None
    assert selection.reads("AWS/Lambda", "Errors", FUNCTION) is match


@pytest.mark.parametrize(
    "query",
    [
        "SELECT",
        "SELECT SUM(Errors)",
        "SELECT SUM(Errors) FROM x WHERE a LIKE 'b'",
        "SELECT SUM(Errors) FROM x WHERE a = ",
        "SELECT SUM(Errors) FROM x; DROP",
    ],
)
def test_queries_it_cannot_read(query):
    assert metric_sql.parse(query) is None


def plain(name="a", actions=(TOPIC,), **changes):
    return metric_alarm(
        {
            "AlarmName": name,
            "ActionsEnabled": True,
            "AlarmActions": list(actions),
            "StateValue": "OK",
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
            "Period": 60,
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 3,
            "Threshold": 0.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        | changes
    )


def query(id, metric="", expression="", returned=True, period=60, **changes):
    """A MetricDataQuery of an alarm."""
    stat = {
        "Metric": {
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
        },
        "Period": period,
        "Stat": "Sum",
    }
    what = {"Expression": expression} if expression else {"MetricStat": stat}
    return {"Id": id, "ReturnData": returned, **what, **changes}


def maths(*queries, **changes):
    """An alarm on ``Metrics``."""
    alarm = {"AlarmName": "m", "AlarmActions": [TOPIC], "Metrics": list(queries)}
    alarm |= {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.0}
    return metric_alarm({**alarm, "EvaluationPeriods": 1, **changes})


@pytest.mark.parametrize(
    ("alarm", "metrics", "is_direct"),
    [
        pytest.param(plain(), {"Errors"}, True, id="plain"),
        pytest.param(maths(query("m1", "Errors")), {"Errors"}, True, id="one series, as a query"),
        pytest.param(
            maths(
                query("e", "Errors", returned=False),
                query("i", "Invocations", returned=False),
                query("rate", expression="100*FILL(e,0)/i"),
            ),
            {"Errors", "Invocations"},
            False,
            id="a rate",
        ),
        pytest.param(
            maths(
                query("m1", "Throttles"),
                query("m2", "Errors", returned=False),
            ),
            {"Throttles"},
            True,
            id="a series that is only drawn",
        ),
        pytest.param(
            maths(
                query("m1", "Errors"),
                query("band", expression="ANOMALY_DETECTION_BAND(m1, 2)"),
                ThresholdMetricId="band",
            ),
            {"Errors"},
            True,
            id="an anomaly detection band",
        ),
        pytest.param(
            maths(
                query("e1", "Errors", returned=False),
                query("e2", expression="e1*2", returned=False),
                query("e3", expression="SUM(METRICS())"),
            ),
            {"Errors"},
            False,
            id="all metrics of the alarm",
        ),
        pytest.param(
            maths(query("e1", "Errors", returned=False), query("loop", expression="loop + e1")),
            {"Errors"},
            False,
            id="an expression that names itself",
        ),
    ],
)
def test_what_an_alarm_looks_at(alarm, metrics, is_direct):
    assert {each.metric for each in alarm.watches} == metrics
    assert alarm.is_direct is is_direct


def test_queries_become_selections_or_stay_unread():
    sql = maths(query("q", expression='SELECT SUM(Errors) FROM "AWS/Lambda"', period=300))
    assert [each.metric for each in sql.selections] == ["Errors"]
    odd = maths(query("q", expression="SELECT SUM(Errors) FROM x WHERE a LIKE 'b'"))
    assert odd.unread == ("SELECT SUM(Errors) FROM x WHERE a LIKE 'b'",)
    search = maths(query("q", expression="SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum')"))
    assert search.unread
    prom = metric_alarm(
        {
            "AlarmName": "p",
            "EvaluationCriteria": {"PromQLCriteria": {"Query": "errors > 1", "PendingPeriod": 60}},
        }
    )
    assert prom.unread == ("errors > 1",)
    assert prom.seconds == 60
    log = log_alarm(
        {
            "AlarmName": "l",
            "ScheduledQueryConfiguration": {
                "QueryString": "filter @message like /ERROR/",
                "LogGroupIdentifiers": [
                    "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/f:*",
                    "/aws/lambda/g",
                ],
            },
        }
    )
    assert log.log_groups == ("/aws/lambda/f", "/aws/lambda/g")


def test_how_long_it_takes():
    assert plain().seconds == 180
    assert plain(DatapointsToAlarm=0).seconds == 300
    assert maths(query("m1", "Errors", period=300), EvaluationPeriods=2).seconds == 600


def above(name, rule, actions=(TOPIC,), **changes):
    return composite_alarm(
        {"AlarmName": name, "AlarmRule": rule, "AlarmActions": list(actions)} | changes
    )


@pytest.mark.parametrize(
    ("alarms", "mutes", "silence"),
    [
        pytest.param([plain()], [], None, id="a topic"),
        pytest.param(
            [plain(actions=["arn:aws-cn:sns:cn-north-1:1:t"])], [], None, id="another partition"
        ),
        pytest.param(
            [plain(actions=["arn:aws:ssm-incidents::1:response-plan/r"])], [], None, id="incident"
        ),
        pytest.param([plain(actions=[])], [], Silence.NO_EFFECTIVE_ACTION, id="no action"),
        pytest.param(
            [plain(actions=["arn:aws:autoscaling:us-east-1:1:scalingPolicy:x"])],
            [],
            Silence.NO_EFFECTIVE_ACTION,
            id="only scaling",
        ),
        pytest.param(
            [plain(actions=["arn:aws:automate:us-east-1:ec2:recover"])],
            [],
            Silence.NO_EFFECTIVE_ACTION,
            id="only recovery",
        ),
        pytest.param(
            [plain(ActionsEnabled=False)], [], Silence.ACTIONS_DISABLED, id="actions disabled"
        ),
        pytest.param([plain(actions=[]), above("c", "ALARM(a)")], [], None, id="a composite"),
        pytest.param(
            [plain(ActionsEnabled=False), above("c", "ALARM(a)")],
            [],
            None,
            id="disabled under a composite that speaks",
        ),
        pytest.param(
            [plain(actions=[]), above("c", "ALARM(a)", []), above("d", "ALARM(c)")],
            [],
            None,
            id="a composite of a composite",
        ),
        pytest.param(
            [
                plain(actions=[]),
                above("c", "ALARM(d)", []),
                above("d", "ALARM(c) OR ALARM(a)", []),
            ],
            [],
            Silence.NO_EFFECTIVE_ACTION,
            id="composites in a circle",
        ),
        pytest.param(
            [plain(actions=[]), above("c", "ALARM(b) AND NOT ALARM(a)")],
            [],
            Silence.NO_EFFECTIVE_ACTION,
            id="it only suppresses the composite",
        ),
        pytest.param(
            [plain(actions=[]), above("c", "ALARM(a)", ActionsEnabled=False)],
            [],
            Silence.ACTIONS_DISABLED,
            id="a composite whose actions are disabled",
        ),
        pytest.param(
            [plain(actions=[]), above("c", "ALARM(a) XOR ALARM(b)")],
            [],
            Silence.UNREADABLE_RULE,
            id="a rule nobody can read",
        ),
        pytest.param(
            [plain()], [Mute("m", 48, frozenset("a"))], Silence.MUTED, id="muted for two days"
        ),
        pytest.param([plain()], [Mute("m", 4, frozenset("a"))], None, id="muted for a night"),
        pytest.param([plain()], [Mute("m", 48, frozenset("b"))], None, id="another is muted"),
        pytest.param(
            [plain(), above("c", "ALARM(a)")],
            [Mute("m", 48, frozenset("a"))],
            None,
            id="muted, and the composite speaks",
        ),
        pytest.param(
            [
                plain(actions=[]),
                above(
                    "c",
                    "ALARM(a)",
                    ActionsSuppressedBy="Alarm",
                    StateTransitionedTimestamp=NOW - timedelta(days=3),
                ),
            ],
            [],
            Silence.MUTED,
            id="suppressed for days",
        ),
    ],
)
def test_who_hears(alarms, mutes, silence):
    inventory = Inventory(tuple(alarms), tuple(mutes))
    voice = inventory.voice(alarms[0], NOW)
    assert voice.silence is silence
    assert bool(voice.actions) is (silence is None)
    assert bool(voice.why) is (silence is not None)


@pytest.mark.parametrize(
    ("duration", "hours"),
    [
        ("PT4H", 4),
        ("P2DT12H", 60),
        ("P7D", 168),
        ("P1W", 168),
        ("PT90M", 1.5),
        ("", float("inf")),
        ("P", float("inf")),
        ("four hours", float("inf")),
    ],
)
def test_durations(duration, hours):
    assert hours_of(duration) == hours
