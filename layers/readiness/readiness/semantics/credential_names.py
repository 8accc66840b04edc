"""What a variable's name says of its value: a secret, something about a secret, or neither.

In English the last noun says what a thing is. ``DB_PASSWORD`` is a password; ``PASSWORD_POLICY``,
``SECRET_ARN`` and ``TOKEN_TTL`` are a policy, an ARN and a number of seconds.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence


def words_of(text: str) -> frozenset[str]:
    """The words of a list written as one text."""
    return frozenset(text.split())


_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_SECRET_WORD = words_of(
    "cred creds mnemonic passcode passphrase passwd password passwords pw pwd secret secrets "
    "token tokens"
)
_SECRET_PART = ("password", "passwd", "secret", "credential", "apikey", "privatekey")
_SECRET_PAIR = frozenset(
    {(a, b) for a in ("api", "private", "secret") for b in ("key", "keys")}
    | {("access", "key"), ("auth", "key"), ("master", "key")}
    | {("redis", "auth"), ("valkey", "auth"), ("seed", "phrase"), ("recovery", "phrase")}
)
_SHORT = ("pass", "pwd", "pw")
"""How words for a password end that are written as one: ``dbpass``, ``DBPWD``, ``bindpw``."""
_NOT_PASS = words_of("bypass compass encompass overpass surpass trespass underpass oldpwd")
_NOT_SECRET = words_of("chpasswd passwordless secretariat secretary secretion secretless")
_PASSWORD = ("password", "passwords", "passwd", "pass", "pwd", "pw", "passphrase", "passcode")

_ABOUT = words_of(
    "action address age alg algorithm alias allowed arn arns attempts attribute aud audience "
    "authorizer backend bindings bucket budget cache category char characters check checks "
    "ciphertext claim claims class column command commands complexity context cookie cost "
    "count cron database days decimals decoder description dir directory disabled domain "
    "driver duration email enabled encoder encoding encrypted encryption endpoint engine env "
    "environment event exchange expiration expire expires expiring expiry extension factory "
    "feature field file filename files filter flag folder format function generation "
    "generator grace group handler hash hasher hashing header headers hint history host "
    "hostname hours id identifier ids index interceptor interval introspection issuer jwks "
    "keyring kind kms label lambda layer leeway len length level lifetime limit limiter "
    "limits loc location log logs manager max method methods middleware min minutes mode "
    "model module mount ms name names namespace network number option optional owner page "
    "param parameter parser path paths pattern per percent plugin policy pool port prefix "
    "price procedure project prompt properties property provider providers queue quota rate "
    "reader realm ref reference references refresh refs regex region regions renewal replay "
    "required reset resolver resource retention reuse revocation role rotation rotator rule "
    "rules schedule scheduler schema scope scopes seconds selector service services signer "
    "size sizes skew sort source sources stage standard state status stdin storage store "
    "strategy strength subject suffix supply symbol sync table task template tenant threshold "
    "through timeout timestamp title topic ttl type types unit units updater uri url urls usage "
    "use user username users validation validator validity variable vars verification verifier "
    "version versions volume warning webhook window"
)
"""Words that say something about a secret, such as where or how long it is, and not what it is."""

_ENCRYPTED = words_of("ciphertext encrypted kms")
_COUNTED = words_of(
    "bos cancellation client completion context continuation count csrf eos idempotency input "
    "machine max maximum min minimum next num number of output pad page pagination prompt "
    "reasoning request sep special start stop sync thinking total unk xsrf"
)
"""What kinds of tokens are none that log in: units of text, and marks of a request."""

_PUBLIC = words_of("anon public publishable sitekey")
_PUBLIC_KEYS = words_of("browser pub search site")
"""Words before *key* that say that the key is made to be public."""

_GENERATED_PATHS = ("/cdk/exports/", "/cdk-bootstrap/")
"""Parameters that the CDK makes for itself; they hold names and ARNs of resources."""


def words(name: str) -> list[str]:
    """The words of a name, in lower case: ``dbPassword`` and ``DB_PASSWORD`` are db, password."""
    return [word.lower() for word in _CAMEL.findall(name)]


def _secret_at(parts: Sequence[str]) -> Iterator[int]:
    for at, word in enumerate(parts):
        if word not in _NOT_SECRET and (
            word in _SECRET_WORD
            or any(part in word for part in _SECRET_PART)
            or word.endswith(("token", "tokens"))
            or (word.endswith(_SHORT) and word not in _NOT_PASS)
        ):
            yield at
    for at, pair in enumerate(itertools.pairwise(parts)):
        if pair in _SECRET_PAIR:
            yield at + 1
    if parts and parts[-1] == "pat" and len(parts) > 1:
        yield len(parts) - 1


def names_a_secret(name: str) -> bool:
    """Whether the name speaks of a secret at all, be it the secret or something about it."""
    return any(True for _ in _secret_at(words(name)))


def points_at_a_secret(name: str) -> bool:
    """Whether the name says something about a secret (``DB_SECRET_ARN``, ``TOKEN_URL``)."""
    parts = words(name)
    found = list(_secret_at(parts))
    if not found or "vault" in parts or "approle" in parts:
        # The secret ID of Vault's AppRole is half of a login.
        return bool(parts) and parts[-1] in _ABOUT and parts[-2:] != ["secret", "id"]
    if name.startswith(_GENERATED_PATHS):
        return True
    last = max(found)
    if any(word in _ABOUT for word in parts[last + 1 :]) or _ENCRYPTED & set(parts):
        return True
    if parts[-1] == "key" and parts[-2:-1] in (["password"], ["string"], ["json"]):
        return True  # the field of a secret in which the password is
    kind = parts[last]
    return kind in {"token", "tokens"} and last > 0 and parts[last - 1] in _COUNTED


def is_a_secret(name: str) -> bool:
    """Whether the name says that its value is a secret."""
    return names_a_secret(name) and not points_at_a_secret(name) and not is_public(name)


def is_a_password(name: str) -> bool:
    """Whether the name says that its value is a password or another secret that people choose."""
    if not is_a_secret(name):
        return False
    parts = words(name)
    kind = parts[max(_secret_at(parts))]
    return kind.endswith((*_PASSWORD, "secret")) and kind not in _NOT_PASS


def is_a_name_or_secret(name: str) -> bool:
    """Whether the value may be the name of a secret (``DB_SECRET``, ``DB_CREDENTIALS``)."""
    parts = words(name)
    found = list(_secret_at(parts))
    return bool(found) and parts[max(found)].endswith(
        ("secret", "secrets", "credential", "credentials", "cred", "creds")
    )


_FIELD = re.compile(r"[A-Za-z]+(?:[._-][A-Za-z]+)*")


def is_the_field(name: str, text: str) -> bool:
    """Whether the text is the field that the name speaks of: PASSWORD_SECRET_KEY is ``password``.

    In a secret with several fields a program has to know which one it wants.
    """
    *about, last = words(name) or [""]
    if about[-1:] == ["secret"]:
        about.pop()
    return last == "key" and bool(_FIELD.fullmatch(text)) and words(text)[-1] in about


_DIRECT = words_of(
    "access app auth client consumer cookie csrf encryption hmac jwt nextauth oauth session "
    "shared signing webhook"
)


def is_the_secret_itself(name: str) -> bool:
    """Whether a word before *secret* says that it is one, of a kind nobody gives names to."""
    return bool(_DIRECT & set(words(name)))


_KEY_OF = words_of(
    "account admin cookie encryption hmac integration jwt licence license master service session "
    "shared signing storage webhook"
)


def names_a_key(name: str) -> bool:
    """Whether the value may be a key, though such keys are often called by a name or an id."""
    parts = words(name)
    return len(parts) > 1 and parts[-1] == "key" and parts[-2] in _KEY_OF


_OF_A_KEY = words_of(
    "25519 account activation aes cert certificate cipher cookie crypt crypto decrypt decryption"
    " deploy ecdsa encrypt encryption fernet gpg hmac ingest ingestion integration jwt licence"
    " license master pgp preshared rsa sa saml security session shared sign signing ssh ssl"
    " subscription symmetric tls unseal vpn webhook wg wireguard wrapping"
)
"""Words before *key* that say what the key does, or by which algorithm."""
_CERTIFICATES = words_of("mtls ssl tls")
_MATERIAL = words_of(
    "basicauth bearer connectionstring connstr connstring dockerconfigjson dsn fernet hmac jwt"
    " keystore keytab kubeconfig netrc npmrc otpauth pepper pfx psk pypirc"
)
_MATERIAL_PAIR = frozenset(
    {("basic", "auth"), ("private", "pem"), ("account", "json"), ("p", "12")}
    | {("id", "ecdsa"), ("id", "ed"), ("id", "rsa")}
    | {(a, "private") for a in ("gpg", "key", "pgp", "rsa", "ssh")}
    | {(a, b) for a in ("conn", "connection") for b in ("str", "string", "strings")}
    | {(a, "seed") for a in ("hd", "master", "mfa", "otp", "totp", "wallet")}
    | {(a, "codes") for a in ("backup", "recovery", "scratch")}
    | {("authorization", "header"), ("community", "string"), ("docker", "config")}
)
_LOGIN_IN_URL = words_of(
    "amqp database mongo mongodb mysql otp otpauth postgres postgresql presigned rabbitmq sas"
    " signed smtp totp"
)
"""Whose *URL* (or URI) mostly holds a user and a password, or is itself the permission."""
_VENDORS = words_of(
    "anthropic azure cloudflare cohere databricks datadog deepseek gcp gemini github gitlab groq"
    " huggingface mailgun mistral newrelic okta openai opsgenie pagerduty pinecone plaid rollbar"
    " sendgrid snowflake stripe twilio"
)
"""Those to whom any *key* logs in."""
_CHAT = words_of("discord mattermost slack teams")
"""Whoever knows the URL of one of their webhooks may post."""
_WHICH = words_of(
    "b base base64 binary blob current default hex json latest new next old pem plain plaintext"
    " previous raw text v value"
)
"""Words after the noun that say which one it is, or how it is written."""


def may_be_a_secret(name: str) -> bool:
    """Whether what has such a name is mostly secret, though the name is no proof.

    For values that nobody reads: a SIGNING_KEY is the key, or what the key is called.
    """
    parts = words(name)
    is_open = is_public(name) or bool({"kms", *_PUBLIC} & set(parts))
    if is_open or names_a_secret(name) or name.startswith(_GENERATED_PATHS):
        return False
    while len(parts) > 1 and (parts[-1] in _WHICH or parts[-1].isdigit()):
        if tuple(parts[-2:]) in _MATERIAL_PAIR:
            return True
        parts.pop()
    before, last = parts[:-1], parts[-1:]
    if last in (["key"], ["keys"]):
        by_itself = _CERTIFICATES | _VENDORS
        return bool(_OF_A_KEY & set(before[-1:]) or by_itself & set(before))
    if last in (["webhook"], ["url"], ["uri"]):
        return _is_a_url_that_lets_in(parts)
    if last == ["dsn"] and "sentry" in parts:
        return False  # Sentry's are made to be public.
    return bool(_MATERIAL & set(last)) or tuple(parts[-2:]) in _MATERIAL_PAIR


def _is_a_url_that_lets_in(parts: Sequence[str]) -> bool:
    """Whether a URL mostly holds a login, or whoever knows it may come in.

    With JDBC, user and password mostly stand beside the URL.
    """
    if "webhook" in parts[-2:]:
        return bool(_CHAT & set(parts))
    return "jdbc" not in parts and bool(_LOGIN_IN_URL & set(parts[-2:-1]))


_LOGIN = words_of("auth basicauth login userinfo userpass")


def is_of_a_login(name: str) -> bool:
    """Whether the value may be a user and a password (``BASIC_AUTH``)."""
    parts = words(name)
    return bool(parts) and parts[-1] in _LOGIN


def is_an_id(name: str) -> bool:
    """Whether the name is that of an id."""
    parts = words(name)
    return bool(parts) and parts[-1] in {"id", "ids"}


def is_public(name: str) -> bool:
    """Whether the name says that the key or token is made to be public (``STRIPE_PUBLIC_KEY``)."""
    parts = words(name)
    found = list(_secret_at(parts))
    kind = parts[max(found)] if found else ""
    plain = [word for word in parts if word != "api"]
    open_key = any(a in _PUBLIC_KEYS and b == "key" for a, b in itertools.pairwise(plain))
    says_so = open_key or bool(_PUBLIC & set(parts))
    return says_so and not kind.endswith((*_PASSWORD, "secret", "secrets"))


_BROWSER_KEY = words_of("android browser client firebase ios map maps places web")


def is_of_a_browser(name: str) -> bool:
    """Whether the name says that browsers and apps carry the key, as Google's documents allow."""
    return bool(_BROWSER_KEY & set(words(name))) or is_public(name)
