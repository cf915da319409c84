"""Topics of the documents of many files: one file after the other, or by the workers of a Dask cluster.

`labelling` has the functions of one file and of one table. They call no engine, so that Dask, Spark or Ray can.
"""

from topicml.cluster.files import label_files
from topicml.cluster.labelling import Labelling, label_file, label_table

__all__ = ["Labelling", "label_file", "label_files", "label_table"]
