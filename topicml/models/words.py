"""The words of the topics of a fitted model, and their ranking."""

from typing import Any, Self

import numpy as np
import torch
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from topicml.checks import require
from topicml.corpus.grouping import Grouping
from topicml.corpus.languages import word_blocks, word_of
from topicml.errors import InputError, MissingExtraError
from topicml.models.group_words import led_in_group
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
    _led_by_group: csr_matrix | None = None
    _ranking: WordRanking
    groups_: Grouping | None
    phrases_: tuple[tuple[str, ...], ...] | None = None

    @property
    def languages_(self) -> tuple[str, ...]:
        """The names of the languages of the fitted model; empty for a model without ``languages=True``."""
        check_is_fitted(self, "components_")
        return () if self.network_.word_blocks is None else tuple(word_blocks(self.vocabulary_))

    def topics(self, n: int = 10, *, cut: int | None = None, language: str | None = None) -> list[list[str]]:
        """Return the `n` most probable words of each topic.

        Parameters
        ----------
        n : int
            Words per topic.
        cut : int, optional
            Number of topics into which the learned tree is cut (see `cut`): their words are those that their children
            share. By default the topics of the model.
        language : str, optional
            The words of one language of a model of several (``languages=True``), without its name. By default those of
            all, such as ``de:gift``.

        Returns
        -------
        list of list of str
            Best first.

        Raises
        ------
        InputError
            If `n` is less than 1 or more than the number of words, the tree has no such cut, the model does not have
            the language, or both `cut` and `language` are given.
        """
        check_is_fitted(self, "components_")
        if language is not None and cut is not None:
            raise InputError("topics takes a cut or a language, not both. Leave one of them out.")
        if language is not None:
            return self._topics_in(language, n)
        if not 1 <= n <= self.n_features_in_:
            raise InputError(
                f"n must be at least 1 and at most {self.n_features_in_}, the number of words; received {n}."
            )
        names = self.vocabulary_ or tuple(f"x{i}" for i in range(self.n_features_in_))
        ids = self._top_ids(n) if cut is None else _first(self._components_of(cut), n)
        return [[names[i] for i in row] for row in ids]

    def topics_at(self, group: str | int, n: int = 10) -> list[list[str]]:
        """Return the first words of each topic in a slice of time, or in a level.

        They are ranked as those of `topics`, by the weights of the decoder in the group and by the documents of the
        group that each topic leads (`topicml.models.group_words.led_in_group`). Words that no document of the group has
        are left out.

        Parameters
        ----------
        group : str or int
            Name of the group (in ``groups_.names``, such as ``2012-05``), or its number.
        n : int
            Words per topic.

        Returns
        -------
        list of list of str
            Best first. Fewer than `n` if the documents of the group have fewer words.

        Raises
        ------
        InputError
            If the model was fitted without `time` and `content`, there is no such group, or `n` is less than 1.
        """
        require(n >= 1, "n", n, "at least 1")
        weights = self.components_at(group)
        names = self.vocabulary_ or tuple(f"x{i}" for i in range(self.n_features_in_))
        order = np.argsort(-weights, axis=1, kind="stable")[:, :n]
        return [[names[i] for i in row if of_topic[i] > 0] for row, of_topic in zip(order, weights, strict=True)]

    @torch.no_grad()
    def components_at(self, group: str | int) -> np.ndarray:
        """Return the weights by which `topics_at` ranks the words of topics in a group.

        Parameters
        ----------
        group : str or int
            As in `topics_at`.

        Returns
        -------
        ndarray, (n_topics, n_words)
            As `components_`; 0 for words that no document of the group has. In a slice without documents, all words are
            kept.

        Raises
        ------
        InputError
            As in `topics_at`.
        """
        check_is_fitted(self, "network_")
        deviations, groups = self.network_.deviations, self.groups_
        if deviations is None or groups is None:
            raise InputError("The topics of this model are the same in all documents. Fit it with time=… or content=….")
        if group in groups.names:
            number = groups.names.index(str(group))
        elif isinstance(group, int | np.integer) and -groups.n <= group < groups.n:
            number = int(group) % groups.n
        else:
            some = ", ".join(groups.names[:10]) + (f", … {groups.names[-1]}" if groups.n > 10 else "")
            raise InputError(f"There is no group {group!r} of {groups.field!r}; its groups are {some}.")
        moved = deviations.of_topics(number) if deviations.ordered else deviations.of(number)
        log_topics = np.log(np.maximum(self.network_.topic_word().double().cpu().numpy(), 1e-300))
        topics = softmax(log_topics + moved.double().cpu().numpy(), axis=1)
        present = deviations.present[number].cpu().numpy()
        led = self._led_in_group(number, present)
        found = self._ranking(topics, self._word_vectors, led, self.network_.word_blocks)
        if present.any():
            found = np.where(present > 0, found, 0)
        return found / found.sum(axis=1, keepdims=True)

    def _led_in_group(self, number: int, present: np.ndarray) -> np.ndarray | None:
        """The documents that each topic leads, as those of a group are; those of all groups if it has none."""
        led, by_group = self._documents_led, self._led_by_group
        if led is None or not present.any():
            return led
        rows = slice(number * len(led), (number + 1) * len(led))
        in_group = np.zeros(led.shape) if by_group is None else by_group[rows].toarray()
        return led_in_group(led, in_group, present, prior=self._ranking.group_prior)

    def _topics_in(self, language: str, n: int) -> list[list[str]]:
        if language not in self.languages_:
            names = ", ".join(self.languages_) or "none: fit with languages=True"
            raise InputError(f"The model has no language {language!r}; its languages: {names}.")
        words = (self.vocabulary_ or ())[block := word_blocks(self.vocabulary_)[language]]
        if not 1 <= n <= len(words):
            raise InputError(f"n must be at least 1 and at most {len(words)}, the number of words; received {n}.")
        ids = np.argsort(-self.components_[:, block], axis=1, kind="stable")[:, :n]
        return [[word_of(words[i]) for i in row] for row in ids]

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
        self.phrases_ = None  # those of other words
        self.components_ = ranking(topics, self._word_vectors, self._documents_led, self.network_.word_blocks)
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
