"""CCL-K: contrast conditional on something known of the documents, by a kernel over it."""

import numpy as np
import torch
from torch import Tensor

from topicml.checks import check_choice, require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, dots, unit
from topicml.objectives.views import View
from topicml.objectives.views.fields import codes_of, field_of, numbers_of

KERNELS = ("auto", "rbf", "laplace", "cosine", "same")
ROLES = ("negatives", "positives")


class KernelConditional(Contrast):
    """Contrast among documents that are alike in a field: what the field tells is no use for telling them apart.

    A kernel K over the field's values gives ``W = (K + ridge I)^-1 K`` (K's diagonal 1; W's diagonal, and entries below
    1e-6, set to 0). With ``E_xy = exp(s_xy / tau)`` between anchors and positives, ``E_xx`` among anchors (diagonal 0)
    and ``M_i = (E_xy W + E_xx W)_ii``, the similarity expected of other documents of i's value:

    - ``role="negatives"``: ``-mean_i log(E_xy,ii / (E_xy,ii + (n - 1) M_i))``. Only documents of like value are
      negatives, so topic vectors need not tell the field: a nuisance, such as time, source or length.
    - ``role="positives"``: ``-mean_i log(M_i / (M_i + sum_j E_xy,ij + sum_j E_xx,ij))``. Documents of like value are
      positives: weak supervision. Documents with M_i = 0 add nothing.

    Both are averaged over the two directions.

    Needs a corpus with the field, or nothing for ``field=None``: the logarithm of the document's length. Costs one more
    pass of the encoder a view, and solves a system of n_docs equations (8 million multiplications at 200). Use it where
    contrast finds something else than topics.

    Parameters
    ----------
    field : str, optional
        The corpus's field: numbers or times, categories, or vectors. None: the document's length.
    kernel : {"auto", "rbf", "laplace", "cosine", "same"}
        ``rbf`` ``exp(-d^2 / (2 width^2))`` and ``laplace`` ``exp(-d / width)`` of numbers, d in standard deviations;
        ``cosine`` of vectors; ``same`` is 1 for equal values and else 0. ``auto``: rbf, cosine or same, by what the
        field holds (strings and booleans are categories; so are whole numbers under the name "label").
    width : float
        Of the kernels of numbers.
    ridge : float
        What is added to K's diagonal.
    role : {"negatives", "positives"}
        See above.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.1 to 0.5.

    References
    ----------
    Tsai et al., Conditional contrastive learning with kernel, ICLR 2022.
    """

    def __init__(
        self,
        *,
        field: str | None = None,
        kernel: str = "auto",
        width: float = 0.5,
        ridge: float = 0.1,
        role: str = "negatives",
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.field, self.kernel, self.width, self.ridge, self.role = field, kernel, width, ridge, role
        self._values: Tensor | None = None
        self._kind = ""
        check_choice(kernel, KERNELS, "kernel")
        check_choice(role, ROLES, "role")
        require(width > 0, "width", width, "positive")
        require(ridge > 0, "ridge", ridge, "positive")

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Read the field, a value a document; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        if self.field is None:
            lengths = np.log1p(np.asarray(documents.counts.sum(axis=1), dtype=np.float64).ravel())
            self._kind, values = self.kernel if self.kernel != "auto" else "rbf", lengths
        else:
            values = field_of(documents, self.field, "KernelConditional")
            self._kind = self._kind_of(values)
        self._values = torch.from_numpy(self._numbers(values))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics)."""
        if self._values is None:
            raise InputError("KernelConditional has not seen the documents. Call its prepare(documents) first.")
        values = self._values[batch.rows.cpu()]  # on the CPU: some devices have no double precision
        weights = conditional_weights(self._kernel_of(values), self.ridge).to(anchor)
        there = conditional_loss(anchor, positive, weights, temperature=self.temperature, role=self.role)
        back = conditional_loss(positive, anchor, weights, temperature=self.temperature, role=self.role)
        return (there + back) / 2

    def _kernel_of(self, values: Tensor) -> Tensor:
        """The kernel of the documents' `values` (n_docs, ...), (n_docs, n_docs), its diagonal 1."""
        if self._kind == "cosine":
            kernel = cosines(values.nan_to_num(), values.nan_to_num())
        elif self._kind == "same":
            kernel = ((values.unsqueeze(1) == values) & (values >= 0)).to(values.dtype)
        else:
            distance = (values.unsqueeze(1) - values).abs() / self.width
            kernel = torch.exp(-(distance**2) / 2 if self._kind == "rbf" else -distance).nan_to_num(nan=0.0)
        return kernel.fill_diagonal_(1.0)

    def _kind_of(self, values: np.ndarray) -> str:
        if self.kernel != "auto":
            return self.kernel
        if values.ndim == 2:
            return "cosine"
        categories = values.dtype.kind in "OUSb" or (values.dtype.kind in "iu" and self.field == "label")
        return "same" if categories else "rbf"

    def _numbers(self, values: np.ndarray) -> np.ndarray:
        """The values as the kernel takes them: float64, (n_docs,) or (n_docs, size)."""
        if self._kind == "same":
            return codes_of(values).astype(np.float64)
        if self._kind == "cosine":
            if values.ndim != 2:
                raise InputError(f"kernel='cosine' needs vectors; the field {self.field!r} holds single values.")
            return values.astype(np.float64)
        numbers = numbers_of(values, str(self.field), f"KernelConditional with kernel={self._kind!r}")
        there = numbers[np.isfinite(numbers)]
        spread = there.std() if len(there) else 0.0
        return np.where(np.isfinite(numbers), numbers, np.nan) / (spread if spread > 0 else 1.0)


@torch.no_grad()
def conditional_weights(kernel: Tensor, ridge: float) -> Tensor:
    """``(K + ridge I)^-1 K`` of `kernel` K (n, n), its diagonal and entries below 1e-6 set to 0."""
    kernel = kernel.double()
    weights = torch.linalg.solve(kernel + ridge * torch.eye(len(kernel)).to(kernel), kernel)
    return torch.where(weights < 1e-6, 0.0, weights).fill_diagonal_(0.0)


def conditional_loss(anchor: Tensor, positive: Tensor, weights: Tensor, *, temperature: float, role: str) -> Tensor:
    """One direction of `KernelConditional`: topic vectors (n_docs, n_topics), W (n_docs, n_docs)."""
    first, second = unit(anchor), unit(positive)
    crossed, among = dots(first, second) / temperature, dots(first, first) / temperature
    itself = torch.eye(len(first), dtype=torch.bool, device=first.device)
    among = among.masked_fill(itself, -torch.inf)
    # Exponentials are taken after a shift, which cancels in the ratio: they stay finite at any temperature.
    largest = torch.cat([crossed, among], dim=1).amax(dim=1, keepdim=True).detach()
    across, within = (crossed - largest).exp(), (among - largest).exp()
    alike = ((across + within) * weights.mT).sum(dim=1)  # M_i
    if role == "negatives":
        own = crossed.diagonal() - largest.squeeze(1)
        rest = (len(first) - 1) * alike
        there = rest > 0
        log_rest = torch.where(there, torch.where(there, rest, 1.0).log(), -torch.inf)
        return (torch.logaddexp(own, log_rest) - own).mean()
    there = alike > 0
    alike = torch.where(there, alike, 1.0)
    total = alike + across.sum(dim=1) + within.sum(dim=1)
    return torch.where(there, total.log() - alike.log(), 0.0).mean()
