"""Files that the pages speak of, made of gensim's Lee corpus: 300 news texts."""

import csv
import shutil
from pathlib import Path

import topicml

N_ROWS = 120  # enough for topics, and quick
_TEAMS = {"sport": ("match", "cricket", "test", "win"), "money": ("economy", "company", "worker", "rate")}


def write_inputs(folder: Path) -> None:
    """Write the tables that the pages read."""
    corpus = topicml.Corpus.read("lee")[:N_ROWS]
    texts = corpus.fields["text"].tolist()
    teams = [_team(corpus.document(i)) for i in range(len(texts))]
    dates = [f"2001-{1 + i // 20:02d}-{1 + i % 20:02d}" for i in range(len(texts))]
    rows = list(zip(texts, teams, dates, strict=True))
    _write(folder / "tickets.csv", ("text", "team", "date"), rows)
    _write(folder / "new_tickets.csv", ("text", "team", "date"), rows[:20])
    titles = [" ".join(text.split()[:12]) for text in texts]
    shorter = [" ".join(text.split()[4:16]) for text in texts]
    _write(folder / "titles.csv", ("title", "paraphrase"), list(zip(titles, shorter, strict=True)))
    questions = [(str(i), title, team) for i, (title, team) in enumerate(zip(titles, teams, strict=True))]
    _write(folder / "questions.csv", ("id", "title", "tag"), questions)
    _write(folder / "new_questions.csv", ("id", "title", "tag"), questions[:20])
    _write(folder / "survey.csv", ("respondent", "answer"), _answers(texts))


def _answers(texts: list[str]) -> list[tuple[str, ...]]:
    """150 answers as people give them: short, and some empty, repeated or without a word."""
    answers = [" ".join(text.split()[:9]) for text in texts[:100]]
    answers += [answers[0].upper(), answers[1]] * 10
    answers += ["", "n/a", "-", ":-)", "\U0001f44d", "see https://example.org/page"] * 5
    return [(f"r{number:03d}", answer) for number, answer in enumerate(answers)]


def copy_inputs(source: Path, folder: Path) -> None:
    """Give a page files of its own."""
    shutil.copytree(source, folder, dirs_exist_ok=True)


def _team(words: list[str]) -> str:
    return next((team for team, telling in _TEAMS.items() if set(telling) & set(words)), "world")


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
