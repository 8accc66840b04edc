"""What a value is that is no credential: a reference, a switch, a public key, a generated name."""

from __future__ import annotations

import re

from readiness.semantics.characters import LEAST_RANDOM, classes, is_generated_name, is_wordy
from readiness.semantics.credential_names import (
    is_a_name_or_secret,
    is_a_password,
    is_the_field,
    is_the_secret_itself,
    names_a_secret,
    words,
    words_of,
)

# -- references: they stand for a value that is elsewhere, and are the whole value ----------------

_VARIABLE = (
    r"\$\{\{[^{}]*\}\}|\$\{(?!\w+:?[-=])(?![A-Z][A-Z0-9_.]*:[^:])[\w.!:@/~-]*\}"
    r"|\$\{\w+:?[?+][^{}]*\}"  # required, or only whether it is set
    r"|\$\([\w.:@/ -]*\)|\{\{[^{}]*\}\}|#\{[\w.:-]*\}"
)
_ONE_REFERENCE = (
    _VARIABLE + r"|\{%.*?%\}"  # JSONata, Jinja
    r"|\$[A-Z_][A-Z0-9_]*(?![a-z0-9])"  # a variable of a shell
    r"|%[A-Z_]{2,}%|%\(\w+\)s|@[A-Z_]{2,}@"
    r"|\{(?i:\w*(?:passw(?:or)?d|secret|token|api_?key|user(?:name)?))\}"  # of a format
)
_REFERENCES = re.compile(_ONE_REFERENCE)
_WHOLE = re.compile(
    # an ARN of anything
    r"arn:[\w-]+:[\w-]+:(?:[\w-]*|\$\{[\w:]+\}):(?:\d*|aws|\$\{[\w:]+\}):[^\s?]+"
    r"|\{\{\s*resolve:[\w-]+:[^{}]+\}\}"  # a dynamic reference of CloudFormation
    r"|(?:aws-?)?(?:ssm|secretsmanager|secrets-manager|parameter-store|parameterstore)"
    r":/{0,3}[\w./+=@:#-]+"
    r"|(?:sm|awssm|vault|op|gcpsm|azurekeyvault|secretref|keyvaultref|env|file)://?[^\s?]+"
    r"|(?:vault|env|secretRef):[A-Za-z][\w./#-]*"
    r"|ref\+\w+://[^\s?]+"
    r"|@Microsoft\.KeyVault\([^()]*\)"
    r"|projects/[\w-]+/secrets/[\w-]+(?:/versions/\w+)?"
    r"|%(?:env|ssm|secrets?)\([\w:./-]+\)%"
    r"|<[^<>]*>|%\([^()]*\)\w?"
    r"|\$_?[a-z]+(?:_[a-z]+)+|\$(?:password|passwd|secret|token|pw|pass)"
    # paths and functions of a state machine
    r"|\$?\$\.[A-Za-z_][\w.\[\]*'\"-]*|States\.\w+\(.*\)[\w.\[\]]*",
    re.DOTALL,
)
_DEFAULTED = re.compile(r"\$\{(?:\w+:?[-=]|[A-Z][A-Z0-9_.]*:(?!:))(.*)\}", re.DOTALL)
_SCHEME = re.compile(r"(?:bearer|basic|token)\s+", re.IGNORECASE)


def is_reference(value: str) -> bool:
    """Whether the whole value stands for something kept elsewhere.

    A part is not enough: ``$Tr0ub4dor`` and ``pa${X}ss`` are literals.
    """
    text = value.strip()
    if _WHOLE.fullmatch(text):
        return True
    left = _SCHEME.sub("", _REFERENCES.sub("", text))
    return left != text and not any(c.isalnum() for c in left)


def default_in(value: str) -> str | None:
    """The default in ``${NAME:-default}``, which is a literal; None for any other value."""
    found = _DEFAULTED.fullmatch(value.strip())
    return found[1] if found else None


# -- switches, placeholders, modes ----------------------------------------------------------------

