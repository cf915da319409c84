"""``topicml encode``, and ``topicml fit`` with its file, a column of vectors, or an encoder."""

import io
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

import topicml as package
from topicml.corpus.encoders import NamedEncoder
from topicml.runs.documents import signed_part

SMALL = ("--topics", "3", "--epochs", "2", "--set", "hidden=16", "--no-report", "--quiet")
COLUMNS = ("--text-column", "body text")


@pytest.fixture
def calls(monkeypatch):
    """Batches that a stand-in for the packaged encoders received."""
    received = []

    def function(texts):
        received.append(texts)
        themes = ("rocket orbit moon astronaut", "oven butter flour sugar", "goal match team player")
        return np.array([[sum(text.count(word) for word in theme.split()) + 0.1 for theme in themes] for text in texts])

    monkeypatch.setattr("topicml.corpus.attaching.named_encoder", lambda name: NamedEncoder(f"{name} 1", function))
    return received


def test_encode_writes_the_vectors_that_fit_reads(topicml, calls, documents, tmp_path):
    path = tmp_path / "v.npy"
    outcome = topicml("encode", documents, *COLUMNS, "--encoder", "wordllama", "--out", path, "--batch-size", "40")
    assert outcome.code == 0 and "90 documents, 3 numbers each, by wordllama 1" in outcome.err
    assert [len(batch) for batch in calls] == [40, 40, 10]
    corpus = package.Corpus.read(documents, text_column="body text", embeddings=path)
    assert corpus.embeddings[:].shape == (90, 3) and calls[0][0] == corpus.fields["text"][0]
    given = ("--contrast", "neighbours", "--embeddings", path)
    assert topicml("fit", documents, *COLUMNS, *SMALL, *given, "--out", tmp_path / "run").code == 0
    assert package.load(tmp_path / "run").outside_knowledge_ == "wordllama 1"
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["configuration"]["reading"]["embeddings"] == str(path)
    assert record["identity"]["embeddings"] == corpus.embeddings.fingerprint
    assert topicml("show", tmp_path / "run", 0).code == 0  # other commands do not need the vectors
    path.unlink()
    assert topicml("docs", tmp_path / "run").code == 0


def test_fit_encodes_and_keeps_the_vectors_until_it_ends(topicml, calls, documents, tmp_path, monkeypatch):
    given = ("--contrast", "neighbours", "--encoder", "minilm", "--out", tmp_path / "run")

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("topicml.training.loop.Trainer.run", stop)
        assert topicml("fit", documents, *COLUMNS, *SMALL, *given).code == 130
    n_calls = len(calls)
    assert n_calls == 2
    outcome = topicml("fit", "--resume", tmp_path / "run", "--quiet")
    assert outcome.code == 0, outcome.err
    assert len(calls) == n_calls  # not encoded again
    assert package.load(tmp_path / "run").outside_knowledge_ == "minilm 1"
    assert not list((tmp_path / "run").rglob("*.npy"))


def test_fit_reads_a_column_of_vectors(topicml, tmp_path):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["rocket", "oven", "stadium", "butter", "orbit", "tennis"], 2)) for _ in range(40)]
    table = pa.table({"text": texts, "vector": rng.normal(size=(40, 3)).tolist()})
    pq.write_table(table, tmp_path / "t.parquet")
    outcome = topicml("fit", tmp_path / "t.parquet", *SMALL, "--contrast", "neighbours", "--embeddings", "vector")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--embeddings", "v.npy"), "pass --contrast neighbours"),
        (("--embeddings", "v.npy", "--set", "encoder_input=words"), "pass --contrast neighbours"),
        (("--set", "encoder_input=both"), "needs a corpus with embeddings"),
        (("--embeddings", "none.npy", "--set", "init=clusters"), "There is no file none.npy"),
        (("--embeddings", "none.npy", "--set", "init=npmi+clusters"), "There is no file none.npy"),
        (("--embeddings", "none.npy", "--set", "neighbour_share=0.5"), "There is no file none.npy"),
        (("--embeddings", "v.npy", "--set", "neighbour_share=0"), "pass --contrast neighbours"),
        (("--embeddings", "v.npy", "--contrast", "set"), "pass --contrast neighbours"),
        (("--encoder", "minilm", "--embeddings", "v.npy", "--contrast", "neighbours"), "pass one of them"),
        (("--encoder", "minilmm", "--contrast", "neighbours"), "There is no encoder 'minilmm'"),
        (("--embeddings", "none.npy", "--contrast", "neighbours"), "There is no file none.npy"),
        (("--embeddings", "theme.", "--contrast", "neighbours"), "neither a field of the corpus"),
    ],
)
def test_wrong_options_of_fit(topicml, documents, options, message):
    outcome = topicml("fit", documents, *COLUMNS, *SMALL, *options)
    assert outcome.refused and message in outcome.err


