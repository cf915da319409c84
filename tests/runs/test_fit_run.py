"""`fit_run` and `resume_run`: the folder of a run, and what may not change before it resumes."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import topicml
from topicml.errors import InputError
from topicml.models import registry
from topicml.runs import FitObserver, FitSettings, Reading, fit_run, resume_run
from topicml.runs import identity as run_identity_module

BITS = ("model/weights.safetensors", "doc_topics.parquet", "topics.csv", "scores.json")


def same_bits(one, other):
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in BITS)


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def test_python_writes_what_the_command_line_writes(source, settings, tmp_path):
    from topicml.cli import main

    result = fit_run(settings(source), tmp_path / "python", progress=False)
    options = ["--text-column", "text", "--topics", "3", "--epochs", "4", "--device", "cpu", "--no-report", "-q"]
    options += ["--set", "hidden=16", "--set", "batch_size=32", "--out", str(tmp_path / "cli")]
    with pytest.raises(SystemExit) as stop:
        main(["fit", str(source), *options])
    assert not stop.value.code
    assert same_bits(tmp_path / "python", tmp_path / "cli")
    python, cli = record_of(tmp_path / "python"), record_of(tmp_path / "cli")
    assert python["identity"] == cli["identity"] and python["digest"] == cli["digest"]
    np.testing.assert_array_equal(topicml.open_run(tmp_path / "cli").theta, result.theta)


def test_stages_are_reported_and_may_add_files(source, settings, tmp_path):
    seen = []

    class Observer(FitObserver):
        def on_read(self, corpus, seconds):
            seen.append(("read", corpus.n_docs, seconds >= 0))

        def on_fit(self, model, seconds):
            seen.append(("fit", model.n_topics, seconds > 0))

        def on_write(self, folder, record, result):
            seen.append(("write", record["who"], result.theta.shape))
            (folder / "more.txt").write_text("more")

    fit_run(settings(source), tmp_path / "run", progress=False, facts={"who": "me"}, observer=Observer())
    assert seen == [("read", 60, True), ("fit", 3, True), ("write", "me", (60, 3))]
    assert (tmp_path / "run" / "more.txt").read_text() == "more" and record_of(tmp_path / "run")["who"] == "me"


def test_documents_are_labelled_in_parts_and_only_for_a_table(source, settings, tmp_path, monkeypatch):
    from topicml.runs import fit

    fit_run(settings(source), tmp_path / "whole", progress=False)
    sizes, label_rows = [], fit.label_rows
    monkeypatch.setattr(fit, "_ROWS", 25)
    monkeypatch.setattr(fit, "label_rows", lambda theta, *rest: sizes.append(len(theta)) or label_rows(theta, *rest))
    fit_run(settings(source), tmp_path / "parts", progress=False)
    assert sizes == [25, 25, 10]
    assert (tmp_path / "parts" / "documents.csv").read_bytes() == (tmp_path / "whole" / "documents.csv").read_bytes()
    fit_run(settings(source), tmp_path / "none", documents=None, progress=False)
    assert len(sizes) == 3 and same_bits(tmp_path / "none", tmp_path / "whole")


def test_a_fit_does_not_copy_texts(source, settings, tmp_path, monkeypatch):
    from topicml.corpus.fields import Fields

    take = Fields.take  # a slice copies nothing
    monkeypatch.setattr(
        Fields, "take", lambda self, rows: take(self, rows) if isinstance(rows, slice) else pytest.fail("copied")
    )
    named = replace(settings(source), names="words")  # phrases read the texts of some documents
    fit_run(named, tmp_path / "run", progress=False)


def test_wrong_settings_leave_nothing(source, settings, tmp_path):
    with pytest.raises(InputError, match=r"ProdLDA has no parameter 'hiden'\. Did you mean hidden"):
        fit_run(settings(source, hiden=3), tmp_path / "run")
    with pytest.raises(InputError, match=r"There is no model 'prodlad'\. Did you mean ProdLDA"):
        fit_run(settings(source, model="prodlad"), tmp_path / "run")
    with pytest.raises(InputError, match="plain values"):
        fit_run(settings(source, contrast=topicml.SetContrast()), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_settings_come_back_from_their_record(source, settings):
    before = settings(source, contrast="set", views=("other",))
    assert FitSettings.from_record(json.loads(json.dumps(before.to_record()))) == before


class TestIdentity:
    """The digest of a run: equal for the same fit, different for another, and checked before a run resumes."""

    def digest(self, source, settings, tmp_path, **options):
        folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        fit_run(settings(source, **options), folder, progress=False)
        return record_of(folder)["digest"]

    def test_it_tells_fits_apart(self, source, settings, write, tmp_path):
        tmp = tmp_path / "runs"
        tmp.mkdir()
        first = self.digest(source, settings, tmp)
        assert self.digest(source, settings, tmp) == first
        default = topicml.ProdLDA().learning_rate
        assert self.digest(source, settings, tmp, learning_rate=default) == first, "a default written out is the same"
        others = [
            self.digest(source, settings, tmp, random_state=1),
            self.digest(source, settings, tmp, dropout=0.1),
            self.digest(source, settings, tmp, model="ETM"),
            self.digest(write(tmp_path / "fewer.csv", 57), settings, tmp),
            self.digest(source, settings, tmp, contrast="set"),
            self.digest(source, settings, tmp, contrast="set", views=("other",)),
        ]
        assert len({first, *others}) == 7

    def test_an_interrupted_run_ends_with_the_same_bits(self, source, settings, tmp_path, interrupt):
        fit_run(settings(source, contrast="set"), tmp_path / "whole", progress=False)
        with interrupt():
            fit_run(settings(source, contrast="set"), tmp_path / "run", progress=False)
        assert resume_run(tmp_path / "run", progress=False).theta.shape == (60, 3)
        assert same_bits(tmp_path / "run", tmp_path / "whole")
        assert resume_run(tmp_path / "run") is None, "it is finished"

    def test_it_resumes_with_the_threads_that_it_began_with(self, source, settings, tmp_path, interrupt):
        threads = torch.get_num_threads()
        try:
            torch.set_num_threads(1)
            with interrupt():
                fit_run(settings(source), tmp_path / "run", progress=False)
            torch.set_num_threads(2)
            resume_run(tmp_path / "run", progress=False)
            assert torch.get_num_threads() == 1 and record_of(tmp_path / "run")["identity"]["threads"] == 1
        finally:
            torch.set_num_threads(threads)

    def test_another_version_is_refused(self, source, settings, tmp_path, interrupt, monkeypatch):
        with interrupt():
            fit_run(settings(source), tmp_path / "run", progress=False)
        with monkeypatch.context() as patch:
            patch.setattr("topicml.identity.__version__", "99.0")
            with pytest.raises(InputError, match=rf"topicml \({topicml.__version__} → 99.0\).*--overwrite"):
                resume_run(tmp_path / "run", progress=False)
        assert resume_run(tmp_path / "run", progress=False) is not None, "nothing was lost"

    def test_another_default_is_refused(self, source, settings, tmp_path, interrupt, monkeypatch):
        with interrupt():
            fit_run(settings(source), tmp_path / "run", progress=False)
        real = run_identity_module.run_identity

        def with_another_clip(*args):
            identity = real(*args)
            assert identity["parameters"]["training"]["settings"]["clip"] == 100.0
            identity["parameters"]["training"]["settings"]["clip"] = 5.0
            return identity

        monkeypatch.setattr("topicml.runs.fit.run_identity", with_another_clip)
        with pytest.raises(InputError, match=r"parameters\.training\.settings\.clip \(100 → 5\.0\)"):
            resume_run(tmp_path / "run", progress=False)

    def test_other_views_are_refused(self, settings, write, tmp_path, interrupt):
        source = write(tmp_path / "documents.csv")
        with interrupt():
            fit_run(settings(source, contrast="set", views=("other",)), tmp_path / "run", progress=False)
        rows = source.read_text().replace("rocket,", "moon,").splitlines()
        assert rows != source.read_text().splitlines()
        first = [line.split(",")[0] for line in source.read_text().splitlines()]
        source.write_text(
            "\n".join(f"{text},{','.join(row.split(',')[1:])}" for text, row in zip(first, rows, strict=True)) + "\n"
        )
        with pytest.raises(InputError, match=r"different now: documents\.views"):
            resume_run(tmp_path / "run", progress=False)


LABELLED = """
import topicml
from topicml.objectives.contrast import InfoNCE

