"""APIs, configuration, examples and migrations are documented."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.development_documentation.app import (
    configuration_guide,
    example_code,
    http_api_documentation,
    migration_guide,
    rest_api_documentation,
)
from readiness import Status
from readiness.evidence.apigateway.documentation import (
    ApiRoutes,
    RestApiDocumentation,
    digest_of,
)
from readiness.evidence.workloads.documented import ConfigurationKeys, WorkloadParts
from readiness.evidence.workloads.manifests import Manifests
from readiness.model.attestation import Artefact, Attestation, AttestedDocument, Result, Scope
from readiness.model.manifest import parse
from tests.fake_account import NOON

GOOD, BAD = Status.COMPLIANT, Status.NON_COMPLIANT
NA, UNKNOWN = Status.NOT_APPLICABLE, Status.INSUFFICIENT_DATA
SHOP = WorkloadParts("shop", {"Application": "shop"}, ("lambda:function",))
DOCUMENT = Artefact("evidence", "shop/it.pdf", "v1", "a" * 64, 100)
ROUTES = ("GET /orders", "POST /orders")


def check(verdict, status, said=""):
    assert (verdict.status, said in verdict.reason) == (status, True), verdict.reason


def ago(days):
    return NOON - timedelta(days=days)


LONG_AGO = ago(30)


def stated(days=10.0, about="shop", bound=None, **changes):
    """A statement with a document."""
    told = {
        "id": "aaaa11112222",
        "rule": "it",
        "scope": Scope(resource=about),
        "statement": "Read.",
        "performed_at": ago(days),
        "declared_at": ago(days),
        "owner": "team",
        "attester": "arn:aws:sts::111122223333:assumed-role/Dev/alice",
        "attester_id": "AROA:alice",
        "artefact": DOCUMENT,
        "bound_to": bound or {},
    }
    return Attestation(**told | changes)


def said(*statements, first_seen=LONG_AGO):
    return AttestedDocument(statements, NOON, first_seen)


NOTHING = said()
NOT_YET = said(first_seen=ago(1))


def settings_decide(rule, *evidence, bound, about="shop"):
    """The settings that every rule on documents has."""
    old = said(stated(20.0, about, bound))
    check(rule(*evidence, old), GOOD)
    check(rule(*evidence, old, max_age_days=15), BAD, "expired")
    check(rule(*evidence, old, two_people=True), BAD, "second person")


# -- APIs -----------------------------------------------------------------------------------------

OPERATIONS = {"operations": digest_of(ROUTES)}
REST = RestApiDocumentation("a1", "orders", ROUTES, (), {"v1": "1.0"})
BARE = replace(REST, undocumented=("POST /orders",))
WEB = ApiRoutes("d4", "web", ROUTES, ("$default",))


@pytest.mark.parametrize(
    ("api", "attested", "status", "reason"),
    [
        pytest.param(REST, NOTHING, GOOD, "documents 2 methods", id="in API Gateway"),
        pytest.param(
            replace(REST, outdated={"v1": ("POST /orders",)}),
            NOTHING,
            BAD,
            "not attested",
            id="an older version is published",
        ),
        pytest.param(
            replace(REST, unexported=("v1",)),
            NOTHING,
            UNKNOWN,
            "cannot export v1",
            id="not exported",
        ),
        pytest.param(
            replace(BARE, unexported=("v1",)), NOTHING, BAD, "not attested", id="and one is bare"
        ),
        pytest.param(
            replace(REST, stages={"v1": "1", "v2": "1"}), NOTHING, GOOD, "2 stages", id="in two"
        ),
        pytest.param(replace(REST, stages={}), NOTHING, NA, "no stage", id="not deployed"),
        pytest.param(replace(REST, methods=()), NOTHING, NA, "no methods", id="without methods"),
        pytest.param(BARE, NOTHING, BAD, "not attested", id="one method is not documented"),
        pytest.param(BARE, NOT_YET, UNKNOWN, "not attested yet", id="in the grace"),
        pytest.param(
            replace(REST, stages={"v1": ""}), NOTHING, BAD, "not attested", id="not published"
        ),
        pytest.param(
            BARE, said(stated(about="a1", bound=OPERATIONS)), GOOD, "attested by", id="attested"
        ),
        pytest.param(
            BARE,
            said(stated(about="b2", bound=OPERATIONS)),
            BAD,
            "does not say that it is about a1",
            id="of another API",
        ),
        pytest.param(
            replace(BARE, methods=(*ROUTES, "DELETE /orders")),
            said(stated(about="a1", bound=OPERATIONS)),
            BAD,
            "operations changed",
            id="methods changed",
        ),
    ],
)
def test_rest_api_documentation(api, attested, status, reason):
    check(rest_api_documentation(api, attested), status, reason)


@pytest.mark.parametrize(
    ("api", "attested", "status", "reason"),
    [
        pytest.param(WEB, said(stated(about="d4", bound=OPERATIONS)), GOOD, "", id="attested"),
        pytest.param(WEB, NOTHING, BAD, "not attested", id="never"),
        pytest.param(WEB, NOT_YET, UNKNOWN, "not attested yet", id="in the grace"),
        pytest.param(replace(WEB, stages=()), NOTHING, NA, "no stage", id="not deployed"),
        pytest.param(replace(WEB, routes=()), NOTHING, NA, "no routes", id="without routes"),
        pytest.param(
            replace(WEB, routes=("$default",)),
            said(stated(about="d4", bound=OPERATIONS)),
            BAD,
            "operations changed",
            id="routes changed",
        ),
    ],
)
def test_http_api_documentation(api, attested, status, reason):
    check(http_api_documentation(api, attested), status, reason)


def test_how_old_the_document_of_an_api_may_be():
    settings_decide(rest_api_documentation, BARE, bound=OPERATIONS, about="a1")
    settings_decide(http_api_documentation, WEB, bound=OPERATIONS, about="d4")


# -- configuration --------------------------------------------------------------------------------

KEYS = ConfigurationKeys("shop", {"Application": "shop"}, ("DB_HOST", "LOG_LEVEL"))


def keys(text):
    return {"configuration_keys": text}


@pytest.mark.parametrize(
    ("found", "attested", "status", "reason"),
    [
        pytest.param(KEYS, said(stated(bound=keys("LOG_LEVEL,DB_HOST"))), GOOD, "", id="all"),
        pytest.param(
            KEYS, said(stated(bound=keys("LOG_LEVEL DB_HOST OLD"))), GOOD, "", id="more than all"
        ),
        pytest.param(
            KEYS, said(stated(bound=keys("DB_HOST"))), BAD, "state LOG_LEVEL", id="one is new"
        ),
        pytest.param(KEYS, said(stated(bound=keys("*"))), BAD, "DB_HOST and LOG", id="a star"),
        pytest.param(KEYS, NOTHING, BAD, "not attested", id="never"),
        pytest.param(KEYS, NOT_YET, UNKNOWN, "not attested yet", id="in the grace"),
        pytest.param(replace(KEYS, names=()), NOTHING, NA, "no variables", id="no variables"),
    ],
)
def test_configuration_guide(found, attested, status, reason):
    check(configuration_guide(found, attested), status, reason)


def test_the_settings_of_the_configuration_guide():
    little = said(stated(bound=keys("DB_HOST")))
    check(configuration_guide(KEYS, little, ignored_keys=("LOG_*",)), GOOD)
    check(configuration_guide(KEYS, little, compare_keys=False), GOOD)
    check(configuration_guide(KEYS, little, ignored_keys=("*",)), NA, "are ignored")
    settings_decide(configuration_guide, KEYS, bound=keys("DB_HOST LOG_LEVEL"))


# -- examples and migration -----------------------------------------------------------------------


def manifests(version="2.1.0"):
    text = '{"owner": "team", "reviewed": "2026-10-01", "version": "%s"}' % version  # noqa: UP031
    return Manifests({"shop": parse("shop", text)})


NO_VERSION = Manifests({"shop": parse("shop", '{"owner": "team", "reviewed": "2026-10-01"}')})
REFUSED = Manifests(refused={"shop": "it is not JSON"})


@pytest.mark.parametrize(
    ("found", "attested", "status", "reason"),
    [
        pytest.param(
            manifests(), said(stated(bound={"version": "2.1.0"})), GOOD, "", id="this version"
        ),
        pytest.param(
            manifests(),
            said(stated(bound={"version": "2.0.0"})),
            BAD,
            "version changed from 2.0.0",
            id="another version",
        ),
        pytest.param(manifests(), said(stated()), BAD, "does not name the version", id="no one"),
        pytest.param(Manifests(), said(stated()), GOOD, "", id="no version is stated"),
        pytest.param(Manifests(), NOTHING, BAD, "not attested", id="never"),
        pytest.param(Manifests(), NOT_YET, UNKNOWN, "not attested yet", id="in the grace"),
        pytest.param(REFUSED, said(stated()), UNKNOWN, "cannot be used", id="a refused manifest"),
    ],
)
def test_example_code(found, attested, status, reason):
    check(example_code(SHOP, found, attested), status, reason)


def test_how_old_a_run_of_examples_may_be():
    settings_decide(example_code, SHOP, manifests(), bound={"version": "2.1.0"})


def pair(before, after):
    return {"from_major": before, "to_major": after}


OTHER = replace(DOCUMENT, sha256="b" * 64)


@pytest.mark.parametrize(
    ("found", "attested", "status", "reason"),
    [
        pytest.param(Manifests(), NOTHING, NA, "No manifest states", id="no manifest"),
        pytest.param(NO_VERSION, NOTHING, NA, "No manifest states", id="no version"),
        pytest.param(REFUSED, NOTHING, UNKNOWN, "cannot be used", id="a refused manifest"),
        pytest.param(manifests("0.9"), NOTHING, NA, "not changed yet", id="0.9"),
        pytest.param(manifests("1.12.3"), NOTHING, NA, "not changed yet", id="the first"),
        pytest.param(manifests(), NOTHING, BAD, "from version 1 to 2", id="no guide"),
        pytest.param(manifests(), NOT_YET, UNKNOWN, "not attested yet", id="in the grace"),
        pytest.param(manifests(), said(stated(bound=pair("1", "2"))), GOOD, "1 to 2", id="guide"),
        pytest.param(manifests(), said(stated()), BAD, "does not name the from_major", id="of no"),
        pytest.param(
            manifests("3.0"),
            said(stated(bound=pair("1", "2"))),
            BAD,
            "from_major changed from 1 to 2",
            id="the next change",
        ),
        pytest.param(
            manifests("4.0"),
            said(
                stated(400.0, bound=pair("1", "2"), artefact=OTHER), stated(bound=pair("2", "4"))
            ),
            GOOD,
            "from version 2 to 4",
            id="a version was left out",
        ),
        pytest.param(
            manifests(),
            said(stated(400.0, bound=pair("1", "2"))),
            NA,
            "has not changed since its guide",
            id="accepted long ago",
        ),
        pytest.param(
            manifests(),
            said(stated(400.0, bound=pair("1", "2"), result=Result.FAIL)),
            BAD,
            "failed",
            id="failed long ago",
        ),
        pytest.param(
            manifests(),
            said(
                stated(400.0, bound=pair("1", "2")),
                stated(5.0, bound=pair("1", "2"), artefact=OTHER, result=Result.FAIL),
            ),
            BAD,
            "failed",
            id="accepted long ago, and found wanting since",
        ),
        pytest.param(
            manifests("10-rc1"), NOTHING, BAD, "from version 9 to 10", id="a bare pre-release"
        ),
        pytest.param(
            manifests("10.0.0"),
            said(
                stated(400.0, bound=pair("2", "9"), artefact=OTHER), stated(bound=pair("9", "10"))
            ),
            GOOD,
            "from version 9 to 10",
            id="ten comes after nine",
        ),
        pytest.param(
            manifests(),
            said(stated(400.0, bound=pair("1", "2"), artefact=None)),
            BAD,
            "it expired",
            id="long ago, without a document",
        ),
    ],
)
def test_migration_guide(found, attested, status, reason):
    check(migration_guide(SHOP, found, attested), status, reason)


def test_the_settings_of_the_migration_guide():
    old = said(stated(20.0, bound=pair("1", "2")))
    check(migration_guide(SHOP, manifests(), old), GOOD)
    check(migration_guide(SHOP, manifests(), old, max_age_days=15), NA, "since its guide of")
    check(migration_guide(SHOP, manifests(), old, two_people=True), BAD, "second person")
