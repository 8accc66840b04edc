"""What a value is that is no credential: a reference, a switch, a public key, a generated name."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

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
        return all(len(each) < _LEAST_RANDOM or _is_wordy(each) for each in segments)
    if is_the_secret_itself(name):
        return False
    parts = words(text)
    return len(parts) > 1 and bool(set(parts) & _OF_SECRETS) and bool(re.search(r"[._-]", text))


def is_a_name_with_folders(text: str) -> bool:
    """Whether the text has two slashes or more between plain words."""
    segments = text.strip("/").split("/")
    return len(segments) > 2 and all(_SEGMENT.fullmatch(s) and _is_wordy(s) for s in segments)


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
_DIGEST_LENGTHS = {32, 40, 56, 64, 96, 128}
_DIGEST_WORDS = words_of(
    "account arn arns build bundle ca cert certificate certificates certs checksum client "
    "cluster cognito commit correlation crt deploy deployment digest distribution etag event "
    "fingerprint hash id ids image job md5 message org organization pool project release "
    "request rev revision sha sha1 sha256 sha512 span tag task tenant thumbprint trace tree "
    "version workspace zone"
)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_KEYED = words_of(
    "access api auth cipher encryption hmac key keys licence license pepper salt seed sign "
    "signature signing"
)
_THINGS = words_of(
    "artifact asset build bundle cache code dedup idempotency image lock object partition row sort"
)
"""Words before *key* that say that it names a thing and opens none."""
_HEX_KEYS = words_of(
    "algolia datadog dd mailgun newrelic openweather openweathermap opsgenie pagerduty pd relic "
    "rollbar twilio"
)
"""Providers whose keys are hexadecimal digits only, as gitleaks and TruffleHog list them."""


def is_public_value(text: str) -> bool:
    """Whether the whole value is of a kind made to be public, such as a certificate or a digest.

    So may be what is hashed or encrypted: crypt(3), the ciphertext of KMS, of sops, of Jasypt.
    """
    return bool(
        _PUBLIC_VALUE.fullmatch(text)
        or _CERTIFICATE_IN_BASE64.fullmatch(text)
        or _DIGEST.fullmatch(text)
    )


# -- randomness ----------------------------------------------------------------------------------

_PIECES = re.compile(r"[A-Za-z0-9+]+")
_WHOLE_RANDOM = re.compile(r"[A-Za-z0-9!#$%^&*@~?+=_-]+")
_ODD = re.compile(r"[!#$%^&*@~?]")
_LEAST_RANDOM = 20
_CDK_HASH = re.compile(
    r"(?<=[A-Za-z0-9])[0-9A-Fa-f]{32}[0-9A-F]{8}$"
    r"|(?<=[a-z0-9])[0-9A-F]{8}(?=[A-Z_:-]|$)|(?<=[a-z0-9])[0-9a-f]{8}$"
)
_PHYSICAL = re.compile(r"-[A-Za-z0-9]{6,13}$")
_WORD = re.compile(r"[A-Z]?[a-z]{3,}")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}|[bcdfghjkmnpqvwxz]{4}")
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)


def is_generated_name(text: str) -> bool:
    """Whether CloudFormation or the CDK made the name.

    The CDK ends a logical id in eight hexadecimal digits (``DbSecret685A0FA5``), and makes the
    names of exports from such ids; CloudFormation adds random characters after a hyphen.
    """
    if not re.fullmatch(r"[A-Za-z][\w:.-]*", text):
        return False
    stem = _PHYSICAL.sub("", text)
    for each in (text, stem):
        bare, hashes = _CDK_HASH.subn("", each)
        if hashes and _is_wordy(re.sub(r"[_:.-]", "", bare)):
            return True
    return False


def _wordy(text: str) -> int:
    return sum(
        len(word)
        for word in _WORD.findall(text)
        if len(_VOWEL.findall(word)) / len(word) > 0.19 and not _CONSONANTS.search(word.lower())
    )


def _is_wordy(text: str) -> bool:
    """Whether most of the text can be pronounced."""
    letters = re.sub(r"[._@+:/-]|\d{1,4}$", "", text)
    return bool(letters) and (_wordy(letters) >= 0.6 * len(letters) or len(letters) <= 4)


def is_random(name: str, value: str, min_entropy: float = 3.5) -> bool:
    """Whether the value contains a random run of characters.

    Generated names (CloudFormation physical ids, UUIDs, ARNs, URLs, digests) are random too.
    They are recognised by their short pieces, or by what they are part of.
    """
    text = value.strip().rstrip("=")
    if is_a_plain_url(text) or is_generated_name(text) or any(c.isspace() for c in text):
        return False
    if _WHOLE_RANDOM.fullmatch(text) and _ODD.search(text) and classes(text) == 3:
        return len(text) >= _LEAST_RANDOM and entropy(text) >= min_entropy
    return any(
        len(piece) >= _LEAST_RANDOM
        and _mixed(piece)
        and entropy(piece) >= min_entropy
        and not _is_digest(name, piece, text)
        and not is_generated_name(piece)
        and _wordy(piece) < 0.6 * len(piece)
        for piece in _PIECES.findall(text)
    )


def _is_digest(name: str, piece: str, text: str) -> bool:
    """Whether the random piece is a digest or an id, by the name and by what it is part of.

    Digits tell an MD5 sum or an id from a key in nothing, so the name has to say that it is one.
    """
    if names_a_secret(name):
        return _is_hex(piece) and piece != text
    parts = words(name)
    if parts[-1:] == ["key"] and _THINGS & set(parts[-2:-1]):
        parts.pop()
    if parts[-1:] not in (["key"], ["keys"]) and _DIGEST_WORDS & set(parts):
        return True
    is_keyed = bool(_KEYED & set(parts))
    if not _is_hex(piece):
        return bool(_ULID.fullmatch(text)) and not is_keyed
    return piece != text or not (is_keyed or _HEX_KEYS & set(parts))


def _is_hex(piece: str) -> bool:
    return len(piece) in _DIGEST_LENGTHS and not piece.lower().strip("0123456789abcdef")


def _mixed(piece: str) -> bool:
    """Whether letters and digits alternate too often for a word with a number."""
    turns = sum(a.isdigit() != b.isdigit() for a, b in itertools.pairwise(piece))
    return turns >= 3


def looks_like_a_name(text: str) -> bool:
    """Whether the text, in the place of an AWS secret access key, is a name made of words."""
    return _wordy(text) >= 0.6 * len(text) or is_generated_name(text)


def classes(text: str) -> int:
    """How many of lower case, upper case and digits the text has."""
    return (
        any(c.islower() for c in text)
        + any(c.isupper() for c in text)
        + any(c.isdigit() for c in text)
    )


def entropy(text: str) -> float:
    """The Shannon entropy of the text, in bits per character."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


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
    return is_literal("key", text) and not any(c.isspace() for c in text) and not _is_wordy(text)
