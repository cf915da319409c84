"""Named models: topic models of a fixed story, whose settings are flat keyword arguments."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from topicml.models.composition import Composition
from topicml.models.docstrings import with_parameters
from topicml.models.registry import models_with
from topicml.models.story import Story
from topicml.models.topic_model import TopicModel
from topicml.settings import bound_arguments, check_numbers, number_annotations
from topicml.training import Training

TRAINING = (
    *("max_epochs", "epoch_size", "batch_size", "learning_rate", "clip", "validation_fraction", "patience"),
    *("precision", "device"),
)
"""Settings of `topicml.training.Training` that named models take as keyword arguments."""

_CONTRAST = ("contrast", "balance", "ranking")
_ESTIMATOR = ("preprocessor", "verbose", "random_state")


class NamedModel(TopicModel):
    """Base of topic models with a fixed story, such as `topicml.ProdLDA`.

    ``class ETM(NamedModel, story=ETMStory)`` gets a constructor with the settings of the story, those of training that
    are named in `TRAINING`, and the other parameters of `TopicModel`, all as keyword arguments with the same defaults.
    The docstring of the class gets their descriptions.

    Attributes
    ----------
    story_class : type of Story
        The story.
    """

    story_class: ClassVar[type[Story]]
    n_topics: int = 50

    if TYPE_CHECKING:  # the constructor is made for each class

        def __init__(self, n_topics: int = 50, **parameters: Any) -> None: ...

    def __init_subclass__(cls, *, story: type[Story] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if story is not None:
            cls.story_class = story
            cls.__init__ = _constructor(story)  # type: ignore[method-assign]
            cls.__doc__ = with_parameters(
                cls.__doc__ or "",
                list(inspect.signature(cls).parameters),
                [story.__doc__, Training.__doc__, TopicModel.__doc__],
            )

    def composition(self) -> Composition:
        """The story and the training settings that the keyword arguments describe, checked.

        Raises
        ------
        InputError
            If a setting is out of range.
        """
        check_numbers(number_annotations(type(self).__init__), self.get_params(deep=False))
        story = self.story_class(**{name: getattr(self, name) for name in _names(self.story_class)})
        training = Training(**{name: getattr(self, name) for name in TRAINING})
        return Composition(story, training, self.contrast, self.balance, self.ranking)


def _names(story: type[Story]) -> list[str]:
    return list(inspect.signature(story).parameters)


def _constructor(story: type[Story]) -> Callable[..., None]:
    """A constructor that stores the settings of a story, of training and of the estimator as attributes."""
    signature = _signature(story)

    def __init__(self: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
        _refuse_of_others(type(self).__name__, signature, keywords)
        given = bound_arguments(type(self).__name__, signature, self, *args, **keywords)
        given.apply_defaults()
        for name, value in given.arguments.items():
            if name != "self":
                setattr(self, name, value)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__qualname__ = "NamedModel.__init__"
    return __init__


def _refuse_of_others(name: str, signature: inspect.Signature, keywords: Mapping[str, Any]) -> None:
    """Raise TypeError for a setting that other models of topicml have, and say which."""
    for keyword in keywords:
        if keyword not in signature.parameters and (models := models_with(keyword)):
            raise TypeError(f"{name} has no argument {keyword!r}. Models that have it: {', '.join(models)}.")


def _signature(story: type[Story]) -> inspect.Signature:
    estimator = inspect.signature(TopicModel.__init__).parameters
    training = inspect.signature(Training).parameters
    own = inspect.signature(story).parameters
    keywords = [
        *(own[name] for name in own if name != "n_topics"),
        *(estimator[name] for name in _CONTRAST),
        *(training[name] for name in TRAINING),
        *(estimator[name] for name in _ESTIMATOR),
    ]
    return inspect.Signature([estimator["self"], own["n_topics"], *keywords])
