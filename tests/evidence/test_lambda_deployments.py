"""What a deployed function's loaders make of Lambda's and IAM's answers.

moto answers every function as Active and lists every alias on one page, so states, log groups and
traffic are tested on recorded answers in tests/rules/test_lambda_deployment.py.
"""

from __future__ import annotations

import io
import json
import zipfile

import boto3
import pytest
from moto import mock_aws

from readiness.engine.aws import Aws
from readiness.evidence.awslambda.functions import FUNCTION, FunctionConcurrency, moment
from readiness.evidence.awslambda.policy_callers import EntryPoints
from readiness.evidence.awslambda.smoke import SmokeTest
from readiness.evidence.awslambda.versions import Alias, FunctionAliases
from readiness.evidence.iam.principals import ROLE
from readiness.evidence.iam.role_grants import AssumedRole, Leave, RoleGrants
from readiness.model.unreadable import Gone
from readiness.semantics.policy import Document
from readiness.semantics.requesters import acting
from tests.accounts.lambda_deployment import tagged
from tests.fake_account import ACCOUNT_ID, HOME, NOON, FakeAccount, error, evaluation

AGENT = FUNCTION.resource(ACCOUNT_ID, HOME, "agent")
ASKED = [
    acting(
        "lambda.amazonaws.com", ACCOUNT_ID, f"arn:aws:lambda:{HOME}:{ACCOUNT_ID}:function:agent"
    )
]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return {}")
    return packed.getvalue()


@pytest.fixture
def account():
    """moto's Lambda and IAM with a role; no function runs."""
    with mock_aws(config={"lambda": {"use_docker": False}}):
        session = boto3.session.Session()
        iam = session.client("iam")
        arn = iam.create_role(RoleName="agent", AssumeRolePolicyDocument=json.dumps(TRUST))
        role = arn["Role"]["Arn"]
        client = session.client("lambda", region_name=HOME)
        client.create_function(
            FunctionName="agent",
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": code()},
            Publish=True,
        )
        yield session


def reading(session) -> Aws:
    return Aws(session, account=ACCOUNT_ID, region=HOME, now=lambda: NOON)


