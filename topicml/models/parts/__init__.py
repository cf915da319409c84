"""The parts of a story: what every story has, and the components that add to it, one in each file.

A component is a subclass of `topicml.models.parts.base.BaseStory` that other components are combined with: it extends
the methods of the base by `super()`.
"""
