"""Whether a connection of the Data Catalog keeps its password itself."""

from __future__ import annotations

from readiness import Severity, Status, Verdict, complies, not_applicable, violates
from readiness.evidence.glue import ConnectionLogin

from .places import in_variables
from .plain_text import judge_plain_text
from .settings import PlainTextSettings


def judge_connection(connection: ConnectionLogin, plain_text: PlainTextSettings) -> Verdict:
    """The verdict on a connection: what its properties show, and where its password must be."""
    shown = in_variables(connection.properties, plain_text)
    verdict = judge_plain_text(shown, variables=len(connection.properties), kind="property")
    if verdict.status is Status.NON_COMPLIANT:
        return verdict
    if connection.secret:
        return complies("The connection logs in with a secret of Secrets Manager.")
    if connection.user:
        return violates(
            f"The connection logs in as {connection.user} without a secret of Secrets Manager:"
            " its password stands in the connection itself.",
            expected="A secret of Secrets Manager (SECRET_ID or AuthenticationConfiguration).",
            severity=Severity.HIGH,
        )
    return not_applicable("The connection names no user who would log in with a password.")
