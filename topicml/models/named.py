"""Named models: topic models with a fixed story, whose constructors take all settings as keyword arguments."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from topicml.models.composition import Composition
from topicml.models.docstrings import with_parameters
from topicml.models.story import Story
from topicml.models.topic_model import TopicModel
from topicml.settings import check_keywords, check_numbers, number_annotations
from topicml.training import Training

TRAINING = (
    *("max_epochs", "batch_size", "learning_rate", "clip", "validation_fraction", "patience", "precision", "device"),
)
"""Settings of `topicml.training.Training` that are keyword arguments of named models."""

_CONTRAST = ("contrast", "balance")
_ESTIMATOR = ("preprocessor", "verbose", "random_state")


class NamedModel(TopicModel):
    """Base of topic models with a fixed story, such as `topicml.ProdLDA`.

    ``class ETM(NamedModel, story=ETMStory)`` generates a constructor with the settings of the story, the training
    settings in `TRAINING`, and the other parameters of `TopicModel`, all as keyword arguments with the same defaults.
    It also adds their descriptions to the docstring of the class.

    Attributes
    ----------
    story_class : type of Story
        The story.
    """

    story_class: ClassVar[type[Story]]
    n_topics: int = 50

    if TYPE_CHECKING:  # __init_subclass__ generates the constructor

        def __init__(self, n_topics: int = 50, **parameters: Any) -> None: ...

    def __init_subclass__(cls, *, story: type[Story] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if story is not None:
            cls.story_class = story
            cls.__init__ = _constructor(story)  # type: ignore[method-assign]
            cls.__doc__ = with_parameters(
                cls.__doc__ or "",
                list(inspect.signature(cls).parameters),
                [*(each.__doc__ for each in story.__mro__), Training.__doc__, TopicModel.__doc__],
            )

    def composition(self) -> Composition:
        """Make the story and the training settings from the keyword arguments, and check them.

        Raises
        ------
        InputError
            If a setting is out of range.
        """
        check_numbers(number_annotations(type(self).__init__), self.get_params(deep=False))
        story = self.story_class(**{name: getattr(self, name) for name in _names(self.story_class)})
        training = Training(**{name: getattr(self, name) for name in TRAINING})
        return Composition(story, training, self.contrast, self.balance)


def _names(story: type[Story]) -> list[str]:
    return list(inspect.signature(story).parameters)


def _constructor(story: type[Story]) -> Callable[..., None]:
    """A constructor that stores its arguments, the settings of story, training and estimator, as attributes."""
    signature = _signature(story)

    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        check_keywords(type(self).__name__, signature, keywords)
        bound = signature.bind(self, *args, **keywords)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            if name != "self":
                setattr(self, name, value)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__qualname__ = "NamedModel.__init__"
    return __init__


def _signature(story: type[Story]) -> inspect.Signature:
    estimator = inspect.signature(TopicModel.__init__).parameters
    training = inspect.signature(Training).parameters
    settings = inspect.signature(story).parameters
    keywords = [
        *(settings[name] for name in settings if name != "n_topics"),
        *(estimator[name] for name in _CONTRAST),
        *(training[name] for name in TRAINING),
        *(estimator[name] for name in _ESTIMATOR),
    ]
    return inspect.Signature([estimator["self"], settings["n_topics"], *keywords])
