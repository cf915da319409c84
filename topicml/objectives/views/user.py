"""Views that the user passes to `fit`."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import not_prepared
from topicml.objectives.views.base import View
from topicml.objectives.views.building import batch_of_words


class UserViews(View):
    """Other texts of the same documents, from ``fit(corpus, views=[...])``: paraphrases, summaries, translations.

    With several views, the view draws one for each document at each step. A document whose text is empty is its own
    positive.

    - Inputs: the argument `views` of `fit`; row i of each view is another text of document i.
    - Cost: none beyond the encoder's pass.
    - When to use: if you have better positives than this package can make, for example from a language model.
    - Relations: contrasts given by name use this view automatically if `fit` receives `views`. `TopicSemantic` uses
      all of the user's views at each step instead of one.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog"], ["tax", "bank"], ["pet", "cat"], ["bank", "loan"]] * 4)
    >>> other = topicml.Corpus.from_tokens([["pet", "cat"], ["bank", "loan"], ["dog", "cat"], ["tax", "loan"]] * 4)
    >>> contrast = topicml.SetContrast(view="user")
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus, views=[other]).history_[0]
    True
    """

    def __init__(self) -> None:
        self._views: tuple[csr_matrix, ...] = ()

    def prepare(self, documents: Documents) -> None:
        """Keep the user's views; see `View.prepare`."""
        counts, views = documents.counts, documents.views
        if not len(views):
            raise InputError(
                "The view 'user' needs views of the documents, but fit received no views: fit(..., views=[...])."
            )
        for number, view in enumerate(views, start=1):
            if view.shape != counts.shape:
                raise InputError(
                    f"View {number} has {view.shape[0]} rows and {view.shape[1]} words; the documents have "
                    f"{counts.shape[0]} and {counts.shape[1]}. Row i of a view must be another text of document i."
                )
        self._views = views

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """Draw one of the user's views for each document."""
        if not self._views:
            raise not_prepared(self)
        rows = batch.rows.cpu().numpy()
        choice = torch.randint(len(self._views), (len(rows),)).numpy()
        documents, words, counts = [], [], []
        for number, view in enumerate(self._views):
            positions = np.flatnonzero(choice == number)
            part = Batch.from_counts(view, rows[positions])
            documents.append(torch.from_numpy(positions)[part.documents])
            words.append(part.word_ids)
            counts.append(part.counts)
        device = batch.counts.device
        entries = (torch.cat(documents).to(device), torch.cat(words).to(device), torch.cat(counts).to(device))
        return (batch_of_words(batch, *entries),)
