"""The term of translations, against its formula."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch.distributions import Independent, Normal, kl_divergence

import topicml
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.posterior import Posterior
from topicml.objectives.translations import TranslationTerm, divergence
from topicml.starting import Dictionary

TEXTS = {"en": ["cat cat dog", "tax loan", "dog pet"], "de": ["katze hund", "steuer kredit", "zins"]}
IDS = {"en": ["a", "b", None], "de": ["a", "b", None]}


@pytest.fixture(scope="module")
def made():
    parts = {
        name: Corpus.from_tokens([each.split() for each in texts], fields={"id": IDS[name]})
        for name, texts in TEXTS.items()
    }
    corpus = Corpus.multilingual(parts)
    model = topicml.ETM(2, languages=True, translations="id", max_epochs=1, random_state=0, embedding_size=4).fit(
        corpus
    )
    return model.network_.eval(), Documents(corpus.counts, tuple(corpus.vocabulary), None, corpus)


def test_the_divergence_is_the_mean_of_both():
    torch.manual_seed(0)
    one, other = (Posterior(torch.randn(5, 3), torch.rand(5, 3) + 0.1) for _ in range(2))
    p, q = (Independent(Normal(each.loc, each.scale), 1) for each in (one, other))
    torch.testing.assert_close(divergence(one, other), (kl_divergence(p, q) + kl_divergence(q, p)) / 2)


@pytest.mark.parametrize("dictionary", [None, Dictionary({"en": ["dog", "pet"], "de": ["hund", "hund"]})])
def test_the_loss_is_that_of_the_formula(made, dictionary):
    network, documents = made
    term = TranslationTerm("id", dictionary, strength=2.0, agreement=3.0)
    term.prepare(documents, network, batch_size=6)
    rows = np.array([2, 0, 4])
    batch = Batch.from_counts(documents.counts, rows)
    posterior = network.encode(batch)
    torch.manual_seed(1)
    with torch.no_grad():
        loss = term(batch, posterior, network)
        torch.manual_seed(1)
        log_words = network.words(posterior.theta).word_log_prob()
    counts = documents.counts.toarray()
    translated = torch.tensor(np.array([np.zeros_like(counts[0]), counts[3], counts[1]]), dtype=torch.float32)
    words = -(translated * log_words).sum() / 3
    column = {word: i for i, word in enumerate(documents.vocabulary)}
    other = translated.clone()
    if dictionary is not None:
        other[0, column["de:hund"]] = 2  # of dog and pet
    kept = torch.tensor([dictionary is not None, True, True])
    views = Batch.from_counts(csr_matrix(other.numpy()), np.arange(3))
    with torch.no_grad():
        agree = (divergence(posterior, network.encode(views)) * kept).sum() / 3
    torch.testing.assert_close(loss.value, 2 * (words + 3 * agree))
    assert loss.parts == pytest.approx({"translations_words": float(words), "translations_agree": float(agree)})


def test_a_term_that_has_not_seen_the_documents(made):
    network, documents = made
    batch = Batch.from_counts(documents.counts, np.arange(2))
    with pytest.raises(InputError, match="has not seen the documents"):
        TranslationTerm("id")(batch, network.encode(batch), network)
