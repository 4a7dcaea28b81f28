"""Put pools and deployments on the configured Prefect server: `python -m deployments.register`, again and again."""

import asyncio
import json
import os
import subprocess
import sys

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from deployments.pull import PROJECT

POOLS = {"github-actions": "github-actions", "capture-here": "process"}
"""Work pools by name, with their types; each type has its base job template beside this file."""

DEPLOY_SECONDS = 300


async def register_pool(client: PrefectClient, name: str, kind: str) -> str:
    """Create one pool or bring its template up to date; answers which of the two it was."""
    path = PROJECT / "deployments" / f"{kind}.json"
    template = json.loads(path.read_text())
    try:
        pool = await client.read_work_pool(name)
    except ObjectNotFound:
        await client.create_work_pool(WorkPoolCreate(name=name, type=kind, base_job_template=template))
        return "created"
    if pool.base_job_template == template:
        return "unchanged"
    await client.update_work_pool(name, WorkPoolUpdate(base_job_template=template))
    return "updated"


async def register_pools() -> dict[str, str]:
    """All pools."""
    async with get_client() as client:
        return {name: await register_pool(client, name, kind) for name, kind in POOLS.items()}


def register_deployments() -> None:
    """All deployments of `prefect.yaml`. Raises `CalledProcessError` with what Prefect said."""
    subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=PROJECT,
        env={**os.environ, "NO_COLOR": "1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=DEPLOY_SECONDS,
    )


def main() -> int:
    """Register everything and say what became of it; 2 without a server's address, 3 when it does not answer."""
    if not PREFECT_API_URL.value():
        sys.stderr.write("PREFECT_API_URL is not set: on which server?\n")
        return 2
    try:
        for name, became in asyncio.run(register_pools()).items():
            sys.stdout.write(f"work pool {name}: {became}\n")
        register_deployments()
    except httpx.HTTPError as error:
        sys.stderr.write(f"Prefect at {PREFECT_API_URL.value()}: {type(error).__name__}\n")
        return 3
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"prefect deploy: {(error.stderr or error.stdout).strip()}\n")
        return 3
    sys.stdout.write("deployments of prefect.yaml: registered\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