_SWITCHES = words_of(
    "-1 0 1 always auto disable disabled enable enabled false n/a na never nil no none null "
    "off on optional required true undefined yes"
)
_MODES = words_of(
    "access access_token anonymous aws basic bearer codebuild cookie default dynamic "
    "ec2instancemetadata ecr-login ecscontainer env environment file header iam id id_token "
    "include inherit instance-metadata jwt local managed oauth oauth2 oidc omit "
    "parameter-store plain plaintext query refresh refresh_token rotating same-origin saml "
    "secrets-manager secretsmanager service_role sigv4 ssm static vault web-identity"
)
_PLACEHOLDER = re.compile(
    r"(x{3,}|\*+|\.+|-+|_+|your[-_ ].*|.*[-_ ]here|replace[-_ ]?(me|this|with.*)?"
    r"|todo|tbd|placeholder.*|dummy|redacted|insert[-_ ].*|not[-_ ]?set|unset|fixme"
    r"|to[-_ ]be[-_ ].*"
    r"|(set|fill|put|provided|injected|overridden)[-_ ](me|by|in|at|from).*|see[-_ ].*)",
    re.IGNORECASE,
)
_WEAK = re.compile(r"change[-_ ]?(me|this|it)|example|sample|test|fake|mock", re.IGNORECASE)
"""Placeholders that log in where nobody replaces them: passwords under a password's name."""


def stands_for_nothing(text: str) -> bool:
    """Whether the text is a switch, a placeholder or a reference."""
    return bool(
        is_reference(text)
        or text.lower() in _SWITCHES
        or _PLACEHOLDER.fullmatch(text.strip("<>[]{}'\""))
    )


def is_a_mode(text: str) -> bool:
    """Whether the text is a way of logging in and not what logs in (``access``, ``jwt``)."""
    return text.lower() in _MODES


def is_weak_placeholder(text: str) -> bool:
    """Whether the text is a placeholder that somebody may have left as a password."""
    return bool(_WEAK.fullmatch(text.strip("<>[]{}'\"")))


# -- paths, names, hosts ----------------------------------------------------------------------

_PATH = re.compile(r"(?:~|\$\{?[A-Z_]+\}?)?(/[\w.@+=$-]+){2,}/?|[A-Za-z]:\\.*|\.{1,2}/.*|~/.*")
_FILE = re.compile(r"[\w./-]+\.(?:pem|key|crt|cer|json|ya?ml|txt|env|p12|pfx|jks|ini|conf|toml)")
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://\S+", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+"
    r"(?:com|net|org|io|dev|cn|local|internal|cloud|app|eu|info|ai|co|uk|de|lan|corp|svc|test)"
    r"\.?(?::\d{1,5})?(?:/[\w./:@-]*)?"
)
_UUID = re.compile(r"(?:mrk-)?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_SEGMENT = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[._@+!-][A-Za-z0-9]+)*|v?\d{1,4}")
_ALIAS = re.compile(r"alias/[\w/-]+")

_OF_SECRETS = words_of(
    "api app aws client config conn connection connstr credential credentials creds database db "
    "dev development dsn github jwt key keys live login master mssql mysql password passwords "
    "postgres prod production qa rds redis secret secrets service stage staging stg test token "
    "tokens uat user"
)


def is_a_path(text: str) -> bool:
    """Whether the text is a path of a file, a file's name or an alias."""
    return bool(_PATH.fullmatch(text) or _FILE.fullmatch(text) or _ALIAS.fullmatch(text))


def is_a_plain_url(text: str) -> bool:
    """Whether the text is a URL; what one hides in itself has a shape of its own."""
    return bool(_URL.fullmatch(text) or (_HOST.fullmatch(text) and _is_lower(text)))


def _is_lower(text: str) -> bool:
    return text == text.lower()


def is_a_uuid(text: str) -> bool:
    return bool(_UUID.fullmatch(text))


def is_a_secrets_name(name: str, text: str) -> bool:
    """Whether the text is what people and tools call secrets: ``prod/db/creds``, ``db-secret``.

    A JWT_SECRET or a CLIENT_SECRET has such a name only with folders.
    """
    if is_generated_name(text):
        return True
    if "," in text and words(name)[-1:] in (["secrets"], ["credentials"]):
        return all(is_a_secrets_name("", f"x/{part.strip()}") for part in text.split(","))
    # Secrets Manager ends an ARN's last part in six random characters.
    segments = re.sub(r"-[A-Za-z0-9]{6}$", "", text).strip("/").split("/")
    if not all(_SEGMENT.fullmatch(each) for each in segments):
        return False
    if len(segments) > 1:
        return all(len(each) < LEAST_RANDOM or is_wordy(each) for each in segments)
    if is_the_secret_itself(name):
        return False
    parts = words(text)
    return len(parts) > 1 and bool(set(parts) & _OF_SECRETS) and bool(re.search(r"[._-]", text))


def is_a_name_with_folders(text: str) -> bool:
    """Whether the text has two slashes or more between plain words."""
    segments = text.strip("/").split("/")
    return len(segments) > 2 and all(_SEGMENT.fullmatch(s) and is_wordy(s) for s in segments)


# -- public keys and digests ---------------------------------------------------------------------

