"""Adam for a matrix of which each step reads few rows, such as the word vectors of the encoder."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

_IN_CACHE = 2**18  # elements of the rows that are updated together; there are a few such arrays


class RowAdam:
    """Adam that updates a row when the row is read next, and not before.

    Adam also moves rows whose gradient is zero, as long as their first moment is not. In step s, j steps after the last
    gradient, it moves them by ``w_s r^j m / (sqrt(v) + e_s)``, where ``r = beta_1 / sqrt(beta_2)``,
    ``w_s = rate_s sqrt(1 - beta_2^s) / (1 - beta_1^s)`` and ``e_s = eps sqrt((1 - beta_2^s) / beta_2^j)``. So the sum
    over all steps that a row missed is a factor times ``m / (sqrt(v) + e)``, with the mean e of the e_s, and the factor
    and e depend only on how many steps the row missed. What is read is what `torch.optim.Adam` would give, up to
    rounding where ``sqrt(v)`` is much larger than epsilon.

    Call `bring_up_to_date` with the rows that are about to be read, and `update` with a gradient.

    Parameters
    ----------
    parameter : Tensor, (n_rows, n_columns)
        Changed in place.
    betas : (float, float)
        Decay rates of the moments; see `is_possible`.
    eps : float
        Added to the denominator.

    Attributes
    ----------
    horizon : int
        A row that has had no gradient for so many steps stays where it is.
    reads_all : bool
        Whether a gradient of all rows was seen: then every step may read all of them.

    References
    ----------
    Kingma & Ba, Adam, ICLR 2015. Deferring the steps of absent features is from Duchi & Singer, Efficient online and
    batch learning using forward backward splitting, JMLR 2009, section 5.
    """

    def __init__(self, parameter: Tensor, *, betas: tuple[float, float], eps: float = 1e-8) -> None:
        self.parameter = parameter
        self.betas = betas
        self.eps = eps
        self._decay = betas[0] / math.sqrt(betas[1])
        self.horizon = max(1, math.ceil(math.log(1e-7) / math.log(self._decay))) if self._decay else 1
        steps = torch.arange(1, self.horizon + 1, dtype=torch.float64)
        self._shares = torch.stack([self._decay**steps, (betas[0] / betas[1]) ** steps])
        self.reads_all = False
        self.step = 0
        self._first, self._second = torch.zeros_like(parameter), torch.zeros_like(parameter)
        # The step up to which a row has been moved, and that of its moments, which is that of its last gradient.
        self._moved = torch.zeros(len(parameter), dtype=torch.int32)
        self._touched = torch.full_like(self._moved, -self.horizon)
        # By the number of steps missed: the sums of w_s r^j, and of w_s r^j e_s / eps.
        self._missed = torch.zeros(2, self.horizon + 1, dtype=torch.float64)

    @staticmethod
    def is_possible(betas: tuple[float, float]) -> bool:
        """Whether rows without a gradient soon come to rest: with ``beta_1`` well below ``sqrt(beta_2)``."""
        return betas[0] < 0.99 * math.sqrt(betas[1])

    @torch.no_grad()
    def bring_up_to_date(self, rows: Tensor | None = None) -> None:
        """Make the steps that rows have missed.

        Parameters
        ----------
        rows : Tensor, int64, optional
            The rows, each once; by default all.
        """
        if rows is None:
            rows = torch.arange(len(self.parameter))
        moved = self._moved[rows]
        rows = rows[(moved < self.step) & (moved - self._touched[rows] < self.horizon)]
        for some in self._pieces(rows):
            moved = self._moved[some]
            rested = (moved - self._touched[some]).double()
            factor, eps = self._missed[:, (self.step - moved).long()]
            eps = self.eps * eps / factor.clamp_min(1e-300) / self.betas[1] ** (rested / 2)
            first = self._first.index_select(0, some).mul_(self._column(factor * self._decay**rested))
            denominator = self._second.index_select(0, some).sqrt_().add_(self._column(eps))
            self._move(some, first, denominator, -1.0)
        self._moved[rows] = self.step

    @torch.no_grad()
    def update(self, gradient: Tensor, rate: float) -> None:
        """Make a step of Adam.

        Parameters
        ----------
        gradient : Tensor, (n_rows, n_columns)
            Sparse and coalesced, with zero for all rows that it does not name; or dense.
        rate : float
            The learning rate.
        """
        self.reads_all |= not gradient.is_sparse
        if gradient.is_sparse:
            rows, values = gradient.indices()[0], gradient.values()
        else:
            rows, values = torch.arange(len(gradient)), gradient
        self.bring_up_to_date(rows)
        self.step += 1
        correction = math.sqrt(1 - self.betas[1] ** self.step)
        rate /= 1 - self.betas[0] ** self.step
        pieces = self._pieces(rows)
        for some, each in zip(pieces, values.split([len(piece) for piece in pieces]), strict=True):
            age = (self.step - self._touched[some]).double()
            first = self._first.index_select(0, some).mul_(self._column(self.betas[0] ** age))
            second = self._second.index_select(0, some).mul_(self._column(self.betas[1] ** age))
            self._first.index_copy_(0, some, first.add_(each, alpha=1 - self.betas[0]))
            self._second.index_copy_(0, some, second.addcmul_(each, each, value=1 - self.betas[1]))
            self._move(some, first, second.sqrt_().add_(self.eps * correction), -rate * correction)
        self._moved[rows] = self._touched[rows] = self.step
        weights = torch.tensor([[rate * correction], [rate * correction**2]], dtype=torch.float64)
        self._missed[:, 1:] = self._missed[:, :-1] + weights * self._shares
        # `_missed` reaches back to the horizon: rows that missed so many steps must not miss another.
        self.bring_up_to_date((self._moved == self.step - self.horizon).nonzero().squeeze(1))

    def state(self) -> dict[str, Tensor]:
        """Return all that later steps depend on, besides the parameter."""
        return {
            "exp_avg": self._first,
            "exp_avg_sq": self._second,
            "moved": self._moved,
            "touched": self._touched,
            "missed": self._missed,
            "step": torch.tensor([self.step, self.reads_all]),
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Set what `state` returned.

        Parameters
        ----------
        state : mapping of str to Tensor
            All tensors of `state`.

        Raises
        ------
        KeyError, RuntimeError, ValueError
            If a tensor is missing or has another shape, or the numbers of steps contradict each other.
        """
        own = self.state()
        for name, value in own.items():
            value.copy_(state[name])
        self.step, self.reads_all = int(own["step"][0]), bool(own["step"][1])
        rested = self._moved - self._touched
        is_late = (self._moved < self.step - self.horizon) & (rested < self.horizon)
        if bool(((self._moved < 0) | (self._moved > self.step) | (rested < 0) | is_late).any()):
            raise ValueError("the steps of its rows contradict the number of steps")

    def _move(self, rows: Tensor, first: Tensor, denominator: Tensor, scale: float) -> None:
        """Add ``scale * first / denominator`` to rows."""
        moved = self.parameter.index_select(0, rows).addcdiv_(first, denominator, value=scale)
        self.parameter.index_copy_(0, rows, moved)

    def _column(self, values: Tensor) -> Tensor:
        """One value per row, in the dtype of the parameter."""
        return values.to(self.parameter.dtype).unsqueeze(1)

    def _pieces(self, rows: Tensor) -> tuple[Tensor, ...]:
        return rows.split(max(1, _IN_CACHE // self.parameter.shape[1]))
