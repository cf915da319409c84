"""What is refused, and with what words: grids, results, records, measures that lack what they need."""

import json

import pytest

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.experiment import CorpusEntry, Experiment, Results, experiment_from, read_config, run_experiment
from topicml.experiment import sweep as sweep_topics
from topicml.experiment import tune as tune_model
from topicml.experiment.measures import FIT_MEASURES, used_topics


def refused(message, function, *arguments, **options):
    with pytest.raises(InputError, match=message):
        function(*arguments, **options)


class TestGrid:
    @pytest.fixture
    def grid(self, tmp_path, corpus):
        corpus.save(tmp_path / "tiny")
        return lambda **changes: experiment_from({"corpora": ["tiny"], "models": ["ProdLDA"], **changes}, tmp_path)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"models": ["ProdLad"]}, r"There is no model 'ProdLad'\. Did you mean ProdLDA\?"),
            ({"models": ["BERTopic"]}, r"no model 'BERTopic'.*Models of other packages: adapter = \"module:function\""),
            ({"corpora": ["tinny"]}, r"There is no corpus 'tinny'\. Did you mean tiny\?"),
            ({"seed": 3}, r"There is no key 'seed'\. Did you mean seeds or split_seed\?"),
            ({"measures": ["used_topic"]}, r"There is no measure 'used_topic'\. Did you mean used_topics\?"),
            (
                {"measures": ["perplexity"], "held_out_share": 0},
                "perplexity is not a measure of a single fit: it needs held-out documents: set held_out_share",
            ),
        ],
    )
    def test_what_is_unknown_comes_with_the_nearest(self, grid, changes, message):
        refused(message, grid, **changes)

    def test_a_setting_that_one_of_the_models_does_not_have(self, grid):
        message = r"ETM \('ETM'\) has no parameter 'hiden'\. Did you mean hidden"
        refused(message, grid, models={"ETM": {}, "ProdLDA": {"settings": []}}, settings={"odd": {"hiden": 3}})
        message = r"LDA2Vec \('LDA2Vec'\) has no parameter 'contrasts'\. Did you mean contrast"
        refused(message, grid, models=["LDA2Vec"], settings={"odd": {"contrasts": "set"}})
        refused("sets random_state, an axis of the grid", grid, settings={"odd": {"random_state": 3}})

    @pytest.mark.parametrize("key", ["corpora", "models", "topics", "seeds", "measures"])
    def test_what_is_named_twice(self, grid, key):
        value = {"corpora": "tiny", "models": "ProdLDA", "topics": 5, "seeds": 1, "measures": "nmi"}[key]
        refused(f"{value!r} is in {key} twice", grid, **{key: [value, value]})

    def test_two_tables_of_one_name(self, tmp_path):
        path = tmp_path / "grid.toml"
        path.write_text('corpora = ["lee"]\n[models.A]\nmodel = "ProdLDA"\n[models.A]\nmodel = "ETM"\n')
        refused(r"grid\.toml is not a TOML file: Cannot declare \('models', 'A'\) twice", read_config, path)

    def test_files_that_cannot_be_read(self, tmp_path):
        refused(r"none\.toml cannot be read: No such file", read_config, tmp_path / "none.toml")
        refused("cannot be read: Is a directory", read_config, tmp_path)
        (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
        refused(r"binary\.toml is not a TOML file", read_config, tmp_path / "binary.toml")

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"topics": 5.5}, r"topics must be a whole number, or a list of them; received 5\.5"),
            ({"seeds": True}, "seeds must be a whole number, or a list of them; received True"),
            ({"topn": "10"}, "topn must be a whole number; received '10'"),
            ({"topn": 1}, "topn must be a whole number from 2; received 1"),
            ({"measures": 3}, "measures must be a name, or a list of names; received 3"),
            ({"corpora": 3}, "corpora must be a name, a list of names, or a table of tables; received 3"),
            ({"corpora_folder": 3}, "corpora_folder must be text; received 3"),
            ({"models": {"A": {"model": 3}}}, "model of model 'A' must be text; received 3"),
            ({"models": {"A": {"adapter": "a:b", "python": 3}}}, "python of model 'A' must be text; received 3"),
            ({"models": {"A": {"adapter": "a:b", "packages": "x"}}}, "packages of model 'A' must be a list of names"),
            ({"models": {"ProdLDA": {"settings": "x"}}}, "settings of model 'ProdLDA' must be a list of names"),
        ],
    )
    def test_values_of_the_wrong_kind(self, grid, changes, message):
        refused(message, grid, **changes)


