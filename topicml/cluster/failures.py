"""What failed, for messages."""

from collections.abc import Mapping


def named_failures(failed: Mapping[str, BaseException]) -> str:
    """The names of what failed, each with its reason; of many, the first five.

    Parameters
    ----------
    failed : mapping of str to exception
        What failed.

    Returns
    -------
    str
    """
    named = "; ".join(f"{name}: {error}" for name, error in sorted(failed.items())[:5])
    return f"{named}; and {len(failed) - 5:,} more" if len(failed) > 5 else named
