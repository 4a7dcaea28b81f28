"""One `run` step as a process: started as GitHub starts it, its log masked, stopped as GitHub stops it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.actions_state import Config, JobRun, Run

LIVE: set[int] = set()
"""Process groups of steps that run now, so that the end of the sandbox is theirs as well."""


def end_all() -> None:
    """Kill what still runs."""
    for group in list(LIVE):
        _kill(group)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def masked(line: str, secrets: Sequence[str]) -> str:
    """A line of a log without its secrets; each line of a longer secret is one of its own."""
    for secret in secrets:
        for part in secret.splitlines():
            if len(part.strip()) >= 4:
                line = line.replace(part, "***")
    return line


async def run_script(
    config: Config, run: Run, job: JobRun, script: Path, *, cwd: Path, env: Mapping[str, str], secrets: Sequence[str]
) -> int:
    """Run a script with `bash -e` and answer its exit code; a cancelled run is interrupted, then ended, then killed."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-e",
        str(script),
        cwd=cwd,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=1 << 20,
    )
    LIVE.add(process.pid)
    reader = asyncio.create_task(_read(process, job, secrets))
    ended = asyncio.create_task(process.wait())
    cancelled = asyncio.create_task(run.cancelled.wait())
    lost = asyncio.create_task(run.lost.wait())
    try:
        await asyncio.wait({ended, cancelled, lost}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done() and not run.lost.is_set():
            await _interrupt(config, process, ended, lost)
        if not ended.done():
            _kill(process.pid)
        code = await ended
        _kill(process.pid)  # what the step left behind ends with it
        await reader
    finally:
        for task in (reader, cancelled, lost, ended):
            task.cancel()
        _kill(process.pid)
        LIVE.discard(process.pid)
    return code


async def _interrupt(
    config: Config, process: asyncio.subprocess.Process, ended: "asyncio.Task[int]", lost: "asyncio.Task[bool]"
) -> None:
    for number, seconds in ((signal.SIGINT, config.int_seconds), (signal.SIGTERM, config.term_seconds)):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        await asyncio.wait({ended, lost}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if ended.done() or lost.done():
            return


async def _read(process: asyncio.subprocess.Process, job: JobRun, secrets: Sequence[str]) -> None:
    if process.stdout is None:
        return
    async for line in process.stdout:
        job.log.append(masked(line.decode(errors="replace").rstrip("\n"), secrets))


def read_pairs(path: Path) -> dict[str, str]:
    """What a step wrote to GITHUB_OUTPUT or GITHUB_ENV: `name=value` lines and `name<<END` blocks."""
    pairs: dict[str, str] = {}
    lines = iter(path.read_text().splitlines())
    for line in lines:
        name, equals, value = line.partition("=")
        block_name, block, end = line.partition("<<")
        if block and (not equals or len(block_name) < len(name)):
            body: list[str] = []
            for inner in lines:
                if inner == end:
                    break
                body.append(inner)
            else:
                raise ValueError(f"the block of {block_name!r} does not end with {end!r}")
            pairs[block_name] = "\n".join(body)
        elif equals:
            pairs[name] = value
        elif line:
            raise ValueError(f"{line!r} is not of the form name=value")
    return pairs
