"""Open spaCy pipelines, and query which attributes of a token they set."""

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from topicml.corpus.preprocessing.languages import no_language
from topicml.corpus.preprocessing.segmenting import with_hyphens, with_names
from topicml.errors import InputError, warn

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.lookups import Lookups
    from spacy.pipeline import Lemmatizer

# Components that work without the ones in _NOT_NEEDED. The parser stays: spaCy's English attribute ruler reads it.
_TOKEN_COMPONENTS = {"tok2vec", "transformer", "curated_transformer", "tagger", "morphologizer", "attribute_ruler"}
_TOKEN_COMPONENTS |= {"parser", "senter", "sentencizer", "lemmatizer", "trainable_lemmatizer"}
_NOT_NEEDED = {"ner", "entity_linker", "textcat", "textcat_multilabel"}
# Names of the pipelines that spaCy publishes: https://spacy.io/models
_PUBLISHED = re.compile("[a-z]{2,3}_(core|dep|ent|sent)_(web|news|wiki|ud|sci)_(sm|md|lg|trf)")


def is_published(pipeline: object) -> bool:
    """Whether a pipeline has the name of one that spaCy publishes. `open_pipeline` opens it only as a package."""
    return isinstance(pipeline, str) and _PUBLISHED.fullmatch(pipeline) is not None


def import_without_torch() -> None:
    """Import spaCy without torch, which it otherwise imports for the networks of some installed pipelines.

    It takes 180 MB of memory, for nothing if all pipelines of a process are blank. Only for a process of topicml's own:
    spaCy cannot use torch in it later.
    """
    if "spacy" in sys.modules or "torch" in sys.modules:
        return
    sys.modules["torch"] = None  # type: ignore[assignment] # makes its import an ImportError
    try:
        import spacy  # noqa: F401
    finally:
        del sys.modules["torch"]


def open_pipeline(
    language: str, pipeline: "str | Language | None", segmenter: str | None = None, *, hyphens: bool = False
) -> "Language":
    """Open a spaCy pipeline.

    In an installed pipeline, components that do not annotate single words (named entities, text categories) are
    disabled, unless the pipeline has custom components, which may need them.

    Parameters
    ----------
    language : str
        Language code, for example "en", of a blank pipeline.
    pipeline : str, Language or None
        Name or folder of an installed pipeline, or an open pipeline, returned as it is. None: a blank pipeline.
    segmenter : str or None
        For Chinese without a pipeline: "jieba" or "char".
    hyphens : bool
        Without a pipeline: split words at hyphens.

    Returns
    -------
    spacy.language.Language

    Raises
    ------
    InputError
        If the pipeline is not installed, or spaCy does not support the language or needs a further package for it.
    """
    import spacy

    if pipeline is None:
        config = {} if segmenter is None else {"nlp": {"tokenizer": {"segmenter": segmenter}}}
        try:
            nlp = with_names(spacy.blank(language, config=config))
            return with_hyphens(nlp) if hyphens else nlp
        except (ImportError, OSError) as error:
            raise InputError(no_language(language, error)) from error
    if not isinstance(pipeline, str):
        return pipeline
    try:
        if is_published(pipeline) and not spacy.util.is_package(pipeline):
            raise OSError("[E050] There is no package of this name.")  # and a folder of this name here is not it
        nlp = spacy.load(pipeline)
    except OSError as error:
        raise InputError(
            f"The spaCy pipeline {pipeline!r} cannot be opened: {error} Install it with "
            f"`python -m spacy download {pipeline}`, or omit pipeline "
            "to work without one (lookup lemmas, no parts of speech)."
        ) from error
    if set(nlp.pipe_names) <= _TOKEN_COMPONENTS | _NOT_NEEDED:
        for name in _NOT_NEEDED.intersection(nlp.pipe_names):
            nlp.disable_pipe(name)
    return with_names(nlp)


def lookup_lemmatizer(nlp: "Language") -> "Lemmatizer | None":
    """Return spaCy's lookup lemmatizer for the language of a pipeline. If spaCy has no tables, warn and return None."""
    try:
        lemmatizer = nlp.create_pipe("lemmatizer", config={"mode": "lookup"})
        required, optional = lemmatizer.get_lookups_config("lookup")  # type: ignore[attr-defined]
        tables = lookup_tables(nlp.lang or "", (*required,), (*optional,))
        lemmatizer.initialize(lookups=tables)  # type: ignore[attr-defined]
    except (ValueError, ImportError):
        warn(
            f"spaCy has no lookup lemmas for language {nlp.lang!r}, so inflected forms remain different words. "
            "Pass an installed pipeline of the language (pipeline=...; see https://spacy.io/models), your own "
            "lemmas (lemmatize={'form': 'lemma'}), or lemmatize=False."
        )
        return None
    return lemmatizer  # type: ignore[return-value]


@lru_cache(maxsize=4)
def lookup_tables(language: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> "Lookups":
    """Load tables of spacy-lookups-data; cached, because loading takes up to three seconds (French).

    Parameters
    ----------
    language : str
        Language code.
    required, optional : tuple of str
        Names of tables.

    Returns
    -------
    spacy.lookups.Lookups

    Raises
    ------
    ValueError
        If a required table does not exist.
    """
    from spacy.lookups import load_lookups

    lookups = load_lookups(lang=language, tables=list(required))
    more = load_lookups(lang=language, tables=list(optional), strict=False)
    for name in more.tables:
        lookups.set_table(name, more.get_table(name))
    return lookups


def assigned(nlp: "Language") -> set[str]:
    """Return the attributes that the components of a pipeline declare to set: ``token.pos``, ``token.lemma``, ..."""
    attributes = {attribute for name in nlp.pipe_names for attribute in nlp.get_pipe_meta(name).assigns}
    if "attribute_ruler" in nlp.pipe_names:  # its attributes depend on its patterns; it declares none
        attributes.add("token.pos")
    return attributes


def installed_name(nlp: "Language") -> str:
    """Return the name of the installed package that contains this pipeline.

    Raises
    ------
    InputError
        If no installed package has the name and the components of the pipeline.
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
        f"The preprocessor's pipeline is a spaCy Language object ({name!r}) that no installed package contains, so "
        "it cannot be saved. Write it with nlp.to_disk(folder) and pass pipeline='folder', or install it as a package."
    )
