"""Labels of topics by a language model behind an OpenAI-compatible server, such as llama.cpp, Ollama or vLLM."""

import os
from typing import Any

from topicml.errors import InputError, MissingExtraError
from topicml.explore.labelling import TopicToLabel
from topicml.settings import Settings

PROMPT = (
    "Name the topic of a collection of documents in at most five words. Answer with the name alone.\n"
    "Words of the topic: {words}\n{documents}{neighbours}"
)
"""The default prompt."""


class LabelServer(Settings):
    """A labelling function that asks a server: ``view.label(LabelServer("http://localhost:8080/v1", "llama"))``.

    The words of a topic, and the texts of its representative documents, are sent to the server. No key is written to a
    file: it is read from an environment variable when the server is asked.

    Parameters
    ----------
    url : str
        Address of the server, up to the version (``/v1``); ``/chat/completions`` is added.
    model : str
        Name of the model at the server.
    prompt : str
        The question, with ``{words}``, ``{documents}`` and ``{neighbours}``.
    key_variable : str, optional
        Name of the environment variable that has the key of the server. By default no key is sent.
    timeout : float
        Seconds to wait for an answer.
    max_characters : int
        Length of the text of each document that is sent.

    Raises
    ------
    InputError
        If the address is not one of http, or the prompt has other fields.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        prompt: str = PROMPT,
        key_variable: str | None = None,
        timeout: float = 60.0,
        max_characters: int = 500,
    ) -> None:
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise InputError(f"url must be an address such as http://localhost:8080/v1; received {url!r}.")
        self.url = url
        self.model = model
        self.prompt = prompt
        self.key_variable = key_variable
        self.timeout = timeout
        self.max_characters = max_characters
        self.question(TopicToLabel(["word"], topic=0, documents=[], neighbours=[]))

    def question(self, topic: TopicToLabel) -> str:
        """Return the question about a topic."""
        documents = "".join(f"A document of it: {text[: self.max_characters]}\n" for text in topic.documents)
        near = "".join(f"Another topic, to differ from: {', '.join(words)}\n" for words in topic.neighbours)
        try:
            return self.prompt.format(words=", ".join(topic), documents=documents, neighbours=near).strip()
        except (LookupError, ValueError) as error:
            raise InputError(
                f"The prompt has the field or brace {error}; its fields are {{words}}, {{documents}}, {{neighbours}}."
            ) from error

    def __call__(self, topic: TopicToLabel) -> str:
        """Ask the server for the label of a topic.

        Raises
        ------
        MissingExtraError
            If httpx is not installed.
        InputError
            If the server refuses the question, or the variable of the key is not set.
        ConnectionError
            If the server does not answer, or answers with an error of its own or without a label.
        """
        try:
            import httpx
        except ImportError as error:
            raise MissingExtraError("Labels by a server need httpx: pip install 'topicml[labels]'.") from error
        question = {"model": self.model, "messages": [{"role": "user", "content": self.question(topic)}]}
        try:
            address = f"{self.url.rstrip('/')}/chat/completions"
            answer = httpx.post(address, json=question, headers=self._headers(), timeout=self.timeout)
        except httpx.HTTPError as error:
            raise ConnectionError(f"{self.url} does not answer ({type(error).__name__}: {error}).") from error
        if 400 <= answer.status_code < 500 and answer.status_code not in (408, 429):
            raise InputError(f"{self.url} refused the question ({answer.status_code}): {answer.text[:200]}")
        if not answer.is_success:
            raise ConnectionError(f"{self.url} failed ({answer.status_code}): {answer.text[:200]}")
        return _label(answer, self.url)

    def _headers(self) -> dict[str, str]:
        if self.key_variable is None:
            return {}
        if not (key := os.environ.get(self.key_variable)):
            raise InputError(f"The environment variable {self.key_variable} is not set. Set it to the server's key.")
        return {"Authorization": f"Bearer {key}"}


def _label(answer: Any, url: str) -> str:
    try:
        text = answer.json()["choices"][0]["message"]["content"]
        lines = [line.strip().strip("\"'*") for line in text.splitlines() if line.strip()]
        return str(lines[-1])  # what comes before the last line is reasoning
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConnectionError(f"{url} answered without a label: {answer.text[:200]}") from error
