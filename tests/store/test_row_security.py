"""Who may do what: anonymous visitors nothing, signed-in users read what a page needs, workers everything."""

import psycopg
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

READ_BY_USERS = {
    "repositories", "contributors", "pull_requests", "reviews", "comments", "file_changes", "progressive_capture_jobs",
    "capture_coverage", "capture_gaps", "processor_health", "usage_daily", "dq_runs", "dq_results", "dq_failures",
}  # fmt: skip
ROLES = ("anon", "authenticated", "service_role")


def relations(connection: psycopg.Connection, kinds: str) -> list[str]:
    """Tables (r) or views (v) of ours."""
    query = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = any (%s) order by 1"
    return [name for (name,) in connection.execute(query, (list(kinds),)).fetchall()]


def allowed(connection: psycopg.Connection, role: str, statement: sql.Composable) -> bool:
    """Whether a role may run a statement; it is undone either way."""
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except InsufficientPrivilege:
        return False
    finally:
        connection.execute("reset role")
    return True


def test_the_matrix_of_roles_tables_and_statements(database_url: str) -> None:
    """Every table, also one that a later migration adds: nothing is open that is not meant to be."""
    statements = {
        "select": "select 1 from {table} limit 1",
        "insert": "insert into {table} ({column}) select {column} from {table} where false",
        "update": "update {table} set {column} = {column} where false",
        "delete": "delete from {table} where false",
    }
    with psycopg.connect(database_url) as connection:
        for table in relations(connection, "rp"):
            name = sql.Identifier(table)
            ((column,),) = connection.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum = 1", (f"public.{table}",)
            ).fetchall()
            for word, text in statements.items():
                composed = sql.SQL(text).format(table=name, column=sql.Identifier(column))  # type: ignore[arg-type]
                found = {role for role in ROLES if allowed(connection, role, composed)}
                readers = {"authenticated"} if word == "select" and table in READ_BY_USERS else set()
                assert found == {"service_role"} | readers, (table, word)


def test_row_security_holds_although_supabase_grants_its_roles_every_table(database_url: str) -> None:
    """Supabase's defaults grant all on new tables: what protects then is row security without a policy."""
    with psycopg.connect(database_url) as connection:
        connection.execute("grant all on all tables in schema public to anon, authenticated")
        connection.execute("insert into repositories (github_id, owner, name) values (1, 'o', 'r')")
        connection.execute("insert into rate_budgets (credential, resource) values ('c', 'rest')")
        for table in relations(connection, "r"):
            ((secured,),) = connection.execute(
                "select relrowsecurity from pg_class where oid = %s::regclass", (f"public.{table}",)
            ).fetchall()
            assert secured, table
        seen = {}
        for role in ROLES:
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            ((repositories, budgets),) = connection.execute(
                "select (select count(*) from repositories), (select count(*) from rate_budgets)"
            ).fetchall()
            seen[role] = (repositories, budgets)
            connection.execute("reset role")
        assert seen == {"anon": (0, 0), "authenticated": (1, 0), "service_role": (1, 1)}
        insert = sql.SQL("insert into repositories (github_id, owner, name) values (2, 'o', 'r2')")
        assert [allowed(connection, role, insert) for role in ROLES] == [False, False, True]


def test_views_show_visitors_nothing(database_url: str) -> None:
    """A view runs with its owner's rights unless it says otherwise, and would lead past row security."""
    with psycopg.connect(database_url) as connection:
        for view in relations(connection, "v"):
            statement = sql.SQL("select 1 from {} limit 1").format(sql.Identifier(view))
            assert not allowed(connection, "anon", statement), view
            assert not allowed(connection, "authenticated", statement), view


def test_functions_are_for_workers_alone(database_url: str) -> None:
    """Each has a fixed search path, and those of the contract have a statement timeout."""
    query = """
        select p.oid::regprocedure::text, coalesce(p.proconfig::text, ''), p.proargnames[1] = 'argument',
          array(select r from unnest(%s::text[]) r where has_function_privilege(r, p.oid, 'execute'))
        from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'"""
    with psycopg.connect(database_url) as connection:
        functions = connection.execute(query, (list(ROLES),)).fetchall()
        for name, configuration, called, roles in functions:
            assert roles == ["service_role"], name
            assert "search_path" in configuration, name
            assert not called or "statement_timeout" in configuration or name.startswith("unwrap("), name
        assert not allowed(connection, "authenticated", sql.SQL("select public.claim_next('{}')"))
    assert len(functions) > 40


def test_a_worker_needs_no_more_than_the_service_role(database_url: str) -> None:
    """The functions run with the caller's rights."""
    with psycopg.connect(database_url) as connection:
        ((definers,),) = connection.execute(
            "select count(*) from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
        ).fetchall()
        assert definers == 0
        connection.execute("set role service_role")
        for call in ("server_time", "requeue_expired", "list_jobs", "schema_objects"):
            answer = connection.execute(
                sql.SQL("select public.{}('{{}}') ->> 'outcome'").format(sql.Identifier(call))
            ).fetchone()
            assert answer == ("ok",)
