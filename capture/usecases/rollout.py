"""Changing who takes part in bulk processing; what a stop held back goes on with the resume."""

from collections.abc import Sequence
from typing import Any, Protocol, get_args
from uuid import UUID

from capture.core.errors import InvalidInput
from capture.core.models import Processor, Row
from capture.core.ports import Verdict
from capture.core.request import parse_repository
from capture.core.rollout import Rollout, Strategy
from capture.core.routing_store import WatchStore
from capture.core.source import Source
from capture.usecases.health import Messengers, check_health
from capture.usecases.tend import release

_NOT_ASKED: dict[Processor, Verdict] = {
    "inngest": Verdict(False, "not_asked"),
    "github_actions": Verdict(False, "not_asked"),
}

ACTIONS = ("set", "include", "exclude", "remove", "stop", "resume")


class RolloutStore(WatchStore, Protocol):
    """What changing the rollout needs."""

    async def find_repository(self, owner: str, name: str) -> Row | None:
        """A repository by its present name."""
        ...


async def change_rollout(
    store: RolloutStore,
    action: str,
    *,
    repositories: Sequence[str] = (),
    percentage: float | None = None,
    strategy: str | None = None,
    auto_rollback: bool | None = None,
    max_error_rate: float | None = None,
    min_jobs: int | None = None,
    reason: str | None = None,
    actor: str | None = None,
    source: Source | None = None,
    messengers: Messengers | None = None,
) -> tuple[bool, Rollout, list[UUID]]:
    """Change the rollout by one of `ACTIONS`; answers whether anything changed, the result, and jobs that go on now.

    Repositories are named as owner/name; one that was never captured is looked up with `source`. Raises `InvalidInput`.
    """
    if action not in ACTIONS:
        raise InvalidInput("action", f"{action!r} is not one of {', '.join(ACTIONS)}")
    values: dict[str, Any] = {"percentage": percentage, "strategy": strategy, "auto_rollback": auto_rollback}
    values |= {"max_error_rate": max_error_rate, "min_jobs": min_jobs}
    values = {name: value for name, value in values.items() if value is not None}
    _check(action, repositories, values)
    ids = [await _github_id(store, source, name) for name in repositories]
    changed, rollout = await store.change_rollout(
        action, reason=reason, actor=actor, **values, **({"github_ids": ids} if ids else {})
    )
    verdicts = await check_health(store, messengers) if messengers is not None else _NOT_ASKED
    freed = await release(store, verdicts) if changed else []
    return changed, rollout, freed


def _check(action: str, repositories: Sequence[str], values: dict[str, Any]) -> None:
    if action in ("include", "exclude", "remove") and not repositories:
        raise InvalidInput("repositories", "name at least one as owner/name")
    if action not in ("include", "exclude", "remove") and repositories:
        raise InvalidInput("repositories", f"{action} takes none")
    if action != "set" and values:
        raise InvalidInput(next(iter(values)), f"{action} does not take it")
    if action == "set" and not values:
        raise InvalidInput("percentage", "say what to set")
    for name in ("percentage", "max_error_rate"):
        if name in values and not 0 <= values[name] <= 100:
            raise InvalidInput(name, f"{values[name]} is not between 0 and 100")
    if values.get("min_jobs", 0) < 0:
        raise InvalidInput("min_jobs", "it is less than 0")
    if "strategy" in values and values["strategy"] not in get_args(Strategy):
        raise InvalidInput("strategy", f"{values['strategy']!r} is not one of {', '.join(get_args(Strategy))}")


async def _github_id(store: RolloutStore, source: Source | None, text: str) -> int:
    owner, name = parse_repository(text)
    known = await store.find_repository(owner, name)
    if known is not None:
        return int(known["github_id"])
    if source is None:
        raise InvalidInput("repositories", f"{text} was never captured, so its id is not known")
    listing = await source.listing(owner, name, field="UPDATED_AT", after=None, first=1)
    return int(listing.repository["github_id"])
