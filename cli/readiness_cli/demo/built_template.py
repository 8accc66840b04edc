"""Writes the template that `sam build` built as JSON, which YAML includes.

SAM parses it four times for each deployment, which takes six seconds of YAML and none of JSON.
What it uploads is YAML again: its JSON, indented by four, passes the million bytes of a template.

Runs as a script in the environment of the SAM CLI: ``built_template.py <template>``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Write it in the place of the YAML, whole or not at all."""
    from samcli.yamlhelper import yaml_parse  # type: ignore[import-not-found]  # noqa: PLC0415

    template = Path(sys.argv[1])
    half = template.with_suffix(".half")
    half.write_text(json.dumps(yaml_parse(template.read_text("utf-8")), indent=1), "utf-8")
    half.replace(template)


if __name__ == "__main__":
    main()
