"""Whether databases, their proxies, caches and brokers take clients without TLS."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.evidence.msk import MskTransit
from readiness.evidence.rds.endpoints import ProxyTransit
from readiness.evidence.rds.transit import NATIVE_ENCRYPTION, PROTOCOLS, TLS, DatabaseTransit
from readiness.evidence.redshift import REQUIRE_SSL, WarehouseTransit, WorkgroupTransit
from readiness.evidence.workloads.plain_transfers import PlainTransfers
from readiness.model.text import listed
from readiness.model.verdict import (
    Problem,
    Severity,
    Verdict,
    cannot_tell,
    complies,
    not_applicable,
    unread,
    violates,
    violates_all,
)


def cache_verdict(severity: Severity, expected: str, *, enabled: bool, mode: str = "") -> Verdict:
    """The verdict on a cache by whether its clients need TLS."""
    if not enabled:
        said = "Encryption in transit is off."
        return violates(said, expected=expected, severity=severity)
    if mode == "preferred":
        said = "Encryption in transit is only preferred: clients without TLS can connect too."
        return violates(said, expected=expected, severity=severity)
    return complies("Encryption in transit is required.", mode=mode)


def database_tls_verdict(database: DatabaseTransit, severity: Severity) -> Verdict:
    """The verdict on a database by the parameters that decide how its clients connect."""
    if database.engine == "neptune":
        return not_applicable("Neptune accepts only HTTPS.")
    if not database.parameter:
        return not_applicable(
            f"No parameter of the engine {database.engine} refuses clients without TLS."
        )
    named = f"{database.parameter} {_in_its_group(database)}"
    facts = {"parameter": database.parameter, "value": database.value, "group": database.group}
    if wrong := _database_fault(database):
        reason, expected = wrong
        return violates(reason, expected=expected, severity=severity).observing(facts)
    if not database.value:
        return cannot_tell(
            f"AWS shows no value of {named if database.group else database.parameter}, which"
            " decides whether clients need TLS."
        )
    if database.status != "in-sync":
        return cannot_tell(
            f"{named} is {database.value}, but the group is {database.status}: until the instance"
            " is restarted, it may run with another value.",
            is_passing=database.status == "applying",
        ).observing(facts)
    return complies(f"Clients need TLS: {named} is {database.value}.").observing(facts)


def _database_fault(database: DatabaseTransit) -> tuple[str, str] | None:
    """What a parameter lets clients do, and what is expected of it; None where all is well."""
    group = _in_its_group(database)
    if not database.value:
        if not (database.group and database.lets_in_by_default):
            return None
        version = f"{database.engine} {database.release}".strip()
        said = (
            f"Clients can connect without TLS: {database.parameter} {group} has no value, and"
            f" {version} does not require TLS by default."
        )
        return said, _wanted(database)
    if not database.is_required:
        said = f"{database.parameter} {group} is {database.value}"
        return f"Clients can connect without TLS: {said}.", _wanted(database)
    if old := database.outdated:
        name, value = old
        expected = "tls1.2+" if name == TLS else "No version before TLS 1.2"
        return (
            f"Clients can connect with TLS 1.0 or 1.1: {name} {group} is {value}.",
            f"{expected}, in a parameter group of your own.",
        )
    return None


def _in_its_group(database: DatabaseTransit) -> str:
    kind = "option" if database.parameter == NATIVE_ENCRYPTION else "parameter"
    return f"in the {kind} group {database.group}"


def _wanted(database: DatabaseTransit) -> str:
    """What makes clients use TLS, or what Oracle has in place of it."""
    if database.parameter == NATIVE_ENCRYPTION:
        return (
            "The option NATIVE_NETWORK_ENCRYPTION with SQLNET.ENCRYPTION_SERVER REQUIRED, in an"
            " option group of your own."
        )
    if database.parameter == PROTOCOLS:
        return "DB2COMM is SSL alone, in a parameter group of your own."
    return f"{database.parameter} turned on, in a parameter group of your own."


def warehouse_verdict(warehouse: WarehouseTransit, severity: Severity) -> Verdict:
    """The verdict on a Redshift cluster by its parameter group, and by what it runs with."""
    named = f"{REQUIRE_SSL} in the parameter group {warehouse.group}"
    facts = {"value": warehouse.value, "group": warehouse.group, "status": warehouse.status}
    expected = f"{REQUIRE_SSL} true, in a parameter group of your own, and a restart."
    if not warehouse.value:
        return cannot_tell(
            f"AWS shows no value of {named if warehouse.group else REQUIRE_SSL}, which decides"
            " whether clients need TLS."
        )
    if not warehouse.is_required:
        said = f"Clients can connect without TLS: {named} is {warehouse.value}."
        return violates(said, expected=expected, severity=severity).observing(facts)
    if not warehouse.is_applied:
        return cannot_tell(
            f"{named} is {warehouse.value}, but the cluster has not applied it"
            f" ({warehouse.status}): until it is restarted, clients may need no TLS.",
            is_passing=warehouse.status == "applying",
        ).observing(facts)
    return complies(f"Clients need TLS: {named} is {warehouse.value}.").observing(facts)


def workgroup_verdict(workgroup: WorkgroupTransit, severity: Severity) -> Verdict:
    """The verdict on a workgroup of Redshift Serverless by its own parameter."""
    if not workgroup.value:
        return cannot_tell(
            f"AWS shows no {REQUIRE_SSL} of the workgroup, which decides whether clients need TLS."
        )
    if workgroup.is_required:
        return complies(f"Clients need TLS: {REQUIRE_SSL} is {workgroup.value}.")
    return violates(
        f"Clients can connect without TLS: {REQUIRE_SSL} is {workgroup.value}.",
        expected=f"{REQUIRE_SSL} true in the workgroup's configuration parameters.",
        severity=severity,
    )


def mounts_verdict(mounts: Mapping[str, bool], severity: Severity) -> Verdict:
    """The verdict on volumes of EFS, by whether each is mounted with TLS."""
    if not mounts:
        return not_applicable("It mounts no EFS file system.")
    if plain := sorted(name for name, encrypted in mounts.items() if not encrypted):
        return violates(
            f"It mounts EFS without TLS: {listed(plain)}.",
            expected="transitEncryption ENABLED for each EFS volume.",
            severity=severity,
            volumes=plain,
        )
    return complies(f"It mounts EFS with TLS: {listed(sorted(mounts))}.")


def proxy_verdict(proxy: ProxyTransit, severity: Severity) -> Verdict:
    """The verdict on a proxy of RDS by whether its clients need TLS."""
    if proxy.requires_tls:
        return complies("The proxy refuses clients without TLS.")
    return violates(
        "Clients can connect to the proxy without TLS, whatever its database requires.",
        expected="RequireTLS.",
        severity=severity,
    )


def msk_verdict(cluster: MskTransit, severity: Severity) -> Verdict:
    """The verdict on an MSK cluster, between its clients and brokers and between brokers."""
    if cluster.is_serverless:
        return complies("A serverless cluster accepts nothing but TLS.")
    problems = []
    if cluster.clients in {"TLS_PLAINTEXT", "PLAINTEXT"}:
        said = f"Brokers accept plain text from clients ({cluster.clients})."
        problems.append(Problem(severity, said))
    if cluster.between_brokers is False:
        problems.append(Problem(severity, "Brokers send data to each other in plain text."))
    if problems:
        return violates_all(problems, expected="ClientBroker TLS, and InCluster.")
    if cluster.clients != "TLS" or cluster.between_brokers is None:
        return cannot_tell("AWS does not show whether the cluster encrypts data in transit.")
    return complies("Clients and brokers use TLS.")


_SHOWN = 3


def transfers_verdict(seen: PlainTransfers, severity: Severity) -> Verdict:
    """The verdict on what moves data of a region, of the services without a rule of their own."""
    problems = []
    for how in dict.fromkeys(each.how for each in seen.plain):
        alike = [each for each in seen.plain if each.how == how]
        more = f" and {len(alike) - _SHOWN} more" if len(alike) > _SHOWN else ""
        named = listed([each.name for each in alike[:_SHOWN]])
        weak = alike[0].is_weak
        problems.append(Problem(Severity.LOW if weak else severity, f"{named}{more} {how}."))
    failed = listed([str(each) for each in seen.failures])
    if problems:
        if seen.failures:
            problems.append(Problem(Severity.LOW, f"Not everything was read: {failed}."))
        return violates_all(
            problems,
            expected="SFTP or FTPS, a security configuration of EMR with encryption in transit, an"
            " SslMode for each endpoint of DMS, and connectors with TLS.",
            plain=[each.name for each in seen.plain],
        )
    if seen.failures:
        return unread(f"Whether data is moved in plain text is unknown: {failed}.", *seen.failures)
    if not seen.seen:
        return not_applicable(
            "The region has no Transfer Family server, running EMR cluster or DMS task, or MSK"
            " Connect connector."
        )
    return complies(
        "No Transfer Family server, EMR cluster, DMS endpoint or MSK Connect connector of the"
        " region moves data in plain text.",
        seen=seen.seen,
    )
