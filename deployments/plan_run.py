"""The first step on a GitHub runner: which job, on how many runners, attached or detached.

It reads the workflow's inputs from the environment, since anything else could smuggle a script into a shell, and writes
the step's outputs: `job_id`, `mode` (`attached`, `detached`, `shards`, `ended`) and `shards`, the matrix as JSON.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from capture.core.errors import CaptureError, ConfigurationError, InvalidInput
from capture.core.models import Job
from capture.core.shards import ITEMS_PER_SHARD, Shard
from capture.settings import Settings, settings
from capture.usecases.shard import spread
from capture.wiring import open_store, open_tools


def outputs_for(job: Job, shards: tuple[Shard, ...], *, reachable: bool, flow_run_id: str) -> dict[str, str]:
    """The step's outputs. Shards run detached: one flow run stands for the job, and the worker follows for it."""
    matrix = [{"job_id": str(shard.job_id), "number": shard.shard, "of": shard.shards} for shard in shards]
    if job.completed_at is not None or (job.is_parent and not shards):
        mode = "ended"  # delivered twice, or too late: there is nothing left to do
    else:
        mode = "shards" if shards else "attached" if flow_run_id and reachable else "detached"
    return {"job_id": str(job.id), "mode": mode, "shards": orjson.dumps(matrix).decode()}


def form_values(inputs: Mapping[str, str]) -> dict[str, Any]:
    """The inputs of the workflow as fields of the form; an empty one is not given. Raises `InvalidInput`."""

    def whole(name: str) -> int | None:
        text = inputs.get(name, "").strip()
        if text and not text.isdigit():
            raise InvalidInput(name.lower(), f"{text!r} is not a whole number")
        return int(text) if text else None

    return {
        "repository": inputs.get("REPOSITORY_NAME", ""),
        "repository_id": inputs.get("REPOSITORY_ID") or None,
        "days_back": whole("DAYS_BACK"),
        "max_items": whole("MAX_ITEMS"),
        "job_id": inputs.get("JOB_ID") or None,
        "job_type": inputs.get("JOB_TYPE") or "historical-pr-sync",
    }


def require_database(configured: Settings) -> None:
    """On a runner the database of this machine would vanish with it. Raises `ConfigurationError`."""
    if configured.database_url is None and configured.supabase_url is None:
        raise ConfigurationError(
            "no database is configured: set the secret CAPTURE_DATABASE_URL, or the variable CAPTURE_SUPABASE_URL"
            " and the secret CAPTURE_SUPABASE_SECRET_KEY"
        )


async def plan(inputs: Mapping[str, str]) -> dict[str, str]:
    """Find or make the job, spread it if it is large, and answer the step's outputs."""
    from tasks.forms import HistoricalForm

    configured = settings()
    require_database(configured)
    form = HistoricalForm(**form_values(inputs))
    per_shard = int(inputs.get("ITEMS_PER_SHARD") or ITEMS_PER_SHARD)
    async with open_store(configured) as store, open_tools(configured) as tools:
        job_id = form.job_id or await _new_job(form)
        job = await store.get_job(job_id)
        if job is None:
            raise InvalidInput("job_id", f"there is no job {job_id} in this database")
        run = inputs.get("GITHUB_RUN_ID", "")
        if run.isdigit():
            await store.record_run(job.id, int(run), _run_url(inputs))
        decided = await spread(store, tools.github, job, per_shard=per_shard)
    sys.stdout.write(f"{job.full_name}: {job.job_type}, {decided.reason}\n")
    reachable = bool(configured.prefect_api_url)
    return outputs_for(job, decided.shards, reachable=reachable, flow_run_id=inputs.get("FLOW_RUN_ID", ""))


async def _new_job(form: Any) -> UUID:
    from tasks.jobs import job_for  # imports Prefect, which most runs do not need

    return await job_for.fn(form)


def _run_url(inputs: Mapping[str, str]) -> str:
    server = inputs.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{inputs.get('GITHUB_REPOSITORY', '')}/actions/runs/{inputs.get('GITHUB_RUN_ID', '')}"


def main() -> int:
    """Plan, and write the outputs for the steps that follow."""
    try:
        outputs = asyncio.run(plan(os.environ))
    except CaptureError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except ValueError as error:  # the form's own checks
        sys.stderr.write(f"{error}\n")
        return 2
    target = os.environ.get("GITHUB_OUTPUT")
    if target:
        with Path(target).open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items())
    sys.stdout.write(orjson.dumps(outputs).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
