"""How stored data is encrypted, and which keys are lost, in every service that names one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from functions.security_validation.rules_of_encryption import stored_data_encryption
from readiness import Severity, Status
from readiness.evidence.kms.lost import StoredData
from readiness.evidence.kms.users import delivery_streams, named_keys
from readiness.model.evidence import REGION
from readiness.model.unreadable import NotOffered, Unreadable
from tests.accounts import keyed
from tests.accounts.security_validation import KEY, fake_account
from tests.fake_account import ACCOUNT_ID, HOME, FakeAccount, error, evaluation

OTHER = KEY.replace("1234abcd", "aaaaaaaa")
FOREIGN = f"arn:aws:kms:{HOME}:444455556666:key/bbbbbbbb-12ab-34cd-56ef-1234567890ab"
ANSWERS = keyed.answers(KEY) | keyed.copies(KEY)


def key_is(state: str, id: str = OTHER) -> Any:
    """Every key is enabled but this one."""

    def described(*, KeyId: str) -> Any:  # noqa: N803
        answer = fake_account().answers["kms", "describe_key"]["KeyMetadata"]  # type: ignore[index]
        if KeyId not in id:
            return {"KeyMetadata": answer}
        if state == "Missing":
            return error("NotFoundException")
        return {"KeyMetadata": answer | {"KeyId": KeyId, "KeyState": state}}

    return described


def found(account: FakeAccount) -> StoredData:
    aws = evaluation(account, [], bulk=True).aws
    loaded = aws.evidence(StoredData, REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)).evidence
    assert isinstance(loaded, StoredData)
    return loaded


def with_a_key_of_its_own(call: tuple[str, str]) -> FakeAccount:
    """The account, in which what this call shows has the other key."""
    theirs = keyed.answers(OTHER) | keyed.copies(OTHER)
    return fake_account().but(**{"__".join(call): theirs[call]})


NAMED_ELSEWHERE = {
    ("kinesis", "list_streams"),
    ("firehose", "list_delivery_streams"),
    ("sagemaker", "list_notebook_instances"),
    ("mq", "list_brokers"),
    ("dax", "describe_clusters"),
    ("sagemaker", "describe_endpoint"),
    ("sagemaker", "list_domains"),
    ("sagemaker", "list_endpoints"),
    ("stepfunctions", "list_state_machines"),
}


STATES = ["Disabled", "Missing", "Unavailable"]
NAMING = [(call, "PendingDeletion") for call in sorted(ANSWERS.keys() - NAMED_ELSEWHERE)]
STREAM = ("kinesis", "describe_stream_summary")


@pytest.mark.parametrize(("call", "state"), [*NAMING, *((STREAM, state) for state in STATES)])
def test_a_lost_key_is_found_wherever_it_is_named(call, state):
    account = with_a_key_of_its_own(call)
    assert stored_data_encryption(found(account)).status is Status.COMPLIANT
    verdict = stored_data_encryption(found(account.but(kms__describe_key=key_is(state))))
    said = "does not exist" if state == "Missing" else f"its state is {state}"
    assert (verdict.status, said in verdict.reason) == (Status.NON_COMPLIANT, True)
    assert OTHER in verdict.reason


@pytest.mark.parametrize(
    "shown",
    [
        {"lambda__list_functions": {"Functions": [{"FunctionArn": "arn:f", "KMSKeyArn": OTHER}]}},
        {"ec2__describe_snapshots": {"Snapshots": [{"SnapshotId": "snap-1", "KmsKeyId": OTHER}]}},
        {
            "opensearch__describe_domains": {
                "DomainStatusList": [
                    {
                        "DomainId": "d",
                        "DomainName": "search",
                        "ARN": "arn:aws:es:us-east-1:111122223333:domain/search",
                        "ClusterConfig": {},
                        "EncryptionAtRestOptions": {"Enabled": True, "KmsKeyId": OTHER},
                    }
                ]
            }
        },
    ],
    ids=lambda each: next(iter(each)),
)
def test_functions_snapshots_and_domains_too(shown):
    account = fake_account().but(kms__describe_key=key_is("Disabled"), **shown)
    assert list(found(account).lost) == [OTHER]


DOMAIN = {
    "DomainId": "d",
    "DomainName": "search",
    "ARN": "arn:aws:es:us-east-1:111122223333:domain/search",
    "ClusterConfig": {},
}


def changed(call: tuple[str, str], key: str, **about: Any) -> dict[str, Any]:
    """The answer to a call, whose first resource has no key and says this about encryption."""
    [first, *_] = ANSWERS[call][key]
    return {key: [{n: v for n, v in first.items() if n != "KmsKeyId"} | about]}


@pytest.mark.parametrize("is_encrypted", [False, True, None], ids=["no", "by AWS", "not said"])
@pytest.mark.parametrize(
    ("call", "key", "member"),
    [
        (("redshift", "describe_clusters"), "Clusters", "Encrypted"),
        (("redshift", "describe_cluster_snapshots"), "Snapshots", "Encrypted"),
        (("rds", "describe_db_snapshots"), "DBSnapshots", "Encrypted"),
        (("rds", "describe_db_cluster_snapshots"), "DBClusterSnapshots", "StorageEncrypted"),
        (
            ("elasticache", "describe_replication_groups"),
            "ReplicationGroups",
            "AtRestEncryptionEnabled",
        ),
    ],
)
def test_what_has_no_encryption_is_told(call, key, member, is_encrypted):
    about = {} if is_encrypted is None else {member: is_encrypted}
    account = fake_account().but(**{"__".join(call): changed(call, key, **about)})
    verdict = stored_data_encryption(found(account))
    expected = (Status.NON_COMPLIANT, Severity.MEDIUM) if is_encrypted is False else None
    assert (verdict.status, verdict.severity) == (expected or (Status.COMPLIANT, None))
    assert ("Not encrypted at rest" in verdict.reason) is (is_encrypted is False)


@pytest.mark.parametrize(
    "shown",
    [
        {"ec2__describe_snapshots": {"Snapshots": [{"SnapshotId": "snap-1", "Encrypted": False}]}},
        {
            "opensearch__describe_domains": {
                "DomainStatusList": [DOMAIN | {"EncryptionAtRestOptions": {"Enabled": False}}]
            }
        },
        {
            "kinesis__describe_stream_summary": {
                "StreamDescriptionSummary": {
                    name: value
                    for name, value in ANSWERS["kinesis", "describe_stream_summary"][
                        "StreamDescriptionSummary"
                    ].items()
                    if name != "KeyId"
                }
                | {"EncryptionType": "NONE"}
            }
        },
    ],
    ids=lambda each: next(iter(each)),
)
def test_snapshots_domains_and_streams_without_encryption_too(shown):
    verdict = stored_data_encryption(found(fake_account().but(**shown)))
    assert (verdict.status, verdict.severity) == (Status.NON_COMPLIANT, Severity.MEDIUM)


@pytest.mark.parametrize(
    ("status", "kind", "is_plain"),
    [
        ("DISABLED", "DirectPut", True),
        ("ENABLING_FAILED", "DirectPut", True),
        ("ENABLED", "DirectPut", False),
        ("DISABLED", "KinesisStreamAsSource", False),
    ],
)
def test_a_delivery_stream_that_stores_records_in_plain_text_is_told(status, kind, is_plain):
    answer = ANSWERS["firehose", "describe_delivery_stream"]["DeliveryStreamDescription"]
    about = {
        "DeliveryStreamType": kind,
        "DeliveryStreamEncryptionConfiguration": {"Status": status},
    }
    shown = {"DeliveryStreamDescription": answer | about}
    seen = found(fake_account().but(firehose__describe_delivery_stream=shown))
    assert (seen.plain == (keyed.arns()["firehose"],)) is is_plain


def test_an_accelerator_in_plain_text_is_told():
    [cluster] = ANSWERS["dax", "describe_clusters"]["Clusters"]
    bare = {"Clusters": [cluster | {"SSEDescription": {"Status": "DISABLED"}}]}
    assert found(fake_account().but(dax__describe_clusters=bare)).plain == (cluster["ClusterArn"],)


@pytest.mark.parametrize(
    ("state", "said"),
    [("Missing", "delete them"), ("PendingDeletion", "cannot be restored")],
)
def test_a_lost_key_of_snapshots_alone_weighs_less(state, said):
    snapshots = {"Snapshots": [{"SnapshotId": "snap-1", "KmsKeyId": OTHER}]}
    account = fake_account().but(
        kms__describe_key=key_is(state), ec2__describe_snapshots=snapshots
    )
    verdict = stored_data_encryption(found(account))
    assert (verdict.severity, said in verdict.reason) == (Severity.MEDIUM, True)
    running = account.but(
        logs__describe_log_groups=keyed.copies(OTHER)["logs", "describe_log_groups"]
    )
    assert stored_data_encryption(found(running)).severity in {None, Severity.HIGH}


def test_a_lost_key_weighs_more_than_no_encryption():
    snapshots = [{"SnapshotId": f"snap-{n}", "Encrypted": False} for n in range(5)]
    account = fake_account().but(
        ec2__describe_snapshots={"Snapshots": snapshots},
        kms__describe_key=key_is("Disabled", KEY),
    )
    verdict = stored_data_encryption(found(account))
    assert verdict.severity is Severity.HIGH
    assert "Not encrypted at rest: snap-0, snap-1 and snap-2 and 2 more." in verdict.reason


def test_many_resources_of_a_key_are_counted_and_three_are_named():
    snapshots = [{"SnapshotId": f"snap-{n}", "KmsKeyId": OTHER} for n in range(5)]
    account = fake_account().but(
        kms__describe_key=key_is("PendingDeletion"),
        ec2__describe_snapshots={"Snapshots": snapshots},
    )
    verdict = stored_data_encryption(found(account))
    assert "snap-0, snap-1 and snap-2 and 2 more" in verdict.reason


@pytest.mark.parametrize("name", [FOREIGN, "alias/aws/secretsmanager", ""])
def test_keys_of_aws_and_of_other_accounts_are_not_asked_about(name):
    secret = {"SecretList": [{"ARN": keyed.SECRET, **({"KmsKeyId": name} if name else {})}]}
    account = fake_account().but(
        secretsmanager__list_secrets=secret, kms__describe_key=key_is("Disabled", name or OTHER)
    )
    assert found(account).lost == {}


def test_what_could_not_be_read_is_no_pass_and_hides_no_lost_key():
    denied = error("AccessDeniedException", 403)
    account = fake_account().but(fsx__describe_file_systems=denied)
    verdict = stored_data_encryption(found(account))
    assert (verdict.status, verdict.missing) == (
        Status.INSUFFICIENT_DATA,
        ("fsx:DescribeFileSystems",),
    )
    lost = account.but(kms__describe_key=key_is("Disabled", KEY))
    assert stored_data_encryption(found(lost)).status is Status.NON_COMPLIANT
    blind = fake_account().but(kms__describe_key=denied)
    assert stored_data_encryption(found(blind)).missing == ("kms:DescribeKey",)


def test_without_any_key_there_is_nothing_to_lose():
    assert stored_data_encryption(StoredData()).status is Status.NOT_APPLICABLE


def test_every_page_of_delivery_streams_is_read():
    pages = {
        None: {"DeliveryStreamNames": ["a", "b"], "HasMoreDeliveryStreams": True},
        "b": {"DeliveryStreamNames": ["c"], "HasMoreDeliveryStreams": False},
    }

    def one(*_: str, Limit: int, **start: str) -> Any:  # noqa: N803
        assert Limit > 1000
        return pages[start.get("ExclusiveStartDeliveryStreamName")]

    reader: Any = SimpleNamespace(one=one)
    assert len(list(delivery_streams(reader))) == 3


def test_a_service_that_the_region_lacks_holds_nothing():
    def nowhere(_: Any) -> Any:
        raise NotOffered("fsx:DescribeFileSystems", "fsx", HOME)

    reader: Any = SimpleNamespace(each=lambda ask, those: [ask(each) for each in those])
    failed: list[Unreadable] = []
    assert list(named_keys(reader, (nowhere, lambda _: [("arn", KEY)]), failed)) == [("arn", KEY)]
    assert failed == []
