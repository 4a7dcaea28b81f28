"""The store: every named function of the write contract as a method, over whichever transport was chosen."""

from capture.core.ports import Transport
from capture.store.chunks import ChunksMixin
from capture.store.doctor import DoctorMixin
from capture.store.health import HealthMixin
from capture.store.jobs import JobsMixin
from capture.store.manifest import ManifestMixin
from capture.store.quality import QualityMixin
from capture.store.queue import QueueMixin
from capture.store.repositories import RepositoriesMixin
from capture.store.rollout import RolloutMixin
from capture.store.runs import RunsMixin
from capture.store.stats import StatsMixin
from capture.store.workflow_runs import WorkflowRunsMixin


class Store(
    JobsMixin,
    QueueMixin,
    ManifestMixin,
    ChunksMixin,
    RepositoriesMixin,
    RolloutMixin,
    HealthMixin,
    StatsMixin,
    RunsMixin,
    DoctorMixin,
    WorkflowRunsMixin,
    QualityMixin,
):
    """One object for all that is stored; safe to share between the tasks of one event loop."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
