"""Stand-ins: for every name, number and address of an account another one of the same form.

The same text always gets the same stand-in within one file, and a text in which a name occurs
gets the stand-in of that name there, so that what belonged together still does. The key is thrown
away with the process: nobody can find a name by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import itertools
import re
import secrets
import string
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from readiness.semantics.credential_names import words_of
from readiness.semantics.credential_values import (
    is_a_mode,
    is_reference,
    is_weak_placeholder,
    stands_for_nothing,
)
from readiness_cli.cases.vocabulary import PIECE, PUBLIC, words_in

OWN_ACCOUNT = "123456789012"
_VOWELS, _CONSONANTS = "aeiou", "bcdfghjklmnprstvwz"
_HEX, _BASE32 = "0123456789abcdef", string.ascii_lowercase + "234567"
_SHORT_NUMBER = 8
"""Digits up to which a number is a size, port or count; a longer one may identify somebody."""
_SHORT_SECRET_NUMBER = 5
_CHANGES_OF_KIND = 3
"""Between letters and digits: from so many on a word is a generated id."""

_UNIQUE = "AKIA|ASIA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA|ABIA|ACCA|APKA|ASCA"
_KNOWN_STARTS = re.compile(
    rf"(?:{_UNIQUE}|AIza|eyJ|whsec|hvs|ABSK|IQoJb3JpZ2luX2Vj|FwoGZXIvYXdz)(?=[A-Za-z0-9]{{6}})"
)
"""How credentials begin that a rule recognises by that; the rest of one is replaced."""
_PREFIXES = words_of(
    "ghp gho ghu ghs ghr github pat xoxb xoxp xoxa xoxr xoxs xapp sk rk pk live test glpat "
    "npm pypi dop doo dor v1 sg begin end private public key rsa ec dsa openssh pgp block "
    "encrypted proj ant api03 or shpat shpss lin ntn hf gsk dapi bearer basic secret age "
    "puttyuserkeyfile http https postgres postgresql mysql mongodb srv redis rediss amqp "
    "amqps jdbc sqlserver"
)
_TEXT = re.compile(
    r"(?P<email>[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<trace>(?<![\w-])1-[0-9a-f]{8}-[0-9a-f]{24}(?![\w-]))"  # its second part is the time
    r"|(?P<uuid>(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<mac>(?<![\w:])[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}(?![\w:]))"
    r"|(?P<ipv4>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w.]*\w))"
    r"|(?P<dashed>(?<=ip-)\d{1,3}(?:-\d{1,3}){3}(?!\d)|(?<=ec2-)\d{1,3}(?:-\d{1,3}){3}(?!\d))"
    r"|(?P<ipv6>(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?:/\d{1,3})?(?![\w:]))"
    r"|(?P<account>(?<!\d)\d{12}(?!\d)|(?<!\d)\d{4}-\d{4}-\d{4}(?!\d))"
    r"|(?P<hex>(?<![0-9A-Za-z])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}(?![0-9A-Za-z]))"
    rf"|(?P<unique>(?<![0-9A-Za-z])(?:{_UNIQUE})[A-Z0-9]{{12,}})"
    r"|(?P<run>[^\W_]+)"
)
_ASSIGNED = re.compile(
    r"((?:passw(?:or)?d|passphrase|secret|token|api_?key|pwd)\w*[\"']?\s*[=:]\s*[\"']?)"
    r"([^\s\"',;&]+)",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)([^\s/@:]*):([^\s/@]+)(?=@)")
_ARN = re.compile(
    r"(?<!\w)(?P<service>arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:)(?P<account>\d{12})?:"
    r"(?P<type>(?:(?<=\d:)|/)[A-Za-z-]+(?=[:/]))?"
    r"|(?<![\w.-])(?P<principal>[a-z0-9-]+\.amazonaws\.com(?:\.cn)?)(?![\w.-])"
)
_WELL_KNOWN = {"169.254.169.254", "127.0.0.1", "0.0.0.0", "255.255.255.255"}  # noqa: S104
_EPOCH = (datetime(2010, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC))


class Standins:
    """The stand-ins of one file.

    ``vocabulary`` are the words that stay, in lower case, ``regions`` the names of AWS's regions,
    ``keep`` words that the user wants to stay. :attr:`struck` are words of the vocabulary that
    are replaced all the same, because somebody's name is made of such words alone.
    """

    def __init__(
        self,
        account: str,
        vocabulary: Iterable[str],
        regions: Iterable[str],
        *,
        keep: Iterable[str] = (),
        key: bytes = b"",
    ) -> None:
        self.struck: set[str] = set()
        self._vocabulary = frozenset(vocabulary)
        self._kept = frozenset(word for text in keep for word in words_in(text))
        self._key = key or secrets.token_bytes(32)
        ordered = sorted(regions, key=len, reverse=True)
        self._regions = re.compile(
            rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, ordered))})(?![0-9])"
        )
        self._accounts = {account: OWN_ACCOUNT}
        self._seen: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()
        self._originals: set[str] = set()
        self.replaced: dict[str, str] = {}
        """Whole texts that were replaced, with what stands for them."""

    def expect(self, texts: Iterable[str]) -> None:
        """Take note of the words of the account, so that none of them becomes a stand-in."""
        for text in texts:
            self._originals.update(words_in(text))

    def text(self, text: str) -> str:
        """The text with its names, numbers and addresses replaced."""
        made = self._whole(text)
        if made != text:
            self.replaced[text] = made
        return made

    def secret(self, text: str) -> str:
        """The text with everything replaced that is not plainly a switch or a reference."""
        bare = text.strip()
        harmless = stands_for_nothing(bare) or is_a_mode(bare) or is_weak_placeholder(bare)
        number = bare.lstrip("+-").replace(".", "", 1)
        if not bare or (number.isdigit() and len(number) <= _SHORT_SECRET_NUMBER):
            return text
        if harmless or is_reference(bare) or bare.lower() in PUBLIC or bare.startswith("arn:"):
            return self.text(text)
        made = _TEXT.sub(lambda found: self._found(found, is_secret=True), text)
        self.replaced[text] = made
        return made

    def data(self, data: bytes) -> bytes:
        """Bytes that tell nothing, as many."""
        return self._stream(data.hex(), len(data))

    def is_general(self, text: str) -> bool:
        """Whether each word of the text is one of the vocabulary."""
        return self._vocabulary.issuperset(words_in(text))

    def number(self, number: int) -> int:
        """The account's number as the stand-in of it; any other number as it is."""
        return int(self._accounts.get(str(number), number))

    def keeps(self, text: str) -> bool:
        """Whether nothing of the text would be replaced, although it has letters."""
        return any(c.isalpha() for c in text) and self._whole(text) == text

    def _whole(self, text: str) -> str:
        if _is_epoch(text):
            return text
        text = _USERINFO.sub(lambda f: f"{self.secret(f[1])}:{self.secret(f[2])}", text)
        pieces, end = [], 0
        for found in _ASSIGNED.finditer(text):
            pieces += [self._plain(text[end : found.start(2)]), self.secret(found[2])]
            end = found.end(2)
        return "".join([*pieces, self._plain(text[end:])])

    def _plain(self, text: str) -> str:
        """The text with what AWS says in an ARN before the name, which stays but the account."""
        pieces, end = [], 0
        for found in _ARN.finditer(text):
            kind = found["type"] or found["principal"] or ""
            is_known = self._vocabulary.issuperset(words_in(kind))
            if found["principal"]:
                if is_known:
                    pieces += [self._between(text[end : found.start()]), kind]
                    end = found.end()
                continue
            account = self._account(found["account"]) if found["account"] else ""
            pieces += [self._between(text[end : found.start()]), found["service"], account, ":"]
            pieces += [kind if is_known else ""]
            end = found.end() if is_known else found.end() - len(kind)
        return "".join([*pieces, self._between(text[end:])])

    def _between(self, text: str) -> str:
        """The text with names of regions, which stay."""
        pieces, end = [], 0
        for found in self._regions.finditer(text):
            pieces += [_TEXT.sub(self._found, text[end : found.start()]), found[0]]
            end = found.end()
        return "".join([*pieces, _TEXT.sub(self._found, text[end:])])

    def _found(  # noqa: PLR0911 - one way for each kind of word
        self, found: re.Match[str], *, is_secret: bool = False
    ) -> str:
        text = found[0]
        match found.lastgroup:
            case "email":
                local, _, domain = text.partition("@")
                local = "".join(self._run(each, is_secret=True) for each in _split(local))
                return f"{local}@{self._plain(domain)}"
            case "ipv4" | "ipv6":
                return self._address(text) or self._parts(text, is_secret=is_secret)
            case "dashed":
                made = self._address(text.replace("-", "."))
                return made.replace(".", "-") if made else text
            case "account":
                return self._account(text)
            case "uuid" | "hex" | "mac":
                return self._shaped(text, _HEX)
            case "trace":
                return text[:11] + self._shaped(text[11:], _HEX)
            case "unique":
                return text[:4] + self._shaped(text[4:], _BASE32)
            case _:
                return self._run(text, is_secret=is_secret)

    def _parts(self, text: str, *, is_secret: bool) -> str:
        return "".join(self._run(each, is_secret=is_secret) for each in _split(text))

    def _account(self, text: str) -> str:
        plain = text.replace("-", "")
        if plain in self._vocabulary or (plain != text and plain not in self._accounts):
            return text
        if plain not in self._accounts:
            n = len(self._accounts) + 1
            first, second, third = (n + 1) % 10, (n + 2) % 10, (n + 3) % 10
            made = f"{first}" * 4 + f"{second}" * 4 + f"{third}" * 4
            while made in self._accounts.values() or made == plain:
                made = f"{int.from_bytes(self._stream(made, 6), 'big') % 10**12:012d}"
            self._accounts[plain] = made
        made = self._accounts[plain]
        return f"{made[:4]}-{made[4:8]}-{made[8:]}" if plain != text else made

    def _run(self, run: str, *, is_secret: bool) -> str:  # noqa: PLR0911 - as above
        """One run of letters and digits."""
        low = run.lower()
        if not run.isalnum() or low in self._kept:
            return run
        if is_secret:
            if low in _PREFIXES:
                return run
            start = _KNOWN_STARTS.match(run)
            begins = start[0] if start else ""
            return begins + self._piece(run[len(begins) :], is_secret=True)
        if self._stays(low):
            return run
        if run.isdigit():
            return run if len(run) <= _SHORT_NUMBER else self._shaped(run, _HEX)
        if _is_generated(run):
            return self._shaped(run, _HEX)
        return "".join(self._piece(each) for each in PIECE.findall(run))

    def _stays(self, low: str) -> bool:
        return low in self._vocabulary and low not in self.struck

    def _piece(self, piece: str, *, is_secret: bool = False) -> str:
        low = piece.lower()
        if not piece or (is_secret and (piece.isdigit() or _is_generated(piece))):
            return self._shaped(piece, _HEX)
        if is_secret:
            # Names get the same stand-in as elsewhere: the value may be the name of a table.
            return "".join(self._hidden(each) for each in PIECE.findall(piece))
        if piece.isdigit():
            return piece if len(piece) <= _SHORT_NUMBER else self._shaped(piece, _HEX)
        if len(piece) == 1 or self._stays(low) or low in self._kept:
            return piece
        return _in_the_case_of(piece, self._once("word", low, self._word))

    def _hidden(self, piece: str) -> str:
        if piece.isdigit() or len(piece) == 1 or self._stays(piece.lower()):
            return self._shaped(piece, _HEX)
        return self._piece(piece)

    def _shaped(self, text: str, alphabet: str) -> str:
        """A text of the same classes of characters, in the same places."""
        low = text.lower()
        is_in = all(c in alphabet or not c.isalnum() for c in low) and not low.isdigit()
        kind = alphabet if is_in else ""

        def made(low: str, attempt: int) -> str:
            stream = self._stream(f"{kind}{attempt}{low}", len(low))
            return "".join(_like(c, n, kind) for c, n in zip(low, stream, strict=True))

        return _in_the_case_of(text, self._once(f"shape {kind}", low, made))

    def _word(self, low: str, attempt: int) -> str:
        stream = self._stream(f"word{attempt}{low}", len(low) + 1)
        made = "".join(_like(c, n, "") for c, n in zip(low, stream, strict=False))
        return made if attempt < 40 else made + _CONSONANTS[stream[-1] % len(_CONSONANTS)]

    def _once(self, kind: str, low: str, make: Callable[[str, int], str]) -> str:
        if (kind, low) not in self._seen:
            attempt = 0
            known = (self._taken, self._originals, self._vocabulary)
            while True:
                made = make(low, attempt)
                is_free = made != low and not any(made in each for each in known)
                if is_free or len(low) <= 1 or attempt > 400:
                    break
                attempt += 1
            self._taken.add(made)
            self._seen[kind, low] = made
        return self._seen[kind, low]

    def _stream(self, text: str, length: int) -> bytes:
        made = b""
        while len(made) < length:
            told = f"{len(made)}|{text}".encode()
            made += hmac.new(self._key, told, hashlib.sha256).digest()
        return made[:length]

    # -- addresses: what is inside a range stays inside the range of its stand-in --------------

    def _address(self, text: str) -> str:
        """An address or range of the same size, kind and neighbourhood; empty for none."""
        bare, slash, length = text.partition("/")
        try:
            given = ipaddress.ip_address(bare)
            size = int(length) if slash else given.max_prefixlen
        except ValueError:
            return ""
        if bare in _WELL_KNOWN or size > given.max_prefixlen or int(given) == 0:
            return text
        for kept in (8, 16, 24, 32) if given.version == 4 else (16, 32, 48, 64):
            made = type(given)(self._moved(int(given), given.max_prefixlen, kept, size))
            alike = (made.is_global, made.is_private, made.is_multicast) == (
                given.is_global,
                given.is_private,
                given.is_multicast,
            )
            if alike and _block(made) == _block(given) and (made != given or size <= kept):
                return f"{made}{slash}{length}"
        return text

    def _moved(self, number: int, bits: int, kept: int, size: int) -> int:
        made = 0
        for index in range(bits):
            bit = number >> (bits - 1 - index) & 1
            if kept <= index < size:
                before = number >> (bits - index)
                bit ^= self._stream(f"ip{bits}/{kept}/{index}/{before}", 1)[0] & 1
            made = made << 1 | bit
        return made


