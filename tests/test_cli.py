"""The command: `check`, `show` and `studies`, their words and their exit status."""

import pytest

from forecast.cli import main
from forecast.study import load_study, study_names

HEADER = (
    "source,definition,origin,field,cohort_start,cohort_end,years_since,rate,n,n_kind,published"
)
GOOD = ["A,resident,north,alpha,2010,2010,5,0.8,100,census,2016"]
PLANTED = {  # line -> column of the finding, planted row
    3: ("rate", "A,resident,north,alpha,2011,2011,5,85,100,census,2017"),
    4: ("cohort_end", "A,resident,north,alpha,2013,2012,5,0.8,100,census,2018"),
    5: ("definition", "A,residing,north,alpha,2012,2012,5,0.8,100,census,2018"),
    6: ("n", "A,resident,north,alpha,2014,2014,5,0.8,0,census,2018"),
    7: ("rate", GOOD[0]),
    8: ("rate", GOOD[0].replace("0.8", "0.7")),
    9: ("published", "A,resident,north,alpha,2015,2015,5,0.8,100,census,2040"),
    10: ("rate", "A,resident,north,alpha,2016,2016,5,many,100,census,2022"),
    11: ("origin", "A,resident,east,ALL,2010,2011,5,0.8,100,census,2017"),
    12: ("field", "A,resident,north,,2017,2017,5,0.8,100,census,2023"),
}


@pytest.fixture
def stayrate(monkeypatch, capsys):
    """Run the command; return its exit status, standard output and standard error."""

    def run(*words: object) -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["stayrate", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return run


@pytest.fixture
def study(tmp_path):
    """Return the path of a demo study whose sizes know nobody of the east in 2010 and 2011."""
    labels = [(o, f) for o in ("north", "east", "south") for f in ("alpha", "beta")]
    rows = [f"{y},{o},{f},9" for y in (2010, 2011, 2012) for o, f in labels]
    sizes = [row for row in rows if ",east," not in row or row.startswith("2012")]
    (tmp_path / "sizes.csv").write_text("\n".join(["year,origin,field,n", *sizes]))
    text = load_study("demo").text.replace('sizes = "demo_sizes"', 'sizes = "sizes.csv"')
    (tmp_path / "mine.toml").write_text(text)
    return tmp_path / "mine.toml"


def test_ten_planted_faults_are_listed_with_their_lines(stayrate, study, tmp_path):
    """Ten faults of ten kinds, one a line, are ten findings at their lines; exit status 1."""
    table = tmp_path / "bad.csv"
    table.write_text("\n".join([HEADER, *GOOD, *(row for _, row in PLANTED.values())]))
    code, said, wrong = stayrate("check", table, "--study", study)
    assert (code, wrong) == (1, "")
    *lines, last = said.strip().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"line {line}, {column}" for line, (column, _) in PLANTED.items()
    ]
    assert last == "10 faults in 10 lines."
    assert "lies in [0, 1]; got '85'. A percent? Divide by 100." in said


def test_a_good_table_is_fine(stayrate, study, tmp_path):
    """A table without fault says how many rows it has; exit status 0."""
    table = tmp_path / "good.csv"
    table.write_text("\n".join([HEADER, *GOOD]))
    for words in ([], ["--study", study]):
        code, said, wrong = stayrate("check", table, *words)
        assert (code, wrong) == (0, "")
        assert said.strip().endswith("good.csv: 1 row, no fault.")


def test_the_year_of_reading_can_be_set(stayrate):
    """Read as of 2014, later years of a good table are faults."""
    assert stayrate("check", "demo")[0] == 0
    code, said, _ = stayrate("check", "demo", "--as-of", 2014)
    assert code == 1
    assert "is not after 2014; got 2015" in said


def test_a_row_in_brackets_is_printed_as_it_stands(stayrate, tmp_path):
    """Text of the user is never taken for markup or a smiley."""
    table = tmp_path / "odd.csv"
    table.write_text("\n".join([HEADER, GOOD[0].replace("0.8", "[bold]:smile:[/]")]))
    code, said, _ = stayrate("check", table)
    assert code == 1
    assert "got '[bold]:smile:[/]'" in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["check", "no_such.csv"], "a table is a CSV file or a dataset"),
        (["check", "{folder}/empty.csv"], "which is empty"),
        (["check", "{folder}/semicolons.csv"], "got semicolons"),
        (["check", "{folder}/latin.csv"], "Save it as UTF-8."),
        (["check", "{folder}"], "Check the name."),
        (["check", "demo", "--study", "demmo"], "Nearest is 'demo'"),
        (["show", "{folder}/broken.toml"], "(at line 1"),
        (["show", "none.toml"], "a study path names a file"),
    ],
)
def test_unreadable_input_is_one_sentence(stayrate, tmp_path, words, told):
    """What cannot be read is one line on standard error, no traceback; exit status 2."""
    (tmp_path / "empty.csv").touch()
    (tmp_path / "semicolons.csv").write_text(HEADER.replace(",", ";"))
    (tmp_path / "latin.csv").write_bytes(b"source\nZ\xfcrich\n")
    (tmp_path / "broken.toml").write_text("title = \n")
    code, said, wrong = stayrate(*[word.format(folder=tmp_path) for word in words])
    assert (code, said) == (2, "")
    assert wrong.startswith("stayrate: ")
    assert told in wrong
    assert len(wrong.strip().splitlines()) == 1


def test_each_shipped_study_is_listed_and_shown(stayrate):
    """`studies` names each study, and `show` gives each prior with its reason."""
    code, said, _ = stayrate("studies")
    assert code == 0
    assert all(name in said for name in study_names())
    code, said, _ = stayrate("show", "demo")
    assert code == 0
    assert "Does the share of the north" in said
    assert "sigma_origin" in said
    assert "LogNormal(median 0.7" in said
    assert "Three origins say" in said
    assert "scenario exodus" in said


@pytest.mark.parametrize("command", ["check", "show", "studies"])
def test_help_has_an_example(stayrate, command):
    """Each command explains itself with an example; exit status 0."""
    code, said, _ = stayrate(command, "--help")
    assert code == 0
    assert f"Example: stayrate {command}" in said
