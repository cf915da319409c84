"""Topics of two languages: the same leading topic for unseen translations, and coherence in each language.

`structure.py --part languages` runs it, on the descriptions of Debian packages in English, German, French and Italian.
"""

import gzip
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from machine import provenance
from structure_runs import file_of, kept, peers_python, table_of_means

import topicml
from topicml import Corpus, Preprocessor
from topicml.corpus.documents import Documents
from topicml.metrics import coherence
from topicml.starting import Translations, word_vectors

HERE = Path(__file__).resolve().parent
NAME = "debian-descriptions"
LANGUAGES = ("de", "fr", "it")
SHARE = 0.1
N_TOPICS = 20
EPOCHS = 100  # of InfoCTM of TopMost; its default is 500

OURS: dict[str, dict[str, Any]] = {
    "ETM, 10 % aligned": {"model": "ETM", "aligned": SHARE},
    "ETM from clusters, 10 % aligned": {"model": "ETM", "aligned": SHARE, "init": "clusters"},
    "ProdLDA, 10 % aligned": {"model": "ProdLDA", "aligned": SHARE},
    "ETM, dictionary alone": {"model": "ETM", "dictionary": True},
    "ETM from clusters, dictionary alone": {"model": "ETM", "dictionary": True, "init": "clusters"},
    "ETM of each language": {"model": "ETM", "each": True},
    "ETM from clusters, of each language": {"model": "ETM", "each": True, "init": "clusters"},
}
PEERS: dict[str, dict[str, Any]] = {
    "topica PolylingualLDA, 10 % aligned": {"model": "polylingual_lda", "aligned": SHARE},
    "topica InfoCTM, dictionary alone": {"model": "infoctm", "dictionary": True},
    "TopMost InfoCTM, dictionary alone": {"model": "topmost_infoctm", "dictionary": True},
}

COLUMNS = {
    "same": "same leading topic",
    "halves": "halves of one text",
    "led": "leading topics",
    "largest": "largest share",
    "purity_en": "purity, en",
    "purity": "purity, other",
    "npmi_en": "NPMI, en",
    "npmi": "NPMI, other",
}


def section(corpora: Path, runs: Path, seeds: Sequence[int], systems: Sequence[str], *, finished: bool) -> str:
    """Run what is missing, and describe it in Markdown; see `structure_seeds.section`."""
    parts = [INTRODUCTION.strip(), provenance()]
    for language in LANGUAGES:
        found: dict[str, list[dict[str, float]]] = {}
        for system in systems:
            made = [one_run(corpora, language, system, seed, runs, finished=finished) for seed in seeds]
            found[system] = [each for each in made if each is not None]
        table = table_of_means(COLUMNS, found, counts=["led"])
        parts += [f"### en-{language}, {N_TOPICS} topics", table]
    return "\n\n".join(parts) + "\n"


def one_run(
    corpora: Path, language: str, system: str, seed: int, runs: Path, *, finished: bool
) -> dict[str, float] | None:
    """The numbers of one fit, from its file if there is one; None if it is missing and may not be run."""
    is_missing = system in PEERS and not peers_python().exists()
    file = file_of(runs, f"en-{language}", system, seed)
    return kept(file, lambda: run(corpora, language, system, seed), finished=finished or is_missing)


def run(corpora: Path, language: str, system: str, seed: int) -> dict[str, float]:
    """Fit a system, and judge it on unseen descriptions."""
    options = dict(PEERS[system] if system in PEERS else OURS[system])
    name_of_model, aligned = options.pop("model"), options.pop("aligned", 0.0)
    train, held_out = documents(corpora, language, aligned)
    kind: Any = getattr(topicml, name_of_model, None)
    if system in PEERS:
        pairs = dictionary(corpora, language) if options.pop("dictionary", False) else []
        return judged(*of_peer(name_of_model, train, unseen(held_out), pairs, seed), held_out)
    if options.pop("each", False):
        numbers = {}
        for name, end in (("en", "_en"), (language, "")):
            model = kind(N_TOPICS, random_state=seed, **options).fit(train[name])
            numbers["npmi" + end] = float(coherence(model.topics(10), held_out[name], "npmi_doc"))
            numbers["purity" + end] = purity(model.transform(held_out[name]).argmax(axis=1), held_out[name])
        return numbers
    how: dict[str, Any] = {"translations": "package"} if aligned else {}
    if options.pop("dictionary", False):
        how = {"dictionary": dictionary(corpora, language)}
    corpus = Corpus.multilingual(train)
    model = kind(N_TOPICS, languages=True, random_state=seed, **how, **options).fit(corpus)
    thetas = {}
    for name, (spoken, texts) in unseen(held_out).items():
        part = Corpus.from_tokens(texts, vocabulary=held_out[spoken].vocabulary)
        thetas[name] = model.transform(Corpus.multilingual({spoken: part}))
    return judged(thetas, {name: model.topics(10, language=name) for name in held_out}, held_out)


