"""Text for pages: strings become Unicode that HTML allows, and numbers are formatted for readers."""

import re
from typing import Any

# Control characters other than tab and line feed, noncharacters, and lone surrogates: HTML forbids them.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def plain(value: Any) -> str:
    """The text of a value, with U+FFFD for characters that HTML forbids; the templates escape tags."""
    return _FORBIDDEN.sub("\ufffd", str(value).replace("\r\n", "\n").replace("\r", "\n"))


def count(value: float) -> str:
    """A count with separators of thousands: 12,345."""
    return f"{int(value):,}"


def percent(value: float | None) -> str:
    """A share in percent, to about two digits: 34%, 3.4%, 0.03%, <0.01%."""
    if value is None or value != value:
        return "n/a"
    if value == 0 or value >= 0.0995:
        return f"{value:.0%}"
    if value < 0.0001:
        return "<0.01%"
    return f"{value:.1%}" if value >= 0.00995 else f"{value:.2%}"


def number(value: float | None) -> str:
    """A measurement to about three digits, with a minus sign instead of a hyphen."""
    if value is None or value != value:
        return "n/a"
    size = abs(value)
    text = f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 100 else f"{value:.2f}"
    if 0 < size < 0.01:
        text = f"{value:.2g}"
    return text.replace("-", "−")  # noqa: RUF001
