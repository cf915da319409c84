"""Looks at fitted models: tables and plots."""

from topicml.explore.balance import plot_balance

__all__ = ["plot_balance"]
