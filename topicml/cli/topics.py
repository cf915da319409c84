"""``topicml topics``: the words of a fitted model's topics."""

import json
from typing import Annotated

import typer

from topicml.cli import printing
from topicml.cli.opening import check_there, open_model
from topicml.cli.options import ModelFolder
from topicml.cli.outputs import WORDS, read_topics


def topics(
    folder: ModelFolder,
    n: Annotated[int, typer.Option("--n", "-n", min=1, metavar="N", help="Words of each topic.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: a list of words a topic.")] = False,
) -> None:
    """Show the topics of a fitted model."""
    check_there(folder)
    if n <= WORDS and (folder / "topics.json").is_file():
        found = [words[:n] for words in read_topics(folder / "topics.json")]
    else:
        model = open_model(folder)
        found = model.topics(min(n, model.components_.shape[1]))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        printing.topics_table(found)
