"""Reports of many documents: words are judged on a sample, which the page tells, and no column of texts is read."""

import datetime
import re

import numpy as np
import pyarrow as pa
import pytest

from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.explore import TopicView
from topicml.metrics import score
from topicml.report import groups, page, render
from topicml.report.quality import quality_of
from topicml.report.sampling import Judged
from topicml.report.scores import computed

SAMPLED = re.compile(r"<p>(Whether words belong together[^<]*)</p>")


def test_words_are_judged_on_a_sample_that_the_page_tells(view_of_themes):
    view = view_of_themes(300)
    html = render(view, max_judged=120)
    text = (
        "Whether words belong together and describe their documents is judged, and scores are computed, on 120 of 300"
    )
    assert SAMPLED.findall(html) == [f"{text} documents, sampled at random."]
    given = render(view, max_judged=120, scores=computed(view))
    assert SAMPLED.findall(given) == [f"{text.replace(', and scores are computed,', '')} documents, sampled at random."]
    assert "This page sorts 300 documents" in html  # sizes are of all


def test_a_page_of_few_documents_does_not_depend_on_the_limit(view_of_themes):
    pages = [render(view_of_themes(60), max_judged=n) for n in (60, 200_000)]
    assert pages[0] == pages[1] == render(view_of_themes(60))
    assert not SAMPLED.findall(pages[0])


def test_the_sample_has_the_words_and_proportions_of_its_rows(view_of_themes):
    view = view_of_themes(90, n_topics=4).hide(1)
    judged = Judged.of(view, 40, seed=3)
    assert len(judged.rows) == len(set(judged.rows)) == 40 and (np.diff(judged.rows) > 0).all()
    assert (judged.corpus.counts != view.counts[judged.rows]).nnz == 0
    assert [judged.corpus.document(i) for i in range(40)] == [view.corpus.document(int(i)) for i in judged.rows]
    assert not len(judged.corpus.fields)
    np.testing.assert_array_equal(judged.theta, view.theta[judged.rows][:, [0, 2, 3]])
    np.testing.assert_array_equal(judged.of_documents(np.arange(90)), judged.rows)
    assert not np.array_equal(Judged.of(view, 40, seed=4).rows, judged.rows)
    whole = Judged.of(view)
    assert whole.corpus is view.corpus and whole.rows is None and whole.theta.shape == (90, 3)
    assert Judged.of(TopicView.of(view.model)) is None


def test_quality_and_scores_are_those_of_the_sample(view_of_themes):
    view = view_of_themes(300)
    judged = Judged.of(view, 120)
    words = [[word for word, _ in view.show_topic(k, 10)] for k in range(3)]
    labels = view.field("label")
    expected = score(words, judged.corpus, judged.theta, labels[judged.rows])
    found = computed(view, labels, judged=judged)
    assert {name: each["mean"] for name, each in found.items()} == {
        name: each["mean"] for name, each in expected.items()
    }
    alone = TopicView.of(view.model, judged.corpus, theta=judged.theta)
    assert quality_of(view, judged=judged) == quality_of(alone) != quality_of(view)


def test_no_array_of_all_texts_is_made(view_of_themes):
    view = view_of_themes()
    assert "rocket" in render(view)
    assert "text" not in view.corpus.fields._arrays


@pytest.mark.parametrize(
    ("values", "is_date"),
    [
        (pa.array([datetime.datetime(2024, 1, 1)]), True),
        (pa.array([datetime.date(2024, 1, 1)]), True),
        (pa.array([datetime.datetime(2024, 1, 1)]).dictionary_encode(), True),
        (pa.array([datetime.timedelta(1)]), False),
        (pa.array([datetime.time(1)]), False),
        (pa.array(["2024-01-01"]), False),
        (pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2)), False),
    ],
)
def test_dates_are_found_by_the_type_of_the_column(values, is_date):
    corpus = Corpus.from_tokens([["a"]], fields=pa.table({"when": values}))
    assert groups._is_date(corpus.fields.column("when").type) == is_date
    array = Fields(pa.table({"when": values}))["when"]
    assert is_date == (array.ndim == 1 and array.dtype.kind == "M")


def test_too_small_a_sample_is_refused(view_of_themes):
    with pytest.raises(page.InputError, match="max_judged at least 2; received 'tsne', 2500, 200 and 1"):
        render(view_of_themes(), max_judged=1)
