"""What is masked, how data stores are classified, and who outside gets data."""

from __future__ import annotations

import pytest

from functions.data_privacy.app import log_group_masking, table_classification
from readiness import Status, Unreadable
from readiness.evidence.logs import LOG_GROUP, LogProtection
from readiness.evidence.rds.instances import INSTANCE
from readiness.evidence.secretsmanager import SECRET
from readiness.evidence.sns.topics import TOPIC, TopicProtection
from readiness.evidence.workloads.data_flows import REPLICATION, OutsideParties
from readiness.evidence.workloads.data_stores import DatabaseTags, DataStores, SecretTags
from readiness.evidence.workloads.log_masking import LogMasking
from readiness.model.evidence import REGION
from readiness.model.unreadable import Gone
from tests.accounts import data_privacy as accounts
from tests.accounts.compliance_logging import active
from tests.accounts.data_privacy import (
    DATABASE,
    GROUP,
    MASKED,
    NOT_ENABLED,
    OTHER,
    account_policies,
    bucket,
    group,
    policy,
)
from tests.fake_account import ACCOUNT_ID, FAULTS, HOME, error, evaluation, observe, scan

HERE = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)


def read(cls, about=HERE, **answers):
    account = accounts.fake_account().but(**answers)
    return evaluation(account, []).aws.evidence(cls, about).evidence


# -- masking --------------------------------------------------------------------------------------

AGENT = LOG_GROUP.resource(ACCOUNT_ID, HOME, GROUP)


def masking(*groups, required=MASKED, **answers):
    account = accounts.fake_account().but(
        logs__describe_log_groups={"logGroups": list(groups)}, **answers
    )
    settings = {"required_identifiers": required}
    return evaluation(account, []).aws.evidence(LogMasking, AGENT, settings).evidence


def test_both_policies_are_in_force():
    found = masking(group())
    assert found.about == LogProtection(GROUP, "STANDARD", "ACTIVATED", inherits=True)
    assert (found.own, found.of_account) == (policy(*MASKED[1:]), policy(MASKED[0]))


NOT_ASKED = {"logs__get_data_protection_policy": FAULTS["denied"]}


@pytest.mark.parametrize("status", ["DELETED", "DISABLED", "ARCHIVED"])
def test_a_policy_that_was_once_is_not_asked_for(status):
    found = masking(group(dataProtectionStatus=status), **NOT_ASKED)
    assert (found.own, found.about.status) == ("", status)


def test_where_the_accounts_policy_is_enough_the_groups_is_not_asked_for():
    assert masking(group(), required=MASKED[:1], **NOT_ASKED).own == ""
    with pytest.raises(Unreadable):
        masking(group(), required=MASKED[:2], **NOT_ASKED)


def test_of_a_group_without_events_nothing_is_asked():
    found = masking(group(), cloudwatch__list_metrics={"Metrics": []}, **NOT_ASKED)
    assert (found.is_active, found.own, found.of_account) == (False, "", "")


def test_the_accounts_policy_counts_only_where_it_is_inherited():
    assert masking(group(inheritedProperties=[])).of_account == ""


def test_an_account_without_a_policy():
    answers = {"logs__describe_account_policies": {"accountPolicies": []}}
    assert masking(group(), **answers).of_account == ""


def test_a_policy_without_a_document():
    assert masking(group(), logs__get_data_protection_policy={}).own == ""


def test_a_log_group_that_is_gone():
    with pytest.raises(Gone):
        masking(group(logGroupName=f"{GROUP}-2"))
    with pytest.raises(Gone):
        masking(group(), logs__get_data_protection_policy=error("ResourceNotFoundException"))


def test_ten_thousand_log_groups_are_listed_once():
    groups = [group(logGroupName=f"/g/{n}") for n in range(10_000)]
    account = accounts.fake_account().but(
        logs__describe_log_groups={"logGroups": groups},
        logs__describe_account_policies=account_policies(policy(*MASKED)),
        cloudwatch__list_metrics=active(*(f"/g/{n}" for n in range(10_000))),
    )
    seen = scan(account, [log_group_masking])
    assert (len(seen), {each.finding.status for each in seen}) == (10_000, {Status.COMPLIANT})
    asked = [operation for service, operation in account.calls if service == "logs"]
    assert sorted(asked) == ["describe_account_policies", "describe_log_groups"]


