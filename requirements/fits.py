"""Take the stamps off environments that no longer fit, so that make makes them anew.

    python requirements/fits.py [--asked] FOLDER…

An environment fits while it stands where it was made and its interpreter is still there; and,
with --asked, while that interpreter is the one this runs on. Runs on Pythons that are too old for
the rest, to get as far as the message that says which one is needed.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Iterable  # noqa: UP035 - the newer place is not there in every Python 3

STAMPS = (".ready", ".tools")


def fits(folder: Path, *, asked: bool) -> bool:
    """Whether the environment can be used as it is."""
    try:
        lines = (folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    pairs = (line.partition("=") for line in lines)
    made = {key.strip(): value.strip() for key, _, value in pairs}
    stands = made.get("command", "").endswith(f" {folder.absolute()}")
    if not stands or not (folder / "bin" / "python").exists():
        return False
    mine = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    return not asked or (
        made.get("version") == platform.python_version() and made.get("executable") == str(mine)
    )


def main(arguments: Iterable[str]) -> None:
    """Remove the stamps of every folder that does not fit."""
    asked = "--asked" in arguments
    for folder in (Path(each) for each in arguments if each != "--asked"):
        if folder.is_dir() and not fits(folder, asked=asked):
            for stamp in STAMPS:
                if (folder / stamp).exists():
                    (folder / stamp).unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
