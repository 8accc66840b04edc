"""What data protection policies hide."""

from __future__ import annotations

import json

import pytest

from readiness.semantics.data_protection import Protection, protection_of
from tests.accounts.data_privacy import policy

EMAIL = frozenset({"EmailAddress"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Protection(), id="no policy"),
        pytest.param(policy("EmailAddress"), Protection(hidden=EMAIL), id="masked"),
        pytest.param(
            policy("EmailAddress", operation="Deny"), Protection(hidden=EMAIL), id="deny"
        ),
        pytest.param(
            policy("EmailAddress", operation="Audit"), Protection(audited=EMAIL), id="audited"
        ),
        pytest.param(
            policy("EmailAddress", Principal=["*"]), Protection(hidden=EMAIL), id="for everyone"
        ),
        pytest.param(
            policy("EmailAddress", Principal=["arn:aws:iam::111122223333:user/x"]),
            Protection(partly=EMAIL),
            id="for one",
        ),
        pytest.param(
            policy("EmailAddress", Principal=["*"], NotPrincipal=["arn:aws:iam::1:user/x"]),
            Protection(partly=EMAIL),
            id="with exceptions",
        ),
        pytest.param(
            json.dumps(
                {"Statement": [{"DataIdentifier": ["agent-id"], "Operation": {"Deidentify": {}}}]}
            ),
            Protection(hidden=frozenset({"agent-id"})),
            id="a custom identifier",
        ),
    ],
)
def test_protection_of(text, expected):
    assert protection_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 9000,
        "[]",
        "null",
        "{}",
        '{"Statement": 1}',
        '{"Statement": [1]}',
        '{"Statement": [{}]}',
    ],
)
def test_what_is_no_policy_may_hide_anything(text):
    assert protection_of(text) == Protection(
        flaw="the data protection policy is not a valid document"
    )


def test_policies_add_up():
    both = protection_of(policy("EmailAddress")) | protection_of(policy("Name", operation="Audit"))
    assert (both.hidden, both.audited, both.flaw) == (EMAIL, {"Name"}, "")
    assert (both | protection_of("{")).flaw


def test_identifiers_are_compared_in_any_case():
    protection = protection_of(policy("EmailAddress"))
    assert protection.lacks(["emailaddress"]) == []
    assert protection.lacks(["Name", "EmailAddress", "Address"]) == ["Address", "Name"]
