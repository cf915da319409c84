"""A fitted model on a local web page, and behind a small JSON API."""

from topicml.serve.app import create_app
from topicml.serve.limits import Limits

__all__ = ["Limits", "create_app"]
