"""Save the steps of a view with its model."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from topicml.edits import LABELS, write_edits, write_labels
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
    path = write_edits(target, stored)
    if (target.parent / "run.json").is_file() and target.name == "model":
        words = [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(_N_WORDS)]
        write_labels(target.parent / LABELS, view.given_labels, words)
    model.edits_ = stored  # so that new views of this object have them, as those of the loaded model
    return path


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
