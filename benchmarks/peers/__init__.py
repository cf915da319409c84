"""One small adapter per peer: ``fit(counts, documents, vocabulary, n_topics, seed) -> (topics, theta)``.

They run in an interpreter of their own (``--peer-python``), where topicml need not be installed.
"""
