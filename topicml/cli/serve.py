"""``topicml serve``: a fitted model on a local web page."""

import errno
import ipaddress
import logging
import socket
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topicml.cli import printing
from topicml.cli.options import MinConfidence, ModelFolder, ReadStdin
from topicml.cli.standard_input import NAME, STDIN, StdinFormat, source_of
from topicml.cli.trusting import open_folder
from topicml.errors import InputError, MissingExtraError
from topicml.runs import DocumentsState

if TYPE_CHECKING:
    from topicml.serve.served import ServedModel

LIMITS_PANEL = "Limits of requests"


def serve(
    folder: ModelFolder,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Address to listen on; by default only this machine can connect.")
    ] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Port; 0 chooses a free one.")] = 8000,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    documents: Annotated[
        bool,
        typer.Option(
            "--documents/--no-documents", help="Whether to show the documents of the fit, if they can still be read."
        ),
    ] = True,
    source: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Where the documents of the fit are, if not where the run says."),
    ] = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    min_confidence: MinConfidence = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another host name that requests may use; may be repeated."),
    ] = None,
    max_mb: Annotated[
        float, typer.Option(min=0.001, metavar="N", help="Megabytes per request.", rich_help_panel=LIMITS_PANEL)
    ] = 10,
    max_documents: Annotated[
        int, typer.Option(min=1, metavar="N", help="Documents per request.", rich_help_panel=LIMITS_PANEL)
    ] = 1_000,
    max_characters: Annotated[
        int, typer.Option(min=1, metavar="N", help="Characters per document.", rich_help_panel=LIMITS_PANEL)
    ] = 100_000,
    max_seconds: Annotated[
        float,
        typer.Option(min=0.1, metavar="N", help="Seconds for its body to arrive.", rich_help_panel=LIMITS_PANEL),
    ] = 60,
    max_connections: Annotated[
        int, typer.Option(min=1, metavar="N", help="Open connections at a time.", rich_help_panel=LIMITS_PANEL)
    ] = 256,
) -> None:
    """Browse a model and classify text on a local web page.

    The page shows the topics, and the topics of pasted text or of a file. Programs use its JSON API, which /docs
    describes. Nothing is stored. Ctrl-C stops the server.

    \b
    Examples:
      topicml serve run --open
      topicml serve run --port 0 --no-documents
    """  # noqa: D301 - \b keeps the lines as they are
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("Serving needs uvicorn. Install it with: pip install 'topicml[serve]'") from error
    from topicml.serve import Limits, create_app
    from topicml.serve.connections import OnceAMinute, affordable, connections_with

    if source is None and stdin_format is not StdinFormat.auto:
        raise InputError("--stdin-format says how standard input is read: pass --source -, too.")
    limits = Limits(
        int(max_mb * 1_000_000), max_documents, max_characters, max_seconds, max_connections=max_connections
    )
    with _listener(host, port) as listener:
        hosts = allowed_hosts(host, allow_host or ())
        served = served_model(
            folder, documents=documents, source=source, stdin_format=stdin_format, min_confidence=min_confidence
        )
        app = create_app(served, limits=limits, hosts=hosts)
        # From here on, log entries are about requests, and must not show the content of files and forms.
        for name in ("topicml", "python_multipart"):
            logging.getLogger(name).setLevel(logging.ERROR)
        for name in ("uvicorn.error", "asyncio", "topicml.serve.app"):
            logging.getLogger(name).addFilter(OnceAMinute())
        connection = connections_with(affordable(limits))
        config = uvicorn.Config(
            app, http=connection, ws="none", log_level="warning", server_header=False, timeout_keep_alive=30
        )
        server = uvicorn.Server(config)
        listener.listen(2048)
        address = _address(host, listener.getsockname()[1])
        _warn_of_others(host, hosts)
        printing.note(f"Serving {folder} at {address} (Ctrl-C stops it)")
        if open_ and not webbrowser.open(address):
            printing.note(f"No browser could be opened. The page is at {address}")
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
        printing.note("Stopped.")


