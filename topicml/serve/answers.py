"""What the API takes and answers, as its OpenAPI page tells it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from topicml.serve.limits import Limits


class Problem(BaseModel):
    """Why a request was refused."""

    reason: str = Field(description="What was wrong and what to do.")


class Health(BaseModel):
    """That the server is there, and what it serves."""

    status: str = Field(description="Always ok.", examples=["ok"])
    topicml: str = Field(description="Version of topicml.")
    model: str = Field(description="Kind of model.", examples=["ProdLDA"])
    n_topics: int = Field(description="Columns of theta.")
    n_words: int = Field(description="Words of the vocabulary.")
    raw_text: bool = Field(
        description="Whether the model knows how to treat raw text. If not, text is cut at white space, nothing else."
    )
    has_documents: bool = Field(description="Whether topics come with documents that stand for them.")
    max_bytes: int = Field(description="Of a request's body.")
    max_documents: int = Field(description="Of one request.")
    max_characters: int = Field(description="Of one document.")


class TopicSummary(BaseModel):
    """A topic in a line."""

    topic: int = Field(description="Its number, from 0: its column of theta.")
    label: str
    words: list[str] = Field(description="The most probable first.")
    share: float | None = Field(description="Mean of theta over the documents of the fit; null where not known.")


class Topics(BaseModel):
    """Topics, all or those that a search found."""

    n_topics: int = Field(description="Columns of theta, topics that are hidden included.")
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
    """A document that stands for a topic."""

    document: int = Field(description="Its row, from 0.")
    proportion: float = Field(description="Its theta of the topic.")
    words: list[str] = Field(description="Words that drove the topic in it, the strongest first.")
    text: str = Field(description="How it begins.")


class TopicDetail(BaseModel):
    """A topic: its words, neighbours, and documents."""

    topic: int
    label: str
    share: float | None = Field(description="Mean of theta over the documents of the fit; null where not known.")
    leads: int | None = Field(description="Documents whose largest topic it is; null where not known.")
    words: list[Word]
    distinctive: list[DistinctiveWord]
    neighbours: list[Neighbour]
    documents: list[TopicDocument] | None = Field(description="null where the server has no documents.")


class TopicShare(BaseModel):
    """A topic of a document."""

    topic: int
    label: str
    proportion: float = Field(description="Its entry of theta.")
    words: list[str] = Field(description="Words of the document that drove it, the strongest first.")


class DocumentTopics(BaseModel):
    """The topics of a document."""

    excerpt: str = Field(description="How the document begins.")
    n_words: int = Field(description="Words, after the treatment that the model's documents had.")
    n_known: int = Field(description="Those of them that the model knows; the others are ignored.")
    unknown: list[str] = Field(description="Some of the words that it does not know, ten at most.")
    topic: int | None = Field(description="The largest topic; null where no word is known.")
    leading: list[TopicShare] = Field(description="The five largest topics; empty where no word is known.")
    theta: list[float] = Field(description="Topic proportions, n_topics of them; they sum to 1.")
    note: str | None = Field(description="What to beware of, such as a document without a known word.")


class Transformed(BaseModel):
    """The topics of documents, in their order."""

    n_topics: int
    documents: list[DocumentTopics]


class DocumentsBody(BaseModel):
    """Documents to find the topics of; `documents_body` gives it the limits of a server."""

    model_config = ConfigDict(extra="forbid")
    documents: list[str]


def documents_body(limits: Limits) -> type[DocumentsBody]:
    """The body of ``/transform`` under these limits, so that the schema states them."""
    one = Annotated[str, Field(max_length=limits.max_characters)]
    documents: Any = (
        Annotated[list[one], Field(min_length=1, max_length=limits.max_documents)],
        Field(description="One text a document.", examples=[["The rocket reached its orbit.", "Bake the bread."]]),
    )
    return create_model("Documents", __base__=DocumentsBody, __doc__="Documents.", documents=documents)
