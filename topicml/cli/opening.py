"""What a folder on the command line holds: the output of ``topicml fit``, or a model saved from Python."""

from pathlib import Path
from typing import TYPE_CHECKING

from topicml.cli.run import partial_of, resume_command
from topicml.errors import InputError

if TYPE_CHECKING:
    from topicml.models import TopicModel


def open_model(folder: Path) -> "TopicModel":
    """Open the model of a run, or a model's own folder.

    Raises
    ------
    InputError
        If there is neither, or the model is damaged.
    """
    import topicml

    check_there(folder)
    return topicml.load(folder / "model" if (folder / "model").is_dir() else folder)


def check_there(folder: Path) -> None:
    """Raise `InputError` if there is no such folder, with a hint where its run is unfinished."""
    if folder.exists():
        return
    if folder.name and partial_of(folder).exists():
        raise InputError(f"The run of {folder} is not finished. To go on: {resume_command(folder)}")
    raise InputError(f"There is no folder {folder}. Give what `topicml fit --out` wrote, or a saved model.")
