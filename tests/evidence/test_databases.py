"""Databases by the hosts they are reached at, proxies with what is behind them, queues."""

from __future__ import annotations

import pytest

from readiness.evidence.awslambda.functions import FUNCTION
from readiness.evidence.awslambda.queue_consumers import QueueSources, Source
from readiness.evidence.rds.endpoints import CLUSTER, PROXY, DatabaseCluster, Databases, Proxy
from readiness.model.resource import Resource
from readiness.model.unreadable import Gone, Unreadable
from tests.accounts import resource_sizing as made
from tests.fake_account import ACCOUNT_ID, HOME, error, evaluation

REGION = Resource(ACCOUNT_ID, HOME, "AWS::::Account", ACCOUNT_ID)
POOL = Resource(ACCOUNT_ID, HOME, PROXY.name, "pool")
AGENT = Resource(ACCOUNT_ID, HOME, FUNCTION.name, "agent")


def loaded(cls, resource, **answers):
    return evaluation(made.fake_account().but(**answers), []).aws.evidence(cls, resource).evidence


def test_every_host_of_a_cluster_leads_to_its_instances():
    cluster = {
        "DBClusterIdentifier": "orders",
        "DBClusterArn": "arn:cluster",
        "Endpoint": "Orders.cluster-abc.us-east-1.rds.amazonaws.com",
        "ReaderEndpoint": "orders.cluster-ro-abc.us-east-1.rds.amazonaws.com",
        "CustomEndpoints": ["reports.cluster-custom-abc.us-east-1.rds.amazonaws.com"],
        "HttpEndpointEnabled": True,
    }
    instance = made.database(DBClusterIdentifier="orders")
    found = loaded(
        Databases,
        REGION,
        rds__describe_db_clusters={"DBClusters": [cluster]},
        rds__describe_db_instances={"DBInstances": [instance]},
    )
    of_cluster = [host for host, each in found.by_host.items() if each.kind == "cluster"]
    assert len(of_cluster) == 3
    assert all(host == host.lower() for host in found.by_host)
    assert {i.name for host in of_cluster for i in found.by_host[host].instances} == {"db"}
    assert (found.vpcs, found.data_apis) == ({"vpc-1"}, {"arn:cluster"})


def test_what_is_being_made_has_no_host_yet():
    new = {"DBInstanceIdentifier": "new", "Engine": "postgres"}
    found = loaded(
        Databases,
        REGION,
        rds__describe_db_instances={"DBInstances": [new]},
        rds__describe_db_proxies={"DBProxies": []},
    )
    assert found.by_host == {}


@pytest.mark.parametrize("engine", ["docdb", "neptune"])
def test_what_rds_only_lists_is_no_relational_database(engine):
    host = f"orders.cluster-abc.us-east-1.{engine}.amazonaws.com"
    cluster = {
        "DBClusterIdentifier": "orders",
        "DBClusterArn": "arn:cluster",
        "Endpoint": host,
        "Engine": engine,
    }
    instance = made.database(DBClusterIdentifier="orders", Engine=engine)
    found = loaded(
        Databases,
        REGION,
        rds__describe_db_clusters={"DBClusters": [cluster]},
        rds__describe_db_instances={"DBInstances": [instance]},
        rds__describe_db_proxies={"DBProxies": []},
    )
    assert (found.by_host, found.vpcs) == ({}, frozenset())


def test_a_tracked_cluster_is_not_a_database_of_its_own():
    health = {"State": "AVAILABLE"}
    targets = [
        {"RdsResourceId": "orders", "Type": "TRACKED_CLUSTER"},
        {"Endpoint": "one", "Type": "RDS_INSTANCE", "TargetHealth": health},
        {"Endpoint": "two", "Type": "RDS_INSTANCE"},
    ]
    found = loaded(Proxy, POOL, rds__describe_db_proxy_targets={"Targets": targets})
    assert found.targets == {"one": "AVAILABLE", "two": ""}


@pytest.mark.parametrize(
    ("call", "outcome"),
    [("describe_db_proxies", Gone), ("describe_db_proxy_targets", Gone)],
)
def test_a_proxy_that_is_gone(call, outcome):
    with pytest.raises(outcome):
        loaded(Proxy, POOL, **{f"rds__{call}": error("DBProxyNotFoundFault", 404)})


def test_a_proxy_whose_targets_are_denied():
    with pytest.raises(Unreadable, match="rds:DescribeDBProxyTargets"):
        loaded(Proxy, POOL, rds__describe_db_proxy_targets=error("AccessDenied", 403))


def test_a_cluster_that_is_gone():
    with pytest.raises(Gone):
        loaded(
            DatabaseCluster,
            Resource(ACCOUNT_ID, HOME, CLUSTER.name, "orders"),
            rds__describe_db_clusters=error("DBClusterNotFoundFault", 404),
        )


def mapping(**changes):
    about = {
        "UUID": "2f8c0d1e-0000-4000-8000-1234567890ab",
        "EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT_ID}:jobs",
        "FunctionArn": made.FUNCTION,
        "State": "Enabled",
    }
    return about | changes


def sources(*mappings):
    answer = {"EventSourceMappings": list(mappings)}
    return loaded(QueueSources, AGENT, lambda__list_event_source_mappings=answer).all


def test_mappings_of_aliases_count_and_those_of_others_do_not():
    found = sources(
        mapping(FunctionArn=f"{made.FUNCTION}:live", MaximumBatchingWindowInSeconds=5),
        mapping(FunctionArn=f"{made.FUNCTION}-2"),
        mapping(EventSourceArn=f"arn:aws:kinesis:{HOME}:{ACCOUNT_ID}:stream/jobs"),
        mapping(State="Disabled"),
        mapping(SelfManagedEventSource={"Endpoints": {}}, EventSourceArn=""),
    )
    assert found == (Source("jobs", 180, 5, "live"),)


@pytest.mark.parametrize("state", ["Disabling", "Disabled", "Deleting"])
def test_a_mapping_that_is_about_to_stop_brings_nothing(state):
    assert sources(mapping(State=state)) == ()


@pytest.mark.parametrize("state", ["Creating", "Enabling", "Enabled", "Updating"])
def test_a_mapping_that_is_about_to_poll_counts(state):
    assert [each.queue for each in sources(mapping(State=state))] == ["jobs"]


def test_a_queue_of_another_account_is_asked_for_there():
    asked = []

    def attributes(**params):
        asked.append(params["QueueUrl"])
        return {"Attributes": {"VisibilityTimeout": "30"}}

    other = mapping(EventSourceArn="arn:aws:sqs:us-east-1:999988887777:jobs")
    loaded(
        QueueSources,
        AGENT,
        lambda__list_event_source_mappings={"EventSourceMappings": [other]},
        sqs__get_queue_attributes=attributes,
    )
    assert asked == ["https://sqs.us-east-1.amazonaws.com/999988887777/jobs"]
