"""`Story`: the generative model of a topic model, with the components that any story can have."""

from topicml.models.parts.background import WithBackground
from topicml.models.parts.base import log_frequency
from topicml.models.parts.languages import WithLanguages
from topicml.models.parts.neighbours import WithNeighbourWords
from topicml.models.parts.reconstruction import WithReconstruction
from topicml.models.parts.response import WithResponse

__all__ = ["Story", "log_frequency"]


class Story(WithLanguages, WithResponse, WithBackground, WithNeighbourWords, WithReconstruction):
    """The generative model of a topic model: its network, losses, learning rates and starting values.

    A story has settings but no state of a fit, so the same object can be fitted to any documents. Subclasses become
    dataclasses: their annotated class attributes are their settings and the keyword arguments of their constructor. A
    subclass must define `starting_values` and `network`; all other methods have defaults.

    Raises
    ------
    InputError
        If a setting is out of range.
    """
