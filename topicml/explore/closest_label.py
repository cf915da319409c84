"""Labels of topics from a list: the closest one by a sentence encoder."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from topicml.corpus.encoders import named_encoder
from topicml.corpus.encoding import encode
from topicml.errors import InputError
from topicml.explore.labelling import TopicToLabel
from topicml.starting.mean_vectors import unit_rows


class ClosestLabel:
    """A function for `TopicView.label` that gives a topic the closest of some labels, by a sentence encoder.

    The words of the topic, and each of its representative documents, are encoded. The topic's vector is the mean of the
    vector of the words and the mean vector of the documents; the label with the highest cosine to it is taken. Several
    topics may get one label.

    Parameters
    ----------
    encoder : str, object with ``encode(texts)``, or function
        As in `Corpus.with_embeddings`: a name such as "minilm", a sentence encoder, or a function of a list of texts.
    labels : sequence of str, or mapping of str to str
        The labels; or each label with a description, which is encoded in its place.
    threshold : float
        Least cosine, in [-1, 1]. A topic that no label is so close to keeps its automatic label. By default every topic
        gets a label. Cosines differ between encoders, so look at `cosines` first.

    Raises
    ------
    InputError
        If there are no labels, labels or descriptions are empty or repeated, or `threshold` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from topicml.explore import ClosestLabel, TopicToLabel
    >>> def encode(texts):  # for the example: a number for each of two words
    ...     return np.array([[text.count("ball"), text.count("bank")] for text in texts], dtype=float) + 0.01
    >>> closest = ClosestLabel(encode, {"sport": "a ball game", "money": "the bank"})
    >>> closest(TopicToLabel(["bank", "loan"], topic=0, documents=["My bank is closed."], neighbours=[]))
    'money'
    """

    def __init__(self, encoder: Any, labels: Sequence[str] | Mapping[str, str], *, threshold: float = -1.0) -> None:
        described = dict(labels) if isinstance(labels, Mapping) else {}
        names = list(labels) if not isinstance(labels, str) else []
        texts = [described.get(name, name) for name in names]
        if not names or not all(isinstance(text, str) and text.strip() for text in (*names, *texts)):
            raise InputError(f"labels must be a list of labels, or labels with descriptions; received {labels!r:.80}.")
        if len(set(names)) < len(names):
            raise InputError(f"Each label can be given once; received {names!r:.80}.")
        if not -1 <= threshold <= 1:
            raise InputError(f"threshold is a cosine, in [-1, 1]; received {threshold!r}.")
        self.labels, self.threshold = tuple(names), threshold
        self._encoder = named_encoder(encoder) if isinstance(encoder, str) else encoder
        self._vectors = self._encoded(texts)

    def cosines(self, topic: TopicToLabel) -> np.ndarray:
        """Cosine of a topic with each label, in the order of the labels.

        Parameters
        ----------
        topic : TopicToLabel
            The words of the topic, and its documents if there are any.

        Returns
        -------
        ndarray, (n_labels,)
        """
        vectors = self._encoded([", ".join(topic), *topic.documents])
        parts = unit_rows(np.stack([vectors[0], vectors[1:].mean(axis=0) if len(vectors) > 1 else vectors[0]]))
        return np.asarray(self._vectors @ unit_rows(parts.mean(axis=0, keepdims=True))[0])

    def __call__(self, topic: TopicToLabel) -> str | None:
        """The closest label, or None if it is below the threshold."""
        cosines = self.cosines(topic)
        best = int(cosines.argmax())
        return self.labels[best] if cosines[best] >= self.threshold else None

    def _encoded(self, texts: list[str]) -> np.ndarray:
        return unit_rows(encode(texts, self._encoder)[:])
