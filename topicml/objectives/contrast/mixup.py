"""SupReMix: mixtures of documents as harder negatives and, by an ordinal field, as positives."""

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
from topicml.objectives.objective import Loss
from topicml.objectives.views import View
from topicml.objectives.views.building import batch_of_words
from topicml.objectives.views.fields import field_of, numbers_of

SPACES = ("vectors", "counts")


class Mixup(Contrast):
    """Contrast with mixtures of documents, of their topic vectors or of their words.

    ``space="vectors"``: to `NTXent`'s negatives come mixtures of the anchor with views u of other documents,
    ``v = lam a_v + (1 - lam) u``, ``lam ~ Beta(mix, 10 - mix)``, which are nearer to the anchor than any document:
    ``-mean_v log(e(s_vv') / (e(s_vv') + sum_u w_vu e(s_vu) + sum_m w_vm e(cos(a_v, v_m))))``, ``e(s) = exp(s / tau)``.
    All weights are 1, or, with a `field` of numbers y, ``1 + |y_v - y_u| / std(y)``, so that documents of far-away
    values are pushed most; then a mixture of a document of lower and one of higher y, in the proportion that has y_v on
    average, is a further positive of v, and both positives' losses are averaged. Mixtures carry no gradient.

    ``space="counts"``: two documents become one, ``x = lam x_i / n_i + (1 - lam) x_j / n_j`` at their mixed length, and
    its topics are to be recognised as those of both: ``-mean_i (lam log p_ii + (1 - lam) log p_ij)``, p_i the softmax
    of the mixture's cosines with all views, over tau.

    Needs the view, and with `field` a corpus with that field. Costs a pass of the encoder a view, and one more in
    count space; in vector space n_docs * mixtures cosines. Use it where ordinary negatives are told apart at once.

    Parameters
    ----------
    space : {"vectors", "counts"}
        What is mixed.
    mixtures : int
        Mixtures an anchor, in vector space.
    mix : float
        First parameter of lam's Beta distribution, in (0, 10): 2 gives a fifth of the anchor on average.
    field : str, optional
        Field of numbers, times or ratings, in vector space; documents without a value weigh 1.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.07.

    References
    ----------
    Wu et al., Mixup your own pairs: supervised contrastive learning for regression with mixtures, 2023. One logsumexp
    runs over all logits, where the authors' code shifts mixtures and documents apart. Count space follows Kim et al.,
    MixCo, 2020.
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
            raise InputError("field serves mixtures of topic vectors: give space='vectors', or no field.")

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Read the field; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        if self.field is not None:
            values = torch.from_numpy(numbers_of(field_of(documents, self.field, "Mixup"), self.field, "Mixup"))
            spread = values[values.isfinite()].std(correction=0)
            self._values = (values / torch.where(spread > 0, spread, 1.0)).float()

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: a mean over documents."""
        if self.space == "vectors" or len(batch) < 2:
            return super().forward(batch, posterior, network, progress)
        share = self._shares((len(batch),), batch.counts)
        partner = torch.roll(torch.arange(len(batch), device=batch.rows.device), int(torch.randint(1, len(batch), ())))
        mixed = network.encode_view(mixed_documents(batch, partner, share))
        _, second = self._pair(posterior, self._views_of(batch, posterior, network), network)
        vectors = self._vector_of(mixed), self._vector_of(second)
        return Loss(mixture_recognised(*vectors, partner, share, temperature=self.temperature))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics), in vector space."""
        n_docs = len(anchor)
        if n_docs < 2:
            return zero_loss(anchor, positive)
        own, rivals = pairwise_logits(anchor, positive, self.temperature)
        views = torch.cat([anchor, positive])
        fixed = unit(views.detach())
        values = self._values_of(batch)
        # Partners: views of other documents, each with the same chance.
        step = torch.randint(1, n_docs, (2 * n_docs, self.mixtures), device="cpu").to(anchor.device)
        position = torch.arange(2 * n_docs, device=anchor.device).unsqueeze(1)
        partner = (position + step) % n_docs
        partner = partner + n_docs * torch.randint(0, 2, partner.shape, device="cpu").to(anchor.device)
        share = self._shares(tuple(partner.shape), anchor).unsqueeze(-1)
        mixed = unit(share * fixed.unsqueeze(1) + (1 - share) * fixed[partner])  # (views, mixtures, topics)
        hard = (unit(views).unsqueeze(1) * mixed).sum(dim=-1) / self.temperature
        if values is not None:
            mixed_values = share.squeeze(-1) * values.unsqueeze(1) + (1 - share.squeeze(-1)) * values[partner]
            rivals = rivals + _log_weights(values.unsqueeze(1) - values)
            hard = hard + _log_weights(values.unsqueeze(1) - mixed_values)
        rivals = torch.cat([rivals, hard], dim=-1)
        loss = cross_entropy(own, rivals)
        if values is not None:
            between, found = _between(fixed, values)
            further = (unit(views) * between).sum(dim=-1) / self.temperature
            loss = torch.where(found, (loss + cross_entropy(further, rivals)) / 2, loss)
        return loss.mean()

    def _shares(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Shares lam of the anchors, drawn from Beta(mix, 10 - mix)."""
        return Beta(self.mix, 10 - self.mix).sample(shape).to(like)

    def _values_of(self, batch: Batch) -> Tensor | None:
        """Field values of both views of the batch's documents, (2 n_docs,)."""
        if self.field is None:
            return None
        if self._values is None:
            raise InputError("Mixup has not seen the documents. Call its prepare(documents) first.")
        self._values = self._values.to(batch.rows.device)
        return self._values[batch.rows].repeat(2)


