"""A job: one contender on one table, and how much is drawn; the parent hands it to a child."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Job:
    """What a child runs."""

    contender: str
    table: str
    chains: int
    tune: int
    draws: int

    def text(self) -> str:
        """Return the job as one argument of a command."""
        return json.dumps(asdict(self))


def job_of(text: str) -> Job:
    """Return the job that an argument says."""
    return Job(**json.loads(text))
