"""The components of stories: each is off by default, and passes on to the next what it does not do itself."""

import inspect

import numpy as np
import pytest

from topicml.corpus.documents import Documents
from topicml.models import Story, VariationalStory
from topicml.models.parts.background import WithBackground
from topicml.models.parts.base import BaseStory
from topicml.models.parts.groups import WithGroups
from topicml.models.parts.languages import WithLanguages
from topicml.models.parts.prevalence import WithPrevalence
from topicml.models.parts.reconstruction import WithReconstruction
from topicml.models.parts.response import WithResponse
from topicml.models.parts.seeds import WithSeeds
from topicml.models.parts.tree import WithTree

OF_STORY = (WithSeeds, WithBackground, WithResponse, WithLanguages, WithReconstruction)
COMPONENTS = (*OF_STORY, WithPrevalence, WithGroups, WithTree)
DOCUMENTS = Documents(np.eye(2))


class Next(BaseStory):
    """Another component, which notes what reaches it."""

    extra: int = 3

    def __post_init__(self):
        self.reached = set()
        super().__post_init__()

    def check(self):
        super().check()
        self.reached.add("check")

    def check_documents(self, documents):
        self.reached.add("check_documents")

    def components(self):
        return {"next": None}

    def balanced(self):
        return {"next": None}

    def losses(self):
        return {"next": None}

    def network_of(self, **values):
        return values

    @property
    def fields(self):
        return frozenset({"next"})


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_passes_on_what_it_does_not_do_itself(component):
    both = type("Both", (component, Next), {"__doc__": "Both."})
    story = both(n_topics=4)
    story.check_documents(DOCUMENTS)
    assert story.reached == {"check", "check_documents"}
    assert story.components() == story.balanced() == story.losses() == {"next": None}
    assert story.network_of(beta=1) == {"beta": 1}
    assert story.fields == {"next"}
    assert [*inspect.signature(both).parameters][-1] != "extra"  # the settings of the first base come last


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_that_is_off_adds_nothing(component):
    story = component(n_topics=4)
    assert not story.components() and not story.balanced() and not story.fields
    assert [*story.losses()] == ["elbo"]
    assert story.model_matrix(DOCUMENTS) is None and story.grouping(DOCUMENTS) is None
    assert story.topic_names == (None,) * 4


def test_stories_have_the_settings_of_their_components_and_describe_them():
    assert all(issubclass(VariationalStory, each) for each in COMPONENTS)
    assert [each for each in COMPONENTS if issubclass(Story, each)] == [*OF_STORY]
    for story in (Story, VariationalStory):
        for name in inspect.signature(story).parameters:
            assert f"\n{name} : " in story.__doc__ and f"\n{name} : object" not in story.__doc__, name
    assert "\nRaises\n------" in Story.__doc__


def test_the_fields_of_components_are_added_up():
    story = VariationalStory(prevalence="~ party + s(day)", content="source")
    assert story.fields == {"party", "day", "source"}
    assert [*story.losses()] == ["elbo", "prevalence", "deviations"]


def test_a_field_that_only_decides_the_start_is_named_too():
    assert VariationalStory(n_topics=8, against="month=June", against_strength=0).fields == {"month"}
    options = {"languages": True, "translations": "id", "translation_strength": 0}
    assert VariationalStory(n_topics=8, **options).fields == {"id"}
