"""Which finished runs are reused: the identity of a run, versions, and a user's own model."""

import json
import textwrap

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.experiment import (
    CorpusEntry,
    Experiment,
    ModelEntry,
    Results,
    finished_results,
    read_config,
    report,
    run_experiment,
    sweep,
    versions,
)
from topicml.experiment.identity import RunIdentities, run_id
from topicml.experiment.records import Records
from topicml.models import NamedModel, ProdLDA
from topicml.stories.prodlda import ProdLDAStory

BY_LABEL = {"contrast": {"name": "infonce", "view": "label_mates"}}


def ids(corpus, *entries, topics=(5,), seeds=(0,), settings=None):
    experiment = Experiment([CorpusEntry("c", corpus, held_out_share=0)], entries, topics, seeds, settings or {})
    identities = RunIdentities({"c": corpus})
    return [run_id(identities.of(run)) for run in experiment.runs()]


def prodlda(name="P", **parameters):
    return ModelEntry(name, model="ProdLDA", parameters=parameters)


def relabelled(corpus):
    return Corpus.from_tokens(list(corpus), corpus.vocabulary, fields={"label": np.roll(corpus.fields["label"], 1)})


def version(monkeypatch, number):
    """Run as another version of topicml."""
    monkeypatch.setattr("topicml.identity.__version__", number)
    monkeypatch.setattr(versions, "__version__", number)


def change_default(monkeypatch, **defaults):
    """Give hyper-parameters of ProdLDA's story other defaults."""
    names = {"__module__": ProdLDAStory.__module__, "__qualname__": "ProdLDAStory"}
    annotations = {name: type(value) for name, value in defaults.items()}
    story = type("ProdLDAStory", (ProdLDAStory,), {**names, **defaults, "__annotations__": annotations})
    other = type("ProdLDA", (NamedModel,), {"__module__": "topicml.stories.prodlda"}, story=story)
    monkeypatch.setattr("topicml.stories.prodlda.ProdLDA", other)


class TestIdentity:
    def test_content_decides_and_names_do_not(self, corpus):
        assert len(set(ids(corpus, prodlda(), topics=[5, 6], seeds=[0, 1]))) == 4
        assert ids(corpus, prodlda(hidden=10, alpha=0.2)) == ids(corpus, prodlda("other", alpha=0.2, hidden=10))
        assert ids(corpus, prodlda(hidden=10)) != ids(corpus, prodlda())
        assert ids(corpus[:100], prodlda()) != ids(corpus, prodlda())
        assert ids(corpus, prodlda(), settings={"wide": {"hidden": 10}}) == ids(corpus, prodlda(hidden=10))

    def test_a_default_that_is_written_out_is_the_default(self, corpus):
        assert ids(corpus, prodlda(contrast=None)) == ids(corpus, prodlda())
        assert ids(corpus, prodlda(contrast="set")) == ids(corpus, prodlda(contrast={"name": "set"}))
        assert ids(corpus, prodlda(contrast="set")) != ids(corpus, prodlda(contrast={"name": "set", "set_size": 3}))

    def test_a_default_that_changes(self, corpus, monkeypatch):
        before, wide = ids(corpus, prodlda()), ids(corpus, prodlda(hidden=20))
        change_default(monkeypatch, hidden=20)
        assert ids(corpus, prodlda()) != before
        assert ids(corpus, prodlda()) == wide

    def test_the_version_of_topicml_counts_for_its_models_only(self, corpus, adapter, monkeypatch):
        before = ids(corpus, prodlda(), adapter("frequent"))
        version(monkeypatch, "99.0")
        after = ids(corpus, prodlda(), adapter("frequent"))
        assert after[0] != before[0] and after[1] == before[1]

    def test_the_versions_of_listed_packages_count(self, corpus, monkeypatch):
        entry = ModelEntry("A", adapter="a:b", packages=("numpy", "no-such-package"))
        assert versions.versions_of(entry) == {"numpy": np.__version__}
        before = ids(corpus, entry)
        assert ids(corpus, ModelEntry("A", adapter="a:b")) != before
        monkeypatch.setattr(versions, "version", lambda package: "99.0")
        assert ids(corpus, entry) != before

    def test_another_interpreter_is_asked_for_its_versions(self, tmp_path):
        python = tmp_path / "python"
        python.write_text('#!/bin/sh\necho \'{"numpy": "0.1"}\'\n')
        python.chmod(0o755)
        assert versions.package_versions(["numpy"], str(python)) == {"numpy": "0.1"}
        python.write_text("#!/bin/sh\nexit 1\n")
        assert versions.package_versions(["numpy"], str(python)) == {}

    @pytest.mark.parametrize(
        "contrast",
        [
            {"name": "infonce", "view": "label_mates"},
            {"name": "set", "view": "label_mates"},
            ["set", {"name": "infonce", "view": "label_mates"}],
        ],
    )
    def test_labels_count_if_a_contrast_reads_them(self, corpus, contrast):
        other = relabelled(corpus)
        assert ids(corpus, prodlda(contrast=contrast)) != ids(other, prodlda(contrast=contrast))
        assert ids(corpus, prodlda()) == ids(other, prodlda())
        assert ids(corpus, prodlda(contrast="set")) == ids(other, prodlda(contrast="set"))

    def test_vectors_count_by_their_content(self, corpus, tmp_path):
        path = tmp_path / "vectors.txt"
        entry = ModelEntry("E", model="ETM", parameters={"embeddings": str(path)})
        path.write_text("a 1 2\n")
        before = ids(corpus, entry)
        path.write_text("a 1 3\n")
        assert ids(corpus, entry) != before

    def test_unknown_contrasts_are_refused_before_anything_runs(self, entry):
        for contrast, message in (
            ("sets", "contrast='sets' is unknown"),
            ({"name": "sets"}, "There is no contrast 'sets'. Did you mean set"),
            ({"name": "set", "set_sise": 3}, "The contrast 'set' has no setting 'set_sise'. Did you mean set_size"),
            ({"set_size": 3}, "needs a name"),
        ):
            with pytest.raises(InputError, match=message):
                Experiment([entry], [prodlda(contrast=contrast)])


