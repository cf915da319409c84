"""The structural topic model of topica, with its defaults: topics, and effects of fields with intervals.

    python benchmarks/peers/stm.py TASK.npz RESULT.npz

TASK.npz has the counts of the documents (parts of a CSR matrix), the ``vocabulary``, ``n_topics``, ``seed``, a
``formula`` with its ``fields`` and their values (``field_NAME``), two ``values`` of ``field``, and perhaps a field
whose ``course`` is asked for. RESULT.npz gets ``theta``, the 15 first ``words`` of each topic, ``estimate``, ``low``
and ``high`` of the difference in share between the first and the second value of the field, and the expected
``shares`` at 20 values of the field of the course, from its smallest to its largest. Run it with the interpreter of
the peers (benchmarks/requirements.txt).
"""

import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import topica

DRAWS = 200  # of theta, as many as the benchmark asks of topicml
N_POINTS, TOP_WORDS = 20, 15


def main(source: str, target: str) -> None:
    with np.load(source, allow_pickle=False) as arrays:
        task: dict[str, Any] = dict(arrays)
    vocabulary = task["vocabulary"]
    indices, counts, starts = task["indices"], task["data"], task["indptr"]
    documents = [
        np.repeat(vocabulary[indices[start:end]], counts[start:end]).tolist() for start, end in pairwise(starts)
    ]
    fields = pd.DataFrame({name: task[f"field_{name}"].tolist() for name in task["fields"].tolist()})
    formula, seed = str(task["formula"]), int(task["seed"])
    model = topica.STM(int(task["n_topics"]), seed=seed)
    model = model.fit(topica.Corpus.from_documents(documents), formula=formula, data=fields, num_threads=1) or model
    settings = {"formula": formula, "data": fields, "nsims": DRAWS, "seed": seed}
    value, against = task["values"].tolist()
    contrast = topica.predicted_prevalence(model, contrast={str(task["field"]): [against, value]}, **settings)
    first = np.argsort(-np.asarray(model.topic_word), axis=1)[:, :TOP_WORDS]
    result = {
        "theta": np.asarray(model.doc_topic),
        "words": np.array(model.vocabulary)[first],
        "estimate": np.array([float(np.squeeze(each.estimate)) for each in contrast]),
        "low": np.array([float(np.squeeze(each.ci_low)) for each in contrast]),
        "high": np.array([float(np.squeeze(each.ci_high)) for each in contrast]),
    }
    if "course" in task:
        name = str(task["course"])
        course = topica.predicted_prevalence(model, continuous=name, npoints=N_POINTS, **settings)
        result["shares"] = np.array([each.estimate for each in course])
    np.savez(target, **result)


if __name__ == "__main__":
    main(*sys.argv[1:])
