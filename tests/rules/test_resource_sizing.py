"""Load tests, scaling and timeouts: each outcome of the rules of resource sizing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.resource_sizing import app as rules
from readiness import Severity, Status
from readiness.model.attestation import Result
from tests.accounts import resource_sizing as made
from tests.fake_account import ACCOUNT_ID, HOME, NOON, error, observe

GOOD, BAD, NA, BLIND = (
    Status.COMPLIANT,
    Status.NON_COMPLIANT,
    Status.NOT_APPLICABLE,
    Status.INSUFFICIENT_DATA,
)
HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
NOBODY = {"dynamodb__query": {"Items": []}}


def judged(rule, id, settings=None, **answers):
    """Status, severity and reason of one rule on one resource, with other answers of AWS."""
    seen = observe(made.fake_account().but(**answers), rule, id, **(settings or {}))
    assert not seen.crash, seen.crash
    finding = seen.finding
    return finding.status, finding.severity, finding.reason


def function(**changes):
    about = made.function(**changes)
    return {
        "lambda__get_function_configuration": about,
        "lambda__list_functions": {"Functions": [about]},
    }


def service(**changes):
    return {"ecs__describe_services": {"services": [made.service(**changes)]}}


def metrics(**changes):
    return {"cloudwatch__get_metric_data": made.metrics(**changes)}


def attested(rule, **changes):
    return {"dynamodb__query": {"Items": made.declared(f"resource_sizing.{rule}", **changes)}}


def optimizer(name, answer):
    return {f"compute-optimizer__get_{name}_recommendations": answer}


def lambdas(*reasons, finding="NotOptimized", size=512, version="$LATEST"):
    each = {
        "functionArn": made.FUNCTION,
        "functionVersion": version,
        "currentMemorySize": size,
        "finding": finding,
        "findingReasonCodes": list(reasons),
    }
    return optimizer("lambda_function", {"lambdaFunctionRecommendations": [each]})


def services(finding, *reasons, task=made.TASKS):
    each = {
        "serviceArn": made.SERVICE,
        "finding": finding,
        "findingReasonCodes": list(reasons),
        "currentServiceConfiguration": {"taskDefinitionArn": task},
    }
    return optimizer("ecs_service", {"ecsServiceRecommendations": [each]})


OPTED_OUT = optimizer("lambda_function", error("OptInRequiredException"))


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, MEDIUM, "valid until", id="attested"),
        pytest.param(
            OPTED_OUT, GOOD, MEDIUM, "valid until", id="attested without Compute Optimizer"
        ),
        pytest.param(
            lambdas("MemoryUnderprovisioned"),
            BAD,
            MEDIUM,
            "Compute Optimizer finds 512 MiB of memory too little",
            id="contradicted by Compute Optimizer",
        ),
        pytest.param(
            lambdas("MemoryUnderprovisioned", size=256),
            GOOD,
            MEDIUM,
            "valid until",
            id="a recommendation for another size says nothing",
        ),
        pytest.param(metrics(memory_utilization=95), BAD, MEDIUM, "95 %", id="memory full"),
        pytest.param(
            metrics(memory_utilization=None), GOOD, MEDIUM, "valid until", id="not measured"
        ),
        pytest.param(
            function(MemorySize=1024),
            BAD,
            MEDIUM,
            "void because memory_size changed from 512 to 1024",
            id="void when the memory changes",
        ),
        pytest.param(
            function(Architectures=["x86_64"]),
            BAD,
            MEDIUM,
            "void because architecture",
            id="void when the architecture changes",
        ),
        pytest.param(
            function(MemorySize=128, Timeout=3), BAD, MEDIUM, "Lambda's defaults", id="untouched"
        ),
        pytest.param(
            attested("function-load-test", result=Result.FAIL), BAD, MEDIUM, "failed", id="failed"
        ),
        pytest.param(
            attested("function-load-test", performed_at=NOON - timedelta(days=181)),
            BAD,
            MEDIUM,
            "expired",
            id="too old",
        ),
        pytest.param(NOBODY, BLIND, MEDIUM, "is not attested yet", id="nobody attested"),
        pytest.param(
            {**NOBODY, **lambdas("MemoryOverprovisioned")},
            BAD,
            LOW,
            "too much",
            id="waste that nobody explains",
        ),
        pytest.param(
            lambdas("MemoryOverprovisioned"),
            GOOD,
            MEDIUM,
            "valid until",
            id="waste that was tested",
        ),
        pytest.param(
            {**NOBODY, **metrics(memory_utilization=20)}, BAD, LOW, "At most 20 %", id="idle"
        ),
        pytest.param(function(MasterArn="arn:edge"), NA, MEDIUM, "Lambda@Edge", id="replica"),
        pytest.param(
            {"dynamodb__query": error("AccessDeniedException", 403)},
            BLIND,
            MEDIUM,
            "dynamodb:Query",
            id="declarations unreadable",
        ),
    ],
)
def test_function_load_test(answers, status, severity, said):
    found = judged(rules.function_load_test, "agent", **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


@pytest.mark.parametrize(
    ("name", "runs", "status"),
    [
        ("shop-dev-custom-resource-existing-s3", 3, NA),
        ("shop-ImportProviderframeworkisComplete83C1D0A7-0aBcDeFgHiJk", 10_000, NA),
        ("customers-custom-resources-api", 10_001, BLIND),
    ],
)
def test_a_custom_resource_that_its_runs_contradict(name, runs, status):
    about = function(FunctionName=name, FunctionArn=made.FUNCTION.replace("agent", name))
    seldom = {"cloudwatch__get_metric_data": made.metrics(Invocations=runs)}
    found = judged(rules.function_load_test, name, **about, **seldom, **NOBODY)
    assert found[0] is status, found


def unpublished(calls=0, provider="", **changes):
    """Callers reach version 7 through an alias; $LATEST has other settings and so many calls."""
    managed = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": provider}}
    changes |= {"CapacityProviderConfig": managed} if provider else {}

    def configuration(**params):
        return made.function(**({} if params.get("Qualifier") else changes))

    def measured(**params):
        counted = made.metrics()(**params)
        for asked, result in zip(
            params["MetricDataQueries"], counted["MetricDataResults"], strict=True
        ):
            metric = asked["MetricStat"]["Metric"]
            named = [each["Name"] for each in metric["Dimensions"]]
            if metric["MetricName"] == "Invocations" and named == ["FunctionName"]:
                result["Values"] = [100.0 + calls]
        return counted

    return {
        "lambda__get_function_configuration": configuration,
        "lambda__list_functions": {"Functions": [made.function(**changes)]},
        "cloudwatch__get_metric_data": measured,
    }


PROVIDER = f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:capacity-provider:agents"


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        pytest.param(unpublished(MemorySize=2048), GOOD, "valid until", id="not called"),
        pytest.param(
            unpublished(calls=1, MemorySize=2048),
            BAD,
            "In $LATEST: A load test is attested, but it is void because memory_size changed from"
            " 512 to 2048",
            id="called beside the alias",
        ),
        pytest.param(
            unpublished(calls=1, Architectures=["x86_64"]), BAD, "In $LATEST", id="architecture"
        ),
        pytest.param(
            {**unpublished(MemorySize=2048), "lambda__list_aliases": {"Aliases": []}},
            BAD,
            "changed from 512 to 2048",
            id="without an alias",
        ),
        pytest.param(
            unpublished(calls=9, provider=PROVIDER, MemorySize=4096),
            GOOD,
            "valid until",
            id="managed instances do not run it",
        ),
        pytest.param(
            {**unpublished(MemorySize=2048), **lambdas("MemoryUnderprovisioned", size=2048)},
            GOOD,
            "valid until",
            id="a recommendation for what is not called",
        ),
        pytest.param(
            {**unpublished(MemorySize=2048), **lambdas("MemoryUnderprovisioned")},
            BAD,
            "finds 512 MiB of memory too little",
            id="a recommendation for the size that runs",
        ),
        pytest.param(
            {**unpublished(MemorySize=2048), **lambdas("MemoryUnderprovisioned", version="7")},
            BAD,
            "finds 512 MiB of memory too little",
            id="a recommendation for the version that runs",
        ),
        pytest.param(
            {**unpublished(MemorySize=2048), **lambdas("MemoryUnderprovisioned", version="6")},
            GOOD,
            "valid until",
            id="a recommendation for an older version",
        ),
    ],
)
def test_the_load_test_is_that_of_the_versions_that_run(answers, status, said):
    found = judged(rules.function_load_test, "agent", **answers)
    assert (found[0], said in found[2]) == (status, True), found


def test_the_load_test_of_a_version_that_was_published_with_another_size():
    def configuration(**params):
        return made.function(**({"MemorySize": 256} if params.get("Qualifier") == "7" else {}))

    answers = {"lambda__get_function_configuration": configuration}
    found = judged(rules.function_load_test, "agent", **answers)
    assert (found[0], "memory_size changed from 512 to 256" in found[2]) == (BAD, True), found


def test_memory_used_before_the_last_change_says_nothing():
    changed = (NOON - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    answers = {**function(LastModified=changed), **metrics(memory_utilization=99)}
    assert judged(rules.function_load_test, "agent", **answers)[0] is GOOD


def test_one_person_is_enough_only_where_the_setting_says_so():
    [alone, _] = made.declared("resource_sizing.function-load-test")
    answers = {"dynamodb__query": {"Items": [alone]}}
    assert judged(rules.function_load_test, "agent", **answers)[0] is BAD
    alone_will_do = {"two_people": False}
    assert judged(rules.function_load_test, "agent", alone_will_do, **answers)[0] is GOOD


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, MEDIUM, "valid until", id="attested"),
        pytest.param(
            services("Underprovisioned", "CPUUnderprovisioned"),
            BAD,
            MEDIUM,
            "too little",
            id="contradicted",
        ),
        pytest.param(
            services("Underprovisioned", task=made.TASKS.replace(":7", ":6")),
            GOOD,
            MEDIUM,
            "valid until",
            id="about an older task definition",
        ),
        pytest.param(metrics(MemoryUtilization=92), BAD, MEDIUM, "92 %", id="memory full"),
        pytest.param({**NOBODY, **services("Overprovisioned")}, BAD, LOW, "too much", id="waste"),
        pytest.param(NOBODY, BLIND, MEDIUM, "is not attested yet", id="nobody attested"),
        pytest.param(
            attested("service-load-test", bound_to={"cpu": 512, "memory": 2048}),
            BAD,
            MEDIUM,
            "void because cpu changed from 512 to 1024",
            id="void when the tasks change",
        ),
    ],
)
def test_service_load_test(answers, status, severity, said):
    found = judged(rules.service_load_test, made.SERVICE, **answers)
    assert (found[:2], said in found[2]) == ((status, severity), True), found


TARGETS = "application-autoscaling__describe_scalable_targets"


# -- who waits for a function ---------------------------------------------------------------


def hidden(seconds):
    return {"sqs__get_queue_attributes": {"Attributes": {"VisibilityTimeout": str(seconds)}}}


API = made.http_api()
BALANCER = made.load_balancer()
