"""Study files: what a good one gives, and what a bad one is told."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from forecast.errors import StudyError
from forecast.study import describe, frozen, load_study, parse_study, study_hash, study_names
from forecast.study.priors import (
    Beta,
    HalfCauchy,
    HalfNormal,
    LogNormal,
    Normal,
    RootInverseGamma,
)
from forecast.study.reader import models_folder

REASON = "made up for a test"
FIELDS = 'reason = "Fields move together more than origins do."'  # of sigma_trend_field
DEMO = (models_folder() / "demo.toml").read_text(encoding="utf-8")


def parse(text: str):
    return parse_study(text, "mine", Path())


def faults_of(text: str) -> str:
    with pytest.raises(StudyError) as caught:
        parse(text)
    return str(caught.value)


def changed(old: str, new: str, text: str = DEMO) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


@pytest.mark.parametrize("name", study_names())
def test_shipped_studies_are_read(name):
    """Each shipped study file breaks no rule, and each prior and scenario has its reason."""
    study = load_study(name)
    assert study.name == name
    parts = [study.stay.priors, *([study.share.priors] if study.share else [])]
    assert all(getattr(part, key).reason for part in parts for key in type(part).model_fields)
    assert all(scenario.reason for scenario in study.scenarios.values())


def test_a_study_is_frozen():
    """No part of a study can be changed after it is read."""
    study = load_study("demo")
    for part, key in (
        (study, "title"),
        (study.evidence, "table"),
        (study.stay.priors, "phi_slope"),
    ):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, key, "other")


def test_the_hash_follows_the_text():
    """The same text has the same hash; a changed comment already has another one."""
    assert study_hash(parse(DEMO)) == study_hash(parse(DEMO))
    assert study_hash(parse(DEMO)) != study_hash(parse(DEMO + "# a comment\n"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[sampler]", "[samplr]", "samplr: no such key. Nearest is 'sampler'."),
        (
            "[stay.priors.sigma_origin]",
            "[stay.priors.sigma_orgin]",
            "stay.priors.sigma_orgin: no such key. Nearest is 'sigma_origin'.",
        ),
        ("draws = 1500", "drawz = 1500", "sampler.drawz: no such key. Nearest is 'draws'."),
        (
            f"scale = 0.05\n{FIELDS}",
            f"scal = 0.05\n{FIELDS}",
            "stay.priors.sigma_trend_field.scal: no such key. Nearest is 'scale'.",
        ),
        (
            'along_cohort = "walk"',
            'along_cohrt = "walk"',
            "stay.definitions.intention.along_cohrt: no such key. Nearest is 'along_cohort'.",
        ),
        (
            "median = 0.30",
            "medan = 0.30",
            "share.alternatives.turnover_high.priors.turnover.medan: no such key. "
            "Nearest is 'median'.",
        ),
        (
            'group = "north"\npath',
            'grp = "north"\npath',
            "scenarios.exodus.levers.0.grp: no such key. Nearest is 'group'.",
        ),
        ("title =", 'text = "mine"\ntitle =', "text: no such key. Nearest is 'title'."),
    ],
)
def test_an_unknown_key_names_the_nearest_legal_one(old, new, told):
    """At any depth, the keys of the very table are meant: those of this prior, of this lever."""
    assert told in faults_of(changed(old, new))


def test_a_prior_has_its_reason_and_a_known_distribution():
    """A prior without reason or with a strange distribution is refused by its place in the file."""
    text = changed(FIELDS, "")
    text = changed('dist = "beta"\na = 8.0', 'dist = "gamma"\na = 8.0', text)
    told = faults_of(changed('dist = "normal"\nloc = 1.0', "loc = 1.0", text))
    assert "stay.priors.sigma_trend_field.reason: this key is required; add it." in told
    assert (
        "stay.priors.phi_slope.dist: this is one of 'normal', 'half_normal', 'lognormal', 'beta', "
        "'half_cauchy', 'root_inverse_gamma'; got 'gamma'."
    ) in told
    assert "stay.priors.intercept.dist: this key is required; add it." in told


def test_numbers_of_a_prior_are_positive_and_all_there():
    """A half-Cauchy needs its scale above zero, a root inverse gamma both of its numbers."""
    old = 'dist = "beta"\na = 8.0\nb = 3.0'
    told = faults_of(changed(old, 'dist = "root_inverse_gamma"\nshape = 0.0'))
    assert "stay.priors.phi_slope.shape: Input should be greater than 0; got 0.0." in told
    assert "stay.priors.phi_slope.rate: this key is required; add it." in told
    told = faults_of(changed(old, 'dist = "half_cauchy"\nscale = -1.0'))
    assert "stay.priors.phi_slope.scale: Input should be greater than 0; got -1.0." in told


def test_all_faults_come_at_once():
    """A missing key, an unknown one, a wrong type and a number out of range stand in one error."""
    text = changed("as_of = 2026", "as_of = 2026.5")
    text = changed("chains = 4", "chains = 1\nchain = 4", text)
    text = changed('population = "simulated graduates"', "", text)
    text = changed(f"scale = 0.05\n{FIELDS}", f"scale = inf\n{FIELDS}", text)
    told = faults_of(text)
    assert told.startswith("study mine: 5 faults.")
    for place in ("evidence.as_of", "sampler.chains", "sampler.chain", "report.population"):
        assert f"\n  {place}: " in told
    assert "sigma_trend_field.scale: Input should be a finite number; got inf." in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('["alpha", "beta"]\ncohorts', '["alpha", "alpha"]\ncohorts', "fields are distinct labels"),
        ('["north", "east", "south"]\nf', '["north", "ALL"]\nf', "origins are distinct labels"),
        ("cohorts = [2006, 2030]", "cohorts = [2030, 2006]", "first < last; got [2030, 2006]"),
        ("as_of = 2026", "as_of = 2026\ngroups.both = ['gamma']", "groups names labels"),
        ("as_of = 2026", "as_of = 2026\ngroups.both = []", "groups.both are distinct labels"),
        ("as_of = 2026", "as_of = 2026\ngroups.alpha = ['beta']", "have names of their own"),
        ('reference = "resident"', 'reference = "res"', "reference is one of the definitions"),
        ("duration_knots = [0, 5]", "duration_knots = [0]", "two or more and start at 0"),
        ("duration_knots = [0, 5]", "duration_knots = [0, 5, 5]", "duration_knots increase"),
        ("reference_cohort = 2013", "reference_cohort = 1999", "stay.reference_cohort lies in"),
        ("headline_year = 2016", "headline_year = 2031", "report.headline_year lies in cohorts"),
        ('main_fields = ["alpha"', 'main_fields = ["alfa"', "report.main_fields names labels"),
        (
            "alpha = 1.0",
            "alfa = 1.0",
            "share.field_weights names labels of the study; got ['alfa']",
        ),
        ('["east", "south"] }', '["east", "west"] }', "share.groups names labels"),
        ('["east", "south"] }', '["east", "north"] }', "an origin belongs to one group"),
        ("domestic = true", 'origins = ["south"]', "exactly one group is domestic; got 0"),
        ('group = "north"\nat', 'group = "nord"\nat', "headline.group is one of the groups"),
        ("by = 2028", "by = 2035", "start < headline.by <= until; got 2035"),
        ("until = 2030", "until = 2040", "share.until lies in cohorts; got 2040"),
        ('group = "north"\npath', 'group = "nord"\npath', "scenarios names labels of the study"),
        ("path = { 2018 = 0.85, 2024 = 0.30 }", "path = {}", "at least one year = value"),
    ],
)
def test_the_parts_of_a_study_agree(old, new, told):
    """Labels, years and groups that do not fit each other are refused with the value got."""
    assert told in faults_of(changed(old, new))


def test_definitions_vary_each_other():
    """A lineage leads from a definition to the reference; strangers and circles are refused."""
    line = 'intention = { label = "intends to stay", along_cohort = "walk" }'
    more = '{line}\nplan = {{ label = "plan", like = "{like}" }}'
    study = parse(changed(line, more.format(line=line, like="intention")))
    assert study.stay.lineage("plan") == ("plan", "intention")
    assert study.stay.lineage("resident") == ()
    told = faults_of(changed(line, more.format(line=line, like="intentions")))
    assert "like names a definition; got ['intentions']" in told
    told = faults_of(changed(line, more.format(line=line, like="plan")))
    assert "form no circle; got ['plan']" in told
    circle = line.replace("label", 'like = "plan", label')
    told = faults_of(changed(line, more.format(line=circle, like="intention")))
    assert "form no circle; got ['intention', 'plan']" in told


def test_broken_toml_names_its_line():
    """A text that is no TOML is refused with the line of the fault."""
    assert "at line 2" in faults_of('title = "a"\nquestion = \n')


def test_an_unknown_study_names_the_nearest():
    """A misspelt name is refused with the shipped name next to it."""
    with pytest.raises(StudyError, match=r"got 'demmo'\. Nearest is 'demo'\."):
        load_study("demmo")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    """No file, a folder and a file in another encoding give one sentence each."""
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes('title = "Zürich"'.encode("latin-1"))
    for name, told in (("none", "names a file"), ("folder", "names a file"), ("latin", "UTF-8")):
        with pytest.raises(StudyError, match=told):
            load_study(tmp_path / f"{name}.toml")


def test_a_path_in_a_study_starts_at_its_folder(tmp_path):
    """A study file is read from anywhere: it is named by its file, and knows its folder."""
    (tmp_path / "mine.toml").write_text(DEMO, encoding="utf-8-sig")
    study = load_study(tmp_path / "mine.toml")
    assert (study.name, study.folder) == ("mine", str(tmp_path.resolve()))
    assert study_hash(study) == study_hash(load_study("demo"))


@pytest.mark.parametrize(
    ("prior", "mean", "words"),
    [
        (Normal(dist="normal", loc=1, scale=2, reason=REASON), 1, "Normal(1, 2)"),
        (
            HalfNormal(dist="half_normal", scale=2, reason=REASON),
            2 * np.sqrt(2 / np.pi),
            "HalfNormal(2)",
        ),
        (
            LogNormal(dist="lognormal", median=3, sigma=0.5, reason=REASON),
            3 * np.exp(0.125),
            "LogNormal(median 3, sigma 0.5)",
        ),
        (Beta(dist="beta", a=1, b=3, reason=REASON), 0.25, "Beta(1, 3)"),
        (HalfCauchy(dist="half_cauchy", scale=2, reason=REASON), np.inf, "HalfCauchy(2)"),
        (
            RootInverseGamma(dist="root_inverse_gamma", shape=1.5, rate=2, reason=REASON),
            2 * np.sqrt(2 / np.pi),
            "Gamma(1.5, 2)^(-1/2)",
        ),
    ],
)
def test_a_prior_is_the_distribution_it_says(prior, mean, words):
    """The mean is that of the textbook, and the prior is written as in a paper."""
    np.testing.assert_allclose(frozen(prior).mean(), mean)
    assert describe(prior) == words
