"""Timeouts, each shorter than that of who waits: evidence in, verdict out."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from functions.resource_sizing import app as rules
from readiness import Status
from tests.accounts import resource_sizing as made
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, evaluation, observe
from tests.rules.test_resource_sizing import (
    API,
    BALANCER,
    HIGH,
    LOW,
    MEDIUM,
    NOBODY,
    function,
    hidden,
    judged,
    metrics,
)

GOOD, BAD, NA, BLIND = (
    Status.COMPLIANT,
    Status.NON_COMPLIANT,
    Status.NOT_APPLICABLE,
    Status.INSUFFICIENT_DATA,
)


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, MEDIUM, "took 2.0 s; the timeout is 30 s", id="in order"),
        pytest.param(metrics(Duration=27_000), BAD, MEDIUM, "A run took 27.0 s", id="close"),
        pytest.param(metrics(Duration=26_900), GOOD, MEDIUM, "took 26.9 s", id="just below"),
        pytest.param(
            {**function(Timeout=120), **hidden(720)},
            BAD,
            LOW,
            "The timeout is 120 s",
            id="excessive",
        ),
        pytest.param(hidden(29), BAD, HIGH, "processed twice", id="hidden less than it takes"),
        pytest.param(hidden(179), BAD, MEDIUM, "at least 180 s", id="hidden less than six times"),
        pytest.param({**API, **function(Timeout=31), **hidden(186)}, BAD, LOW, "30 s", id="API"),
        pytest.param(API, GOOD, MEDIUM, "took 2.0 s", id="as long as an HTTP API waits"),
        pytest.param(
            {**BALANCER, **function(Timeout=61), **hidden(366), **metrics(Duration=30_000)},
            BAD,
            LOW,
            "the load balancer web waits only 60 s",
            id="load balancer",
        ),
        pytest.param(metrics(Invocations=49), NA, MEDIUM, "ran 49 times", id="hardly ran"),
        pytest.param(
            metrics(Invocations=None, Duration=None), NA, MEDIUM, "ran 0 times", id="never ran"
        ),
        pytest.param(
            {**metrics(Invocations=None, Duration=None), **hidden(10)},
            BAD,
            HIGH,
            "twice",
            id="wrong whether it ran or not",
        ),
        pytest.param(
            {"sqs__get_queue_attributes": error("AWS.SimpleQueueService.NonExistentQueue")},
            GOOD,
            MEDIUM,
            "took 2.0 s",
            id="a queue that is gone",
        ),
        pytest.param(function(MasterArn="arn:edge"), NA, MEDIUM, "Lambda@Edge", id="replica"),
    ],
)
def test_function_timeout(answers, status, severity, said):
    found = judged(rules.function_timeout, "agent", **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


def live(**changes):
    """The alias that the queue feeds leads to version 7, published with other settings."""

    def configuration(**params):
        return made.function(**(changes if params.get("Qualifier") == "7" else {}))

    return {
        "lambda__get_function_configuration": configuration,
        "lambda__list_aliases": {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
    }


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param(live(), GOOD, MEDIUM, "took 2.0 s", id="the same"),
        pytest.param(
            live(Timeout=2), BAD, MEDIUM, "timeout of the version 7 (2 s)", id="runs are stopped"
        ),
        pytest.param(
            live(Timeout=1), GOOD, MEDIUM, "took 2.0 s", id="the run was of another version"
        ),
        pytest.param(
            {**live(Timeout=60), **hidden(360), **metrics(Duration=45_000)},
            GOOD,
            MEDIUM,
            "took 45.0 s",
            id="the run was not of the unpublished version, which has 30 s",
        ),
        pytest.param(
            live(Timeout=60), BAD, MEDIUM, "at least 360 s", id="the queue feeds a slower version"
        ),
        pytest.param(
            {**live(Timeout=300), **hidden(200)}, BAD, HIGH, "twice", id="messages come twice"
        ),
        pytest.param(
            {**live(Timeout=10), **hidden(60)},
            GOOD,
            MEDIUM,
            "took 2.0 s",
            id="the queue feeds a faster version",
        ),
        pytest.param(
            {**live(Timeout=31), **hidden(300), **API},
            BAD,
            LOW,
            "waits only 30 s",
            id="an API waits less than a version may take",
        ),
    ],
)
def test_a_published_version_keeps_its_timeout(answers, status, severity, said):
    found = judged(rules.function_timeout, "agent", **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


OTHER = f"arn:aws:execute-api:{HOME}:444455556666:abc123/*/GET/agent"
CALLED = made.CALLS_IT
BOT = f"arn:aws:lex:{HOME}:{ACCOUNT_ID}:bot-alias/BOTID12345/TSTALIASID"
FLOWS = f"arn:aws:connect:{HOME}:{ACCOUNT_ID}:instance/1a2b3c4d-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("callers", "timeout", "status", "said"),
    [
        pytest.param(
            made.rest_api(), 30, BAD, "the REST API shop waits only 29 s", id="a REST API's 29 s"
        ),
        pytest.param(made.rest_api(), 29, GOOD, "took 14.5 s", id="29 s of 29 s"),
        pytest.param(made.rest_api(timeoutInMillis=120_000), 90, GOOD, "", id="a raised quota"),
        pytest.param(
            made.rest_api(timeoutInMillis=5_000), 10, BAD, "waits only 5 s", id="a shorter one"
        ),
        pytest.param(
            made.rest_api(timeoutInMillis=50), 3, BAD, "waits only 0.05 s", id="milliseconds"
        ),
        pytest.param(
            made.rest_api(
                type="AWS",
                requestParameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
            ),
            60,
            GOOD,
            "",
            id="an asynchronous integration",
        ),
        pytest.param(
            made.rest_api(uri=CALLED.replace("agent:live", "other")), 60, GOOD, "", id="another's"
        ),
        pytest.param(
            made.rest_api(uri=CALLED.replace("agent:live", "${stageVariables.which}")),
            60,
            BAD,
            "waits only 29 s",
            id="a stage variable names the function",
        ),
        pytest.param(
            made.http_api(), 31, BAD, "the HTTP API shop waits only 30 s", id="an HTTP API's 30 s"
        ),
        pytest.param(
            made.http_api(TimeoutInMillis=5_000), 10, BAD, "waits only 5 s", id="a shorter HTTP"
        ),
        pytest.param(
            made.http_api("WEBSOCKET", IntegrationUri=CALLED),
            30,
            BAD,
            "the WebSocket API shop waits only 29 s",
            id="a WebSocket API's 29 s",
        ),
        pytest.param(
            made.http_api(path="authorizers/a1"),
            11,
            BAD,
            "(for its authorizer) waits only 10 s",
            id="an authorizer",
        ),
        pytest.param(
            made.http_api("WEBSOCKET", path="authorizers/a1"),
            30,
            GOOD,
            "",
            id="no HTTP authorizer",
        ),
        pytest.param(
            made.rest_api() | made.allowed(made.requests_to(f"{made.API}/authorizers/a1")),
            60,
            GOOD,
            "",
            id="a REST API's authorizer",
        ),
        pytest.param(
            made.http_api() | {"apigatewayv2__get_api": made.NO_API},
            60,
            GOOD,
            "",
            id="an API that is gone",
        ),
        pytest.param(
            made.allowed(BOT, service="lexv2.amazonaws.com"),
            31,
            BAD,
            "the bot of Lex",
            id="a bot of Lex",
        ),
        pytest.param(
            made.allowed(BOT, service="lexv2.amazonaws.com"), 30, GOOD, "", id="its 30 s"
        ),
        pytest.param(
            made.allowed(service="lex.amazonaws.com"), 31, BAD, "waits only 30 s", id="any bot"
        ),
        pytest.param(
            made.allowed(service="alexa-appkit.amazon.com"),
            9,
            BAD,
            "a skill of Alexa of those that its policy admits waits only 8 s",
            id="a skill",
        ),
        pytest.param(
            made.allowed(service="alexa-connectedhome.amazon.com"), 8, GOOD, "", id="in time"
        ),
        pytest.param(
            made.allowed(FLOWS, service="connect.amazonaws.com"),
            9,
            BLIND,
            "by default it is 8 s, and with a timeout of 8 s or less it need not be known",
            id="a flow, which may not wait",
        ),
        pytest.param(
            made.allowed(FLOWS, service="connect.amazonaws.com"),
            60,
            BLIND,
            "cannot be read",
            id="a flow that invokes asynchronously",
        ),
        pytest.param(
            made.allowed(FLOWS, service="connect.amazonaws.com"),
            61,
            BAD,
            "waits only 60 s",
            id="longer than any flow waits",
        ),
        pytest.param(made.allowed(FLOWS, service="connect.amazonaws.com"), 8, GOOD, "", id="8 s"),
        pytest.param(made.load_balancer(120), 90, GOOD, "", id="a longer idle timeout"),
        pytest.param(
            made.load_balancer(10), 20, BAD, "the load balancer web waits only 10 s", id="shorter"
        ),
        pytest.param(
            made.load_balancer()
            | {"elbv2__describe_load_balancer_attributes": error("LoadBalancerNotFound")},
            90,
            GOOD,
            "",
            id="a load balancer that is gone",
        ),
        pytest.param(made.user_pool(), 6, BAD, "waits only 5 s", id="a Cognito trigger"),
        pytest.param(
            made.user_pool(
                PreTokenGenerationConfig={"LambdaArn": made.FUNCTION, "LambdaVersion": "V1_0"}
            ),
            6,
            BAD,
            "waits only 5 s",
            id="a trigger with a version",
        ),
        pytest.param(
            made.user_pool(
                CustomEmailSender={"LambdaArn": made.FUNCTION, "LambdaVersion": "V1_0"}
            ),
            60,
            GOOD,
            "",
            id="an asynchronous trigger",
        ),
        pytest.param(
            made.authorizer_of_graphql(),
            11,
            BAD,
            "the GraphQL API gql123 (for its authorizer) waits only 10 s",
            id="an AppSync authorizer",
        ),
        pytest.param(
            made.distribution(), 31, BAD, "the distribution E1 waits only 30 s", id="CloudFront"
        ),
        pytest.param(
            made.distribution(OriginReadTimeout=60), 60, GOOD, "", id="CloudFront waits longer"
        ),
        pytest.param(made.distribution("RESPONSE_STREAM"), 60, GOOD, "", id="a streamed response"),
        pytest.param(made.distribution(enabled=False), 60, GOOD, "", id="a disabled distribution"),
        pytest.param(
            made.allowed(service="cloudfront.amazonaws.com"),
            31,
            BLIND,
            "a distribution of those that its policy admits",
            id="no distribution named",
        ),
        pytest.param(
            made.allowed(
                "arn:aws:cloudfront::444455556666:distribution/E9",
                service="cloudfront.amazonaws.com",
            ),
            31,
            BLIND,
            "the distribution E9 of account 444455556666",
            id="another account's distribution",
        ),
        pytest.param(
            {"lambda__get_policy": {"Policy": "{"}}, 30, BLIND, "Who calls it", id="unreadable"
        ),
        pytest.param(
            made.allowed(OTHER),
            30,
            BLIND,
            "abc123 of account 444455556666",
            id="another account's API",
        ),
        pytest.param(made.allowed(OTHER), 29, GOOD, "", id="another account's, less than any"),
        pytest.param(
            made.allowed(made.requests_to("*/*/GET/agent")),
            30,
            BLIND,
            "an API of those that its policy admits",
            id="any API of the account",
        ),
        pytest.param(made.allowed(), 30, BLIND, "an API of those", id="no API named"),
        pytest.param(
            made.allowed(service="cognito-idp.amazonaws.com"),
            6,
            BLIND,
            "a user pool of those",
            id="no user pool named",
        ),
    ],
)
@pytest.mark.parametrize("bulk", [False, True], ids=["after an event", "in a sweep"])
def test_a_function_does_not_outlast_who_waits_for_it(callers, timeout, status, said, bulk):
    answers = {**metrics(Duration=timeout * 500), **made.seconds(timeout), **callers}
    if bulk and answers.get("apigatewayv2__get_api") is made.NO_API:
        answers["apigatewayv2__get_apis"] = {"Items": []}
    rule = rules.function_timeout
    run = evaluation(made.fake_account().but(**answers), [rule], bulk=bulk)
    found = run.observe(rule, rule.subject.resource(ACCOUNT_ID, HOME, "agent")).finding
    assert (found.status, said in found.reason) == (status, True), found


def test_a_problem_beside_an_unknown_caller_is_told():
    answers = {**made.allowed(OTHER), **hidden(29)}
    assert judged(rules.function_timeout, "agent", **answers)[0] is BAD


def test_the_batching_window_is_waited_for_too():
    mapping = {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:jobs",
        "FunctionArn": f"{made.FUNCTION}:live",
        "MaximumBatchingWindowInSeconds": 20,
        "State": "Enabled",
    }
    answers = {"lambda__list_event_source_mappings": {"EventSourceMappings": [mapping]}}
    assert "at least 200 s" in judged(rules.function_timeout, "agent", **answers)[2]
    mapping["State"] = "Disabled"
    assert judged(rules.function_timeout, "agent", **answers)[0] is GOOD


CALLBACK = {"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}
WORKER = {"Resource": f"arn:aws:states:{HOME}:{ACCOUNT_ID}:activity:approve"}


@pytest.mark.parametrize(
    ("machine", "status"),
    [
        pytest.param(made.definition({"TimeoutSeconds": 60}), GOOD, id="every task"),
        pytest.param(made.definition({"TimeoutSecondsPath": "$.t"}), GOOD, id="from the input"),
        pytest.param(made.definition(TimeoutSeconds=3600), GOOD, id="the machine as a whole"),
        pytest.param(made.definition(), BAD, id="a task within a map"),
        pytest.param(made.definition(TimeoutSeconds=99_999_999), BAD, id="the default, written"),
        pytest.param(
            made.definition({"TimeoutSeconds": 31_536_000}),
            BAD,
            id="as long as an execution may be",
        ),
        pytest.param(made.definition({"TimeoutSeconds": 31_535_999}), GOOD, id="a second less"),
        pytest.param(made.definition({"TimeoutSeconds": "{% $t %}"}), GOOD, id="JSONata"),
        pytest.param(made.definition({"HeartbeatSeconds": 60}), BAD, id="a heartbeat alone"),
        pytest.param(
            made.definition(CALLBACK | {"HeartbeatSeconds": 60}), GOOD, id="of a callback"
        ),
        pytest.param(
            made.definition(CALLBACK | {"HeartbeatSecondsPath": "$.beat"}), GOOD, id="by its input"
        ),
        pytest.param(
            made.definition(CALLBACK | {"HeartbeatSeconds": 99_999_999}), BAD, id="in three years"
        ),
        pytest.param(made.definition(CALLBACK), BAD, id="a callback that may never come"),
        pytest.param(made.definition(WORKER | {"HeartbeatSeconds": 60}), GOOD, id="of a worker"),
        pytest.param(made.definition(WORKER), BAD, id="a worker that may be gone"),
        pytest.param(made.definition({"Type": "Pass"}), NA, id="no task"),
        pytest.param({**made.definition(), "type": "EXPRESS"}, NA, id="express"),
        pytest.param({**made.definition(), "definition": "{"}, BLIND, id="no JSON"),
        pytest.param({**made.definition(), "definition": "[" * 9000}, BLIND, id="too deep"),
        pytest.param({**made.definition(), "definition": "{}"}, BLIND, id="no states"),
        pytest.param({**made.definition(), "definition": "[]"}, BLIND, id="no object"),
    ],
)
def test_state_machine_timeouts(machine, status):
    answers = {"stepfunctions__describe_state_machine": machine}
    assert judged(rules.state_machine_timeouts, made.MACHINE, **answers)[0] is status


@pytest.mark.parametrize(
    ("config", "status"),
    [
        pytest.param({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, NA, id="express"),
        pytest.param({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, BAD, id="standard"),
        pytest.param({"Mode": "INLINE"}, BAD, id="inline"),
    ],
)
def test_child_executions_of_a_map_that_are_express_end_by_themselves(config, status):
    about = json.loads(made.definition()["definition"])
    about["States"]["Each"]["ItemProcessor"]["ProcessorConfig"] = config
    machine = {**made.definition(), "definition": json.dumps(about)}
    answers = {"stepfunctions__describe_state_machine": machine}
    assert judged(rules.state_machine_timeouts, made.MACHINE, **answers)[0] is status


def test_the_version_behind_an_alias_has_timeouts_of_its_own():
    def described(**params):
        is_version = params["stateMachineArn"] != made.MACHINE
        return made.definition() if is_version else made.definition({"TimeoutSeconds": 60})

    answers = {"stepfunctions__describe_state_machine": described}
    status, _, reason = judged(rules.state_machine_timeouts, made.MACHINE, **answers)
    assert (status, "Call (live → 7)" in reason) == (BAD, True), reason


def test_the_grace_is_over_where_a_sweep_knows_the_finding_for_longer():
    rule = rules.function_load_test
    resource = rule.subject.resource(ACCOUNT_ID, HOME, "agent")
    fake_account = made.fake_account().but(**NOBODY)
    fresh = evaluation(fake_account, [rule], bulk=True, now=NOON).observe(rule, resource).finding
    assert fresh.status is BLIND
    old = fresh.but(first_observed_at=NOON - timedelta(days=15))
    run = evaluation(fake_account, [rule], bulk=True, now=NOON)
    run.remember({(resource.key, rule.id): old})
    assert run.observe(rule, resource).finding.status is BAD
    assert run.reread().observe(rule, resource).finding.status is BAD
    assert ("dynamodb", "get_item") not in fake_account.calls


def test_what_cannot_be_read_anywhere_is_no_missing_permission():
    flows = made.allowed(FLOWS, service="connect.amazonaws.com")
    account = made.fake_account().but(**made.seconds(30), **flows)
    found = observe(account, rules.function_timeout, "agent").finding
    assert found is not None
    assert (found.status, list(found.missing)) == (BLIND, [])
