"""Tables of the report to download: CSV files inside the page."""

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from topicml.explore import TopicView
from topicml.report.cards import Card, Row
from topicml.report.groups import Groups
from topicml.report.text import count, plain

_FORMULA = ("=", "+", "-", "@", "\t")  # a spreadsheet runs a cell that starts with one


@dataclass(frozen=True)
class Download:
    """A table: name of the file, a description, number of rows, and the data URL."""

    file: str
    content: str
    rows: str
    address: str


def downloads_of(
    view: TopicView, rows: Sequence[Row], cards: Sequence[Card], classes: Groups | None, times: Groups | None
) -> list[Download]:
    """The tables of a report.

    Parameters
    ----------
    view : TopicView
        The topics.
    rows : sequence of Row
        Rows of the list.
    cards : sequence of Card
        Cards of topics.
    classes, times : Groups, optional
        Shares of topics in classes and over time.

    Returns
    -------
    downloads : list of Download
    """
    labels = view.labels
    tables = [
        _table(
            "topics.csv",
            "each topic: label, words, documents, shares, coherence",
            ("topic", "label", "words", "documents", "share_of_documents", "mean_share", "coherence"),
            (
                (row.topic, row.label, " ".join(row.words), row.documents, row.share, row.mass, row.coherence)
                for row in rows
            ),
        ),
        _table(
            "words.csv",
            "the first words of each topic with their probabilities",
            ("topic", "rank", "word", "probability"),
            (
                (card.row.topic, rank, word, probability)
                for card in cards
                for rank, (word, probability, _) in enumerate(card.words, start=1)
            ),
        ),
    ]
    if any(card.documents for card in cards):
        tables.append(
            _table(
                "examples.csv",
                "the documents shown for each topic: row, topic, kind, share of the topic",
                ("document", "topic", "kind", "share_of_topic"),
                ((each.row, card.row.topic, each.kind, each.proportion) for card in cards for each in card.documents),
            )
        )
    for groups, file, name in ((classes, "classes.csv", "class"), (times, "time.csv", "time")):
        if groups is not None:
            tables.append(
                _table(
                    file,
                    f"share of the documents that each topic leads by {plain(groups.name)}, with 95% intervals",
                    (name, "topic", "label", "share", "low", "high", "documents"),
                    (
                        (share.group, k, labels[k], share.value, share.low, share.high, share.documents)
                        for k, shares in groups.shares.items()
                        for share in shares
                    ),
                )
            )
    return tables


def _table(file: str, content: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Download:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(header)
    n_rows = 0
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        n_rows += 1
    # Excel reads UTF-8 only after a byte order mark.
    data = base64.b64encode(stream.getvalue().encode("utf-8-sig")).decode()
    return Download(file, content, count(n_rows), f"data:text/csv;charset=utf-8;base64,{data}")


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        text = plain(value)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return "" if value is None else value
