"""CCL-K: contrast conditional on a field of the documents, by a kernel over its values."""

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
from topicml.objectives.objective import not_prepared
from topicml.objectives.views import View
from topicml.objectives.views.fields import codes_of, field_of, numbers_of

KERNELS = ("auto", "rbf", "laplace", "cosine", "same")
ROLES = ("negatives", "positives")


class KernelConditional(Contrast):
    """Contrast of documents with similar values of a field, so that the field does not help to identify a document.

    A kernel K over the field's values gives ``W = (K + ridge I)^-1 K``, with K's diagonal set to 1, and with W's
    diagonal and entries below 1e-6 set to 0. With ``E_xy = exp(s_xy / tau)`` between anchors and positives, ``E_xx``
    among anchors (diagonal 0) and ``M_i = (E_xy W + E_xx W)_ii``, the expected similarity of document i to other
    documents with its value:

    - ``role="negatives"``: ``-mean_i log(E_xy,ii / (E_xy,ii + (n - 1) M_i))``. Only documents with similar values are
      negatives, so topic vectors need not encode the field: a nuisance such as time, source or length.
    - ``role="positives"``: ``-mean_i log(M_i / (M_i + sum_j E_xy,ij + sum_j E_xx,ij))``. Documents with similar values
      are positives: weak supervision. Documents with M_i = 0 do not contribute.

    Both are averaged over the two directions.

    - Inputs: a corpus with the field; any documents for ``field=None``.
    - Cost: one more pass of the encoder per view, and the solution of n_docs linear equations (8 million
      multiplications for 200 documents).
    - When to use: if the contrast learns a nuisance instead of topics, or with labels or numbers for supervision.
    - Relations: `SoftLabels` also compares documents by a field; `LabelMates` is a view for supervision by labels.

    Parameters
    ----------
    field : str, optional
        The corpus field: numbers or times, categories, or vectors. None: the logarithm of the document's length.
    kernel : {"auto", "rbf", "laplace", "cosine", "same"}
        ``rbf`` is ``exp(-d^2 / (2 width^2))`` and ``laplace`` is ``exp(-d / width)`` for numbers, with d in standard
        deviations; ``cosine`` is for vectors; ``same`` is 1 for equal values and 0 otherwise. ``auto`` selects rbf,
        cosine or same by the type of the field: strings and booleans are categories, and so are whole numbers in a
        field named "label".
    width : float
        Width of the kernels of numbers; positive.
    ridge : float
        Added to K's diagonal; positive.
    role : {"negatives", "positives"}
        Role of documents with similar values.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.1 to 0.5.

    Raises
    ------
    InputError
        If an argument is out of range or unknown; in `prepare`, if the corpus does not have the field, or its values do
        not suit the kernel.

    References
    ----------
    Tsai et al., Conditional contrastive learning with kernel, ICLR 2022.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import KernelConditional
    >>> tokens, years = [["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8, [2020, 2020, 2024, 2024] * 4
    >>> corpus = topicml.Corpus.from_tokens(tokens, fields={"year": years})
    >>> contrast = KernelConditional(field="year")
    >>> contrast.fields
    ('year',)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
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
        """Read the field; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        if self.field is None:
            lengths = np.log1p(np.asarray(documents.counts.sum(axis=1), dtype=np.float64).ravel())
            self._kind, values = self.kernel if self.kernel != "auto" else "rbf", lengths
        else:
            values = field_of(documents, self.field, "KernelConditional")
            self._kind = self._kind_of(values)
        self._values = torch.from_numpy(self._as_numbers(values))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of topic vectors; see `Contrast.loss`."""
        if self._values is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        values = self._values[batch.rows.cpu()]  # on the CPU: some devices have no double precision
        weights = conditional_weights(self._kernel_of(values), self.ridge).to(anchor)
        forth = conditional_loss(anchor, positive, weights, temperature=self.temperature, role=self.role)
        back = conditional_loss(positive, anchor, weights, temperature=self.temperature, role=self.role)
        return (forth + back) / 2

    def _kernel_of(self, values: Tensor) -> Tensor:
        """The kernel matrix (n_docs, n_docs) of `values` (n_docs, ...), with a diagonal of 1."""
        if self._kind == "cosine":
            kernel = cosines(values.nan_to_num(), values.nan_to_num())
        elif self._kind == "same":
            kernel = ((values.unsqueeze(1) == values) & (values >= 0)).to(values.dtype)
        else:
            distance = (values.unsqueeze(1) - values).abs() / self.width
            kernel = torch.exp(-(distance**2) / 2 if self._kind == "rbf" else -distance).nan_to_num(nan=0.0)
        return kernel.fill_diagonal_(1.0)

    def _kind_of(self, values: np.ndarray) -> str:
        """The kernel's name, with "auto" resolved."""
        if self.kernel != "auto":
            return self.kernel
        if values.ndim == 2:
            return "cosine"
        categories = values.dtype.kind in "OUSb" or (values.dtype.kind in "iu" and self.field == "label")
        return "same" if categories else "rbf"

    def _as_numbers(self, values: np.ndarray) -> np.ndarray:
        """Convert the values for the kernel: float64, (n_docs,) or (n_docs, size)."""
        if self._kind == "same":
            return codes_of(values).astype(np.float64)
        if self._kind == "cosine":
            if values.ndim != 2:
                raise InputError(f"kernel='cosine' needs vectors; the field {self.field!r} holds single values.")
            return values.astype(np.float64)
        numbers = numbers_of(values, str(self.field), f"KernelConditional with kernel={self._kind!r}")
        finite = numbers[np.isfinite(numbers)]
        spread = finite.std() if len(finite) else 0.0
        return np.where(np.isfinite(numbers), numbers, np.nan) / (spread if spread > 0 else 1.0)


