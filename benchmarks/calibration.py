"""How often the confidence of a topic is right, on unseen documents, against their labels.

    python benchmarks/calibration.py --out benchmarks/results/calibration.md

A document is right if it has the label that most documents of its leading topic have; the label of a topic is decided
on the training documents. Expected calibration error (ECE): the mean of |share that is right - confidence| over 15 bins
of equal width, weighted by documents. Brier score: the mean of (confidence - right)². Smaller is better for both.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import torch
from machine import ROOT, provenance
from scipy.optimize import minimize_scalar
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.preprocessing import normalize

import topicml
from topicml.corpus import Corpus
from topicml.explore import TopicView, document_uncertainty
from topicml.files import atomic_file
from topicml.models.calibration import Calibration, _Parameters, calibrate, theta_of_halves

CASES = (
    ("StackOverflow titles, raw", "StackOverflow-raw/titles.csv", 20),
    ("AGNews", "AGNews", 10),
    ("StackOverflow, preprocessed", "StackOverflow", 20),
    ("AGNews", "AGNews", 4),
    ("AGNews", "AGNews", 20),
    ("StackOverflow titles, raw", "StackOverflow-raw/titles.csv", 50),
    ("SearchSnippets", "SearchSnippets", 8),
    ("BBC_News", "BBC_News", 5),
    ("M10", "M10", 10),
    ("M10", "M10", 25),
    ("BBC_News", "BBC_News", 15),
    ("20NG", "20NG", 20),
    ("StackOverflow titles, raw", "StackOverflow-raw/titles.csv", 10),
    ("StackOverflow titles, raw", "StackOverflow-raw/titles.csv", 100),
    ("AGNews", "AGNews", 50),
)
GROUPS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50)  # numbers of groups to try
WAYS = {
    "theta": "theta, as `transform` returns it",
    "posterior": "share of 30 samples of the posterior that the topic leads (`document_uncertainty`)",
    "one half predicts": "temperature: one half of a document predicts the leading topic of the other half",
    "neighbours": "as halves, of a document and its nearest other document (cosine of tf-idf)",
    "groups": "an independent grouping of the documents in place of labels: k-means of tf-idf in 50 dimensions, with "
    "the smallest number of groups whose agreement with the topics (AMI) is at least 90 % of the best",
    "halves + groups": "fitted to the mean of the confidence of **halves** and of the agreement with *groups*",
    "**halves**": "`confidence`: temperature and noise, fitted without labels on two halves of documents",
    "1,000 labels": "`confidence` after `view.calibrate(labels)` on the labels of 1,000 documents of the fit",
    "**labels**": "`confidence` after `view.calibrate(labels)` on the labels of all documents of the fit",
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora")
    parser.add_argument("--cases", type=int, nargs="*", help="numbers of cases, from 0; by default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the tables here too (Markdown)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    numbers = range(len(CASES)) if arguments.cases is None else arguments.cases
    rows = []
    for number in numbers:
        rows.append(case_rows(*CASES[number], arguments))
        if arguments.out:  # after every case: they take minutes
            with atomic_file(arguments.out) as temporary:
                temporary.write_text(page(rows), encoding="utf-8")
    print(page(rows))


def page(cases: list[tuple[str, dict[str, tuple[float, float, float]]]]) -> str:
    """The results as Markdown: ECE and Brier score of every way, and what the ways are."""
    names = list(WAYS)
    parts = ["# Calibration of the confidence", __doc__.split("\n\n", 2)[2].strip()]
    parts.append("ProdLDA, seed 0; fitted on 80 % of the documents and judged on the others.")
    parts.append(provenance())
    for position, measure in enumerate(("ECE", "Brier score", "mean confidence (first column: share that is right)")):
        table = [f"| corpus, topics | right | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
        for title, values in cases:
            cells = [f"{values[name][position]:.3f}" for name in names]
            table.append(f"| {title} | {values['right'][0]:.3f} | {' | '.join(cells)} |")
        means = [np.mean([values[name][position] for _, values in cases]) for name in names]
        table.append(f"| mean | | {' | '.join(f'{each:.3f}' for each in means)} |")
        parts += [f"## {measure}", "\n".join(table)]
    parts += ["## The ways", "\n".join(f"- {name}: {meaning}." for name, meaning in WAYS.items())]
    return "\n\n".join(parts) + "\n"


def by_labels(model: topicml.ProdLDA, corpus: Corpus, theta: np.ndarray, labels: np.ndarray, n_labels: int):
    """The calibration to the labels of some documents of the fit."""
    given: list[str | None] = [None] * len(labels)
    for row in np.random.default_rng(0).permutation(len(labels))[:n_labels].tolist():
        given[row] = labels[row]
    return TopicView.of(model, corpus, theta=theta).calibrate(given).calibration


def case_rows(title: str, source: str, n_topics: int, arguments: argparse.Namespace) -> tuple[str, dict]:
    """ECE, Brier score and mean confidence of every way."""
    train, test = read(arguments.corpora / source).split(0.8, seed=1234)
    model = topicml.ProdLDA(n_topics=n_topics, random_state=arguments.seed).fit(train)
    train = train[np.flatnonzero(train.lengths)]
    test = test[np.flatnonzero(test.lengths)]
    theta, fitted = model.transform(test), model.transform(train)
    labels = {each: np.array([str(label) for label in each.fields[_label(each)]]) for each in (train, test)}
    names, codes = np.unique(labels[train], return_inverse=True)
    table = np.zeros((n_topics, len(names)), dtype=int)
    np.add.at(table, (fitted.argmax(axis=1), codes), 1)
    leading = theta.argmax(axis=1)
    is_right = names[table.argmax(axis=1)][leading] == labels[test]
    rng = np.random.default_rng(0)
    sample = np.sort(rng.permutation(train.n_docs)[:3000])
    spread = document_uncertainty(TopicView.of(model, test, theta=theta), n_samples=30)

    def of(calibration) -> np.ndarray:
        return calibration.confidence(theta)[np.arange(len(theta)), leading].astype(float)

    temperature = predicting(model, train.counts[sample])
    fitted_leading = fitted[sample].argmax(axis=1)
    in_group = agreement_with_groups(train.counts[sample], fitted_leading, n_topics)
    by_halves = model.calibration_.confidence(fitted[sample])[np.arange(len(sample)), fitted_leading]
    confidences = {
        "theta": theta.max(axis=1).astype(float),
        "posterior": spread["leads"].to_numpy(),
        "one half predicts": softened(theta, temperature)[np.arange(len(theta)), leading],
        "neighbours": of(of_neighbours(model, train.counts, sample)),
        "groups": of(fitted_to(fitted[sample], in_group)),
        "halves + groups": of(fitted_to(fitted[sample], (in_group + by_halves) / 2)),
        "**halves**": of(model.calibration_),
        "1,000 labels": of(by_labels(model, train, fitted, labels[train], 1000)),
        "**labels**": of(by_labels(model, train, fitted, labels[train], train.n_docs)),
    }
    values = {name: (*judged(each, is_right), float(each.mean())) for name, each in confidences.items()}
    if spread["topic"].tolist() != leading.tolist():  # the posterior's own leading topic, for fairness
        own = names[table.argmax(axis=1)][spread["topic"].to_numpy()] == labels[test]
        values["posterior"] = (*judged(confidences["posterior"], own), float(confidences["posterior"].mean()))
    print(title, n_topics, {name: round(value[0], 3) for name, value in values.items()}, flush=True)
    return f"{title}, {n_topics}", values | {"right": (float(is_right.mean()),)}


def read(path: Path) -> Corpus:
    """A corpus with labels."""
    if path.suffix == ".csv":
        return Corpus.read(path, text_column="title", label_column="tag")
    return Corpus.read(path, split="all") if (path / "train_bow.npz").is_file() else Corpus.read(path)


def _label(corpus: Corpus) -> str:
    return "label" if "label" in corpus.fields else "tag"


def judged(confidence: np.ndarray, is_right: np.ndarray, n_bins: int = 15) -> tuple[float, float]:
    """Expected calibration error and Brier score."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [abs((is_right - confidence)[bins == each].mean()) * (bins == each).mean() for each in np.unique(bins)]
    return float(sum(gaps)), float(((confidence - is_right) ** 2).mean())


