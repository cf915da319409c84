"""BERTopic's names: the signatures of BERTopic 0.17, and its meaning."""

import copy
import inspect
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from topicml import explore
from topicml.errors import InputError
from topicml.explore import LikeBERTopic, TopicView
from topicml.explore.bertopic_absent import INSTEAD

# Parameters after self, in order, of BERTopic 0.17.3.
SIGNATURES = {
    "get_topic": "topic full",
    "get_topics": "full",
    "get_topic_info": "topic",
    "get_topic_freq": "topic",
    "get_document_info": "docs df metadata",
    "get_representative_docs": "topic",
    "find_topics": "search_term image top_n",
    "merge_topics": "docs topics_to_merge images",
    "reduce_topics": "docs nr_topics images use_ctfidf",
    "set_topic_labels": "topic_labels",
    "generate_topic_labels": "nr_words topic_prefix word_length separator aspect",
    "topics_over_time": "docs timestamps topics nr_bins datetime_format evolution_tuning global_tuning",
    "topics_per_class": "docs classes global_tuning",
    "visualize_topics": "topics top_n_topics use_ctfidf custom_labels title width height",
    "visualize_heatmap": "topics top_n_topics n_clusters use_ctfidf custom_labels title width height",
    "visualize_barchart": "topics top_n_topics n_words custom_labels title width height",
    "visualize_term_rank": "topics log_scale custom_labels title width height",
    "visualize_topics_over_time": "topics_over_time top_n_topics topics normalize_frequency custom_labels title width",
    "visualize_topics_per_class": "topics_per_class top_n_topics topics normalize_frequency custom_labels title width",
    "visualize_distribution": "probabilities min_probability custom_labels title width height",
    "visualize_documents": "docs topics embeddings reduced_embeddings sample hide_annotations hide_document_hover",
    "visualize_hierarchy": "orientation topics top_n_topics use_ctfidf custom_labels title width height",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_those_of_bertopic(name):
    parameters = list(inspect.signature(getattr(LikeBERTopic, name)).parameters)[1:]
    expected = SIGNATURES[name].split()
    assert parameters[: len(expected)] == expected


@pytest.fixture
def docs(texts):
    return [*texts, "zzzz"]


@pytest.fixture
def topics(saved, docs):
    return TopicView.of(saved, docs).as_bertopic()


def test_topics_and_documents(topics, docs):
    info = topics.get_topic_info()
    assert info["Topic"].tolist() == [-1, 0, 1, 2, 3] and info["Count"].sum() == len(docs)
    assert info["Name"][1] == "_".join(["0", *info["Representation"][1][:4]])
    assert topics.get_topic_info(2)["Topic"].tolist() == [2]
    assert topics.topics_[-1] == -1 and topics.probabilities_[-1] == 0
    counts = pd.Series(topics.topics_).value_counts()
    assert all(topics.get_topic_freq(k) == counts[k] for k in (-1, 0, 1, 2, 3))
    assert topics.get_topic(9) is False and topics.get_topic(0, full=True) == {"Main": topics.get_topic(0)}
    assert set(topics.get_topics()) == {0, 1, 2, 3}
    table = topics.get_document_info(docs, df=pd.DataFrame({"n": range(len(docs))}), metadata={"m": docs})
    assert table["Document"].tolist() == docs and {"n", "m", "Top_n_words"} <= set(table)
    assert set(topics.get_representative_docs()) == {0, 1, 2, 3} and topics.get_representative_docs(1)[0] in docs
    found, sure = topics.transform(["goal match team", "zzzz"])
    assert found[1] == -1 and sure[1] == 0 and found[0] == topics.find_topics("goal match")[0][0]


def test_find_topics_takes_any_text(topics, saved):
    best = saved.transform(["rockets in orbit around a planet"]).argmax()
    assert topics.find_topics("Rockets in orbit, around a planet!")[0][0] == best
    assert TopicView.of(saved).find_topics("rockets")[0][0] == best  # without documents
    with pytest.raises(InputError, match="No word of 'pizza'"):
        topics.find_topics("pizza")


def test_changes_are_in_place(topics, docs):
    topics.merge_topics(docs, [[0, 1], [2, 3]])
    assert topics.view.sources == ((0, 1), (2, 3)) and len(topics.get_topics()) == 2
    topics.set_topic_labels(["a", "b"])
    assert topics.custom_labels_ == ["a", "b"] and topics.topic_labels_ == dict(
        enumerate(topics.generate_topic_labels(nr_words=4))
    )
    assert list(topics.get_topic_info()["CustomName"])[1:] == ["a", "b"]
    assert topics.generate_topic_labels(nr_words=2, topic_prefix=False, separator=" ")[0].count(" ") == 1


def test_reduce_topics_merges_the_most_similar_first(saved, docs):
    topics = TopicView.of(saved, docs).split(0, n_parts=2).as_bertopic()
    assert topics.reduce_topics(docs, nr_topics=3) is topics and topics.view.n_topics == 3
    assert topics.reduce_topics(docs, nr_topics="auto").view.n_topics == 3  # four plain subjects are not similar


def _of_counts(used):
    """A view of as many topics as `used` has rows: ten documents of each, with the words of its row."""
    n_topics, n_words = used.shape
    counts = csr_matrix(np.repeat(used, 10, axis=0))
    theta = np.repeat(0.9 * np.eye(n_topics) + 0.1 / n_topics, 10, axis=0)
    # Ranked for difference, as models rank: no two topics share a word.
    beta = np.full((n_topics, n_words), 1e-9)
    beta[np.arange(n_topics), np.arange(n_topics)] = 1
    return TopicView.of(SimpleNamespace(components_=beta / beta.sum(axis=1, keepdims=True)), counts, theta=theta)


def test_reduce_topics_compares_the_words_of_documents_not_only_the_first_words():
    subjects = np.kron(np.eye(4), np.ones((3, 6), dtype=int))  # twelve topics, three of each subject
    order = np.random.default_rng(0).permutation(12)
    view = _of_counts(subjects[order].astype(int))
    for topics in (
        view.as_bertopic().reduce_topics([""] * 120, 4),
        view.as_bertopic().reduce_topics([""] * 120, "auto"),
    ):
        groups = sorted(sorted(order[list(group)] // 3) for group in topics.view.sources)
        assert groups == [[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3]]
        assert topics.get_topic_info()["Count"].tolist() == [30] * 4


def test_reduce_topics_does_not_heap_the_documents_in_one_topic():
    # Topics share the first six words, each less than the one before, and have two words of their own: joining the
    # nearest ones makes one group of nearly all.
    used = np.zeros((24, 54), dtype=int)
    for k in range(24):
        used[k, :6], used[k, 6 + 2 * k : 8 + 2 * k] = 24 - k, 12
    topics = _of_counts(used).as_bertopic().reduce_topics([""] * 240, 4)
    assert max(topics.get_topic_freq()["Count"]) <= 120


def test_reduce_topics_leaves_hidden_topics(saved, docs):
    topics = TopicView.of(saved, docs).hide(1).as_bertopic().reduce_topics(docs, 2)
    assert len(topics.get_topics()) == 2 and (1,) in topics.view.sources


# The public names of BERTopic 0.17.4 and its fitted attributes.
NAMES = """
fit fit_transform transform partial_fit topics_over_time topics_per_class hierarchical_topics
approximate_distribution find_topics update_topics get_topics get_topic get_topic_info get_topic_freq get_document_info
get_representative_docs get_topic_tree set_topic_labels generate_topic_labels merge_topics delete_topics reduce_topics
reduce_outliers visualize_topics visualize_documents visualize_document_datamap visualize_hierarchical_documents
visualize_term_rank visualize_topics_over_time visualize_topics_per_class visualize_distribution
visualize_approximate_distribution visualize_hierarchy visualize_heatmap visualize_barchart save load merge_models
push_to_hf_hub get_params topic_labels_ topics_ probabilities_ topic_sizes_ topic_mapper_ topic_representations_
topic_embeddings_ custom_labels_ c_tf_idf_ representative_images_ representative_docs_ topic_aspects_ nr_topics
vectorizer_model embedding_model umap_model hdbscan_model ctfidf_model representation_model
"""


def test_names_of_bertopic_that_are_absent_say_what_there_is_instead(topics):
    for name in NAMES.split():
        if hasattr(topics, name):
            assert name not in INSTEAD
            continue
        with pytest.raises(AttributeError, match=f"no {name} of BERTopic"):
            getattr(topics, name)
        with pytest.raises(InputError):  # the command line and users see a sentence
            getattr(topics, name)
    with pytest.raises(AttributeError, match="no attribute 'zzz'"):
        topics.zzz  # noqa: B018
    assert copy.copy(topics).view is topics.view


def test_advice_names_what_exists(topics):
    for name, advice in INSTEAD.items():
        assert all(hasattr(topics.view, each) for each in re.findall(r"view\.(\w+)", advice)), name
        assert all(hasattr(topics.view.model, each) for each in re.findall(r"model\.(\w+)", advice)), name
        assert all(hasattr(explore, each) for each in re.findall(r"topicml\.explore\.(\w+)", advice)), name
        calls = re.findall(r"(?<![.\w])([a-z_]+)\(", advice)
        assert all(hasattr(topics, each) for each in calls if each not in ("dir", "function", "as_bertopic")), name


def test_topics_over_time_have_the_words_and_the_numbers_of_each_slice(topics, docs):
    times = [f"2024-0{1 + number % 3}-01" for number in range(len(docs))]
    table = topics.topics_over_time(docs, times)
    assert list(table) == ["Topic", "Words", "Frequency", "Timestamp"]
    assert table["Frequency"].sum() == len(docs) - 1 and table["Timestamp"].nunique() == 3
    leading = np.array(topics.topics_)
    for row in table.itertuples():
        of_slice = [t == row.Timestamp.strftime("%Y-%m-%d") for t in times]
        assert row.Frequency == ((leading == row.Topic) & of_slice).sum()
        words = set(row.Words.split(", "))
        assert len(words) == 5 and len(words & {word for word, _ in topics.view.show_topic(row.Topic, 14)}) >= 4
    years = topics.topics_over_time(docs, list(range(len(docs))), nr_bins=4)
    assert years["Timestamp"].nunique() == 4
    classes = topics.topics_per_class(docs, ["x", "y"] * (len(docs) // 2) + ["x"])
    assert list(classes) == ["Topic", "Words", "Frequency", "Class"] and classes["Frequency"].sum() == len(docs) - 1


def test_plots_show_what_they_are_asked_for(topics, docs):
    pytest.importorskip("plotly")
    table = topics.topics_over_time(docs, list(range(len(docs))), nr_bins=3)
    figures = {
        "barchart": topics.visualize_barchart(top_n_topics=3),
        "topics": topics.visualize_topics(title="Mine"),
        "heatmap": topics.visualize_heatmap(topics=[0, 1, 2]),
        "hierarchy": topics.visualize_hierarchy(),
        "terms": topics.visualize_term_rank(log_scale=True),
        "documents": topics.visualize_documents(docs, sample=0.5),
        "over time": topics.visualize_topics_over_time(table, topics=[1]),
        "classes": topics.visualize_topics_per_class(topics.topics_per_class(docs, ["x"] * len(docs)), 2),
        "distribution": topics.visualize_distribution(topics.view.theta[0], min_probability=0),
    }
    assert len(figures["barchart"].data) == 3 and figures["topics"].layout.title.text == "Mine"
    assert len(figures["over time"].data) == 1 and len(figures["classes"].data) == 2
    assert len(figures["distribution"].data[0].y) == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda t, d: t.merge_topics([0, 1], [2, 3]), "241 documents of the view; received 2"),
        (lambda t, d: t.merge_topics(d, [[0, 1], [1, 2]]), "occurs twice"),
        (lambda t, d: t.merge_topics(d, [0, 1], images=["x"]), "images"),
        (lambda t, d: t.reduce_topics(d, nr_topics=0), "nr_topics"),
        (lambda t, d: t.topics_over_time(d, ["2024"]), "1 timestamps"),
        (lambda t, d: t.topics_over_time(d, ["never"] * len(d)), "cannot be read as times"),
        (lambda t, d: t.visualize_topics(use_ctfidf=True), "use_ctfidf=True is not supported"),
        (lambda t, d: t.find_topics(), "search_term"),
        (lambda t, d: t.get_document_info("one"), "received one text"),
    ],
)
def test_what_has_no_meaning_here_is_refused(topics, docs, wrong, message):
    with pytest.raises(InputError, match=message):
        wrong(topics, docs)
