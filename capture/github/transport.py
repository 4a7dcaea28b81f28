"""A gql transport that hands the whole answer over: status, headers, raw body, and data beside errors.

gql's own httpx transport keeps the headers of the latest response in one shared attribute, which is wrong while
several requests are in flight, and turns bad answers into exceptions that lost their body.
"""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from gql import GraphQLRequest
from gql.transport.async_transport import AsyncTransport
from graphql import DocumentNode, ExecutionResult, print_ast


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it came over the wire; `body` is None where it is no JSON."""

    status: int
    headers: dict[str, str]
    body: Any
    seconds: float

    @classmethod
    def of(cls, response: httpx.Response) -> "Raw":
        """Read a response; a body that is cut off or HTML is no error here."""
        body = _json(response.content)
        headers = {key.lower(): value for key, value in response.headers.items()}
        return cls(response.status_code, headers, body, response.elapsed.total_seconds())


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content)  # takes lone surrogates, which a body may hold and the store replaces
    except ValueError:
        return None


class WholeAnswers(AsyncTransport):
    """Sends a document and puts the `Raw` answer into the result's extensions. It never raises for a bad answer."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._texts: dict[int, tuple[DocumentNode, str]] = {}

    async def connect(self) -> None:
        """Nothing to do: the HTTP client is the caller's."""

    async def close(self) -> None:
        """Nothing to do: the HTTP client is the caller's."""

    async def execute(self, request: GraphQLRequest, *, headers: dict[str, str] | None = None) -> ExecutionResult:
        """POST the document; connection errors come through as httpx raises them."""
        payload = {"query": self._text(request.document), "variables": request.variable_values or {}}
        response = await self._client.post(
            self._url, content=orjson.dumps(payload), headers={"content-type": "application/json", **(headers or {})}
        )
        # gql wants data or errors; both stay in the raw answer, for the one place that judges it.
        return ExecutionResult(data={}, errors=None, extensions={"raw": Raw.of(response)})

    def subscribe(self, request: GraphQLRequest) -> AsyncGenerator[ExecutionResult, None]:
        """GitHub has no subscriptions."""
        raise NotImplementedError

    def _text(self, document: DocumentNode) -> str:
        # Printing takes longer than parsing; a document is printed once.
        known = self._texts.get(id(document))
        if known is None or known[0] is not document:
            known = self._texts[id(document)] = (document, print_ast(document))
        return known[1]