def softened(theta: np.ndarray, temperature: float) -> np.ndarray:
    """The softmax of log theta over a temperature."""
    scaled = np.log(np.maximum(theta.astype(float), 1e-30)) / temperature
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return scaled / scaled.sum(axis=1, keepdims=True)


def predicting(model: topicml.ProdLDA, counts) -> float:
    """The temperature with which one half of a document predicts the leading topic of the other half best."""
    first, second = theta_of_halves(_infer(model), counts)
    there = second.argmax(axis=1)

    def loss(log_temperature: float) -> float:
        p = softened(first, float(np.exp(log_temperature)))
        return -float(np.log(p[np.arange(len(p)), there] + 1e-30).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 3), method="bounded").x))


def of_neighbours(model: topicml.ProdLDA, counts, rows: np.ndarray):
    """The calibration of documents and their nearest other documents in place of halves."""
    tfidf = TfidfTransformer(sublinear_tf=True).fit_transform(counts).tocsr()
    nearest = np.empty(len(rows), dtype=int)
    for start in range(0, len(rows), 250):
        part = rows[start : start + 250]
        similarity = (tfidf[part] @ tfidf.T).toarray()
        similarity[np.arange(len(part)), part] = -1
        nearest[start : start + 250] = similarity.argmax(axis=1)
    pairs = _infer(model)(counts[rows]), _infer(model)(counts[nearest])
    return calibrate(_infer(model), counts[rows], halves=pairs)


