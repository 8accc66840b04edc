"""Whether a connection of the Data Catalog keeps its password itself."""

from __future__ import annotations

from readiness import Severity, Status, Verdict, complies, not_applicable, violates
from readiness.evidence.glue import ConnectionLogin
from readiness.model.text import listed

from .places import in_variables
from .plain_text import judge_plain_text
from .settings import PlainTextSettings

_EXPECTED = (
    "A secret of Secrets Manager (SECRET_ID, KAFKA_SASL_SCRAM_SECRETS_ARN or"
    " AuthenticationConfiguration), and no password in the connection."
)


def judge_connection(connection: ConnectionLogin, plain_text: PlainTextSettings) -> Verdict:
    """The verdict on a connection: what its properties show, and where its password must be."""
    shown = in_variables(connection.properties, plain_text)
    verdict = judge_plain_text(shown, variables=len(connection.properties), kind="property")
    if verdict.status is Status.NON_COMPLIANT:
        return verdict
    if connection.secret and not connection.kept:
        return complies("The connection logs in with a secret of Secrets Manager.")
    if said := _keeps_a_password(connection):
        return violates(said, expected=_EXPECTED, severity=Severity.HIGH)
    return not_applicable("The connection names no user who would log in with a password.")


def _keeps_a_password(connection: ConnectionLogin) -> str:
    """Which password the connection keeps itself, as a sentence; empty where it keeps none."""
    itself = "its password stands in the connection itself."
    if connection.user and not connection.secret:
        return (
            f"The connection logs in as {connection.user} without a secret of Secrets Manager:"
            f" {itself}"
        )
    if connection.kept:
        return f"The connection keeps a password itself: {listed(connection.kept)}."
    if connection.keystore:
        return f"The connection opens the client keystore {connection.keystore}: {itself}"
    return ""