@pytest.mark.usefixtures("fits_here")
@pytest.mark.filterwarnings("ignore:.*lead no document:topicml.errors.TopicWarning")
class TestVersions:
    """A grid that version 1 finished, run again by version 2."""

    @pytest.fixture
    def grid(self, entry):
        return Experiment([entry], [prodlda(max_epochs=1)], [3], [0, 1], measures=["npmi_doc"])

    @pytest.fixture
    def fitted(self):
        return []

    @pytest.fixture
    def run(self, fitted, tmp_path):
        def call(grid, **options):
            fitted.clear()
            return run_experiment(
                grid, tmp_path, on_run=lambda run, record: fitted.append((run.seed, record["version"])), **options
            )

        return call

    def test_results_have_a_column_of_versions(self, run, grid, monkeypatch, tmp_path):
        version(monkeypatch, "1.0")
        results = run(grid)
        assert results.versions == {("P", "topicml 1.0"): 2}
        assert "| P | topicml 1.0 | 2 |" in report(results)
        results.write(tmp_path)
        assert Results.read(tmp_path / "results.csv").table["version"].to_pylist() == ["topicml 1.0"] * 8

    def test_another_version_repeats_the_runs_and_says_so(self, run, grid, fitted, monkeypatch):
        version(monkeypatch, "1.0")
        run(grid)
        version(monkeypatch, "2.0")
        message = r"2 runs in .* another version \(topicml 1\.0\).* current one \(topicml 2\.0\).*--keep-other-versions"
        with pytest.warns(TopicWarning, match=message):
            results = run(grid)
        assert fitted == [(0, "topicml 2.0"), (1, "topicml 2.0")] and results.systems == ["P"]
        assert run(grid).versions == {("P", "topicml 2.0"): 2} and fitted == []

    def test_runs_of_another_version_that_are_kept_are_marked(self, run, grid, fitted, entry, monkeypatch, tmp_path):
        version(monkeypatch, "1.0")
        run(grid)
        version(monkeypatch, "2.0")
        more = Experiment([entry], grid.models, [3], [0, 1, 2], measures=["npmi_doc", "topic_diversity"])
        results = run(more, keep_other_versions=True)
        assert fitted == [(2, "topicml 2.0")]
        assert results.systems == ["P (topicml 1.0)", "P (topicml 2.0)"]
        assert len(results.values("topic_diversity")["P (topicml 1.0)"]) == 2  # scored without a fit
        results.write(tmp_path)
        assert Results.read(tmp_path / "results.parquet").systems == results.systems
        assert finished_results(more, tmp_path).table.equals(results.table)

    def test_a_kept_run_that_cannot_be_scored_is_fitted_by_the_current_version(self, run, grid, fitted, monkeypatch):
        version(monkeypatch, "1.0")
        run(grid, keep_arrays=False)
        version(monkeypatch, "2.0")
        more = Experiment(grid.corpora, grid.models, [3], [0, 1], measures=["nmi"])
        assert run(more, keep_other_versions=True).systems == ["P"]
        assert fitted == [(0, "topicml 2.0"), (1, "topicml 2.0")]

    def test_a_folder_of_two_versions_is_read_as_two_systems(self, run, grid, monkeypatch, tmp_path):
        for number in ("1.0", "2.0"):
            version(monkeypatch, number)
            monkeypatch.setattr("warnings.warn", lambda *arguments, **options: None)
            run(grid)
        assert sorted(Results.read(tmp_path).systems) == ["P (topicml 1.0)", "P (topicml 2.0)"]

    def test_a_changed_default_repeats_the_runs(self, run, entry, fitted, monkeypatch):
        grid = Experiment([entry], [prodlda(max_epochs=1)], [3], [0], measures=["npmi_doc"])
        run(grid)
        change_default(monkeypatch, hidden=20)
        run(grid)
        assert [seed for seed, _ in fitted] == [0]
        run(grid, keep_other_versions=True)
        assert fitted == []

    def test_changed_labels_repeat_the_runs_whose_contrast_reads_them(self, run, corpus, fitted):
        models = [prodlda(max_epochs=1), prodlda("labels", max_epochs=1, **BY_LABEL)]
        for each, expected in ((corpus, 2), (relabelled(corpus), 1)):
            run(Experiment([CorpusEntry("tiny", each, held_out_share=0)], models, [3], [0], measures=["npmi_doc"]))
            assert len(fitted) == expected

    def test_records_of_before_versions_were_recorded(self, run, grid, fitted, tmp_path):
        run(grid)
        for path in sorted(tmp_path.glob("[!.]*.json")):  # as format 1 had it: no identity, no version, another id
            record = json.loads(path.read_text()) | {"format": 1, "id": path.stem[::-1]}
            del record["identity"], record["version"]
            path.with_stem(path.stem[::-1]).write_text(json.dumps(record))
            path.with_suffix(".npz").rename(path.with_name(f"{path.stem[::-1]}.npz"))
            path.unlink()
        assert Results.read(tmp_path).versions == {("P", "not recorded"): 2}
        kept = run(grid, keep_other_versions=True)
        assert fitted == [] and kept.versions == {("P", "not recorded"): 2}
        with pytest.warns(TopicWarning, match=r"2 runs .* by another version \(not recorded\) and are repeated"):
            run(grid)
        assert len(fitted) == 2

    def test_a_record_of_a_newer_format_is_refused(self, run, grid, tmp_path):
        run(grid)
        path = next(tmp_path.glob("[!.]*.json"))
        path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
        with pytest.raises(InputError, match="has record format 99, from a newer topicml"):
            Records(tmp_path).all()

    def test_a_sweep_does_not_mix_versions(self, corpus, monkeypatch, tmp_path):
        options = {"folder": tmp_path, "seeds": 1, "parameters": {"max_epochs": 1}, "by": ["topic_diversity"]}
        version(monkeypatch, "1.0")
        sweep(corpus, [3], **options)
        version(monkeypatch, "2.0")
        with pytest.raises(
            InputError, match=r"several versions \(ProdLDA \(topicml 1\.0\), ProdLDA \(topicml 2\.0\)\)"
        ):
            sweep(corpus, [3, 4], keep_other_versions=True, **options)


