"""``topicml corpora``: the corpora that can be named instead of a path."""

from topicml.cli import printing


def corpora() -> None:
    """List the corpora that are known by name."""
    from topicml.corpus.named import cards

    rows = [(card.name, card.documents, card.labels or None, card.language, card.title) for card in cards()]
    printing.table(("name", "documents", "labels", "language", "title"), rows)
