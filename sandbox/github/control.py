"""The sandbox's own routes below /_sandbox: counters, faults, changes, the truth to compare with. Not GitHub's."""

from collections.abc import Callable
from typing import Any

from sandbox.github.answers import Answer
from sandbox.github.mutations import mutate
from sandbox.github.world import World


def control(world: World, method: str, path: str, body: Any) -> Answer:
    """Answer one control request; a mistake in it is a 400 with one sentence."""
    try:
        return _control(world, method, path.removeprefix("/_sandbox/"), body)
    except (KeyError, ValueError, TypeError, IndexError, StopIteration) as error:
        return Answer(400, {"message": f"{type(error).__name__}: {error}"})


def _control(world: World, method: str, name: str, body: Any) -> Answer:
    if method == "GET" and name.startswith("pulls/"):
        return Answer(200, _everything(world, int(name.split("/")[1])))
    found = _ROUTES.get((method, name))
    if found is None:
        return Answer(404, {"message": f"the sandbox has no {method} /_sandbox/{name}"})
    return Answer(200, found(world, body or {}))


def _reset(world: World, body: Any) -> Any:
    world.stats.reset()
    return {}


def _faults(world: World, body: Any) -> Any:
    if "drop" in body:
        world.faults.drop(body["drop"])
    else:
        world.faults.load(body, append=bool(body.get("append")))
    return world.faults.show()


def _mutate(world: World, body: Any) -> Any:
    return {"changed": [mutate(world, change) for change in (body if isinstance(body, list) else [body])]}


def _add(world: World, body: Any) -> Any:
    shape, seed = body.get("shape", "mixed"), body.get("seed", 1)
    added = world.generate(body["owner"], body["name"], shape, body["pull_requests"], seed)
    return {"repository": added.full_name, "github_id": added.facts["databaseId"]}


def _limits(world: World, body: Any) -> Any:
    if "resource" in body:
        world.accounts.set_limit(body["resource"], body.get("limit"), body.get("remaining"), body.get("reset_in"))
    world.accounts.secondary.update(body.get("secondary", {}))
    return {"limits": world.accounts.limits, "secondary": world.accounts.secondary}


def _app(world: World, body: Any) -> Any:
    for key in ("app_id", "public_key", "installation", "lifetime", "stateless"):
        if key in body:
            setattr(world.accounts, key, body[key])
    return {"minted": world.accounts.minted, "installation": world.accounts.installation}


def _everything(world: World, number: int) -> dict[str, Any]:
    """One pull request as GitHub holds it, for comparison field by field."""
    record = world.repositories[0].get(number)
    if record is None:
        raise KeyError(f"no pull request {number}")
    return _show(record)


def _dump(world: World, body: Any) -> Any:
    repository = world.repositories[0]
    return [_show(repository.get(key[2]) or {}) for key in repository.by_created]


def _show(record: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in record.items() if not key.startswith("_") and key != "repository"}
    for name in ("reviews", "inline", "conversation"):
        shown[name] = [
            {key: value for key, value in row.items() if key in _PLAIN} | {"author": (row["author"] or {}).get("login")}
            for row in record[f"_{name}"]
        ]
    shown["files"] = [{key: value for key, value in row.items() if not key.startswith("_")} for row in record["_files"]]
    return shown


_PLAIN = {"id", "fullDatabaseId", "body", "state", "createdAt", "updatedAt", "submittedAt", "path", "line", "url"}

_ROUTES: dict[tuple[str, str], Callable[[World, Any], Any]] = {
    ("GET", "stats"): lambda world, _: world.stats.show(),
    ("DELETE", "stats"): _reset,
    ("GET", "faults"): lambda world, _: world.faults.show(),
    ("POST", "faults"): _faults,
    ("POST", "release"): lambda world, body: {"released": world.faults.release(body.get("gate"))},
    ("POST", "mutate"): _mutate,
    ("GET", "dump"): _dump,
    ("GET", "truth"): lambda world, _: {found.full_name: found.truth() for found in world.repositories},
    ("POST", "repositories"): _add,
    ("POST", "limits"): _limits,
    ("POST", "app"): _app,
    ("POST", "expire"): lambda world, body: {"expired": world.accounts.expire(body.get("token"))},
}