def documents(corpora: Path, language: str, aligned: float) -> tuple[dict[str, Corpus], dict[str, Corpus]]:
    """Training documents of two languages, and unseen translations row by row, with the words of the training ones.

    A share of the training packages is there in both languages. Each other package is in one language, drawn at random:
    no translation is hidden among the documents.
    """
    packages = read(corpora, language)
    order = np.random.default_rng(1234).permutation(len(packages))
    n_train = int(0.6 * len(packages))
    is_second = np.random.default_rng(1234).random(n_train) < 0.5
    train, held_out = [packages[i] for i in order[:n_train]], [packages[i] for i in order[n_train:]]
    n_aligned = int(aligned * n_train)
    both: tuple[dict[str, Corpus], dict[str, Corpus]] = ({}, {})
    for number, name in enumerate(("en", language)):
        rows = [i for i in range(n_train) if i < n_aligned or is_second[i] == bool(number)]
        fields = {"package": [train[i]["package"] if i < n_aligned else None for i in rows]}
        preprocessor = Preprocessor(name, compounds=name == "de")  # as Corpus.by_language does
        corpus = Corpus.from_texts([train[i][name] for i in rows], preprocessor, fields=fields)
        assert corpus.preprocessor is not None
        words = corpus.preprocessor.tokens([each[name] for each in held_out])
        sections = {"section": [each["section"] for each in held_out]}
        both[0][name] = corpus
        both[1][name] = Corpus.from_tokens(words, vocabulary=corpus.vocabulary, fields=sections)
    return both


