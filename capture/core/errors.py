"""Every error that a host (command line, flow, step, web) translates, each with its exit code and a stable code.

Exit codes: 1 the answer is bad, 2 bad input, configuration or credentials, 3 outage or "could not tell".
"""

from datetime import datetime


class CaptureError(Exception):
    """Base of all errors that carry one clear sentence for people and a code for machines."""

    code = "error"
    exit_code = 3


class InvalidInput(CaptureError):
    """A user's mistake; `field` names what to change."""

    code = "invalid_input"
    exit_code = 2

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class ConfigurationError(CaptureError):
    """The environment or the installation does not allow the work, for example a database newer than the code."""

    code = "configuration"
    exit_code = 2


class CredentialError(CaptureError):
    """A token, key or password was refused."""

    code = "bad_credentials"
    exit_code = 2


class Outage(CaptureError):
    """A system that is needed cannot be reached, or does not answer as it should, after its retries."""

    code = "outage"
    exit_code = 3


class StoreError(CaptureError):
    """The database refused a call in a way that only a bug explains."""

    code = "store_bug"
    exit_code = 3


class Fenced(CaptureError):
    """Another worker holds the job now; whatever this one still had to write is refused."""

    code = "fenced"
    exit_code = 3


class Cancelled(CaptureError):
    """Somebody asked for the job to stop."""

    code = "cancelled"
    exit_code = 1


class Deferred(CaptureError):
    """The work must wait longer than a worker may: the job is put off until `until` and no attempt is used up."""

    code = "deferred"
    exit_code = 3

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(f"deferred until {until.isoformat()}: {reason}")
        self.reason = reason
        self.until = until


class Unreadable(CaptureError):
    """The repository is gone, blocked or closed to this credential; recorded with `access`, never retried."""

    exit_code = 2

    def __init__(self, access: str, message: str) -> None:
        super().__init__(message)
        self.access = access  # 'gone', 'blocked' or 'forbidden', as in repositories.access

    @property
    def code(self) -> str:  # type: ignore[override]
        """The job's error code, for example `repository_gone`."""
        return f"repository_{self.access}"


class JobFailed(CaptureError):
    """A job ended badly; its error code and sentence are in its row."""

    code = "job_failed"
    exit_code = 1
