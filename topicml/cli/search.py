"""``topicml search``: the topics and documents that are nearest to words or a text."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.checks import nearest
from topicml.cli import printing
from topicml.cli.opening import Opened, open_view, records
from topicml.cli.options import (
    AsFormat,
    Delimiter,
    Encoding,
    Format,
    ModelFolder,
    ReadStdin,
    Sheet,
    Source,
    TextColumn,
)
from topicml.cli.passages import Passages
from topicml.cli.standard_input import StdinFormat
from topicml.errors import InputError, TopicWarning
from topicml.json_text import json_text
from topicml.runs.rows import numbered_label

if TYPE_CHECKING:
    from topicml.explore import TopicView


def search(
    folder: ModelFolder,
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", help="Words, or a text.", show_default=False)],
    n: Annotated[int, typer.Option("--n", "-n", min=1, metavar="N", help="How many topics or documents to show.")] = 5,
    text: Annotated[bool, typer.Option("--text", help="QUERY is a text: show its topics.")] = False,
    documents: Annotated[
        bool, typer.Option("--documents", help="Show the nearest documents instead of topics.")
    ] = False,
    source: Source = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    as_format: AsFormat = Format.table,
) -> None:
    """Find the topics nearest to words or to a text, or the nearest documents.

    Words are preprocessed as for the fit (rockets finds rocket). The score of a topic is the mean of p(topic | word);
    with --text it is the topic's share of the text. The score of a document is the mean log-ratio of the words'
    probability in the document, from its text and its topics, and in all documents.

    \b
    Examples:
      topicml search run cricket match
      topicml search run "the match was won on the last ball" --text
      topicml search run cricket --documents -n 3
    """  # noqa: D301 - \b keeps the lines as they are
    opened = open_view(
        folder, source, text_column, encoding, delimiter, sheet, stdin_format, documents=documents or source is not None
    )
    words = query_words(opened.view, query)
    if documents:
        opened.require_documents()
        _show_documents(opened.view, words, n, as_format)
        return
    from topicml.explore import nearest_topics

    if text:
        rows = records(nearest_topics(_view_of_text(opened.view, words), n, document=0))
    else:
        rows = records(nearest_topics(_with_topic_shares(opened), n, words=words))
    if as_format is Format.json:
        print(json_text(rows))
    else:
        printing.table(("topic", "label", "score"), [(row["topic"], row["label"], row["score"]) for row in rows])


def query_words(view: "TopicView", query: Sequence[str]) -> list[str]:
    """The words of a query that are in the model's vocabulary.

    Words outside it are preprocessed first, as the model's text was; a note names those that are still outside, with
    similar words.

    Parameters
    ----------
    view : TopicView
        The topics.
    query : sequence of str
        Words, or texts.

    Returns
    -------
    list of str
        At least one word of the vocabulary.

    Raises
    ------
    InputError
        If no word of the query is in the vocabulary.
    """
    words = " ".join(query).split()
    vocabulary = set(view.vocabulary)
    unchanged = [word for word in words if word in vocabulary]
    rest = [word for word in words if word not in vocabulary]
    preprocessor = getattr(view.model, "preprocessor_", None)
    preprocessed = rest if preprocessor is None or not rest else list(preprocessor.tokens([" ".join(rest)])[0])
    in_vocabulary = unchanged + [word for word in preprocessed if word in vocabulary]
    unknown = list(dict.fromkeys(word for word in preprocessed if word not in vocabulary))
    listing = "; ".join(f"{word!r}{_near(word, view.vocabulary)}" for word in unknown[:5])
    if not in_vocabulary and unknown:
        raise InputError(
            f"No word of the query is in the model's vocabulary: {listing}. `topicml topics` shows the words of topics."
        )
    if not in_vocabulary:
        raise InputError(
            f"The query {printing.safe(' '.join(query))!r} is empty, or has only stop words, which the model leaves "
            "out. Use words that describe the subject of a text."
        )
    if unknown:
        printing.note(f"Left out, because they are not in the model's vocabulary: {listing}.")
    return in_vocabulary


def _near(word: str, vocabulary: Sequence[str]) -> str:
    near = nearest(word, vocabulary, n=3, cutoff=0.6)
    return f" (similar: {', '.join(near)})" if near else " (no similar word)"


def _view_of_text(view: "TopicView", words: Sequence[str]) -> "TopicView":
    """A view of one document with these words."""
    from topicml.corpus import Corpus
    from topicml.explore import TopicView

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)  # a note has named the words outside the vocabulary
        return TopicView.of(view.model, Corpus.from_tokens([words], vocabulary=view.vocabulary))


def _with_topic_shares(opened: Opened) -> "TopicView":
    """A view whose topics have their sizes in the documents or the fit, or equal sizes if these are unknown."""
    view = opened.view
    if view.has_documents:
        return view
    import numpy as np

    from topicml.explore import TopicView

    shares = opened.run.topic_shares()
    n_topics = len(view.model.components_)  # before the edits, which the new view makes again
    shares = np.full(n_topics, 1 / n_topics) if shares is None else shares
    return TopicView.of(view.model, mass=shares)


def _show_documents(view: "TopicView", words: Sequence[str], n: int, as_format: Format) -> None:
    from topicml.corpus.places import place_of
    from topicml.explore.nearest_documents import nearest_documents

    rows: list[dict[str, Any]] = records(nearest_documents(view, words, n))
    if as_format is Format.json:
        print(json_text(rows))
        return
    passages = Passages(view, [row["text"] for row in rows])
    for row in rows:
        topic = numbered_label(row["topic"], row["label"])
        heading = f"{place_of(view.corpus, row['document'])}, score {row['score']:.2f}; topic {topic}"
        passages.show(heading, row["text"], dict.fromkeys(words, 1.0))
