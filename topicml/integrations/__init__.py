"""Bridges to other packages: OCTIS, gensim, scikit-learn, tomotopy, BERTopic, TopMost, pyLDAvis, spaCy.

`fitted` reads the topics of a fitted model of any of them. Each package is imported only when it is used.
"""

from topicml.integrations.fitted_topics import Fitted
from topicml.integrations.peers import fitted

__all__ = ["Fitted", "fitted"]
