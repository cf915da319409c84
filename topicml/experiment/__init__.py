"""Experiments: a grid of runs in processes of their own, resumable; tables, statistics, plots, search."""

from topicml.experiment.config import experiment_from, read_config
from topicml.experiment.grid import USUAL_MEASURES, CorpusEntry, Experiment, ModelEntry, Run
from topicml.experiment.page import write_page
from topicml.experiment.plots import plot_critical_difference, plot_over_topics, plot_pareto
from topicml.experiment.progress import Progress
from topicml.experiment.report import in_format, report, report_tables
from topicml.experiment.results import Results
from topicml.experiment.runner import run_experiment
from topicml.experiment.statistics import Paired, Ranking, Summary, holm, paired, ranking, summary
from topicml.experiment.sweep import Sweep, sweep, sweep_table
from topicml.experiment.tables import (
    Table,
    failures_table,
    html,
    latex,
    markdown,
    overall_table,
    paired_table,
    ranks_table,
    summary_table,
)
from topicml.experiment.tune import Tuned, tune

__all__ = [
    "USUAL_MEASURES",
    "CorpusEntry",
    "Experiment",
    "ModelEntry",
    "Paired",
    "Progress",
    "Ranking",
    "Results",
    "Run",
    "Summary",
    "Sweep",
    "Table",
    "Tuned",
    "experiment_from",
    "failures_table",
    "holm",
    "html",
    "in_format",
    "latex",
    "markdown",
    "overall_table",
    "paired",
    "plot_critical_difference",
    "plot_over_topics",
    "plot_pareto",
    "ranking",
    "ranks_table",
    "read_config",
    "report",
    "report_tables",
    "run_experiment",
    "summary",
    "summary_table",
    "sweep",
    "sweep_table",
    "paired_table",
    "tune",
    "write_page",
]
