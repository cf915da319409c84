"""Add words and topics to a network: old ones keep their numbers and their weights."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topicml.errors import InputError
from topicml.nn.encoder import BagEncoder, VectorEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.prior import laplace_dirichlet


def check_growable(network: TopicNetwork) -> None:
    """Raise `InputError` if the parts of a network cannot grow."""
    decoder: Any = network.decoder
    norm = getattr(decoder, "norm", None)
    own = {name for name, _ in decoder.named_parameters()}
    if network.covariates is not None:
        raise InputError(
            "A model whose topics depend on covariates (prevalence) cannot grow: a new topic would have no effects. "
            "Call partial_fit without `grow`."
        )
    if network.deviations is not None:
        raise InputError(
            "A model whose topics differ over time, or by content, cannot grow: a new topic would have no deviations. "
            "Call partial_fit without `grow`; with `time`, it adds the new slices."
        )
    if network.tree is not None:
        raise InputError(
            "A model with parents of topics cannot grow: a new topic would have no parent. Call partial_fit without "
            "`grow`."
        )
    if isinstance(network.encoder, VectorEncoder):
        raise InputError(
            "A model whose encoder reads embeddings cannot grow: the documents that it remembers have none. Call "
            "partial_fit without `grow`, or fit with encoder_input='words'."
        )
    is_known = type(network) is TopicNetwork and type(network.encoder) is BagEncoder
    if not is_known or not isinstance(norm, nn.BatchNorm1d) or own != {"beta", "norm.weight", "norm.bias"}:
        raise InputError(
            f"This model cannot grow, because words or topics share weights ({type(decoder).__name__}). Use ProdLDA, "
            "or partial_fit without `grow`."
        )


@torch.no_grad()
def add_words(network: TopicNetwork, log_frequency: np.ndarray) -> None:
    """Add words that no topic prefers.

    Parameters
    ----------
    network : TopicNetwork
        Changed in place.
    log_frequency : ndarray, (n_new_words,)
        Their bias in the decoder.
    """
    encoder: Any = network.encoder
    decoder: Any = network.decoder
    n_new, embedding = len(log_frequency), encoder.embedding
    vectors = torch.empty(n_new, embedding.embedding_dim)
    nn.init.normal_(vectors, std=0.05)  # as in a new encoder
    embedding.weight = _longer(embedding.weight, vectors)
    embedding.num_embeddings += n_new
    decoder.beta = _longer(decoder.beta, torch.zeros(len(decoder.beta), n_new), dim=1)
    _widen(decoder.norm, torch.as_tensor(log_frequency, dtype=torch.float32))


@torch.no_grad()
def add_topics(network: TopicNetwork, beta: np.ndarray, rows: np.ndarray, alpha: Any) -> None:
    """Add topics.

    Parameters
    ----------
    network : TopicNetwork
        Changed in place.
    beta : ndarray, (n_new_topics, n_words)
        Centred log-weights of their words; they are scaled to the size of those of the other topics.
    rows : ndarray, (n_new_topics, n_hidden)
        Weights of the hidden units of the encoder for the mean of each new topic.
    alpha : float
        Concentration of the prior of all topics.
    """
    encoder: Any = network.encoder
    decoder: Any = network.decoder
    new = torch.as_tensor(beta, dtype=torch.float32)
    new = new * (decoder.beta.std(dim=1).mean().cpu() / new.std(dim=1, keepdim=True).clamp_min(1e-6))
    decoder.beta = _longer(decoder.beta, new)
    for linear, weight in (
        (encoder.loc, torch.as_tensor(rows, dtype=torch.float32)),
        (encoder.log_variance, torch.zeros(rows.shape)),
    ):
        linear.weight = _longer(linear.weight, weight)
        linear.bias = _longer(linear.bias, torch.zeros(len(rows)))
        linear.out_features += len(rows)
    for norm in (encoder.loc_norm, encoder.log_variance_norm):
        _widen(norm, norm.bias.mean().cpu().expand(len(rows)))
    loc, scale = laplace_dirichlet(alpha, len(decoder.beta))
    for name, value in (("prior_loc", loc), ("prior_scale", scale)):
        before = getattr(network, name)
        setattr(network, name, torch.as_tensor(value, dtype=before.dtype, device=before.device))


@torch.no_grad()
def hidden_units(network: TopicNetwork, batch: Any) -> Tensor:
    """What the encoder computes the posterior from: (n_docs, n_hidden)."""
    found: list[Tensor] = []
    hook = network.encoder.loc.register_forward_pre_hook(lambda _, arguments: found.append(arguments[0]))  # type: ignore
    try:
        network.encode(batch)
    finally:
        hook.remove()
    return found[0]


def _longer(parameter: Tensor, values: Tensor, dim: int = 0) -> nn.Parameter:
    whole = torch.cat([parameter.detach(), values.to(parameter)], dim=dim)
    return nn.Parameter(whole, requires_grad=parameter.requires_grad)


def _widen(norm: nn.BatchNorm1d, bias: Tensor) -> None:
    """Add features to a batch normalisation."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None
    norm.weight = _longer(norm.weight, torch.ones(len(bias)))
    norm.bias = _longer(norm.bias, bias)
    norm.running_mean = torch.cat([mean, mean.new_zeros(len(bias))])
    norm.running_var = torch.cat([variance, variance.new_ones(len(bias))])
    norm.num_features += len(bias)
