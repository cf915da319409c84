"""Text as a page can hold it: any string becomes Unicode that HTML allows, and numbers are written for readers."""

import re
from typing import Any

# Control characters other than tab and line feed, noncharacters, and lone surrogates: HTML forbids them.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def plain(value: Any) -> str:
    """The text of a value, with U+FFFD for what HTML cannot hold; tags are escaped by the templates."""
    return _FORBIDDEN.sub("\ufffd", str(value).replace("\r\n", "\n").replace("\r", "\n"))


def count(value: float) -> str:
    """A number of things: 12,345."""
    return f"{int(value):,}"


def percent(value: float | None) -> str:
    """A share as a reader takes it in: 34%, 3.4%, 0.03%, under 0.01%."""
    if value is None or value != value:
        return "n/a"
    if value == 0 or value >= 0.0995:
        return f"{value:.0%}"
    if value < 0.0001:
        return "<0.01%"
    return f"{value:.1%}" if value >= 0.00995 else f"{value:.2%}"


def number(value: float | None) -> str:
    """A measurement to three digits or so, with a true minus sign."""
    if value is None or value != value:
        return "n/a"
    size = abs(value)
    told = f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 100 else f"{value:.2f}"
    if 0 < size < 0.01:
        told = f"{value:.2g}"
    return told.replace("-", "−")  # noqa: RUF001
