"""The OpenAPI description as rows of tables for the page /docs, which loads no script of other sites."""

import json
from collections.abc import Mapping
from typing import Any


def operations(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The operations of an OpenAPI description: how to call each, its parameters and its answers.

    Parameters
    ----------
    schema : mapping
        The description.

    Returns
    -------
    operations : list of dict
        method, path, summary, parameters (name, where, kind, required, text), body (the same), body_type, answers
        (status, text, fields), curl.
    """
    rows = []
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            body_type, body = _body(schema, operation)
            rows.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "parameters": [_parameter(each) for each in operation.get("parameters", ())],
                    "body_type": body_type,
                    "body": body,
                    "answers": [_answer(schema, *each) for each in sorted(operation["responses"].items())],
                    "curl": _curl(method.upper(), path, body_type),
                }
            )
    return rows


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "kind": _kind(parameter["schema"]),
        "required": parameter.get("required", False),
        "text": parameter.get("description", ""),
    }


def _body(schema: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, media in content.items():
        return media_type, _fields(schema, media["schema"])
    return "", []


def _answer(schema: Mapping[str, Any], status: str, response: Mapping[str, Any]) -> dict[str, Any]:
    content = response.get("content", {}).get("application/json", {})
    text = response["description"] if status != "200" else "The answer, in JSON."
    return {"status": status, "text": text, "fields": _fields(schema, content.get("schema", {}))}


def _fields(schema: Mapping[str, Any], definition: Mapping[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    """Fields of an object; those of inner objects have dotted names."""
    definition = _resolved(schema, definition)
    rows = []
    for name, field in definition.get("properties", {}).items():
        resolved = _resolved(schema, field)
        if inner := _object_of(schema, resolved):
            rows += [_row(f"{prefix}{name}[]", field, resolved, definition, name)]
            rows += _fields(schema, inner, f"{prefix}{name}[].")
        else:
            rows.append(_row(f"{prefix}{name}", field, resolved, definition, name))
    return rows


def _row(
    shown: str, field: Mapping[str, Any], resolved: Mapping[str, Any], definition: Mapping[str, Any], name: str
) -> dict[str, Any]:
    return {
        "name": shown,
        "kind": _kind(resolved),
        "required": name in definition.get("required", ()),
        "text": field.get("description", resolved.get("description", "")),
    }


def _object_of(schema: Mapping[str, Any], definition: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The definition of the objects in a list; None for anything else."""
    for each in (definition, *definition.get("anyOf", ())):
        items = _resolved(schema, each.get("items", {}))
        if "properties" in items:
            return items
    return None


def _resolved(schema: Mapping[str, Any], definition: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = definition.get("$ref")
    return definition if reference is None else schema["components"]["schemas"][reference.rpartition("/")[2]]


def _kind(definition: Mapping[str, Any]) -> str:
    """A type in words: ``list of text, 1 to 1,000 of them``."""
    if "anyOf" in definition:
        return " or ".join(_kind(each) for each in definition["anyOf"])
    if "enum" in definition:
        return "one of " + ", ".join(map(str, definition["enum"]))
    if "contentMediaType" in definition or definition.get("format") == "binary":
        return "file"
    names = {"string": "text", "integer": "whole number", "object": "object", "null": "null"}
    if definition.get("type") == "array":
        items = definition.get("items", {})
        kind = "objects" if "$ref" in items else _kind(items)
        return f"list of {kind}{_bounds(definition, 'Items', ' of them')}"
    name = names.get(definition.get("type", ""), definition.get("type", "object"))
    unit = " characters" if name == "text" else ""
    return name + _bounds(definition, "Length" if name == "text" else "imum", unit)


def _bounds(definition: Mapping[str, Any], end: str, unit: str) -> str:
    least, most = definition.get(f"min{end}"), definition.get(f"max{end}")
    if most is not None:
        return f", {f'{least:,} to ' if least is not None else 'at most '}{most:,}{unit}"
    return "" if least is None else f", at least {least:,}{unit}"


def _curl(method: str, path: str, body_type: str) -> str:
    """Arguments of curl after the server's address."""
    filled = path.replace("{k}", "0")
    if body_type == "application/json":
        body = json.dumps({"documents": ["The rocket reached its orbit."]})
        return f"{filled} -H 'Content-Type: application/json' -d '{body}'"
    if body_type:
        return f"{filled} -F file=@documents.csv"
    return filled