_BLOCKS = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
    )
)


def _block(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> object:
    return next((block for block in _BLOCKS if address in block), None)


def _split(text: str) -> list[str]:
    return re.findall(r"[^\W_]+|[\W_]+", text)


def _is_generated(run: str) -> bool:
    kinds = [c.isdigit() for c in run]
    changes = sum(a is not b for a, b in itertools.pairwise(kinds))
    pieces = PIECE.findall(run)
    is_mixed = len(run) >= 16 and len(pieces) > len(run) / 3
    return changes >= _CHANGES_OF_KIND or is_mixed


def _like(char: str, number: int, alphabet: str) -> str:
    if not char.isalnum():
        return char
    if alphabet:
        return alphabet[number % len(alphabet)]
    if char.isdigit():
        return str(number % 10)
    letters = _VOWELS if char in _VOWELS else _CONSONANTS
    return letters[number % len(letters)]


def _in_the_case_of(text: str, made: str) -> str:
    if text.isupper():
        return made.upper()
    pairs = zip(text.ljust(len(made), "a"), made, strict=True)
    return "".join(letter.upper() if like.isupper() else letter for like, letter in pairs)


def _is_epoch(text: str) -> bool:
    if not text.isdigit() or len(text) not in {10, 13}:
        return False
    seconds = int(text) / (1000 if len(text) == 13 else 1)
    return _EPOCH[0].timestamp() <= seconds < _EPOCH[1].timestamp()
