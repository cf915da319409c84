"""Labels of topics from a list of the classes of two corpora, against the class of most of their documents.

    python benchmarks/embeddings_labels.py

ProdLDA with 20 topics is fitted to 60 % of the documents (the split of unseen.py). The classes are written as a user
would write them. Prints the share of topics whose closest label is the class of most documents that they lead.
"""

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
from machine import ROOT, provenance
from unseen import FOLDER

CLASSES = {
    "BBC_News": {
        **{name: name for name in ("business", "entertainment", "politics", "sport")},
        "tech": "technology",
    },
    "AGNews": {
        "0": "world news, politics and war",
        "1": "sports",
        "2": "business",
        "3": "science and technology",
    },
}
K, N_DOCUMENTS = 20, (0, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--encoders", nargs="+", default=["minilm", "wordllama", "use"], metavar="NAME")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "embeddings" / "sections" / "labels.md")
    arguments = parser.parse_args()
    rows = [f"| encoder | documents of a topic | {' | '.join(CLASSES)} |\n|---|---:|---:|---:|"]
    shares = {corpus: agreement(corpus, arguments.encoders) for corpus in CLASSES}
    for encoder in arguments.encoders:
        for n in N_DOCUMENTS:
            cells = " | ".join(f"{shares[corpus][encoder, n]:.2f}" for corpus in CLASSES)
            rows.append(f"| {encoder} | {n} | {cells} |")
    text = "\n\n".join(
        [
            "## Labels of topics from a list",
            provenance(),
            "Share of 20 topics that `ClosestLabel` gives the class of most documents that they lead, by the words of\n"
            "the topic alone, or with three representative documents. One seed.",
            "\n".join(rows),
        ]
    )
    print(text)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text, encoding="utf-8")


def agreement(corpus: str, encoders: list[str]) -> dict[tuple[str, int], float]:
    """Share of right labels by encoder and number of documents."""
    import topicml
    from topicml.explore import ClosestLabel, TopicView
    from topicml.explore.labelling import topics_to_label

    train, _ = topicml.Corpus.read(FOLDER / corpus).split()
    view = TopicView.of(topicml.ProdLDA(K, random_state=0).fit(train), train)
    classes, leading = np.array([str(each) for each in train.fields["label"]]), view.theta.argmax(axis=1)
    names = list(CLASSES[corpus])
    counts = np.array([[(classes[leading == k] == name).sum() for name in names] for k in range(K)])
    found = {}
    for encoder in encoders:
        closest = ClosestLabel(encoder, CLASSES[corpus])
        for n in N_DOCUMENTS:
            given = [closest(topic) for topic in topics_to_label(view, n_documents=n)]
            found[encoder, n] = float(np.mean(np.array(names)[counts.argmax(axis=1)] == np.array(given)))
    return found


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.simplefilter("ignore")
    main()
