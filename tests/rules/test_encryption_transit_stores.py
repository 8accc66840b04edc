"""Encryption in transit: caches, search domains and databases."""

from __future__ import annotations

import pytest

from functions.encryption.rules_in_transit import (
    cache_cluster_tls,
    database_tls,
    dax_tls,
    domain_name_tls,
    elasticache_tls,
    memorydb_tls,
    opensearch_tls,
    rest_api_tls,
)
from readiness import Severity
from readiness.evidence.apigateway.domains import DefaultEndpoint, DomainSecurity
from readiness.evidence.dax import DaxTransit
from readiness.evidence.elasticache.clusters import ClusterTransit
from readiness.evidence.elasticache.replication_groups import TransitEncryption
from readiness.evidence.memorydb import MemoryDbTransit
from readiness.evidence.opensearch import DomainTls
from readiness.evidence.rds.transit import DatabaseTransit
from tests.accounts.encryption import fake_account
from tests.fake_account import observe
from tests.rules.test_encryption_transit import BAD, BLIND, GOOD, NA


@pytest.mark.parametrize(
    ("domain", "status", "severity"),
    [
        pytest.param(DomainTls(True, "Policy-Min-TLS-1-2-2019-07"), GOOD, None, id="1.2"),
        pytest.param(DomainTls(True, "Policy-Min-TLS-1-0-2019-07"), BAD, Severity.HIGH, id="1.0"),
        pytest.param(
            DomainTls(False, "Policy-Min-TLS-1-2-2019-07"), BAD, Severity.HIGH, id="plain HTTP"
        ),
        pytest.param(DomainTls(False, "", in_vpc=True), BAD, Severity.MEDIUM, id="in a VPC"),
        pytest.param(DomainTls(True, ""), BLIND, None, id="not said"),
        pytest.param(
            DomainTls(True, "Policy-Min-TLS-1-2-2019-07", between_nodes=False),
            BAD,
            Severity.MEDIUM,
            id="plain text between nodes",
        ),
        pytest.param(
            DomainTls(True, "Policy-Min-TLS-1-0-2019-07", between_nodes=False),
            BAD,
            Severity.HIGH,
            id="1.0, and plain text between nodes",
        ),
    ],
)
def test_opensearch_tls(domain, status, severity):
    verdict = opensearch_tls(domain)
    assert (verdict.status, verdict.severity) == (status, severity), verdict.reason


@pytest.mark.parametrize(
    ("group", "status"),
    [
        pytest.param(TransitEncryption(True, "required"), GOOD, id="required"),
        pytest.param(TransitEncryption(True), GOOD, id="before there were modes"),
        pytest.param(TransitEncryption(True, "preferred"), BAD, id="preferred"),
        pytest.param(TransitEncryption(False), BAD, id="off"),
    ],
)
def test_elasticache_tls(group, status):
    assert elasticache_tls(group).status is status


@pytest.mark.parametrize(
    ("about", "status", "said"),
    [
        pytest.param(
            {"TransitEncryptionEnabled": True, "TransitEncryptionMode": "required"},
            GOOD,
            "is required",
            id="memcached with TLS",
        ),
        pytest.param({"TransitEncryptionEnabled": False}, BAD, "is off", id="off"),
        pytest.param({}, BAD, "is off", id="too old to say so"),
        pytest.param(
            {"TransitEncryptionEnabled": True, "TransitEncryptionMode": "preferred"},
            BAD,
            "only preferred",
            id="preferred",
        ),
        pytest.param(
            {"Engine": "redis", "TransitEncryptionEnabled": False},
            BAD,
            "is off",
            id="a single node of Redis",
        ),
        pytest.param(
            {"ReplicationGroupId": "cache"},
            NA,
            "replication group cache",
            id="a member of a group",
        ),
    ],
)
def test_cache_clusters(about, status, said):
    found = {"CacheClusters": [{"CacheClusterId": "pages", "Engine": "memcached"} | about]}
    account = fake_account().but(elasticache__describe_cache_clusters=found)
    finding = observe(account, cache_cluster_tls, "pages").finding
    assert finding.status is status, finding.reason
    assert said in finding.reason


@pytest.mark.parametrize(
    ("rule", "call", "about", "status"),
    [
        pytest.param(
            memorydb_tls, "memorydb", {"Name": "a", "TLSEnabled": True}, GOOD, id="MemoryDB"
        ),
        pytest.param(
            memorydb_tls, "memorydb", {"Name": "a", "TLSEnabled": False}, BAD, id="MemoryDB, open"
        ),
        pytest.param(memorydb_tls, "memorydb", {"Name": "a"}, BAD, id="MemoryDB, not told"),
        pytest.param(
            dax_tls,
            "dax",
            {"ClusterName": "a", "ClusterEndpointEncryptionType": "TLS"},
            GOOD,
            id="DAX",
        ),
        pytest.param(
            dax_tls,
            "dax",
            {"ClusterName": "a", "ClusterEndpointEncryptionType": "NONE"},
            BAD,
            id="DAX, off",
        ),
        pytest.param(dax_tls, "dax", {"ClusterName": "a"}, BAD, id="DAX, of before 2021"),
    ],
)
def test_other_caches(rule, call, about, status):
    account = fake_account().but(**{f"{call}__describe_clusters": {"Clusters": [about]}})
    assert observe(account, rule, "a").finding.status is status


