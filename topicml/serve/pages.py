"""The pages for people: topics, a topic, classifying, and the API's description; everything from memory."""

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
    """The routes of the pages for one model."""
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
        _give(routes, name, (files("topicml.serve") / "static" / name).read_bytes(), kind)
    return routes


def _give(routes: APIRouter, name: str, content: bytes, kind: str) -> None:
    @routes.get(f"/{name}")
    async def static() -> Response:
        return Response(content, media_type=kind)


def _environment(served: ServedModel, limits: Limits) -> Environment:
    """Templates with autoescape for all: what a document or a word holds is text, never markup."""
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
    """A share for people: 12 %, 0.4 %."""
    return f"{value:.0%}" if value >= 0.095 or value == 0 else f"{value:.1%}" if value >= 0.0005 else "< 0.1%"
