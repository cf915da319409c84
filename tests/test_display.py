"""What notebooks show of models, corpora, scores and views: escaped, small, without script."""

import warnings
from html.parser import HTMLParser

import pytest
import sklearn
from sklearn.pipeline import make_pipeline

import topicml
from topicml.display import html_table
from topicml.experiment import Results
from topicml.explore import TopicView

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&amp;",
    "שלום",
    "話題",
    "moon",
    "rocket",
    "oven",
]


class Parsed(HTMLParser):
    """Tags, their attributes, and the text of cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + "\n"


def harmless(html: str) -> Parsed:
    page = Parsed(html)
    assert set(page.tags) <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "div"}
    assert page.attributes <= {"style", "scope", "dir"}
    assert "#" not in html, "no colour of its own: pages are light and dark"
    return page


@pytest.fixture(scope="module")
def corpus():
    documents = [[HOSTILE[i % 8], HOSTILE[(i + 1) % 8], HOSTILE[(3 * i) % 8]] for i in range(40)]
    fields = {"<b>label</b>": ["<script>alert(2)</script>"] * 40, "year": list(range(40))}
    return topicml.Corpus.from_tokens(documents, fields=fields)


@pytest.fixture(scope="module")
def model(corpus):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs make no good topics
        return topicml.ProdLDA(n_topics=2, max_epochs=2, hidden=8, random_state=0).fit(corpus)


def test_a_fitted_model_shows_its_topics_and_its_fit(model):
    html = model._repr_html_()
    page = harmless(html)
    assert len(html) < 4000
    for word in HOSTILE:
        assert word in page.text, "shown as it is, and as text"
    assert "ProdLDA(" in page.text and "2 epochs" in page.text and "Information" in page.text
    assert model._repr_mimebundle_()["text/html"] == html and model._repr_mimebundle_()["text/plain"] == repr(model)


def test_an_unfitted_model_and_a_pipeline_are_drawn_by_scikit_learn(model):
    unfitted = topicml.ProdLDA(n_topics=7)
    assert unfitted._repr_html_() and "sk-" in unfitted._repr_html_()
    assert "sk-" in unfitted._repr_mimebundle_()["text/html"]
    assert "sk-" in make_pipeline(model)._repr_html_()
    with sklearn.config_context(display="text"):
        assert not hasattr(model, "_repr_html_") and set(model._repr_mimebundle_()) == {"text/plain"}


def test_a_corpus_shows_sizes_and_fields(corpus):
    page = harmless(corpus._repr_html_())
    assert "40 documents of 8 words, 120 tokens" in page.text
    assert "<b>label</b>" in page.text and "<script>alert(2)</script>" in page.text and "int64" in page.text
    harmless(corpus[:0]._repr_html_())
    counts = topicml.Corpus.from_counts(corpus.counts, corpus.vocabulary)
    assert "Counts only" in harmless(counts._repr_html_()).text


def test_scores_are_dicts_that_show_as_tables(model, corpus):
    scores = topicml.metrics.score(model.topics(5), corpus)
    assert isinstance(scores, dict) and scores == dict(scores)
    page = harmless(scores._repr_html_())
    for name, score in scores.items():
        assert name in page.text and f"{score['mean']:,.4g}" in page.text
    found = topicml.metrics.evaluate(["topic_diversity", "u_mass"], topics=model.topics(5), reference=corpus)
    assert "u_mass" in harmless(found._repr_html_()).text
    one = harmless(found["u_mass"]._repr_html_()).text
    assert "u_mass" in one and f"{min(found['u_mass'].per_topic):,.4g}" in one


def test_a_view_shows_its_steps_and_leaves_out_what_is_hidden(model, corpus):
    view = TopicView.of(model, corpus).rename(0, "<script>alert(3)</script>").hide(1)
    page = harmless(view._repr_html_())
    assert "<script>alert(3)</script>" in page.text and "rename, hide" in page.text and "1 hidden." in page.text
    assert repr(view) == "TopicView(ProdLDA, 2 topics, 40 documents, 2 steps)"
    assert repr(view.undo()) == "TopicView(ProdLDA, 2 topics, 40 documents, 1 step)"


def test_cells():
    page = harmless(html_table(("a", "b"), [(1234, None), (0.000123456, "x" * 1000)], title="<t>", notes=["<n>"]))
    assert "1,234" in page.text and "0.0001235" in page.text and "x" * 199 + "…" in page.text
    assert "x" * 201 not in page.text and "<t>" in page.text and "<n>" in page.text
    assert harmless(html_table(("a",), [])).tags.count("td") == 0


def results_of(corpora, seeds=3):
    records = [
        {
            **{"corpus": corpus, "model": model, "settings": "default", "n_topics": 5, "seed": seed},
            **{"id": f"{corpus}-{model}-{seed}", "scores": {"topic_diversity": {"mean": 0.5 + 0.1 * seed}}},
            "cost": {"fit_s": 1.0, "fit_cpu_s": 1.0, "peak_mb": 10.0},
        }
        for corpus in corpora
        for model in ("<script>A</script>", "B")
        for seed in range(seeds)
    ]
    return Results.from_records(records)


@pytest.mark.parametrize("corpora", [("x",), ("x", "y")])
def test_results_show_every_model_and_measure(corpora):
    page = harmless(results_of(corpora)._repr_html_())
    assert "<script>A</script>" in page.text and "topic_diversity" in page.text and "0.600" in page.text
    assert f"Corpora: {len(corpora)}." in page.text


def test_results_without_a_number_show_what_failed():
    names = {"corpus": "x", "model": "A", "settings": "default", "n_topics": 5, "seed": 0, "id": "1"}
    assert "Failed runs: 1" in harmless(Results.from_records([{**names, "error": "it"}])._repr_html_()).text
