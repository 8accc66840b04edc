"""Whether a shell that runs a container's program keeps SIGTERM from it.

What each shell does was measured (dash 0.5.12, bash 5.2, busybox 1.35, zsh 5.9): ``-c`` gives the
process to the last command, so that the signal reaches it, in ash and zsh always, in bash unless
that command has a redirection, in dash never. None does for a pipe or beside the background.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SHELLS = {"sh", "bash", "ash", "dash", "zsh"}
_GIVES_WAY = {"ash", "zsh"}
_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"")
_LISTED = re.compile(r"[;\n]|&&|\|\|")
_BESIDE = re.compile(r"(?<!\|)\|(?!\|)|(?<![&<>])&(?![&>])")
"""A pipe, or a command in the background."""
_REDIRECTED = re.compile(r"[<>]")
_HEEDED = re.compile(r"\b(?:exec\s+(?![\d&]*[<>])|trap\s)")
"""``exec 2>&1`` alone gives the process to nothing."""


@dataclass(frozen=True, slots=True)
class Shell:
    """The shell that runs a program, and what it does with SIGTERM.

    ``spoken`` is how it is called (``sh -c``). ``is_sure``: it passes no signal on; otherwise that
    depends on the shell in the image. ``has_init``: an init process stands before it.
    """

    spoken: str
    is_sure: bool
    has_init: bool = False


def between(words: Sequence[str]) -> Shell | None:
    """The shell that keeps, or may keep, a signal from the program; None where there is none.

    ``words`` are the entry point and the command.
    """
    left, has_init = _after_init(words)
    if left and left[0].rpartition("/")[2] == "busybox":
        left = left[1:]
    name = left[0].rpartition("/")[2] if left else ""
    if name not in _SHELLS:
        return None
    script = _script(left[1:])
    if script is None:
        return None
    bare = _QUOTED.sub("''", script.replace("\\\n", " ")).strip().rstrip(";").rstrip()
    if not bare or _HEEDED.search(bare):
        return None
    spoken = f"{name} -c"
    if _BESIDE.search(bare) or name == "dash":
        return Shell(spoken, is_sure=True, has_init=has_init)
    plain = not _LISTED.search(bare) and not _REDIRECTED.search(bare)
    if name in _GIVES_WAY or (name == "bash" and plain):
        return None
    return Shell(spoken, is_sure=False, has_init=has_init)


def _after_init(words: Sequence[str]) -> tuple[list[str], bool]:
    """What an init process or ``env`` starts; nothing where it signals the whole group."""
    left, has_init = list(words), False
    while left:
        name = left[0].rpartition("/")[2]
        if name == "dumb-init":
            return [], True
        if name not in {"tini", "tini-static", "docker-init", "catatonit", "env"}:
            break
        has_init = has_init or name != "env"
        del left[0]
        while left and (left[0].startswith("-") or (name == "env" and "=" in left[0])):
            if left[0] == "-g" and name != "env":
                return [], True
            del left[0]
    return left, has_init


def _script(words: Sequence[str]) -> str | None:
    """The line that follows ``-c``, whatever options stand before it or with it."""
    rest = iter(words)
    found = False
    for word in rest:
        if word in {"-o", "+o", "-O"}:
            next(rest, "")  # the name of an option
        elif word.startswith(("-", "+")) and len(word) > 1:
            letters = "" if word.startswith("--") else word[1:]
            found = found or "c" in letters
            if letters.endswith("o"):
                next(rest, "")
        else:
            return word if found else None
    return None
