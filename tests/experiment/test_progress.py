"""How far an experiment is, and when it will be done."""

import pytest

from topicml.experiment import CorpusEntry, Experiment, ModelEntry, Progress, Results, overall_table, run_experiment
from topicml.experiment.progress import in_words


@pytest.fixture
def watched(corpus):
    """Runs of a fast and a slow model with two seeds, a clock that is set by hand, and what is told."""
    models = [ModelEntry("fast", adapter="a:b"), ModelEntry("slow", adapter="a:b")]
    runs = list(Experiment([CorpusEntry("c", corpus)], models, [5], [0, 1]).runs())
    now, lines = [0.0], []
    return runs, now, lines, Progress(lines.append, lambda: now[0])


def record(run, seconds):
    return {**run.names, "cost": {"fit_s": seconds / 2, "process_s": seconds}}


def test_what_is_left_is_guessed_model_by_model(watched):
    runs, now, lines, progress = watched
    progress.start(runs, [])
    assert progress.left() is None
    now[0] = 10
    progress.run(runs[0], record(runs[0], 10))  # fast, seed 0: all others are taken for as fast
    assert progress.left() == pytest.approx(30)
    now[0] = 110
    progress.run(runs[1], record(runs[1], 100))
    assert progress.left() == pytest.approx(110)
    assert lines[-1] == "2/4 c slow K=5 seed 0: fit 50.0 s; about 2 min left"
    now[0] = 120
    progress.run(runs[2], record(runs[2], 10))
    assert progress.left() == pytest.approx(100)


def test_runs_side_by_side_and_what_is_lost_besides_show_in_the_outlook(watched):
    runs, now, _, progress = watched
    progress.start(runs, [])
    now[0] = 5  # two at a time: twenty seconds of runs in half the time
    progress.run(runs[0], record(runs[0], 10))
    assert progress.left() == pytest.approx(15)


def test_earlier_calls_are_learned_from_but_not_counted_as_time(watched):
    runs, now, lines, progress = watched
    progress.start(runs[2:], [record(runs[0], 10), record(runs[1], 1000)])
    assert "2 of 4 runs are finished already." in lines
    now[0] = 10
    progress.run(runs[2], record(runs[2], 10))
    assert progress.left() == pytest.approx(1000)


def test_a_failure_is_told_and_the_last_line_has_no_outlook(watched):
    runs, now, lines, progress = watched
    progress.start(runs[:1], [])
    now[0] = 10
    progress.run(runs[0], {**runs[0].names, "error": "Traceback\nValueError: out of luck"})
    assert lines == ["1/1 c fast K=5 seed 0: FAILED: ValueError: out of luck"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(5, "less than a minute"), (100, "about 2 min"), (3600 * 2 + 300, "about 2 h 05 min")]
)
def test_lengths_of_time(seconds, said):
    assert in_words(seconds) == said


def test_the_runner_tells_what_waits_and_what_is_done(tmp_path, entry, adapter):
    seen = []
    one = Experiment([entry], [adapter("frequent")], [3], [0], measures=["topic_diversity"])
    both = Experiment([entry], [adapter("frequent")], [3], [0, 1], measures=["topic_diversity"])
    run_experiment(one, tmp_path)
    run_experiment(
        both,
        tmp_path,
        on_start=lambda waiting, done: seen.append(([r.seed for r in waiting], [r["seed"] for r in done])),
    )
    assert seen == [([1], [0])]


def test_the_overall_mean_is_of_what_all_have():
    records = []
    values = {("A", "x", 0): 0.1, ("A", "x", 1): 0.3, ("A", "y", 0): 0.6, ("B", "x", 0): 0.5, ("B", "x", 1): 0.5}
    values |= {("B", "y", 0): 0.3, ("B", "y", 1): 9.0}  # the second seed is B's alone
    for (model, corpus, seed), value in values.items():
        names = {"corpus": corpus, "model": model, "settings": "default", "n_topics": 5, "seed": seed}
        cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "peak_mb": 1.0}
        records.append({**names, "id": f"{names}", "scores": {"c_npmi": {"mean": value}}, "cost": cost})
    table = overall_table(Results.from_records(records), ["c_npmi"])
    rows = {row[0].text: row[1] for row in table.rows}
    assert rows["A"].text.startswith("0.400 [") and rows["A"].strong  # (0.2 + 0.6) / 2
    assert rows["B"].text.startswith("0.400 [") and rows["B"].strong  # (0.5 + 0.3) / 2
    assert rows["corpora x K"].text == "2"
