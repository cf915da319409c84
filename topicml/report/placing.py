"""Texts on a map: none covers another, each at its anchor or near it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_CHARACTER, _LINE, _MARGIN = 0.6, 1.35, 5.0  # width and height of text per unit of type size; margin in user units
_MAX_TEXTS = 300


@dataclass(frozen=True)
class Text:
    """A text on a map: what it belongs to, the text, and its centre in user units."""

    topic: int
    text: str
    x: float
    y: float


def placed_texts(
    topics: Sequence[int],
    texts: Sequence[str],
    anchors: np.ndarray,
    reach: np.ndarray,
    size: float,
    width: float,
    height: float,
) -> list[Text]:
    """Place the texts of topics so that none covers another. Earlier texts are placed first.

    If there is no room for a text, the number of its topic is placed, or nothing if there is no room for the number.

    Parameters
    ----------
    topics : sequence of int
        The topics.
    texts : sequence of str
        The texts.
    anchors : ndarray, (n, 2)
        Preferred centres, in user units.
    reach : ndarray, (n,)
        Largest distance of each text from its anchor.
    size : float
        Size of the type in user units.
    width, height : float
        Size of the drawing; texts stay inside.

    Returns
    -------
    placed : list of Text
    """
    angles = np.arange(12) * math.pi / 6
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    centres, boxes, placed = np.zeros((0, 2)), np.zeros((0, 2)), []
    for i in range(min(len(anchors), _MAX_TEXTS)):
        others = np.delete(anchors, i, axis=0)
        for text in dict.fromkeys((texts[i], str(topics[i]))):
            box = np.array([_CHARACTER * size * len(text) + _MARGIN, _LINE * size])
            centre = None
            for share in (0.0, 0.25, 0.5, 0.75, 0.95):
                candidates = anchors[i] + share * reach[i] * (directions if share else np.zeros((1, 2)))
                candidates = np.clip(candidates, box / 2, np.maximum([width, height] - box / 2, box / 2))
                is_free = ~(np.abs(candidates[:, None] - centres) < (box + boxes) / 2).all(axis=2).any(axis=1)
                if is_free.any() and box[0] <= width:
                    # Among the free candidates, the one farthest from the anchors of all others.
                    clearance = np.linalg.norm(candidates[:, None] - others, axis=2).min(axis=1, initial=np.inf)
                    centre = candidates[np.where(is_free, clearance, -np.inf).argmax()]
                    break
            if centre is not None:
                centres, boxes = np.vstack([centres, centre]), np.vstack([boxes, box])
                placed.append(Text(topics[i], text, round(float(centre[0]), 1), round(float(centre[1]), 1)))
                break
    return placed
