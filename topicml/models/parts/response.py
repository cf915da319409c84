"""A response: a field of documents that topics are to predict."""

from topicml.checks import require
from topicml.corpus.response import field_of_response
from topicml.models.parts.base import BaseStory
from topicml.objectives.response import ResponseTerm


class WithResponse(BaseStory):
    """A story whose topics may predict a field of the documents.

    Parameters
    ----------
    response : str, optional
        A field that topics are to predict: text by its levels, numbers as such, and ``C(name)`` makes levels of
        numbers. If `fit` gets `y`, these are its values. It is balanced against the bound by `balance`.
        `predict_response` predicts it for new documents.
    response_strength : float
        How much the response matters beside the bound (`topicml.objectives.ResponseTerm`); 0 leaves it out.
    """

    response: str | None = None
    response_strength: float = 1.0

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.response_strength >= 0, "response_strength", self.response_strength, "at least 0")
        if self.response is not None:
            field_of_response(self.response)  # raises if it names no field

    def balanced(self) -> dict[str, ResponseTerm]:
        """Return new objectives that are balanced against `losses`; with a response, also its prediction."""
        terms = super().balanced()
        if self.response is not None and self.response_strength:
            terms["response"] = ResponseTerm(self.response, strength=self.response_strength)
        return terms
