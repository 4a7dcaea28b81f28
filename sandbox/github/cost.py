"""What a query costs, from its text and variables alone: points by GitHub's formula and the nodes it may return.

A connection needs one request for each parent, and parents are as many as the pages above ask for. Points are the
requests divided by 100, rounded half up, at least one. A connection of which only `totalCount` is asked counts as well:
GitHub does not say, and this is the dearer reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)


@dataclass(slots=True)
class Cost:
    """The estimate of one operation. `items` is the largest number of pull requests that a page of it can hold."""

    requests: int = 0
    nodes: int = 0
    items: int = 0

    @property
    def points(self) -> int:
        """Never less than one; exactly half is rounded up."""
        return max(1, (self.requests + 50) // 100)


def estimate(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Cost:
    """Walk the operation and add up its connections."""
    cost = Cost()
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}

    def walk(selections: SelectionSetNode, parent: Any, parents: int) -> None:
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                fragment = fragments[node.name.value]
                walk(fragment.selection_set, schema.type_map[fragment.type_condition.name.value], parents)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                walk(node.selection_set, schema.type_map[condition.name.value] if condition else parent, parents)
            elif isinstance(node, FieldNode) and node.selection_set and not node.name.value.startswith("__"):
                field = parent.fields[node.name.value]
                kind = get_named_type(field.type)
                arguments = {
                    arg.name.value: value_from_ast_untyped(arg.value, dict(variables)) for arg in node.arguments or ()
                }
                below = parents
                if kind.name.endswith("Connection"):
                    first = arguments.get("first")
                    cost.requests += parents
                    below = parents * (first if isinstance(first, int) else 1)
                    cost.nodes += below if isinstance(first, int) else 0
                    if kind.name == "PullRequestConnection":
                        cost.items = max(cost.items, below)
                elif node.name.value == "nodes" and parent is schema.query_type:
                    below = parents * len(arguments.get("ids") or [])
                    cost.items = max(cost.items, below)
                walk(node.selection_set, kind, below)

    walk(operation.selection_set, schema.query_type, 1)
    return cost
