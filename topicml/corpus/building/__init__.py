"""Build a corpus that is larger than the memory: in parts, by several processes, killed and continued.

Two passes: the first splits the texts of each shard into words and counts them; the second writes each shard in the
vocabulary of all. `groups`, `counting` and `writing` have one function of some files or of one shard for each
pass, without an engine, so that processes, Dask, Spark or Ray can call them; `build` calls them.
"""

from topicml.corpus.building.build import BuildObserver, Workers, build_corpus

__all__ = ["BuildObserver", "Workers", "build_corpus"]
