"""One small adapter per peer: ``fit(counts, documents, vocabulary, n_topics, seed) -> (topics, theta)``.

They run in the interpreter of the peers (``python`` of a grid, ``--peer-python``), where topicml need not be installed.
"""
