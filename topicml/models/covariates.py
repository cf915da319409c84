"""The covariates of documents, for models that depend on them."""

from scipy.sparse import csr_matrix

from topicml.corpus.covariates import Covariates
from topicml.corpus.documents import Documents
from topicml.corpus.grouping import Grouping, groups_of
from topicml.corpus.model_matrix import ModelMatrix
from topicml.errors import warn

UNKNOWN_COVARIATES = "unknown covariates"  # a cause of warnings


def covariates_of(
    model_matrix: ModelMatrix | None, grouping: Grouping | None, documents: Documents
) -> Covariates | None:
    """Compute the covariates of documents, with a warning for documents without the fields.

    Parameters
    ----------
    model_matrix : ModelMatrix or None
        Of the model; None if it has no formula.
    grouping : Slices, Levels or None
        Of the model; None if its topics are the same in all documents.
    documents : Documents
        The documents.

    Returns
    -------
    Covariates or None
    """
    matrix = _matrix_of(model_matrix, documents)
    n_docs = documents.counts.shape[0]
    groups = None if grouping is None or not n_docs else groups_of(grouping, documents.corpus, n_docs)
    return None if matrix is None and groups is None else Covariates(matrix, groups)


def _matrix_of(model_matrix: ModelMatrix | None, documents: Documents) -> csr_matrix | None:
    if model_matrix is None or not documents.counts.shape[0]:
        return None
    if documents.corpus is None or not model_matrix.has_fields(documents.corpus):
        warn(
            f"These documents do not have the fields of the formula {model_matrix.formula!r} "
            f"({', '.join(model_matrix.fields)}), so each is taken for an average one. Give a Corpus with them.",
            cause=UNKNOWN_COVARIATES,
        )
        return None
    covariates: csr_matrix
    covariates, unknown = model_matrix.matrix(documents.corpus)
    if len(unknown):
        warn(
            f"{model_matrix.unknown_values(documents.corpus, unknown)}: the average of all documents stands for it.",
            cause=UNKNOWN_COVARIATES,
        )
    return covariates
