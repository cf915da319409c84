"""``topicml serve``: a fitted model on a local web page."""

import errno
import ipaddress
import logging
import socket
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topicml.cli import printing
from topicml.cli.opening import State, fitted_documents, open_model, record_of, shares_of
from topicml.cli.options import ModelFolder
from topicml.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from topicml.serve.served import ServedModel

LIMITS_PANEL = "Limits of a request"


def serve(
    folder: ModelFolder,
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen on; by default this machine only.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Port; 0 takes a free one.")] = 8000,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
    documents: Annotated[
        bool,
        typer.Option("--documents/--no-documents", help="Show the documents of the fit, where they can still be read."),
    ] = True,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name by which the server may be addressed; may be repeated."),
    ] = None,
    max_mb: Annotated[
        float, typer.Option(min=0.001, metavar="N", help="Megabytes of a request.", rich_help_panel=LIMITS_PANEL)
    ] = 10,
    max_documents: Annotated[
        int, typer.Option(min=1, metavar="N", help="Documents of a request.", rich_help_panel=LIMITS_PANEL)
    ] = 1_000,
    max_characters: Annotated[
        int, typer.Option(min=1, metavar="N", help="Characters of a document.", rich_help_panel=LIMITS_PANEL)
    ] = 100_000,
) -> None:
    """Browse a model and classify text on a local web page.

    The page shows the topics and finds those of pasted text or of a file. Programs use the JSON API behind it, which
    /docs describes. Nothing is stored. Ctrl-C ends it.

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

    limits = Limits(int(max_mb * 1_000_000), max_documents, max_characters)
    with _listener(host, port) as listener:
        hosts = allowed_hosts(host, allow_host or ())
        app = create_app(served_of(folder, documents=documents), limits=limits, hosts=hosts)
        # From here on, what is logged is of requests: files and forms are nobody's business but their sender's.
        for name in ("topicml", "python_multipart"):
            logging.getLogger(name).setLevel(logging.ERROR)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False, timeout_keep_alive=30))
        listener.listen(2048)
        address = _address(host, listener.getsockname()[1])
        _warn_of_others(host, hosts)
        printing.note(f"Serving {folder} at {address} (Ctrl-C ends it)")
        if open_ and not webbrowser.open(address):
            printing.note(f"There is no browser to open here. The page is at {address}")
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
        printing.note("Stopped.")


def allowed_hosts(host: str, further: "list[str] | tuple[str, ...]") -> list[str]:
    """Names by which requests may address a server that listens on `host`: this machine's, and `further`.

    Raises
    ------
    InputError
        If a further name is no name of a host.
    """
    from topicml.serve.app import LOCAL

    for name in further:
        if not name or name != name.strip() or "*" in name or "/" in name:
            raise InputError(f"--allow-host takes the name of a host, such as topics.example.org; received {name!r}.")
    own = [] if _is_any(host) else [host, f"[{host}]"] if ":" in host else [host]
    names = [socket.gethostname()] if not _is_loopback(host) else []
    return list(dict.fromkeys([*LOCAL, *own, *names, *further]))


def _listener(host: str, port: int) -> socket.socket:
    """A socket bound to the address, before anything is loaded: who cannot listen should know at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"--host {host} is no address of this machine ({error.strerror}). Try 127.0.0.1.") from error
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
            raise InputError(f"Port {port} needs an administrator's rights. Choose one from 1024 up.") from error
        raise InputError(f"--host {host} is no address of this machine ({error.strerror}). Try 127.0.0.1.") from error
    return listener


def _warn_of_others(host: str, hosts: list[str]) -> None:
    if _is_loopback(host):
        return
    printing.note(
        f"Warning: {host} can be reached from other machines. Whoever reaches it can read the topics and the documents "
        "shown with them, and use this machine to classify text: there is no password and no encryption. "
        f"Requests must address it as one of: {', '.join(hosts)} (--allow-host adds names)."
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


# -- what is served --------------------------------------------------------------------------------------------------


def served_of(folder: Path, *, documents: bool) -> "ServedModel":
    """The model of a run or a model's own folder, with the documents of its fit where these are the same as then."""
    from topicml.explore import TopicView
    from topicml.serve.served import ServedModel

    model = open_model(folder)
    if documents and (record := record_of(folder)):
        source = record["configuration"]["reading"]["source"]
        printing.note(f"Reading the documents of {source} (--no-documents starts without) …")
        found = fitted_documents(folder, model, changed=False)
        if found.state is State.AS_FITTED:
            return ServedModel(TopicView.of(model, found.corpus, theta=found.theta))
        reason = f"those of {source} changed since the fit." if found.state is State.CHANGED else found.reason
        printing.note(f"Topics are shown without documents: {reason}")
    return ServedModel.without_documents(model, shares=shares_of(folder, model.n_topics))
