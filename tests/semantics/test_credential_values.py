"""What a value is that is no credential: a reference, a placeholder, a name, a digest."""

from __future__ import annotations

import string

import pytest

from readiness.semantics.characters import classes, entropy, is_generated_name, looks_like_a_name
from readiness.semantics.credential_values import (
    default_in,
    is_a_literal_key,
    is_a_mode,
    is_a_name_with_folders,
    is_a_path,
    is_a_plain_url,
    is_a_secrets_name,
    is_a_uuid,
    is_literal,
    is_public_value,
    is_reference,
    is_weak_placeholder,
    stands_for_nothing,
)
from readiness.semantics.credentials import suspect
from readiness.semantics.randomness import is_random

MIXED = "Zk3vT9qLx8Rw2Yp6Nh5B"
"""Twenty characters, the least that may be random."""
UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"


def sort_out(test, values, *before):
    """The values for which the test says yes."""
    return [value for value in values if test(*before, value)]


@pytest.mark.parametrize(
    ("test", "yes", "no"),
    [
        pytest.param(
            is_reference,
            [
                "${X}",
                "Bearer ${X}",
                "token ${X}",
                "${A}:${B}",
                "$TOKEN",
                " $(X) ",
                "Basic {{ x }}",
            ],
            ["Bearer", "hunter2", "${X}hunter2", "Bearer x ${X}", "", "***", "ba${X}sic"],
            id="reference",
        ),
        pytest.param(
            stands_for_nothing,
            [
                "true",
                "NONE",
                "<todo>",
                "[redacted]",
                "{placeholder}",
                "'xxx'",
                '"your-key"',
                "****",
            ],
            ["hunter2", "XtodoX", "xx", "todo2", " todo"],
            id="stands for nothing",
        ),
        pytest.param(
            is_weak_placeholder,
            ["changeme", "Change-Me", "<example>", "[test]", "{sample}", "'fake'", '"mock"'],
            ["changed", "tests", " test"],
            id="weak placeholder",
        ),
        pytest.param(is_a_mode, ["JWT", "bearer", "id_token"], ["hunter2", ""], id="mode"),
        pytest.param(
            is_a_path,
            ["/run/secrets/db", "~/x", "./x", "C:\\x", "server.pem", "alias/orders", "$HOME/a/b"],
            ["/hunter2", "hunter2", "a/b", "alias"],
            id="path",
        ),
        pytest.param(
            is_a_plain_url,
            ["https://x/y", "db.example.com:5432", "db.internal", "HTTPS://X"],
            ["DB.example.com", "Welcome.com", "hunter2", "a b://c"],
            id="URL",
        ),
        pytest.param(is_a_uuid, [UUID, UUID.upper(), f"mrk-{UUID}"], [f"{UUID}0", "x"], id="UUID"),
        pytest.param(
            is_a_name_with_folders,
            [
                "my/orders/database",
                "a/b/k9xz",
                "a/b/orders1x2y",
                "x/a.b.orders.x.y/z",
                "/my/orders/database/",
                "orders/v1/config",
                "a/b/c",
            ],
            [
                "orders/database",
                "a/b/k9x9z",
                "my/Zk3vT9qLx8/database",
                "my//database",
                "my/or ders/database",
                "/orders/database",
                "XX/orders/database/x#",
            ],
            id="name with folders",
        ),
        pytest.param(
            is_generated_name,
            [
                "OrdersDbSecret685A0FA5",
                "ordersDbSecret685A0FA5",
                "ordersbasesecret685a0fa5",
                "OrdersDbSecret685A0FA5-xVwN3vpYnhHt",
                "Orders_Db:Secret685A0FA5",
                "Orders:OrdersTable685A0FA5ArnF8D4C1E2",
                "my-orders-database685a0fa5",
            ],
            [
                "685A0FA5",
                "OrdersDbSecret",
                "9OrdersSecret685A0FA5",
                "Zk3vT9qL685A0FA5",
                "Orders Secret685A0FA5",
                "OrdersDbSecret685A0FA",
            ],
            id="generated name",
        ),
        pytest.param(
            looks_like_a_name,
            ["OrdersServiceDatabaseCluster", "ordersservice1234", "orders1234"],
            [
                "Zk3vT9qLx8Rw2Yp6Nh5B",
                "orders12345",
                "bcdfghjklm",
                "abcdfgheabcdfghe",
                "BrasttBrasttBrastt",
                "strngthsxyz",
                "aXbXcXdXeX",
            ],
            id="name of words",
        ),
        pytest.param(
            is_public_value,
            ["pk_live_abc", "ssh-rsa AAAA", "sha256:" + "0" * 16, "0x" + "a" * 40],
            ["sk_live_abc", "sha256:abc", "0x" + "a" * 64],
            id="public value",
        ),
        pytest.param(
            is_a_literal_key,
            ["Sup3rS3cretK3y!", "q9x!2Lp0", "kqzjvbXP", "h4nter2!x"],
            [
                "q9x!2Lp",
                "qzxkvbpw",
                UUID,
                "orders-signing-key-2026",
                "alias/Orders",
                "x9 kL2 mQ8 z",
                "OrdersKey",
                "changeme",
                "12345678",
            ],
            id="a key",
        ),
    ],
)
def test_a_kind_of_value(test, yes, no):
    assert sort_out(test, yes) == yes
    assert sort_out(test, no) == []


