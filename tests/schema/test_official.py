"""The sandbox's schema and every query of the product, held against GitHub's published schema.

The published schema is formally invalid (one type repeats fields), so it is built without validating itself.
"""

import subprocess
import tarfile
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_ast_schema,
    parse,
    validate,
)

from capture.github.queries import every_document
from sandbox.github.graphql_api import schema as subset

PACKAGE = "@octokit/graphql-schema@15.26.1"

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> GraphQLSchema:
    """GitHub's public schema from the npm package that Octokit publishes."""
    folder = tmp_path_factory.mktemp("schema")
    command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, cwd=folder, capture_output=True, timeout=240)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extract("package/schema.graphql", folder, filter="data")
    text = (folder / "package" / "schema.graphql").read_text()
    return build_ast_schema(parse(text, no_location=True), assume_valid=True, assume_valid_sdl=True)


def test_every_query_of_the_product_is_valid_on_github(official: GraphQLSchema) -> None:
    for request in every_document():
        assert validate(official, request.document) == []


def test_every_query_of_the_product_is_valid_on_the_sandbox() -> None:
    for request in every_document():
        assert validate(subset(), request.document) == []


def test_the_sandbox_has_nothing_that_github_has_not(official: GraphQLSchema) -> None:
    wrong: list[str] = []
    for name, ours in subset().type_map.items():
        if name.startswith("__"):
            continue
        theirs = official.type_map.get(name)
        if type(theirs) is not type(ours):
            wrong.append(name)
        elif isinstance(ours, GraphQLEnumType):
            wrong += [f"{name}.{value}" for value in ours.values if value not in theirs.values]  # type: ignore[union-attr]
        elif isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
            wrong += _fields(name, ours, theirs)  # type: ignore[arg-type]
        elif isinstance(ours, GraphQLInputObjectType):
            wrong += [f for f, field in ours.fields.items() if str(theirs.fields[f].type) != str(field.type)]  # type: ignore[union-attr]
    assert wrong == []


def _fields(name: str, ours: GraphQLObjectType, theirs: GraphQLObjectType) -> list[str]:
    """Fields, arguments and interfaces of ours that differ from theirs."""
    wrong = [f"{name} is no {i.name}" for i in ours.interfaces if i.name not in [j.name for j in theirs.interfaces]]
    for key, field in ours.fields.items():
        real = theirs.fields.get(key)
        if real is None or str(real.type) != str(field.type):
            wrong.append(f"{name}.{key}: {field.type}, at GitHub {real and real.type}")
            continue
        for argument, given in field.args.items():
            known = real.args.get(argument)
            if known is None or str(known.type) != str(given.type) or known.default_value != given.default_value:
                wrong.append(f"{name}.{key}({argument})")
    return wrong


def test_the_paths_exist_that_this_test_reads() -> None:
    """A renamed schema file must not let the comparison pass on nothing."""
    assert len(subset().type_map) > 40
    assert (Path(__file__).parents[2] / "sandbox/github/schema.graphql").exists()
