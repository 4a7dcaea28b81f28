"""The state of one Prefect flow run, read and proposed by somebody who is not executing it."""

from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import Abort, ObjectNotFound, Pause
from prefect.states import Running
from prefect.utilities.engine import propose_state

from capture.core.errors import Outage
from capture.processors.actions_rules import Ending

TYPES = {
    "Completed": StateType.COMPLETED,
    "Failed": StateType.FAILED,
    "Cancelled": StateType.CANCELLED,
    "Crashed": StateType.CRASHED,
}


class FlowRunState:
    """One flow run on the server. A deleted one counts as cancelled."""

    def __init__(self, client: PrefectClient, flow_run_id: UUID) -> None:
        """`client` is an open client of the server that owns the flow run."""
        self._client = client
        self._id = flow_run_id

    async def state(self) -> str:
        """The type of the current state, in capitals. Raises `Outage`."""
        state = await self._read()
        return StateType.CANCELLED.value if state is None else state.type.value

    async def running(self) -> None:
        """Propose Running where the run has not begun. Raises `Outage`."""
        state = await self._read()
        if state is not None and state.type in (StateType.SCHEDULED, StateType.PENDING):
            await self._propose(Running())

    async def end(self, ending: Ending) -> None:
        """Propose the final state, unless the run has one already. Raises `Outage`."""
        state = await self._read()
        if state is None or state.is_final():
            return
        await self._propose(State(type=TYPES[ending.state], name=ending.state, message=ending.message))

    async def _read(self) -> State | None:
        try:
            return (await self._client.read_flow_run(self._id)).state
        except ObjectNotFound:
            return None
        except httpx.HTTPError as error:
            raise Outage(f"Prefect: {type(error).__name__}") from error

    async def _propose(self, state: State) -> None:
        try:
            await propose_state(self._client, state, flow_run_id=self._id)
        except (Abort, Pause, ObjectNotFound):
            return  # somebody else ended or deleted it first, which is as good
        except httpx.HTTPError as error:
            raise Outage(f"Prefect: {type(error).__name__}") from error