class TestRecords:
    """Damaged files in the folder of runs: named, with what to do."""

    @pytest.fixture
    def grid(self, entry, adapter):
        def made(*measures):
            return Experiment([entry], [adapter("frequent")], [2], [0], measures=measures or ["npmi_doc"])

        return made

    @pytest.fixture
    def record(self, tmp_path, grid):
        run_experiment(grid(), tmp_path / "runs")
        (path,) = (tmp_path / "runs").glob("[!.]*.json")
        return path

    @pytest.mark.parametrize("damage", ["cut", "empty", "binary", "list", "number", "no cost", "no scores", "no id"])
    def test_of_a_record(self, record, grid, damage):
        told = json.loads(record.read_text("utf-8"))
        bytes_of = {
            **{"cut": record.read_bytes()[:80], "empty": b"", "binary": b"\xff\xfe\x00", "list": b"[]", "number": b"3"},
            **{f"no {part}": json.dumps({k: v for k, v in told.items() if k != part}).encode() for part in told},
        }
        record.write_bytes(bytes_of[damage])
        message = rf"{record.name} is damaged \(.+\)\. Remove it, and the run is repeated"
        refused(message, run_experiment, grid(), record.parent)
        refused(message, Results.read, record.parent)
        record.unlink()
        assert len(run_experiment(grid(), record.parent).values("npmi_doc")["frequent"]) == 1

    @pytest.mark.parametrize("kept", [0, 0.5, 0.99])
    def test_of_the_arrays(self, record, grid, kept):
        arrays = record.with_suffix(".npz")
        whole = arrays.read_bytes()
        arrays.write_bytes(whole[: int(len(whole) * kept)])
        assert run_experiment(grid(), record.parent).measures[0] == "npmi_doc"  # they are not needed
        message = rf"{arrays.name} is damaged \(.+\)\. Remove it, and the run is repeated"
        refused(message, run_experiment, grid("npmi_doc", "purity"), record.parent)
        arrays.unlink()
        assert "purity" in run_experiment(grid("npmi_doc", "purity"), record.parent).measures

    def test_files_of_others_are_left_alone(self, record, grid):
        before = Results.read(record.parent).table
        (record.parent / "notes.json").write_text("[1]")
        (record.parent / "sweep.json").write_text("{not json")
        assert Results.read(record.parent).table.equals(before)
        run_experiment(grid(), record.parent)
        assert (record.parent / "notes.json").read_text() == "[1]"


class TestResults:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("empty.csv", b""),
            ("other.csv", b"a,b\n1,2\n"),
            ("binary.csv", b"\xff\xfe\x00"),
            ("head.csv", b'"corpus","model"\n'),
            ("short.parquet", b"garbage"),
            ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100)),
            ("grid.toml", b'corpora = ["lee"]\nmodels = ["ProdLDA"]\n'),
        ],
    )
    def test_files_that_are_none(self, tmp_path, name, content):
        (tmp_path / name).write_bytes(content)
        refused(f"{name} does not have the results of an experiment", Results.read, tmp_path / name)

    def test_a_value_that_is_no_number(self, tmp_path, entry, adapter):
        run_experiment(Experiment([entry], [adapter("frequent")], [2], [0], measures=["nmi"]), tmp_path).write(tmp_path)
        path = tmp_path / "results.csv"
        rows = path.read_text().split("\n")
        rows[1] = ",".join("high" if i == 6 else cell for i, cell in enumerate(rows[1].split(",")))
        path.write_text("\n".join(rows))
        refused(r"results\.csv does not have the results of an experiment: .*'high'", Results.read, path)

    def test_folders_that_hold_none(self, tmp_path):
        refused(r"has no finished runs and no results\.parquet", Results.read, tmp_path)
        refused("There are no results .*nowhere", Results.read, tmp_path / "nowhere")
        refused("There are no results to read", Results.read)


class TestMeasures:
    @pytest.fixture
    def unlabelled(self, corpus):
        return Corpus.from_tokens(list(corpus), corpus.vocabulary)

    def test_labels_that_are_not_there_are_left_out_of_a_grid_and_said(self, tmp_path, unlabelled, adapter):
        needing = [name for name, measure in FIT_MEASURES.items() if "labels" in measure.needs]
        assert len(needing) > 4
        experiment = Experiment(
            [CorpusEntry("bare", unlabelled, held_out_share=0)],
            [adapter("frequent")],
            [2],
            [0],
            measures=["npmi_doc", *needing],
        )
        with pytest.warns(TopicWarning, match=rf"{needing[0]} of frequent on bare: the corpus has no labels"):
            results = run_experiment(experiment, tmp_path)
        assert not set(results.measures) & set(needing) and not results.failures
        refused("These results have no measure 'nmi'", results.values, "nmi")

    def test_they_cannot_decide_a_sweep_or_a_search(self, tmp_path, unlabelled):
        message = (
            r"nmi cannot decide: the corpus has no labels \(label_column=…, or a field \"label\"\)\. Choose others"
        )
        refused(message, sweep_topics, unlabelled, [2, 3], folder=tmp_path / "s", by=["topic_diversity", "nmi"])
        message = "nmi cannot be tuned for: the corpus has no labels"
        refused(message, tune_model, unlabelled, {"hidden": [8]}, measure="nmi", folder=tmp_path / "t")
        assert not list(tmp_path.iterdir())  # nothing was begun

    def test_word_order_that_is_not_known_cannot_decide(self, tmp_path, corpus):
        counts = Corpus.from_counts(corpus.counts, corpus.vocabulary)
        refused(
            "c_v cannot decide: the corpus has no word order", sweep_topics, counts, [2], folder=tmp_path, by=["c_v"]
        )

    def test_used_topics_are_those_that_lead_a_document(self):
        assert used_topics([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.4, 0.3, 0.3]]) == 2
        refused("theta has values that are not finite", used_topics, [[0.5, float("nan")]])
