"""A new slice of time: the topics of the last slice are the prior of the next."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import vstack

from topicml.corpus.documents import Documents
from topicml.corpus.slices import Slices
from topicml.models.composition import Composition, count_present, embeddings_of
from topicml.models.covariates import covariates_of
from topicml.nn.document_vectors import reading
from topicml.training import choose_device, deterministic

if TYPE_CHECKING:
    from topicml.models.topic_model import TopicModel


def new_slices(model: "TopicModel", documents: Documents) -> Slices | None:
    """The slices of a model with those that documents begin; None if they begin none.

    Parameters
    ----------
    model : TopicModel
        Trained.
    documents : Documents
        New documents.

    Returns
    -------
    Slices or None
    """
    slices = model.groups_
    if not isinstance(slices, Slices) or documents.corpus is None or slices.field not in documents.corpus.fields:
        return None
    positions, is_known = slices.positions(documents.corpus)
    is_read = is_known[documents.not_empty]
    last = int(positions[documents.not_empty][is_read].max()) if is_read.any() else -1
    return slices.until(last) if last >= slices.n else None


def add_slices(model: "TopicModel", documents: Documents, slices: Slices) -> None:
    """Learn the topics of new slices from their documents; all else of the network stays what it is.

    Parameters
    ----------
    model : TopicModel
        Trained; changed in place.
    documents : Documents
        Documents of the new slices. Those of earlier slices are not read.
    slices : Slices
        With the new ones.

    References
    ----------
    Bamler & Mandt, Dynamic word embeddings, ICML 2017 (skip-gram filtering).
    """
    parts, seed, network, before = model._fitted().composition(), model._seed(), model.network_, model.groups_
    assert isinstance(before, Slices) and network.deviations is not None
    positions = slices.codes(documents.corpus) if documents.corpus is not None else np.zeros(0)
    rows = documents.not_empty[positions[documents.not_empty] >= before.n]
    documents = replace(documents, rows=rows, covariates=covariates_of(model.model_matrix_, slices, documents))
    sampler, epochs = parts.sampler(documents, rows, seed=seed), parts.training.epochs(len(rows))
    model.__dict__.pop("_trainer", None)  # its optimizer has the old weights
    handles = network.deviations.grow(slices.n)
    count_present(network.deviations, documents)
    device = choose_device(parts.training.device)
    network.to(device).eval()
    learned = {id(value) for name, value in network.deviations.named_parameters() if name != "share_of_posterior"}
    fixed = [value for value in network.parameters() if id(value) not in learned and value.requires_grad]
    for value in fixed:
        value.requires_grad_(False)
    try:
        step = _without_contrasts(parts).step(network, documents, parts.training, seed=seed, device=device)
        with reading(embeddings_of(documents)), deterministic(device):
            for number in range(epochs * len(sampler)):
                batch = sampler.batch(*divmod(number, len(sampler))).to(device)
                step(batch, number, number / (epochs * len(sampler)))
    finally:
        for value in fixed:
            value.requires_grad_(True)
        for handle in handles:
            handle.remove()
    model.groups_ = slices
    earlier, new = model._led_by_group, parts.led_by_group(network, documents)
    if earlier is not None and new is not None:
        model._led_by_group = vstack([earlier, new[earlier.shape[0] :]], format="csr")


def _without_contrasts(parts: Composition) -> Composition:
    """The parts without what is balanced against the bound: it trains the encoder, which stays what it is."""
    story = type(parts.story)(**{**parts.story.settings(), "response": None})
    return replace(parts, story=story, contrast=None)
