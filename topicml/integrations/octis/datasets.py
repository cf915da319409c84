"""OCTIS's `Dataset` objects."""

from typing import Any

from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError
from topicml.integrations.octis.partitions import metadata_of, octis_order, partitions_of, restored, type_name

NEEDS = "needs OCTIS: pip install --no-deps octis==1.14.0, and pip install requests."


def to_dataset(
    corpus: Corpus, *, name: str = "corpus", partition: str | None = "partition", label: str | None = "label"
) -> Any:
    """Convert a corpus to OCTIS's ``Dataset``.

    Documents and labels are in OCTIS's order (train, val, test; within each, the corpus's), on which its models rely.
    The metadata keep the corpus's order, and `from_dataset` restores it.

    Parameters
    ----------
    corpus : Corpus
        Without word order, the words of a document are in the vocabulary's order.
    name : str
        Name in OCTIS's results.
    partition : str or None
        Field with the values "train", "val" and "test". If it is missing or None, all documents are in "train".
    label : str or None
        Field of labels; it may be missing.

    Returns
    -------
    octis.dataset.dataset.Dataset

    Raises
    ------
    MissingExtraError
        If OCTIS is not installed.
    InputError
        If a partition has another name, or no document is in "train".
    """
    try:
        from octis.dataset.dataset import Dataset
    except ImportError as error:
        raise MissingExtraError(f"to_dataset {NEEDS}") from error
    partitions = partitions_of(corpus, partition)
    if "train" not in partitions:
        raise InputError("No document is in the partition 'train', which OCTIS needs. Pass partition=None.")
    order = octis_order(partitions)
    types = {}
    if partition is not None and partition in corpus.fields:
        types["partition"] = "string"
    labels = None
    if label is not None and label in corpus.fields:
        column = corpus.fields.column(label)
        labels, types["label"] = column.take(order).to_pylist(), type_name(column.type)
    return Dataset(
        corpus=[corpus.document(int(i)) for i in order],
        vocabulary=list(corpus.vocabulary),
        labels=labels,
        metadata=metadata_of(corpus, partitions, name, types, labels),
        document_indexes=order.tolist(),
    )


def from_dataset(dataset: Any) -> Corpus:
    """Convert OCTIS's ``Dataset`` to a corpus.

    Parameters
    ----------
    dataset : octis.dataset.dataset.Dataset
        A loaded dataset.

    Returns
    -------
    Corpus
        With the fields "partition" and "label" if the dataset has them. Row i is OCTIS's document i, or, for a dataset
        of `to_dataset` or a folder of `write_folder`, document i of the original corpus.

    Raises
    ------
    InputError
        If the dataset is empty, or the number of labels is not the number of documents.
    """
    documents, vocabulary = dataset.get_corpus(), dataset.get_vocabulary()
    if documents is None:
        raise InputError("The OCTIS dataset is empty. Load it first: fetch_dataset or load_custom_dataset_from_folder.")
    metadata = dataset.get_metadata() or {}
    fields: dict[str, Any] = {}
    if "last-training-doc" in metadata and "last-validation-doc" in metadata:
        n_train, n_before_test = metadata["last-training-doc"], metadata["last-validation-doc"]
        sizes = {"train": n_train, "val": n_before_test - n_train, "test": len(documents) - n_before_test}
        fields["partition"] = [part for part, size in sizes.items() for _ in range(size)]
    if dataset.get_labels() is not None:
        fields["label"] = list(dataset.get_labels())
    corpus = Corpus.from_tokens(documents, vocabulary or None, fields)
    return restored(corpus, metadata, in_octis_order=True)
