"""Prose computed from facts on evidence, draws and checks."""

from forecast.report.evidence_facts import SINGLE_FIELDS
from forecast.report.numbers_in_words import count, listed, percent, significant, small_number
from forecast.report.records import EvidenceStory, LooFact, ReportFacts, SamplingStory, StayStory

GOOD_RHAT = 1.01
GOOD_BFMI = 0.3


def evidence_sentence(evidence: EvidenceStory) -> str:
    """Say how many rows were used, and how overlaps were taken apart."""
    used = count(evidence.rows, "published figure")
    kinds = count(len(evidence.definitions), "definition")
    text = f"{used} of {kinds} {'is' if evidence.rows == 1 else 'are'} used."
    if evidence.derived:
        text += (
            f" {count(evidence.derived, 'total')} overlapped with listed parts and entered as the "
            "remainder that those parts leave, so nobody counts twice."
        )
    return text


def left_out_sentence(evidence: EvidenceStory) -> str:
    """Say how many rows were left out, at which stage."""
    stages = list(dict.fromkeys(fact.stage for fact in evidence.left_out))
    if not stages:
        return "No row was left out."
    rows = {s: sum(f.rows for f in evidence.left_out if f.stage == s) for s in stages}
    told = [f"{count(rows[stage], 'row')} {stage}" for stage in stages]
    return f"Left out: {listed(told)}; the table gives each reason."


def fields_sentence(evidence: EvidenceStory) -> str:
    """Warn where the definitions differ in the fields that their totals cover."""
    widest: dict[str, list[str]] = {}
    for fact in evidence.definitions:
        if fact.widest_field_label != SINGLE_FIELDS:
            widest.setdefault(fact.widest_field_label, []).append(f"“{fact.label}”")
    if len(widest) <= 1:
        return ""
    told = [f"{listed(names)} cover{_s(names)} {field}" for field, names in widest.items()]
    return f"Totals do not cover the same fields: {'; '.join(told)}."


def _s(names: list[str]) -> str:
    return "s" if len(names) == 1 else ""


def basis_sentence(stay: StayStory) -> str:
    """Say from which cohort on a stay rate rests on intentions, and from which it is a forecast."""
    parts = []
    if stay.last_residence is not None:
        parts.append(f"Residence is published up to the {stay.last_residence} cohort")
    if stay.last_observed is not None and stay.last_observed != stay.last_residence:
        parts.append(f"cohorts up to {stay.last_observed} rest on stated intentions alone")
    parts.append("later ones are forecasts")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def coverage_sentence(sampling: SamplingStory) -> str:
    """Say how many published figures lie in their predictive intervals."""
    if not sampling.coverage:
        return "The run kept no posterior predictive draws."
    nominal = listed([percent(one) for one, _ in sampling.coverage])
    actual = listed([percent(one) for _, one in sampling.coverage])
    return (
        f"Predictive intervals of {nominal} hold {actual} of the figures they were fitted to: "
        "this tests the error model, not the forecast."
    )


def loo_sentence(loo: LooFact | None) -> str:
    """Say for how many rows leave-one-out is not reliable."""
    if loo is None:
        return "The run kept no pointwise log likelihood, so leave-one-out was not computed."
    k = f"{significant(loo.threshold, 2)}"
    if not loo.high_k:
        return f"Leave-one-out is reliable: no Pareto k is above {k} (highest {loo.worst_k:.2f})."
    rows = "row" if loo.rows == 1 else "rows"
    return (
        f"Pareto k is above {k} for {loo.high_k:,} of {loo.rows:,} {rows} (highest "
        f"{loo.worst_k:.2f}): leave-one-out is not reliable there."
    )


def sampling_sentence(facts: ReportFacts) -> str:
    """Say how the posterior was drawn and what the sampler reported."""
    s = facts.sampling
    text = f"Engine {facts.engine}: {count(s.chains, 'chain')} of {count(s.draws, 'draw')}"
    if s.points is not None:
        draws = count(s.chains * s.draws, "draw")
        values = count(s.points, "value")
        return (
            f"Engine {facts.engine}, a nested Laplace approximation: {draws} from {values} of the "
            "scales, weighted by importance."
        )
    if s.divergences is not None:
        text += f", {count(s.divergences, 'divergence')}"
    if s.least_bfmi is not None:
        text += f", least E-BFMI {s.least_bfmi:.2f}"
    if s.parameters:
        text += f", highest R-hat {worst_rhat(s)[1]:.3f} ({worst_rhat(s)[0]})"
    return f"{text}."


def worst_rhat(sampling: SamplingStory) -> tuple[str, float]:
    """Return the top-level parameter with the highest R-hat, and that."""
    worst = max(sampling.parameters, key=lambda one: one.r_hat)
    return worst.name, worst.r_hat


def mixing_title(sampling: SamplingStory) -> str:
    """Say whether the chains agree."""
    name, value = worst_rhat(sampling)
    verb = "agree" if value <= GOOD_RHAT else "do not agree yet"
    return f"The chains {verb}: highest R-hat {value:.3f} ({name})"


def energy_title(least_bfmi: float) -> str:
    """Say whether the energy moves enough between draws."""
    if least_bfmi >= GOOD_BFMI:
        return f"The sampler moves freely: E-BFMI is {least_bfmi:.2f} or more in every chain"
    return f"The sampler moves too little: least E-BFMI {least_bfmi:.2f}, below {GOOD_BFMI:g}"


def checks_sentence(facts: ReportFacts) -> str:
    """Count the verdicts."""
    verdicts = [check.verdict for check in facts.checks]
    review = "needs review" if verdicts.count("review") == 1 else "need review"
    told = [
        f"{small_number(verdicts.count(kind))} {word}"
        for kind, word in (("pass", "passed"), ("review", review), ("fail", "failed"))
        if verdicts.count(kind)
    ]
    if not told:
        return "No check was run."
    return f"Of {small_number(len(verdicts))} {_checks(len(verdicts))}, {listed(told)}."


def _checks(number: int) -> str:
    return "check" if number == 1 else "checks"