def postgres(value, **more):
    return DatabaseTransit("postgres", "rds.force_ssl", value, "own", **more)


def db2(value):
    return DatabaseTransit("db2-se", "DB2COMM", value, "own")


@pytest.mark.parametrize(
    ("database", "status", "said"),
    [
        pytest.param(
            postgres("1"), GOOD, "rds.force_ssl in the parameter group own is 1", id="on"
        ),
        pytest.param(postgres("0"), BAD, "Clients can connect without TLS", id="off"),
        pytest.param(postgres("OFF"), BAD, "is OFF", id="off, in words"),
        pytest.param(postgres(""), BLIND, "no value of rds.force_ssl", id="no value"),
        pytest.param(
            DatabaseTransit("postgres", "rds.force_ssl"),
            BLIND,
            "no value of rds.force_ssl,",
            id="no group",
        ),
        pytest.param(
            postgres("1", status="pending-reboot"),
            BLIND,
            "may run with another value",
            id="on, perhaps from the next restart",
        ),
        pytest.param(postgres("0", status="pending-reboot"), BAD, "is 0", id="off soon"),
        pytest.param(db2("SSL"), GOOD, "DB2COMM", id="Db2 with nothing but TLS"),
        pytest.param(db2("ssl"), GOOD, "DB2COMM", id="Db2, in small letters"),
        pytest.param(db2("TCPIP,SSL"), BAD, "is TCPIP,SSL", id="Db2 with both"),
        pytest.param(db2("TCPIP"), BAD, "is TCPIP", id="Db2 without TLS"),
        pytest.param(
            DatabaseTransit("docdb", "tls", "tls1.2+", "own"), GOOD, "tls1.2+", id="a version"
        ),
        pytest.param(
            DatabaseTransit("docdb", "tls", "disabled", "own"), BAD, "disabled", id="disabled"
        ),
        pytest.param(DatabaseTransit("neptune"), NA, "only HTTPS", id="Neptune"),
        pytest.param(DatabaseTransit("custom-oracle-ee"), NA, "oracle-ee", id="RDS Custom"),
    ],
)
def test_database_tls(database, status, said):
    verdict = database_tls(database)
    assert verdict.status is status, verdict.reason
    assert said in verdict.reason


def test_a_group_that_is_being_applied_is_looked_at_again():
    assert database_tls(postgres("1", status="applying")).is_passing
    assert not database_tls(postgres("1", status="pending-reboot")).is_passing


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        pytest.param(
            domain_name_tls,
            DomainSecurity(("TLS_1_0",), True),
            DomainSecurity(("TLS_1_0",)),
            id="domain name",
        ),
        pytest.param(
            rest_api_tls,
            DefaultEndpoint(True, "TLS_1_0", True),
            DefaultEndpoint(True, "TLS_1_0"),
            id="REST API",
        ),
        pytest.param(
            opensearch_tls,
            DomainTls(False, "", in_vpc=True),
            DomainTls(False, ""),
            id="plain HTTP",
        ),
        pytest.param(
            opensearch_tls,
            DomainTls(True, "Policy-Min-TLS-1-0-2019-07", in_vpc=True),
            DomainTls(True, "Policy-Min-TLS-1-0-2019-07"),
            id="old TLS",
        ),
        pytest.param(elasticache_tls, TransitEncryption(False), None, id="cache, off"),
        pytest.param(
            elasticache_tls, TransitEncryption(True, "preferred"), None, id="cache, preferred"
        ),
        pytest.param(cache_cluster_tls, ClusterTransit(False), None, id="cache cluster"),
        pytest.param(memorydb_tls, MemoryDbTransit(False), None, id="MemoryDB"),
        pytest.param(dax_tls, DaxTransit(False), None, id="DAX"),
        pytest.param(database_tls, postgres("0"), postgres("0", is_public=True), id="database"),
    ],
)
def test_how_much_it_weighs_inside_a_network(rule, inside, outside):
    assert rule(inside).severity is Severity.MEDIUM
    assert rule(inside, internal_severity="LOW").severity is Severity.LOW
    if outside is not None:
        assert rule(outside, internal_severity="LOW").severity is Severity.HIGH
