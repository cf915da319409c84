"""``python -m topicml`` is ``topicml``."""

import os
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and exit; Ctrl-C ends it without a traceback, also while its modules are imported."""
    if "--debug" not in sys.argv:  # what libraries cannot clean up after an error, which is told
        sys.unraisablehook = lambda _: None
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    from topicml.cli import main as run

    with suppress(ValueError):
        signal.signal(signal.SIGINT, before)
    try:
        run()
    except SystemExit as end:
        if "TORCHELASTIC_RUN_ID" in os.environ:
            _end_at_once(end)
        raise


def _end_at_once(end: SystemExit) -> None:
    """End a process of ``torchrun`` without taking the interpreter apart.

    A thread of gloo that needs the interpreter at that moment aborts the process, about one of 24 on a loaded machine,
    and ``torchrun`` then kills the others, which are still writing (https://github.com/pytorch/pytorch/pull/179291).
    """
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


if __name__ == "__main__":
    main()
