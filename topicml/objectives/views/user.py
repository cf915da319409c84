"""Views that the user brings."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views.base import View
from topicml.objectives.views.building import batch_of_words


class UserViews(View):
    """Other texts of the same documents, given to ``fit(corpus, views=[...])``: paraphrases, summaries, translations.

    Of several, each document takes one at random in every step; a document whose view is empty takes itself.
    """

    def __init__(self) -> None:
        self._views: tuple[csr_matrix, ...] = ()

    def prepare(self, documents: Documents) -> None:
        """Keep the user's views."""
        counts, views = documents.counts, documents.views
        if not len(views):
            raise InputError(
                "The view 'user' needs views of the documents, and none were given: fit(..., views=[...])."
            )
        for number, view in enumerate(views, start=1):
            if view.shape != counts.shape:
                raise InputError(
                    f"View {number} has {view.shape[0]} rows and {view.shape[1]} words; the documents have "
                    f"{counts.shape[0]} and {counts.shape[1]}. Row i of a view must be another text of document i."
                )
        self._views = views

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """A view of each document."""
        if not self._views:
            raise InputError("UserViews has not seen the user's views. Call its prepare(documents) first.")
        rows = batch.rows.cpu().numpy()
        choice = torch.randint(len(self._views), (len(rows),)).numpy()
        documents, words, counts = [], [], []
        for number, view in enumerate(self._views):
            chosen = np.flatnonzero(choice == number)
            part = Batch.from_counts(view, rows[chosen])
            documents.append(torch.from_numpy(chosen)[part.documents])
            words.append(part.word_ids)
            counts.append(part.counts)
        device = batch.counts.device
        entries = (torch.cat(documents).to(device), torch.cat(words).to(device), torch.cat(counts).to(device))
        return (batch_of_words(batch, *entries),)
