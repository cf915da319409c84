"""Edits that last: saved with the model, repeated without documents, undone by name."""

import json

import numpy as np
import pytest
from sklearn.decomposition import LatentDirichletAllocation

import topicml
from topicml.edits import changing_edits, read_labels
from topicml.errors import InputError
from topicml.explore import TopicView


def assert_same(one, other):
    for name in ("labels", "hidden", "sources", "shown"):
        assert getattr(one, name) == getattr(other, name), name
    np.testing.assert_array_equal(one.beta, other.beta)


@pytest.fixture
def edited(saved, texts):
    view = TopicView.of(saved, texts)
    return view.merge([0, 2]).rename(0, "Cooking").split(1, n_parts=2, seed=3).hide(2).order([3, 0])


def test_saved_edits_are_those_of_a_new_view_without_documents(edited, saved, texts, tmp_path):
    path = edited.save()
    assert path == tmp_path / "model" / "edits.json"
    again = TopicView.of(topicml.load(tmp_path / "model"))
    assert_same(again, edited)
    np.testing.assert_array_equal(again.transform(texts), edited.theta)
    assert_same(TopicView.of(saved), edited)  # and of the same object
    assert TopicView.of(saved, edits=False).n_topics == 4
    np.testing.assert_array_equal(topicml.load(tmp_path / "model").components_, saved.components_)


def test_a_copy_of_the_model_keeps_the_edits(edited, saved, tmp_path):
    edited.save()
    topicml.load(tmp_path / "model").save(tmp_path / "copy")
    assert_same(TopicView.of(topicml.load(tmp_path / "copy")), edited)


def test_saving_into_a_new_folder_saves_the_model_first(edited, fitted_once, texts, tmp_path):
    view = TopicView.of(fitted_once, texts, edits=False).rename(1, "One")
    view.save(tmp_path / "new")
    try:
        assert TopicView.of(topicml.load(tmp_path / "new")).labels[1] == "One"
    finally:
        fitted_once.edits_ = None


def test_another_model_s_folder_is_refused(edited, texts, tmp_path):
    other = topicml.ProdLDA(n_topics=4, random_state=1, max_epochs=1, hidden=32).fit(texts)
    other.save(tmp_path / "other")
    with pytest.raises(InputError, match="another model"):
        edited.save(tmp_path / "other")
    assert not (tmp_path / "other" / "edits.json").exists()


def test_a_model_that_was_never_saved_needs_a_folder(texts):
    model = topicml.ProdLDA(n_topics=3, random_state=1, max_epochs=1, hidden=32).fit(texts)
    with pytest.raises(InputError, match="Pass the folder"):
        TopicView.of(model).rename(0, "x").save()


def test_an_edit_is_undone_by_its_name_and_later_ones_keep_their_topics(saved, texts):
    view = TopicView.of(saved, texts)
    edited = view.merge([0, 2]).rename(2, "last").hide(1)  # 2 was 3, and 1 is 1
    assert edited.step_names == ["merge 0 2", "rename 2", "hide 1"]
    undone = edited.undo("merge 0 2")
    assert_same(undone, view.rename(3, "last").hide(1))
    assert undone.step_names == ["rename 3", "hide 1"]
    assert_same(edited.undo("rename 2"), view.merge([0, 2]).hide(1))
    assert_same(edited.undo(), view.merge([0, 2]).rename(2, "last"))


def test_undoing_an_order_renumbers_and_repeated_names_are_told_apart(saved, texts):
    view = TopicView.of(saved, texts)
    edited = view.order([3, 1]).merge([0, 2]).rename(0, "a").rename(0, "b")  # 0 and 2 were 3 and 0
    assert edited.step_names == ["order 3 1", "merge 0 2", "rename 0", "rename 0 (2)"]
    undone = edited.undo("order 3 1")
    assert undone.labels[0] == "b" and undone.sources[0] == (0, 3)
    np.testing.assert_allclose(undone.beta[0], view.merge([0, 3]).beta[0])
    assert edited.undo("rename 0 (2)").labels[0] == "a"