def mixture_recognised(
    mixed: Tensor, positive: Tensor, partner: Tensor, share: Tensor, *, temperature: float
) -> Tensor:
    """The loss in count space: vectors `mixed` of ``share`` of document i and the rest of document ``partner[i]``."""
    logits = cosines(mixed, positive) / temperature
    log_p = logits.log_softmax(dim=-1)
    position = torch.arange(len(logits), device=logits.device)
    return -(share * log_p[position, position] + (1 - share) * log_p[position, partner]).mean()


def mixed_documents(batch: Batch, partner: Tensor, share: Tensor) -> Batch:
    """Document i at `share` i with document ``partner[i]`` at the rest, at the mixed length; words of both."""
    role = torch.empty_like(partner)
    role[partner] = torch.arange(len(partner), device=partner.device)  # whose partner a document is
    length = share * batch.lengths + (1 - share) * batch.lengths[partner]
    relative = batch.counts / batch.lengths.clamp_min(1e-12)[batch.documents]
    whose = role[batch.documents]
    return batch_of_words(
        batch,
        torch.cat([batch.documents, whose]),
        batch.word_ids.repeat(2),
        torch.cat([(share * length)[batch.documents] * relative, ((1 - share) * length)[whose] * relative]),
    )


def _log_weights(difference: Tensor) -> Tensor:
    """``log(1 + |difference|)``; 0 where a value is missing."""
    return torch.log1p(difference.abs()).nan_to_num(nan=0.0)


def _between(vectors: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """For each of the `vectors` (n, n_topics) a mixture of one of lower and one of higher value, at its own value.

    Returns the mixtures, of unit length, and where there are any, (n,).
    """
    below, above = values < values.unsqueeze(1), values > values.unsqueeze(1)
    found = below.any(dim=1) & above.any(dim=1)
    chance = torch.rand(2, len(values), len(values), device="cpu").to(vectors)
    low = chance[0].masked_fill(~below, -1.0).argmax(dim=1)
    high = chance[1].masked_fill(~above, -1.0).argmax(dim=1)
    share = (values[high] - values) / torch.where(found, values[high] - values[low], 1.0)
    share = torch.where(found, share, 0.0).unsqueeze(1)
    return unit(share * vectors[low] + (1 - share) * vectors[high]), found