def agreement_with_groups(counts, leading: np.ndarray, n_topics: int, n_runs: int = 3) -> np.ndarray:
    """Share of k-means runs in which each document is in the group of most documents of its leading topic."""
    tfidf = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    points = normalize(TruncatedSVD(min(50, tfidf.shape[1] - 1), random_state=0).fit_transform(tfidf))
    runs, agreement = [], []
    for n_groups in (each for each in GROUPS if each <= min(n_topics, len(points) // 20)):
        fits = [KMeans(n_groups, n_init=2, random_state=seed, max_iter=100) for seed in range(n_runs)]
        runs.append([each.fit_predict(points) for each in fits])
        agreement.append(np.mean([adjusted_mutual_info_score(groups, leading) for groups in runs[-1]]))
    coarsest = int(np.flatnonzero(np.array(agreement) >= 0.9 * max(agreement))[0])
    return np.mean([_with_most(leading, groups, n_topics) for groups in runs[coarsest]], axis=0)


def _with_most(leading: np.ndarray, groups: np.ndarray, n_topics: int) -> np.ndarray:
    table = np.zeros((n_topics, groups.max() + 1), dtype=int)
    np.add.at(table, (leading, groups), 1)
    return table.argmax(axis=1)[leading] == groups


def fitted_to(theta: np.ndarray, is_right: np.ndarray) -> Calibration:
    """Temperature and noise that predict shares from 0 to 1."""
    log_theta = torch.from_numpy(np.log(np.maximum(theta.astype(np.float64), 1e-30)))
    wanted, leading = torch.from_numpy(is_right.astype(np.float64)), log_theta.argmax(dim=1, keepdim=True)

    def loss(parameters: _Parameters) -> torch.Tensor:
        p = parameters.confidence(log_theta, parameters.softmax(log_theta).mean(0)).gather(1, leading)[:, 0]
        return torch.nn.functional.binary_cross_entropy(p.clamp(1e-6, 1 - 1e-6), wanted, reduction="sum")

    parameters = _Parameters(theta.shape[1])
    parameters.fit(loss, len(theta), 3.0)
    with torch.no_grad():
        share = parameters.softmax(log_theta).mean(0)
    calibration = parameters.calibration(share, len(theta), 0, "labels")
    assert calibration is not None
    return calibration


def _infer(model: topicml.ProdLDA):
    from topicml.models.inference import infer_theta

    return lambda part: infer_theta(model.network_, part.tocsr(), np.arange(part.shape[0]))


if __name__ == "__main__":
    main()
