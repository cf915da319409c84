"""`VariationalStory`: the base of stories with a logistic-normal prior."""

from topicml.errors import InputError
from topicml.models.parts.groups import WithGroups
from topicml.models.parts.logistic_normal import LogisticNormal
from topicml.models.parts.prevalence import WithPrevalence
from topicml.models.parts.tree import WithTree
from topicml.models.story import Story


class VariationalStory(WithTree, WithGroups, WithPrevalence, LogisticNormal, Story):
    """A story with a logistic-normal prior, trained by a bound on the likelihood of the documents.

    ``z ~ N(Laplace approximation of Dirichlet(alpha)); theta = softmax(z)``; subclasses define the words given theta.
    """

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range, or settings exclude each other."""
        super().check()
        if self.languages and (self.time is not None or self.content is not None):
            raise InputError(
                "Topics of several languages cannot differ by time or content: leave out languages=True, or the field."
            )
