"""What `capture up` tells other commands: a file with its services, and a lock that only a living one holds."""

import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from capture.core.errors import ConfigurationError, Outage
from capture.store.guardian import take


@dataclass(frozen=True)
class ServiceState:
    """One service as `capture status` shows it."""

    name: str
    state: str
    """`starting`, `running`, `restarting`, `external` or `not configured`."""
    address: str | None = None
    detail: str | None = None
    pid: int | None = None
    log: str | None = None


@dataclass(frozen=True)
class UpState:
    """What runs, and for whom it may be asked to stop."""

    pid: int
    started_at: str
    ready: bool = False
    services: list[ServiceState] = field(default_factory=list[ServiceState])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """What another process must set to reach these services; kept in a file that only its owner reads."""


def _files(home: Path) -> tuple[Path, Path]:
    return home / "up.lock", home / "up.json"


@contextmanager
def holding(home: Path) -> Generator[None, None, None]:
    """Be the one `capture up` of this home. Raises `ConfigurationError` if there is another one."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock, state = _files(home)
    with lock.open("a") as held:
        if not take(held.fileno()):
            raise ConfigurationError(f"Everything is up already in {home}: see `capture status`.")
        try:
            yield
        finally:
            state.unlink(missing_ok=True)


def write(home: Path, state: UpState) -> None:
    """Replace the file in one step, so that nobody reads half of it."""
    _, path = _files(home)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(orjson.dumps(asdict(state), option=orjson.OPT_INDENT_2))
    fresh.rename(path)


def read(home: Path) -> UpState | None:
    """What the living `capture up` of this home says; None when there is none, whatever a dead one left behind."""
    _, path = _files(home)
    if _is_free(home):
        return None
    for _ in range(100):  # it holds the lock, so the file is there or will be in a moment
        with suppress(FileNotFoundError):
            found = orjson.loads(path.read_bytes())
            services = [ServiceState(**one) for one in found.pop("services")]
            return UpState(services=services, **found)
        time.sleep(0.05)
    return None


def join(home: Path) -> None:
    """Let this process use what `capture up` runs in this home; what the user has set stays as it is."""
    found = read(home)
    for name, value in (found.environment if found else {}).items():
        os.environ.setdefault(name, value)


def ask_to_stop(home: Path, *, patience: float = 90.0) -> bool:
    """Stop the `capture up` of this home and wait until it is gone; false when there was none."""
    state = read(home)
    if state is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if _is_free(home):
            return True
        time.sleep(0.05)
    raise Outage(f"The process {state.pid} was asked to stop and still runs after {patience:.0f} s.")


def _is_free(home: Path) -> bool:
    lock, _ = _files(home)
    if not lock.exists():
        return True
    with lock.open("a") as probe:
        return take(probe.fileno(), shared=True)


def now() -> str:
    """This moment, for the file."""
    return datetime.now(UTC).isoformat(timespec="seconds")
