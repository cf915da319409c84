"""``topicml topics``: the words of a fitted model's topics."""

from typing import Annotated

import typer

from topicml.cli import printing
from topicml.cli.edit import show_topics
from topicml.cli.options import AsFormat, Format, ModelFolder
from topicml.cli.trusting import open_folder
from topicml.errors import InputError
from topicml.json_text import json_text


def topics(
    folder: ModelFolder,
    n: Annotated[int, typer.Option("--n", "-n", min=1, metavar="N", help="Words of each topic.")] = 10,
    as_format: AsFormat = Format.table,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as --format json: a list of words per topic.")
    ] = False,
    cut: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="K",
            help="Cut the tree of a fit with --parents into K topics; their words are those that their topics share.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="GROUP",
            help="Their words in a slice of a fit with --time, such as 2012, or in a class of one with --content.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the topics of a fitted model; of a fit with --parents, below their parents.

    \b
    Examples:
      topicml topics run -n 15
      topicml topics run --cut 20
      topicml topics run --at 2012
      topicml topics run --format json
    """  # noqa: D301 - \b keeps the lines as they are
    run = open_folder(folder)
    as_json = as_json or as_format is Format.json
    if at is not None and cut is not None:
        raise InputError("--at and --cut cannot be used together: pass one of them.")
    if at is not None:
        words = run.model.topics_at(at, n)
    elif run.has_languages and cut is None:
        from topicml.explore import TopicView, words_by_language

        view = TopicView.of(run.model)
        languages = words_by_language(view, n)
        if as_json:
            print(json_text(languages))
        else:
            printing.languages_table(languages, view.shown)
        return
    elif cut is not None:
        words = run.model.topics(n, cut=cut)
    elif not as_json and run.has_parents:
        from topicml.explore import TopicView

        printing.topics_tree(TopicView.of(run.model), n)
        return
    elif not run.is_edited:
        words = run.topics(n)
    else:
        from topicml.explore import TopicView

        view = TopicView.of(run.model)
        if not as_json:
            show_topics(view, n)
            return
        words = [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(n)]
    if as_json:
        print(json_text(words))
    else:
        printing.topics_table(words)
