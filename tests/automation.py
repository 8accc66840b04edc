"""A small interpreter of Automation documents: the steps that ours use, over any AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

REFERENCE = re.compile(r"\{\{\s*((?:global:)?[A-Za-z][\w.]*)\s*\}\}")


class Failed(Exception):
    """The execution ended before its last step."""


def selected(selector: str, value: Any) -> Any:
    """``$.a.b[0].c`` and ``$.a.b..c``. Raises LookupError where nothing is there."""
    listing, _, name = selector.partition("..")
    if name:
        return [each[name] for each in selected(listing, value)]
    for step in re.findall(r"\w+", selector.removeprefix("$")):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


class Automation:
    """One execution of a document. ``approve`` says whether the approvers agree."""

    def __init__(self, document: Mapping[str, Any], client: Any, *, approve: bool = True) -> None:
        self.document = document
        self.client = client
        self.approve = approve
        self.outputs: dict[str, Any] = {"global:REGION": "us-east-1"}
        self.calls: list[str] = []

    def run(self, **given: Any) -> dict[str, Any]:
        """The outputs of the document. Raises Failed, and ValueError for parameters it refuses."""
        for name, about in self.document["parameters"].items():
            value = given.get(name, about.get("default"))
            if value is None:
                raise ValueError(f"{name} is missing")
            pattern = about.get("allowedPattern")
            if pattern and not re.fullmatch(pattern.strip("^$"), str(value)):
                raise ValueError(f"{name} does not match")
            if value not in about.get("allowedValues", [value]):
                raise ValueError(f"{name} is not allowed")
            self.outputs[name] = value
        self._steps(self.document["mainSteps"])
        return {name: self.outputs.get(name) for name in self.document.get("outputs", ())}

    def _steps(self, steps: list[Mapping[str, Any]]) -> None:
        order = [each["name"] for each in steps]
        at = 0
        while at < len(steps):
            step = steps[at]
            try:
                goes_to = getattr(self, "_" + step["action"].partition(":")[2])(step)
            except (ClientError, LookupError, Failed) as error:
                handled = str(step.get("onFailure", "Abort"))
                if handled == "Abort":
                    raise Failed(f"{step['name']}: {error}") from error
                goes_to = handled.partition("step:")[2] or None
            goes_to = goes_to or step.get("nextStep")
            at = order.index(goes_to) if goes_to else at + 1

    def _approve(self, step: Mapping[str, Any]) -> None:
        if not self.approve or not self._resolved(step["inputs"]["Approvers"]):
            raise Failed("rejected")

    def _executeAwsApi(self, step: Mapping[str, Any]) -> None:  # noqa: N802
        answer = self._call(step["inputs"])
        for output in step.get("outputs", ()):
            found = selected(output["Selector"], answer)
            self.outputs[f"{step['name']}.{output['Name']}"] = found

    def _executeScript(self, step: Mapping[str, Any]) -> None:  # noqa: N802
        inputs = step["inputs"]
        defined: dict[str, Any] = {}
        exec(inputs["Script"], defined)
        payload = json.loads(json.dumps(self._resolved(inputs["InputPayload"]), default=str))
        try:
            answer = {"Payload": defined[inputs["Handler"]](payload, {})}
        except ValueError as error:
            raise Failed(str(error)) from error
        for output in step.get("outputs", ()):
            found = selected(output["Selector"], answer)
            self.outputs[f"{step['name']}.{output['Name']}"] = found

    def _assertAwsResourceProperty(self, step: Mapping[str, Any]) -> None:  # noqa: N802
        inputs = step["inputs"]
        found = selected(inputs["PropertySelector"], self._call(inputs))
        if found not in self._resolved(inputs["DesiredValues"]):
            raise Failed(f"{inputs['PropertySelector']} is {found!r}")

    _waitForAwsResourceProperty = _assertAwsResourceProperty  # noqa: N815

    def _branch(self, step: Mapping[str, Any]) -> str:
        for choice in step["inputs"]["Choices"]:
            [wanted] = [each for name, each in choice.items() if name.endswith("Equals")]
            if self._resolved(choice["Variable"]) == wanted:
                return str(choice["NextStep"])
        return str(step["inputs"]["Default"])

    def _loop(self, step: Mapping[str, Any]) -> None:
        for value in self._resolved(step["inputs"]["Iterators"]):
            self.outputs[f"{step['name']}.CurrentIteratorValue"] = value
            self._steps(step["inputs"]["Steps"])

    def _call(self, inputs: Mapping[str, Any]) -> Any:
        given = {
            name: self._resolved(value)
            for name, value in inputs.items()
            if name not in {"Service", "Api", "PropertySelector", "DesiredValues"}
        }
        self.calls.append(inputs["Api"])
        return getattr(self.client(inputs["Service"]), xform_name(inputs["Api"]))(**given)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._resolved(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._resolved(each) for each in value]
        if not isinstance(value, str):
            return value
        whole = REFERENCE.fullmatch(value)
        if whole:
            return self.outputs[whole[1]]
        return REFERENCE.sub(lambda found: str(self.outputs[found[1]]), value)


def references(value: Any) -> Iterator[str]:
    """Every ``{{ name }}`` in a piece of a document."""
    if isinstance(value, str):
        yield from REFERENCE.findall(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def every_step(steps: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The steps of a document, with those within loops."""
    for step in steps:
        yield step
        yield from every_step(step["inputs"].get("Steps", []))
