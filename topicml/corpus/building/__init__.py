"""Build a corpus that is larger than the memory: in parts, by several processes, killed and continued.

Two passes: the first splits the texts of each shard into words and counts them; the second writes each shard in the
vocabulary of all. `counting` and `writing` have one function for each pass, of one shard and without an engine, so that
processes, Dask, Spark or Ray can call them; `build` calls them with processes of this machine.
"""

from topicml.corpus.building.build import BuildObserver, build_corpus

__all__ = ["BuildObserver", "build_corpus"]
