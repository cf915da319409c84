"""A blind reading: people rate topics of several systems without knowing which system made which.

    python benchmarks/reading.py draw --out runs/reading/first            # fit, draw 60 topics, write sheet and key
    python benchmarks/reading.py rate --drawn runs/reading/first READER_1.csv READER_2.csv      # results/reading.md

`draw` fits each system on 60 % of the documents of each corpus, draws as many topics of each system and corpus, puts
them in random order, and writes to a new folder: sheet.md (ten words and five unseen documents per topic, for readers),
ratings.csv (a form for each reader to fill in), and key.json (which system made which topic, for nobody until all
ratings are in). The sheet names the digest of the key, so that the key cannot change afterwards. Documents of the corpora
stay in that folder: it belongs into no repository.

`rate` reads the forms and the key, and writes the mean ratings of each system with intervals, and the agreement of
readers.
"""

import argparse
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from machine import ROOT, provenance
from scipy.stats import bootstrap
from sklearn.metrics import cohen_kappa_score
from unseen import ALL, FOLDER, HELD_OUT_SHARE, PEERS_PYTHON, SPLIT_SEED, placed, ELSEWHERE

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
TOP_WORDS, DOCUMENTS, LONGEST = 10, 5, 60
QUESTIONS = ("words", "documents")
COLUMNS = ("topic", *QUESTIONS, "name")
NO_NAME = "none"
TASK = f"""Each topic below has ten words and up to five documents. They come from several sources in random order. Rate
each topic by itself, in the order of the sheet; do not go back to a rating.

1. **words**: do the words belong together, as the words of one subject? 1 (not at all) to 5 (fully).
2. **documents**: do the documents match the words: would you expect them under this topic? 1 (none) to 5 (all).
3. **name**: a name of one to four words for the subject, or `{NO_NAME}` if there is none.

Write the answers into a copy of ratings.csv. Use no search and no other help. Words and documents are as a program
prepared them: some lack common words, endings or capitals, and long documents are cut after {LONGEST} words."""


@dataclass(frozen=True)
class Topic:
    """A topic of the sheet, and where it comes from."""

    system: str
    corpus: str
    number: int
    words: list[str]
    documents: list[str]


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


# The sheet ------------------------------------------------------------------------------------------------------------


def draw(options: argparse.Namespace) -> None:
    """Fit, draw topics, and write sheet, form and key."""
    if options.out.exists():
        raise SystemExit(f"{options.out} exists; readers may have its sheet. Choose a new folder.")
    cells = len(options.systems) * len(options.corpora)
    if options.topics % cells or not options.topics:
        raise SystemExit(f"--topics must be a multiple of {cells} (systems x corpora); received {options.topics}.")
    experiment = grid(options)
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
