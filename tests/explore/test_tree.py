"""The learned tree in a view: cuts as merges, parents, paths."""

import warnings

import numpy as np
import pytest

import topicml
from topicml import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView

NAMES = ("ball", "ski", "bread", "soup")


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(0)
    documents = []
    for i in range(300):
        narrow, broad = NAMES[i % 4], ("sport", "food")[i % 4 // 2]
        documents.append(
            [f"{narrow}{j}" for j in rng.integers(6, size=6)] + [f"{broad}{j}" for j in rng.integers(6, size=4)]
        )
    return Corpus.from_tokens(documents, fields={"text": [" ".join(each) for each in documents]})


@pytest.fixture(scope="module")
def model(corpus):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = {"hidden": 16, "max_epochs": 10, "batch_size": 32, "learning_rate": 0.02, "random_state": 0}
        return topicml.ProdLDA(6, parents=(2, 3), **settings).fit(corpus)


@pytest.fixture(scope="module")
def view(model, corpus):
    return TopicView.of(model, corpus)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6])
def test_a_cut_merges_the_topics_of_each_node(view, model, n):
    found = view.cut(n)
    nodes = model.cut(n)
    assert [set(sources) for sources in found.sources] == [set(np.flatnonzero(nodes == node)) for node in range(n)]
    np.testing.assert_allclose(found.theta, model.cut_theta(view.theta, n), rtol=1e-5)
    np.testing.assert_allclose(found.mass.sum(), 1, rtol=1e-5)


def test_cuts_are_nested_and_can_be_undone(view):
    assert view.cut(5).cut(2).sources == view.cut(2).sources
    assert view.cut(5).undo().sources == view.sources
    assert len(view.cut(2).steps) == len([s for s in view.cut(2).sources if len(s) > 1])


def test_a_cut_needs_no_documents(model):
    assert TopicView.of(model).cut(2).n_topics == 2


def test_a_cut_is_saved_with_the_model(model, view, tmp_path):
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    TopicView.of(loaded).cut(3).save()
    assert TopicView.of(topicml.load(tmp_path / "model")).sources == view.cut(3).sources


def test_branches_have_all_topics_once(view, model):
    branches = view.branches()
    assert sorted(k for branch in branches for k in branch.topics) == list(range(6))
    for branch in branches:
        assert {model.parents_[k] for k in branch.topics} == {branch.number}
        assert branch.words == model.topics(10, cut=3)[branch.number]
        assert branch.label == ", ".join(branch.words[:4])
    assert [branch.topics for branch in view.branches(1)] == [list(range(6))]


def test_hidden_topics_are_in_no_branch(view):
    assert 0 not in [k for branch in view.hide(0).branches() for k in branch.topics]


def test_paths_go_from_the_root_to_the_topic(view, model):
    path = view.path(4)
    two, three = (model.topics(4, cut=n)[model.cut(n)[4]] for n in (2, 3))
    assert path == [", ".join(two), ", ".join(three), view.labels[4]]
    assert view.rename(4, "soups").path(4)[-1] == "soups"


def test_topics_merged_across_parents_have_none(view, model):
    nodes = model.cut(2)
    one, other = 0, int(np.flatnonzero(nodes != nodes[0])[0])
    merged = view.merge([one, other])
    assert merged.path(0) == [merged.labels[0]]
    assert 0 not in [k for branch in merged.branches() for k in branch.topics]
    with pytest.raises(InputError, match="Undo the merge"):
        merged.cut(2)
    assert merged.cut(1).n_topics == 1


def test_without_a_tree(corpus):
    flat = TopicView.of(topicml.ProdLDA(3, max_epochs=1, random_state=0).fit(corpus))
    for ask in (flat.branches, lambda: flat.path(0), lambda: flat.cut(2)):
        with pytest.raises(InputError, match="without a tree"):
            ask()


def test_the_report_folds_topics_by_parent(view):
    pytest.importorskip("jinja2")
    from html.parser import HTMLParser

    from topicml.report.cards import rows_of
    from topicml.report.families import families_of
    from topicml.report.page import render

    html = render(view)

    class Families(HTMLParser):
        inside, summaries, links = False, 0, None

        def handle_starttag(self, tag, attributes):
            self.links = self.links or []
            self.inside = self.inside or ("class", "families") in attributes
            self.summaries += self.inside and tag == "summary"
            if self.inside and tag == "a":
                self.links.append(dict(attributes)["href"])

        def handle_endtag(self, tag):
            self.inside = self.inside and tag != "div"

    found = Families()
    found.feed(html)
    assert found.summaries == 3
    assert sorted(found.links) == [f"#topic-{k}" for k in range(6)]
    families = families_of(view, rows_of(view, None, 10))
    assert sorted(family.mass for family in families) == pytest.approx(
        sorted(sum(view.mass[k] for k in branch.topics) for branch in view.branches())
    )
    assert families_of(TopicView.of(view.model), rows_of(TopicView.of(view.model), None, 10))[0].mass is None
