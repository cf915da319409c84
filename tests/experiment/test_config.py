import sys

import pytest

from topicml.errors import InputError
from topicml.experiment import Experiment, ModelEntry, experiment_from, read_config


@pytest.fixture
def folder(tmp_path, corpus):
    corpus.save(tmp_path / "tiny")
    return tmp_path


def refused(folder, match, **changes):
    with pytest.raises(InputError, match=match):
        experiment_from({"corpora": ["tiny"], "models": ["ProdLDA"], **changes}, folder)


def test_the_grid_is_the_product_of_its_axes(folder):
    path = folder / "grid.toml"
    path.write_text(
        """
        corpora = ["tiny"]
        topics = [5, 10]
        seeds = 2
        measures = ["npmi_doc"]
        [models.ProdLDA]
        [models.slow]
        model = "ProdLDA"
        parameters = {learning_rate = 0.001, hidden = 50}
        settings = ["wide"]
        [models.NMF]
        adapter = "peers.sklearn_nmf:fit"
        packages = ["scikit-learn"]
        [settings.none]
        [settings.wide]
        hidden = 400
        """
    )
    runs = [(r.model.name, r.settings, r.n_topics, r.seed, dict(r.parameters)) for r in read_config(path).runs()]
    assert len(runs) == (2 + 1 + 1) * 2 * 2
    assert ("ProdLDA", "none", 5, 0, {}) in runs and ("ProdLDA", "wide", 10, 1, {"hidden": 400}) in runs
    assert ("slow", "wide", 5, 0, {"learning_rate": 0.001, "hidden": 400}) in runs
    assert ("NMF", "default", 10, 1, {}) in runs


def test_unknown_names_come_with_the_nearest(folder):
    refused(folder, "There is no model 'ProdLad'. Did you mean ProdLDA?", models=["ProdLad"])
    refused(folder, "There is no corpus 'tinny'. Did you mean tiny?", corpora=["tinny"])
    refused(folder, "There is no key 'topic'. Did you mean topics?", topic=[5])
    refused(folder, "There is no measure 'c_nmpi'. Did you mean c_npmi", measures=["c_nmpi"])
    refused(
        folder,
        r"ProdLDA \('P'\) has no parameter 'learning_rat'. Did you mean learning_rate",
        models={"P": {"model": "ProdLDA", "parameters": {"learning_rat": 1}}},
    )
    refused(folder, "Model 'P' has no key 'modle'. Did you mean model", models={"P": {"modle": "ProdLDA"}})
    refused(folder, "has no key 'hidden'.*parameters = {hidden = ...}", models={"ProdLDA": {"hidden": 3}})
    refused(folder, "Corpus 'tiny' has no key 'sourc'. Did you mean source", corpora={"tiny": {"sourc": "x"}})
    refused(
        folder,
        "Model 'ProdLDA': there are no settings 'wid'. Did you mean wide?",
        models={"ProdLDA": {"settings": ["wid"]}},
        settings={"wide": {"hidden": 3}},
    )


def test_what_makes_no_grid_is_refused(folder):
    refused(folder, "needs corpora; the list is empty", corpora=[])
    refused(folder, "'tiny' is in corpora twice", corpora=["tiny", "tiny"])
    refused(folder, "topics must be whole numbers from 1; received 0", topics=[0])
    refused(folder, "seeds must be whole numbers from 0; received '1'", seeds=["1"])
    refused(folder, "sets n_topics, an axis of the grid", models={"ProdLDA": {"parameters": {"n_topics": 3}}})
    refused(folder, "write it as module:function", models={"x": {"adapter": "peers.nmf"}})
    refused(folder, "is not an executable program", models={"x": {"adapter": "a:b", "python": "no/python"}})
    refused(folder, "settings.wide must be a table; received 3", settings={"wide": 3})
    refused(folder, "stability is not a measure of a single fit: topicml sweep", measures=["stability"])
    with pytest.raises(InputError, match="must be plain values"):
        Experiment(
            experiment_from({"corpora": ["tiny"], "models": ["ProdLDA"]}, folder).corpora,
            [ModelEntry("P", model="ProdLDA", parameters={"contrast": object()})],
        )


def test_the_file_is_named_where_it_is_wrong(folder):
    path = folder / "grid.toml"
    path.write_text("corpora = [")
    with pytest.raises(InputError, match=r"grid\.toml is not a TOML file"):
        read_config(path)
    path.write_text('corpora = ["tiny"]\nmodel = ["ProdLDA"]')
    with pytest.raises(InputError, match=r"grid\.toml: There is no key 'model'. Did you mean models?"):
        read_config(path)


def test_measures_of_ones_own_come_from_a_module_beside_the_file(folder):
    (folder / "measures_beside.py").write_text(
        "from topicml.metrics import Measure\n"
        "longest = Measure(lambda topics: max(len(w) for t in topics for w in t), ('topics',), True)\n"
        "nothing = 1\n"
    )
    path = folder / "grid.toml"
    path.write_text(
        'corpora = ["tiny"]\nheld_out_share = 0\nmodels = ["ProdLDA"]\nmeasures = "npmi_doc"\n'
        '[own_measures]\n"longest word" = "measures_beside:longest"\n'
    )
    before = list(sys.path)
    experiment = read_config(path)
    assert experiment.all_measures == ["npmi_doc", "longest word"] and sys.path == before
    assert experiment.own_measures["longest word"]([["a", "bcd"]]) == 3

    refused(folder, "must be a topicml.metrics.Measure", own_measures={"x": "measures_beside:nothing"})
    refused(
        folder, "own_measures.x: 'measures_beside:none' cannot be imported", own_measures={"x": "measures_beside:none"}
    )
    refused(folder, "cannot be imported: ModuleNotFoundError", own_measures={"x": "no_such_module:none"})
    refused(folder, 'must be "module:name"', own_measures={"x": "longest"})
    refused(folder, 'must be "module:name"', own_measures={"x": 3})
    refused(folder, "own_measures must be a table", own_measures="x")
