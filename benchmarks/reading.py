"""A blind reading: people rate topics of several systems without knowing which system made which.

    python benchmarks/reading.py draw --out runs/reading/first            # fit, draw 60 topics, write sheet and key
    python benchmarks/reading.py rate --drawn runs/reading/first READER_1.csv READER_2.csv      # results/reading.md

`draw` fits each system on 60 % of the documents of each corpus, draws as many topics of each system and corpus, puts
them in random order, and writes to a new folder: sheet.md (ten words and five unseen documents per topic, for
readers), ratings.csv (a form for each reader to fill in), and key.json (which system made which topic, for nobody until
all ratings are in). The sheet names the digest of the key, so that the key cannot change afterwards. The folder has
texts of the corpora, so it belongs into no repository.

`rate` reads the forms and the key, and writes the mean ratings of each system with intervals, and the agreement of
readers.
"""

import argparse
import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
from machine import ROOT
from reading_result import COLUMNS, DOCUMENTS, LONGEST, TASK, TOP_WORDS, Topic, page, read_form
from systems import ALL, ELSEWHERE, PEERS_PYTHON, placed
from unseen import FOLDER, HELD_OUT_SHARE, SPLIT_SEED

from topicml.corpus import Corpus
from topicml.experiment import CorpusEntry, Experiment, ModelEntry, Progress, run_experiment
from topicml.experiment.outcome import Outcome
from topicml.experiment.plan import Plan
from topicml.experiment.records import Records
from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
SYSTEMS = ("ProdLDA", "scikit-learn NMF", "tomotopy LDA", "BERTopic †")
# Corpora whose documents can be read; the first is of raw texts, the others of tokens in their order.
CORPORA = ("StackOverflow-raw", "AGNews", "BBC_News")
SOURCES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "StackOverflow-raw": ("StackOverflow-raw/titles.csv", {"text_column": "title", "label_column": "tag"})
}


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_arguments(arguments)
    options.action(options)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    actions = parser.add_subparsers(required=True, metavar="draw | rate")
    drawing = actions.add_parser("draw", help="write a sheet for readers and its key")
    add = drawing.add_argument
    add("--out", type=Path, required=True, help="a new folder")
    add("--systems", nargs="+", default=list(SYSTEMS), choices=[each.name for each in ALL], metavar="SYSTEM")
    add("--corpora", nargs="+", default=list(CORPORA), metavar="CORPUS", help="with word order; their texts are shown")
    add("--topics", type=int, default=60, help="number of topics on the sheet, as many of each system and corpus")
    add("--n-topics", type=int, default=50, metavar="K", help="number of topics of a fit")
    add("--seed", type=int, default=0, help="of the fits and the draw")
    add("--runs", type=Path, default=ROOT / "runs" / "reading-fits", help="folder of finished fits")
    drawing.set_defaults(action=draw)
    rating = actions.add_parser("rate", help="read filled-in forms, and write the result")
    add = rating.add_argument
    add("forms", nargs="+", type=Path, metavar="FORM", help="ratings.csv as each reader filled it in")
    add("--drawn", type=Path, required=True, help="the folder that draw wrote")
    add("--out", type=Path, default=HERE / "results" / "reading.md")
    rating.set_defaults(action=rate)
    return parser.parse_args(arguments)


