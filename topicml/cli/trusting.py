"""Open a run or a saved model that may come from another user."""

from pathlib import Path

from topicml.runs import OpenRun, open_run

_trusts: list[bool] = [False]


def trust_folders(trust: bool) -> None:
    """Set whether what a folder names outside itself is read and opened: the option --trust of the program."""
    _trusts[0] = trust


def trusted() -> bool:
    """Whether the user trusts what a folder names outside itself."""
    return _trusts[0]


def open_folder(folder: Path, *, source: str | None = None) -> OpenRun:
    """Open a run or a saved model; --trust decides whether files outside the folder are opened.

    Parameters
    ----------
    folder : Path
        What `topicml fit --out` wrote, or a saved model.
    source : str, optional
        Where the documents of the fit are now, if not where ``run.json`` says.

    Returns
    -------
    OpenRun
        See `topicml.open_run` for the errors.
    """
    return open_run(folder, source=source, trust=_trusts[0])
