"""The sandbox's own routes below /_sandbox: counters, faults, changes, the truth to compare with. Not GitHub's."""

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
    match method, name:
        case "GET", "stats":
            return Answer(200, world.stats.show())
        case "DELETE", "stats":
            world.stats.reset()
            return Answer(204)
        case "GET", "faults":
            return Answer(200, world.faults.show())
        case "POST", "faults":
            world.faults.load(body, append=bool(body.get("append")))
            return Answer(200, world.faults.show())
        case "DELETE", "faults":
            world.faults.load({})
            return Answer(204)
        case "POST", "release":
            return Answer(200, {"released": world.faults.release((body or {}).get("gate"))})
        case "POST", "mutate":
            changes = body if isinstance(body, list) else [body]
            return Answer(200, {"changed": [mutate(world, change) for change in changes]})
        case "GET", "truth":
            return Answer(200, {found.full_name: found.truth() for found in world.repositories})
        case "POST", "repositories":
            added = world.generate(
                body["owner"], body["name"], body.get("shape", "mixed"), body["pull_requests"], body.get("seed", 1)
            )
            return Answer(200, {"repository": added.full_name, "github_id": added.facts["databaseId"]})
        case "POST", "limits":
            if "resource" in body:
                world.accounts.set_limit(
                    body["resource"], body.get("limit"), body.get("remaining"), body.get("reset_in")
                )
            world.accounts.secondary.update(body.get("secondary", {}))
            return Answer(200, {"limits": world.accounts.limits, "secondary": world.accounts.secondary})
        case "POST", "app":
            for key in ("app_id", "public_key", "installation", "lifetime", "stateless"):
                if key in body:
                    setattr(world.accounts, key, body[key])
            return Answer(200, {"minted": world.accounts.minted, "installation": world.accounts.installation})
        case "POST", "expire":
            return Answer(200, {"expired": world.accounts.expire((body or {}).get("token"))})
        case "GET", pulls if pulls.startswith("pulls/"):
            return Answer(200, _everything(world, int(pulls.split("/")[1])))
        case _:
            return Answer(404, {"message": f"the sandbox has no {method} /_sandbox/{name}"})


def _everything(world: World, number: int) -> dict[str, Any]:
    """One pull request as GitHub holds it, for comparison field by field."""
    record = world.repositories[0].get(number)
    if record is None:
        raise KeyError(f"no pull request {number}")
    shown = {key: value for key, value in record.items() if not key.startswith("_") and key != "repository"}
    for name in ("reviews", "inline", "conversation"):
        shown[name] = [
            {key: value for key, value in row.items() if key in _PLAIN} | {"author": (row["author"] or {}).get("login")}
            for row in record[f"_{name}"]
        ]
    shown["files"] = [{key: value for key, value in row.items() if not key.startswith("_")} for row in record["_files"]]
    return shown


_PLAIN = {"id", "fullDatabaseId", "body", "state", "createdAt", "updatedAt", "submittedAt", "path", "line", "url"}
