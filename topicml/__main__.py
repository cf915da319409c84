"""``python -m topicml`` is ``topicml``."""

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
    run()


if __name__ == "__main__":
    main()