def allowed_hosts(host: str, further: Sequence[str]) -> list[str]:
    """Host names that requests to the server may use.

    Parameters
    ----------
    host : str
        The address that the server listens on.
    further : sequence of str
        Names to allow in addition to those of this machine.

    Returns
    -------
    list of str
        Without duplicates.

    Raises
    ------
    InputError
        If a name of `further` is not a valid host name.
    """
    from topicml.serve.app import LOCAL

    for name in further:
        if not name or name != name.strip() or "*" in name or "/" in name:
            raise InputError(f"--allow-host takes a host name, such as topics.example.org; received {name!r}.")
    listening = [] if _is_any(host) else [host, f"[{host}]"] if ":" in host else [host]
    names = [socket.gethostname()] if not _is_loopback(host) else []
    return list(dict.fromkeys([*LOCAL, *listening, *names, *further]))


def _listener(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Bind before the model is loaded, so that a wrong address fails at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(
            f"--host {host} is not an address of this machine ({error.strerror}). Try 127.0.0.1."
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"Port {port} of {host} is in use. Choose another (--port {port + 1 if port < 65535 else 8000}), "
                "or --port 0 for a free one."
            ) from error
        if error.errno == errno.EACCES:
            raise InputError(f"Port {port} needs administrator rights. Choose a port of at least 1024.") from error
        raise InputError(
            f"--host {host} is not an address of this machine ({error.strerror}). Try 127.0.0.1."
        ) from error
    return listener


def _warn_of_others(host: str, hosts: list[str]) -> None:
    if _is_loopback(host):
        return
    printing.note(
        f"Warning: {host} can be reached from other machines. Anyone who can connect can read the topics and their "
        "documents, and use this machine to classify text: there is no password and no encryption. "
        f"Requests must use one of these host names: {', '.join(hosts)} (--allow-host adds names)."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_any(host: str) -> bool:
    return host in ("", "0.0.0.0", "::")


def _address(host: str, port: int) -> str:
    name = "127.0.0.1" if _is_any(host) else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def served_model(
    folder: Path,
    *,
    documents: bool,
    source: str | None = None,
    stdin_format: StdinFormat = StdinFormat.auto,
    min_confidence: float | None = None,
) -> "ServedModel":
    """Open a run or a saved model for serving.

    Parameters
    ----------
    folder : Path
        What `topicml fit --out` wrote, or a saved model.
    documents : bool
        Whether to show the documents of the fit, if they did not change.
    source : str, optional
        Where the documents of the fit are, if not where the run says.
    stdin_format : StdinFormat
        How standard input is read, if `source` is ``-``.
    min_confidence : float, optional
        New texts below it have no topic.

    Returns
    -------
    ServedModel
        With or without documents; a note says why if without.
    """
    from topicml.explore import TopicView
    from topicml.serve.served import ServedModel

    if source is not None and not documents:
        raise InputError("--source gives documents and --no-documents leaves them out: pass one of the two.")
    run = open_folder(folder, source=None if source is None else source_of(source, stdin_format))
    if documents and run.record:
        named = NAME if source == STDIN else source or run.record["configuration"]["reading"]["source"]
        printing.note(f"Reading the documents of {named} (--no-documents starts without them) …")
        fitted = run.unchanged_documents
        if fitted.state is DocumentsState.SAME:
            view = TopicView.of(run.model, fitted.corpus, theta=fitted.theta)
            return ServedModel(view, min_confidence=min_confidence)
        is_changed = fitted.state is DocumentsState.CHANGED
        reason = f"those of {named} changed since the fit." if is_changed else fitted.reason or fitted.message
        if fitted.state is DocumentsState.NOT_READ:
            reason += f" If they are yours: topicml serve {folder} --source {named}"
        printing.note(f"Topics are shown without documents: {reason}")
    return ServedModel.without_documents(run.model, shares=run.topic_shares(), min_confidence=min_confidence)
