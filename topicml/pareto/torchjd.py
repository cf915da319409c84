"""The import of TorchJD's weightings, which are optional."""

from typing import Any

from topicml.errors import MissingExtraError
from topicml.pareto.weighting import Weighting


def from_torchjd(balance: str, class_name: str, **options: Any) -> Weighting:
    """Make one of TorchJD's weightings or aggregators.

    Parameters
    ----------
    balance : str
        The name that the user chose, for the error message.
    class_name : str
        A class of ``torchjd.aggregation``.
    **options
        Arguments of its constructor.

    Raises
    ------
    MissingExtraError
        If TorchJD, or a solver that the class needs, is not installed.
    """
    try:
        from torchjd import aggregation

        weighting: Weighting = getattr(aggregation, class_name)(**options)
    except ImportError as error:
        raise MissingExtraError(
            f"balance={balance!r} is TorchJD's: {error}. Install what it needs with: pip install 'topicml[pareto]'"
        ) from error
    return weighting
