"""The JSON API: ``/health``, ``/topics``, ``/topics/{k}``, ``/transform``, ``/transform/file``."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, Path, Query, Response, UploadFile
from pydantic import BaseModel

from topicml import __version__
from topicml.errors import InputError
from topicml.json_text import escaped
from topicml.serve.answers import Health, Problem, TopicDetail, Topics, Transformed, documents_body
from topicml.serve.limits import Limits
from topicml.serve.served import SEARCHED, ServedModel
from topicml.serve.uploads import SUFFIXES, Encoding, read_upload
from topicml.serve.worker import Worker

_REASONS = {
    400: "The body cannot be read, or the host name is not one of this server.",
    403: "The request comes from a page of another site.",
    404: "The topic does not exist.",
    408: "The body did not arrive in time.",
    413: "The body is larger than the limit of the server, or the file has too many or too long documents.",
    503: "The server cannot read or write a file.",
    422: "The request does not fit this description, or the file cannot be read.",
}


def api(served: ServedModel, limits: Limits, reading: Worker, classifying: Worker) -> APIRouter:
    """Routes of the JSON API.

    Parameters
    ----------
    served : ServedModel
        The model.
    limits : Limits
        Limits on the size of a request.
    reading : Worker
        Thread that reads the topics.
    classifying : Worker
        Thread that classifies texts.

    Returns
    -------
    routes : APIRouter
    """
    routes = APIRouter()
    body_of = documents_body(limits)

    @routes.get("/health", tags=["server"], summary="State of the server, its model and its limits")
    async def health() -> Health:
        return Health(
            status="ok",
            topicml=__version__,
            model=served.kind,
            n_topics=served.view.n_topics,
            n_words=len(served.view.vocabulary),
            raw_text=served.preprocessor is not None,
            has_documents=served.has_documents,
            max_bytes=limits.max_bytes,
            max_documents=limits.max_documents,
            max_characters=limits.max_characters,
        )

    @routes.get(
        "/topics",
        tags=["topics"],
        summary="The topics, all or those that match a search",
        response_model=Topics,
        responses=_errors(422),
    )
    async def topics(
        q: Annotated[
            str,
            Query(
                max_length=200,
                description=f"Prefixes of words; all must occur in the label or among the first {SEARCHED} words.",
                examples=["game"],
            ),
        ] = "",
        words: Annotated[int, Query(ge=1, le=SEARCHED, description="Number of words of each topic at most.")] = 10,
    ) -> Response:
        summaries = await reading.do(lambda: served.summaries(query=q, n_words=words))
        return _json(Topics(n_topics=served.view.n_topics, topics=summaries))

    @routes.get(
        "/topics/{k}",
        tags=["topics"],
        summary="A topic: words, neighbours, documents",
        response_model=TopicDetail,
        responses=_errors(404, 422),
    )
    async def topic(k: Annotated[int, Path(ge=0, description="The topic's number.", examples=[0])]) -> Response:
        try:
            return _json(await reading.do(lambda: served.detail(k)))
        except InputError as error:
            raise HTTPException(404, str(error)) from error

    @routes.post(
        "/transform",
        tags=["transform"],
        summary="The topics of texts",
        response_model=Transformed,
        responses=_errors(400, 403, 408, 413, 422),
    )
    async def transform(body: body_of) -> Response:  # type: ignore[valid-type]
        texts = body.documents  # type: ignore[attr-defined]
        return _json(await classifying.do(lambda: _transformed(served, texts)))

    @routes.post(
        "/transform/file",
        tags=["transform"],
        summary="The topics of a file's documents",
        response_model=Transformed,
        responses=_errors(400, 403, 408, 413, 422, 503),
    )
    async def transform_file(
        file: Annotated[
            UploadFile,
            File(description=f"{', '.join(SUFFIXES)}: one document per line of text, row of a table, or JSON object."),
        ],
        text_column: Annotated[
            str, Form(max_length=200, description="Column of the text; by default recognised by name and content.")
        ] = "",
        encoding: Annotated[Encoding, Form(description="Encoding of the file.")] = "utf-8",
    ) -> Response:
        data, name = await file.read(), file.filename or ""

        def work() -> Transformed:
            texts, tokens = read_upload(data, name, limits, text_column=text_column or None, encoding=encoding)
            if texts is not None:
                return _transformed(served, texts)
            return Transformed(n_topics=served.view.n_topics, documents=served.classify_tokens(tokens))

        return _json(await classifying.do(work))

    return routes


def _transformed(served: ServedModel, texts: list[str]) -> Transformed:
    return Transformed(n_topics=served.view.n_topics, documents=served.classify(texts))


def _json(answer: BaseModel) -> Response:
    """The answer as JSON; FastAPI would validate it a second time."""
    return Response(escaped(answer.model_dump_json()), media_type="application/json")


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": _REASONS[status]} for status in statuses}
