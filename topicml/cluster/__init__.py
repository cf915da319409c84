"""Corpora and topics of many files: in this process, or by the workers of a Dask cluster.

`labelling` has the functions of one file and of one table, and `topicml.corpus.building` those of one part of a corpus.
They call no engine, so that Dask, Spark or Ray can.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topicml.cluster.building import build_corpus
    from topicml.cluster.files import label_files
    from topicml.cluster.labelling import Labelling, label_file, label_table

_HOMES = {
    "Labelling": "labelling",
    "build_corpus": "building",
    "label_file": "labelling",
    "label_files": "files",
    "label_table": "labelling",
}

__all__ = ["Labelling", "build_corpus", "label_file", "label_files", "label_table"]


def __getattr__(name: str) -> object:  # building a corpus needs no torch
    if name in _HOMES:
        return getattr(import_module(f"topicml.cluster.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'topicml.cluster' has no attribute {name!r}")
