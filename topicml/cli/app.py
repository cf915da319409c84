"""The `topicml` program: its commands, its exit codes, and how errors are told."""

import errno
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
from topicml.cli.benchmark import benchmark
from topicml.cli.compare import compare
from topicml.cli.corpora import corpora
from topicml.cli.docs import docs
from topicml.cli.doctor import doctor
from topicml.cli.evaluate import evaluate
from topicml.cli.fit import fit
from topicml.cli.report import report
from topicml.cli.search import search
from topicml.cli.serve import serve
from topicml.cli.show import show
from topicml.cli.sweep import sweep
from topicml.cli.topics import topics
from topicml.cli.transform import transform
from topicml.cli.tune import tune
from topicml.errors import InputError, MissingExtraError, TopicWarning

WRONG_INPUT = 2
FAILED = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells have it

# A path that the user gave and that cannot be used; any other OSError (disk full, say) is no fault of the input.
_WRONG_PATH = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0, 2 for wrong input, 130 when interrupted, 1 otherwise."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    try:
        with warnings.catch_warnings(), _told_log(quiet=not {"-q", "--quiet"}.isdisjoint(arguments)):
            _tell_warnings(debug=debug)
            # --debug may stand anywhere: Typer wants an option of the program before the command.
            _program()(["--debug"] * debug + [each for each in arguments if each != "--debug"], prog_name="topicml")
    except BrokenPipeError:
        # The reader (head, less) has had enough. What is still buffered goes nowhere, so that exiting says nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (InputError, MissingExtraError, *_WRONG_PATH) as error:
        _tell(error, debug=debug)
        sys.exit(WRONG_INPUT)
    except Exception as error:
        # A full disk and its like are no bug: no traceback. safetensors has its own error for them.
        if not isinstance(error, OSError) and type(error).__name__ != "SafetensorError":
            raise
        _tell(error, debug=debug)
        sys.exit(FAILED)


def _program() -> typer.Typer:
    # Boxes are for people: a pipe gets plain text.
    program = typer.Typer(
        help="Topics from text: fit a topic model, look at it, score it, use it on new text.",
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_options)
    for command in (
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
        corpora,
        doctor,
    ):
        program.command()(command)
    return program


def _show_version(asked: bool) -> None:
    if asked:
        print(f"topicml {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    """Take the options of the program; main() has seen to --debug."""


def _tell(error: BaseException, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
        return
    message = str(error)
    if isinstance(error, OSError) and error.filename is not None:
        message = f"{error.filename}: {error.strerror}"
    elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
        message = "The disk is full."
    print(f"Error: {message}", file=sys.stderr)


def _tell_warnings(*, debug: bool) -> None:
    """Show what the user can act on, in one line each; warnings of libraries only to who debugs."""
    if debug:
        return

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        print(f"Warning: {message}", file=sys.stderr)

    warnings.simplefilter("ignore")
    warnings.simplefilter("always", TopicWarning)
    warnings.showwarning = show


@contextmanager
def _told_log(*, quiet: bool) -> Iterator[None]:
    """Show what topicml logs, such as the column that it took for the text."""
    log, handler = logging.getLogger("topicml"), logging.StreamHandler(sys.stderr)
    before = log.level
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
