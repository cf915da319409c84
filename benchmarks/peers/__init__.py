"""One small adapter per peer: ``fit(counts, documents, vocabulary, n_topics, seed)``.

It returns topics and theta, as a pair or in a mapping, which may have ``transform`` (theta of other documents) and
``beta`` as well: `topicml.experiment.ModelEntry`.

They run in the interpreter of the peers (``python`` of a grid, ``--peer-python``), where topicml need not be installed.
"""
