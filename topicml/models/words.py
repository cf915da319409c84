"""The words of the topics of a fitted model, and their ranking."""

from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from topicml.errors import InputError, MissingExtraError
from topicml.models.ranking import WordRanking, ranking_from
from topicml.models.tree import TreeOfTopics, words_of_cut


class WordsOfTopics(TreeOfTopics):
    """Mixin of `topicml.models.TopicModel`: `topics`, `topics_frame` and `rank_words`, and those of the tree."""

    ranking: Any = "smoothed"
    components_: np.ndarray
    vocabulary_: tuple[str, ...] | None
    n_features_in_: int
    _word_vectors: np.ndarray | None
    _documents_led: np.ndarray | None = None
    _ranking: WordRanking

    def topics(self, n: int = 10, *, cut: int | None = None) -> list[list[str]]:
        """Return the `n` most probable words of each topic.

        Parameters
        ----------
        n : int
            Words per topic.
        cut : int, optional
            Number of topics into which the learned tree is cut (see `cut`): their words are those that their children
            share. By default the topics of the model.

        Returns
        -------
        list of list of str
            Best first.

        Raises
        ------
        InputError
            If `n` is less than 1 or more than the number of words, or the tree has no such cut.
        """
        check_is_fitted(self, "components_")
        if not 1 <= n <= self.n_features_in_:
            raise InputError(
                f"n must be at least 1 and at most {self.n_features_in_}, the number of words; received {n}."
            )
        names = self.vocabulary_ or tuple(f"x{i}" for i in range(self.n_features_in_))
        ids = self._top_ids(n) if cut is None else _first(self._components_of(cut), n)
        return [[names[i] for i in row] for row in ids]

    def topics_frame(self, n: int = 10) -> Any:
        """Return the `n` most probable words of each topic as a pandas data frame.

        Parameters
        ----------
        n : int
            Words per topic.

        Returns
        -------
        pandas.DataFrame
            Columns topic, rank, word, probability.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("topics_frame needs pandas: pip install 'topicml[frames]'.") from error
        words = self.topics(n)
        ids = self._top_ids(n)
        return pd.DataFrame(
            {
                "topic": np.repeat(np.arange(len(words)), n),
                "rank": np.tile(np.arange(1, n + 1), len(words)),
                "word": [word for topic in words for word in topic],
                "probability": np.take_along_axis(self.components_, ids, axis=1).ravel(),
            }
        )

    @torch.no_grad()
    def rank_words(self, ranking: Any = None) -> Self:
        """Rank the words of the topics again, without training: set `components_`.

        Parameters
        ----------
        ranking : str, float or WordRanking, optional
            The new ranking; by default the parameter `ranking`.

        Returns
        -------
        TopicModel
            The model itself.

        Raises
        ------
        InputError
            If the ranking is unknown, or needs what the model does not have: word vectors, if it was fitted without
            smoothing, or the documents that each topic leads, if it was fitted by an earlier version.
        """
        check_is_fitted(self, "network_")
        self._rank(ranking_from(self.ranking if ranking is None else ranking))
        if ranking is not None:
            self.ranking = ranking
        return self

    @torch.no_grad()
    def _rank(self, ranking: WordRanking) -> None:
        """Set `components_`; `ranking` stays that of the fitted topics when the parameter is set."""
        if ranking.smoothing and self._word_vectors is None:
            raise InputError(
                f"{ranking!r} smooths over word vectors, which this model does not have: it was fitted with "
                "smoothing=0 or by an earlier version. Fit again, or choose WordRanking(smoothing=0)."
            )
        if ranking.documents and self._documents_led is None:
            raise InputError(
                f"{ranking!r} counts the documents that each topic leads, which this model does not have: it was "
                "fitted by an earlier version. Fit again, or choose WordRanking(documents=0)."
            )
        topics = self.network_.topic_word().double().cpu().numpy()
        self.components_ = ranking(topics, self._word_vectors, self._documents_led)
        self._ranking = ranking

    def _ranking_to_save(self) -> Any:
        """The parameter `ranking` with which a loaded model has the same topics."""
        plain = isinstance(self.ranking, str | int | float) or type(self.ranking) is WordRanking
        if plain and ranking_from(self.ranking).settings() == self._ranking.settings():
            return self.ranking
        return WordRanking(**self._ranking.settings())

    def _top_ids(self, n: int) -> np.ndarray:
        return _first(self.components_, n)

    @torch.no_grad()
    def _components_of(self, cut: int) -> np.ndarray:
        """Weights of the words of the nodes of a cut, (cut, n_words); rows sum to 1."""
        nodes = self.cut(cut)
        if len(nodes) == cut:
            return self.components_
        topics = self.network_.topic_word().double().cpu().numpy()
        return words_of_cut(topics, nodes, self._ranking, self._word_vectors, self._documents_led)


def _first(components: np.ndarray, n: int) -> np.ndarray:
    """Ids of the `n` words of each row with the largest weights, (n_rows, n)."""
    return np.argsort(-components, axis=1, kind="stable")[:, :n]
