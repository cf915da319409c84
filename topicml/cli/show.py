"""``topicml show``: one topic in detail."""

from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.opening import HOW_TO_GIVE, Opened, open_view, records
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
from topicml.json_text import json_text
from topicml.runs.rows import numbered_label

if TYPE_CHECKING:
    from topicml.explore import TopicView


def show(
    folder: ModelFolder,
    topic: Annotated[int, typer.Argument(metavar="K", help="Number of the topic, from 0.", show_default=False)],
    n: Annotated[int, typer.Option("--n", "-n", min=1, metavar="N", help="Words of each list.")] = 10,
    n_documents: Annotated[int, typer.Option(min=1, max=50, metavar="N", help="Documents to show.")] = 3,
    neighbours: Annotated[int, typer.Option(min=1, metavar="N", help="Nearest topics to show.")] = 5,
    documents: Annotated[
        bool,
        typer.Option("--documents/--no-documents", help="Whether to read the documents; without them it is faster."),
    ] = True,
    source: Source = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    as_format: AsFormat = Format.table,
) -> None:
    """Show one topic: its words, its size, its nearest topics and its representative documents.

    There are two lists of words: the most probable ones, and those that are both frequent in the topic and rare in
    other topics (FREX). In the documents, a terminal marks the words that the topic accounts for.

    \b
    Examples:
      topicml show run 3
      topicml show run 3 --no-documents --format json
    """  # noqa: D301 - \b keeps the lines as they are
    opened = open_view(
        folder, source, text_column, encoding, delimiter, sheet, stdin_format, topic=topic, documents=documents
    )
    facts = topic_facts(opened, topic, n=n, n_documents=n_documents, neighbours=neighbours)
    if as_format is Format.json:
        print(json_text(facts))
        return
    _print(opened.view, facts)
    if opened.why_no_documents and documents:
        printing.note(f"Sizes and documents are missing. {opened.why_no_documents} {HOW_TO_GIVE}")


def topic_facts(opened: Opened, topic: int, *, n: int, n_documents: int, neighbours: int) -> dict[str, Any]:
    """Everything that `show` prints of a topic.

    Parameters
    ----------
    opened : Opened
        The model and its documents.
    topic : int
        Number of the topic, from 0.
    n : int
        Words of each list.
    n_documents : int
        Representative documents.
    neighbours : int
        Nearest topics.

    Returns
    -------
    dict
        JSON-able; size and documents are None without documents.
    """
    from topicml.explore import nearest_topics, representative_documents, top_words, topic_sizes, words_by_language

    view = opened.view
    if view.hidden[topic]:  # tables leave it out, and no document gets it
        view = view.show(topic)
        printing.note(f"Topic {topic} is hidden. Its numbers are those that it would have if it was not.")
    n = min(n, len(view.vocabulary))
    words, distinctive = (top_words(view, n, by) for by in ("probability", "frex"))
    size = documents = None
    if not opened.why_no_documents:
        sizes = topic_sizes(view)
        size = records(sizes[sizes["topic"] == topic].drop(columns=["topic", "label"]))[0]
        documents = records(representative_documents(view, topic, n_documents).drop(columns=["topic", "rank"]))
    facts: dict[str, Any] = {}
    if getattr(view.model, "languages_", ()):
        facts["languages"] = {name: each[topic] for name, each in words_by_language(view, n).items()}
    return facts | {
        "topic": topic,
        "label": view.labels[topic],
        "words": records(words[words["topic"] == topic][["word", "probability"]]),
        "frex": [
            {"word": row["word"], "frex": row["weight"]} for row in records(distinctive[distinctive["topic"] == topic])
        ],
        "size": size,
        "neighbours": [
            {"topic": row["topic"], "label": row["label"], "similarity": row["score"]}
            for row in records(nearest_topics(view, neighbours, topic=topic))
        ],
        "documents": documents,
    }


def _print(view: "TopicView", facts: dict[str, Any]) -> None:
    from topicml.corpus.places import place_of

    printing.heading(f"Topic {numbered_label(facts['topic'], facts['label'])}")
    if facts["size"] is not None:
        size = facts["size"]
        printing.line(
            f"Largest topic of {size['documents']:,} documents ({size['share']:.1%}); "
            f"mean proportion {size['mass']:.1%}; {size['tokens']:.1%} of all tokens"
        )
    print()
    rows = [
        (rank, word["word"], word["probability"], other["word"], other["frex"])
        for rank, (word, other) in enumerate(zip(facts["words"], facts["frex"], strict=True), start=1)
    ]
    if "languages" in facts:
        columns = facts["languages"].values()
        printing.table(
            ("rank", *facts["languages"]), [(k, *row) for k, row in enumerate(zip_longest(*columns), start=1)]
        )
    else:
        printing.table(("rank", "word", "probability", "distinctive word", "frex"), rows)
    if facts["neighbours"]:
        print()
        near = [(each["topic"], each["label"], each["similarity"]) for each in facts["neighbours"]]
        printing.table(("nearest topic", "label", "similarity"), near)
    if facts["documents"]:
        print()
        printing.heading("Documents")
        passages = Passages(view, [each["text"] for each in facts["documents"]])
        for each in facts["documents"]:
            place = place_of(view.corpus, each["document"])
            heading = f"{place}, proportion {each['proportion']:.0%}; words: {', '.join(each['words'])}"
            passages.show(heading, each["text"], dict(zip(each["words"], each["weights"], strict=True)))
