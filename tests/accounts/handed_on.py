"""An EventBridge rule that hands alarms of some names on to a pager."""

from __future__ import annotations

from tests.fake_account import ACCOUNT_ID, HOME

PAGER = f"arn:aws:events:{HOME}:{ACCOUNT_ID}:api-destination/pager/1"
BRIDGE = {
    "Name": "to-pager",
    "State": "ENABLED",
    "EventPattern": '{"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State'
    ' Change"], "detail": {"alarmName": [{"prefix": "critical-"}]}}',
}