def test_an_edit_that_a_later_one_needs_is_not_undone(saved, texts):
    edited = TopicView.of(saved, texts).split(0, n_parts=2).rename(4, "part")
    with pytest.raises(InputError, match="'rename 4' is about"):
        edited.undo("split 0")
    assert edited.undo("rename 4").undo("split 0").n_topics == 4
    with pytest.raises(InputError, match="no step 'mrge 0'"):
        edited.undo("mrge 0")


def test_order_puts_topics_first_and_the_others_after(saved, texts):
    view = TopicView.of(saved, texts).rename(3, "three")
    ordered = view.order([3, 1])
    assert ordered.sources == ((3,), (1,), (0,), (2,)) and ordered.labels[0] == "three"
    np.testing.assert_array_equal(ordered.theta, view.theta[:, [3, 1, 0, 2]])
    np.testing.assert_array_equal(ordered.transform(texts), ordered.theta)
    for wrong in ([], [1, 1], [7]):
        with pytest.raises(InputError):
            view.order(wrong)


def test_steps_of_the_first_version_are_read(saved, texts):
    stored = {"version": 1, "n_topics": 4, "steps": [{"do": "merge", "topics": [0, 1]}, {"do": "hide", "topic": 0}]}
    view = TopicView.from_dict(stored, saved, texts)
    assert_same(view, TopicView.of(saved, texts).merge([0, 1]).hide(0))


