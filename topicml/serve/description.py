"""The OpenAPI description as plain rows for a page of our own, which loads nothing from elsewhere."""

import json
from collections.abc import Mapping
from typing import Any


def operations(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each operation of an OpenAPI description: how to call it, what it takes, what it answers.

    Returns
    -------
    operations : list of dict
        method, path, summary, parameters (name, where, kind, needed, text), body (the same), body_type, answers
        (status, text, fields), curl.
    """
    found = []
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            body_type, body = _body(schema, operation)
            found.append(
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
    return found


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "kind": _kind(parameter["schema"]),
        "needed": parameter.get("required", False),
        "text": parameter.get("description", ""),
    }


def _body(schema: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, held in content.items():
        return media_type, _fields(schema, held["schema"])
    return "", []


def _answer(schema: Mapping[str, Any], status: str, response: Mapping[str, Any]) -> dict[str, Any]:
    content = response.get("content", {}).get("application/json", {})
    text = response["description"] if status != "200" else "The answer, in JSON."
    return {"status": status, "text": text, "fields": _fields(schema, content.get("schema", {}))}


def _fields(schema: Mapping[str, Any], described: Mapping[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    """Fields of an object, those of objects within it by a dotted name."""
    described = _resolved(schema, described)
    rows = []
    for name, field in described.get("properties", {}).items():
        held = _resolved(schema, field)
        if inner := _object_of(schema, held):
            rows += [_row(f"{prefix}{name}[]", field, held, described, name)]
            rows += _fields(schema, inner, f"{prefix}{name}[].")
        else:
            rows.append(_row(f"{prefix}{name}", field, held, described, name))
    return rows


def _row(
    shown: str, field: Mapping[str, Any], held: Mapping[str, Any], described: Mapping[str, Any], name: str
) -> dict[str, Any]:
    return {
        "name": shown,
        "kind": _kind(held),
        "needed": name in described.get("required", ()),
        "text": field.get("description", held.get("description", "")),
    }


def _object_of(schema: Mapping[str, Any], held: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a list of objects holds; None for anything else."""
    for each in (held, *held.get("anyOf", ())):
        items = _resolved(schema, each.get("items", {}))
        if "properties" in items:
            return items
    return None


def _resolved(schema: Mapping[str, Any], described: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = described.get("$ref")
    return described if reference is None else schema["components"]["schemas"][reference.rpartition("/")[2]]


def _kind(held: Mapping[str, Any]) -> str:
    """A schema in words: ``list of text, 1 to 1,000 of them``."""
    if "anyOf" in held:
        return " or ".join(_kind(each) for each in held["anyOf"])
    if "enum" in held:
        return "one of " + ", ".join(map(str, held["enum"]))
    if "contentMediaType" in held or held.get("format") == "binary":
        return "file"
    names = {"string": "text", "integer": "whole number", "object": "object", "null": "null"}
    if held.get("type") == "array":
        inner = _kind(held.get("items", {}))
        return f"list of {'objects' if '$ref' in held.get('items', {}) else inner}{_bounds(held, 'Items', ' of them')}"
    name = names.get(held.get("type", ""), held.get("type", "object"))
    unit = " characters" if name == "text" else ""
    return name + _bounds(held, "Length" if name == "text" else "imum", unit)


def _bounds(held: Mapping[str, Any], end: str, unit: str) -> str:
    least, most = held.get(f"min{end}"), held.get(f"max{end}")
    if most is not None:
        return f", {f'{least:,} to ' if least is not None else 'at most '}{most:,}{unit}"
    return "" if least is None else f", at least {least:,}{unit}"


def _curl(method: str, path: str, body_type: str) -> str:
    """The arguments of curl after the address of the server."""
    filled = path.replace("{k}", "0")
    if body_type == "application/json":
        body = json.dumps({"documents": ["The rocket reached its orbit."]})
        return f"{filled} -H 'Content-Type: application/json' -d '{body}'"
    if body_type:
        return f"{filled} -F file=@documents.csv"
    return filled
