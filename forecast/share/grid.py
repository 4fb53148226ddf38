"""The cells of the inflow: each foreign origin and field, and each domestic field."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from forecast.study import ShareSpec

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Grid:
    """Labels of the cells, in order: origin by origin, field by field, the domestic ones last.

    ``owner``: the place of each cell's group among ``groups``; ``domestic``: that of the domestic
    group; ``weight``: of each cell's field.
    """

    groups: tuple[str, ...]
    domestic: int
    origins: tuple[str, ...]
    fields: tuple[str, ...]
    owner: np.ndarray
    weight: Array

    @property
    def size(self) -> int:
        """The number of cells."""
        return len(self.fields)

    @property
    def foreign(self) -> np.ndarray:
        """The places of the foreign groups."""
        return np.flatnonzero(np.arange(len(self.groups)) != self.domestic)

    @cached_property
    def member(self) -> Array:
        """1 where a cell belongs to a group, (C, G)."""
        return np.eye(len(self.groups))[self.owner]

    def part(self, cells: np.ndarray) -> "Grid":
        """Return the grid of some of the cells."""
        origins = tuple(self.origins[cell] for cell in cells)
        fields = tuple(self.fields[cell] for cell in cells)
        owner, weight = self.owner[cells], self.weight[cells]
        return replace(self, origins=origins, fields=fields, owner=owner, weight=weight)

    def cells(self, groups: np.ndarray, fields: tuple[str, ...] = ()) -> np.ndarray:
        """Return the places of the cells of some groups, and of some fields if any are named."""
        own = np.isin(self.owner, groups)
        return np.flatnonzero(own & np.isin(self.fields, fields) if fields else own)


def grid_of(spec: ShareSpec) -> Grid:
    """Return the cells of a study's workforce.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> grid = grid_of(load_study("china_ai_2030").share)
    >>> grid.size, grid.fields[-3:], grid.cells(np.array([0])).tolist()
    (27, ('computer_science', 'mathematics', 'engineering'), [0, 1, 2])
    """
    names, fields = tuple(spec.groups), tuple(spec.field_weights)
    domestic = next(i for i, group in enumerate(spec.groups.values()) if group.domestic)
    origins = [(o, i) for i, group in enumerate(spec.groups.values()) for o in group.origins]
    origins.append((names[domestic], domestic))
    return Grid(
        groups=names,
        domestic=domestic,
        origins=tuple(origin for origin, _ in origins for _ in fields),
        fields=fields * len(origins),
        owner=np.repeat([group for _, group in origins], len(fields)),
        weight=np.tile(list(spec.field_weights.values()), len(origins)),
    )
