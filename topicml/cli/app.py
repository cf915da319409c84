"""The `topicml` program: its commands, its exit codes, and how it prints errors and warnings."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from topicml import __version__
from topicml.cli import printing, standard_input, streams, system_errors
from topicml.cli.benchmark import benchmark
from topicml.cli.check import check
from topicml.cli.compare import compare
from topicml.cli.contrast import contrast
from topicml.cli.corpora import corpora
from topicml.cli.corpus import corpus
from topicml.cli.docs import docs
from topicml.cli.doctor import doctor
from topicml.cli.drift import drift
from topicml.cli.edit import PANEL as EDITS
from topicml.cli.edit import calibrate, edits, hide, merge, order, rename, split, undo
from topicml.cli.effects import effects
from topicml.cli.encode import encode
from topicml.cli.evaluate import evaluate
from topicml.cli.fit import fit
from topicml.cli.imports import import_modules
from topicml.cli.report import report
from topicml.cli.search import search
from topicml.cli.serve import serve
from topicml.cli.show import show
from topicml.cli.sweep import sweep
from topicml.cli.topics import topics
from topicml.cli.transform import transform
from topicml.cli.trusting import trust_folders
from topicml.cli.tune import tune
from topicml.cli.values import Command
from topicml.cli.wording import in_options
from topicml.errors import InputError, MissingExtraError, TopicWarning
from topicml.files import shown

WRONG_INPUT = 2
FAILED = 1
INTERRUPTED = 130  # 128 + SIGINT, the convention of shells

# Errors of a path that the user gave. Another OSError, such as a full disk, is not wrong input.
_WRONG_PATH = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    The exit status is 0 on success, 2 for wrong input, 130 if interrupted, and 1 for any other failure.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments of the program; None: those of the process.

    Raises
    ------
    SystemExit
        Always.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    streams.open_streams()
    streams.show_any_character()
    try:
        with warnings.catch_warnings(), _logging(quiet=not {"-q", "--quiet"}.isdisjoint(arguments)):
            _show_warnings(debug=debug)
            _check_current_folder()
            # Users may write these anywhere; Typer expects options of the program before the command.
            anywhere = [each for each in ("--debug", "--trust") if each in arguments]
            _program()(anywhere + [each for each in arguments if each not in anywhere], prog_name="topicml")
    except BrokenPipeError:
        # The reader of the pipe (head, less) has closed it. Discard the buffer, so that exiting does not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (InputError, MissingExtraError, *_WRONG_PATH) as error:
        _show_error(error, debug=debug)
        sys.exit(WRONG_INPUT)
    except Exception as error:
        # Errors of the system, such as a full disk, are not bugs: no traceback. safetensors has its own class for them.
        if not isinstance(error, OSError) and type(error).__name__ != "SafetensorError":
            raise
        _show_error(error, debug=debug)
        sys.exit(FAILED)
    finally:
        trust_folders(False)  # of this call only
        standard_input.clean()


def _program() -> typer.Typer:
    # Rich markup only in a terminal: a pipe gets plain text.
    program = typer.Typer(
        help="Topic models of text: fit a model, read its topics, score it, apply it to new text.",
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_options)
    for command in (
        check,
        encode,
        corpus,
        fit,
        transform,
        evaluate,
        topics,
        show,
        search,
        docs,
        report,
        serve,
        sweep,
        tune,
        benchmark,
        compare,
        contrast,
        drift,
        effects,
        corpora,
        doctor,
    ):
        program.command(cls=Command)(command)
    for edit in (merge, split, rename, hide, order, calibrate, undo, edits):
        program.command(cls=Command, rich_help_panel=EDITS)(edit)
    return program


def _show_version(requested: bool) -> None:
    if requested:
        print(f"topicml {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="Read and open what the folder of a run or model names outside it: documents, spaCy pipelines.",
        ),
    ] = False,
    import_: Annotated[
        list[str] | None,
        typer.Option(
            "--import", metavar="MODULE", help="Import a module that registers models; before the command; repeatable."
        ),
    ] = None,
) -> None:
    """Declare the options of the program; main() handles --debug."""
    trust_folders(trust)
    import_modules(import_ or ())


def _check_current_folder() -> None:
    """Refuse to work in a folder that was removed: libraries end the process without a word there."""
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd is the same
    except FileNotFoundError as error:
        raise InputError("The current folder does not exist any more. Change to another one: cd.") from error


def _show_error(error: BaseException, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
        return
    message = in_options(str(error)) if isinstance(error, InputError) else system_errors.in_words(error) or str(error)
    printing.note(f"Error: {message}")


def _show_warnings(*, debug: bool) -> None:
    """Print each `TopicWarning` in one line and once; warnings of libraries only with --debug."""
    if debug:
        return

    printed: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        text = in_options(str(message))
        if text not in printed:  # two models of a command may warn of the same
            printed.add(text)
            printing.note(f"Warning: {text}")

    warnings.simplefilter("ignore")
    warnings.simplefilter("always", TopicWarning)
    warnings.showwarning = show


class _Formatter(logging.Formatter):
    """Log entries name files, which may have any characters."""

    def format(self, record: logging.LogRecord) -> str:
        return shown(printing.in_words(super().format(record)))


@contextmanager
def _logging(*, quiet: bool) -> Iterator[None]:
    """Print log entries of topicml, such as the choice of the text column, to stderr."""
    log, handler = logging.getLogger("topicml"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    before = log.level
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