def test_one_policy_that_cannot_be_read_is_one_finding():
    def policies(*, logGroupIdentifier):  # noqa: N803
        if logGroupIdentifier.endswith("1"):
            return FAULTS["denied"]
        return {"policyDocument": policy(*MASKED)}

    groups = [group(logGroupName=f"/g/{n}") for n in range(3)]
    account = accounts.fake_account().but(
        logs__describe_log_groups={"logGroups": groups},
        logs__get_data_protection_policy=policies,
        cloudwatch__list_metrics=active(*(f"/g/{n}" for n in range(3))),
    )
    seen = {each.resource.id: each.finding for each in scan(account, [log_group_masking])}
    assert [seen[f"/g/{n}"].status for n in range(3)] == [
        Status.COMPLIANT,
        Status.INSUFFICIENT_DATA,
        Status.COMPLIANT,
    ]
    assert seen["/g/1"].missing == ("logs:GetDataProtectionPolicy",)


def test_the_policy_of_a_topic():
    about = TOPIC.resource(ACCOUNT_ID, HOME, "orders")
    assert read(TopicProtection, about).text == policy(*MASKED)
    assert read(TopicProtection, about, sns__get_data_protection_policy={}).text == ""
    with pytest.raises(Gone):
        read(TopicProtection, about, sns__get_data_protection_policy=error("NotFound"))


# -- data stores ----------------------------------------------------------------------------------


def test_a_sweep_reads_all_tags_at_once():
    account = accounts.fake_account()
    [seen] = scan(account, [table_classification])
    assert seen.finding.status is Status.COMPLIANT
    assert account.calls.count(("resourcegroupstaggingapi", "get_resources")) == 1


def test_what_never_had_a_tag_has_none():
    account = accounts.fake_account().but(
        resourcegroupstaggingapi__get_resources={"ResourceTagMappingList": []}
    )
    for seen in (observe(account, table_classification, "orders"),):
        assert seen.finding.status is Status.NON_COMPLIANT


def test_an_instance_and_its_cluster():
    about = INSTANCE.resource(ACCOUNT_ID, HOME, DATABASE)
    assert read(DatabaseTags, about) == DatabaseTags(
        DATABASE, {"DataClassification": "Confidential"}
    )
    member = {"DBInstanceIdentifier": DATABASE, "DBClusterIdentifier": "ledger"}
    found = read(DatabaseTags, about, rds__describe_db_instances={"DBInstances": [member]})
    assert found.cluster == "ledger"


@pytest.mark.parametrize(
    ("name", "owner"), [("prod/db-AbCdEf", ""), ("rds!cluster-1a2b-AbCdEf", "rds")]
)
def test_a_name_tells_whose_secret_it_is(name, owner):
    arn = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT_ID}:secret:{name}"
    found = read(SecretTags, SECRET.resource(ACCOUNT_ID, HOME, arn))
    assert (found.name, found.owner) == (name, owner)


def test_data_stores_are_counted():
    assert read(DataStores) == DataStores(1, 1, 1, 1)
    found = read(DataStores, s3__list_buckets={"Buckets": []})
    assert (found, found.count) == (DataStores(0, 1, 1, 1), 3)


# -- outside parties ------------------------------------------------------------------------------


def outside(**answers):
    return read(OutsideParties, **answers).parties


def subscription(protocol, endpoint, arn="arn:aws:sns:us-east-1:111122223333:orders:1a2b"):
    return {"SubscriptionArn": arn, "Protocol": protocol, "Endpoint": endpoint}


