"""A fitted model on one page: a self-contained HTML file that can be read, searched, printed and sent."""

from topicml.report.page import render, write_report
from topicml.report.subject import view_of

__all__ = ["write_report", "render", "view_of"]