DAMAGE = {
    "no JSON": "{",
    "another version": '{"version": 9, "n_topics": 4, "steps": []}',
    "another number of topics": '{"version": 2, "n_topics": 5, "steps": []}',
    "no steps": '{"version": 2, "n_topics": 4}',
    "an unknown step": '{"version": 2, "n_topics": 4, "steps": [{"do": "__init__"}]}',
    "a step without its topic": '{"version": 2, "n_topics": 4, "steps": [{"do": "hide"}]}',
    "a list": "[1]",
    "a step of a list": '{"version": 2, "n_topics": 4, "steps": [{"do": ["merge"], "topics": [0, 1]}]}',
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_of_edits_is_told_when_the_model_is_loaded(saved, tmp_path, kind):
    (tmp_path / "model" / "edits.json").write_text(DAMAGE[kind])
    with pytest.raises(InputError, match=r"edits\.json cannot be used"):
        topicml.load(tmp_path / "model")


@pytest.mark.parametrize(
    "step",
    [
        {"do": "merge", "topics": [0, 9], "mass": [1, 1]},
        {"do": "merge", "topics": [0, 1], "mass": [1]},
        {"do": "merge", "topics": [0, 1], "mass": [-1, 2]},
        {"do": "merge", "topics": "01", "mass": [1, 2]},
        {"do": "split", "topic": 0, "shares": [[1], [1]]},
        {"do": "split", "topic": 0, "shares": "x"},
        {"do": "merge", "topics": [0, 1], "mass": [10**400, 1]},
        {"do": "rename", "topic": 0, "label": 3},
        {"do": "hide", "topic": "0"},
        {"do": "hide", "topic": 0, "view": 1},
        {"do": "order", "topics": [0, 0]},
    ],
)
def test_steps_that_do_not_fit_the_topics_are_refused(saved, step):
    with pytest.raises(InputError):
        TopicView.from_dict({"version": 2, "n_topics": 4, "steps": [step]}, saved)


def test_a_new_fit_has_no_edits(saved, texts):
    TopicView.of(saved).rename(0, "old").save()
    assert TopicView.of(saved.fit(texts[:60])).step_names == []


def test_edits_are_plain_json(edited):
    assert TopicView.from_dict(json.loads(json.dumps(edited.to_dict())), edited.model).labels == edited.labels


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\n", "\r\n", "  "])
def test_a_label_is_one_line_and_its_run_opens_with_one_step(saved, tmp_path, mark):
    (tmp_path / "run.json").write_text("{}")
    TopicView.of(saved).rename(1, f"one{mark}two ").save()
    view = TopicView.of(topicml.load(tmp_path / "model"))
    assert view.given_labels == (None, "one two", None, None)
    assert view.step_names == ["rename 1"]


@pytest.mark.parametrize("mark", ["\x0b", "\x1c", "\x85", "\u2028", "\n", "\r\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_labels_that_people_write_may_have_any_white_space(tmp_path, mark, end):
    lines = ["topic;label;words", f'0;"one{mark}two";a, b, c', "1;;d"]
    (tmp_path / "labels.csv").write_bytes("".join(line + end for line in lines).encode())
    assert read_labels(tmp_path / "labels.csv") == {0: "one two", 1: ""}


def test_many_steps_do_not_exhaust_the_stack(saved, texts):
    first = view = TopicView.of(saved, texts)
    for number in range(1100):
        view = view.rename(0, f"label {number}")
    assert view.calibration is first.calibration and view.step_names[-1] == "rename 0 (1100)"
    assert view.inferred is first.theta
    assert view.to_dict().get("calibration") is None


@pytest.mark.parametrize("labels", [{"0": "x"}, [1], None])
def test_labels_in_the_file_of_edits_are_not_read(saved, tmp_path, labels):
    stored = {"version": 2, "n_topics": 4, "steps": [], "labels": labels}
    (tmp_path / "model" / "edits.json").write_text(json.dumps(stored))
    assert TopicView.of(topicml.load(tmp_path / "model")).given_labels == (None,) * 4
    with pytest.raises(InputError, match="labels of the edits are damaged"):
        TopicView.from_dict(stored, saved)


def test_a_stored_split_with_an_empty_part_is_refused(saved):
    n_words = saved.components_.shape[1]
    step = {"do": "split", "topic": 0, "shares": [[1] * n_words, [0] * n_words]}
    with pytest.raises(InputError, match="no probability"):
        TopicView.from_dict({"version": 2, "n_topics": 4, "steps": [step]}, saved)


@pytest.mark.parametrize("damage", [{"documents": float("inf")}, {"temperature": 10**400}])
def test_a_stored_calibration_with_infinite_numbers_is_refused(saved, damage):
    calibration = {"temperature": 1, "noise": [0.1] * 4, "share": [0.25] * 4, "documents": 9, "held_out": 0}
    stored = {"version": 2, "n_topics": 4, "steps": [], "calibration": {**calibration, "target": "labels", **damage}}
    with pytest.raises(InputError, match="calibration of the edits is damaged"):
        TopicView.from_dict(stored, saved)


@pytest.mark.parametrize("size", [1e308, 1, 5e-324])
def test_a_merge_weighs_masses_of_any_size(saved, size):
    step = {"do": "merge", "topics": [0, 1], "mass": [size, size]}
    view = TopicView.from_dict({"version": 2, "n_topics": 4, "steps": [step]}, saved)
    np.testing.assert_allclose(view.beta[0], saved.components_[:2].mean(axis=0, dtype=np.float64))


def test_a_model_of_another_package_is_not_saved_into_a_folder_of_topicml(saved, tmp_path):
    counts = np.random.default_rng(0).poisson(1, (30, saved.components_.shape[1]))
    view = TopicView.of(LatentDirichletAllocation(4, max_iter=1, random_state=0).fit(counts))
    with pytest.raises(InputError, match="another model"):
        view.rename(0, "x").save(tmp_path / "model")
    assert not (tmp_path / "model" / "edits.json").exists()


def test_names_that_stand_only_in_labels_csv_are_saved_elsewhere_too(edited, saved, texts, tmp_path):
    (tmp_path / "run.json").write_text("{}")  # the folder of a run
    edited.save()
    rows = read_labels(tmp_path / "labels.csv") | {1: "", 2: "By hand", 3: "Last"}
    assert edited.given_labels[1] == "Cooking"
    (tmp_path / "labels.csv").write_text("topic,label\n" + "".join(f"{k},{label}\n" for k, label in rows.items()))
    expected = TopicView.of(topicml.load(tmp_path / "model"))
    assert expected.given_labels == (None, None, "By hand", "Last")
    copy = tmp_path / "elsewhere" / "copy"
    topicml.load(tmp_path / "model").save(copy)
    again = TopicView.of(topicml.load(copy))
    assert_same(again, expected)
    assert again.step_names == expected.step_names
    topicml.load(copy).save(tmp_path / "second")  # once more, without that file
    assert_same(TopicView.of(topicml.load(tmp_path / "second")), expected)


def test_a_labels_csv_with_a_cell_without_end_is_refused(tmp_path):
    rows = "".join(f"{k},a,b\n" for k in range(20_000))
    (tmp_path / "labels.csv").write_text(f'topic,label,words\n0,"a quotation mark without end,b\n{rows}')
    with pytest.raises(InputError, match=r"labels.csv has a row near line \d+ that cannot be read .*topic and label"):
        read_labels(tmp_path / "labels.csv")


def as_run(folder):
    (folder / "run.json").write_text("{}")
    return topicml.load(folder / "model")


def test_edits_that_another_process_saved_meanwhile_are_not_overwritten(saved, texts, tmp_path):
    as_run(tmp_path)
    mine, other = (TopicView.of(topicml.load(tmp_path / "model"), texts) for _ in range(2))
    other.rename(1, "Theirs").save()
    with pytest.raises(InputError, match=r"changed since this model was loaded.*Load the model again"):
        mine.rename(0, "Mine").save()
    again = TopicView.of(topicml.load(tmp_path / "model"), texts)
    again.rename(0, "Mine").save()
    again.rename(2, "Again").save()  # a second save of the same object is no change by others
    assert TopicView.of(topicml.load(tmp_path / "model")).given_labels[1:3] == ("Theirs", "Again")


def test_a_name_written_into_labels_csv_meanwhile_is_not_overwritten(saved, tmp_path):
    model = as_run(tmp_path)
    (tmp_path / "labels.csv").write_text("topic,label\n3,By hand\n")
    with pytest.raises(InputError, match=r"labels\.csv"):
        TopicView.of(model).rename(0, "Mine").save()
    assert read_labels(tmp_path / "labels.csv") == {3: "By hand"}


def test_two_writers_of_edits_at_once_are_refused(saved, tmp_path):
    with changing_edits(tmp_path / "model"), pytest.raises(InputError, match="Another process or thread"):
        TopicView.of(saved).rename(0, "x").save()
    assert not (tmp_path / "model" / "edits.json").exists()


def test_a_kill_between_edits_and_labels_gives_no_name_to_another_topic(saved, texts, tmp_path, monkeypatch):
    view = TopicView.of(as_run(tmp_path), texts)
    for k in range(4):
        view = view.rename(k, f"topic {k}")
    view.save()
    before = (tmp_path / "labels.csv").read_bytes()
    merged = TopicView.of(topicml.load(tmp_path / "model"), texts).merge([0, 2])
    expected = merged.given_labels

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("topicml.edits.write_edits", killed)  # the last of three steps
        with pytest.raises(KeyboardInterrupt):
            merged.save()
    (tmp_path / "labels.csv").write_bytes(before)  # and the second one
    again = TopicView.of(topicml.load(tmp_path / "model"), texts)
    assert again.given_labels == expected
    again.rename(1, "new").save()
    assert read_labels(tmp_path / "labels.csv")[1] == "new"
    (tmp_path / "labels.csv").write_text("topic,label\n0,By hand\n")
    assert TopicView.of(topicml.load(tmp_path / "model")).given_labels[0] == "By hand"


def test_edits_are_not_saved_if_labels_csv_cannot_be_written(saved, tmp_path):
    model = as_run(tmp_path)
    TopicView.of(model).rename(0, "first").save()
    edits = (tmp_path / "model" / "edits.json").read_bytes()
    view = TopicView.of(topicml.load(tmp_path / "model")).rename(0, "second")
    (tmp_path / "labels.csv").unlink()
    (tmp_path / "labels.csv").mkdir()
    with pytest.raises(InputError, match=r"labels\.csv"):
        view.save()
    assert (tmp_path / "model" / "edits.json").read_bytes() == edits
    with pytest.raises(InputError, match=r"labels\.csv cannot be read"):  # and it is not skipped in silence
        topicml.load(tmp_path / "model")


def test_an_error_of_saved_edits_names_their_place(saved, tmp_path):
    steps = '[{"do": "merge", "topics": [0, "a"]}]'
    (tmp_path / "model" / "edits.json").write_text(f'{{"version": 2, "n_topics": 4, "steps": {steps}}}')
    with pytest.raises(InputError, match=r"edits that were saved with .*model do not fit its topics.*'a'"):
        TopicView.of(topicml.load(tmp_path / "model"))


def test_a_label_that_utf_8_cannot_encode_is_refused(saved):
    with pytest.raises(InputError, match="UTF-8 can encode"):
        TopicView.of(saved).rename(0, "bad \udcff")
