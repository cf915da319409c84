"""Topics over time and by class, with the names of BERTopic."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.errors import InputError
from topicml.explore.frames import frame_of

_N_WORDS = 5


class Courses:
    """Mixin of `LikeBERTopic`: `topics_over_time` and `topics_per_class`, with the words of each slice."""

    view: Any

    def topics_over_time(
        self,
        docs: Sequence[str],
        timestamps: Sequence[Any],
        topics: Sequence[int] | None = None,
        nr_bins: int | None = None,
        datetime_format: str | None = None,
        evolution_tuning: bool = True,
        global_tuning: bool = True,
    ) -> Any:
        """Words and number of documents of each topic at each time.

        Parameters
        ----------
        docs : sequence of str
            The documents of the view.
        timestamps : sequence of str, int or times
            A time for each document.
        topics : sequence of int, optional
            A topic for each document; by default its leading topic.
        nr_bins : int, optional
            Number of bins of equal width; a bin is named by its start. By default each distinct time is a bin.
        datetime_format : str, optional
            Format of times that are text, such as ``%d/%m/%Y``.
        evolution_tuning : bool
            Whether to average the words of a topic with those of the time before.
        global_tuning : bool
            Whether to average the words of a topic with its words over all times.

        Returns
        -------
        table : DataFrame
            Topic, Words, Frequency (number of documents), Timestamp.

        Raises
        ------
        InputError
            If documents, times and topics differ in number, or a time cannot be read.
        """
        import pandas as pd

        self.check_docs(docs)
        if len(timestamps) != len(docs):
            raise InputError(f"{len(timestamps)} timestamps were given for {len(docs)} documents.")
        values = pd.Series(list(timestamps))
        if not pd.api.types.is_numeric_dtype(values):
            try:
                values = pd.to_datetime(values, format=datetime_format)
            except (ValueError, TypeError) as error:
                raise InputError(f"timestamps cannot be read as times: {str(error).splitlines()[0]}") from error
        if nr_bins is not None:
            values = pd.cut(values, bins=nr_bins).map(lambda bin: bin.left).astype(values.dtype)
        times = sorted(values.dropna().unique())
        slices = [(time, (values == time).to_numpy()) for time in times]
        return self._table(slices, topics, "Timestamp", evolution=evolution_tuning, tuned=global_tuning)

    def topics_per_class(self, docs: Sequence[str], classes: Sequence[Any], global_tuning: bool = True) -> Any:
        """Words and number of documents of each topic in each class.

        Parameters
        ----------
        docs : sequence of str
            The documents of the view.
        classes : sequence
            A class for each document.
        global_tuning : bool
            Whether to average the words of a topic with its words over all classes.

        Returns
        -------
        table : DataFrame
            Topic, Words, Frequency (number of documents), Class.

        Raises
        ------
        InputError
            If documents and classes differ in number.
        """
        self.check_docs(docs)
        if len(classes) != len(docs):
            raise InputError(f"{len(classes)} classes were given for {len(docs)} documents.")
        values = np.array(["" if value is None else str(value) for value in classes], dtype=object)
        slices = [(name, values == name) for name in sorted(set(values) - {""})]
        return self._table(slices, None, "Class", evolution=False, tuned=global_tuning)

    def check_docs(self, docs: Sequence[str]) -> None:
        """Raise `InputError` if `docs` and the view do not have the same number of documents."""
        self.view.require_documents("This method")
        if isinstance(docs, str) or len(docs) != len(self.view.theta):
            n_docs = "one text" if isinstance(docs, str) else f"{len(docs):,} documents"
            raise InputError(
                f"docs must be the {len(self.view.theta):,} documents of the view; received {n_docs}. Make a view of "
                "other documents: TopicView.of(model, docs)."
            )

    def refuse(self, **arguments: tuple[Any, Any]) -> None:
        """Raise `InputError` for unsupported arguments (value, default) that do not have their default."""
        for name, (value, default) in arguments.items():
            if value is not default and value != default:
                raise InputError(f"{name}={value!r} is not supported by topicml. Leave it out.")

    def _table(
        self,
        slices: list[tuple[Any, np.ndarray]],
        topics: Sequence[int] | None,
        name: str,
        *,
        evolution: bool,
        tuned: bool,
    ) -> Any:
        view = self.view
        leading = view.leading(view.theta) if topics is None else np.asarray(topics)
        if len(leading) != len(view.theta):
            raise InputError(f"{len(leading)} topics were given for {len(view.theta)} documents.")
        columns: dict[str, list[Any]] = {"Topic": [], "Words": [], "Frequency": [], name: []}
        before: dict[int, np.ndarray] = {}
        overall = {k: self._scores(view.has_words & (leading == k)) for k in view.shown}
        for key, mask in slices:
            for k in view.shown:
                rows = mask & view.has_words & (leading == k)
                if not rows.any():
                    continue
                scores = self._scores(rows)
                if tuned:
                    scores = (scores + overall[k]) / 2
                if evolution and k in before:
                    scores = (scores + before[k]) / 2
                before[k] = scores
                best = np.argsort(-scores, kind="stable")[:_N_WORDS]
                columns["Topic"].append(k)
                columns["Words"].append(", ".join(view.vocabulary[i] for i in best if scores[i] > 0))
                columns["Frequency"].append(int(rows.sum()))
                columns[name].append(key)
        return frame_of(columns)

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        """c-TF-IDF of the words of some documents, (n_words,)."""
        counts: csr_matrix = self.view.counts
        frequency = np.asarray(counts[rows].sum(axis=0), dtype=np.float64).ravel()
        total = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
        weight = np.log1p(total.sum() / max(len(self.view.shown), 1) / np.maximum(total, 1))
        scores: np.ndarray = frequency / max(frequency.sum(), 1) * weight
        return scores
