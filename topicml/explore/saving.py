"""Save the steps of a view with its model."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from topicml.edits import changing_edits, read_edits, write_edits, write_run_edits
from topicml.errors import InputError
from topicml.models.storage import load

if TYPE_CHECKING:
    from topicml.explore.editing import EditableView

_N_WORDS = 10  # of each topic in labels.csv


def save_edits(view: "EditableView", folder: str | os.PathLike[str] | None) -> Path:
    """Write the steps of a view to the folder of its saved model.

    Parameters
    ----------
    view : TopicView
        The view.
    folder : path or None
        As in `TopicView.save`.

    Returns
    -------
    Path
        The file ``edits.json``.

    Raises
    ------
    InputError
        As `TopicView.save`.
    """
    model: Any = view.model
    known = getattr(model, "folder_", None)
    place = known if folder is None else folder
    if place is None:
        raise InputError(
            "The model was not loaded from a folder or saved to one, so it is not known where to save the edits. Pass "
            "the folder of its run or of the saved model, or a new one: view.save('model')."
        )
    target = Path(place)
    if (target / "run.json").is_file() and (target / "model").is_dir():
        target = target / "model"
    if not target.exists():
        if not hasattr(model, "save"):
            raise InputError(f"{type(model).__name__} has no method save, so its edits cannot be saved with it.")
        model.save(target)
    elif known is None or Path(known).resolve() != target.resolve():
        _check_same(model, target)
    stored = view.to_dict()
    n_topics = stored["n_topics"]
    with changing_edits(target):
        if known is not None and Path(known).resolve() == target.resolve():
            _check_unchanged(model, target, n_topics)
        if (target.parent / "run.json").is_file() and target.name == "model":
            words = [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(_N_WORDS)]
            path = write_run_edits(target, stored, view.given_labels, words)
        else:
            path = write_edits(target, stored)
        # New views of this object have the edits, as those of the loaded model.
        model.edits_ = read_edits(target, n_topics)
    return path


def _check_unchanged(model: Any, folder: Path, n_topics: int) -> None:
    """Raise `InputError` if the saved edits are not those that the model was loaded with, which would be lost."""
    if read_edits(folder, n_topics) != model.edits_:
        raise InputError(
            f"The edits of {folder} (or its labels.csv) have changed since this model was loaded, and would be lost. "
            "Load the model again, and repeat your edit."
        )


def _check_same(model: Any, folder: Path) -> None:
    there = load(folder, device="cpu")
    topics = _topics_of(there)
    ours = _topics_of(model) if hasattr(model, "network_") else None  # a model of another package has no network
    if ours is None or topics.shape != ours.shape or not np.allclose(topics, ours, atol=1e-6):
        raise InputError(
            f"{folder} holds another model than the one that was edited. Choose the folder of this model, or a new one."
        )


def _topics_of(model: Any) -> np.ndarray:
    """The word distributions of the decoder: those of `components_` change with the ranking of words."""
    with torch.no_grad():
        topics: np.ndarray = model.network_.topic_word().double().cpu().numpy()
    return topics
