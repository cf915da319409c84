"""OCTIS's `Dataset` objects."""

from typing import Any

from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError
from topicml.integrations.octis.partitions import metadata_of, octis_order, partitions_of, restored, type_name

NEEDS = "needs OCTIS: pip install --no-deps octis==1.14.0, and pip install requests."


def to_dataset(
    corpus: Corpus, *, name: str = "corpus", partition: str | None = "partition", label: str | None = "label"
) -> Any:
    """OCTIS's ``Dataset`` of a corpus.

    Its documents stand in OCTIS's order (train, val, test; within each, the corpus's), which OCTIS's models rely on;
    the metadata keep the corpus's own, and `from_dataset` restores it. Labels follow the documents.

    Parameters
    ----------
    corpus : Corpus
        With its vocabulary; without known word order, a document's words stand in the vocabulary's order.
    name : str
        What OCTIS's results call it.
    partition : str or None
        Field of "train", "val" and "test". Without such a field, or for None, all documents are of the training part.
    label : str or None
        Field of labels, where the corpus has it.

    Returns
    -------
    octis.dataset.dataset.Dataset

    Raises
    ------
    MissingExtraError
        If OCTIS is not installed.
    InputError
        If a partition is none of OCTIS's, or no document is of the training part.
    """
    try:
        from octis.dataset.dataset import Dataset
    except ImportError as error:
        raise MissingExtraError(f"to_dataset {NEEDS}") from error
    partitions = partitions_of(corpus, partition)
    if "train" not in partitions:
        raise InputError("No document is of the partition 'train', and OCTIS cannot do without. Pass partition=None.")
    order = octis_order(partitions)
    types = {}
    if partition is not None and partition in corpus.fields:
        types["partition"] = "string"
    labels = None
    if label is not None and label in corpus.fields:
        column = corpus.fields.table.column(label)
        labels, types["label"] = column.take(order).to_pylist(), type_name(column.type)
    return Dataset(
        corpus=[corpus.document(int(i)) for i in order],
        vocabulary=list(corpus.vocabulary),
        labels=labels,
        metadata=metadata_of(corpus, partitions, name, types, labels),
        document_indexes=order.tolist(),
    )


def from_dataset(dataset: Any) -> Corpus:
    """The corpus of OCTIS's ``Dataset``: its tokens, vocabulary, and fields "partition" and "label" where it has such.

    Row i is OCTIS's document i; of a dataset that `to_dataset` made, or that OCTIS read from a folder of
    `write_folder`, document i of the corpus that it was made from.

    Raises
    ------
    InputError
        If the dataset is empty, or has not one label a document.
    """
    documents, vocabulary = dataset.get_corpus(), dataset.get_vocabulary()
    if documents is None:
        raise InputError("The OCTIS dataset is empty. Load it first: fetch_dataset or load_custom_dataset_from_folder.")
    metadata = dataset.get_metadata() or {}
    fields: dict[str, Any] = {}
    if "last-training-doc" in metadata and "last-validation-doc" in metadata:
        n_train, n_seen = metadata["last-training-doc"], metadata["last-validation-doc"]
        sizes = {"train": n_train, "val": n_seen - n_train, "test": len(documents) - n_seen}
        fields["partition"] = [part for part, size in sizes.items() for _ in range(size)]
    if dataset.get_labels() is not None:
        fields["label"] = list(dataset.get_labels())
    corpus = Corpus.from_tokens(documents, vocabulary or None, fields)
    return restored(corpus, metadata, in_octis_order=True)
