"""Bodies and answers of the API, with the descriptions of its OpenAPI page."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from topicml.serve.limits import Limits


class Problem(BaseModel):
    """Why a request was refused."""

    reason: str = Field(description="What was wrong and what to do.")


class Health(BaseModel):
    """State of the server, its model and its limits."""

    status: str = Field(description="Always ok.", examples=["ok"])
    topicml: str = Field(description="Version of topicml.")
    model: str = Field(description="Kind of model.", examples=["ProdLDA"])
    n_topics: int = Field(description="Number of topics, that is columns of theta.")
    n_words: int = Field(description="Number of words of the vocabulary.")
    raw_text: bool = Field(
        description="Whether the model has a preprocessor for raw text. If not, text is split at white space only."
    )
    has_documents: bool = Field(description="Whether topics have representative documents.")
    max_bytes: int = Field(description="Largest number of bytes of a request's body.")
    max_documents: int = Field(description="Largest number of documents of a request.")
    max_characters: int = Field(description="Largest number of characters of a document.")


class TopicSummary(BaseModel):
    """A topic in short."""

    topic: int = Field(description="Number of the topic, from 0: its column of theta.")
    label: str
    words: list[str] = Field(description="Most probable words, the most probable first.")
    share: float | None = Field(description="Mean of theta over the documents of the fit; null if unknown.")


class Topics(BaseModel):
    """Topics, all or those that match a search."""

    n_topics: int = Field(description="Number of columns of theta, including hidden topics.")
    topics: list[TopicSummary]


class Word(BaseModel):
    """A word of a topic."""

    word: str
    probability: float = Field(description="p(word | topic).")


class DistinctiveWord(BaseModel):
    """A word that is both frequent in a topic and rare elsewhere."""

    word: str
    frex: float = Field(description="Harmonic mean of the ranks by frequency and exclusivity, in (0, 1].")


class Neighbour(BaseModel):
    """A topic with similar words."""

    topic: int
    label: str
    similarity: float = Field(description="1 - Hellinger distance of the word distributions.")


class TopicDocument(BaseModel):
    """A representative document of a topic."""

    document: int = Field(description="Row of the document, from 0.")
    place: str = Field(description="Where the document is in its file, for people: line 18.")
    proportion: float = Field(description="Proportion of the topic in the document.")
    words: list[str] = Field(
        description="Words that drove the topic in the document, those with the largest weight first."
    )
    text: str = Field(description="Beginning of the document.")


class TopicDetail(BaseModel):
    """A topic: words, most similar topics, and representative documents."""

    topic: int
    label: str
    share: float | None = Field(description="Mean of theta over the documents of the fit; null if unknown.")
    leads: int | None = Field(description="Number of documents that the topic leads; null if unknown.")
    words: list[Word]
    distinctive: list[DistinctiveWord]
    neighbours: list[Neighbour]
    documents: list[TopicDocument] | None = Field(
        description="Representative documents; null if the server has no documents."
    )


class TopicShare(BaseModel):
    """The share of a topic in a document."""

    topic: int
    label: str
    proportion: float = Field(description="Proportion of the topic, its entry of theta.")
    words: list[str] = Field(
        description="Words of the document that drove the topic, those with the largest weight first."
    )


class DocumentTopics(BaseModel):
    """The topics of a document."""

    excerpt: str = Field(description="Beginning of the document.")
    n_words: int = Field(description="Number of words after preprocessing, as for the documents of the fit.")
    n_known: int = Field(description="Number of these words that are in the vocabulary; the others are ignored.")
    unknown: list[str] = Field(description="Up to ten of the words that are not in the vocabulary.")
    topic: int | None = Field(
        description="The leading topic; null if no word is in the vocabulary, or if its confidence is below the limit."
    )
    confidence: float | None = Field(
        description="Calibrated probability of the leading topic; null if no word is in the vocabulary."
    )
    leading: list[TopicShare] = Field(description="The five largest topics; empty if no word is in the vocabulary.")
    theta: list[float] = Field(description="Topic proportions, n_topics numbers that sum to 1.")
    note: str | None = Field(description="A warning, for example that no word is in the vocabulary.")


class Transformed(BaseModel):
    """The topics of documents, in the order of the request."""

    n_topics: int
    documents: list[DocumentTopics]


class DocumentsBody(BaseModel):
    """Documents to classify; `documents_body` adds the limits of a server."""

    model_config = ConfigDict(extra="forbid")
    documents: list[str]


def documents_body(limits: Limits) -> type[DocumentsBody]:
    """The body of ``/transform`` with limits, so that the schema states them."""
    one = Annotated[str, Field(max_length=limits.max_characters)]
    documents: Any = (
        Annotated[list[one], Field(min_length=1, max_length=limits.max_documents)],
        Field(
            description="One text for each document.", examples=[["The rocket reached its orbit.", "Bake the bread."]]
        ),
    )
    return create_model("Documents", __base__=DocumentsBody, __doc__="Documents.", documents=documents)
