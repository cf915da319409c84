"""``topicml contrast``: what one corpus has, and another has not."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.commandline import command_text
from topicml.cli.fit_display import FitDisplay
from topicml.cli.opening import records
from topicml.cli.options import (
    AsFormat,
    Delimiter,
    Encoding,
    Format,
    ModelName,
    Overwrite,
    Sheet,
    TextColumn,
    Tokenized,
)
from topicml.cli.parameters import parse_parameters
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
from topicml.cli.standard_input import source_of
from topicml.errors import InputError
from topicml.files import temporary_folder
from topicml.json_text import json_text
from topicml.paths import expanded
from topicml.runs import FitResult, FitSettings, Reading, fit_run
from topicml.runs.outputs import write_json
from topicml.runs.reading import FrozenPreprocessor

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.explore import CorpusContrast

_FIELD = "corpus"
_FEW_COMMON = 2  # common topics at least, if the number of topics follows from the size


def contrast(
    context: typer.Context,
    background: Annotated[
        str, typer.Argument(metavar="A", help="The background: a file, folder or corpus, as for `topicml fit`.")
    ],
    other: Annotated[str, typer.Argument(metavar="B", help="The documents that may have something new.")],
    topics: Annotated[
        int | None,
        typer.Option(
            "--topics",
            "-k",
            min=2,
            metavar="K",
            help="Number of topics, with the salient ones. By default the usual number for the documents, up to 50.",
            show_default=False,
        ),
    ] = None,
    salient: Annotated[int, typer.Option(min=1, metavar="N", help="Topics (the last ones) for what A has not.")] = 5,
    model: ModelName = "prodlda",
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of the fit and of the permutations.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Passes over the documents at most.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the model; may be repeated."),
    ] = None,
    held_out: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Share of the documents that test the topics, and are not learned from."),
    ] = 0.5,
    draws: Annotated[
        int, typer.Option(min=1, metavar="N", help="Permutations of the test; more give a finer p.")
    ] = 1000,
    level: Annotated[float, typer.Option(metavar="P", help="Probability at most of any false topic or word.")] = 0.05,
    words: Annotated[int, typer.Option(min=1, metavar="N", help="Words to print of each topic and list.")] = 10,
    n_documents: Annotated[int, typer.Option("--documents", min=0, metavar="N", help="Documents to print.")] = 5,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for all output, as of `topicml fit`.")] = None,
    overwrite: Overwrite = False,
    report: Annotated[
        bool | None,
        typer.Option("--report/--no-report", help="Write report.html to DIR; by default if it is installed."),
    ] = None,
    as_format: AsFormat = Format.table,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result, errors and warnings.")] = False,
    tokenized: Tokenized = False,
    language: Language = "en",
    min_df: MinDf = None,
    max_df: MaxDf = None,
    max_features: MaxFeatures = None,
    stop_words: StopWords = None,
    phrases: Phrases = False,
    jobs: TextJobs = 1,
    preprocess: Preprocess = None,
) -> None:
    """Find the topics, words and documents that B has and A has not, with p-values.

    A model is fitted to half of the documents of both. Its last topics are kept out of A. The other half, which the fit
    did not learn from, tells by permutation whether B has more of a topic than chance gives; words are tested by all
    documents. The probability that any topic or word is declared falsely is at most --level.

    With --out, DIR is a run of both corpora together, which `topicml show`, `report`, `docs`, … open, with
    contrast.json and contrast_words.csv besides.

    \b
    Examples:
      topicml contrast june.csv july.csv
      topicml contrast control.csv treated.csv --topics 12 --salient 3 --out run
    """  # noqa: D301 - \b keeps the lines as they are
    preprocessing = preprocessing_of(language, min_df, max_df, max_features, stop_words, phrases, jobs, preprocess)
    parameters = parse_parameters(set_ or ())
    own = {"against", "salient", "validation_fraction"} & {*parameters}
    if own:
        raise InputError(f"--set {', '.join(sorted(own))}: this command sets it by A, --salient and --held-out.")
    if not 0 < held_out < 1:
        raise InputError(f"--held-out takes a share between 0 and 1; received {held_out:g}.")
    if topics is not None and topics <= salient:
        raise InputError(
            f"--salient {salient} leaves no common topic of --topics {topics}: choose fewer, or more topics."
        )
    if not 0 < level < 1:
        raise InputError(f"--level takes a probability between 0 and 1; received {level:g}.")
    names = _names(background, other)
    parameters |= {"against": f"{_FIELD}={names[0]}", "salient": salient, "validation_fraction": held_out}
    parameters |= {"random_state": seed} | ({} if topics is None else {"n_topics": topics})
    parameters |= {} if epochs is None else {"max_epochs": epochs}
    reading = Reading("", text_column, None, encoding, tokenized, {}, delimiter, sheet)
    parts = [_raw(replace(reading, source=source_of(each)), each) for each in (background, other)]
    display = _Display(names, parts[1], draws, level, seed, salient, words, n_documents, quiet=quiet, report=report)
    with temporary_folder("topicml-contrast", tempfile.gettempdir()) as folder:
        source, is_tokenized = _written(parts, names, folder)
        both = Reading(str(source), "text", None, None, tokenized or is_tokenized, preprocessing)
        settings = FitSettings(both, model, parameters, choose_topics=None if topics is not None else "usual")
        progress = False if quiet or as_format is Format.json else None
        if out is None:
            result = fit_run(settings, progress=progress, observer=display)
        else:
            result = fit_run(
                settings,
                out := Path(os.path.abspath(expanded(out))),
                overwrite=overwrite,
                keep_source=True,
                facts={"command": command_text(context), "report": report},
                progress=progress,
                observer=display,
            )
    if as_format is Format.json:
        print(json_text(display.facts(result)))
    else:
        display.show(result)
    if out is not None:
        display.note(f"Written to {out}")


class _Display(FitDisplay):
    """Tests the differences, prints them, and writes them into the folder of the run."""

    def __init__(
        self,
        names: tuple[str, str],
        other: "Corpus",
        draws: int,
        level: float,
        seed: int,
        salient: int,
        words: int,
        n_documents: int,
        *,
        quiet: bool,
        report: bool | None,
    ) -> None:
        super().__init__(words, quiet=quiet, report=report)
        self.names, self.other = names, other
        self.options: dict[str, Any] = {"draws": draws, "level": level, "seed": seed}
        self.salient, self.n_documents = salient, n_documents
        self._found: CorpusContrast | None = None

    def choose_topics(self, corpus: "Corpus", how: str) -> int:
        """As for a fit, with some common topics at least."""
        return max(super().choose_topics(corpus, how), self.salient + _FEW_COMMON)

    def on_write(self, folder: Path, record: Mapping[str, Any], result: FitResult) -> None:
        """Write the differences, and the report."""
        write_json(folder / "contrast.json", self.facts(result))
        self.found(result).words().to_csv(folder / "contrast_words.csv", index=False)
        super().on_write(folder, record, result)

    def found(self, result: FitResult) -> "CorpusContrast":
        """The tests, computed once."""
        if self._found is None:
            from topicml.explore import TopicView
            from topicml.explore import contrast as contrasted

            view = TopicView.of(result.model, result.corpus, theta=result.theta)
            self._found = contrasted(view, **self.options)
        return self._found

    def facts(self, result: FitResult) -> dict[str, Any]:
        """Everything that is printed, as values that JSON can hold."""
        found = self.found(result)
        n_other = int(found.is_other[found.unseen].sum())
        significant = found.words()
        significant = significant[significant["p"] <= found.level]
        documents = records(found.documents(n=self.n_documents))
        for each in documents:  # the row in B
            each["document"] -= int((~found.is_other).sum())
        return {
            "background": self.names[0],
            "other": self.names[1],
            "documents": {"background": int((~found.is_other).sum()), "other": int(found.is_other.sum())},
            "unseen": {"background": len(found.unseen) - n_other, "other": n_other},
            "level": found.level,
            "least_p": found.least_p,
            "new": found.new,
            "topics": records(found.topics(n_words=self.words)),
            "words": records(significant),
            "least_like_background": documents,
        }

    def show(self, result: FitResult) -> None:
        """Print the topics, words and documents."""
        from topicml.corpus.places import place_of

        facts, (before, after) = self.facts(result), self.names
        new, n_salient, unseen = facts["new"], len(self.found(result).salient), facts["unseen"]
        printing.heading(f"What {after} has, and {before} has not")
        printing.line(
            f"{len(new) or 'None'} of {n_salient} salient topics {'are' if len(new) > 1 else 'is'} new: p at most "
            f"{facts['level']:g}, by documents that the fit did not learn from ({unseen['background']:,} of {before}, "
            f"{unseen['other']:,} of {after})."
        )
        rows = [
            (each["topic"], _kind(each, new), each["background"], each["other"], each["p"], each["words"])
            for each in facts["topics"]
            if each["salient"] or each["p"] <= facts["level"]
        ]
        print()
        printing.table(("topic", "", f"share in {before}", f"share in {after}", "p", "words"), rows)
        for name, sign in ((after, 1), (before, -1)):
            chosen = [each for each in facts["words"] if each["z"] * sign > 0]
            print()
            title = f"Words in a larger share of the documents of {name}: {len(chosen):,}"
            cells = [(each["word"], each["background"], each["other"], each["p"]) for each in chosen[: self.words]]
            if chosen:
                printing.table(("word", f"share in {before}", f"share in {after}", "p"), cells, title=title)
            else:
                printing.line(title)
        if self.n_documents:
            print()
            printing.heading(
                f"Documents of {after} that are least like {before}"
                if new
                else f"Documents of {after} with most of the salient topics, none of which is new: {before} may have "
                "such documents, too"
            )
        for each in facts["least_like_background"]:
            place = place_of(self.other, each["document"])
            printing.line(f"- {place}, topic {each['topic']}, share {each['share']:.0%}: {_excerpt(each['text'])}")


def _kind(topic: Mapping[str, Any], new: list[int]) -> str:
    if topic["topic"] in new:
        return "new"
    return "salient" if topic["salient"] else "more" if topic["difference"] > 0 else "less"


def _excerpt(text: str | None, n: int = 200) -> str:
    text = " ".join((text or "").split())
    return text if len(text) <= n else f"{text[:n].rsplit(' ', 1)[0]} …"


def _names(background: str, other: str) -> tuple[str, str]:
    """What the two are called: their file names, or A and B if these are the same or empty."""
    names = [Path(each).name.split(".")[0].strip() for each in (background, other)]
    return ("A", "B") if names[0] == names[1] or not all(names) else (names[0], names[1])


def _raw(reading: Reading, source: str) -> "Corpus":
    """The documents of a source, split at white space."""
    try:
        corpus = reading.corpus(FrozenPreprocessor(None))
    except InputError as error:
        raise InputError(f"{source}: {error}" if source not in str(error) else str(error)) from error
    if "text" not in corpus.fields and not corpus.has_order:
        raise InputError(
            f"{source} has counts of words, without texts and without their order. Join such corpora in Python: "
            "topicml.explore.contrast_corpora."
        )
    return corpus


def _written(parts: list["Corpus"], names: tuple[str, str], folder: Path) -> tuple[Path, bool]:
    """Write the texts of both into one file; return it, and whether they are tokens already."""
    import pyarrow.parquet as pq

    from topicml.corpus.fields import Fields
    from topicml.explore.two_corpora import joined

    with_text = ["text" in part.fields for part in parts]
    if any(with_text) and not all(with_text):
        raise InputError(
            f"{names[with_text.index(False)]} has tokens, and {names[with_text.index(True)]} has texts: give two "
            "sources of the same kind."
        )
    if not any(with_text):
        parts = [
            part.replaced(fields=Fields.of({"text": [" ".join(words) for words in part]}, part.n_docs))
            for part in parts
        ]
    both = joined(parts[0], parts[1], names)
    file = folder / "documents.parquet"
    pq.write_table(both.fields.table, file)
    printing.call(file, f"the documents of {names[0]} and {names[1]}")
    return file, not any(with_text)
