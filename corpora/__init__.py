"""Cards of the named corpora, one TOML file each; `topicml.corpus.named` reads them."""
