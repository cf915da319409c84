import json

import numpy as np
import pytest

import topicml
from topicml import Corpus, ProdLDA
from topicml.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore:The topics collapsed")


@pytest.fixture
def folder(planted, tmp_path):
    model = ProdLDA(n_topics=4, random_state=0, max_epochs=1).fit(Corpus.from_tokens(planted[0]))
    model.save(tmp_path / "model")
    return tmp_path / "model"


def test_a_model_is_json_and_safetensors_without_training_data(folder, planted):
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "vocabulary.json", "weights.safetensors"]
    header = json.loads((folder / "model.json").read_text())
    assert header["format"] == 2
    assert {"torch", "pyro-ppl", "topicml"} <= header["versions"].keys()
    assert " ".join(planted[0][0][:3]) not in (folder / "model.json").read_text()


def test_an_existing_folder_is_kept_unless_told(folder):
    model = topicml.load(folder)
    before = (folder / "model.json").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        model.save(folder)
    assert (folder / "model.json").read_bytes() == before
    model.save(folder, overwrite=True)


def test_what_is_no_model_is_never_replaced(folder, tmp_path):
    (tmp_path / "home").mkdir()
    model = topicml.load(folder)
    model.save(tmp_path / "home", overwrite=True)  # nothing is lost with an empty folder
    letters = tmp_path / "letters" / "dear.txt"
    letters.parent.mkdir()
    letters.write_text("dear")
    for path in (letters.parent, letters):
        with pytest.raises(InputError, match=r"holds something else: it has no model\.json"):
            model.save(path, overwrite=True)
    assert letters.read_text() == "dear"


def test_a_failing_save_leaves_the_old_model_whole(folder, monkeypatch):
    model = topicml.load(folder)
    before = model.components_

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("topicml.models.storage.save_file", full)
    with pytest.raises(OSError, match="No space"):
        model.save(folder, overwrite=True)
    np.testing.assert_array_equal(topicml.load(folder).components_, before)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def rewrite(folder, **changes):
    header = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**header, **changes}))


def test_a_newer_format_is_named(folder):
    rewrite(folder, format=99)
    with pytest.raises(InputError, match="newer topicml"):
        topicml.load(folder)


def test_a_folder_of_something_else_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no model\.json"):
        topicml.load(tmp_path)
    (tmp_path / "model.json").write_text('{"architecture": "llama"}')
    with pytest.raises(InputError, match="not a topicml model"):
        topicml.load(tmp_path)


@pytest.mark.parametrize("name", ["model.json", "vocabulary.json", "weights.safetensors"])
@pytest.mark.parametrize("keep", [0, 0.5, None])
def test_a_truncated_or_missing_file_is_named(folder, name, keep):
    path = folder / name
    if keep is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(InputError, match=r"damaged|cannot be read|has no"):
        topicml.load(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "1"},
        {"format": None},
        {"model": ["ProdLDA"]},
        {"parameters": [3]},
        {"parameters": {"topics": 3}},
        {"history": 3},
        {"diagnostics": []},
        {"n_words": "many"},
        {"preprocessor": "spacy"},
    ],
    ids=str,
)
def test_a_header_of_other_kinds_of_values_is_damage(folder, changes):
    rewrite(folder, **changes)
    with pytest.raises(InputError, match=r"damaged|not a topicml model|needs a .kind."):
        topicml.load(folder)


@pytest.mark.parametrize("vocabulary", ['"a word"', "[1, 2]", '{"a": 1}', "[null]"])
def test_a_vocabulary_that_is_no_list_of_words_is_damage(folder, vocabulary):
    (folder / "vocabulary.json").write_text(vocabulary)
    with pytest.raises(InputError, match="vocabulary is not a list of words"):
        topicml.load(folder)


def test_a_vocabulary_of_another_size_is_damage(folder):
    (folder / "vocabulary.json").write_text('["a", "b"]')
    with pytest.raises(InputError, match="damaged"):
        topicml.load(folder)