def test_aliases_concurrency_and_policies(account):
    client = account.client("lambda", region_name=HOME)
    before = reading(account)
    assert before.evidence(FunctionAliases, AGENT).evidence.all == ()
    assert before.evidence(FunctionConcurrency, AGENT).evidence.reserved is None
    assert before.evidence(EntryPoints, AGENT).evidence == EntryPoints()
    client.create_alias(FunctionName="agent", Name="live", FunctionVersion="1")
    client.put_function_concurrency(FunctionName="agent", ReservedConcurrentExecutions=0)
    client.add_permission(
        FunctionName="agent",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{HOME}:{ACCOUNT_ID}:abc123/*/GET/",
    )
    after = reading(account)
    assert after.evidence(FunctionAliases, AGENT).evidence.all == (Alias("live", "1", {}),)
    assert after.evidence(FunctionConcurrency, AGENT).evidence.reserved == 0
    assert after.evidence(EntryPoints, AGENT).evidence.apis == ("abc123",)


@pytest.mark.parametrize("cls", [FunctionAliases, FunctionConcurrency])
def test_a_function_that_is_gone(cls):
    """moto lists no aliases for a function that does not exist; Lambda refuses."""
    gone = error("ResourceNotFoundException", 404)
    fake_account = FakeAccount(
        {("lambda", "list_aliases"): gone, ("lambda", "get_function_concurrency"): gone}
    )
    with pytest.raises(Gone):
        evaluation(fake_account, []).aws.evidence(cls, AGENT)


@pytest.mark.parametrize(
    ("weights", "reached"),
    [
        pytest.param({}, ("7",), id="no second version"),
        pytest.param({"8": 0.1}, ("7", "8"), id="a canary"),
        pytest.param({"8": 0.0}, ("7",), id="a canary that is over"),
        pytest.param({"8": 1.0}, ("8",), id="all of it moved"),
    ],
)
def test_the_versions_that_an_alias_leads_to(weights, reached):
    routing = {"AdditionalVersionWeights": weights}
    alias = {"Name": "live", "FunctionVersion": "7", "RoutingConfig": routing}
    fake_account = FakeAccount({("lambda", "list_aliases"): {"Aliases": [alias]}})
    [found] = evaluation(fake_account, []).aws.evidence(FunctionAliases, AGENT).evidence.all
    assert found.versions == reached
    assert found.weights == {version: share for version, share in weights.items() if share}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("2026-11-02T11:58:12.000+0000", "2026-11-02 11:58:12+00:00", id="Lambda's"),
        pytest.param("2026-11-02T11:58:12Z", "2026-11-02 11:58:12+00:00", id="ISO"),
        pytest.param("", "None", id="empty"),
        pytest.param("yesterday", "None", id="no time"),
    ],
)
def test_times_as_lambda_writes_them(text, said):
    assert str(moment(text)) == said


def document(*actions: str, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_what_a_role_may_do_within_its_boundary(account):
    iam = account.client("iam")
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document("logs:*", "s3:*"))
    bounds = iam.create_policy(PolicyName="b", PolicyDocument=document("logs:Put*", "sqs:*"))
    iam.attach_role_policy(RoleName="agent", PolicyArn=policy["Policy"]["Arn"])
    iam.put_role_policy(
        RoleName="agent", PolicyName="in", PolicyDocument=document("sqs:SendMessage")
    )
    role = ROLE.resource(ACCOUNT_ID, HOME, "agent")
    free = reading(account).evidence(RoleGrants, role).evidence
    assert free.allows("logs:CreateLogStream", "arn:aws:logs:::x") is Leave.YES
    iam.put_role_permissions_boundary(
        RoleName="agent", PermissionsBoundary=bounds["Policy"]["Arn"]
    )
    bound = reading(account).evidence(RoleGrants, role).evidence
    allowed = {
        action: bound.allows(action, "arn:aws:any")
        for action in ("logs:PutLogEvents", "logs:CreateLogStream", "sqs:SendMessage", "ec2:X")
    }
    assert list(allowed.values()) == [Leave.YES, Leave.NO, Leave.YES, Leave.NO]


def test_a_role_that_does_not_exist(account):
    role = ROLE.resource(ACCOUNT_ID, HOME, "nobody")
    assumed = reading(account).evidence(AssumedRole, role).evidence
    assert (assumed.trust, assumed.trusts("lambda.amazonaws.com", ASKED)) == (None, False)
    assert reading(account).evidence(RoleGrants, role).evidence.documents == ()


def test_who_may_assume_a_role(account):
    role = ROLE.resource(ACCOUNT_ID, HOME, "agent")
    assumed = reading(account).evidence(AssumedRole, role).evidence
    assert assumed.trusts("lambda.amazonaws.com", ASKED)
    assert not assumed.trusts("ecs-tasks.amazonaws.com", ASKED)


LAMBDA = {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param([("Allow", {"Principal": LAMBDA}, "sts:AssumeRole")], True, id="by name"),
        pytest.param([("Allow", {"Principal": "*"}, "sts:*")], True, id="everyone"),
        pytest.param(
            [("Allow", {"Principal": LAMBDA}, "sts:TagSession")], False, id="other action"
        ),
        pytest.param(
            [
                ("Allow", {"Principal": LAMBDA}, "sts:AssumeRole"),
                ("Deny", {"Principal": "*"}, "sts:AssumeRole"),
            ],
            False,
            id="denied",
        ),
        pytest.param(
            [
                ("Allow", {"Principal": LAMBDA}, "sts:AssumeRole"),
                ("Deny", {"NotPrincipal": LAMBDA}, "sts:AssumeRole"),
            ],
            True,
            id="all others denied",
        ),
        pytest.param(
            [
                ("Allow", {"Principal": LAMBDA}, "sts:AssumeRole"),
                (
                    "Deny",
                    {"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
                    "sts:AssumeRole",
                ),
            ],
            True,
            id="denied without TLS",
        ),
    ],
)
def test_a_trust_policy_trusts_a_service(statements, expected):
    trust = Document.of(
        "trust policy",
        {"Statement": [{"Effect": e, "Action": a} | who for e, who, a in statements]},
    )
    assert AssumedRole("agent", trust).trusts("lambda.amazonaws.com", ASKED) is expected


def test_a_smoke_event_is_sent_by_a_client_that_never_retries(account):
    """moto runs no code: it echoes the event, which is enough to see it arrive.

    Its tagging API does not know functions asked for by their ARN, so that answer is recorded.
    """
    tags = {"readiness:smoke-event": "/readiness/smoke/agent"}
    recorded = FakeAccount({("resourcegroupstaggingapi", "get_resources"): tagged(tags)})
    account.client("ssm", region_name=HOME).put_parameter(
        Name="/readiness/smoke/agent", Type="String", Value='{"ping": true}'
    )
    made = []

    class Watched:
        def client(self, service, **how):
            made.append((service, how["config"].retries["total_max_attempts"]))
            tagging = service == "resourcegroupstaggingapi"
            return (recorded if tagging else account).client(service, **how)

    answered = reading(Watched()).evidence(SmokeTest, AGENT).evidence
    assert (answered.status_code, answered.error, answered.fault) == (200, "", "")
    assert ("lambda", 1) in made
    assert ("ssm", 4) in made
