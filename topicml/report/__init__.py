"""Report of a fitted model: one self-contained HTML page to read, search, print and send."""

from topicml.report.page import render, write_report
from topicml.report.subject import view_of

__all__ = ["write_report", "render", "view_of"]
