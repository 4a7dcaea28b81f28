"""A project whose workflows have our names and inputs and do next to nothing, for tests of what surrounds a run."""

import subprocess
from pathlib import Path

INPUTS = ("repository_id", "days_back", "max_items", "job_id", "flow_run_id")

TINY = """
name: {name}
run-name: {name} ${{{{ inputs.repository_name }}}} job:${{{{ inputs.job_id }}}} flow:${{{{ inputs.flow_run_id }}}}
on:
  workflow_dispatch:
    inputs:
      repository_name: {{ type: string, required: true }}
{inputs}
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - env:
          SECRET: ${{{{ secrets.CAPTURE_DATABASE_URL }}}}
          MAX_ITEMS: ${{{{ inputs.max_items }}}}
          SLEEP: ${{{{ vars.SLEEP || '0' }}}}
        run: |
          if [ "$MAX_ITEMS" = say-the-secret ]; then echo "the secret is $SECRET"; fi
          exec sleep "$SLEEP"
"""

CALLED = """
name: called
on: { workflow_call: {} }
jobs: { one: { runs-on: ubuntu-24.04, steps: [ { run: "true" } ] } }
"""

CHOOSY = """
name: choosy
on:
  workflow_dispatch:
    inputs:
      level: { type: choice, options: [low, high] }
jobs: { one: { runs-on: ubuntu-24.04, steps: [ { run: "true" } ] } }
"""


def tiny_project(folder: Path) -> Path:
    """Write and commit the project."""
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for name in ("historical-pr-sync", "historical-reviews-sync", "historical-comments-sync", "bulk-file-changes"):
        declared = ("job_id", "flow_run_id", "max_items") if name == "bulk-file-changes" else INPUTS
        lines = "\n".join(f"      {given}: {{ type: string, required: false }}" for given in declared)
        if name == "bulk-file-changes":
            lines = lines.replace("job_id", "other_id")
        (workflows / f"{name}.yml").write_text(TINY.format(name=name, inputs=lines))
    (workflows / "called.yml").write_text(CALLED)
    (workflows / "choosy.yml").write_text(CHOOSY)
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "tiny"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    return folder
