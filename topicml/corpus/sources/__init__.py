"""Where corpora come from: one file a family of sources, one function a source."""
