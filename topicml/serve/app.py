"""The web application: API, pages and middleware."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from topicml import __version__
from topicml.errors import InputError, MissingExtraError
from topicml.json_text import json_text
from topicml.serve.limits import Limits, TooLargeError

if TYPE_CHECKING:
    from fastapi import FastAPI

_log = logging.getLogger(__name__)
_NO_FILE = (
    "The server cannot read or write a file. If its disk for temporary files is full, or cannot be written, free some "
    "space there, or start the server with another TMPDIR."
)
LOCAL = ("127.0.0.1", "localhost", "::1", "[::1]")


def create_app(model: Any, *, limits: Limits | None = None, hosts: Sequence[str] = LOCAL) -> "FastAPI":
    """Make the web application of a model, for any ASGI server.

    Parameters
    ----------
    model : TopicModel, TopicView or ServedModel
        Fitted. Of a view, the edited topics and the documents are shown.
    limits : Limits, optional
        Limits on a request. The ASGI server limits connections and the time of headers, as `topicml serve` does.
    hosts : sequence of str
        Host names by which a request may address the server. Others are refused, so that a page of another site cannot
        reach it through a domain of that site (DNS rebinding).

    Returns
    -------
    app : FastAPI

    Raises
    ------
    InputError
        If the model is not fitted, or its words have no names.
    MissingExtraError
        If FastAPI is not installed.
    """
    try:
        import python_multipart  # noqa: F401
        from fastapi import FastAPI
        from starlette.middleware.trustedhost import TrustedHostMiddleware

        from topicml.serve.api import api
        from topicml.serve.pages import pages
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] == "topicml":
            raise
        raise MissingExtraError(
            f"Serving needs {error.name or 'FastAPI'}. Install it with: pip install 'topicml[serve]'"
        ) from error
    from topicml.serve.guards import BodyLimit, SameOrigin, SecurityHeaders
    from topicml.serve.worker import Worker

    served = _served(model)
    limits = Limits() if limits is None else limits
    reading, classifying = Worker("topics"), Worker("texts")

    @asynccontextmanager
    async def lifespan(_: "FastAPI") -> AsyncIterator[None]:
        yield
        reading.close()
        classifying.close()

    app = FastAPI(
        title="topicml",
        version=__version__,
        summary="The topics of a fitted model, and of new text.",
        docs_url=None,  # FastAPI's pages load scripts of other sites; `pages` has a /docs without
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(api(served, limits, reading, classifying))
    app.include_router(pages(app, served, limits, reading))
    _handle_errors(app)
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(SameOrigin)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(SecurityHeaders)  # the middleware that is added last is the outermost
    return app


def _served(model: Any) -> Any:
    from topicml.explore import TopicView
    from topicml.serve.served import ServedModel

    if isinstance(model, ServedModel):
        return model
    if isinstance(model, TopicView):
        return ServedModel(model)
    return ServedModel.without_documents(model)


def _handle_errors(app: "FastAPI") -> None:
    """Answer every error with a reason in one form, without repeating the content of the request."""
    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import Response
    from starlette.exceptions import HTTPException

    def answer(reason: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
        return Response(json_text({"reason": reason}), status, headers, media_type="application/json")

    @app.exception_handler(OSError)
    async def no_file(_: Request, error: OSError) -> Response:
        _log.error("%s (%s)", _NO_FILE, error)
        return answer(_NO_FILE, 503)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, OSError):  # FastAPI says that the body is wrong
            return await no_file(request, error.__cause__)
        return answer(str(error.detail), error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        kind, where = first["type"], ".".join(map(str, first["loc"]))
        if kind == "json_invalid":
            return answer(f"The body is not JSON: {first['ctx']['error']}.", 400)
        return answer(f"{where}: {first['msg']}. See /docs.", 422)

    @app.exception_handler(InputError)
    async def wrong(_: Request, error: InputError) -> Response:
        return answer(str(error), 422)

    @app.exception_handler(TooLargeError)
    async def too_large(_: Request, error: TooLargeError) -> Response:
        return answer(str(error), 413)
