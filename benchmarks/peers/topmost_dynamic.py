"""Score topics over time with TopMost's own evaluation: `python topmost_dynamic.py TASK RESULT`.

TASK is an npz file with `train` (documents by words, CSR: data, indices, indptr), `times`, `vocabulary`, `words`
(slices, topics, words), `theta_train`, `theta_test`, `labels_train` and `labels_test`. RESULT gets JSON.
"""

import json
import sys

import numpy as np
from scipy.sparse import csr_matrix
from topmost_models import torchvision_stand_in

with torchvision_stand_in():
    from topmost import eva


def main(task: str, result: str) -> None:
    with np.load(task) as arrays:
        given = dict(arrays)
    vocabulary = given["vocabulary"].tolist()
    shape = (len(given["times"]), len(vocabulary))
    counts = csr_matrix((given["data"], given["indices"], given["indptr"]), shape)
    words = [[" ".join(topic) for topic in topics] for topics in given["words"].tolist()]
    # The corpus has counts and no texts: words are repeated, in random order, and in the order of the vocabulary.
    tokens = [np.repeat(given["vocabulary"][row.indices], row.data) for row in (counts[i] for i in range(shape[0]))]
    generator = np.random.default_rng(0)
    orders = {
        "dynamic_TC": [" ".join(generator.permutation(each)) for each in tokens],
        "dynamic_TC_of_vocabulary": [" ".join(each) for each in tokens],
    }
    classes = eva._cls(given["theta_train"], given["theta_test"], given["labels_train"], given["labels_test"])
    numbers = {
        **{name: eva.dynamic_coherence(each, given["times"], vocabulary, words) for name, each in orders.items()},
        "dynamic_TD": eva.dynamic_diversity(words, counts.toarray(), given["times"], vocabulary),
        **eva._clustering(given["theta_test"], given["labels_test"]),
        "accuracy": classes["acc"],
    }
    with open(result, "w", encoding="utf-8") as stream:
        json.dump({name: float(value) for name, value in numbers.items()}, stream)


if __name__ == "__main__":
    main(*sys.argv[1:])