def test_wrong_input_of_encode(topicml, calls, documents, tmp_path):
    for arguments, message in (
        (("--encoder", "bert", "--out", tmp_path / "v.npy"), "There is no encoder 'bert'. Encoders: minilm"),
        (("--encoder", "minilm", "--out", tmp_path / "v.txt"), "written to a .npy file"),
        (("--encoder", "minilm", "--out", tmp_path / "v.npy", "--dtype", "int8"), "dtype"),
    ):
        outcome = topicml("encode", documents, *COLUMNS, *arguments)
        assert outcome.refused and message in outcome.err, outcome.err
    assert not list(tmp_path.iterdir())


def test_the_signature_of_a_run_without_embeddings_is_that_of_earlier_versions(run_folder, tmp_path):
    reading = json.loads((run_folder / "run.json").read_text())["configuration"]["reading"]
    newer = ("embeddings", "targets", "language_column")
    before = {name: value for name, value in reading.items() if name not in newer}
    assert signed_part(before, "x") == signed_part(reading, "x") == {"reading": before, "fingerprint": "x"}
    shutil.copytree(run_folder, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    for name in newer:
        del record["configuration"]["reading"][name]
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    assert package.open_run(tmp_path / "run").corpus is not None


def test_encode_reads_standard_input(topicml, calls, documents, tmp_path, monkeypatch):
    lines = b"\n".join(b"rocket orbit %d" % i for i in range(20))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    outcome = topicml("encode", "-", "--encoder", "wordllama", "--out", tmp_path / "v.npy")
    assert outcome.code == 0, outcome.err
    assert np.load(tmp_path / "v.npy").shape == (20, 3)


def test_transform_encodes_for_a_model_that_reads_embeddings(topicml, calls, documents, tmp_path):
    run, options = tmp_path / "run", ("--set", "encoder_input=both", "--set", "init=clusters")
    outcome = topicml("fit", documents, *COLUMNS, *SMALL, *options, "--encoder", "minilm", "--out", run)
    assert outcome.code == 0, outcome.err
    assert package.load(run).reads_embeddings
    refused = topicml("transform", run, documents, *COLUMNS)
    assert refused.refused and "pass --encoder NAME or --embeddings FILE" in refused.err and "minilm 1" in refused.err
    many = topicml("transform", run, tmp_path / "*.csv", "--out", tmp_path / "themes")
    assert many.refused and "label them one by one" in many.err
    many = topicml("transform", run, tmp_path / "*.csv", "--out", tmp_path / "themes", "--encoder", "minilm")
    assert many.refused and "for one file of documents" in many.err
    out = tmp_path / "out.csv"
    labelled = topicml("transform", run, documents, *COLUMNS, "--encoder", "minilm", "--theta", "--out", out)
    assert labelled.code == 0, labelled.err
    written = pacsv.read_csv(out)
    theta = np.stack([written[f"theta_{k}"].to_numpy() for k in range(3)], axis=1)
    assert np.allclose(theta, pq.read_table(run / "doc_topics.parquet").to_pandas().to_numpy()[:, -3:], atol=1e-4)


def test_transform_refuses_embeddings_that_the_model_does_not_read(topicml, run_folder, documents):
    outcome = topicml("transform", run_folder, documents, *COLUMNS, "--encoder", "minilm")
    assert outcome.refused and "The model reads words alone" in outcome.err