@pytest.mark.parametrize(
    ("value", "default"),
    [
        ("${X:-a}", "a"),
        ("${X-a}", "a"),
        ("${X:=a b}", "a b"),
        ("${X:a}", "a"),
        (" ${X:-a} ", "a"),
        ("${X:-}", ""),
        ("${X}", None),
        ("a", None),
    ],
)
def test_a_default(value, default):
    assert default_in(value) == default


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        pytest.param(
            "DB_SECRET",
            [
                "prod/db",
                "/prod/db/",
                "prod-db",
                "db.secret",
                "prod-db-AbCdEf",
                "prod-db-Ab9dEf",
                "my-app/" + MIXED[:19],
                "a/customerdatabasecluster",
                "prod/api-aBcD12",
                "prod/orders-db1-rds2-stage-x9Kz2Q",
            ],
            [
                "hunter2",
                "db",
                "prod",
                "hunter-two",
                "proddb",
                "my-app/" + MIXED,
                "prod db-x",
                "prod.",
                "Xprod/d#b",
                "prodDb",
                "prod/d#b",
                "secret-hunter!",
                "-AbCdEf",
                "xx/",
                "prod,db",
            ],
            id="a secret's name",
        ),
        pytest.param(
            "SECRETS",
            ["db,cache", "db, cache", "prod/db,prod/cache"],
            ["db,hunt#r", f"db,{MIXED}", "db;cache"],
            id="a list of them",
        ),
        pytest.param("DB_CREDENTIALS", ["db,cache"], ["db,c#che"], id="credentials, a list"),
        pytest.param("SECRETS_VALUE", [], ["db,cache"], id="no list under another name"),
        pytest.param(
            "CLIENT_SECRET",
            ["prod/client"],
            ["prod-client", "client.secret"],
            id="the secret itself",
        ),
    ],
)
def test_what_secrets_are_called(name, yes, no):
    assert sort_out(is_a_secrets_name, yes, name) == yes
    assert sort_out(is_a_secrets_name, no, name) == []


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        pytest.param(
            "DB_PASSWORD",
            [
                "hunter2",
                "1234",
                "12",
                "-1.5",
                "changeme",
                "HUNTER",
                "jwt",
                "apiKey",
                "15m",
                "db.example.com",
                "a/b",
            ],
            [
                "",
                " ",
                "true",
                "/run/secrets/db",
                "/Zk3vT9q/Lx8Rw2",
                "https://x/y",
                "my/orders/db",
                "DB_PASSWORD",
                "${X}",
            ],
            id="a password",
        ),
        pytest.param(
            "API_TOKEN",
            ["hunter2", "12345678", "HUNTER", "db_token_x", "Apikey", "ordersItem", "ORDERS_ITEM"],
            [
                "1234",
                "1234567",
                "changeme",
                "jwt",
                "apiKey",
                "API_KEY",
                "15m",
                "1 hour",
                "https://x/y",
                "db.example.com",
                "server.pem",
                "my/orders/db",
                "API_TOKEN",
            ],
            id="a token",
        ),
        pytest.param("API_TOKENS", ["hunter2"], ["12345678"], id="a number of tokens"),
        pytest.param(
            "DB_SECRET",
            ["hunter2", "1234", "changeme"],
            ["server.pem", "db.internal", "my/orders/db"],
            id="a secret or its name",
        ),
        pytest.param("db_password", ["db_password"], [], id="its own name, not in capitals"),
    ],
)
def test_a_literal_under_a_name_of_a_secret(name, yes, no):
    assert sort_out(is_literal, yes, name) == yes
    assert sort_out(is_literal, no, name) == []


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        pytest.param(MIXED, True, id="twenty characters"),
        pytest.param(MIXED[:19], False, id="nineteen"),
        pytest.param(f" {MIXED}== ", True, id="padding of base64"),
        pytest.param(f"{MIXED[:19]}=", False, id="padding does not count"),
        pytest.param(f"id:{MIXED}", True, id="a piece"),
        pytest.param(f"{MIXED[:10]}:{MIXED[10:]}", False, id="short pieces"),
        pytest.param(f"{MIXED} x", False, id="a text with spaces"),
        pytest.param("x9$kL2!mQ8@zR5#wT7^p", True, id="twenty with marks"),
        pytest.param("x9$kL2!mQ8@zR5#wT7^", False, id="nineteen with marks"),
        pytest.param("a1A!a1A!a1A!a1A!a1A!a1A!", False, id="marks, but it repeats itself"),
        pytest.param("orders-Service1!checkout", True, id="words with a mark"),
        pytest.param("Aa1Aa1Aa1Aa1Aa1Aa1Aa1Aa1", False, id="it repeats itself"),
        pytest.param(
            "abcdefghijklmnopqrstuvwxyz0123", False, id="one turn from letters to digits"
        ),
        pytest.param("qzxk1vbpw2mnrtd3hjklq4", True, id="several turns"),
        pytest.param("customer1orders2checkout3service", False, id="words with numbers"),
        pytest.param("01ARZ3NDEKTSV4RRFFQ69G5FAV", False, id="a ULID"),
        pytest.param("https://x/" + MIXED, False, id="a URL"),
        pytest.param("OrdersDbSecret685A0FA5C1D2E3F4", False, id="a generated name"),
    ],
)
def test_a_value_is_random(value, answer):
    assert is_random("SETTING", value) is answer


