"""Delimiters of tables: recognised from the rows, or named."""

import pytest

from topicml.corpus import Corpus
from topicml.corpus.sources.delimited import read_delimited
from topicml.corpus.sources.delimiters import recognised
from topicml.errors import InputError, TopicWarning

ROWS = [("id", "text", "team"), *((i, f"the cat, sat; on mat {i}", "ab"[i % 2]) for i in range(12))]


def write(path, delimiter, rows=ROWS, quote=False):
    lines = []
    for row in rows:
        cells = [f'"{cell}"' if quote and delimiter in str(cell) else str(cell) for cell in row]
        lines.append(delimiter.join(cells))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_the_one_that_fits_the_rows(tmp_path, suffix, delimiter):
    table = read_delimited(write(tmp_path / f"a{suffix}", delimiter, quote=True))
    assert table.column_names == ["id", "text", "team"]
    assert table.column("text")[3].as_py() == "the cat, sat; on mat 3"
    assert table.column("team").to_pylist() == ["a", "b"] * 6


@pytest.mark.parametrize(
    ("content", "columns", "first"),
    [
        ('id;"text, original";team\n1;a cat;x\n2;a dog;y\n', ["id", "text, original", "team"], "a cat"),
        ("id;text, original;team\n1;a, cat;x\n2;a dog;y\n", ["id", "text, original", "team"], "a, cat"),
        ("sep=;\nid;text;team\n1;a cat;x\n", ["id", "text", "team"], "a cat"),
        ('"sep=|"\r\nid|text|team\r\n1|a cat|x\r\n', ["id", "text", "team"], "a cat"),
        ("id, text, team\n1, a cat, x\n", ["id", "text", "team"], "a cat"),
        ('id, text, team\n1, "a, cat", x\n', ["id", "text", "team"], "a, cat"),
        ('id,"the ""text""",team\n1,a cat,x\n', ["id", 'the "text"', "team"], "a cat"),
    ],
)
def test_headers_with_commas_blanks_and_quotes_and_the_line_of_excel(tmp_path, content, columns, first):
    (tmp_path / "a.csv").write_text(content)
    table = read_delimited(tmp_path / "a.csv")
    assert table.column_names == columns
    assert table.column(1)[0].as_py() == first
    assert table.column(2)[0].as_py() == "x"


def test_one_column_stays_one_column(tmp_path):
    (tmp_path / "a.csv").write_text("text\n" + "a cat; a dog | a bird\n" * 5)
    assert read_delimited(tmp_path / "a.csv").column("text").to_pylist() == ["a cat; a dog | a bird"] * 5


def test_a_row_that_does_not_fit_is_still_an_error(tmp_path):
    path = write(tmp_path / "a.csv", "\t", [*ROWS, (12, "a\tb", "x")])
    with pytest.raises(InputError, match=r"The row in line 14 of .* has 4 values.*the delimiter '\\t'.*--delimiter"):
        read_delimited(path)


def test_the_line_number_counts_the_line_of_excel(tmp_path):
    (tmp_path / "a.csv").write_text("sep=;\na;text\n1;x\n2\n")
    with pytest.raises(InputError, match=r"The row in line 4 of .* has 1 values"):
        read_delimited(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["semicolon", ";"])
def test_a_named_delimiter_is_not_guessed(tmp_path, name):
    (tmp_path / "a.csv").write_text("a,b;text\n1,2;a cat\n3,4;a dog\n")
    assert read_delimited(tmp_path / "a.csv").column_names == ["a", "b;text"]
    corpus = Corpus.read(tmp_path / "a.csv", preprocessor=False, delimiter=name)
    assert list(corpus.fields) == ["a,b", "text"]


@pytest.mark.parametrize("wrong", ["", ";;", '"', "\n", "colon", 3])
def test_a_delimiter_is_one_character(tmp_path, wrong):
    path = write(tmp_path / "a.csv", ",")
    with pytest.raises(InputError, match="delimiter must be one character"):
        Corpus.read(path, delimiter=wrong)


def test_a_delimiter_for_another_source_has_no_effect_and_says_so(tmp_path):
    (tmp_path / "a.txt").write_text("a cat\na dog\n")
    with pytest.warns(TopicWarning, match="delimiter had no effect"):
        Corpus.read(tmp_path / "a.txt", preprocessor=False, delimiter=";")


def test_the_usual_delimiter_wins_if_two_fit_equally_well():
    lines = ["a,b;c\n", "1,2;3\n"]
    assert recognised(lines, ",") == "," and recognised(["a;b,c\n", "1;2,3\n"], ",") == ","
    assert recognised(["a\tb,c\n", "1\t2,3\n"], "\t") == "\t"


def test_a_sample_that_ends_inside_a_quoted_value_is_recognised():
    assert recognised(["a;text\n", '1;"x\n', 'y"\n', '2;"z\n'], ",") == ";"
