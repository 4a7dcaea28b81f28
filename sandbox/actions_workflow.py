"""Workflow files as GitHub reads them: which there are, what a dispatch may send, and how a run is called."""

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.actions_template import fill

MOST_INPUTS = 25
MOST_CHARACTERS = 65_535
_TAG = "tag:yaml.org,2002:"


class WorkflowLoader(yaml.SafeLoader):
    """YAML 1.2 as GitHub reads it: `on` is a name, and `12:30:00` is no number."""


WorkflowLoader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] not in (f"{_TAG}bool", f"{_TAG}int", f"{_TAG}timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
WorkflowLoader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"true|false|True|False|TRUE|FALSE"), list("tTfF"))
WorkflowLoader.add_implicit_resolver(f"{_TAG}int", re.compile(r"[-+]?[0-9]+\Z"), list("-+0123456789"))


class Refused(Exception):
    """A dispatch that GitHub answers with 422."""


@dataclass(slots=True)
class Workflow:
    """One file below `.github/workflows`."""

    path: Path
    body: dict[str, Any]
    state: str = "active"

    @property
    def file(self) -> str:
        """Its file name, by which it can be addressed."""
        return self.path.name

    @property
    def id(self) -> int:
        """A number that stays the same."""
        return 1_000_000 + zlib.crc32(self.file.encode()) % 1_000_000

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.body.get("name") or f".github/workflows/{self.file}")

    def trigger(self, event: str) -> dict[str, Any] | None:
        """The options of a trigger, or None where the workflow does not have it."""
        on = self.body.get("on")
        if isinstance(on, str):
            return {} if on == event else None
        if isinstance(on, list):
            return {} if event in on else None
        if isinstance(on, dict) and event in on:
            return on[event] or {}
        return None


def load(folder: Path) -> dict[str, Workflow]:
    """All workflows of a project, by file name."""
    files = sorted((folder / ".github" / "workflows").glob("*.y*ml"))
    return {path.name: Workflow(path, yaml.load(path.read_text(), WorkflowLoader)) for path in files}  # noqa: S506


def accept(workflow: Workflow, inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a run for a dispatch with these. Raises `Refused` with GitHub's words."""
    trigger = workflow.trigger("workflow_dispatch")
    if trigger is None:
        raise Refused("Workflow does not have 'workflow_dispatch' trigger")
    if workflow.state != "active":
        raise Refused("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    declared: dict[str, dict[str, Any]] = {name: spec or {} for name, spec in (trigger.get("inputs") or {}).items()}
    unexpected = [name for name in inputs if name not in declared]
    if len(inputs) > MOST_INPUTS:
        raise Refused(f"you may only define up to {MOST_INPUTS} `inputs` for a `workflow_dispatch` event")
    if unexpected:
        raise Refused(f"Unexpected inputs provided: {json.dumps(unexpected)}")
    if sum(len(str(value)) for value in inputs.values()) > MOST_CHARACTERS:
        raise Refused("inputs are too large.")
    return {name: _input(name, spec, inputs) for name, spec in declared.items()}


def _input(name: str, spec: dict[str, Any], given: dict[str, Any]) -> Any:
    kind = spec.get("type", "string")
    if name not in given or (given[name] == "" and kind not in ("choice", "boolean")):
        if spec.get("required") and spec.get("default") is None:
            raise Refused(f"Required input '{name}' not provided")
        default = spec.get("default")
        return (default if default is not None else False) if kind == "boolean" else str(default or "")
    value = given[name]
    if not isinstance(value, str | bool):
        raise Refused(f"Invalid value for input '{name}'")
    if kind == "boolean":
        if str(value).lower() not in ("true", "false"):
            raise Refused(f"Provided value '{value}' for input '{name}' not in the list of allowed values")
        return str(value).lower() == "true"
    if kind == "choice" and value not in [str(option) for option in spec.get("options", [])]:
        raise Refused(f"Provided value '{value}' for input '{name}' not in the list of allowed values")
    return str(value)


def title(workflow: Workflow, contexts: dict[str, Any]) -> str:
    """A run's title: its `run-name`, else the workflow's name."""
    wanted = workflow.body.get("run-name")
    return str(fill(wanted, contexts)) if wanted else workflow.name
