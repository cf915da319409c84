"""`Corpus`: documents, their words in order, and their fields; with constructors for every source."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pyarrow as pa

from topicml.corpus.attaching import embeddings_of
from topicml.corpus.data import CorpusData
from topicml.corpus.languages import LANGUAGE, by_language, multilingual
from topicml.corpus.notebook import corpus_html
from topicml.corpus.opening import open_folder
from topicml.corpus.parts import save_parts
from topicml.corpus.reading import read
from topicml.corpus.sources.bow import corpus_of_bow
from topicml.corpus.sources.tables import corpus_of_table, table_of_frame
from topicml.corpus.sources.texts import corpus_of_texts
from topicml.corpus.splitting import split
from topicml.corpus.storage import save
from topicml.corpus.targets import targets_of


class Corpus(CorpusData):
    """Documents as word ids in order, with a vocabulary and a table of fields.

    Create one with `from_texts`, `from_tokens`, `from_counts`, `from_bow`, `from_frame`, `read` or `open`. A corpus is
    immutable. Row i is document i of the source: a document that loses all its words keeps its row and is empty.

    Attributes
    ----------
    vocabulary : Vocabulary
        Word i is column i of `counts`.
    tokens : numpy.ndarray or None
        Word ids of all documents in order, int32 of shape (n_tokens,); None if the corpus has counts only.
    offsets : numpy.ndarray or None
        Document i is ``tokens[offsets[i]:offsets[i + 1]]``; int64 of shape (n_docs + 1,). None if `tokens` is None.
    fields : Fields
        A mapping of names to columns with one value per document; `fields.table` is the Arrow table.
    preprocessor : Preprocessor, VectorizerPreprocessor or None
        The preprocessor that turned the raw text into tokens. It processes new text in the same way.
    embeddings : Embeddings or None
        A vector of each document, if it has any (`with_embeddings`).
    targets : Targets or None
        What models are to reconstruct of each document in place of its words, if it has any (`with_targets`).
    """

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        preprocessor: Any = None,
        fields: Mapping[str, Any] | pa.Table | None = None,
    ) -> Self:
        """Make a corpus from raw texts.

        Parameters
        ----------
        texts : iterable of str
            One string per document. They become the field "text", unless `fields` has a column of that name.
        preprocessor : Preprocessor, scikit-learn vectorizer or False, optional
            How to split texts into words. Default: ``Preprocessor()``, for English. False: the texts are already
            tokenized, and white space separates the tokens.
        fields : mapping of str to array-like, or pyarrow.Table, optional
            Columns with one value per document.

        Returns
        -------
        Corpus
            Row i is ``texts[i]``.

        Raises
        ------
        InputError
            If a text is not a string, all documents are empty after preprocessing, or a field does not have one value
            per document.

        Warns
        -----
        TopicWarning
            If documents lose all their words. They stay as empty documents; the message gives their rows.
        """
        return cls.from_data(corpus_of_texts(texts, preprocessor, fields))

    @classmethod
    def from_bow(
        cls,
        bow: Iterable[Iterable[tuple[int, float]]],
        id2word: Mapping[int, str] | Sequence[str],
        fields: Mapping[str, Any] | pa.Table | None = None,
    ) -> Self:
        """Make a corpus from a gensim bag-of-words corpus. The corpus has no word order.

        Parameters
        ----------
        bow : iterable of iterables of (int, float)
            One list of (word id, count) per document; a stream (``MmCorpus``) works too.
        id2word : gensim.corpora.Dictionary, mapping of int to str, or sequence of str
            The word of each id. Ids may have gaps, as gensim leaves them after filtering: the vocabulary lists the
            words by ascending id.
        fields : mapping of str to array-like, or pyarrow.Table, optional
            Columns with one value per document.

        Returns
        -------
        Corpus
            Row i is document i of `bow`.

        Raises
        ------
        InputError
            If a word id is not in `id2word`, or a count is NaN, negative or not a whole number (such as tf-idf).
        """
        return cls.from_data(corpus_of_bow(bow, id2word, fields))

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        text_column: str | None = None,
        label_column: str | None = None,
        preprocessor: Any = None,
    ) -> Self:
        """Make a corpus from a data frame or another table in memory.

        Parameters
        ----------
        frame : pandas or polars frame, Hugging Face dataset, pyarrow.Table, or dict of columns
            One row per document.
        text_column : str, optional
            The column of texts, or of lists of tokens (used without preprocessing). It becomes the field "text". By
            default a column named text, document, content, body, …, title or tokens; else the column with the longest
            mean text. The choice is logged. A missing text is an empty document.
        label_column : str, optional
            The column of labels, to compare with the topics. It keeps its name, and ``fields["label"]`` is this column
            too, unless another column has that name. All other columns become fields under their names; an underscore
            is appended to another column named "text".
        preprocessor : Preprocessor, scikit-learn vectorizer or False, optional
            As in `from_texts`.

        Returns
        -------
        Corpus
            Row i is row i of `frame`.

        Raises
        ------
        InputError
            If a column does not exist (the message lists the columns), no column has text, or there are no rows.

        Warns
        -----
        TopicWarning
            If documents have no words, a column with a usual name such as "text" holds no text, or the column with the
            longest texts looks like labels.
        """
        return cls.from_data(corpus_of_table(table_of_frame(frame), text_column, label_column, preprocessor))

    @classmethod
    def read(
        cls,
        source: str | os.PathLike[str],
        text_column: str | None = None,
        label_column: str | None = None,
        preprocessor: Any = None,
        encoding: str = "utf-8",
        split: str | None = None,
        delimiter: str | None = None,
        sheet: str | int | None = None,
        embeddings: Any = None,
    ) -> Self:
        """Read a corpus from a path or by its name, and recognise the format.

        Parameters
        ----------
        source : str or path
            - a table: ``.csv``, ``.tsv``, ``.jsonl``, ``.json``, ``.parquet``, ``.xlsx`` (columns as in `from_frame`);
            - ``.txt``: one document per line; a folder of ``.txt`` files: one document per file, with the names of its
              subfolders as labels;
            - a folder in OCTIS's or TopMost's format, or written by `save`: read without preprocessing;
            - the name of a corpus (`topicml.corpus.cards.cards`), unless a file or folder of that name exists.

            Text files may be compressed (``.gz``, ``.zst``).
        text_column, label_column : str, optional
            Columns of a table, as in `from_frame`.
        preprocessor : Preprocessor, scikit-learn vectorizer or False, optional
            As in `from_texts`.
        encoding : str
            Encoding of text files, for example "cp1252". UTF-16 is recognised by its mark.
        split : str, optional
            Which part of the documents to read. TopMost folders: "train" (default), "test" or "all". OCTIS folders and
            named corpora: one of their partitions; by default all documents.
        delimiter : str, optional
            The character between the columns of a ``.csv`` or ``.tsv`` file, or "tab", "comma", "semicolon", "pipe".
            By default it is recognised: the one for which the rows have as many values as the header.
        sheet : str or int, optional
            Name of the sheet of an ``.xlsx`` file, or its number from 1. By default the first sheet with values.
        embeddings : str, path, array, encoder or function, optional
            Vectors of the documents, or what makes them: see `with_embeddings`.

        Returns
        -------
        Corpus
            Rows are in the order of the source.

        Raises
        ------
        InputError
            If the source does not exist, has an unknown format, is empty or malformed. The message gives file, row and
            column, and what to do.

        Warns
        -----
        TopicWarning
            If documents have no words (they stay as empty documents), or an argument does not apply to the source.
        """
        data = read(source, text_column, label_column, preprocessor, encoding, split, delimiter, sheet)
        corpus = cls.from_data(data)
        return corpus if embeddings is None else corpus.with_embeddings(embeddings)

    @classmethod
    def multilingual(cls, corpora: Mapping[str, CorpusData], *, field: str = LANGUAGE) -> Self:
        """Join corpora of several languages, for models with ``languages=True``.

        Words are not confused between languages: the English "gift" is the word ``en:gift``, the German ``de:gift``.

        Parameters
        ----------
        corpora : mapping of str to Corpus
            The corpus of each language, by its name, each with the `Preprocessor` of its language. Fields of one name
            are joined; documents that are translations of each other have the same value in one of them.
        field : str
            Name of the new field with the language of each document.

        Returns
        -------
        Corpus
            The documents of the first language, then those of the second, and so on; without embeddings and targets.

        Raises
        ------
        InputError
            If there is no corpus, a value is not one, a name is empty or has a colon, or a field has other kinds of
            values in one language than in another.

        Examples
        --------
        >>> import topicml
        >>> english = topicml.Corpus.from_tokens([["gift", "shop"]], fields={"id": [1]})
        >>> german = topicml.Corpus.from_tokens([["geschenk", "laden"]], fields={"id": [1]})
        >>> topicml.Corpus.multilingual({"en": english, "de": german}).document(1)
        ['de:geschenk', 'de:laden']
        """
        return cls.from_data(multilingual(corpora, field))

    def by_language(self, field: str, preprocessors: Any = None, **options: Any) -> Self:
        """Return the same documents with words of their languages, each text split by its language's preprocessor.

        Parameters
        ----------
        field : str
            The field with the language of each document, a code of spaCy such as ``de``.
        preprocessors : mapping of str to Preprocessor, or MultilingualPreprocessor, optional
            The preprocessor of some languages; by default ``Preprocessor(language, **options)``. The `preprocessor_` of
            a model splits new texts as those of its fit.
        **options
            Options of `Preprocessor`, for all languages. By default, compounds are split in the languages that have
            them (``compounds=False``: in none), so that their parts meet their translations.

        Returns
        -------
        Corpus
            As `multilingual` makes it, in the order of these documents.

        Raises
        ------
        InputError
            If there is no such field or no field "text", a document has no language, or a language has no preprocessor.
        """
        return type(self).from_data(by_language(self, field, preprocessors, **options))

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, trust: bool = False) -> Self:
        """Open a saved corpus. Its arrays and fields are memory-mapped.

        Only headers and the vocabulary of a corpus are read that you saved on this machine. Another one may come from
        anybody: its files are read once, to check them.

        Parameters
        ----------
        folder : str or path
            What `save` wrote.
        trust : bool
            Whether its preprocessor may open a spaCy pipeline that spaCy does not publish, which can run code.
            Pipelines of corpora that you saved yourself on this machine are opened without it.

        Returns
        -------
        Corpus
            The documents.

        Raises
        ------
        InputError
            If the folder is not a saved corpus, is damaged, or was written by a newer version.
        """
        return cls.from_data(open_folder(folder, trust=trust))

    def with_embeddings(
        self,
        embeddings: Any,
        *,
        file: str | os.PathLike[str] | None = None,
        batch_size: int = 64,
        max_words: int | None = None,
        dtype: str | None = None,
        progress: bool = False,
        outside_knowledge: bool = True,
    ) -> Self:
        """Return the corpus with a vector of each document, for `topicml.objectives.contrast.Neighbours`.

        The vectors stay in step with the documents: a selection or a split of rows selects their vectors, and `save`
        writes them.

        Parameters
        ----------
        embeddings : array (n_docs, size), str, path, encoder or function
            - an array, or the path of a ``.npy`` file, which is memory-mapped;
            - the name of a field that holds vectors;
            - an object with ``encode(texts)`` (sentence-transformers, model2vec), or a function of a list of texts;
            - the name of an encoder whose package is installed: ``minilm``, ``wordllama`` or ``use``.

            An encoder reads the field "text", or else the words of the documents.
        file : path, optional
            Where the vectors of an encoder are written while they are computed. The same call continues an encoding
            that was killed, and opens a finished one. By default they are kept in memory.
        batch_size : int
            Texts per call of the encoder.
        max_words : int, optional
            Longer texts are encoded in passages of at most so many words, whose vectors are averaged. By default what
            suits the encoder, if it is known by name.
        dtype : {"float32", "float16"}, optional
            Type in which an encoder's vectors are stored; float32 by default.
        progress : bool
            Show a progress bar while texts are encoded.
        outside_knowledge : bool
            Whether the vectors know more than this corpus, as those of a pretrained encoder do. Pass False for vectors
            that were learned from these documents alone. A model remembers it, and tables mark it with a dagger (†).

        Returns
        -------
        Corpus
            It shares all other parts with this one.

        Raises
        ------
        InputError
            If the vectors are of another number of documents or of other texts, or are not finite numbers, or an
            encoder fails (`topicml.corpus.encoding.EncodingError`: what was encoded is kept).
        MissingExtraError
            If the package of a named encoder is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> import topicml
        >>> corpus = topicml.Corpus.from_texts(["A cat sleeps.", "The dog barks."])
        >>> corpus.with_embeddings(np.eye(2)).embeddings
        Embeddings(2 documents, size 2, float32, from array, outside knowledge)
        """
        found = embeddings_of(
            self,
            embeddings,
            file=file,
            outside_knowledge=outside_knowledge,
            batch_size=None if batch_size == 64 else batch_size,
            max_words=max_words,
            dtype=dtype,
            progress=progress,
        )
        return self.replaced(embeddings=found)

    def with_targets(self, targets: Any, *, outside_knowledge: bool = True) -> Self:
        """Return the corpus with what models are to reconstruct of each document, for ``reconstruct="targets"``.

        Such targets are the next-word distributions of a language model (DSL-Topic). They are always sparse, and stay
        in step with the documents and words: a selection or a split of rows selects their rows, a vocabulary with fewer
        words their columns, and `save` writes them.

        Parameters
        ----------
        targets : sparse matrix (n_docs, n_words), or path
            Non-negative weights of the words of each document, with a column for each word of `vocabulary`; or a
            ``.npz`` file that `scipy.sparse.save_npz` wrote. Only the proportions within a row matter. A small dense
            array is accepted.
        outside_knowledge : bool
            Whether the weights know more than this corpus, as those of a language model do. Pass False for weights that
            were computed from these documents alone. A model remembers it, and tables mark it with a dagger (†).

        Returns
        -------
        Corpus
            It shares all other parts with this one.

        Raises
        ------
        InputError
            If the matrix has another shape, negative weights or weights that are not finite numbers, or the file cannot
            be read, or a document with words has no weight at all; the message names rows.

        Examples
        --------
        >>> import topicml
        >>> corpus = topicml.Corpus.from_texts(["A cat sleeps.", "The dog barks."])
        >>> corpus.with_targets(corpus.counts, outside_knowledge=False).targets
        Targets(2 documents, 4 weights, from matrix)
        """
        found = targets_of(targets, self.shape, outside_knowledge)
        found.check_documents(np.flatnonzero(self.lengths))
        return self.replaced(targets=found)

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False, *, shard_rows: int | None = None) -> None:
        """Write words, vocabulary, fields, embeddings, targets and preprocessor to a folder, for `Corpus.open`.

        The write is atomic: on failure no new folder is left, and an existing one is unchanged.

        Parameters
        ----------
        folder : str or path
            The folder to create.
        overwrite : bool
            Replace a corpus that was saved there before.
        shard_rows : int, optional
            Write parts of at most so many documents, each in a folder of its own. `open` gives the same corpus.
            By default one part.

        Raises
        ------
        InputError
            If `folder` exists and `overwrite` is false, or if it contains something other than a corpus.
        """
        if shard_rows is None:
            save(self, folder, overwrite)
        else:
            save_parts(self, folder, shard_rows, overwrite)

    def split(self, share: float = 0.6, seed: int = 1234, *, min_df: int = 2) -> tuple[Self, Self]:
        """Split the documents at random into training and held-out documents, to judge a model on unseen documents.

        Both parts have the vocabulary of the training documents, so that no word of a topic is known from the held-out
        documents only.

        Parameters
        ----------
        share : float
            Share of the training documents, rounded down to whole documents.
        seed : int
            Seed of ``numpy.random.default_rng(seed).permutation(n_docs)``, whose first documents are for training.
        min_df : int
            Words in fewer training documents are removed from both parts.

        Returns
        -------
        train, held_out : Corpus
            Documents keep their order, the order of their words, and their fields. A document that loses all its words
            keeps its row and is empty.

        Raises
        ------
        InputError
            If `share` is not between 0 and 1, a part would have fewer than two documents, or no word is left.

        Examples
        --------
        >>> import topicml
        >>> train, held_out = topicml.Corpus.read("lee").split()
        >>> train.n_docs, held_out.n_docs, train.vocabulary == held_out.vocabulary
        (180, 120, True)
        """
        train, held_out = split(self, share, seed, min_df)
        return type(self).from_data(train), type(self).from_data(held_out)

    def _repr_html_(self) -> str:
        return corpus_html(self)
