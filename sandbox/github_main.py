"""`python -m sandbox github`: a GitHub for the demo, tests and benchmarks, on a port of its own."""

import argparse
import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import orjson
import uvicorn

from sandbox.github.app import App, Mounted
from sandbox.github.shapes import SHAPES
from sandbox.github.world import World

TOKEN = "github_pat_sandbox"  # noqa: S105 (it opens nothing)


def run(arguments: list[str], mount: Callable[[World, str], Mounted] | None = None) -> None:
    """Serve until stopped. Prints one line of JSON (url, repository, token) when calls are taken.

    `mount` makes further routes (Actions) for this world and its address.
    """
    options = _parser().parse_args(arguments)
    world = World(options.token)
    if options.data:
        repository = world.load(options.data)
    else:
        repository = world.generate(
            options.owner, options.name, options.shape, options.pull_requests, options.seed, options.now
        )
    if options.faults:
        world.faults.load(orjson.loads(options.faults.read_bytes()))
    # The protocol is named because asyncio switches Nagle's delay off only where it knows that it is TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", options.port))
    listener.listen(256)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ready = {
        "url": url,
        "repository": repository.full_name,
        "token": options.token,
        "github_id": repository.facts["databaseId"],
    }
    config = uvicorn.Config(
        App(world, mount(world, url) if mount else None, replay=options.replay),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
    )
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(server, listener, ready, os.getppid() if options.with_parent else None))


async def _serve(server: uvicorn.Server, listener: socket.socket, ready: dict[str, object], parent: int | None) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    os.write(1, orjson.dumps(ready) + b"\n")  # the socket listens already: a call waits until it is served
    while not serving.done():
        await asyncio.wait([serving], timeout=1)
        if parent is not None and os.getppid() != parent:
            server.should_exit = True
    await serving


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox github", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, help="a folder of real records instead of generated ones")
    parser.add_argument("--pull-requests", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="mixed")
    parser.add_argument(
        "--now", type=int, help="seconds since 1970 before which all activity lies; by default the last midnight"
    )
    parser.add_argument("--owner", default="octo-sandbox")
    parser.add_argument("--name", default="progressive")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--faults", type=Path, help="a script of faults (JSON)")
    parser.add_argument("--replay", action="store_true", help="answer a query that came before from memory, quickly")
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started this one has ended"
    )
    return parser