def draw(options: argparse.Namespace) -> None:
    """Fit, draw topics, and write sheet, form and key."""
    if options.out.exists():
        raise SystemExit(f"{options.out} exists; readers may have its sheet. Choose a new folder.")
    cells = len(options.systems) * len(options.corpora)
    if options.topics % cells or not options.topics:
        raise SystemExit(f"--topics must be a multiple of {cells} (systems x corpora); received {options.topics}.")
    experiment = grid(options)
    os.environ.setdefault("TOPICML_EMBEDDINGS", str(options.runs.absolute() / "embeddings"))
    run_experiment(experiment, options.runs, on_start=(progress := Progress(print)).start, on_run=progress.run)
    rng = np.random.default_rng(options.seed)
    topics: list[Topic] = []
    for corpus, system, outcome, held_out in outcomes(experiment, options.runs):
        topics += drawn_topics(outcome, held_out, options.topics // cells, rng, system=system, corpus=corpus)
    topics = [topics[i] for i in rng.permutation(len(topics))]
    write(topics, options.out)
    print(f"Written: {options.out}. Give sheet.md and ratings.csv to the readers, and key.json to nobody.")


def grid(options: argparse.Namespace, folder: Path = FOLDER) -> Experiment:
    """The fits of the sheet."""
    places = {name: SOURCES.get(name, (name, {})) for name in options.corpora}
    if missing := [name for name, (source, _) in places.items() if not (folder / source).exists()]:
        raise SystemExit(f"{folder} has no {', '.join(missing)}; set TOPICML_CORPORA to the folder of the corpora.")
    corpora = [
        CorpusEntry(name, str(folder / source), read_options, held_out_share=HELD_OUT_SHARE, split_seed=SPLIT_SEED)
        for name, (source, read_options) in places.items()
    ]
    return Experiment(
        corpora, [model(name) for name in options.systems], topics=[options.n_topics], seeds=[options.seed]
    )


def model(name: str) -> ModelEntry:
    """The entry of a system, with its interpreter."""
    entry = next(each for each in ALL if each.name == name)
    if entry not in ELSEWHERE:
        return entry if entry.adapter is None else placed(entry, None)
    if not PEERS_PYTHON.exists():
        raise SystemExit(f"{name} needs .peers, which does not exist (make .peers/.installed); or leave it out.")
    return placed(entry, str(PEERS_PYTHON))


def outcomes(experiment: Experiment, folder: Path) -> Iterable[tuple[str, str, Outcome, Corpus]]:
    """Corpus, system, outcome and held-out documents of each fit."""
    records = Records(folder)
    parts = {entry.name: entry.parts() for entry in experiment.corpora}
    for planned in Plan(experiment, parts, records, keep_other_versions=False).runs:
        run, held_out = planned.run, parts[planned.run.corpus].held_out
        outcome = records.outcome(planned.id)
        if outcome is None or held_out is None:
            error = (records.read(planned.id) or {}).get("error", "its arrays are missing")
            raise SystemExit(f"{run} is not finished: {error}")
        yield run.corpus, run.model.name, outcome, held_out


def drawn_topics(
    outcome: Outcome, held_out: Corpus, n: int, rng: np.random.Generator, *, system: str, corpus: str
) -> list[Topic]:
    """Draw topics that lead held-out documents, and for each up to five of the documents that it leads, at random.

    Parameters
    ----------
    outcome : Outcome
        Topics, and theta of the held-out documents.
    held_out : Corpus
        The documents, with word order or the field "text".
    n : int
        Number of topics.
    rng : numpy Generator
        Draws both.
    system, corpus : str
        Names for the key.

    Raises
    ------
    SystemExit
        If fewer than `n` topics lead a document, or the corpus has neither texts nor word order.
    """
    # An empty document has no words to lead: its largest topic says nothing.
    lengths = np.asarray(held_out.counts.sum(axis=1)).ravel()
    leading = np.where(lengths > 0, outcome.theta.argmax(axis=1), -1)
    used = [k for k in range(len(outcome.topics)) if (leading == k).any()]
    if len(used) < n:
        raise SystemExit(
            f"Only {len(used)} topics of {system} lead a held-out document of {corpus}; {n} are to be drawn."
        )
    drawn = []
    for k in rng.choice(used, size=n, replace=False).tolist():
        rows = np.flatnonzero(leading == k)
        rows = rng.choice(rows, size=min(DOCUMENTS, len(rows)), replace=False).tolist()
        words = outcome.topics[k][:TOP_WORDS]
        drawn.append(Topic(system, corpus, k, words, [text_of(held_out, row) for row in rows]))
    return drawn


def text_of(corpus: Corpus, row: int) -> str:
    """A document as readers see it: its text, or else its words in order; one line, cut after `LONGEST` words."""
    if "text" in corpus.fields:
        words = str(corpus.fields["text"][row]).split()
    elif corpus.tokens is not None and corpus.offsets is not None:
        words = [corpus.vocabulary[i] for i in corpus.tokens[corpus.offsets[row] : corpus.offsets[row + 1]].tolist()]
    else:
        raise SystemExit("A corpus of counts alone has no documents to read; leave it out of --corpora.")
    return " ".join(words[:LONGEST]) + (" …" if len(words) > LONGEST else "")


def write(topics: Sequence[Topic], folder: Path) -> None:
    """Write sheet, form and key to a new folder."""
    key = json.dumps([asdict(topic) for topic in topics], ensure_ascii=False, indent=1)
    blocks = []
    for number, topic in enumerate(topics, 1):
        documents = "\n".join(f"- {text}" for text in topic.documents)
        blocks.append(f"## Topic {number}\n\n**{', '.join(topic.words)}**\n\n{documents}")
    sheet = "\n\n".join(["# A reading of topics", TASK, f"Digest of the key: `{digest(key)}`", *blocks]) + "\n"
    folder.mkdir(parents=True)
    (folder / "sheet.md").write_text(sheet, encoding="utf-8")
    with open(folder / "ratings.csv", "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *([number, "", "", ""] for number in range(1, len(topics) + 1))])
    (folder / "key.json").write_text(key, encoding="utf-8")


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def rate(options: argparse.Namespace) -> None:
    """Read forms and key, and write the result."""
    key = (options.drawn / "key.json").read_text(encoding="utf-8")
    if digest(key) not in (options.drawn / "sheet.md").read_text(encoding="utf-8"):
        raise SystemExit(f"{options.drawn}/key.json is not the key of sheet.md: its digest differs.")
    topics = [Topic(**each) for each in json.loads(key)]
    forms = [read_form(path, len(topics)) for path in options.forms]
    text = page(topics, forms)
    print(text)
    with atomic_file(options.out) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
