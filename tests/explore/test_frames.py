import numpy as np
import pytest

from topicml.explore import TopicView, document_info, representative_documents, top_words
from topicml.explore.frames import frame_of
from topicml.report import render


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_lone_surrogates_become_replacement_characters(kind):
    pytest.importorskip(kind)
    table = frame_of({"text": ["fine", "bro\ud800ken"], "words": [["a"], ["b\udc00"]], "n": np.array([1, 2])}, kind)
    assert table["text"].to_list() == ["fine", "bro\ufffdken"]
    assert [list(each) for each in table["words"].to_list()] == [["a"], ["b\ufffd"]]
    assert table["n"].to_list() == [1, 2]


@pytest.mark.parametrize(
    "text", ["\ud800" + " alone" * 4, "שלום עולם", "火箭発射", "كرة القدم", "👩‍🚀🚀", "x" * 1_000_000]
)
def test_strange_texts_and_labels_go_through_tables_and_report(text):
    from types import SimpleNamespace

    from topicml.corpus import Corpus

    tokens = [["a", "b"], ["c", "d"], ["a", "d"]] * 5
    corpus = Corpus.from_tokens(tokens, fields={"text": [text] * 15, "label": [text[:20], "other", "more"] * 5})
    theta = np.tile([[0.8, 0.2], [0.3, 0.7], [0.5, 0.5]], (5, 1))
    model = SimpleNamespace(
        components_=np.array([[0.4, 0.4, 0.1, 0.1], [0.1, 0.1, 0.4, 0.4]]),
        vocabulary_=corpus.vocabulary,
        transform=lambda X: theta,
    )
    view = TopicView.of(model, corpus).rename(0, text[-20:])  # a label is text that UTF-8 can encode
    assert len(top_words(view, 2)) == 4 and len(document_info(view)) == 15
    assert len(representative_documents(view, 0, 2)) == 2
    assert "</html>" in render(view)
