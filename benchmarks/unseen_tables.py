"""The tables of `unseen.py`: a row for each system, a column for each measure."""

from collections.abc import Mapping, Sequence
from statistics import mean

from systems import ENCODER_MARK, grouped
from tidy import spread

from topicml.experiment.measures import higher_is_better

COUNTS_ONLY = "20NG"
"""The corpus without word order; its coherence is npmi_doc."""

# Titles of the columns, their measures and decimal places. A measure that ends in _train is of the training documents.
COLUMNS = {
    "coherence": ("coherence", 3),
    "(coherence, training)": ("coherence_train", 3),
    "c_v": ("c_v", 3),
    "td25": ("td25", 3),
    "coverage": ("document_coverage", 3),
    "agreement": ("topic_document_agreement", 3),
    "frequency": ("top_word_frequency", 0),
    "(frequency, training)": ("top_word_frequency_train", 0),
    "NMI": ("nmi", 3),
    "purity": ("purity", 3),
    "perplexity": ("perplexity", 0),
    "start": ("learned_overlap", 2),
    "topics": ("topics", 0),
    "seconds": ("fit_s", 1),
}
# Columns without a best value: the start describes, and numbers of the training documents are no result.
NOT_RANKED = ("(coherence, training)", "(frequency, training)", "start")
READING = f"""† uses a sentence encoder that was trained on other texts (all-MiniLM-L6-v2), so it knows more than the
corpus. Bold is the best mean among the systems that see only the corpus. **set**: `contrast="set"`. **neighbours**:
words of similar training documents are reconstructed, too (`neighbour_share=0.8`; with DocNADE 0.5). A share of .8 was
chosen by the perplexity of held-out training documents (soft_targets.md), without labels; for DocNADE, .5 and .8 were
tried on seed 0, with about the same NMI, and words are predicted better with .5.

How to read the columns. All are of the held-out documents, except those in parentheses, which are of the
training documents.

- **coherence**: c_npmi of the ten first words (npmi_doc on {COUNTS_ONLY}, which has no word order): do the words of a
  topic occur together in new documents? Higher is better. Next to it, in parentheses, the same on the documents of the
  fit: a large difference means that the topics describe chance co-occurrences of those documents.
- **c_v**: the same question with windows of 110 words. High also for words that never occur together in short texts.
- **td25**: share of distinct words among the 25 first words of all topics. 1: no topic repeats another.
- **coverage**: share of documents with at least one of the ten first words of their leading topic. Low: the words are
  too rare to describe what the topic leads.
- **agreement**: how well the ten first words tell which documents the topic leads (area under the ROC; 0.5 is chance).
- **frequency**: median number of documents that contain a first word.
- **NMI**, **purity**: agreement of the leading topic with the labels.
- **perplexity**: of one half of each document, predicted from the other half; lower is better. A model above the
  unigram model, given with the corpus, predicts words no better than their frequency does. NMF has no likelihood.
- **start**: share of the ten first words that were there before training (the start has no documents, so it is
  ranked without them). 1: training changed no word.
- **topics**: number of topics that lead a document.
- **seconds**: wall time of a fit, from counts to theta of the training documents, one thread. Runs are side by side if
  there are several jobs. Left out for †, because the first run of a corpus encodes its documents for all, and if the
  runs are from several machines.

Peers with fewer than K topics have emptied some (GSDMM) or found fewer (BERTopic). STM has no covariate and keyATM no
keywords here, because the corpora have none but the labels that judge the topics. An empty cell: the peer has no such
thing. NMF, KeyNMF, S3, BERTopic and FASTopic have no likelihood of words; that of TopMost's ProdLDA and TSCTM, and of
CombinedTM and ZeroShotTM, is no mixture of topics, which this measure needs.

TopMost's ECRTM is left out: on SearchSnippets and GoogleNews-T (field.csv, K = 20) its c_npmi on the documents of the
fit was -0.26 and -0.30, after 12 and 44 minutes of one core."""