@pytest.mark.parametrize(
    ("protocol", "endpoint", "expected"),
    [
        ("sqs", f"arn:aws:sqs:{HOME}:{OTHER}:orders", f"SNS to account {OTHER}"),
        ("lambda", f"arn:aws:lambda:{HOME}:{OTHER}:function:f", f"SNS to account {OTHER}"),
        ("firehose", f"arn:aws:firehose:{HOME}:{ACCOUNT_ID}:deliverystream/x", None),
        ("sqs", f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:orders", None),
        ("https", "https://hooks.example.com/a?token=b", "SNS to https hooks.example.com"),
        ("http", "http://hooks.example.com:8080/", "SNS to http hooks.example.com"),
        ("email", "anna@example.com", "SNS to e-mail example.com"),
        ("email-json", "anna@example.org", "SNS to e-mail example.org"),
        ("sms", "+15555550100", "SNS to SMS"),
        ("application", f"arn:aws:sns:{HOME}:{ACCOUNT_ID}:endpoint/x/1", "SNS to mobile push"),
    ],
)
def test_subscribers(protocol, endpoint, expected):
    found = outside(sns__list_subscriptions={"Subscriptions": [subscription(protocol, endpoint)]})
    assert found == ((expected,) if expected else ())


@pytest.mark.parametrize("arn", ["PendingConfirmation", "Deleted"])
def test_who_has_not_confirmed_gets_nothing(arn):
    one = subscription("email", "anna@example.com", arn)
    assert outside(sns__list_subscriptions={"Subscriptions": [one]}) == ()


def test_a_party_is_named_once_and_in_order():
    addresses = ("b@example.com", "a@example.com", "a@example.org")
    every = [subscription("email", each) for each in addresses]
    assert outside(sns__list_subscriptions={"Subscriptions": every}) == (
        "SNS to e-mail example.com",
        "SNS to e-mail example.org",
    )


def test_a_topic_of_another_account():
    topic = f"arn:aws:sns:{HOME}:{OTHER}:prices"
    mine = f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:prices"
    found = subscription("sqs", mine) | {"TopicArn": topic}
    assert outside(sns__list_subscriptions={"Subscriptions": [found]}) == (
        f"SNS from account {OTHER}",
    )


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"EventSourceArn": f"arn:aws:sqs:{HOME}:{OTHER}:q"}, (f"account {OTHER} to Lambda",)),
        ({"EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:q"}, ()),
        (
            {
                "SelfManagedEventSource": {
                    "Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["b1.example.com:9092"]}
                }
            },
            ("Kafka b1.example.com to Lambda",),
        ),
    ],
)
def test_event_sources(mapping, expected):
    assert (
        outside(lambda__list_event_source_mappings={"EventSourceMappings": [mapping]}) == expected
    )


@pytest.mark.parametrize(("owner", "expected"), [(OTHER, True), (ACCOUNT_ID, False)])
def test_subscription_filters_of_the_account(owner, expected):
    def policies(*, policyType):  # noqa: N803
        assert policyType == "SUBSCRIPTION_FILTER_POLICY"
        text = f'{{"DestinationArn": "arn:aws:logs:{HOME}:{owner}:destination:logs"}}'
        return {"accountPolicies": [{"policyName": "all", "policyDocument": text}]}

    found = outside(logs__describe_account_policies=policies)
    assert found == ((f"CloudWatch Logs to account {OTHER}",) if expected else ())


def peering(requester, accepter, code="active"):
    return {
        "Status": {"Code": code},
        "RequesterVpcInfo": {"OwnerId": requester},
        "AccepterVpcInfo": {"OwnerId": accepter},
    }


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (peering(ACCOUNT_ID, OTHER), (f"VPC peering with account {OTHER}",)),
        (peering(OTHER, ACCOUNT_ID), (f"VPC peering with account {OTHER}",)),
        (peering(ACCOUNT_ID, ACCOUNT_ID), ()),
        (peering(OTHER, ACCOUNT_ID, "pending-acceptance"), ()),
        (peering(OTHER, ACCOUNT_ID, "deleted"), ()),
    ],
)
def test_peerings(connection, expected):
    answer = {"VpcPeeringConnections": [connection]}
    assert outside(ec2__describe_vpc_peering_connections=answer) == expected


def test_replication_is_in_macies_inventory():
    accounts_named = {"replicationAccounts": [OTHER, ACCOUNT_ID]}
    replicated = bucket(replicationDetails=accounts_named)
    found = read(OutsideParties, macie2__describe_buckets={"buckets": [replicated]})
    assert found == OutsideParties((f"S3 replication to account {OTHER}",))


@pytest.mark.parametrize("session", [NOT_ENABLED, {"status": "PAUSED"}])
def test_without_macie_replication_is_said_not_to_be_compared(session):
    found = read(OutsideParties, macie2__get_macie_session=session)
    assert found == OutsideParties((), (REPLICATION,))


@pytest.mark.parametrize("operation", ["get_macie_session", "describe_buckets"])
def test_a_denied_read_of_macie_is_not_the_same(operation):
    with pytest.raises(Unreadable, match="was denied"):
        read(OutsideParties, **{f"macie2__{operation}": FAULTS["denied"]})
