"""What moves data of a region in plain text: answers of AWS in, verdict out."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from functions.encryption.rules_in_transit import transfer_tls
from readiness import Severity, Status
from readiness.evidence.workloads.plain_transfers import PlainTransfers
from readiness.model.evidence import REGION
from readiness.model.unreadable import NotOffered
from tests.accounts.encryption import ENDPOINT, HADOOP, SERVER, fake_account
from tests.fake_account import ACCOUNT_ID, HOME, error, observe

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
MEDIUM, LOW = Severity.MEDIUM, Severity.LOW
NOTHING = {
    "transfer__list_servers": {"Servers": []},
    "emr__list_clusters": {"Clusters": []},
    "dms__describe_replication_tasks": {"ReplicationTasks": []},
    "kafkaconnect__list_connectors": {"connectors": []},
}


def judged(**answers):
    return verdict_on(fake_account().but(**answers))


def verdict_on(account, **settings):
    found = observe(account, transfer_tls, ACCOUNT_ID, **settings).finding
    return found.status, found.severity if found.status is BAD else None, found.reason


def server(**changes):
    return {"transfer__describe_server": {"Server": SERVER | changes}}


def configured(document):
    text = document if isinstance(document, str) else json.dumps(document)
    answer = {"Name": "in-transit", "SecurityConfiguration": text}
    return {"emr__describe_security_configuration": answer}


def endpoint(**changes):
    return {"dms__describe_endpoints": {"Endpoints": [ENDPOINT | changes]}}


def connector(**changes):
    about = {"connectorName": "sink", **changes}
    return {"kafkaconnect__list_connectors": {"connectors": [about]}}


PLAINTEXT = {"kafkaClusterEncryptionInTransit": {"encryptionType": "PLAINTEXT"}}


@pytest.mark.parametrize(
    ("answers", "status", "severity", "said"),
    [
        pytest.param({}, GOOD, None, "No Transfer", id="all of them with TLS"),
        pytest.param(NOTHING, NA, None, "has no Transfer", id="none of them"),
        pytest.param(server(Protocols=["FTP", "SFTP"]), BAD, MEDIUM, "offers FTP", id="FTP"),
        pytest.param(
            server(Protocols=["FTP"], State="OFFLINE"), GOOD, None, "", id="FTP that is stopped"
        ),
        pytest.param(
            server(Protocols=["FTP"], State="STOP_FAILED"), BAD, MEDIUM, "", id="FTP still there"
        ),
        pytest.param(server(Protocols=["FTPS", "AS2"]), GOOD, None, "", id="FTPS and AS2"),
        pytest.param(
            server(SecurityPolicyName="TransferSecurityPolicy-2018-11"),
            BAD,
            LOW,
            "accepts SHA-1",
            id="an old policy",
        ),
        pytest.param(
            {"emr__describe_cluster": {"Cluster": HADOOP | {"SecurityConfiguration": ""}}},
            BAD,
            MEDIUM,
            "no security configuration",
            id="EMR with nothing set",
        ),
        pytest.param(
            {
                "emr__describe_cluster": {"Cluster": HADOOP | {"SecurityConfiguration": ""}},
                "emr__list_instances": {"Instances": [{"Id": "ci-1"}]},
            },
            GOOD,
            None,
            "",
            id="EMR of one node",
        ),
        pytest.param(
            {
                "emr__describe_cluster": {"Cluster": HADOOP | {"SecurityConfiguration": ""}},
                "emr__list_instances": {"Instances": []},
            },
            UNKNOWN,
            None,
            "no nodes yet",
            id="EMR that starts",
        ),
        pytest.param(
            {
                "emr__list_clusters": {"Clusters": [{"Id": "j-1"}, {"Id": "j-2"}]},
                "emr__describe_cluster": lambda **of: {
                    "Cluster": HADOOP | {"Id": of["ClusterId"], "SecurityConfiguration": ""}
                },
                "emr__list_instances": lambda **of: {
                    "Instances": [{"Id": "ci-1"}, {"Id": "ci-2"}] * (of["ClusterId"] == "j-2")
                },
            },
            BAD,
            MEDIUM,
            "no nodes yet",
            id="EMR that starts beside another",
        ),
        pytest.param(
            configured({"EncryptionConfiguration": {"EnableInTransitEncryption": False}}),
            BAD,
            MEDIUM,
            "in transit",
            id="EMR at rest alone",
        ),
        pytest.param(
            configured({"AuthenticationConfiguration": {}}), BAD, MEDIUM, "", id="EMR's Kerberos"
        ),
        pytest.param(
            configured("{"), UNKNOWN, None, "DescribeSecurityConfiguration", id="garbled"
        ),
        pytest.param(endpoint(SslMode="none"), BAD, MEDIUM, "orders uses no TLS", id="DMS"),
        pytest.param(
            endpoint(SslMode="none", EngineName="s3"), GOOD, None, "", id="DMS writes to S3"
        ),
        pytest.param(
            endpoint(
                SslMode="none",
                EngineName="kafka",
                KafkaSettings={"SecurityProtocol": "sasl-ssl"},
            ),
            GOOD,
            None,
            "",
            id="DMS writes to a broker",
        ),
        pytest.param(
            endpoint(SslMode="none", EngineName="kafka"), BAD, MEDIUM, "", id="in plain text"
        ),
        pytest.param(
            endpoint(
                EngineName="redis",
                RedisSettings={
                    "ServerName": "r",
                    "Port": 6379,
                    "SslSecurityProtocol": "plaintext",
                },
            ),
            BAD,
            MEDIUM,
            "",
            id="DMS writes to a cache",
        ),
        pytest.param(
            endpoint(SslMode="none", EndpointArn="arn:of:another"), GOOD, None, "", id="unused"
        ),
        pytest.param(
            endpoint(SslMode="none", EngineName="gcp-mysql"), BAD, MEDIUM, "", id="DMS, at Google"
        ),
        pytest.param(
            endpoint(SslMode="none", EngineName="azuredb"), GOOD, None, "", id="DMS, at Azure"
        ),
        pytest.param(connector(**PLAINTEXT), BAD, MEDIUM, "sink talks", id="a connector"),
        pytest.param(
            connector(**PLAINTEXT, connectorState="FAILED"), GOOD, None, "", id="that failed"
        ),
        pytest.param(
            server(Protocols=["FTP"]) | {"emr__list_clusters": error("AccessDenied")},
            BAD,
            MEDIUM,
            "elasticmapreduce:ListClusters",
            id="FTP, and something that is not shown",
        ),
    ],
)
def test_what_moves_data_in_plain_text(answers, status, severity, said):
    found = judged(**answers)
    assert found[:2] == (status, severity), found
    assert said in found[2]


def test_a_setting_tells_how_bad_plain_text_is():
    account = fake_account().but(**server(Protocols=["FTP"]))
    assert verdict_on(account, internal_severity="HIGH")[1] is Severity.HIGH


def test_services_that_the_region_lacks_move_nothing():
    def every(service, operation, *_, **__):
        raise NotOffered(f"{service}:{operation}", service, HOME)

    reader: Any = SimpleNamespace(every=every)
    region = REGION.resource(ACCOUNT_ID, HOME, ACCOUNT_ID)
    assert PlainTransfers.load(reader, region) == PlainTransfers()


def test_a_task_that_is_stopped_moves_nothing():
    answers = fake_account().answers["dms", "describe_replication_tasks"]
    tasks = [each | {"Status": "stopped"} for each in answers["ReplicationTasks"]]
    stopped = {"dms__describe_replication_tasks": {"ReplicationTasks": tasks}}
    assert judged(**stopped, **endpoint(SslMode="none"))[0] is GOOD
