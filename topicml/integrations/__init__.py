"""Bridges to other packages: OCTIS, gensim, scikit-learn, tomotopy, BERTopic, TopMost, pyLDAvis, spaCy.

`fitted` reads what any of them learned. Each module imports its peer when it is used, not before.
"""

from topicml.integrations.learned import Fitted
from topicml.integrations.peers import fitted

__all__ = ["Fitted", "fitted"]
