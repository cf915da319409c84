"""Experiments: a grid of runs, resumable, each in its own process; tables, statistics, plots, search.

Words of this package: an *experiment* is a grid; a *run* is one cell of it, a single fit; the *outcome* of a run is
what its process returns (topics, theta, beta, cost); a *record* is a finished run on disk; *results* are the table of
all measures; a *system* is what results compare, a model with its settings; a *block* is a corpus, number of topics and
seed, on which systems are compared.
"""

from topicml.experiment.config import experiment_from, read_config
from topicml.experiment.entries import CorpusEntry, ModelEntry
from topicml.experiment.grid import USUAL_MEASURES, Experiment, Run
from topicml.experiment.how_many import NumberOfTopics, NumberScore, how_many, usual_number
from topicml.experiment.page import write_page
from topicml.experiment.plots import plot_critical_difference, plot_over_topics, plot_pareto
from topicml.experiment.progress import Progress
from topicml.experiment.report import in_format, report, report_tables
from topicml.experiment.results import Results
from topicml.experiment.runner import finished_results, run_experiment
from topicml.experiment.statistics import Paired, Ranking, Summary, holm, paired, ranking, summary
from topicml.experiment.sweep import Sweep, sweep, sweep_table
from topicml.experiment.table import Table, html, latex, markdown
from topicml.experiment.tables import (
    failures_table,
    overall_table,
    paired_table,
    ranks_table,
    summary_table,
    versions_table,
)
from topicml.experiment.tune import Tuned, tune

__all__ = [
    "USUAL_MEASURES",
    "CorpusEntry",
    "Experiment",
    "ModelEntry",
    "NumberOfTopics",
    "NumberScore",
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
    "finished_results",
    "holm",
    "how_many",
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
    "usual_number",
    "versions_table",
    "write_page",
]
