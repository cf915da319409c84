"""``topicml check``: look at documents before a fit."""

import json
import re
from typing import TYPE_CHECKING, Annotated

import typer

from topicml.cli import printing
from topicml.cli.options import (
    SOURCE_HELP,
    AsFormat,
    Delimiter,
    Encoding,
    Format,
    LabelColumn,
    ReadStdin,
    Sheet,
    TextColumn,
    Tokenized,
)
from topicml.cli.preprocessing import (
    Language,
    MaxDf,
    MaxFeatures,
    MinDf,
    Phrases,
    Preprocess,
    StopWords,
    TextJobs,
    preprocessing_of,
)
from topicml.cli.standard_input import StdinFormat, source_of
from topicml.errors import held_warnings
from topicml.runs import Reading

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.corpus.inspection import Finding

# Options of the command line under other names than in Python; --preprocess takes the others.
_OPTIONS = {
    "language": "--language",
    "encoding": "--encoding",
    "contrast": "--contrast",
    "n_topics": "--topics",
    "min_df": "--min-df",
    "max_df": "--max-df",
    "max_features": "--max-features",
}
_ARGUMENT = re.compile(r"\b([a-z_]+)=('[^']*'|\[\.\.\.\]|[\w.]+)")
# Reading a corpus warns of these anyway: kinds of findings, and causes of the warnings.
_TOLD_BY_READING = ("language", "no words")


def check(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    tokenized: Tokenized = False,
    language: Language = "en",
    min_df: MinDf = None,
    max_df: MaxDf = None,
    max_features: MaxFeatures = None,
    stop_words: StopWords = None,
    phrases: Phrases = False,
    jobs: TextJobs = 1,
    preprocess: Preprocess = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    as_format: AsFormat = Format.table,
) -> None:
    """Look for what may spoil topics, before a fit: languages, duplicates, boilerplate, lost documents and words.

    Each finding says which option of `topicml fit` helps; pass that option to see what it changes. Nothing is written.

    \b
    Examples:
      topicml check lee
      topicml check survey.csv --text-column answer --language de --min-df 2
    """  # noqa: D301 - \b keeps the lines as they are
    from topicml.corpus.places import places_of

    preprocessing = preprocessing_of(language, min_df, max_df, max_features, stop_words, phrases, jobs, preprocess)
    reading = Reading(
        source_of(source, stdin_format), text_column, label_column, encoding, tokenized, preprocessing, delimiter, sheet
    )
    with held_warnings(*_TOLD_BY_READING):  # the findings tell it, with causes
        corpus = reading.corpus()
    findings = findings_of(corpus)
    if as_format is Format.json:
        facts = {"documents": corpus.n_docs, "words": corpus.n_words, "tokens": corpus.n_tokens}
        records = [
            {
                **vars(finding),
                "places": places_of(corpus, finding.rows) if finding.rows else "",
                "advice": with_options(finding.advice),
            }
            for finding in findings
        ]
        print(json.dumps({**facts, "findings": records}, ensure_ascii=False))
        return
    print(
        f"{corpus.n_docs:,} documents, {len(corpus.empty):,} of them without words; {corpus.n_words:,} words in the "
        f"vocabulary, {corpus.n_tokens:,} tokens."
    )
    if not findings:
        print("Nothing was found that may spoil topics.")
    for important, title in ((True, "May spoil topics"), (False, "To know")):
        chosen = [finding for finding in findings if finding.important is important]
        if chosen:
            print()
            printing.heading(title)
        for finding in chosen:
            where = places_of(corpus, finding.rows, 5)
            rows = f" {where[:1].upper()}{where[1:]}{'' if where.endswith('…') else '.'}" if finding.rows else ""
            printing.line(f"- {finding.message} {with_options(finding.advice)}{rows}")


def findings_of(corpus: "Corpus") -> "list[Finding]":
    """What `topicml.corpus.inspection.inspect` finds in a corpus."""
    from topicml.corpus.inspection import inspect

    return inspect(corpus)


def important_lines(corpus: "Corpus") -> list[str]:
    """Important findings for the output of a fit, except those of which reading the corpus has warned."""
    findings = [finding for finding in findings_of(corpus) if finding.important]
    return [
        printing.safe(f"{finding.message} {with_options(finding.advice)}")
        for finding in findings
        if not finding.kind.startswith(_TOLD_BY_READING) or finding.kind == "languages"
    ]


def with_options(advice: str) -> str:
    """Advice with options of the command line in the place of Python's arguments."""

    def option(match: re.Match[str]) -> str:
        name, value = match[1], match[2].strip("'")
        value = {"True": "true", "False": "false", "None": "null"}.get(value, value)
        return f"{_OPTIONS[name]} {value}" if name in _OPTIONS and value != "null" else f"--preprocess {name}={value}"

    return _ARGUMENT.sub(option, advice)
