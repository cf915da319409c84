"""How many topics a corpus supports, from the topics that training starts from: no network is trained.

Topics that describe the documents, and not chance, come back in other documents of the same kind. The documents are
split at random into halves several times. For each number of topics K, topics are estimated from each half
(`topicml.starting`), and the two halves are compared:

- words: the mean rank-biased overlap of the first words of the topics, matched one to one (Greene et al. 2014);
- documents: both halves assign every document to a topic; the adjusted Rand index of the two assignments (Lange et al.
  2004). It is adjusted for chance, so that 0 is chance at any K.

Two broad topics nearly always come back, and say little. The mean of the two agreements is therefore multiplied by the
share of the pairs of documents that the topics tell apart, 1/2 for two equal topics, 0.95 for twenty. The score of one
number of topics does not depend on which other numbers are tried.

The same is computed once more for documents of shuffled words, which have no topics: a score that is not above it
decides nothing, and the range then follows the size of the corpus alone.

References
----------
Greene, O'Callaghan & Cunningham 2014, How Many Topics? Stability Analysis for Topic Models.
Lange, Roth, Braun & Buhmann 2004, Stability-Based Validation of Clustering Solutions.
"""

MARGIN = 0.15
LEAST_SCORE = 0.1
"""see below"""
