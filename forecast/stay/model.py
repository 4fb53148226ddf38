"""The stay model of a study on its evidence: structure, matrices and error models together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from forecast.evidence import Evidence
from forecast.stay.design import design_matrix, duration_basis, latent_slices
from forecast.stay.errors_of_rows import ErrorModel, error_model
from forecast.stay.terms import Dim, Scale, Structure, latent_dims, structure
from forecast.study.schema import Study


@dataclass(frozen=True)
class StayModel:
    """All that a reader of the model needs.

    ``design`` A (cells x latents), ``basis`` B (cells x pieces of the duration curve),
    ``operator`` W (rows x cells): the rate of row i is W[i] @ expit(A x - B step).
    """

    structure: Structure
    design: sparse.csr_matrix
    basis: np.ndarray
    operator: sparse.csr_matrix
    errors: ErrorModel

    @property
    def scales(self) -> tuple[Scale, ...]:
        """All top-level parameters but the steps of the duration curve."""
        return (*self.structure.scales, *self.errors.scales)

    @property
    def top_level(self) -> tuple[Scale, ...]:
        """All top-level parameters with a prior, the steps of the duration curve last."""
        steps = Scale("duration_step", self.structure.duration_step, self.knot_dim)
        return (*self.scales, steps)

    @property
    def slices(self) -> Mapping[str, slice]:
        """Where each term stands in the vector of latents."""
        return latent_slices(self.structure)

    @property
    def knot_dim(self) -> Dim:
        """The dim of the steps of the duration curve."""
        return Dim("knot", "years_since", tuple(str(k) for k in self.structure.knot_labels))

    @property
    def coords(self) -> dict[str, list[str | int]]:
        """The labels of every dim in the posterior."""
        dims = [dim for term in self.structure.terms for dim in latent_dims(term)]
        dims += [scale.dim for scale in self.scales if scale.dim is not None]
        coords = {dim.name: list(dim.labels) for dim in [*dims, self.knot_dim]}
        coords["count_row"] = self.errors.counts.row.tolist()
        coords["rate_row"] = self.errors.rates.row.tolist()
        return coords


def stay_model(study: Study, evidence: Evidence) -> StayModel:
    """Return the stay model of a study on its evidence."""
    terms = structure(study)
    ages = evidence.cells["years_since"].to_numpy(float)
    return StayModel(
        structure=terms,
        design=design_matrix(terms, evidence.cells, study.stay.shocks),
        basis=duration_basis(terms.knots, ages),
        operator=evidence.operator,
        errors=error_model(evidence, study.stay.priors),
    )
