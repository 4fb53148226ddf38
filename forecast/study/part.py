"""What all tables of a study file share: they are frozen and refuse unknown keys."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

type Name = Annotated[str, Field(min_length=1, max_length=60)]
type Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A table of a study file: frozen, numbers finite, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def refuse(faults: Iterable[str]) -> None:
    """Raise one ValueError with all faults of a table, if there is any."""
    if told := "; ".join(faults):
        raise ValueError(told)


def strangers(where: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Name the labels under ``where`` that are not known, in one sentence or none."""
    found = sorted(set(names) - set(known))
    return [f"{where} names labels of the study; got {found}"] if found else []
