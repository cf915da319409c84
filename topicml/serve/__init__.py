"""Web page and JSON API of a fitted model, on this machine."""

from topicml.serve.app import create_app
from topicml.serve.limits import Limits

__all__ = ["Limits", "create_app"]
