import json

from topicml.cli.check import with_options


def test_check_prints_findings_with_options_of_the_command_line(topicml, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(["rocket orbit planet moon 1 2 3 4", "butter flour sugar oven 5 6 7 8"] * 30), "utf-8")
    result = topicml("check", str(path))
    assert result.code == 0, result.err
    assert "May spoil topics" in result.out
    assert "58 of 60 documents (97%) repeat an earlier one" in result.out
    assert "--preprocess numbers=true" in result.out
    assert "Use few topics" in result.out
    as_json = json.loads(topicml("check", str(path), "--format", "json").out)
    assert as_json["documents"] == 60
    assert {"duplicates", "few documents"} <= {finding["kind"] for finding in as_json["findings"]}


def test_fit_prints_important_findings_before_the_fit(topicml, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(["Der Hund und die Katze sind nicht im Haus", "Das Boot ist auf dem See"] * 30), "utf-8")
    result = topicml("fit", str(path), "-k", "2", "--epochs", "1")
    assert "seem to be in German" in result.err
    assert "58 of 60 documents (97%) repeat an earlier one" in result.err
    assert result.err.index("repeat an earlier one") < result.err.index("1 epoch (")
    quiet = topicml("fit", str(path), "-k", "2", "--epochs", "1", "-q")
    assert "repeat" not in quiet.err


def test_a_list_of_lines_that_goes_on_ends_in_the_ellipsis(topicml, tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("text\n" + "rocket orbit planet moon\n" * 9 + "!!!\n" * 7, "utf-8")
    out = topicml("check", path).out
    assert "Lines 11, 12, 13, 14, 15, …\n" in out and "…." not in out


def test_arguments_become_options():
    assert with_options("Pass language='de'.") == "Pass --language de."
    assert with_options("min_df=2 (or 1), numbers=True") == "--min-df 2 (or 1), --preprocess numbers=true"
    assert with_options("max_features=None keeps them.") == "--preprocess max_features=null keeps them."


def test_the_delimiter_and_the_sheet_can_be_named(topicml, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "text;x\n" + "\n".join(f"{word}, and dogs;{i}" for i, word in enumerate(["cat", "sun", "tree"] * 10)),
        encoding="utf-8",
    )
    outcome = topicml("check", path, "--delimiter", ";")
    assert outcome.code == 0 and "30 documents" in outcome.out
    told = topicml("check", path, "--sheet", "Data").err  # a sheet of a file that is no workbook
    assert "--sheet had no effect" in told or "sheet had no effect" in told


def test_check_takes_the_options_of_preprocessing_that_fit_takes(topicml, tmp_path):
    """Their answer is that of a fit with the same options."""
    path = tmp_path / "texts.txt"
    path.write_text(
        "\n".join(["rocket orbit planet moon comet", "butter flour sugar oven bowl"] * 9 + ["rare gem"]), "utf-8"
    )
    assert "(5.3%) has only words that occur in too few documents" in topicml("check", path, "--min-df", "2").out
    assert "too few documents" not in topicml("check", path, "--min-df", "1").out
    assert "only words" in topicml("check", path, "--min-df", "1", "--max-features", "10").out
    (tmp_path / "stop.txt").write_text("rocket\nbutter\n", "utf-8")
    words = {"--stop-words": "10 words", "--max-df": "2 words"}
    assert words["--stop-words"] in topicml("check", path, "--min-df", "1", "--stop-words", tmp_path / "stop.txt").out
    assert words["--max-df"] in topicml("check", path, "--min-df", "1", "--max-df", "2").out
    assert topicml("check", path, "--min-df", "x").refused


def test_options_of_preprocessing_are_the_same_for_check_and_fit():
    from typing import get_type_hints

    from topicml.cli.check import check
    from topicml.cli.fit import fit
    from topicml.cli.options import TEXT_PANEL

    of_fit, of_check = (
        {
            name: hint
            for name, hint in get_type_hints(command, include_extras=True).items()
            if any(getattr(each, "rich_help_panel", None) == TEXT_PANEL for each in getattr(hint, "__metadata__", ()))
        }
        for command in (fit, check)
    )
    assert "min_df" in of_check and of_fit == of_check