def read(corpora: Path, language: str) -> list[dict[str, str]]:
    """The packages with a description in English and the other language."""
    with gzip.open(corpora / NAME / "descriptions.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [each for each in map(json.loads, lines) if each.get("en") and each.get(language)]


def dictionary(corpora: Path, language: str) -> list[tuple[str, str]]:
    """Pairs of words that are associated in the translations of all training packages: no unseen package is read."""
    corpus = Corpus.multilingual(documents(corpora, language, 1.0)[0])
    made = Documents(corpus.counts, tuple(corpus.vocabulary), None, corpus)
    words = Translations(made, "package").words.tocoo()
    first = words.row < words.col
    pairs = zip(words.row[first], words.col[first], strict=True)
    return [(corpus.vocabulary[i], corpus.vocabulary[j]) for i, j in pairs]


def unseen(held_out: Mapping[str, Corpus]) -> dict[str, tuple[str, list[list[str]]]]:
    """The texts whose topics are judged, by name: their language, and their words.

    Those of each language under its name, and two halves of the English texts of six words or more, tokens at random.
    """
    rng = np.random.default_rng(0)
    shuffled = [list(rng.permutation(text)) for text in held_out["en"] if len(text) >= 6]
    texts = {name: (name, list(corpus)) for name, corpus in held_out.items()}
    return texts | {f"half {k}": ("en", [text[k::2] for text in shuffled]) for k in (0, 1)}


def judged(
    thetas: Mapping[str, np.ndarray], topics: Mapping[str, Any], held_out: Mapping[str, Corpus]
) -> dict[str, float]:
    """The numbers of `COLUMNS`, of the thetas of `unseen` texts; documents without words are left out."""
    leading = {name: theta.argmax(axis=1) for name, theta in thetas.items()}
    known = np.all([corpus.lengths > 0 for corpus in held_out.values()], axis=0)
    language = next(name for name in held_out if name != "en")
    english, other = (leading[name][known] for name in ("en", language))
    sizes = np.bincount(english)
    numbers = {
        "same": float(np.mean(english == other)),
        "halves": float(np.mean(leading["half 0"] == leading["half 1"])),
        "led": float((len(np.unique(english)) + len(np.unique(other))) / 2),
        "largest": float(sizes.max() / sizes.sum()),
    }
    for name, end in (("en", "_en"), (language, "")):
        numbers["purity" + end] = purity(leading[name], held_out[name])
        numbers["npmi" + end] = float(coherence(topics[name], held_out[name], "npmi_doc"))
    return numbers


def of_peer(
    system: str,
    train: Mapping[str, Corpus],
    texts: Mapping[str, tuple[str, list[list[str]]]],
    pairs: Sequence[tuple[str, str]],
    seed: int,
) -> tuple[dict[str, np.ndarray], dict[str, list[list[str]]]]:
    """Thetas of texts and words of topics, by a process of the environment of the peers."""
    documents = {name: list(corpus) for name, corpus in train.items()}
    keys = {name: corpus.fields["package"].tolist() for name, corpus in train.items()}
    task = {"train": documents, "keys": keys, "texts": texts, "pairs": pairs, "n_topics": N_TOPICS, "seed": seed}
    if system == "topmost_infoctm":
        vectors = {name: word_vectors(corpus, seed=seed).tolist() for name, corpus in train.items()}
        words = {name: dict(zip(corpus.vocabulary, vectors[name], strict=True)) for name, corpus in train.items()}
        task |= {"vectors": words, "epochs": EPOCHS}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "task.json", Path(folder) / "result.json"
        source.write_text(json.dumps(task), "utf-8")
        subprocess.run([peers_python(), HERE / "peers" / "multilingual.py", system, source, target], check=True)
        result = json.loads(target.read_text("utf-8"))
    return {name: np.array(theta) for name, theta in result["thetas"].items()}, result["topics"]


def purity(leading: np.ndarray, corpus: Corpus) -> float:
    """Share of documents that are of the most frequent section of their leading topic."""
    known = np.flatnonzero(corpus.lengths > 0)
    sections = np.array(corpus.fields["section"])[known]
    groups = (sections[leading[known] == k] for k in np.unique(leading[known]))
    return float(sum(np.unique(group, return_counts=True)[1].max() for group in groups) / len(known))


INTRODUCTION = f"""
## Languages

    python benchmarks/structure.py --part languages

Descriptions of Debian packages in English and another language. Fitted on 60 % of the packages, judged on the other
40 %. With "10 % aligned", a tenth of the training packages is there in both languages; each other package is in one
language only, drawn at random, so that no translations are hidden among the documents. With "dictionary alone", no
package is in both languages; the pairs of words come from the association of words in the translations of the training
packages, in place of a dictionary of people, which was not at hand. Many packages have nearly the same description (a
program, its data, its documentation), so unseen ones are not independent of training.

- same leading topic: share of unseen packages whose two descriptions have it.
- halves of one text: the same for two random halves of an English description, as a measure of how much a leading
  topic means here.
- leading topics, largest share: how many topics lead an unseen description, and the share of the largest one in
  English.
- purity: by the section of the package (58 sections).
- NPMI: document NPMI of the first ten words in the unseen descriptions of the language. "Of each language" are two fits
  without the other language, on the documents that the fit with a dictionary alone has.

German compounds are split (`Preprocessor("de", compounds=True)`, the default of `Corpus.by_language`), because most are
too rare for the vocabulary: whole, 44 % of the German words of unseen descriptions are not in it, of the English ones
22 %, and a description has 18 known words instead of 27 (English and Italian: 30).

All systems have their own defaults and one thread; a system without a row was not run on that pair. InfoCTM of TopMost
has the same pairs of words, and links further words by word vectors of the same documents (its authors use vectors of
large corpora); it trained for {EPOCHS} epochs in place of 500, one random state. topica's InfoCTM did not end within
ten minutes on en-de. PolylingualLDA has the same translations.
"""