def with_coherence(run: dict) -> dict:
    """Add the coherence of the tables to the scores of a run, and its seconds."""
    if "error" in run:
        return run
    name = "npmi_doc" if run["corpus"] == COUNTS_ONLY else "c_npmi"
    scores = {**run["scores"], **run["cost"]}
    if ENCODER_MARK in run["model"]:  # the first run of a corpus encodes its documents for all
        scores.pop("fit_s", None)
    for suffix in ("", "_train"):
        if name + suffix in scores:
            scores["coherence" + suffix] = scores[name + suffix]
    return {**run, "scores": scores}


def corpus_part(corpus: str, runs: Sequence[dict]) -> str:
    """Heading, unigram perplexity and table of a corpus; empty without finished runs."""
    of_corpus = [run for run in runs if run["corpus"] == corpus and "error" not in run]
    if not of_corpus:
        return ""
    unigram = [run["scores"]["unigram_perplexity"] for run in of_corpus if "unigram_perplexity" in run["scores"]]
    about = f"Perplexity of the unigram model: {mean(unigram):,.0f}.\n\n" if unigram else ""
    return f"## {corpus}\n\n{about}{table(values_of(of_corpus))}"


def means_part(runs: Sequence[dict]) -> str:
    """Table of means over the corpora, for systems that have all of them; empty if there are fewer than two corpora."""
    finished = [run for run in runs if "error" not in run]
    corpora = list(dict.fromkeys(run["corpus"] for run in finished))
    if len(corpora) < 2:
        return ""
    by_corpus = [values_of([run for run in finished if run["corpus"] == name]) for name in corpora]
    means: dict[str, dict[str, list[float]]] = {}
    missing: dict[str, list[str]] = {}
    for system in values_of(finished):
        if lacking := [name for name, each in zip(corpora, by_corpus, strict=True) if system not in each]:
            missing[system] = lacking
            continue
        per_corpus = [{name: mean(values) for name, values in each[system].items()} for each in by_corpus]
        names = [name for name in per_corpus[0] if all(name in each for each in per_corpus)]
        means[system] = {name: [mean(each[name] for each in per_corpus)] for name in names}
    about = "; ".join(f"{system} ({', '.join(names)})" for system, names in missing.items())
    rows = table(means) if means else "No system has all corpora."
    return f"## Mean over {', '.join(corpora)}\n\n{rows}" + (f"\n\nWithout all corpora: {about}." if about else "")


def values_of(runs: Sequence[dict]) -> dict[str, dict[str, list[float]]]:
    """System to measure to one value per seed, in the order of the tables."""
    values: dict[str, dict[str, list[float]]] = {}
    for run in sorted(runs, key=lambda run: run["seed"]):
        of_system = values.setdefault(run["model"], {})
        for name, value in run["scores"].items():
            of_system.setdefault(name, []).append(value)
    return {system: values[system] for systems in grouped(values).values() for system in systems}


def table(values: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Rows of systems in groups, columns of `COLUMNS`. The best mean of a column among corpus-only systems is bold."""
    shown = {title: each for title, each in COLUMNS.items() if any(each[0] in scores for scores in values.values())}
    rows = ["| system | " + " | ".join(shown) + " |", "|---" + "|---:" * len(shown) + "|"]
    ranked = {system: scores for system, scores in values.items() if ENCODER_MARK not in system}
    best = {title: best_mean(ranked, measure) for title, (measure, _) in shown.items() if title not in NOT_RANKED}
    groups = grouped(values)
    for group, systems in groups.items():
        if len(groups) > 1:
            rows.append(f"| *{group}* |" + " |" * len(shown))
        for system in systems:
            cells = []
            for title, (measure, digits) in shown.items():
                cell = spread(values[system][measure], digits) if measure in values[system] else ""
                is_best = (
                    cell and system in ranked and len(ranked) > 1 and mean(values[system][measure]) == best.get(title)
                )
                cells.append(f"**{cell}**" if is_best else cell)
            rows.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def best_mean(values: Mapping[str, Mapping[str, Sequence[float]]], measure: str) -> float | None:
    """The best mean of a measure over systems."""
    means = [mean(scores[measure]) for scores in values.values() if measure in scores]
    directions = {"coherence": True, "td25": True, "topics": True, "fit_s": False}
    higher = directions[measure] if measure in directions else higher_is_better(measure)
    return (max if higher else min)(means, default=None)
