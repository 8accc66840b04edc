"""What is read of the documentation of APIs and of the variables of a workload."""

from __future__ import annotations

import io

import pytest

from functions.development_documentation.app import development_documentation
from readiness import Status
from tests.accounts import development_documentation as account
from tests.accounts.development_documentation import export, function, methods, part, stages
from tests.fake_account import error, observe

RULES = {rule.name: rule for rule in development_documentation.rules}
GUIDE = "configuration-guide"


def finding(fake_account, rule, id):
    found = observe(fake_account, RULES[rule], id).finding
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("parts", "documented"),
    [
        pytest.param([part("GET"), part("POST")], True, id="each"),
        pytest.param([part("*")], True, id="every method of the path"),
        pytest.param([part("*", path="/")], False, id="inherited from the root"),
        pytest.param([part("GET")], False, id="one of two"),
        pytest.param([part("GET"), part("POST", told="")], False, id="an empty part"),
        pytest.param([part("GET"), part("POST", told="TODO")], False, id="a word"),
    ],
)
def test_which_methods_api_gateway_documents(parts, documented):
    fake_account = account.fake_account().but(
        apigateway__get_documentation_parts={"items": parts},
        dynamodb__query={"Items": []},
    )
    status = finding(fake_account, "rest-api-documentation", account.REST).status
    assert status is (Status.COMPLIANT if documented else Status.INSUFFICIENT_DATA)


def test_a_part_that_is_no_json_says_nothing():
    broken = {**part("POST"), "properties": "{"}
    listed = {**part("POST"), "properties": "[]"}
    fake_account = account.fake_account().but(
        apigateway__get_documentation_parts={"items": [part("GET"), broken, listed]},
        dynamodb__query={"Items": []},
    )
    found = finding(fake_account, "rest-api-documentation", account.REST)
    assert found.observed["undocumented_in_api_gateway"] == ["POST /orders"]


def test_a_stage_without_documentation_does_not_publish_it():
    fake_account = account.fake_account().but(
        apigateway__get_stages=stages("v1", version=""), dynamodb__query={"Items": []}
    )
    found = finding(fake_account, "rest-api-documentation", account.REST)
    assert found.observed["stages_without_documentation"] == ["v1"]


@pytest.mark.parametrize(
    ("exported", "lacking"),
    [
        pytest.param(export(), [], id="both published"),
        pytest.param(export(parts=("GET",)), ["v1: POST /orders"], id="one added since"),
        pytest.param(
            export(parts=()), ["v1: GET /orders and POST /orders"], id="an empty version"
        ),
        pytest.param(export(("get",), ("GET",)), [], id="the other is not deployed yet"),
        pytest.param(
            export(("get", "delete")), ["v1: DELETE /orders"], id="one that is no more there"
        ),
        pytest.param(
            export(("x-amazon-apigateway-any-method",), ("*",)), [], id="any method, documented"
        ),
        pytest.param(
            export(("x-amazon-apigateway-any-method",), ()), ["v1: ANY /orders"], id="any method"
        ),
    ],
)
def test_a_stage_publishes_the_parts_of_its_version(exported, lacking):
    fake_account = account.fake_account().but(
        apigateway__get_export=exported, dynamodb__query={"Items": []}
    )
    found = finding(fake_account, "rest-api-documentation", account.REST)
    assert (found.status is Status.COMPLIANT) is (not lacking), found.reason
    if lacking:
        assert found.observed["published_without"] == lacking


@pytest.mark.parametrize("body", [b"", b"[]", b'{"paths": {"/": []}}', b'{"openapi": "3.0.1"}'])
def test_an_export_that_cannot_be_read_proves_nothing(body):
    fake_account = account.fake_account().but(
        apigateway__get_export=lambda **_: {"body": io.BytesIO(body)}
    )
    found = finding(fake_account, "rest-api-documentation", account.REST)
    assert (found.status, found.missing) == (Status.INSUFFICIENT_DATA, ("apigateway:GET",))


def test_a_stage_that_cannot_be_exported_publishes_nothing_that_is_known():
    fake_account = account.fake_account().but(
        apigateway__get_export=error("BadRequestException"), dynamodb__query={"Items": []}
    )
    found = finding(fake_account, "rest-api-documentation", account.REST)
    assert found.status is Status.INSUFFICIENT_DATA
    assert found.observed["stages_not_exported"] == ["v1"]


def test_an_api_without_stages_or_methods_has_nothing_to_document():
    for changes in (
        {"apigateway__get_stages": {"item": []}},
        {"apigateway__get_resources": {"items": [methods("OPTIONS")]}},
    ):
        fake_account = account.fake_account().but(**changes)
        found = finding(fake_account, "rest-api-documentation", account.REST)
        assert found.status is Status.NOT_APPLICABLE


def test_a_new_variable_makes_the_guide_void():
    fake_account = account.fake_account().but(
        lambda__list_functions={"Functions": [function(LOG_LEVEL="INFO", NEW_FLAG="secret!")]}
    )
    found = finding(fake_account, GUIDE, account.WORKLOAD)
    assert (found.status, "NEW_FLAG" in found.reason) == (Status.NON_COMPLIANT, True)
    assert "secret!" not in f"{found.reason}{found.observed}"


def test_the_variables_of_another_function_are_not_of_the_workload():
    other = {**function(OTHER="1"), "FunctionName": "other", "FunctionArn": "arn:aws:lambda:x"}
    fake_account = account.fake_account().but(
        lambda__list_functions={"Functions": [function(LOG_LEVEL="INFO"), other]}
    )
    assert finding(fake_account, GUIDE, account.WORKLOAD).status is Status.COMPLIANT


def test_variables_that_lambda_could_not_decrypt_are_unknown():
    hidden = {**function(), "Environment": {"Error": {"ErrorCode": "AccessDeniedException"}}}
    fake_account = account.fake_account().but(lambda__list_functions={"Functions": [hidden]})
    found = finding(fake_account, GUIDE, account.WORKLOAD)
    assert (found.status, "AccessDenied" in found.reason) == (Status.INSUFFICIENT_DATA, True)


def test_a_service_deleted_since_it_was_listed_has_no_variables():
    fake_account = account.fake_account().but(
        ecs__describe_services={"services": [], "failures": [{"reason": "MISSING"}]}
    )
    found = finding(fake_account, GUIDE, account.WORKLOAD)
    assert found.observed["configuration_keys"] == ["LOG_LEVEL", "appconfig:shop/rate_limits"]


def test_an_api_that_is_gone_has_no_finding():
    gone = error("NotFoundException", 404)
    fake_account = account.fake_account().but(apigateway__get_rest_api=gone)
    assert observe(fake_account, RULES["rest-api-documentation"], account.REST).finding is None
