"""Middleware: check the origin, size and time of every request, and add security headers to every answer."""

import asyncio
import json
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from topicml.serve.limits import Limits

# Pages may load files of this server only: no script of another site or in a document can run.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",  # pasted text may be private
}
_READ_METHODS = ("GET", "HEAD", "OPTIONS")
_MAX_DRAINED = 64_000_000  # bytes of a refused body that are read and discarded, so that its sender sees the reason
_DRAINING_SECONDS = 5.0


class SecurityHeaders:
    """Adds headers to every answer: browsers load nothing from other sites, and no site may frame the page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)


class SameOrigin:
    """Refuses requests that a page of another site makes the user's browser send (cross-site request forgery).

    Browsers send the page's site in ``Origin`` and ``Sec-Fetch-Site``; other programs send neither and are accepted.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 403."""
        if scope["type"] == "http" and scope["method"] not in _READ_METHODS and _is_foreign(Headers(scope=scope)):
            await _refuse(403, "The request comes from a page of another site. Use the page of this server.", send)
            return
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses bodies that are too large, by their declared length and by the bytes that arrive, or too slow.

    Parameters
    ----------
    app : ASGI application
        What answers the other requests.
    limits : Limits
        ``max_bytes`` and ``max_seconds`` of a body.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 413 or 408."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self.limits.max_bytes:
            await _drain(receive)
            await _refuse(413, self._too_large, send)
            return
        arrived, is_complete = 0, False
        end = asyncio.get_running_loop().time() + self.limits.max_seconds

        async def counted() -> Message:
            nonlocal arrived, is_complete
            if is_complete:
                return await receive()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, self._too_slow, {"connection": "close"}) from None
            arrived += len(message.get("body", b""))
            is_complete = not message.get("more_body", False)
            if arrived > self.limits.max_bytes:
                if not is_complete:
                    await _drain(receive)
                raise HTTPException(413, self._too_large)
            return message

        await self.app(scope, counted, send)

    @property
    def _too_large(self) -> str:
        return (
            f"The request is larger than {self.limits.max_bytes:,} bytes, the limit of this server. Send it in parts."
        )

    @property
    def _too_slow(self) -> str:
        return (
            f"The body did not arrive within {self.limits.max_seconds:g} seconds. Check its Content-Length, or send it "
            "in parts."
        )


def _is_foreign(headers: Headers) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:  # not an address, such as http://[::1
        return True


async def _drain(receive: Receive) -> None:
    """Read and discard the rest of a body."""
    drained = 0
    try:
        async with asyncio.timeout(_DRAINING_SECONDS):
            while drained < _MAX_DRAINED:
                message = await receive()
                drained += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


async def _refuse(status: int, reason: str, send: Send) -> None:
    body = json.dumps({"reason": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
