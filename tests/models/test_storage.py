import json

import numpy as np
import pytest

import topicml
from topicml import Corpus, ProdLDA
from topicml.errors import InputError, TopicWarning
from topicml.models import NamedModel, TopicModel, register
from topicml.starting import Start
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import Training

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
        {"format": 0},
        {"format": True},
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


def test_constants_of_the_network_are_those_that_were_saved(folder, planted):
    header = json.loads((folder / "model.json").read_text())
    assert header["constants"]["encoder.loc_norm.eps"] == pytest.approx(1e-3)
    model = topicml.load(folder)
    before = model.transform(Corpus.from_tokens(planted[0][:5]))
    constants = {**header["constants"], "encoder.loc_norm.eps": 0.5, "encoder.input_norm": 2.0}
    rewrite(folder, constants=constants)
    changed = topicml.load(folder)
    assert changed.network_.constants() == constants
    assert not np.allclose(before, changed.transform(Corpus.from_tokens(planted[0][:5])))


@pytest.mark.parametrize(
    "change",
    [
        {"encoder.input_norm": None},
        {"other.eps": 1.0},
        {"encoder.input_norm": "5"},
        {"encoder.input_norm": float("nan")},
    ],
    ids=str,
)
def test_other_constants_are_damage(folder, change):
    constants = json.loads((folder / "model.json").read_text())["constants"]
    changed = {**constants, **change}
    rewrite(folder, constants={name: value for name, value in changed.items() if value is not None})
    with pytest.raises(InputError, match=r"damaged \(.*constant"):
        topicml.load(folder)


def test_a_start_too_large_for_the_memory_is_damage(folder):
    rewrite(folder, start={"beta": [4, 10**13], "background": [6]})
    with pytest.raises(InputError, match="damaged"):
        topicml.load(folder)


def test_a_composed_model_is_loaded_without_what_its_story_cannot_write(planted, tmp_path):
    corpus = Corpus.from_tokens(planted[0])
    start = np.random.default_rng(0).random((4, corpus.n_words))
    story = ProdLDAStory(n_topics=4, init=start, alpha=0.2)
    model = TopicModel(story, training=Training(max_epochs=1), random_state=0).fit(corpus)
    with pytest.warns(TopicWarning, match="init=array.* cannot be written: the loaded model has init='npmi'"):
        model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))
    assert (loaded.story.alpha, loaded.story.init) == (0.2, "npmi")


def test_another_rule_for_many_topics_leaves_saved_models_as_they_are(planted, tmp_path, monkeypatch):
    corpus = Corpus.from_tokens(planted[0])
    model = ProdLDA(n_topics=60, random_state=0, max_epochs=1, few_topics=50).fit(corpus)
    model.save(tmp_path / "model")
    monkeypatch.setattr("topicml.nn.encoder.EPS", 0.7)  # a later version with another constant
    np.testing.assert_array_equal(topicml.load(tmp_path / "model").transform(corpus), model.transform(corpus))


class TestFormat1:
    """Folders of the first format have neither the shapes of the start nor the constants of the network."""

    @staticmethod
    def downgrade(folder):
        header = json.loads((folder / "model.json").read_text())
        new = ("few_topics",)
        parameters = {name: value for name, value in header["parameters"].items() if name not in new}
        header = {name: value for name, value in header.items() if name not in ("start", "constants")}
        (folder / "model.json").write_text(json.dumps({**header, "parameters": parameters, "format": 1}))

    @pytest.mark.parametrize("name", ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM"])
    def test_of_few_topics_they_open_with_the_same_bits(self, name, planted, tmp_path):
        corpus = Corpus.from_tokens(planted[0])
        model = getattr(topicml, name)(n_topics=4, random_state=0, max_epochs=1).fit(corpus)
        model.save(tmp_path / "model")
        self.downgrade(tmp_path / "model")
        loaded = topicml.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))
        np.testing.assert_array_equal(loaded.components_, model.components_)
        assert loaded.network_.constants() == model.network_.constants()

    def test_of_many_topics_they_are_refused_in_words(self, planted, tmp_path):
        model = ProdLDA(n_topics=51, random_state=0, max_epochs=1).fit(Corpus.from_tokens(planted[0]))
        model.save(tmp_path / "model")
        self.downgrade(tmp_path / "model")
        with pytest.raises(InputError, match=r"a ProdLDA with 51 topics in format 1, .*Fit the model again"):
            topicml.load(tmp_path / "model")


