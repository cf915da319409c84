"""``topicml corpus``: build a corpus that is larger than the memory, for `topicml fit`."""

import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from topicml.cli import printing
from topicml.cli.options import (
    Delimiter,
    Encoding,
    LabelColumn,
    Overwrite,
    Sheet,
    TextColumn,
    Timeout,
    Tokenized,
    Workers,
)
from topicml.cli.preprocessing import Language, MaxDf, MaxFeatures, MinDf, Preprocess, StopWords, preprocessing_of
from topicml.errors import InputError


def corpus(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="CSV, TSV, JSONL or Parquet files, text files with a document in each line, folders of tables, or "
            "patterns such as 'data/*.parquet'; all of one format.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder of the corpus.", show_default=False)],
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    shard_rows: Annotated[
        int, typer.Option(min=1, metavar="N", help="Documents of a part; the memory holds about two for each process.")
    ] = 50_000,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Number of processes; by default one per core.", show_default=False),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Build by the workers of a Dask cluster (tcp://HOST:8786); local: by this machine's cores.",
            show_default=False,
        ),
    ] = None,
    workers: Workers = None,
    timeout: Timeout = 30.0,
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors and warnings.")] = False,
    tokenized: Tokenized = False,
    language: Language = "en",
    min_df: MinDf = None,
    max_df: MaxDf = None,
    max_features: MaxFeatures = None,
    stop_words: StopWords = None,
    preprocess: Preprocess = None,
) -> None:
    """Build a corpus from files of any size, with memory for a few parts of them.

    The texts are split into words and counted, then written in the vocabulary of all. An interrupted command continues
    when it is repeated. `topicml fit FOLDER` reads the corpus from the disk.

    \b
    Examples:
      topicml corpus news.csv --text-column text --out news.corpus
      topicml corpus 'data/*.parquet' --out data.corpus --jobs 8
      topicml corpus 'data/*.parquet' --out out --cluster tcp://10.0.0.1:8786
      topicml fit data.corpus --topics 50 --out run
    """  # noqa: D301 - \b keeps the lines as they are
    from topicml.cli.progress import StageBars  # imports NumPy
    from topicml.corpus import Corpus, Preprocessor
    from topicml.corpus.preprocessing.pipelines import import_without_torch

    if workers is not None and cluster != "local":
        raise InputError("--workers is for --cluster local.")
    if jobs is not None and cluster is not None:
        raise InputError("--jobs is for processes of this machine; with --cluster local, pass --workers.")
    settings = preprocessing_of(language, min_df, max_df, max_features, stop_words, False, 1, preprocess)
    if tokenized and settings:
        raise InputError(f"--tokenized text is not preprocessed: leave out {', '.join(settings)}.")
    try:
        preprocessor = False if tokenized else Preprocessor(**settings)
        if isinstance(preprocessor, Preprocessor) and preprocessor.pipeline is None:
            import_without_torch()  # the whole process is of this command
    except TypeError as error:
        raise InputError(f"--preprocess: {error}. The options are those of topicml.Preprocessor.") from error
    if cluster is None:
        from topicml.corpus.building import build_corpus

        build = partial(build_corpus, n_jobs=jobs or -1)
    else:
        from topicml.cluster.building import build_corpus as build_by_cluster

        build = partial(build_by_cluster, cluster=cluster, n_workers=workers, timeout=timeout)
    begin = time.perf_counter()
    try:
        with StageBars(quiet=quiet) as bars:
            folder = build(
                sources,
                out,
                text_column,
                label_column,
                preprocessor,
                encoding=encoding or "utf-8",
                delimiter=delimiter,
                sheet=sheet,
                shard_rows=shard_rows,
                overwrite=overwrite,
                observer=bars,
            )
    except KeyboardInterrupt:
        printing.note("Interrupted. What is finished is kept; to continue, repeat the command.")
        raise
    if not quiet:
        built = Corpus.open(folder)
        seconds = time.perf_counter() - begin
        printing.note(
            f"Written to {out}: {built.n_docs:,} documents, {built.n_words:,} words, {built.n_tokens:,} tokens "
            f"({bars.n_docs / seconds:,.0f} documents/s)."
        )
