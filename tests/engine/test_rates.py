"""What AWS documents of its rates, and the buckets that take part of them."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.session import Session as BotocoreSession

from readiness.engine.aws import Aws
from readiness.engine.aws_errors import cause_of
from readiness.engine.pacing import IN_A_SWEEP, IN_AN_EVENT, OutOfTime, Pacer, is_loopback
from readiness.engine.rates import RATES, rate_of
from readiness.engine.session import Session
from readiness.model.unreadable import Cause
from tests.fake_account import ACCOUNT_ID, HOME, NOON
from tests.virtual_time import VirtualClock

# -- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_every_rate_names_calls_that_exist_its_page_and_the_day(rate):
    session = BotocoreSession()
    methods = {
        xform_name(name)
        for service in rate.services
        for name in session.get_service_model(service).operation_names
    }
    covered = {m for m in methods for s in rate.services if rate_of(s, m) == rate}
    assert covered, f"{rate.name}: no call of {rate.services} spends it"
    assert rate.source
    assert rate.read.count("-") == 2


@pytest.mark.parametrize(
    ("service", "operation", "name", "per_second", "burst"),
    [
        ("lambda", "list_aliases", "Lambda control plane", 15, 0),
        ("lambda", "get_policy", "Lambda GetPolicy", 15, 0),
        ("apigateway", "get_resources", "API Gateway GetResources", 2.5, 5),
        ("apigateway", "get_stages", "API Gateway management", 10, 40),
        ("apigatewayv2", "get_stages", "API Gateway management", 10, 40),
        ("route53", "list_hosted_zones_by_vpc", "Route 53", 5, 0),
        ("logs", "describe_log_groups", "DescribeLogGroups", 10, 0),
        ("cloudwatch", "describe_alarms", "DescribeAlarms", 9, 0),
        ("cloudtrail", "lookup_events", "LookupEvents", 2, 0),
        ("firehose", "describe_delivery_stream", "Firehose DescribeDeliveryStream", 5, 0),
    ],
)
def test_the_scarcest_rates(service, operation, name, per_second, burst):
    rate = rate_of(service, operation)
    assert (rate.name, rate.per_second, rate.burst) == (name, per_second, burst)


def test_an_invocation_and_an_undocumented_call_spend_nothing():
    assert rate_of("lambda", "invoke") is None
    assert rate_of("iam", "get_role") is None


# -- the buckets ----------------------------------------------------------------------------------


def test_a_sweep_takes_a_third_and_an_event_a_tenth():
    for share, most in ((IN_A_SWEEP, 5.0), (IN_AN_EVENT, 1.5)):
        clock = VirtualClock()
        pacer = Pacer(share, clock)
        for _ in range(100):
            pacer.take("lambda", "list_aliases", HOME)
        burst = max(1.0, 15 * share)
        assert clock.now() == pytest.approx((100 - burst) / most)


def test_a_burst_is_a_third_of_the_documented_one():
    clock = VirtualClock()
    pacer = Pacer(IN_A_SWEEP, clock)
    for _ in range(13):
        pacer.take("apigateway", "get_stages", HOME)
    assert clock.now() == 0
    pacer.take("apigatewayv2", "get_stages", HOME)
    assert clock.now() == pytest.approx(0.2)


def test_what_was_not_taken_fills_the_bucket_up_again_and_no_further():
    clock = VirtualClock()
    pacer = Pacer(IN_A_SWEEP, clock)
    for _ in range(5):
        pacer.take("lambda", "list_aliases", HOME)
    clock.wait_until(3600)
    for _ in range(5):
        pacer.take("lambda", "list_aliases", HOME)
    assert clock.now() == 3600
    pacer.take("lambda", "list_aliases", HOME)
    assert clock.now() == pytest.approx(3600.2)


def test_each_region_has_its_own_bucket_and_a_global_service_one():
    clock = VirtualClock()
    pacer = Pacer(IN_A_SWEEP, clock)
    for region in ("us-east-1", "eu-west-1"):
        for _ in range(5):
            pacer.take("lambda", "list_aliases", region)
    assert clock.now() == 0
    pacer.take("route53", "list_hosted_zones_by_vpc", "us-east-1")
    pacer.take("route53", "list_hosted_zones_by_vpc", "eu-west-1")
    assert clock.now() > 0


def test_threads_share_one_bucket():
    clock = VirtualClock()
    pacer = Pacer(IN_A_SWEEP, clock)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: pacer.take("lambda", "get_policy", HOME), range(105)))
    assert clock.now() == pytest.approx(20)


def test_a_wait_blocks_nobody_who_asks_another_service():
    """The thread in its wait holds no lock: another rate, and the same bucket, can be asked."""
    waiting, go_on = threading.Event(), threading.Event()

    class Held:
        def now(self):
            return 0.0

        def wait_until(self, moment):
            waiting.set()
            assert go_on.wait(5)

    pacer = Pacer(IN_A_SWEEP, Held())

    def spend():
        for _ in range(6):
            pacer.take("lambda", "list_aliases", HOME)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(spend)
        assert waiting.wait(5)
        pacer.take("logs", "describe_log_groups", HOME)
        pacer.begin(IN_A_SWEEP, seconds=0)
        with pytest.raises(OutOfTime):
            pacer.take("lambda", "list_aliases", HOME)
        go_on.set()
        held.result()


def test_a_turn_after_the_end_of_the_run_is_not_waited_for_and_not_spent():
    clock = VirtualClock()
    pacer = Pacer(IN_A_SWEEP, clock)
    pacer.begin(IN_A_SWEEP, seconds=1)
    for _ in range(10):
        pacer.take("lambda", "list_aliases", HOME)
    for _ in range(3):
        with pytest.raises(OutOfTime):
            pacer.take("lambda", "list_aliases", HOME)
    assert clock.now() <= 1
    pacer.begin(IN_A_SWEEP)
    pacer.take("lambda", "list_aliases", HOME)
    assert clock.now() == pytest.approx(1.2)


def test_a_call_that_was_not_made_for_lack_of_time_counts_as_throttled():
    assert cause_of(OutOfTime(name="Lambda", seconds=3)) is Cause.THROTTLED


# -- before botocore's clients --------------------------------------------------------------------


@pytest.fixture
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # botocore between two attempts


class _Raw:
    def __init__(self, body):
        self.body = body

    def stream(self, *_, **__):
        yield self.body


def answered(client, *statuses):
    """Answer each request of the client in its place; its real endpoint is never asked."""
    asked = []
    codes = itertools.chain(statuses, itertools.repeat(200))

    def answer(request, **_):
        asked.append(request)
        status = next(codes)
        body = b"{}" if status == 200 else b'{"Type": "User", "Message": "Rate exceeded"}'
        headers = {"content-type": "application/json"}
        if status != 200:
            headers["x-amzn-errortype"] = "TooManyRequestsException"
        return AWSResponse(request.url, status, headers, _Raw(body))

    client.meta.events.register("before-send", answer)
    return asked


def aws(pacer):
    return Aws(
        Session(region=HOME), account=ACCOUNT_ID, region=HOME, now=lambda: NOON, pacer=pacer
    )


def test_every_attempt_of_a_request_waits_for_its_turn(credentials):
    clock = VirtualClock()
    client = aws(Pacer(IN_AN_EVENT, clock)).client("lambda")
    asked = answered(client, 429, 429)
    client.get_account_settings()
    assert len(asked) == 3
    assert clock.now() == pytest.approx(1.5 / 1.5)


def test_every_page_waits_for_its_turn(credentials):
    clock = VirtualClock()
    run = aws(Pacer(IN_AN_EVENT, clock))
    asked = answered(run.client("lambda"))
    for _ in range(4):
        list(run.pages("lambda", "list_functions", None, {}))
    assert len(asked) == 4
    assert clock.now() == pytest.approx(2.5 / 1.5)


def test_the_turn_comes_before_the_signature(credentials):
    """A signature is valid for five minutes; a turn may come later."""
    order = []

    class Noted(VirtualClock):
        def now(self):
            order.append("turn")
            return super().now()

    client = aws(Pacer(IN_A_SWEEP, Noted())).client("lambda")
    answered(client)
    client.meta.events.register("before-sign", lambda **_: order.append("signed"))
    client.get_account_settings()
    assert order.index("turn") < order.index("signed")


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "http://localhost:8883"])
def test_an_emulator_on_this_computer_has_no_rates(credentials, monkeypatch, url):
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    clock = VirtualClock()
    client = aws(Pacer(IN_AN_EVENT, clock)).client("lambda")
    answered(client)
    for _ in range(50):
        client.get_account_settings()
    assert clock.now() == 0


def test_only_this_computer_is_loopback():
    assert is_loopback("http://[::1]:1")
    assert not is_loopback("https://lambda.us-east-1.amazonaws.com")
    assert not is_loopback("https://127.example.com")


def test_a_service_with_a_rate_slows_down_by_itself_too(credentials):
    run = aws(Pacer())
    assert run.client("lambda").meta.config.retries["mode"] == "adaptive"
    assert run.client("iam").meta.config.retries["mode"] == "standard"


def test_the_real_clock_sleeps_until_the_turn_and_not_longer(monkeypatch):
    """Twice too long would make a sweep of an hour one of two; too short is throttled."""
    now, slept = [1_000.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("readiness.engine.pacing.time.monotonic", lambda: now[0])
    monkeypatch.setattr("readiness.engine.pacing.time.sleep", sleep)
    pacer = Pacer(1.0)
    for _ in range(2):
        pacer.take("cloudtrail", "lookup_events", HOME)
    assert slept == [], "two a second are there at once"
    for _ in range(3):
        pacer.take("cloudtrail", "lookup_events", HOME)
    assert slept == [pytest.approx(0.5)] * 3


def test_a_call_that_was_not_made_says_when_its_turn_would_have_been():
    clock = VirtualClock()
    clock.wait_until(1000.0)
    pacer = Pacer(1.0, clock)
    pacer.begin(1.0, seconds=0.1)
    with pytest.raises(OutOfTime, match=r"LookupEvents gives the next turn in \d s,"):
        for _ in range(10):
            pacer.take("cloudtrail", "lookup_events", HOME)


def test_a_name_under_localhost_is_this_computer():
    assert is_loopback("http://s3.localhost:4566")
    assert is_loopback("http://localhost")
    assert not is_loopback("http://localhost.example.com")
