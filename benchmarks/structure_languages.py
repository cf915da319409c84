"""Topics of two languages: the same leading topic for unseen translations, and coherence in each language.

`structure.py --part languages` runs it, on the descriptions of Debian packages in English, German, French and Italian.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import topicml
from topicml import Corpus, Preprocessor
from topicml.corpus.documents import Documents
from topicml.files import atomic_file
from topicml.metrics import coherence
from topicml.starting import Translations

NAME = "debian-descriptions"
LANGUAGES = ("de", "fr", "it")
SHARE = 0.1
N_TOPICS = 20

OURS: dict[str, dict[str, Any]] = {
    "ETM, 10 % aligned": {"model": "ETM", "aligned": SHARE},
    "ETM from clusters, 10 % aligned": {"model": "ETM", "aligned": SHARE, "init": "clusters"},
    "ProdLDA, 10 % aligned": {"model": "ProdLDA", "aligned": SHARE},
    "ETM, dictionary alone": {"model": "ETM", "dictionary": True},
    "ETM from clusters, dictionary alone": {"model": "ETM", "dictionary": True, "init": "clusters"},
    "ETM of each language": {"model": "ETM", "each": True},
    "ETM from clusters, of each language": {"model": "ETM", "each": True, "init": "clusters"},
}
PEERS: dict[str, str] = {}

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
    """Run what is missing, and describe it in Markdown.

    Parameters
    ----------
    corpora : Path
        Folder of the corpora.
    runs : Path
        Folder for finished runs, a JSON file each.
    seeds : sequence of int
        Seeds of the fits.
    systems : sequence of str
        Names in `OURS`.
    finished : bool
        Whether to report finished runs only.

    Returns
    -------
    str
        A section of the page.
    """
    parts = [INTRODUCTION.strip()]
    for language in LANGUAGES:
        rows = []
        for system in systems:
            found = [one_run(corpora, language, system, seed, runs, finished=finished) for seed in seeds]
            if numbers := [each for each in found if each is not None]:
                cells = (_cell(numbers, key) for key in COLUMNS)
                rows.append(f"| {system} | {len(numbers)} | {' | '.join(cells)} |")
        heading = f"| system | fits | {' | '.join(COLUMNS.values())} |"
        table = "\n".join([heading, "|---|---:" + "|---:" * len(COLUMNS) + "|", *rows])
        parts += [f"### en-{language}, {N_TOPICS} topics", table]
    return "\n\n".join(parts) + "\n"


def _cell(numbers: Sequence[Mapping[str, float]], key: str) -> str:
    values = [each[key] for each in numbers if key in each]
    return f"{np.mean(values):.1f}" if values and key == "led" else f"{np.mean(values):.3f}" if values else "-"


def one_run(
    corpora: Path, language: str, system: str, seed: int, runs: Path, *, finished: bool
) -> dict[str, float] | None:
    """The numbers of one fit, from its file if there is one; None if it is missing and may not be run."""
    file = runs / f"en-{language}-{system.replace(' ', '_').replace(',', '').replace('%', 'percent')}-{seed}.json"
    if file.exists():
        known: dict[str, float] = json.loads(file.read_text("utf-8"))
        return known
    if finished:
        return None
    options = dict(OURS[system])
    kind, aligned = getattr(topicml, options.pop("model")), options.pop("aligned", 0.0)
    train, held_out = documents(corpora, language, aligned)
    if options.pop("each", False):
        numbers = {}
        for name, end in (("en", "_en"), (language, "")):
            model = kind(N_TOPICS, random_state=seed, **options).fit(train[name])
            numbers["npmi" + end] = float(coherence(model.topics(10), held_out[name], "npmi_doc"))
            numbers["purity" + end] = purity(model.transform(held_out[name]).argmax(axis=1), held_out[name])
    else:
        how: dict[str, Any] = {"translations": "package"} if aligned else {}
        if options.pop("dictionary", False):
            how = {"dictionary": dictionary(corpora, language)}
        corpus = Corpus.multilingual(train)
        model = kind(N_TOPICS, languages=True, random_state=seed, **how, **options).fit(corpus)
        numbers = judged(model, held_out, language)
    runs.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as temporary:
        temporary.write_text(json.dumps(numbers), "utf-8")
    print(language, system, seed, {key: round(value, 3) for key, value in numbers.items()}, flush=True)
    return numbers


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
        corpus = Corpus.from_texts([train[i][name] for i in rows], Preprocessor(name), fields=fields)
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


def judged(model: Any, held_out: Mapping[str, Corpus], language: str) -> dict[str, float]:
    """The numbers of `COLUMNS`; documents without words are left out."""
    leading = {
        name: model.transform(Corpus.multilingual({name: corpus})).argmax(axis=1) for name, corpus in held_out.items()
    }
    known = np.all([corpus.lengths > 0 for corpus in held_out.values()], axis=0)
    english, other = (leading[name][known] for name in ("en", language))
    sizes = np.bincount(english)
    return {
        "same": float(np.mean(english == other)),
        "halves": halves(model, held_out["en"]),
        "led": float((len(np.unique(english)) + len(np.unique(other))) / 2),
        "largest": float(sizes.max() / sizes.sum()),
        "purity_en": purity(leading["en"], held_out["en"]),
        "purity": purity(leading[language], held_out[language]),
        "npmi_en": float(coherence(model.topics(10, language="en"), held_out["en"], "npmi_doc")),
        "npmi": float(coherence(model.topics(10, language=language), held_out[language], "npmi_doc")),
    }


def halves(model: Any, corpus: Corpus) -> float:
    """Share of texts whose two halves, tokens drawn at random, have the same leading topic: what theta can tell."""
    rng = np.random.default_rng(0)
    texts = [list(rng.permutation(text)) for text in corpus if len(text) >= 6]
    thetas = []
    for half in ([text[::2] for text in texts], [text[1::2] for text in texts]):
        part = Corpus.from_tokens(half, vocabulary=corpus.vocabulary)
        thetas.append(model.transform(Corpus.multilingual({"en": part})))
    return float(np.mean(thetas[0].argmax(axis=1) == thetas[1].argmax(axis=1)))


def purity(leading: np.ndarray, corpus: Corpus) -> float:
    """Share of documents that are of the most frequent section of their leading topic."""
    known = np.flatnonzero(corpus.lengths > 0)
    sections = np.array(corpus.fields["section"])[known]
    groups = (sections[leading[known] == k] for k in np.unique(leading[known]))
    return float(sum(np.unique(group, return_counts=True)[1].max() for group in groups) / len(known))


INTRODUCTION = """
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
"""
