"""What a process answers to the outside for the way a job ended."""

from capture.core.models import Job
from capture.usecases.run import Outcome

_BAD_INPUT = ("bad_credentials", "configuration", "invalid_input")


def exit_code(outcome: Outcome, job: Job | None) -> int:
    """0 done or going on elsewhere, 1 the job failed, 2 the user has to change something, 3 could not tell or later."""
    code = job.error_code if job is not None else None
    match outcome.status:
        case "completed" | "continued":
            return 0
        case "deferred" | "refused":
            return 3
        case "cancelled":
            return 1
        case "failed" if code is not None and (code in _BAD_INPUT or code.startswith("repository_")):
            return 2
        case _:
            return 1
