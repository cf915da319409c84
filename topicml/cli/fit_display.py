"""What `topicml fit` prints, and the report that it adds to the output."""

import shlex
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.cli import printing
from topicml.cli.check import important_lines
from topicml.cli.reporting import write_fit_report
from topicml.errors import MissingExtraError
from topicml.runs import FitObserver, FitResult
from topicml.runs.held_out import MIN_DOCUMENTS, SUFFIX
from topicml.runs.rows import LABEL_CANDIDATES, automatic_labels, names_beside_words
from topicml.settings import is_number

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.models import TopicModel


class FitDisplay(FitObserver):
    """Prints the stages and the result of a fit, and writes ``report.html``.

    Parameters
    ----------
    words : int
        Words to print of each topic.
    quiet : bool
        Whether to print nothing.
    report : bool or None
        Whether to write ``report.html``; None: as the run was started, or else if the packages it needs are installed.
    """

    def __init__(self, words: int = 10, *, quiet: bool = False, report: bool | None = None) -> None:
        self.words = words
        self.quiet = quiet
        self.report = report

    def note(self, text: str) -> None:
        """Print a message to stderr, unless quiet."""
        if not self.quiet:
            printing.note(text)

    def on_read(self, corpus: "Corpus", seconds: float) -> None:
        """Print the size of the corpus, and what may spoil its topics."""
        self.note(f"{corpus.n_docs:,} documents, {corpus.n_words:,} words in the vocabulary ({seconds:.1f} s)")
        for line in () if self.quiet else important_lines(corpus):
            self.note(line)

    def choose_topics(self, corpus: "Corpus", how: str) -> int:
        """Choose the number of topics by the size of the corpus ("usual"), or by an estimate ("auto"), and print it."""
        from topicml.cli.topic_numbers import chosen_number

        return chosen_number(corpus, how, self.note)

    def on_fit(self, model: "TopicModel", seconds: float) -> None:
        """Print the number of epochs, and how the losses were balanced."""
        epochs = f"{model.n_iter_} epoch" + ("s" if model.n_iter_ != 1 else "")
        self.note(f"{type(model).__name__} with {model.n_topics} topics: {epochs} ({seconds:.1f} s)")
        if (line := printing.balance_line(model.history_)) is not None:
            self.note(line)
        if (groups := model.groups_) is not None:
            self.note(
                f"Topics have words of their own in {groups.n:,} groups of {groups.field}, {groups.names[0]} to "
                f"{groups.names[-1]}: topicml topics DIR --at {shlex.quote(groups.names[0])} prints them."
            )

    def on_write(self, folder: Path, record: Mapping[str, Any], result: FitResult) -> None:
        """Write ``report.html``, or note why not."""
        requested = record.get("report") if self.report is None else self.report
        if requested is False:
            return
        from topicml.report.page import check_extra

        try:
            check_extra()
        except MissingExtraError as error:
            if requested:
                raise
            self.note(f"No report.html: {error}")
            return
        write_fit_report(folder / "report.html", record, result)

    def show(self, result: FitResult) -> None:
        """Print topics and scores, unless quiet."""
        if self.quiet:
            return
        self._show_topics(result)
        print()
        printing.scores_table(result.scores)
        self._show_diversity(result)
        self._show_held_out(result)
        self._show_response(result)

    def _show_topics(self, result: FitResult) -> None:
        model = result.model
        if model.languages_:
            from topicml.explore import TopicView, words_by_language

            printing.languages_table(words_by_language(TopicView.of(model), self.words))
            return
        n = min(self.words, result.corpus.n_words)
        if model.parents_ is not None:
            from topicml.explore import TopicView

            printing.topics_tree(TopicView.of(model), n)
            return
        labels = automatic_labels(model.phrases_ or model.topics(min(LABEL_CANDIDATES, n)))
        names = [own or label for own, label in zip(model.topic_names_, labels, strict=True)]
        printing.topics_table(model.topics(n), names_beside_words(names, model.topic_names_))

    def _show_diversity(self, result: FitResult) -> None:
        """Print that the topics are less distinct than `--diversity` asks for."""
        wanted: Any = getattr(result.model, "ranking", None)
        score = result.scores.get("topic_diversity")
        if is_number(wanted) and score is not None and score["mean"] < float(wanted) - 0.02:
            printing.line(
                f"--diversity {wanted} cannot be reached: {score['mean']:.2f} of the first words are distinct. "
                "Fewer topics, or more words in the vocabulary, are more distinct."
            )

    def _show_held_out(self, result: FitResult) -> None:
        """Print what the scores on validation documents mean, or why there are none."""
        scores = {name: score for name, score in result.scores.items() if name.endswith(SUFFIX)}
        n_docs = len(result.model.validation_rows_)
        print()
        if not scores:
            held_out, with_words = _documents_of_a_language(result)
            needed = f"{MIN_DOCUMENTS} are needed"
            if result.model.languages_:
                needed = f"{held_out:,} of the rarest language: {MIN_DOCUMENTS} of a language are needed"
            printing.line(
                f"No score on unseen documents: {n_docs:,} documents were held out of training, and {needed}. The "
                "scores above are of documents that the fit used, so they are too high for new ones. "
                f"{how_to_hold_out_more(with_words)}"
            )
            return
        printing.line(
            f"{SUFFIX}: on {n_docs:,} documents that were held out of training; only the choice of the epoch used them."
        )
        for name, score in scores.items():
            if name.startswith("document_coverage"):
                meaning = (
                    f"{score['mean']:.0%} of these documents contain one of the {score['topn']} first words of their "
                    f"leading topic ({score['equal_training_sample']:.0%} of as many documents of training). Low: the "
                    "words are too rare to describe the documents."
                )
            else:
                meaning = (
                    "whether the first words of a topic occur together in unseen documents "
                    f"({score['equal_training_sample']:.3f} in as many documents of training; on few documents, "
                    "coherence is low). The further below that, the more the topics describe chance."
                )
            printing.line(f"{name} {score['mean']:.3f}: {meaning}")

    def _show_response(self, result: FitResult) -> None:
        """Print how well the topics predict the response of validation documents, beside a guess without topics."""
        import numpy as np

        model = result.model
        if model.response_ is None:
            return
        response = model.response_.response
        unseen = result.corpus[model.validation_rows_]
        values = response.targets(unseen.fields)
        values = values[np.isfinite(values)]
        if len(values) < MIN_DOCUMENTS:
            return
        score, documents = model.score_response(unseen), f"{len(values):,} documents that were held out of training"
        if response.levels is None:
            printing.line(f"{response.field}: R2 {score:.2f} on {documents}; the mean alone has 0.")
            return
        codes, counts = np.unique(values, return_counts=True)
        most = response.levels[int(codes[counts.argmax()])]
        printing.line(
            f"{response.field}: predicted right for {score:.0%} of {documents}; the guess {most!r} for all is right "
            f"for {counts.max() / len(values):.0%}."
        )


def _documents_of_a_language(result: FitResult) -> tuple[int, int]:
    """Documents with words that were held out, and all with words, of the language that has fewest of them."""
    import numpy as np

    from topicml.runs.scoring import by_language

    has_words = result.corpus.lengths > 0
    held_out = np.zeros_like(has_words)
    held_out[result.model.validation_rows_] = True
    rows = [slice(None) if of is None else of for _, _, of in by_language(result.model, result.corpus, 1)]
    return min((int((held_out & has_words)[of].sum()), int(has_words[of].sum())) for of in rows)


def how_to_hold_out_more(n_docs: int) -> str:
    """What to do for a score on unseen documents: hold out a larger share of documents with words, up to a half."""
    share = ceil(100 * MIN_DOCUMENTS / n_docs) / 100 if n_docs else 1.0
    if share > 0.5:
        return f"Fit more documents: {2 * MIN_DOCUMENTS} with words at least, of which half can be held out."
    return f"Fit more documents, or hold out more: --set validation_fraction={share:g}."
