"""`python -m sandbox inngest`: an Inngest server for demo and tests, in a process of its own."""

import argparse
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Sequence

import uvicorn

from sandbox.inngest_app import build
from sandbox.inngest_state import State


def run(argv: Sequence[str]) -> None:
    """Serve until stopped; prints one JSON line with the address and the keys as soon as connections are taken."""
    parser = argparse.ArgumentParser(prog="sandbox inngest", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--signed", action="store_true", help="behave as in production: keys and signatures")
    parser.add_argument("--event-key", help="fixed key for --signed; default: a random one")
    parser.add_argument("--signing-key", help="fixed key for --signed; default: a random one")
    parser.add_argument("--app", help="the application's /api/inngest, asked to register at start")
    parser.add_argument("--retry-seconds", type=float, default=0.2, help="delay of a step's first retry; it doubles")
    parser.add_argument("--with-parent", action="store_true", help="end when the process that started this has ended")
    options = parser.parse_args(argv)
    if options.with_parent:
        threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()

    state = State(retry_seconds=options.retry_seconds)
    if options.signed:
        state.signing_key = options.signing_key or f"signkey-sandbox-{secrets.token_hex(32)}"
        state.event_key = options.event_key or secrets.token_hex(16)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", options.port))
    listener.listen(256)
    ready = {
        "url": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "event_key": state.event_key,
        "signing_key": state.signing_key,
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        build(state, options.app), log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listener])


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)
