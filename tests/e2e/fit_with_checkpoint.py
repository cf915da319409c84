"""Fit a small model with a checkpoint folder and save its weights: the victim of test_kill_and_resume."""

import sys

import numpy as np
import scipy.sparse as sp
import torch

from topicml import ProdLDA

if __name__ == "__main__":
    checkpoint, output = sys.argv[1:]
    torch.set_num_threads(1)
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(0.2, size=(800, 60)).astype(np.int32))
    model = ProdLDA(n_topics=5, hidden=32, batch_size=50, max_epochs=30, random_state=0)
    tell = [lambda record: print(record["epoch"], flush=True)]
    model.fit(counts, checkpoint=checkpoint, checkpoint_seconds=0.0, callbacks=tell)
    model.save(output)
