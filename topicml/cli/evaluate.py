"""``topicml evaluate``: scores of topics against a corpus."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import show
from topicml.cli.opening import check_there, open_model
from topicml.cli.options import SOURCE_HELP, Encoding, LabelColumn, TextColumn, Tokenized
from topicml.cli.outputs import WORDS, read_topics, write_json
from topicml.cli.reading import AsFitted, Reading, absolute

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus


def evaluate(
    topics: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", help="A fitted model, or topics.json: a list of words a topic.", show_default=False
        ),
    ],
    reference: Annotated[str, typer.Option(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    topn: Annotated[int, typer.Option(min=2, metavar="N", help="Words of a topic that count for coherence.")] = 10,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    tokenized: Tokenized = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the scores as JSON, too.")] = None,
) -> None:
    """Score topics against a reference corpus.

    Coherence, diversity and, for a model and a corpus with labels, purity, NMI and ARI.
    Raw text is treated as the model's was; for the topics of a file as `topicml fit` would, or see --tokenized.
    """
    check_there(topics)
    reading = Reading(absolute(reference), text_column, label_column, encoding, tokenized)
    words, corpus, theta = _from_model(topics, reading) if topics.is_dir() else _from_file(topics, reading)
    from topicml import metrics

    scores = metrics.score(words, corpus, theta, None if theta is None else reading.labels(corpus), topn=topn)
    if out is not None:
        write_json(out, scores)
    if as_json:
        print(json.dumps(scores, ensure_ascii=False))
    else:
        show.scores_table(scores)


def _from_model(folder: Path, reading: Reading) -> "tuple[list[list[str]], Corpus, np.ndarray]":
    model = open_model(folder)
    corpus = reading.corpus(AsFitted(model.preprocessor_))
    return model.topics(min(WORDS, model.components_.shape[1])), corpus, model.transform(corpus)


def _from_file(path: Path, reading: Reading) -> "tuple[list[list[str]], Corpus, Any]":
    # A reference has no vocabulary to choose: every word counts.
    every_word = {} if reading.tokenized else {"min_df": 1, "max_df": 1.0, "max_features": None}
    return read_topics(path), replace(reading, preprocessing=every_word).corpus(), None