class TestModelsOfUsers:
    @pytest.fixture(autouse=True)
    def only_built_in_models(self, monkeypatch):
        monkeypatch.setattr("topicml.models.registry._registered", {})

    def test_an_object_without_a_default_is_refused_by_save(self, planted, tmp_path):
        @register
        class WithTable(ProdLDA):
            def __init__(self, table, n_topics=4):
                super().__init__(n_topics, max_epochs=1, random_state=0)
                self.table = table

        model = WithTable({"a": 1}).fit(Corpus.from_tokens(planted[0]))
        with pytest.raises(InputError, match=r"table=\{'a': 1\} cannot be written, and table has no default"):
            model.save(tmp_path / "model")
        assert not (tmp_path / "model").exists()

    def test_a_class_that_was_defined_again_is_named(self, planted, tmp_path):
        def defined():
            return register(type("Mine", (ProdLDA,), {"__module__": "notebook", "__qualname__": "Mine"}))

        model = defined()(n_topics=4, max_epochs=1, random_state=0).fit(Corpus.from_tokens(planted[0]))
        defined()
        with pytest.raises(
            InputError, match=r"Mine is now the name of another class \(module notebook\).*fit the model"
        ):
            model.save(tmp_path / "model")

    def test_a_story_that_is_not_registered_is_named_by_load(self, planted, tmp_path, monkeypatch):
        class SharperStory(ProdLDAStory):
            pass

        @register
        class Sharper(NamedModel, story=SharperStory):
            """ProdLDA."""

        training = Training(max_epochs=1)
        TopicModel(SharperStory(n_topics=4), training=training).fit(Corpus.from_tokens(planted[0])).save(tmp_path / "m")
        monkeypatch.setattr("topicml.models.registry._registered", {})
        with pytest.raises(InputError, match=r"class 'SharperStory', which is not registered\. Import the module"):
            topicml.load(tmp_path / "m")

    def test_a_story_with_the_name_of_another_class_does_not_replace_it(self, planted, tmp_path):
        class Start(ProdLDAStory):
            pass

        @register
        class Mine(NamedModel, story=Start):
            """ProdLDA."""

        options = {"n_topics": 4, "max_epochs": 1, "random_state": 0}
        model = ProdLDA(init=topicml.starting.Start(threshold=0.2), **options).fit(Corpus.from_tokens(planted[0]))
        model.save(tmp_path / "model")
        assert repr(topicml.load(tmp_path / "model").init) == "Start(threshold=0.2)"

    def test_save_refuses_what_load_would_refuse(self, planted, tmp_path):
        class Mine(ProdLDA):
            pass

        model = Mine(n_topics=4, random_state=0, max_epochs=1).fit(Corpus.from_tokens(planted[0]))
        with pytest.raises(InputError, match=r"Mine is not registered.*@topicml\.models\.register"):
            model.save(tmp_path / "model")
        assert not (tmp_path / "model").exists()
        register(Mine)
        model.save(tmp_path / "model")
        loaded = topicml.load(tmp_path / "model")
        assert type(loaded) is Mine
        np.testing.assert_array_equal(loaded.components_, model.components_)

    def test_a_model_that_is_not_registered_here_is_named_and_nothing_is_imported(self, folder):
        rewrite(folder, model="Theirs")
        with pytest.raises(InputError, match=r"class Theirs, which is not registered.*--import MODULE"):
            topicml.load(folder)

    def test_a_composed_model_can_be_saved(self, planted, tmp_path):
        corpus = Corpus.from_tokens(planted[0])
        story = ProdLDAStory(n_topics=4, init=Start(threshold=0.2))
        model = TopicModel(story, contrast="set", training=Training(max_epochs=2), random_state=0).fit(corpus)
        model.save(tmp_path / "model")
        loaded = topicml.load(tmp_path / "model")
        assert repr(loaded.story) == repr(story) and repr(loaded.training) == repr(model.training)
        np.testing.assert_array_equal(loaded.transform(corpus), model.transform(corpus))

    def test_a_composed_model_of_a_story_without_a_named_model_is_refused(self, planted, tmp_path):
        class Other(ProdLDAStory):
            pass

        model = TopicModel(Other(n_topics=4), training=Training(max_epochs=1), random_state=0)
        model.fit(Corpus.from_tokens(planted[0]))
        with pytest.raises(InputError, match=r"its story, Other, is not that of a registered model"):
            model.save(tmp_path / "model")
