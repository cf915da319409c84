"""``topicml corpora``: list the named corpora."""

from topicml.cli import printing


def corpora() -> None:
    """List the corpora that have a name."""
    from topicml.corpus.named import cards

    rows = [(card.name, card.documents, card.labels or None, card.language, card.title) for card in cards()]
    printing.table(("name", "documents", "labels", "language", "title"), rows)