class Labelled(topicml.ProdLDA):
    def __init__(self, *, n_topics=3, max_epochs=4, hidden=16, batch_size=32, random_state=0, device="cpu",
                 contrast=InfoNCE(view="label_mates"), verbose=None):
        super().__init__(n_topics=n_topics, max_epochs=max_epochs, hidden=hidden, batch_size=batch_size,
                         random_state=random_state, device=device, contrast=contrast, verbose=verbose)
"""


class TestModelOfAUser:
    @pytest.fixture
    def module(self, tmp_path, monkeypatch):
        """A module that defines the model Labelled, whose contrast reads labels; forgotten afterwards."""
        (tmp_path / "my_labelled_models.py").write_text(LABELLED)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(registry, "_registered", {})
        yield "my_labelled_models"
        sys.modules.pop("my_labelled_models", None)

    def test_labels_that_a_contrast_reads_may_not_change(self, module, settings, write, tmp_path, interrupt):
        source = write(tmp_path / "documents.csv")
        with interrupt():
            fit_run(settings(source, model=f"{module}:Labelled"), tmp_path / "run", progress=False)
        write(source, shift=1)
        with pytest.raises(InputError, match=r"documents\.fields\.label"):
            resume_run(tmp_path / "run", progress=False)
        write(source)
        assert resume_run(tmp_path / "run", progress=False) is not None

    def test_labels_that_nothing_reads_may_change(self, settings, write, tmp_path, interrupt):
        source = write(tmp_path / "documents.csv")
        with interrupt():
            fit_run(settings(source), tmp_path / "run", progress=False)
        write(source, shift=1)
        assert resume_run(tmp_path / "run", progress=False) is not None

    def test_a_file_imports_no_module(self, module, settings, source, tmp_path, interrupt, monkeypatch):
        with interrupt():
            fit_run(settings(source, model=f"{module}:Labelled"), tmp_path / "run", progress=False)
        assert record_of(tmp_path / "run.partial")["configuration"]["model"] == "my_labelled_models:Labelled"
        registry._registered.clear()
        sys.modules.pop(module)
        with pytest.raises(InputError, match="--import my_labelled_models"):
            resume_run(tmp_path / "run", progress=False)
        assert module not in sys.modules

    def test_a_model_of_the_same_name_from_another_module_is_refused(
        self, settings, source, tmp_path, interrupt, module
    ):
        with interrupt():
            fit_run(settings(source, model=f"{module}:Labelled"), tmp_path / "run", progress=False)
        registry._registered.clear()
        registry.register(type("Labelled", (topicml.ProdLDA,), {"__module__": "elsewhere"}))
        with pytest.raises(InputError, match="from the module my_labelled_models"):
            resume_run(tmp_path / "run", progress=False)


def test_a_run_of_format_1_cannot_resume(source, settings, tmp_path, interrupt):
    with interrupt():
        fit_run(settings(source), tmp_path / "run", progress=False)
    record = record_of(tmp_path / "run.partial")
    del record["identity"], record["digest"]
    (tmp_path / "run.partial" / "run.json").write_text(json.dumps(record | {"format": 1}))
    with pytest.raises(InputError, match=r"older topicml \(run format 1; resuming needs format 2\).*--overwrite"):
        resume_run(tmp_path / "run", progress=False)
    fit_run(settings(source), tmp_path / "run", overwrite=True, progress=False)
    assert record_of(tmp_path / "run")["format"] == 2


def test_a_reading_has_a_source_and_columns(source):
    reading = Reading(str(source), "text")
    corpus = reading.corpus()
    assert [view.n_docs for view in reading.views(corpus, ["other"])] == [60]
    with pytest.raises(InputError, match="no such column of text; its columns: 'text', 'other', 'label'"):
        reading.views(corpus, ["others"])
