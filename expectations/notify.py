"""Tells a webhook (Slack's, or any that takes JSON) of critical failures and of checks that could not be made."""

import httpx

from expectations.results import Run

SECONDS = 10
LISTED = 10


def message(run: Run) -> dict[str, object]:
    """What is sent. `text` is what Slack shows; the rest is for machines."""
    grave = [r for r in run.results if r.status == "error" or (r.status == "failed" and r.severity == "critical")]
    verdict = "has critical defects" if run.status == "failed" else "could not be validated"
    lines = [f"Captured data of {run.repository or 'all repositories'} {verdict}."]
    lines += [f"• {r.suite}: {r.description}: {r.message or f'{r.unexpected} found'}" for r in grave[:LISTED]]
    if len(grave) > LISTED:
        lines.append(f"and {len(grave) - LISTED} more")
    if run.message:
        lines.append(run.message)
    return {
        "text": _plain("\n".join(lines)),
        "status": run.status,
        "repository": run.repository,
        "run_id": str(run.run_id),
        "checks": [
            {"suite": r.suite, "check": r.expectation, "status": r.status, "found": r.unexpected} for r in grave
        ],
    }


def notify(url: str, run: Run) -> str | None:
    """Send it; answers in a sentence what went wrong, because a validation does not fail for its messenger's sake."""
    try:
        answer = httpx.post(url, json=message(run), timeout=SECONDS)
    except httpx.HTTPError as error:
        return f"the webhook could not be told: {type(error).__name__}"
    return None if answer.is_success else f"the webhook refused the message with status {answer.status_code}"


def _plain(text: str) -> str:
    """Slack reads these three characters as its own markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
