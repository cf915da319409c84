"""HTML pages: the topics with a form to classify text, one topic, and the API. Served from memory, not from disk."""

from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse
from jinja2 import DictLoader, Environment, StrictUndefined

from topicml import __version__
from topicml.errors import InputError
from topicml.serve.description import operations
from topicml.serve.limits import Limits
from topicml.serve.served import ServedModel
from topicml.serve.uploads import SUFFIXES, Encoding
from topicml.serve.worker import Worker

if TYPE_CHECKING:
    from fastapi import FastAPI

_STATIC = {"style.css": "text/css", "page.js": "text/javascript"}


def pages(app: "FastAPI", served: ServedModel, limits: Limits, worker: Worker) -> APIRouter:
    """Routes of the HTML pages.

    Parameters
    ----------
    app : FastAPI
        The application, for its OpenAPI description.
    served : ServedModel
        The model.
    limits : Limits
        Limits that the pages state.
    worker : Worker
        Thread that reads the topics.

    Returns
    -------
    routes : APIRouter
    """
    routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    environment = _environment(served, limits)

    def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return HTMLResponse(environment.get_template(name).render(**values), status)

    @routes.get("/")
    async def home(q: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
        topics = await worker.do(lambda: served.summaries(query=q, n_words=14))
        return page("home.html", topics=topics, query=q)

    @routes.get("/topic/{k}")
    async def topic(k: int) -> HTMLResponse:
        try:
            return page("topic.html", topic=await worker.do(lambda: served.detail(k)))
        except InputError as error:
            return page("missing.html", 404, reason=str(error))

    @routes.get("/docs")
    async def docs() -> HTMLResponse:
        return page("docs.html", operations=operations(app.openapi()))

    for name, kind in _STATIC.items():
        _serve_file(routes, name, (files("topicml.serve") / "static" / name).read_bytes(), kind)
    return routes


def _serve_file(routes: APIRouter, name: str, content: bytes, kind: str) -> None:
    @routes.get(f"/{name}")
    async def static() -> Response:
        return Response(content, media_type=kind)


def _environment(served: ServedModel, limits: Limits) -> Environment:
    """Jinja environment of the templates. It escapes all values: documents and words are text, never markup."""
    folder = files("topicml.serve") / "templates"
    templates = {each.name: each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith(".html")}
    environment = Environment(
        loader=DictLoader(templates), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = _percent
    environment.globals |= {
        "version": __version__,
        "served": served,
        "limits": limits,
        "suffixes": SUFFIXES,
        "encodings": Encoding.__args__,  # type: ignore[attr-defined]
    }
    return environment


def _percent(value: float) -> str:
    """A share in percent: 12%, 0.4%, < 0.1%."""
    return f"{value:.0%}" if value >= 0.095 or value == 0 else f"{value:.1%}" if value >= 0.0005 else "< 0.1%"
