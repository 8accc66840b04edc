"""What AWS makes and runs needs no alarms of ours: canaries, Control Tower, CDK."""

from __future__ import annotations

from dataclasses import replace

from functions.alarms.rules_of_errors_and_latency import lambda_errors, lambda_latency
from functions.alarms.rules_of_utilization import lambda_throttles
from functions.error_handling.app import asynchronous_failures
from functions.network_security.app import lambda_private_subnets
from functions.secrets_management.app import lambda_environment
from readiness import Status
from readiness.evidence.awslambda.asynchronous import AsynchronousUse
from readiness.evidence.awslambda.environments import RunEnvironments
from readiness.evidence.awslambda.functions import LATEST, FunctionIdentity, FunctionTags
from readiness.evidence.awslambda.network import ReachedNetworks
from readiness.evidence.ec2.vpcs import Route
from tests.rules.test_alarms import AGENT, ALONE, RUNS_30_S, in_use
from tests.rules.test_error_handling import CALLED, SNS, VERSIONS
from tests.rules.test_network_security import PRIVATE, SUBNETS, through

BY_AWS = (
    "cwsyn-checkout-0a1b2c3d",
    "aws-controltower-NotificationForwarder",
    "shop-LogRetentionaae0aa3c5b4d4f87b02d85b201-2QZ9sjniwX2i",
    "recording-mgmt-svc-prod-f-LogRetentionaae0aa3c5b4d-nA1s7zJoDYhh",
    "shop-CustomS3AutoDeleteObject-rbyHn2aBcDe4",
    "shop-AWS679f53fac002430cb0da5b7982bd22872D164C4C-AbCdEfGh1234",
    "shop-CustomCDKBucketDeployment8693BB64968944B69AAFB-1VXJZ2H0QW3RT",
    "shop-BucketNotificationsHandler050a0587b754-z8E1DEE5a2Zy",
)
OWN = (
    "agent",
    "my-cwsyn-1",
    "cwsynthetics",
    "controltower-agent",
    "LogRetention",
    "shop-LogRetention-nA1s7zJoDYhh",
    "CustomS3AutoDeleteObject",
    "shop-Handler886CB40B-AbCdEfGh1234",
)


def placed(name, network, routes=PRIVATE):
    about = replace(AGENT, name=name)
    return lambda_private_subnets(about, network, FunctionTags({}), SUBNETS, routes)


def verdicts(name):
    """Of a function with nothing around it."""
    about = replace(AGENT, name=name)
    use = AsynchronousUse(name, SNS, versions=VERSIONS)
    return [
        lambda_errors(about, ALONE, in_use()),
        lambda_latency(about, RUNS_30_S, ALONE, in_use()),
        lambda_throttles(FunctionIdentity(name), in_use()),
        asynchronous_failures(use, CALLED, (), (), (), ()),
        placed(name, ReachedNetworks({LATEST: ()})),
    ]


def test_nothing_is_asked_that_the_owner_of_the_account_cannot_add():
    for name in BY_AWS:
        assert {each.status for each in verdicts(name)} == {Status.NOT_APPLICABLE}, name
    for name in OWN:
        assert {each.status for each in verdicts(name)} == {Status.NON_COMPLIANT}, name


def test_what_such_a_function_exposes_counts():
    public = through(Route("0.0.0.0/0", "igw-1"))
    network = ReachedNetworks({LATEST: ("subnet-a",)})
    assert placed(BY_AWS[0], network, public).status is Status.NON_COMPLIANT
    leaking = RunEnvironments({LATEST: {"DB_PASSWORD": "Tr0ub4dor&3"}})
    assert lambda_environment(leaking).status is Status.NON_COMPLIANT
