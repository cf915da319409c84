"""The number of topics of `topicml fit`: by the size of the corpus, or estimated."""

import json

import numpy as np
import pytest

from topicml.errors import InputError
from topicml.runs import FitSettings, Reading, fit_run


class TestNumberOfTopics:
    """Without --topics, the number follows the corpus; auto estimates it."""

    @pytest.fixture
    def answers(self, tmp_path):
        rng = np.random.default_rng(0)
        words = [[f"{subject}{i}" for i in range(20)] for subject in ("goal", "oven", "moon")]
        lines = [" ".join(rng.choice(words[rng.integers(3)], 12)) for _ in range(107)]
        path = tmp_path / "answers.txt"
        path.write_text("\n".join(lines))
        return path

    def test_the_default_follows_the_size_of_the_corpus(self, topicml, answers, tmp_path):
        outcome = topicml("fit", answers, "--tokenized", "--epochs", "1", "--out", tmp_path / "run", "--no-report")
        assert outcome.code == 0, outcome.err
        assert "10 topics: the usual number for 107 documents with 60 words." in outcome.err
        assert "the square root of the number of documents" in outcome.err and "--topics auto" in outcome.err
        configuration = json.loads((tmp_path / "run" / "run.json").read_text())["configuration"]
        assert configuration["parameters"]["n_topics"] == 10

    def test_auto_estimates_the_number(self, topicml, answers, tmp_path):
        asked = ("fit", answers, "--tokenized", "--topics", "auto", "--epochs", "1")
        outcome = topicml(*asked, "--out", tmp_path / "run", "--no-report")
        assert outcome.code == 0, outcome.err
        assert "without training" in outcome.err and "ProdLDA with 3 topics" in outcome.err
        configuration = json.loads((tmp_path / "run" / "run.json").read_text())["configuration"]
        assert configuration["parameters"]["n_topics"] == 3

    def test_an_estimate_tells_what_it_tried_what_it_left_out_and_the_usual_number(self, topicml, answers):
        lines = answers.read_text().splitlines()
        answers.write_text("\n".join([*lines, lines[0], lines[1]]))
        outcome = topicml("sweep", answers, "--tokenized", "--estimate")
        assert outcome.code == 0, outcome.err
        largest = outcome.out.split("\n\n")[0].splitlines()[-1].split()[0]
        assert f"tried: 2 to {largest}" in outcome.out and f"from 2 to {largest} topics" in outcome.err
        assert "2 with the words of another one, which count once" in outcome.err
        assert "The usual number for this size, which `topicml fit` takes without --topics, is 10" in outcome.err

    def test_a_run_that_leaves_the_number_open_needs_somebody_to_choose(self, answers):
        settings = FitSettings(Reading(str(answers), tokenized=True), choose_topics="auto")
        with pytest.raises(InputError, match="no observer to choose it: set n_topics"):
            fit_run(settings, progress=False)

    @pytest.mark.parametrize("topics", ["many", "-3", "0", "2.5"])
    def test_what_is_no_number_is_refused(self, topicml, answers, topics):
        outcome = topicml("fit", answers, f"--topics={topics}")
        assert outcome.refused and "such as 20, or auto" in outcome.err
