"""``topicml show``: all about one topic."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.looking import HOW_TO_GIVE, Looked, Passages, look, records
from topicml.cli.options import AsFormat, Encoding, Format, ModelFolder, Source, TextColumn

if TYPE_CHECKING:
    from topicml.explore import TopicView


def show(
    folder: ModelFolder,
    topic: Annotated[int, typer.Argument(metavar="K", help="Number of the topic, from 0.", show_default=False)],
    n: Annotated[int, typer.Option("--n", "-n", min=1, metavar="N", help="Words of each list.")] = 10,
    n_documents: Annotated[int, typer.Option(min=1, max=50, metavar="N", help="Documents shown.")] = 3,
    neighbours: Annotated[int, typer.Option(min=1, metavar="N", help="Nearest topics shown.")] = 5,
    documents: Annotated[
        bool, typer.Option("--documents/--no-documents", help="Read the documents, or do without: quicker.")
    ] = True,
    source: Source = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    as_format: AsFormat = Format.table,
) -> None:
    """Show one topic: its words, its size, its neighbours and the documents that stand for it.

    Words stand in two lists: the most probable, and those that set the topic apart from the others while being
    frequent in it (FREX). On a terminal the words that drove the topic are marked in the documents.

    \b
    Examples:
      topicml show run 3
      topicml show run 3 --no-documents --format json
    """  # noqa: D301 - \b keeps the lines as they are
    looked = look(folder, source, text_column, encoding, topic=topic, documents=documents)
    found = detail(looked, topic, n=n, n_documents=n_documents, neighbours=neighbours)
    if as_format is Format.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    _print(looked.view, found)
    if looked.lacking and documents:
        printing.note(f"Sizes and documents are missing. {looked.lacking} {HOW_TO_GIVE}")


def detail(looked: Looked, topic: int, *, n: int, n_documents: int, neighbours: int) -> dict[str, Any]:
    """What is shown of a topic, as JSON can hold it; size and documents are None where there are no documents."""
    from topicml.explore import nearest_topics, representative_documents, top_words, topic_sizes

    view = looked.view
    n = min(n, len(view.vocabulary))
    words, apart = (top_words(view, n, by) for by in ("probability", "frex"))
    size = held = None
    if not looked.lacking:
        sizes = topic_sizes(view)
        size = records(sizes[sizes["topic"] == topic].drop(columns=["topic", "label"]))[0]
        held = records(representative_documents(view, topic, n_documents).drop(columns=["topic", "rank"]))
    return {
        "topic": topic,
        "label": view.labels[topic],
        "words": records(words[words["topic"] == topic][["word", "probability"]]),
        "frex": [{"word": row["word"], "frex": row["weight"]} for row in records(apart[apart["topic"] == topic])],
        "size": size,
        "neighbours": [
            {"topic": row["topic"], "label": row["label"], "similarity": row["score"]}
            for row in records(nearest_topics(view, neighbours, topic=topic))
        ],
        "documents": held,
    }


def _print(view: "TopicView", found: dict[str, Any]) -> None:
    printing.heading(f"Topic {found['label']}")
    if found["size"] is not None:
        size = found["size"]
        printing.line(
            f"Leads {size['documents']:,} documents ({size['share']:.1%}); "
            f"{size['mass']:.1%} of the mean document, {size['tokens']:.1%} of all tokens"
        )
    print()
    rows = [
        (rank, word["word"], word["probability"], other["word"], other["frex"])
        for rank, (word, other) in enumerate(zip(found["words"], found["frex"], strict=True), start=1)
    ]
    printing.table(("rank", "word", "probability", "word of its own", "frex"), rows)
    if found["neighbours"]:
        print()
        near = [(each["topic"], each["label"], each["similarity"]) for each in found["neighbours"]]
        printing.table(("nearest topic", "label", "similarity"), near)
    if found["documents"]:
        print()
        printing.heading("Documents")
        passages = Passages(view, [each["text"] for each in found["documents"]])
        for each in found["documents"]:
            told = (
                f"document {each['document']:,}, {each['proportion']:.0%} of it; driven by {', '.join(each['words'])}"
            )
            passages.show(told, each["text"], dict(zip(each["words"], each["weights"], strict=True)))
