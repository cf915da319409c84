"""The API conforms to its OpenAPI description for any request (schemathesis)."""

import html

import pytest
from hypothesis import HealthCheck, given, seed, settings

from topicml.explore import TopicView
from topicml.serve import create_app
from topicml.serve.app import LOCAL

schemathesis = pytest.importorskip("schemathesis", reason="checking the API needs schemathesis (the extra: test)")
GenerationMode = schemathesis.GenerationMode

OPERATIONS = [
    ("GET", "/health"),
    ("GET", "/topics"),
    ("GET", "/topics/{k}"),
    ("POST", "/transform"),
    ("POST", "/transform/file"),
]
FIXED = settings(
    max_examples=30, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def described(model, texts, limits):
    app = create_app(TopicView.of(model, texts[:30]), limits=limits, hosts=(*LOCAL, "testserver"))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "otherwise"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_described_and_never_a_failure_of_the_server(described, method, path, mode):
    if mode == GenerationMode.NEGATIVE and path == "/health":
        pytest.skip("/health takes nothing that could be wrong")
    # That a file is one of the kinds that are read cannot be said in OpenAPI: files of random bytes are refused.
    excluded = [schemathesis.checks.positive_data_acceptance] if path == "/transform/file" else []

    @seed(0)
    @FIXED
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def hold(case):
        response = case.call_and_validate(excluded_checks=excluded)
        assert response.status_code < 500

    hold()


def test_the_description_states_the_limits(client, limits):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    documents = schemas["Documents"]["properties"]["documents"]
    assert (documents["maxItems"], documents["items"]["maxLength"]) == (limits.max_documents, limits.max_characters)


def test_the_page_describes_every_operation(client):
    page, paths = client.get("/docs").text, client.get("/openapi.json").json()["paths"]
    assert set(paths) == {path for _, path in OPERATIONS}
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert f"{method.upper()} {path}" in page
            assert html.escape(operation["summary"]) in page.replace("&#39;", "&#x27;")
    assert "list of text, at most 5,000 characters, 1 to 50 of them" in page
