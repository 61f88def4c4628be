"""Counts what turns meet with while they run."""

from prometheus_client import CollectorRegistry, Counter

from hotseat_core.conversation.tally import ResumePath
from hotseat_core.worker.troubles import Troubles


class RunningMeter:
    """A tally for Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._resumes = Counter(
            "hotseat_resumes", "Turns that went on with what was said before, by how their process came to hold it.",
            ["path"], registry=registry,
        )  # fmt: skip
        self._retries = Counter(
            "hotseat_upstream_retries", "Calls to the model that the CLI repeated, by the status they had had.",
            ["status"], registry=registry,
        )  # fmt: skip
        self._abandoned = Counter(
            "hotseat_upstream_abandoned_attempts", "Answers of the model that broke off, and that the CLI began anew.",
            registry=registry,
        )  # fmt: skip
        for path in ResumePath:  # so that rates are right from the first turn on
            self._resumes.labels(path.value)

    def note_resume(self, path: ResumePath) -> None:
        """Count a turn whose process holds its conversation."""
        self._resumes.labels(path.value).inc()

    def note_troubles(self, troubles: Troubles) -> None:
        """Count what a turn's calls to the model went through."""
        for status in troubles.retries:
            self._retries.labels(status).inc()
        self._abandoned.inc(troubles.abandoned_count)
