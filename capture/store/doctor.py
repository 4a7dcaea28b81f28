"""The store's part about trusting the database: the schema is the expected one, and what is written can be read."""

from uuid import UUID, uuid4

from capture.core.errors import ConfigurationError
from capture.core.ports import Transport
from capture.store.expected import compare, expected_schema


class DoctorMixin:
    """Compares schemas, and sends a canary."""

    transport: Transport

    async def schema_objects(self) -> dict[str, str]:
        """A digest per column, constraint, index, policy, trigger, function and view of the database."""
        return (await self.transport.call("schema_objects", {}))["objects"]

    async def schema_differences(self) -> list[str]:
        """What the database lacks or has otherwise than this code expects, a phrase each; empty when all is well."""
        return compare(expected_schema().objects, await self.schema_objects())

    async def send_canary(self, worker: str) -> None:
        """Write a row as this worker and read it back in another transaction; `ConfigurationError` if it is lost."""
        nonce = uuid4()
        worker = f"{worker} {nonce.hex[:12]}"  # a process may start several parts at once
        await self.transport.call("write_canary", {"worker": worker, "nonce": nonce})
        answer = await self.transport.call("read_canary", {"worker": worker})
        if answer["outcome"] != "ok" or UUID(answer["nonce"]) != nonce:
            raise ConfigurationError(
                "What this worker writes cannot be read back: does the address lead to a replica, or is something "
                "changing rows on their way into the database?"
            )

    async def check_database(self, worker: str) -> None:
        """What every start of a worker checks. Raises `ConfigurationError` with what to do.

        While migrations are being edited in a source tree there is nothing to compare with, and only the canary flies.
        """
        differences = await self.schema_differences() if expected_schema().current else []
        if differences:
            more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
            raise ConfigurationError(
                f"The database is not as this code expects it: {'; '.join(differences[:3])}{more}. "
                "`capture migrate` brings it up to date; `capture doctor` lists every difference."
            )
        await self.send_canary(worker)