_PUBLIC_VALUE = re.compile(
    r"pk_(?:live|test)_\w+|pk\.eyJ[\w.-]+|phc_\w+|NRJS-[0-9a-f]+|pubkey-[0-9a-f]+|FLWPUBK\S+"
    r"|(?:test|live)_pub_\w+|pub[0-9a-f]{32}|0x[0-9a-fA-F]{40}|age1[0-9a-z]{50,}|sb_publishable_\S+|rzp_(?:live|test)_\w+"
    r"|(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+@openssh\.com) [A-Za-z0-9+/=]+(?: [^\n]*)?"
    r"|-----BEGIN (?:RSA |EC )?(?:PUBLIC KEY|CERTIFICATE(?: REQUEST)?|X509 CRL)-----.*"
    r"|-----BEGIN PGP PUBLIC KEY BLOCK-----.*"
    r"|\$(?:1|2[abxy]|5|6|7|y|gy|apr1|argon2\w+|pbkdf2[\w-]*|scrypt)\$\S{20,}"  # a hash
    r"|AQICA[A-Za-z0-9+/]{40,}={0,2}|ENC[\[(].+[\])]|\$ANSIBLE_VAULT;.*"  # encrypted
    r"|(?:data:[\w/+.-]+;base64,|iVBORw0KGgo|/9j/4|R0lGOD)\S*",  # an image
    re.DOTALL,
)
_CERTIFICATE_IN_BASE64 = re.compile(r"LS0tLS1CRUdJTi(?:BDRVJUSUZJQ0FUR|BQVUJMSUMg)\S*")
_DIGEST = re.compile(
    r"(?:sha-?(?:1|224|256|384|512)|md5|blake2b)[:=-][A-Za-z0-9+/=_-]{16,}|W?/?\"[0-9a-f-]{16,}\""
    r"|\S+@sha256:[0-9a-f]{64}",
    re.IGNORECASE,
)


def is_public_value(text: str) -> bool:
    """Whether the whole value is of a kind made to be public, such as a certificate or a digest.

    So may be what is hashed or encrypted: crypt(3), the ciphertext of KMS, of sops, of Jasypt.
    """
    return bool(
        _PUBLIC_VALUE.fullmatch(text)
        or _CERTIFICATE_IN_BASE64.fullmatch(text)
        or _DIGEST.fullmatch(text)
    )


# -- the value of a variable named like a secret --------------------------------------------------

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_LONG_NUMBER = re.compile(r"\d{8,}")
_DURATION = re.compile(
    r"\d+(?:\.\d+)?\s?(?:ms|s|m|h|d|w|sec|min|hours?|days?|kb|mb|gb)", re.IGNORECASE
)


_FETCHES = re.compile(
    r"(?:aws\s+[a-z0-9-]+\s+get-[a-z-]+|kubectl\s(?:[^|;&]*\s)?get\s+secrets?)(?:\s.*)?", re.DOTALL
)
"""A command with which people get a secret: stacks tell it in an output."""

_LEAST_KEY = 8
_IDENTIFIER = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+|[A-Z]+(?:_[A-Z]+)+")
"""A field or another variable (``apiKey``, ``API_KEY``)."""


def is_literal(name: str, value: str) -> bool:
    """Whether the value of a variable named like a secret is the secret itself.

    Switches, numbers, placeholders, paths, plain URLs, names of secrets, text of templates and
    commands that get a secret are not. Under a password's name a number and ``changeme`` are:
    they log in.
    """
    text = value.strip()
    if not text or stands_for_nothing(text) or is_public_value(text) or _FETCHES.fullmatch(text):
        return False
    if (text == name and text.isupper()) or is_the_field(name, text):
        return False
    password = is_a_password(name)
    if _NUMBER.fullmatch(text):
        return password or bool(_LONG_NUMBER.fullmatch(text) and not name.lower().endswith("s"))
    if not password and (
        is_a_mode(text)
        or (_IDENTIFIER.fullmatch(text) and names_a_secret(text))
        or is_weak_placeholder(text)
        or _DURATION.fullmatch(text)
    ):
        return False
    if password and not is_a_name_or_secret(name):
        return not (_PATH.fullmatch(text) or _URL.fullmatch(text) or is_a_name_with_folders(text))
    return not (is_a_path(text) or is_a_plain_url(text) or is_a_name_with_folders(text))


def is_a_literal_key(value: str) -> bool:
    """Whether the value of a SIGNING_KEY or the like may be the key, and not what it is called."""
    text = value.strip()
    if len(text) < _LEAST_KEY or classes(text) < 2 or is_a_uuid(text):
        return False
    return is_literal("key", text) and not any(c.isspace() for c in text) and not is_wordy(text)
