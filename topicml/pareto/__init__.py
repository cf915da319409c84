"""Balance several losses in one gradient step, with weights from the Gramian of their gradients."""

from topicml.pareto.balance import Balance
from topicml.pareto.by_name import NAMES
from topicml.pareto.min_norm import MinNorm
from topicml.pareto.nash_mtl import NashMTL
from topicml.pareto.resolve import balance_from
from topicml.pareto.weighting import FixedWeights, Weighting

__all__ = ["NAMES", "Balance", "FixedWeights", "MinNorm", "NashMTL", "Weighting", "balance_from"]
