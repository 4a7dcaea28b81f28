"""POST /graphql: run by graphql-core, charged by GitHub's formula, refused in GitHub's words."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from sandbox.github import refusals
from sandbox.github.accounts import Account
from sandbox.github.answers import Answer
from sandbox.github.cost import Cost, estimate
from sandbox.github.executing import ShortWay
from sandbox.github.resolvers import Context, attach
from sandbox.github.world import World

MAX_NODES = 500_000


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The subset of GitHub's schema, with resolvers."""
    built = build_schema((Path(__file__).parent / "schema.graphql").read_text())
    attach(built)
    return built


@dataclass(slots=True)
class Prepared:
    """A request that was read and priced, not yet run; `refused` is set where GitHub would not run it."""

    operation: str | None
    query: str
    variables: dict[str, Any]
    cost: Cost
    document: DocumentNode | None = None
    refused: Answer | None = None


@lru_cache(maxsize=512)
def _read(query: str) -> tuple[DocumentNode | None, list[dict[str, Any]]]:
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, [_show(error)]
    errors = validate(schema(), document)
    return document, [_undefined(document, error) for error in errors]


def prepare(body: Any) -> Prepared:
    """Read the JSON body of a request: parse, validate, price."""
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        message = {"message": "A query attribute must be specified and must be a string."}
        return Prepared(None, "", {}, Cost(), refused=Answer(400, {**message, "documentation_url": refusals.DOCS}))
    query, variables = body["query"], body.get("variables") or {}
    document, errors = _read(query)
    operations = (
        [node for node in document.definitions if isinstance(node, OperationDefinitionNode)] if document else []
    )
    name = body.get("operationName")
    chosen = next((node for node in operations if name is None or (node.name and node.name.value == name)), None)
    operation = name or (chosen.name.value if chosen and chosen.name else None)
    if errors or document is None or chosen is None:
        payload = {"errors": errors or [{"message": f"No operation named {name!r}"}]}
        return Prepared(operation, query, variables, Cost(), refused=Answer(200, payload))
    cost = estimate(schema(), document, chosen, variables)
    prepared = Prepared(operation, query, variables, cost, document)
    if cost.nodes > MAX_NODES:
        prepared.refused = Answer(200, refusals.too_many_nodes(cost.nodes))
    return prepared


def run(world: World, account: Account, prepared: Prepared) -> Answer:
    """Execute, with partial data and errors as GitHub gives them."""
    context = Context(world, prepared.cost, account.buckets["graphql"])
    result = execute_sync(
        schema(),
        prepared.document or DocumentNode(),
        variable_values=prepared.variables,
        context_value=context,
        operation_name=prepared.operation,
        executor_class=ShortWay,
    )
    payload: dict[str, Any] = {"data": result.data}
    headers: dict[str, str] = {}
    if result.errors:
        payload["errors"] = [_show(error) for error in result.errors]
        if any(error.get("extensions", {}).get("saml_failure") for error in payload["errors"]):
            headers["x-github-sso"] = "required; url=https://github.com/orgs/octo/sso"
    return Answer(200, payload, headers)


def _show(error: GraphQLError) -> dict[str, Any]:
    extensions = dict(error.extensions or {})
    kind = extensions.pop("type", None)
    shown: dict[str, Any] = {"type": kind} if kind else {}
    if error.path:
        shown["path"] = list(error.path)
    if extensions:
        shown["extensions"] = extensions
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return {**shown, "message": error.message}


def _undefined(document: DocumentNode, error: GraphQLError) -> dict[str, Any]:
    """An error of validation; an unknown field gets GitHub's wording, with the path from the operation."""
    node = error.nodes[0] if error.nodes else None
    if not isinstance(node, FieldNode) or not error.message.startswith("Cannot query field"):
        return _show(error)
    type_name = error.message.split("'")[3]
    return {
        "path": _path(document, node),
        "extensions": {"code": "undefinedField", "typeName": type_name, "fieldName": node.name.value},
        "locations": [{"line": place.line, "column": place.column} for place in error.locations or []],
        "message": f"Field '{node.name.value}' doesn't exist on type '{type_name}'",
    }


def _path(document: DocumentNode, wanted: FieldNode) -> list[str]:
    def search(selections: Any, path: list[str]) -> list[str] | None:
        for node in selections.selections if selections else ():
            here = [*path, node.name.value] if isinstance(node, FieldNode) else path
            found = here if node is wanted else search(getattr(node, "selection_set", None), here)
            if found:
                return found
        return None

    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            start = "query" if definition.name is None else f"query {definition.name.value}"
        else:
            start = f"fragment {definition.name.value}"  # type: ignore[union-attr]
        if found := search(getattr(definition, "selection_set", None), [start]):
            return found
    return ["query", wanted.name.value]