def test_the_least_entropy_is_enough():
    """Sixteen characters that come equally often have exactly four bits each."""
    sixteen = "a1b2c3d4e5f6g7h8" * 2
    assert entropy(sixteen) == 4
    assert is_random("SETTING", sixteen, 4.0)
    assert not is_random("SETTING", sixteen, 4.01)
    marked = "a1B2c!d4e5f6g7h8" * 2
    assert entropy(marked) == 4
    assert is_random("SETTING", marked, 4.0)
    assert not is_random("SETTING", marked, 4.01)


@pytest.mark.parametrize("length", [32, 40, 56, 64, 96, 128])
def test_hexadecimal_digits_of_a_digest_are_one_whatever_their_case(length):
    digits = ("9f86d081884c7d659a2feaa0c55ad015" * 4)[:length]
    for value in (digits, digits.upper()):
        assert not is_random("SETTING", value)
        assert is_random("SIGNING_KEY", value)
    assert is_random("SETTING", digits[:-1])
    assert is_random("SETTING", digits[:-1] + "x")


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("a", 1), ("A", 1), ("1", 1), ("aA", 2), ("a1", 2), ("A1", 2), ("aA1", 3), ("!", 0)],
)
def test_classes_of_characters(text, count):
    assert classes(text) == count


def test_entropy_is_in_bits_per_character():
    assert entropy("aaaa") == 0
    assert entropy("abab") == 1
    assert entropy(string.hexdigits[:16]) == 4


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("HOOK", "https://hooks.zapier.com/hooks/catch/123456/abcdef7/", True),
        ("HOOK", "https://hook.eu1.make.com/abcdefghijklmnopqrstuvwxyz012345", True),
        ("HOOK", "https://maker.ifttt.com/trigger/page/with/key/abcDEF123456", True),
        (
            "HOOK",
            f"https://outlook.office.com/webhook/{'a' * 36}/IncomingWebhook/{'b' * 32}",
            True,
        ),
        ("HOOK", f"https://mattermost.example.com/hooks/{'ab' * 13}", True),
        ("HOOK", "https://hooks.zapier.com/docs", False),
        ("Authorization", f"Token {'0a1b' * 10}", True),
        ("Authorization", "${TOKEN}", False),
        ("Authorization", "Token ${TOKEN}", False),
        ("REDIS_AUTH", "s3cr3tRedis", True),
        ("REDIS_AUTH", "true", False),
        ("REDIS_AUTH", "iam", False),
        ("REDIS_AUTH_MODE", "token", False),
        ("MNEMONIC", "legal winner thank year wave sausage", True),
        ("SEED_PHRASE", "legal winner thank year wave sausage", True),
    ],
)
def test_what_is_a_credential_by_where_it_leads_or_by_its_word(name, value, is_found):
    assert bool(suspect(name, value)) is is_found
