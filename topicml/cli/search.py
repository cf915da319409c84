"""``topicml search``: the topics and the documents nearest to words or a text."""

import json
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.looking import Looked, Passages, look, records
from topicml.cli.opening import shares_of
from topicml.cli.options import AsFormat, Encoding, Format, ModelFolder, Source, TextColumn
from topicml.errors import InputError, TopicWarning

if TYPE_CHECKING:
    import numpy as np

    from topicml.explore import TopicView


def search(
    folder: ModelFolder,
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", help="Words, or a text.", show_default=False)],
    n: Annotated[int, typer.Option("--n", "-n", min=1, metavar="N", help="How many are shown.")] = 5,
    text: Annotated[bool, typer.Option("--text", help="QUERY is a text: show the topics that it holds.")] = False,
    documents: Annotated[bool, typer.Option("--documents", help="Show the nearest documents, not topics.")] = False,
    source: Source = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    as_format: AsFormat = Format.table,
) -> None:
    """Find the topics nearest to words or to a text, or the nearest documents.

    Words are treated as the model's were (rockets finds rocket). The score of a topic is the mean of
    p(topic | word); with --text it is the topic's share of the text. The score of a document is how much likelier the
    words are in it, by what it says and by its topics, than in all documents (mean of logarithms).

    \b
    Examples:
      topicml search run cricket match
      topicml search run "the match was won on the last ball" --text
      topicml search run cricket --documents -n 3
    """  # noqa: D301 - \b keeps the lines as they are
    looked = look(folder, source, text_column, encoding, documents=documents or source is not None)
    words = known_words(looked.view, query)
    if documents:
        looked.require_documents()
        _documents(looked.view, words, n, as_format)
        return
    from topicml.explore import nearest_topics

    view = looked.view
    if text:
        found = nearest_topics(_counted(view, words), n, document=0)
    else:
        found = nearest_topics(_weighed(looked, shares_of(folder, view.n_topics)), n, words=words)
    rows = records(found)
    if as_format is Format.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        printing.table(("topic", "label", "score"), [(row["topic"], row["label"], row["score"]) for row in rows])


def known_words(view: "TopicView", query: Sequence[str]) -> list[str]:
    """The words of a query that the model knows, treated as its text was; of others a note says what is near.

    Raises
    ------
    InputError
        If there is none.
    """
    asked = " ".join(query).split()
    vocabulary = set(view.vocabulary)
    as_given = [word for word in asked if word in vocabulary]
    rest = [word for word in asked if word not in vocabulary]
    preprocessor = getattr(view.model, "preprocessor_", None)
    treated = rest if preprocessor is None or not rest else list(preprocessor.tokens([" ".join(rest)])[0])
    known = as_given + [word for word in treated if word in vocabulary]
    unknown = list(dict.fromkeys(word for word in treated if word not in vocabulary))
    told = "; ".join(f"{word!r}{_near(word, view.vocabulary)}" for word in unknown[:5])
    if not known and unknown:
        raise InputError(f"The model does not know any word of the query: {told}. `topicml topics` shows its words.")
    if not known:
        raise InputError(
            f"Nothing is left of the query {printing.safe(' '.join(query))!r}: the model leaves such words out as stop "
            "words, or it is empty. Give words that tell what a text is about."
        )
    if unknown:
        printing.note(f"Words that the model does not know were left out: {told}.")
    return known


def _near(word: str, vocabulary: Sequence[str]) -> str:
    near = get_close_matches(word, vocabulary, n=3, cutoff=0.6)
    return f" (near: {', '.join(near)})" if near else " (nothing near)"


def _counted(view: "TopicView", words: Sequence[str]) -> "TopicView":
    """A view of one document that is these words."""
    from topicml.corpus import Corpus
    from topicml.explore import TopicView

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)  # what is unknown was told
        return TopicView.of(view.model, Corpus.from_tokens([words], vocabulary=view.vocabulary))


def _weighed(looked: Looked, shares: "np.ndarray | None") -> "TopicView":
    """A view whose topics have their sizes in the documents or the fit, or equal sizes if these are unknown."""
    view = looked.view
    if view.has_documents:
        return view
    import numpy as np

    from topicml.explore import TopicView

    shares = np.full(view.n_topics, 1 / view.n_topics) if shares is None else shares
    return TopicView.of(view.model, mass=shares)


def _documents(view: "TopicView", words: Sequence[str], n: int, as_format: Format) -> None:
    from topicml.explore.nearest_documents import nearest_documents

    rows: list[dict[str, Any]] = records(nearest_documents(view, words, n))
    if as_format is Format.json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    passages = Passages(view, [row["text"] for row in rows])
    for row in rows:
        heading = f"document {row['document']:,}, score {row['score']:.2f}; topic {row['label']}"
        passages.show(heading, row["text"], dict.fromkeys(words, 1.0))
