"""Names of BERTopic that `LikeBERTopic` does not have, and what topicml has instead."""

from topicml.errors import InputError

_FIT = "Fit a new model (topicml.ProdLDA(...).fit(docs)) and make a view of it: TopicView.of(model, docs)."
_DOES_NOT_EXIST = "topicml has no such part."
_SHARES = (
    "view.theta has the proportions of all topics in each document of the view, and view.transform(docs) of others."
)

INSTEAD = {
    "fit": _FIT,
    "fit_transform": f"{_FIT} Its as_bertopic().topics_ are the topics of the documents.",
    "partial_fit": "Use model.partial_fit(docs) of the fitted model, and make a view of it again.",
    "update_topics": "The model ranks the words of topics: view.top_words(by=...) has other weights of words, and "
    "model.set_params(ranking=...) before a fit another ranking.",
    "delete_topics": "Use view.hide(topic): tables and plots leave the topic out, and no document gets it.",
    "reduce_outliers": "No document is an outlier here: only documents without a known word have topic -1.",
    "hierarchical_topics": "Use visualize_hierarchy() for the tree, and reduce_topics(docs, nr_topics) to cut it.",
    "get_topic_tree": "Use visualize_hierarchy().",
    "approximate_distribution": _SHARES,
    "visualize_approximate_distribution": "Use visualize_distribution(view.theta[row]) for the topics of a document, "
    "and topicml.explore.word_uncertainty(view, row) for the topic of each of its words.",
    "visualize_hierarchical_documents": "Use visualize_documents(docs), and visualize_hierarchy() for the topics.",
    "visualize_document_datamap": "Use visualize_documents(docs).",
    "save": "Use view.save(folder), which saves the model with these topics; topicml.load(folder) opens it.",
    "load": "Use TopicView.of(topicml.load(folder), docs).as_bertopic().",
    "merge_models": "Models of topicml are not merged. Fit one model to all documents.",
    "push_to_hf_hub": "Use view.save(folder), and upload the folder.",
    "get_params": "Use view.model.get_params().",
    "set_params": "Use view.model.set_params(...) before a fit.",
    "topic_sizes_": "Use get_topic_freq().",
    "topic_mapper_": "view.sources has the topics of the model that each topic is made of.",
    "topic_representations_": "Use get_topics().",
    "representative_docs_": "Use get_representative_docs().",
    "representative_images_": "topicml reads no images.",
    "topic_aspects_": "A topic has one list of words: get_topics(). view.top_words(by=...) has others.",
    "topic_embeddings_": "view.beta has a vector for each topic: the probabilities of all words.",
    "c_tf_idf_": "Words have probabilities instead: view.beta, (n_topics, n_words).",
    "hierarchical_topics_": "Use visualize_hierarchy().",
    "nr_topics": "view.n_topics has the number of topics.",
    "vectorizer_model": "Use view.model.preprocessor_, which makes words of texts.",
    "embedding_model": f"{_DOES_NOT_EXIST} Its models read words; see view.transform(docs).",
    "umap_model": f"{_DOES_NOT_EXIST} topicml.explore.plot_document_map(view, method='umap') uses UMAP for a map.",
    "hdbscan_model": f"{_DOES_NOT_EXIST} {_SHARES}",
    "ctfidf_model": f"{_DOES_NOT_EXIST} Words have probabilities: view.beta.",
    "representation_model": "Use view.label(function), which names each topic by a function of its words.",
}
"""Public methods and attributes of BERTopic 0.17 that are absent here, and a sentence that says what to use."""


class AbsentNameError(InputError, AttributeError):
    """A name of BERTopic that topicml does not have. The message says what to use instead."""


def absent(name: str) -> AttributeError:
    """The error for an attribute that `LikeBERTopic` does not have.

    Parameters
    ----------
    name : str
        The attribute.

    Returns
    -------
    AttributeError
        With advice if BERTopic has the attribute.
    """
    if name in INSTEAD:
        return AbsentNameError(f"topicml has no {name} of BERTopic. {INSTEAD[name]}")
    return AttributeError(f"LikeBERTopic has no attribute {name!r}; see dir() for those that it has.")
