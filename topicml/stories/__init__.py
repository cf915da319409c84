"""topicml's models, one file each: a generative story with its network, losses and start, and the named model."""
