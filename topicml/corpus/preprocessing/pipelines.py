"""spaCy pipelines: opening one, and what it can tell of a token."""

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

from topicml.errors import InputError, TopicWarning

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.lookups import Lookups
    from spacy.pipeline import Lemmatizer

# What may run on without the others. The parser is needed: spaCy's English attribute ruler reads its dependencies.
_ON_WORDS = {"tok2vec", "transformer", "curated_transformer", "tagger", "morphologizer", "attribute_ruler"}
_ON_WORDS |= {"parser", "senter", "sentencizer", "lemmatizer", "trainable_lemmatizer"}
_NOT_NEEDED = {"ner", "entity_linker", "textcat", "textcat_multilabel"}


def open_pipeline(language: str, pipeline: "str | Language | None") -> "Language":
    """Return spaCy's pipeline: the given one, the installed one of that name, or a blank one of the language.

    Of an installed pipeline, the components that say nothing of single words (named entities, text categories) are
    switched off, unless it has components that spaCy does not ship and that may need them.

    Raises
    ------
    InputError
        If the pipeline is not installed, or spaCy does not know the language or lacks a package for it.
    """
    import spacy

    if pipeline is None:
        try:
            return spacy.blank(language)
        except (ImportError, OSError) as error:
            raise InputError(_no_language(language, error)) from error
    if not isinstance(pipeline, str):
        return pipeline
    try:
        nlp = spacy.load(pipeline)
    except OSError as error:
        raise InputError(
            f"The spaCy pipeline {pipeline!r} cannot be opened: {error} Get it with "
            f"`python -m spacy download {pipeline}`, or leave pipeline out "
            "to work without one (lookup lemmas, no parts of speech)."
        ) from error
    if set(nlp.pipe_names) <= _ON_WORDS | _NOT_NEEDED:
        for name in _NOT_NEEDED.intersection(nlp.pipe_names):
            nlp.disable_pipe(name)
    return nlp


def lookup_lemmatizer(nlp: "Language") -> "Lemmatizer | None":
    """Return spaCy's lookup lemmatizer of the pipeline's language; without tables warn, and return None."""
    try:
        lemmatizer = nlp.create_pipe("lemmatizer", config={"mode": "lookup"})
        required, optional = lemmatizer.get_lookups_config("lookup")  # type: ignore[attr-defined]
        lemmatizer.initialize(lookups=_tables(nlp.lang or "", (*required,), (*optional,)))  # type: ignore[attr-defined]
    except (ValueError, ImportError):
        warnings.warn(
            f"spaCy has no lookup lemmas for language {nlp.lang!r}, so inflected forms stay different words. "
            "Pass an installed pipeline of the language (pipeline=...; see https://spacy.io/models), give your own "
            "lemmas (lemmatize={'form': 'lemma'}), or pass lemmatize=False.",
            TopicWarning,
            stacklevel=2,
        )
        return None
    return lemmatizer  # type: ignore[return-value]


@lru_cache(maxsize=2)
def _tables(language: str, required: tuple[str, ...], optional: tuple[str, ...]) -> "Lookups":
    """Load lookup tables, which takes spaCy up to three seconds (French)."""
    from spacy.lookups import load_lookups

    lookups = load_lookups(lang=language, tables=list(required))
    more = load_lookups(lang=language, tables=list(optional), strict=False)
    for name in more.tables:
        lookups.set_table(name, more.get_table(name))
    return lookups


def assigned(nlp: "Language") -> set[str]:
    """Return what the pipeline's components say that they assign: ``token.pos``, ``token.lemma``, ..."""
    attributes = {attribute for name in nlp.pipe_names for attribute in nlp.get_pipe_meta(name).assigns}
    if "attribute_ruler" in nlp.pipe_names:  # it assigns whatever its patterns say, and declares nothing
        attributes.add("token.pos")
    return attributes


def installed_name(nlp: "Language") -> str:
    """Return the name of the installed package that opens this pipeline again.

    Raises
    ------
    InputError
        If no installed package of that name has the same components.
    """
    from spacy.util import get_package_path, is_package, load_meta

    name = f"{nlp.meta['lang']}_{nlp.meta['name']}"
    if is_package(name):
        path = get_package_path(name)
        metas = [path / "meta.json", *path.glob("*/meta.json")]
        components = next((load_meta(file).get("pipeline") for file in metas if file.exists()), None)
        if components == nlp.meta["pipeline"]:
            return name
    raise InputError(
        f"The preprocessor's pipeline is a spaCy Language object ({name!r}) that no installed package gives, so it "
        "cannot be saved. Write it with nlp.to_disk(folder) and pass pipeline='folder', or install it as a package."
    )


def _no_language(language: str, error: Exception) -> str:
    import pkgutil

    import spacy.lang

    codes = sorted(module.name for module in pkgutil.iter_modules(spacy.lang.__path__) if module.ispkg)
    if language in codes:
        return f"spaCy needs a further package for language {language!r}: {error}"
    return f"spaCy has no language {language!r}. It has: {', '.join(codes)}; 'xx' is for any language."
