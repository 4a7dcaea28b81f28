"""The workflow files by other people's rules: GitHub's schema, and an audit for security."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from sandbox.actions_workflow import load
from tests.support.actions import ROOT

PACKAGE = "check-jsonschema==0.39.0"
"""Carries the schema store's description of GitHub's workflow files."""


@pytest.mark.slow
def test_the_audit_finds_nothing_to_complain_about() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--quiet", "--format", "json-v1", ".github/workflows"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    findings = [f"{found['ident']}: {found['desc']}" for found in json.loads(done.stdout or "[]")]
    assert findings == []


@pytest.mark.node
def test_every_workflow_file_is_valid_by_githubs_schema(tmp_path: Path) -> None:
    command = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path), PACKAGE]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    (file,) = tmp_path.rglob("github-workflows.json")
    validator = Draft7Validator(json.loads(file.read_text()))
    for workflow in load(ROOT).values():
        assert [error.message for error in validator.iter_errors(workflow.body)] == [], workflow.file
