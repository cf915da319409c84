"""The models of topicml, one file each: the story with its decoder, losses and starting values, and the named model."""
