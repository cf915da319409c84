"""``topicml topics``: the words of a fitted model's topics."""

from typing import TYPE_CHECKING, Annotated

import typer

from topicml.cli import printing
from topicml.cli.edit import show_topics
from topicml.cli.options import AsFormat, Format, ModelFolder
from topicml.cli.trusting import open_folder
from topicml.errors import InputError
from topicml.json_text import json_text
from topicml.runs.rows import automatic_labels, names_beside_words

if TYPE_CHECKING:
    from topicml.explore import TopicView


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
    if at is None and cut is None and not run.is_edited and not run.has_languages and (as_json or not run.has_parents):
        words = run.topics(n)  # without loading the model
        if as_json:
            print(json_text(words))
        else:
            phrases = run.phrases
            names = [] if phrases is None else names_beside_words(automatic_labels(phrases), [None] * len(phrases))
            printing.topics_table(words, names)
        return
    from topicml.explore import TopicView, words_by_language

    view = TopicView.of(run.model)
    if at is None and cut is None and run.has_languages:
        languages = words_by_language(view, n)
        if as_json:
            print(json_text(languages))
        else:
            printing.languages_table(languages, view.shown)
    elif cut is not None:
        _show_cut(view, cut, n, as_json=as_json)
    elif not as_json and at is None and run.has_parents:
        printing.topics_tree(view, n)
    else:
        words = (
            [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(n)] if at is None else view.topics_at(at, n)
        )
        if as_json:
            print(json_text(words))
        else:
            show_topics(view, words)


def _show_cut(view: "TopicView", cut: int, n: int, *, as_json: bool) -> None:
    """Print the words of the topics into which the tree is cut."""
    words = view.model.topics(n, cut=cut)
    if as_json:
        print(json_text(words))
        return
    branches = [branch for branch in view.branches(cut) if branch.topics]
    names = [branch.name for branch in branches]
    rows = [(branch.number, branch.name, " ".join(words[branch.number])) for branch in branches]
    if any(names):
        printing.table(("topic", "label", "words"), rows)
    else:
        printing.table(("topic", "words"), [(number, text) for number, _, text in rows])
    if {step["do"] for step in view.steps} - {"rename"}:
        printing.note(
            "The tree joins the topics of the fit, so merges, splits and a new order do not change these words. Topics "
            "that are hidden, or were merged across them, are left out."
        )