class TestOwnModel:
    """A subclass of a topicml model, in a module of the user."""

    SOURCE = """
        import topicml

        class {name}(topicml.ProdLDA):
            def __init__(self, n_topics=10, *, epochs=1, random_state=None):
                super().__init__(n_topics, max_epochs=epochs, random_state=random_state)
                self.epochs = epochs
    """

    @pytest.fixture
    def module(self, tmp_path):
        def written(name, model="Mixture"):
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(self.SOURCE.format(name=model)))
            return name

        return written

    @pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
    def test_a_grid_runs_it_in_its_worker(self, module, corpus, tmp_path):
        corpus.save(tmp_path / "tiny")
        name = module("own_model_of_a_grid")
        (tmp_path / "grid.toml").write_text(
            f'corpora = ["tiny"]\nheld_out_share = 0\ntopics = 3\nseeds = 1\nmeasures = "npmi_doc"\n'
            f'[models.Mixture]\nmodel = "{name}:Mixture"\npath = "."\nparameters = {{epochs = 2}}\n'
        )
        results = run_experiment(read_config(tmp_path / "grid.toml"), tmp_path / "runs")
        assert not results.failures and results.systems == ["Mixture"]
        (record,) = Records(tmp_path / "runs").all()
        assert record["identity"]["model"] == f"{name}:Mixture" and record["identity"]["parameters"]["own"] == {
            "epochs": 2
        }
        assert record["version"].startswith("topicml ")

    def test_what_is_wrong_with_it_is_said(self, module, entry, tmp_path):
        def refused(message, model, **parameters):
            with pytest.raises(InputError, match=message):
                Experiment([entry], [ModelEntry("M", model=model, path=(str(tmp_path),), parameters=parameters)])

        name = module("own_model_refused", "Refused")
        refused("cannot be imported.*module:Class", "no_such_module:Refused")
        refused("cannot be imported.*module:Class", f"{name}:Other")
        refused(r"Refused \('M'\) has no parameter 'epoch'\. Did you mean epochs", f"{name}:Refused", epoch=3)
        refused("no model 'Refusd'.*module:Class", "Refusd")
        refused("is not a subclass of topicml.models.TopicModel", f"{name}:topicml")

    def test_a_class_that_no_process_can_import_is_refused(self, entry, monkeypatch):
        from topicml.models import register

        @register
        class OnlyHere(ProdLDA):
            pass

        with pytest.raises(InputError, match=r"OnlyHere \('M'\) is defined in .* a function.*top level of a module"):
            Experiment([entry], [ModelEntry("M", model="OnlyHere")])
