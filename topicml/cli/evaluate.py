"""``topicml evaluate``: scores of topics against a corpus."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.options import (
    SOURCE_HELP,
    Delimiter,
    Encoding,
    LabelColumn,
    Overwrite,
    ReadStdin,
    Sheet,
    TextColumn,
    Tokenized,
)
from topicml.cli.standard_input import StdinFormat, source_of
from topicml.cli.trusting import open_folder
from topicml.errors import InputError, TopicWarning
from topicml.files import check_absent
from topicml.json_text import json_text
from topicml.runs import Reading
from topicml.runs.outputs import WORDS, read_topics, write_json

if TYPE_CHECKING:
    from topicml.corpus import Corpus


def evaluate(
    topics: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", help="A fitted model, or topics.json: a list of words per topic.", show_default=False
        ),
    ],
    reference: Annotated[str, typer.Option(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    measure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A measure to compute instead of the default ones; may be repeated. all: every measure.",
        ),
    ] = None,
    topn: Annotated[int, typer.Option(min=2, metavar="N", help="Words per topic for coherence.")] = 10,
    vectors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="gensim KeyedVectors for measures of embeddings; by default learned from SOURCE."
        ),
    ] = None,
    other: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR|FILE", help="Topics of another seed, for stability; may be repeated."),
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    tokenized: Tokenized = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the scores to a JSON file.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Score topics against a reference corpus.

    By default: coherence, diversity and, for a model and a corpus with labels, purity, NMI and ARI. --measure takes
    any of: u_mass, c_uci, c_npmi, c_v, npmi_doc, embedding_coherence_pairwise, embedding_coherence_centroid,
    word_intrusion, topic_diversity, topic_uniqueness, inverted_rbo, rbo, jaccard, inverted_embedding_rbo_match,
    embedding_rbo_match, inverted_embedding_rbo_centroid, embedding_rbo_centroid, embedding_similarity_pairwise,
    embedding_similarity_centroid, weighted_embedding_similarity, kl_divergence, log_odds_ratio, kl_uniform,
    kl_vacuous, kl_background, coverage_documents, coverage_tokens, coverage_words,
    document_coverage, topic_document_agreement, top_word_frequency, purity, nmi, ari, ami,
    accuracy_svm, f1_micro_svm, f1_macro_svm, precision_micro_svm, precision_macro_svm, recall_micro_svm,
    recall_macro_svm, accuracy_logistic, f1_micro_logistic, f1_macro_logistic, precision_micro_logistic,
    precision_macro_logistic, recall_micro_logistic, recall_macro_logistic, stability, perplexity.
    In Python and in grids also: unigram_perplexity, learned_overlap.

    Raw text is preprocessed as for the model's fit; for the topics of a file, as `topicml fit` does by default, or see
    --tokenized.

    \b
    Examples:
      topicml evaluate run --reference tickets.csv --label-column team
      topicml evaluate topics.json --reference lee --measure word_intrusion
      topicml evaluate run --reference lee --measure all --json
      topicml evaluate a --reference lee --measure stability --other b
    """  # noqa: D301 - \b keeps the lines as they are
    if out is not None:
        check_absent(out, overwrite=overwrite)
    for path in (topics, *(other or ())):
        if not path.exists():
            open_folder(path)  # raises with a hint
    from topicml import metrics
    from topicml.metrics.table import check_measures

    names = None if measure == ["all"] else measure
    check_measures(names or ())
    path = source_of(reference, stdin_format)
    reading = Reading(path, text_column, label_column, encoding, tokenized, delimiter=delimiter, sheet=sheet)
    inputs = _inputs_of_model(topics, reading) if topics.is_dir() else _inputs_of_file(topics, reading)
    if measure is None:
        theta, labels = inputs.get("theta"), inputs.get("labels")
        known = inputs.get("has_words")
        scores = metrics.score(inputs["topics"], inputs["reference"], theta, labels, topn=topn, has_words=known)
    else:
        inputs["vectors"] = None if vectors is None else _read_vectors(vectors)
        inputs["runs"] = [inputs["topics"], *map(_topics, other)] if other else None
        _check_inputs(names or (), inputs)
        results = metrics.evaluate(names, topn=topn, **inputs)
        scores = {name: {**score.to_dict(), "measure": name} for name, score in results.items()}
    if out is not None:
        write_json(out, scores)
    if as_json:
        print(json_text(scores))
    else:
        printing.scores_table(scores)


def _inputs_of_model(folder: Path, reading: Reading) -> dict[str, Any]:
    """Inputs of measures from a fitted model and a corpus."""
    import numpy as np

    from topicml.explore.view_documents import counts_of

    run = open_folder(folder)
    model, corpus = run.model, run.read(reading)
    theta = model.transform(corpus)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)  # transform has warned of unknown words
        counts = counts_of(model, corpus)
    return {
        "topics": model.topics(min(WORDS, model.components_.shape[1])),
        "reference": corpus,
        "theta": theta,
        "has_words": np.diff(counts.indptr) > 0,
        "labels": reading.labels(corpus),
        "beta": model.components_,
        "vocabulary": model.vocabulary_,
        "model": model,
        "documents": corpus,
    }


def _inputs_of_file(path: Path, reading: Reading) -> dict[str, Any]:
    """Inputs of measures from a file of topics and a corpus."""
    # A reference keeps every word: the topics may have any of them.
    every_word = {} if reading.tokenized else {"min_df": 1, "max_df": 1.0, "max_features": None}
    return {"topics": read_topics(path), "reference": replace(reading, preprocessing=every_word).corpus()}


def _topics(path: Path) -> list[list[str]]:
    if not path.is_dir():
        return read_topics(path)
    model = open_folder(path).model
    return model.topics(min(WORDS, model.components_.shape[1]))


def _read_vectors(path: Path) -> Any:
    from gensim.models import KeyedVectors

    try:
        if path.suffix in (".txt", ".vec", ".gz"):
            return KeyedVectors.load_word2vec_format(str(path))
        if path.suffix == ".bin":
            return KeyedVectors.load_word2vec_format(str(path), binary=True)
        return KeyedVectors.load(str(path))
    except (ValueError, EOFError, UnicodeDecodeError, AttributeError, ImportError) as error:
        raise InputError(
            f"{path} cannot be read as word vectors of gensim ({error}). Pass .txt, .bin or .kv."
        ) from error


_PROVIDED_BY = {
    "theta": "a fitted model (DIR)",
    "beta": "a fitted model (DIR)",
    "vocabulary": "a fitted model (DIR)",
    "model": "a fitted model (DIR)",
    "documents": "a fitted model (DIR)",
    "labels": "a fitted model (DIR), and labels: --label-column",
    "runs": "topics of other seeds: --other",
    "train_counts": "the documents of the fit: use topicml.metrics.unigram_perplexity in Python",
    "starting_topics": "the topics before training: use topicml.metrics.learned_overlap in Python",
}


def _check_inputs(names: Sequence[str], inputs: dict[str, Any]) -> None:
    """Raise `InputError`, which names the option to add, if a measure lacks an input."""
    from topicml.metrics import MEASURES

    corpus: Corpus = inputs["reference"]
    for name in names:
        for need in MEASURES[name].needs:
            if need in _PROVIDED_BY and inputs.get(need) is None:
                raise InputError(f"{name} needs {_PROVIDED_BY[need]}.")
        if MEASURES[name].order:
            corpus.require_order(name)
