"""Sensitive data is masked, and where data flows is documented."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.data_privacy.app import (
    application_masking,
    data_flows,
    log_group_masking,
    role_unmask,
    topic_masking,
    user_unmask,
)
from readiness import Status
from readiness.evidence.iam.groups import GroupPolicies
from readiness.evidence.iam.managed_policies import PolicyDocument
from readiness.evidence.iam.roles import RolePolicies
from readiness.evidence.iam.users import UserPolicies
from readiness.evidence.logs import LogProtection
from readiness.evidence.sns.topics import TopicProtection
from readiness.evidence.workloads.data_flows import OutsideParties
from readiness.evidence.workloads.data_stores import DataStores
from readiness.evidence.workloads.log_masking import LogMasking
from readiness.model.attestation import Attestation, Attested, Scope
from readiness.semantics.policy import Document
from tests.accounts.data_privacy import MASKED, policy
from tests.fake_account import NOON

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA


def check(verdict, status, said=""):
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


# -- log groups -----------------------------------------------------------------------------------

OWN = LogProtection("/aws/lambda/agent", status="ACTIVATED")
INHERITED = LogProtection("/aws/lambda/agent", inherits=True)
ALL = policy(*MASKED)


def once(status):
    return LogMasking(LogProtection("/aws/lambda/agent", status=status))


@pytest.mark.parametrize(
    ("group", "status", "said"),
    [
        pytest.param(LogMasking(OWN, ALL), GOOD, "masked: CreditCard", id="its own policy"),
        pytest.param(LogMasking(INHERITED, of_account=ALL), GOOD, "", id="the account's policy"),
        pytest.param(
            LogMasking(replace(OWN, inherits=True), policy(*MASKED[:1]), policy(*MASKED[1:])),
            GOOD,
            "",
            id="both together",
        ),
        pytest.param(once(""), BAD, "No data protection policy masks", id="no policy"),
        pytest.param(once("DELETED"), BAD, "once (DELETED)", id="deleted"),
        pytest.param(once("DISABLED"), BAD, "once (DISABLED)", id="disabled"),
        pytest.param(once("ARCHIVED"), BAD, "once (ARCHIVED)", id="archived"),
        pytest.param(
            LogMasking(OWN, policy(*MASKED, operation="Audit")),
            BAD,
            "are only audited, which masks nothing",
            id="audit alone",
        ),
        pytest.param(
            LogMasking(OWN, policy("EmailAddress")),
            BAD,
            "not masked: CreditCardNumber and Ssn-US",
            id="an identifier is missing",
        ),
        pytest.param(LogMasking(OWN, ""), BAD, "not masked", id="a policy without a document"),
        pytest.param(LogMasking(OWN, "{"), UNKNOWN, "not a valid", id="not JSON"),
        pytest.param(LogMasking(OWN, '{"Statement": [{}]}'), UNKNOWN, "", id="not a policy"),
        pytest.param(
            LogMasking(replace(OWN, inherits=True), ALL, "{"), GOOD, "", id="enough is understood"
        ),
        pytest.param(
            LogMasking(replace(once("").about, group_class="INFREQUENT_ACCESS")),
            BAD,
            "INFREQUENT_ACCESS, for which CloudWatch Logs masks nothing",
            id="a class without masking",
        ),
        pytest.param(
            LogMasking(once("").about, is_active=False), NA, "two weeks", id="nothing arrives"
        ),
        pytest.param(
            LogMasking(replace(OWN, group_class="ESSENTIALS"), ALL), GOOD, "", id="a class with it"
        ),
    ],
)
def test_log_group_masking(group, status, said):
    check(log_group_masking(group), status, said)


def test_what_has_to_be_masked_and_where_are_settings():
    group = LogMasking(OWN, policy("Name", "agent-id"))
    check(log_group_masking(group), BAD)
    check(log_group_masking(group, required_identifiers=("Name", "agent-id")), GOOD)
    check(log_group_masking(group, exempt_groups=("/aws/lambda/*",)), NA, "exempt_groups")
    check(log_group_masking(group, exempt_groups=("/aws/ecs/*",)), BAD)


# -- topics ---------------------------------------------------------------------------------------

EVERYONE = {"Principal": ["*"], "DataDirection": "Inbound"}


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        pytest.param(policy(*MASKED, **EVERYONE), GOOD, "", id="masked"),
        pytest.param(policy(*MASKED, operation="Deny", **EVERYONE), GOOD, "", id="blocked"),
        pytest.param("", BAD, "not masked", id="no policy"),
        pytest.param(
            policy(*MASKED, operation="Audit", **EVERYONE), BAD, "only audited", id="audit"
        ),
        pytest.param(
            policy(*MASKED, Principal=["arn:aws:iam::111122223333:role/x"]),
            BAD,
            "from some principals only",
            id="for one principal",
        ),
        pytest.param(
            policy(*MASKED, NotPrincipal=["arn:aws:iam::111122223333:role/x"]),
            BAD,
            "from some principals only",
            id="with exceptions",
        ),
        pytest.param("[]", UNKNOWN, "not a valid", id="not a policy"),
    ],
)
def test_topic_masking(text, status, said):
    check(topic_masking(TopicProtection("orders", text), masked_topics=("ord*",)), status, said)


def test_only_named_topics_are_judged():
    check(topic_masking(TopicProtection("orders")), NA, "does not name")
    check(topic_masking(TopicProtection("orders"), masked_topics=("alarms",)), NA)
    masked = TopicProtection("orders", policy("Name"))
    check(topic_masking(masked, masked_topics=("orders",)), BAD)
    given = {"masked_topics": ("orders",), "required_identifiers": ("Name",)}
    check(topic_masking(masked, **given), GOOD)


# -- who may unmask -------------------------------------------------------------------------------


def document(name, *statements):
    every = [
        {"Effect": "Allow"} | ({} if "NotResource" in each else {"Resource": "*"}) | each
        for each in statements
    ]
    return Document.of(name, {"Version": "2012-10-17", "Statement": every})


def role(*statements, boundary=None, more=()):
    return [document("own", *statements), *more], boundary


UNMASKS = {"Action": "logs:Unmask"}
DENIED_BUT = UNMASKS | {"Effect": "Deny"}
GROUP_ARN = "arn:aws:logs:us-east-1:111122223333:log-group:"


@pytest.mark.parametrize(
    ("grants", "status", "said"),
    [
        pytest.param(role(UNMASKS), BAD, "statement 1 of own allows", id="by name"),
        pytest.param(role({"Action": "logs:*"}), BAD, "", id="full access to logs"),
        pytest.param(role({"Action": "*"}), BAD, "", id="an administrator"),
        pytest.param(role({"NotAction": "iam:*"}), BAD, "", id="a power user"),
        pytest.param(role(UNMASKS | {"Resource": f"{GROUP_ARN}*"}), BAD, "", id="every group"),
        pytest.param(role(UNMASKS | {"Resource": f"{GROUP_ARN}*:*"}), BAD, "", id="with streams"),
        pytest.param(role(UNMASKS | {"Resource": f"{GROUP_ARN}/a:*"}), GOOD, "", id="one group"),
        pytest.param(
            role(UNMASKS | {"Resource": "arn:aws:logs:*:*:log-group*"}),
            BAD,
            "",
            id="a wildcard beyond the colon",
        ),
        pytest.param(
            role(UNMASKS | {"Resource": "arn:aws:logs:*"}), BAD, "", id="a wildcard for the rest"
        ),
        pytest.param(
            role(UNMASKS | {"Resource": "arn:aws:logs:*:*:*"}), BAD, "", id="all in the service"
        ),
        pytest.param(role(UNMASKS | {"Resource": "arn:aws:s3:*"}), GOOD, "", id="another service"),
        pytest.param(role({"Action": "logs:Get*"}), GOOD, "No policy", id="reads"),
        pytest.param(
            role({"Action": "*", "NotResource": "arn:aws:logs:*:*:*"}),
            GOOD,
            "No policy",
            id="everything but logs",
        ),
        pytest.param(
            role({"Action": "*", "NotResource": f"{GROUP_ARN}/a:*"}),
            BAD,
            "",
            id="every group but one",
        ),
        pytest.param(([], None), GOOD, "", id="no policies"),
        pytest.param(
            role({"Action": "*"}, UNMASKS | {"Effect": "Deny"}), GOOD, "denies", id="denied"
        ),
        pytest.param(
            role({"Action": "*"}, UNMASKS | {"Effect": "Deny", "Resource": f"{GROUP_ARN}/a:*"}),
            BAD,
            "",
            id="denied for one group",
        ),
        pytest.param(
            role({"Action": "*"}, UNMASKS | {"Effect": "Deny", "Resource": f"{GROUP_ARN}*"}),
            BAD,
            "",
            id="denied in one region",
        ),
        pytest.param(
            role(
                {"Action": "*"},
                UNMASKS | {"Effect": "Deny", "Resource": "arn:aws:logs:*:*:log-group:*"},
            ),
            GOOD,
            "denies",
            id="denied for the groups of each region",
        ),
        *(
            pytest.param(
                role({"Action": "*"}, DENIED_BUT | {"NotResource": left_out}), status, said, id=id
            )
            for left_out, status, said, id in (
                (f"{GROUP_ARN}/a:*", GOOD, "denies", "denied for all groups but one"),
                ("arn:aws:logs:*:*:log-group:*", BAD, "", "denied for what is no group"),
            )
        ),
        pytest.param(
            role(
                {"Action": "*"},
                UNMASKS
                | {"Effect": "Deny", "Condition": {"StringEquals": {"aws:RequestedRegion": "x"}}},
            ),
            BAD,
            "",
            id="denied under a condition",
        ),
        pytest.param(
            role(UNMASKS | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}),
            BAD,
            "under the conditions Bool aws:MultiFactorAuthPresent",
            id="under a condition",
        ),
        pytest.param(
            role({"Action": "*"}, boundary=document("edge", {"Action": "s3:*"})),
            GOOD,
            "boundary",
            id="the boundary does not allow it",
        ),
        pytest.param(
            role({"Action": "*"}, boundary=document("edge", {"Action": "logs:*"})),
            BAD,
            "",
            id="the boundary allows it",
        ),
        pytest.param(
            role({"Action": "*"}, boundary=document("edge", UNMASKS | {"Effect": "Deny"})),
            GOOD,
            "denies",
            id="the boundary denies it",
        ),
        pytest.param(([Document("own", flaw="no JSON")], None), UNKNOWN, "own", id="flawed"),
        pytest.param(
            role(UNMASKS, more=[Document("more", flaw="no JSON")]),
            BAD,
            "",
            id="flawed, and allowed",
        ),
        pytest.param(
            role({"Action": "*"}, boundary=Document("edge", flaw="no JSON")),
            UNKNOWN,
            "edge",
            id="a flawed boundary",
        ),
    ],
)
def test_who_may_unmask(grants, status, said):
    documents, boundary = grants
    edge = PolicyDocument(boundary) if boundary else None
    own = RolePolicies("agent", inline=tuple(documents))
    check(role_unmask(own, (), edge), status, said)
    managed = tuple(map(PolicyDocument, documents))
    check(role_unmask(RolePolicies("agent"), managed, edge), status, said)
    check(user_unmask(UserPolicies("jane", inline=tuple(documents)), (), (), edge), status, said)
    check(user_unmask(UserPolicies("jane"), (), managed, edge), status, said)
    of_group = (GroupPolicies("ops", inline=tuple(documents)),)
    check(user_unmask(UserPolicies("jane"), of_group, (), edge), status, said)


ADMIN = (document("own", {"Action": "*"}),)


def test_roles_for_emergencies_and_of_services_are_left_out():
    admin = RolePolicies("ops-BreakGlass", inline=ADMIN)
    check(role_unmask(admin, (), None), NA, "unmask_roles")
    check(role_unmask(admin, (), None, unmask_roles=()), BAD, "in every log group")
    linked = RolePolicies("agent", "/aws-service-role/x.amazonaws.com/", inline=ADMIN)
    check(role_unmask(linked, (), None), NA, "service owns")


def test_users_can_be_left_out():
    admin = UserPolicies("jane", inline=ADMIN)
    check(user_unmask(admin, (), (), None), BAD, "The user may read masked data")
    check(user_unmask(admin, (), (), None, unmask_users=("ja*",)), NA, "unmask_users")


# -- what people attest ---------------------------------------------------------------------------

STORES = DataStores(1, 2, 3, 4)
STATEMENT = Attestation(
    id="aaaa11112222",
    rule="data_privacy.any",
    scope=Scope(),
    statement="Reviewed.",
    performed_at=NOON - timedelta(days=100),
    declared_at=NOON - timedelta(days=100),
    owner="team@example.com",
    attester="alice",
    attester_id="AROA:alice",
    approved_by="bob",
    approved_by_id="AROA:bob",
)
NOBODY = Attested((), NOON, first_seen=NOON - timedelta(days=30))
RECENTLY = Attested((), NOON)


def said(**changes):
    return Attested((replace(STATEMENT, **changes),), NOON)


def of_days(days, **changes):
    return said(performed_at=NOON - timedelta(days=days), **changes)


ALONE = {"approved_by": "", "approved_by_id": ""}


def test_application_masking():
    check(application_masking(STORES, said()), GOOD, "attested by alice")
    assert application_masking(STORES, said()).observed["data_stores"] == 10
    check(application_masking(DataStores(), said()), NA, "no buckets, tables or databases")
    check(application_masking(DataStores(clusters=1), NOBODY), BAD, "is not attested")
    check(application_masking(STORES, RECENTLY), UNKNOWN, "not attested yet")
    check(application_masking(STORES, of_days(179)), GOOD)
    check(application_masking(STORES, of_days(180)), BAD, "expired")
    check(application_masking(STORES, of_days(180), max_age_days=181), GOOD)
    check(application_masking(STORES, said(**ALONE)), BAD, "second person")
    check(application_masking(STORES, said(**ALONE), two_people=False), GOOD)


PARTY = "SNS to account 444455556666"
OUTSIDE = OutsideParties((PARTY, "SNS to e-mail example.com"))
NONE = OutsideParties()


def about(parties="none", days=100, **changes):
    return of_days(days, bound_to={"outside_parties": parties}, **changes)


BOTH = f"{PARTY}, SNS to e-mail example.com"


@pytest.mark.parametrize(
    ("outside", "attested", "status", "said"),
    [
        pytest.param(OUTSIDE, about(BOTH), GOOD, "", id="every party is named"),
        pytest.param(NONE, about(), GOOD, "", id="no party"),
        pytest.param(OUTSIDE, about(PARTY), BAD, "void because outside_parties", id="a new party"),
        pytest.param(OUTSIDE, about(), BAD, "void", id="the first party"),
        pytest.param(NONE, about(PARTY), BAD, "void", id="a party left"),
        pytest.param(OUTSIDE, of_days(1), BAD, "does not name the outside_parties", id="unnamed"),
        pytest.param(NONE, NOBODY, BAD, "is not attested", id="not attested"),
        pytest.param(NONE, RECENTLY, UNKNOWN, "not attested yet", id="within the grace"),
        pytest.param(NONE, about(days=364), GOOD, "", id="a year ago"),
        pytest.param(NONE, about(days=365), BAD, "expired", id="more than a year ago"),
    ],
)
def test_data_flows(outside, attested, status, said):
    check(data_flows(STORES, outside, attested), status, said)


def test_a_region_without_data_has_no_flows():
    check(data_flows(DataStores(), NONE, NOBODY), NA, "no data stores")
    check(data_flows(DataStores(), OUTSIDE, NOBODY), BAD)


def test_terms_of_data_flows_are_settings():
    check(data_flows(STORES, OUTSIDE, of_days(1), cross_check=False), GOOD)
    check(data_flows(STORES, NONE, about(days=200), max_age_days=180), BAD)
    check(data_flows(STORES, NONE, about(**ALONE), two_people=True), BAD, "second person")


def test_what_is_not_compared_is_said():
    partly = OutsideParties((), ("S3 replication",))
    assert data_flows(STORES, partly, about()).observed["not_compared"] == ["S3 replication"]
