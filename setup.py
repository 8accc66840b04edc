"""What pyproject.toml cannot say: the wheel carries rules and runbooks in readiness_cli.

There the rules keep their import name, `functions`, without taking that name from other
packages. `readiness_cli.catalogue` looks for them there first; in a checkout they stay where
they are.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("functions", "docs/runbooks")


class BuildWithRules(build_py):
    """Copies what is carried; begins empty, since a module that moved would be built for ever."""

    def run(self) -> None:
        """Build the packages, and beside them what the checkout has for them."""
        if self.editable_mode:
            super().run()
            return
        built = Path(self.build_lib)
        for package in ("readiness", "readiness_cli"):
            shutil.rmtree(built / package, ignore_errors=True)
        super().run()
        for name in CARRIED:
            shutil.copytree(
                Path(__file__).parent / name,
                built / "readiness_cli" / "carried" / name,
                ignore=shutil.ignore_patterns("__pycache__", "Makefile"),
            )


setup(cmdclass={"build_py": BuildWithRules})
