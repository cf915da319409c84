"""Connections of the server: their number is limited, and slow clients are disconnected."""

import logging
import os
import time
from asyncio import BaseTransport, TimerHandle
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from uvicorn.protocols.http.h11_impl import H11Protocol

from topicml.serve.limits import Limits

_HANDLES_OF_A_CONNECTION = 3  # its socket, and two temporary files of an upload
_SPARE_HANDLES = 16
_LEAST_BYTES = 1_000  # of the answer that a client must receive in a second
_FULL = b'{"reason": "The server has too many open connections. Try again later."}'
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_FULL), _FULL)
)

Stage = Literal["header", "answer", "idle", "working", "closing"]


class LimitedConnection(H11Protocol):
    """A connection of uvicorn with the time limits of `Limits`; use `connections_with`.

    uvicorn closes a connection only if it is idle after an answer. This class also closes it if the client sends only a
    part of a header, does not receive the answer, or goes on sending after the answer. `BodyLimit` handles late bodies.
    """

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.since = time.monotonic()
        self._stage: Stage | None = None
        self._timer: TimerHandle | None = None
        self._has_begun = True  # a header is due: at the beginning, and once a byte of a further request arrived
        self._unsent = 0

    @property
    def is_waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: BaseTransport) -> None:
        """Accept a connection; if there are too many, close the one that has waited longest, or refuse this one."""
        super().connection_made(transport)  # type: ignore[arg-type, unused-ignore]
        if len(self.connections) > self.limits.max_connections:
            others = [each for each in self.connections if each is not self and isinstance(each, LimitedConnection)]
            waiting = [each for each in others if each.is_waiting]
            if waiting:
                min(waiting, key=lambda each: each.since).transport.abort()
            else:
                self.transport.write(_REFUSAL)
                self.transport.close()
        self._enter_stage()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of a closed connection."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read part of a request."""
        self._has_begun = self._has_begun or self.is_waiting
        super().data_received(data)
        if not self.is_waiting:
            self._has_begun = False
        self._enter_stage()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.since = time.monotonic()
        super().on_response_complete()  # it may begin a request that has arrived already
        self._has_begun = self.is_waiting and bool(self.conn.trailing_data[0])
        self._enter_stage()

    def pause_writing(self) -> None:
        """Start the time limit of a client that does not receive the answer."""
        super().pause_writing()
        self._enter_stage()

    def resume_writing(self) -> None:
        """Stop that time limit: the client received the answer."""
        super().resume_writing()
        self._enter_stage()

    def send_400_response(self, msg: str) -> None:
        """Refuse data that are not HTTP. uvicorn would let the application answer such a request a second time."""
        if not self.is_waiting:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.close()
                return
        super().send_400_response(msg)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that was idle after an answer."""
        super().timeout_keep_alive_handler()
        self._enter_stage()

    def shutdown(self) -> None:
        """Close the connection after its answer."""
        super().shutdown()
        self._enter_stage()

    def _enter_stage(self) -> None:
        """Start the timer of the stage, unless the connection is in it already."""
        if self.transport.is_closing():
            stage: Stage = "closing"
        elif self.flow.write_paused:
            stage = "answer"
        elif not self.is_waiting:
            stage = "working"
        else:
            stage = "header" if self._has_begun else "idle"
        if stage == self._stage:
            return
        self._stop()
        self._stage = stage
        self._unsent = self.transport.get_write_buffer_size()
        seconds = {"header": self.limits.header_seconds, "answer": self.limits.max_seconds}
        seconds["closing"] = self.limits.header_seconds
        if stage in seconds:
            self._timer = self.loop.call_later(seconds[stage], self._late, seconds[stage])

    def _late(self, seconds: float) -> None:
        """Close the connection, unless the client is receiving the answer."""
        unsent, before = self.transport.get_write_buffer_size(), self._unsent
        if self._stage != "header" and before - unsent >= _LEAST_BYTES * seconds:
            self._unsent = unsent
            self._timer = self.loop.call_later(seconds, self._late, seconds)
        else:
            self.transport.abort()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def connections_with(limits: Limits) -> type[LimitedConnection]:
    """Return a class of connections with these limits, for ``uvicorn.Config(http=...)``."""
    return type("LimitedConnection", (LimitedConnection,), {"limits": limits})


def affordable(limits: Limits) -> Limits:
    """Return the limits with at most as many connections as the process has file handles for."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return limits
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return limits
    descriptors = Path("/proc/self/fd")
    in_use = len(os.listdir(descriptors)) if descriptors.is_dir() else 64  # noqa: PTH208 - entries, not paths
    free = (most - in_use - _SPARE_HANDLES) // _HANDLES_OF_A_CONNECTION
    return replace(limits, max_connections=max(1, min(limits.max_connections, free)))


class OnceAMinute(logging.Filter):
    """Write a log entry only if there was none with the same message and kind of exception in the last minute.

    Otherwise a client could fill the disk by repeating the request that causes the entry.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, Any], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the entry."""
        kind = record.exc_info[0] if isinstance(record.exc_info, tuple) else None
        key, now = (str(record.msg)[:200], kind), time.monotonic()
        if now - self._last.get(key, -60.0 - now) < 60:
            return False
        if len(self._last) >= 100:
            self._last.clear()
        self._last[key] = now
        return True
