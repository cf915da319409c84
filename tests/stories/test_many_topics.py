"""Many topics in short texts: nearly all topics lead documents."""

import numpy as np
import pytest

from topicml.corpus import synthetic
from topicml.metrics import clustering
from topicml.models import ECRTM, ETM, LDA2Vec, ProdLDA


# With unit variance of the initial posterior, only 25, 31, 36, 3 and 3 topics lead a document.
@pytest.mark.parametrize(("kind", "n_topics"), [(ProdLDA, 100), (ETM, 100), (LDA2Vec, 100), (ECRTM, 100), (ECRTM, 50)])
def test_nearly_all_topics_lead_documents(kind, n_topics):
    truth = synthetic.short_text(60 * n_topics, n_topics, n_words=1500, random_state=0)
    theta = kind(n_topics, random_state=0).fit_transform(truth.corpus)
    assert len(np.unique(theta.argmax(axis=1))) >= 0.9 * n_topics
    assert clustering(theta, truth.theta.argmax(axis=1)).purity > 0.6
