"""What the command of a container's health check can notice."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALWAYS = re.compile(
    r"(?:\|\||;|\n)\s*(?:true|:|exit\s+0|/bin/true|(?:echo|printf|logger)\b[^|&;`$]*)\s*;?\s*[\"']?\s*$"
)
_GOES_ON = re.compile(r"(?<!&)&\s*[\"']?\s*$")
"""A command in the background, for which the shell does not wait."""
_SAYS_STATUS = re.compile(r"(?:;|\n|\|\|)\s*echo\s+[\"']?\$\?[\"']?\s*$")
"""What it prints is the status, and what it ends with is that of the printing."""
_SWALLOWS = re.compile(r"(?<!\|)\|\s*(?:cat|tee|head|tail)\b[^|&;]*$")
"""The last of a pipe decides, and it always succeeds."""
_FINDS_ITSELF = re.compile(r"\bps\b[^|&;]*\|\s*grep\s+(?:-[a-zA-Z]+\s+)*(?![^|&;]*\[)[^|&;]*")
"""``ps aux | grep app`` finds the grep; ``grep [a]pp`` and a second ``grep -v grep`` do not."""
_NOTHING = re.compile(r"^(?:true|:|exit(?:\s+0)?|/bin/true|echo\b[^|&;`$]*)$")
_SURE = re.compile(
    r"^(?:timeout\s+\d\w*\s+)?(?:"
    r"(?:(?:/usr)?/bin/)?(?:true|:|echo|printf|sleep|date|hostname|pwd|uname|uptime|whoami)"
    r"(?:\s[^|&;`$<>]*)?"
    r"|exit\s+0"
    r"|(?:/bin/)?ls(?:\s+-\w+)*(?:\s+/)?"
    r"|(?:test|\[)\s+-[de]\s+/(?:\s+\])?"
    r"|kill\s+-0\s+(?:1|\$\$)"
    r"|(?:python3?|node|ruby|perl|php)\s+-[cer]\s+[\"']?(?:import sys\s*[;_]\s*)?"
    r"(?:sys\.|process\.)?exit(?:\s*\(\s*0?\s*\)|\s+0)?\s*;?[\"']?"
    r")$"
)
"""What ends with success in every container that runs."""
_IF = re.compile(
    r"^if\b(?:(?!\b(?:then|exit)\b).)*[;\n]\s*then\b\s*(?P<then>[^;]*?)\s*[;\n]\s*fi\s*;?$",
    re.DOTALL,
)
"""What is not so is a success of the whole, where there is nothing else to do."""
_ENDS_BEFORE = re.compile(
    r"\bexit\b(?!\s*0\b)[^;\n]*[;\n]"
    r"|\bset\s+-(?:[a-z]*e\b|o\s+errexit)[^;\n]*[;\n](?:(?!\|\|).)*[;\n]\s*\S"
)
"""``curl -f x || exit 1; echo ok`` says ok only after a success; and so it is with ``set -e``."""
_OPERATOR = re.compile(r"[|;&<>`$\n]")
_CHAIN = re.compile(r"(\|\||&&)")
_GOES_OVER = re.compile(r"[;\n]\s*\S")
_CURL = re.compile(r"(?:^|[\s;&|(])curl\s+([^|;&]*)([|]{1,2})?")
_FAILS = re.compile(r"(?:^|\s)(?:--fail(?:-with-body)?(?![\w-])|-[a-zA-Z]*f)")


def has_command(command: Sequence[str]) -> bool:
    """Whether anything is run: ``NONE`` switches off the check that the image brings."""
    return bool(command) and command[0] != "NONE"


def cannot_fail(command: Sequence[str]) -> bool:
    """Whether the command ends with success whatever it finds.

    ``command`` is as ECS has it: ``CMD`` with words, ``CMD-SHELL`` with a line for the shell, or
    the words alone. Only what is certain is said: a script may ignore errors as well.
    """
    line = _line(command)
    if _NOTHING.match(line) or _succeeds(line):
        return True
    ends_before = _ENDS_BEFORE.search(line) is not None
    if ends_before or any(each.search(line) for each in (_ALWAYS, _GOES_ON, _SAYS_STATUS)):
        return not ends_before
    if (only := _IF.match(line)) is not None:
        return bool(_SURE.match(only["then"]))
    if _SWALLOWS.search(line):
        return "pipefail" not in line
    found = _FINDS_ITSELF.search(line)
    if found is None or "grep -v" in line:
        return False
    return not re.search(r"(?<!\|)\|(?!\|)|&&", line[found.end() :])


def _succeeds(line: str) -> bool:
    """Whether commands joined by ``&&`` and ``||`` succeed by what each of them is.

    ``echo ok || exit 1`` never comes to the exit. A line with anything else in it is not decided.
    """
    first, *rest = (part.strip() for part in _CHAIN.split(line))
    if any(_GOES_OVER.search(each) and not _SURE.match(each) for each in rest):
        return False
    sure = bool(_SURE.match(first))
    for operator, command in zip(rest[::2], rest[1::2], strict=True):
        next_is_sure = bool(_SURE.match(command))
        sure = sure and next_is_sure if operator == "&&" else sure or next_is_sure
    return sure


def ignores_http_errors(command: Sequence[str]) -> bool:
    """Whether it asks curl without ``--fail``, which takes an answer of 500 for success."""
    line = _line(command)
    for found in _CURL.finditer(line):
        if found[2] == "|" or "%{http_code}" in found[1]:
            continue  # something else looks at the answer
        if not _FAILS.search(found[1]):
            return True
    return False


def _line(command: Sequence[str]) -> str:
    words = list(command)
    form = words.pop(0) if words and words[0] in {"CMD", "CMD-SHELL"} else ""
    if len(words) > 2 and words[0].rpartition("/")[2] in _SHELLS and _GIVEN.fullmatch(words[1]):
        stops = "e" in words[1] and re.search(r"[;\n]\s*\S", words[2])
        words = ["set -e;"] * bool(stops) + words[2:]
    elif form == "CMD":
        # without a shell `||` is an argument like any other
        words = [_OPERATOR.sub("_", word) for word in words]
    return " ".join(words).strip()


_SHELLS = {"sh", "bash", "ash", "dash"}
_GIVEN = re.compile(r"-[a-z]*c")
"""``-c``, alone or after other options: ``-ec``."""
