"""SupReMix: mixtures of documents as hard negatives and, with a field of numbers, as positives."""

import torch
from torch import Tensor
from torch.distributions import Beta

from topicml.checks import check_choice, require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, pairwise_logits, unit, zero_loss
from topicml.objectives.objective import Loss, not_prepared
from topicml.objectives.views import View
from topicml.objectives.views.building import batch_of_words
from topicml.objectives.views.fields import field_of, numbers_of

SPACES = ("vectors", "counts")


class Mixup(Contrast):
    """Contrast with mixtures of documents: of their topic vectors, or of their words.

    ``space="vectors"`` adds mixtures of the anchor with views u of other documents to `NTXent`'s negatives:
    ``v = lam a_v + (1 - lam) u`` with ``lam ~ Beta(mix, 10 - mix)``. They are more similar to the anchor than any
    document:
    ``-mean_v log(e(s_vv') / (e(s_vv') + sum_u w_vu e(s_vu) + sum_m w_vm e(cos(a_v, v_m))))``, ``e(s) = exp(s / tau)``.
    All weights w are 1 without a `field`. With a `field` of numbers y, they are ``1 + |y_v - y_u| / std(y)``, so that
    documents of distant values repel each other most. In addition, a mixture of a document of lower and one of higher
    y, in the proportion whose mean is y_v, is a second positive of v; the losses of both positives are averaged.
    Mixtures carry no gradient.

    ``space="counts"`` mixes the words of two documents, ``x = lam x_i / n_i + (1 - lam) x_j / n_j`` at their mixed
    length, and the mixture should be identified as both documents: ``-mean_i (lam log p_ii + (1 - lam) log p_ij)``,
    where p_i is the softmax of the mixture's cosines with all views, divided by tau.

    - Inputs: any documents; with `field`, a corpus with that field.
    - Cost: a pass of the encoder per view, and one more in count space; n_docs * mixtures cosines in vector space.
    - When to use: if the loss with ordinary negatives falls to its minimum within a few steps.
    - Relations: `InstanceWeighted` makes hard negatives from noise; `KernelConditional` uses a field of numbers to
      select negatives.

    Parameters
    ----------
    space : {"vectors", "counts"}
        What to mix.
    mixtures : int
        Mixtures per anchor in vector space, at least 1.
    mix : float
        First parameter of lam's Beta distribution, in (0, 10); 2 gives the anchor a share of 1/5 on average.
    field : str, optional
        Field of numbers, times or ratings, for vector space. Documents without a value have weight 1.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.07.

    Raises
    ------
    InputError
        If an argument is out of range or unknown, or `field` is given for count space; in `prepare`, if the corpus does
        not have the field.

    References
    ----------
    Wu et al., Mixup your own pairs: supervised contrastive learning for regression with mixtures, 2023. Here one
    logsumexp runs over all logits; the authors' code shifts mixtures and documents separately. Count space follows Kim
    et al., MixCo, 2020.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import Mixup
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=Mixup(space="counts"), max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus).history_[0]
    True
    """

    def __init__(
        self,
        *,
        space: str = "vectors",
        mixtures: int = 16,
        mix: float = 2.0,
        field: str | None = None,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.space, self.mixtures, self.mix, self.field = space, mixtures, mix, field
        self._values: Tensor | None = None  # (n_docs of the corpus,), in standard deviations
        check_choice(space, SPACES, "space")
        require(mixtures >= 1, "mixtures", mixtures, "at least 1")
        require(0 < mix < 10, "mix", mix, "above 0 and below 10")
        if field is not None and space == "counts":
            raise InputError(
                f"field={field!r} needs space='vectors'; received space='counts'. Pass space='vectors', or no field."
            )

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Read the field; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        if self.field is not None:
            values = torch.from_numpy(numbers_of(field_of(documents, self.field, "Mixup"), self.field, "Mixup"))
            spread = values[values.isfinite()].std(correction=0)
            self._values = (values / torch.where(spread > 0, spread, 1.0)).float()

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self.space == "vectors" or len(batch) < 2:
            return super().forward(batch, posterior, network, progress)
        share = self._draw_shares((len(batch),), batch.counts)
        partner = torch.roll(torch.arange(len(batch), device=batch.rows.device), int(torch.randint(1, len(batch), ())))
        mixed = network.encode_view(mixed_documents(batch, partner, share))
        _, second = self._pair(posterior, self._positives_of(batch, posterior, network), network)
        vectors = self._vector_of(mixed), self._vector_of(second)
        return Loss(count_space_loss(*vectors, partner, share, temperature=self.temperature))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of topic vectors in vector space; see `Contrast.loss`."""
        n_docs = len(anchor)
        if n_docs < 2:
            return zero_loss(anchor, positive)
        positive_logits, negative_logits = pairwise_logits(anchor, positive, self.temperature)
        views = torch.cat([anchor, positive])
        fixed = unit(views.detach())
        values = self._values_of(batch)
        # Partners are views of other documents, each with the same probability.
        step = torch.randint(1, n_docs, (2 * n_docs, self.mixtures), device="cpu").to(anchor.device)
        position = torch.arange(2 * n_docs, device=anchor.device).unsqueeze(1)
        partner = (position + step) % n_docs
        partner = partner + n_docs * torch.randint(0, 2, partner.shape, device="cpu").to(anchor.device)
        share = self._draw_shares(tuple(partner.shape), anchor).unsqueeze(-1)
        mixed = unit(share * fixed.unsqueeze(1) + (1 - share) * fixed[partner])  # (2 n_docs, mixtures, n_topics)
        mixed_logits = (unit(views).unsqueeze(1) * mixed).sum(dim=-1) / self.temperature
        if values is not None:
            mixed_values = share.squeeze(-1) * values.unsqueeze(1) + (1 - share.squeeze(-1)) * values[partner]
            negative_logits = negative_logits + _log_weights(values.unsqueeze(1) - values)
            mixed_logits = mixed_logits + _log_weights(values.unsqueeze(1) - mixed_values)
        negative_logits = torch.cat([negative_logits, mixed_logits], dim=-1)
        loss = cross_entropy(positive_logits, negative_logits)
        if values is not None:
            between, exists = _between(fixed, values)
            second_logits = (unit(views) * between).sum(dim=-1) / self.temperature
            loss = torch.where(exists, (loss + cross_entropy(second_logits, negative_logits)) / 2, loss)
        return loss.mean()

    def _draw_shares(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Draw shares lam of the anchors from Beta(mix, 10 - mix)."""
        return Beta(self.mix, 10 - self.mix).sample(shape).to(like)

    def _values_of(self, batch: Batch) -> Tensor | None:
        """Field values of both views of the batch's documents, (2 n_docs,)."""
        if self.field is None:
            return None
        if self._values is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        self._values = self._values.to(batch.rows.device)
        return self._values[batch.rows].repeat(2)


def count_space_loss(mixed: Tensor, positive: Tensor, partner: Tensor, share: Tensor, *, temperature: float) -> Tensor:
    """Compute the loss in count space.

    Parameters
    ----------
    mixed : Tensor, (n_docs, n_topics)
        Topic vectors of the mixtures of document i and document ``partner[i]``.
    positive : Tensor, (n_docs, n_topics)
        Topic vectors of the documents' views.
    partner : Tensor, int64, (n_docs,)
        Positions of the second documents.
    share : Tensor, (n_docs,)
        Shares of the first documents.
    temperature : float
        Divides the cosines.

    Returns
    -------
    Tensor
        The loss, a scalar: the mean over documents.
    """
    logits = cosines(mixed, positive) / temperature
    log_p = logits.log_softmax(dim=-1)
    position = torch.arange(len(logits), device=logits.device)
    return -(share * log_p[position, position] + (1 - share) * log_p[position, partner]).mean()


def mixed_documents(batch: Batch, partner: Tensor, share: Tensor) -> Batch:
    """Mix the words of pairs of documents.

    Parameters
    ----------
    batch : Batch
        Documents.
    partner : Tensor, int64, (n_docs,)
        A permutation: the second document of each pair.
    share : Tensor, (n_docs,)
        Share of the first document of each pair.

    Returns
    -------
    Batch
        Mixtures of the relative frequencies, times the mixed length.
    """
    first = torch.empty_like(partner)
    first[partner] = torch.arange(len(partner), device=partner.device)  # the inverse permutation
    length = share * batch.lengths + (1 - share) * batch.lengths[partner]
    relative = batch.counts / batch.lengths.clamp_min(1e-12)[batch.documents]
    mixture = first[batch.documents]  # the mixture in which each entry's document is the second
    return batch_of_words(
        batch,
        torch.cat([batch.documents, mixture]),
        batch.word_ids.repeat(2),
        torch.cat([(share * length)[batch.documents] * relative, ((1 - share) * length)[mixture] * relative]),
    )


def _log_weights(difference: Tensor) -> Tensor:
    """``log(1 + |difference|)``; 0 for NaN."""
    return torch.log1p(difference.abs()).nan_to_num(nan=0.0)


def _between(vectors: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Mix, for each vector, one of lower and one of higher value in the proportion whose mean is its own value.

    Returns the mixtures (n, n_topics), of unit length, and whether both vectors exist, (n,).
    """
    below, above = values < values.unsqueeze(1), values > values.unsqueeze(1)
    exists = below.any(dim=1) & above.any(dim=1)
    uniform = torch.rand(2, len(values), len(values), device="cpu").to(vectors)
    low = uniform[0].masked_fill(~below, -1.0).argmax(dim=1)
    high = uniform[1].masked_fill(~above, -1.0).argmax(dim=1)
    share = (values[high] - values) / torch.where(exists, values[high] - values[low], 1.0)
    share = torch.where(exists, share, 0.0).unsqueeze(1)
    return unit(share * vectors[low] + (1 - share) * vectors[high]), exists
