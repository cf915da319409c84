"""``topicml evaluate``: scores of topics against a corpus."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.opening import check_there, open_model
from topicml.cli.options import SOURCE_HELP, Encoding, LabelColumn, Overwrite, TextColumn, Tokenized
from topicml.cli.outputs import WORDS, read_topics, write_json
from topicml.cli.reading import AsFitted, Reading, absolute
from topicml.errors import InputError
from topicml.files import check_absent

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.models import TopicModel


def evaluate(
    topics: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", help="A fitted model, or topics.json: a list of words a topic.", show_default=False
        ),
    ],
    reference: Annotated[str, typer.Option(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    measure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A measure instead of the usual ones; may be repeated. all: all there are."),
    ] = None,
    topn: Annotated[int, typer.Option(min=2, metavar="N", help="Words of a topic that count for coherence.")] = 10,
    vectors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="gensim KeyedVectors for measures of embeddings; else learned from SOURCE."),
    ] = None,
    other: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR|FILE", help="Topics of another seed, for stability; may be repeated."),
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    tokenized: Tokenized = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the scores as JSON, too.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Score topics against a reference corpus.

    Usual are coherence, diversity and, for a model and a corpus with labels, purity, NMI and ARI. --measure takes
    any of: u_mass, c_uci, c_npmi, c_v, npmi_doc, embedding_coherence_pairwise, embedding_coherence_centroid,
    word_intrusion, topic_diversity, topic_uniqueness, inverted_rbo, rbo, jaccard, inverted_embedding_rbo_match,
    embedding_rbo_match, inverted_embedding_rbo_centroid, embedding_rbo_centroid, embedding_similarity_pairwise,
    embedding_similarity_centroid, weighted_embedding_similarity, kl_divergence, log_odds_ratio, kl_uniform,
    kl_vacuous, kl_background, coverage_documents, coverage_tokens, coverage_words, purity, nmi, ari, ami,
    accuracy_svm, f1_micro_svm, f1_macro_svm, precision_micro_svm, precision_macro_svm, recall_micro_svm,
    recall_macro_svm, accuracy_logistic, f1_micro_logistic, f1_macro_logistic, precision_micro_logistic,
    precision_macro_logistic, recall_micro_logistic, recall_macro_logistic, stability, perplexity.

    Raw text is treated as the model's was; for the topics of a file as `topicml fit` would, or see --tokenized.

    \b
    Examples:
      topicml evaluate run --reference tickets.csv --label-column team
      topicml evaluate topics.json --reference lee --measure word_intrusion
      topicml evaluate run --reference lee --measure all --json
      topicml evaluate a --reference lee --measure stability --other b
    """  # noqa: D301 - \b keeps the lines as they are
    if out is not None:
        check_absent(out, overwrite=overwrite)
    check_there(topics)
    for each in other or ():
        check_there(each)
    from topicml import metrics
    from topicml.metrics.table import check_measures

    names = None if measure == ["all"] else measure
    check_measures(names or ())
    reading = Reading(absolute(reference), text_column, label_column, encoding, tokenized)
    given = _from_model(topics, reading) if topics.is_dir() else _from_file(topics, reading)
    if measure is None:
        scores = metrics.score(given["topics"], given["reference"], given.get("theta"), given.get("labels"), topn=topn)
    else:
        given |= {"vectors": None if vectors is None else _vectors(vectors)}
        given |= {"runs": [given["topics"], *map(_words, other)] if other else None}
        _check_inputs(names or (), given)
        found = metrics.evaluate(names, topn=topn, **given)
        scores = {name: {**score.to_dict(), "measure": name} for name, score in found.items()}
    if out is not None:
        write_json(out, scores)
    if as_json:
        print(json.dumps(scores, ensure_ascii=False))
    else:
        printing.scores_table(scores)


def _from_model(folder: Path, reading: Reading) -> dict[str, Any]:
    """All that a model and a corpus bring."""
    model = open_model(folder)
    corpus = reading.corpus(AsFitted(model.preprocessor_), progress=printing.is_watched(None))
    theta = model.transform(corpus)
    return {
        "topics": _topics(model),
        "reference": corpus,
        "theta": theta,
        "labels": reading.labels(corpus),
        "beta": model.components_,
        "vocabulary": model.vocabulary_,
        "model": model,
        "documents": corpus,
    }


def _from_file(path: Path, reading: Reading) -> dict[str, Any]:
    # A reference has no vocabulary to choose: every word counts.
    every_word = {} if reading.tokenized else {"min_df": 1, "max_df": 1.0, "max_features": None}
    return {"topics": read_topics(path), "reference": replace(reading, preprocessing=every_word).corpus()}


def _words(path: Path) -> list[list[str]]:
    return _topics(open_model(path)) if path.is_dir() else read_topics(path)


def _topics(model: "TopicModel") -> list[list[str]]:
    return model.topics(min(WORDS, model.components_.shape[1]))


def _vectors(path: Path) -> Any:
    from gensim.models import KeyedVectors

    try:
        if path.suffix in (".txt", ".vec", ".gz"):
            return KeyedVectors.load_word2vec_format(str(path))
        if path.suffix == ".bin":
            return KeyedVectors.load_word2vec_format(str(path), binary=True)
        return KeyedVectors.load(str(path))
    except (ValueError, EOFError, UnicodeDecodeError, AttributeError, ImportError) as error:
        raise InputError(f"{path} holds no word vectors of gensim ({error}). Give .txt, .bin or .kv.") from error


_BROUGHT_BY = {
    "theta": "a fitted model (DIR)",
    "beta": "a fitted model (DIR)",
    "vocabulary": "a fitted model (DIR)",
    "model": "a fitted model (DIR)",
    "documents": "a fitted model (DIR)",
    "labels": "a fitted model (DIR), and labels: --label-column",
    "runs": "topics of other seeds: --other",
}


def _check_inputs(names: Sequence[str], given: dict[str, Any]) -> None:
    """Say what to give on the command line for a measure that lacks something."""
    from topicml.metrics import MEASURES

    corpus: Corpus = given["reference"]
    for name in names:
        for need in MEASURES[name].needs:
            if need in _BROUGHT_BY and given.get(need) is None:
                raise InputError(f"{name} needs {_BROUGHT_BY[need]}.")
        if MEASURES[name].order:
            corpus.require_order(name)
