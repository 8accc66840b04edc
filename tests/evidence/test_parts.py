"""A listing that asks once for each parent: one parent that fails costs its own part alone."""

from __future__ import annotations

import pytest

from readiness.engine.survey import Coverage, survey
from readiness.evidence.apigateway.stage_cache import StageCache
from readiness.evidence.apigateway.stages import HTTP_STAGE, REST_STAGE, HttpStage, RestStage
from readiness.evidence.elbv2.listeners import LISTENER, Listener
from readiness.model.unreadable import Cause, Unreadable
from readiness.model.verdict import Status
from readiness_cli.catalogue import rules
from tests.account_variants import module_of
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

APIS = [f"api{n}" for n in range(5)]
REST = [f"arn:aws:apigateway:{HOME}::/restapis/{api}/stages/prod" for api in APIS]
HTTP = [f"arn:aws:apigateway:{HOME}::/apis/{api}/stages/prod" for api in APIS]
BALANCERS = [
    f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT_ID}:loadbalancer/app/lb{n}/50dc6c49"
    for n in range(5)
]
LISTENERS = [each.replace(":loadbalancer/", ":listener/") + "/aa" for each in BALANCERS]


def rest_stages(**params):
    if params["restApiId"] == "api2":
        return error("TooManyRequestsException", 429)
    return {"item": [{"stageName": "prod", "tracingEnabled": True}]}


def http_stages(**params):
    if params["ApiId"] == "api2":
        return error("TooManyRequestsException", 429)
    return {"Items": [{"StageName": "prod"}]}


def listeners(**params):
    balancer = params["LoadBalancerArn"]
    if balancer == BALANCERS[2]:
        return error("Throttling")
    arn = balancer.replace(":loadbalancer/", ":listener/") + "/aa"
    return {"Listeners": [{"ListenerArn": arn, "LoadBalancerArn": balancer}]}


def fake_account():
    return FakeAccount(
        {
            ("apigateway", "get_rest_apis"): {"items": [{"id": api, "name": api} for api in APIS]},
            ("apigateway", "get_stages"): rest_stages,
            ("apigatewayv2", "get_apis"): {
                "Items": [
                    {
                        "ApiId": api,
                        "Name": api,
                        "ProtocolType": "HTTP",
                        "RouteSelectionExpression": "",
                    }
                    for api in APIS
                ]
            },
            ("apigatewayv2", "get_stages"): http_stages,
            ("elbv2", "describe_load_balancers"): {
                "LoadBalancers": [
                    {"LoadBalancerArn": arn, "LoadBalancerName": "lb", "Type": "application"}
                    for arn in BALANCERS
                ]
            },
            ("elbv2", "describe_listeners"): listeners,
        }
    )


CASES = [
    pytest.param(REST_STAGE, RestStage, REST, id="REST stages"),
    pytest.param(REST_STAGE, StageCache, REST, id="REST stage caches"),
    pytest.param(HTTP_STAGE, HttpStage, HTTP, id="HTTP stages"),
    pytest.param(LISTENER, Listener, LISTENERS, id="listeners"),
]


@pytest.mark.parametrize(("about", "evidence", "ids"), CASES)
def test_the_other_parts_are_found(about, evidence, ids):
    with pytest.raises(Unreadable) as caught:
        evaluation(fake_account(), []).aws.find(about)
    assert caught.value.cause is Cause.THROTTLED
    assert set(caught.value.found) == {*ids} - {ids[2]}


@pytest.mark.parametrize(("about", "evidence", "ids"), CASES)
def test_the_other_parts_are_loaded_at_once(about, evidence, ids):
    account = fake_account()
    run = evaluation(account, [], bulk=True)

    def load(id):
        return run.aws.evidence(evidence, about.resource(ACCOUNT_ID, HOME, id)).evidence

    assert load(ids[0]) is not None
    assert load(ids[4]) is not None
    asked = len(account.calls)
    with pytest.raises(Unreadable):
        load(ids[2])
    assert len(account.calls) == asked, "what failed for the parent is not asked one by one"


def test_a_survey_judges_the_other_parts_and_does_not_call_the_type_covered():
    rule = rules()["xray.stage-tracing"]
    account = module_of("xray").fake_account()
    account.answers |= fake_account().answers
    run, coverage = evaluation(account, [rule], bulk=True), Coverage()
    seen = list(survey(run, [rule], coverage))
    judged = {o.resource.id: o.finding.status for o in seen if o.resource.type == REST_STAGE.name}
    assert judged == dict.fromkeys({*REST} - {REST[2]}, Status.COMPLIANT)
    [unlisted] = [o for o in seen if o.resource.type != REST_STAGE.name]
    assert unlisted.finding.status is Status.INSUFFICIENT_DATA
    assert REST_STAGE in coverage.failed
    assert REST_STAGE not in coverage.listed