@torch.no_grad()
def conditional_weights(kernel: Tensor, ridge: float) -> Tensor:
    """Compute ``(K + ridge I)^-1 K``, with the diagonal and entries below 1e-6 set to 0.

    Parameters
    ----------
    kernel : Tensor, (n_docs, n_docs)
        The kernel matrix K.
    ridge : float
        Added to K's diagonal.

    Returns
    -------
    Tensor, float64, (n_docs, n_docs)
        The weights W.
    """
    kernel = kernel.double()
    weights = torch.linalg.solve(kernel + ridge * torch.eye(len(kernel)).to(kernel), kernel)
    return torch.where(weights < 1e-6, 0.0, weights).fill_diagonal_(0.0)


def conditional_loss(anchor: Tensor, positive: Tensor, weights: Tensor, *, temperature: float, role: str) -> Tensor:
    """Compute one direction of the loss of `KernelConditional`.

    Parameters
    ----------
    anchor, positive : Tensor, (n_docs, n_topics)
        Topic vectors.
    weights : Tensor, (n_docs, n_docs)
        The weights W of `conditional_weights`.
    temperature : float
        Divides the cosines.
    role : {"negatives", "positives"}
        Role of documents with similar values.

    Returns
    -------
    Tensor
        The loss, a scalar: the mean over documents.
    """
    first, second = unit(anchor), unit(positive)
    across_logits, within_logits = dots(first, second) / temperature, dots(first, first) / temperature
    diagonal = torch.eye(len(first), dtype=torch.bool, device=first.device)
    within_logits = within_logits.masked_fill(diagonal, -torch.inf)
    # Subtract the largest logit, which cancels in the ratio: exponentials stay finite at any temperature.
    largest = torch.cat([across_logits, within_logits], dim=1).amax(dim=1, keepdim=True).detach()
    across, within = (across_logits - largest).exp(), (within_logits - largest).exp()
    expected = ((across + within) * weights.mT).sum(dim=1)  # M_i
    if role == "negatives":
        positive_logits = across_logits.diagonal() - largest.squeeze(1)
        negatives = (len(first) - 1) * expected
        exist = negatives > 0
        log_negatives = torch.where(exist, torch.where(exist, negatives, 1.0).log(), -torch.inf)
        return (torch.logaddexp(positive_logits, log_negatives) - positive_logits).mean()
    exist = expected > 0
    expected = torch.where(exist, expected, 1.0)
    total = expected + across.sum(dim=1) + within.sum(dim=1)
    return torch.where(exist, total.log() - expected.log(), 0.0).mean()
