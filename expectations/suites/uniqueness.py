"""Is everything there once? The database's keys say so, too; this says it of the rows, whatever became of the keys."""

# ruff: noqa: S608 -- the queries are put together from constants of this module

from expectations.checks import Check, Suite

_SUITE = Suite("uniqueness")


def _once(name: str, asset: str, description: str, first: str, second: str) -> Check:
    """Two columns together are unique; the class for that in Great Expectations does not name the records."""
    return _SUITE.no_rows(
        name, asset, "critical", description,
        f"""select b.repository_id, b.number, b.record, '{first}, {second}' as field, 'once' as expected,
             b.times || ' times' as found, b.link
           from (select x.*, count(*) over (partition by x.{first}, x.{second}) as times from batch x) b
           where b.times > 1""",
    )  # fmt: skip


def build() -> list[Check]:
    """All checks of the suite."""
    unique = "ExpectColumnValuesToBeUnique"
    return [
        _once("pull_request_once", "pull_requests", "A repository has each number once", "repository_id", "number"),
        _SUITE.stock(
            "pull_request_id_once", "pull_requests", "critical", "Each of GitHub's pull-request ids is there once",
            unique,
            column="github_id",
        ),
        _SUITE.stock(
            "pull_request_node_once", "pull_requests", "critical", "Each pull request's node id is there once", unique,
            column="node_id",
        ),
        _SUITE.stock("review_once", "reviews", "critical", "Each review is there once", unique, column="github_id"),
        _once("comment_once", "comments", "Each comment is there once in its id space", "kind", "github_id"),
        _once("file_once", "file_changes", "Each changed file of a pull request is there once", "pull_request_id",
          "path"),
        _SUITE.stock("contributor_once", "contributors", "critical", "Each contributor is there once", unique,
        column="key", needs="whole tables"),
        _SUITE.no_rows(
            "account_once", "contributors", "critical", "Each account of GitHub is one contributor",
            """select b.repository_id, b.number, b.record, 'github_id' as field, 'once' as expected, b.github_id
                 as found, b.link
               from batch b
               join (select c.github_id from public.contributors c where c.github_id is not null
                     group by c.github_id having count(*) > 1) d on d.github_id = b.github_id""",
            "whole tables",
        ),
        _SUITE.stock(
            "repository_once", "repositories", "critical", "Each repository is there once", unique, column="github_id"
        ),
        _SUITE.no_rows(
            "repository_name_once", "repositories", "warning", "No two readable repositories have one name",
            """select b.repository_id, b.number, b.record, 'name' as field, 'once' as expected, b.github_id as found,
                 b.link
               from batch b
               where b.access = 'active' and exists (
                 select from public.repositories r where r.id <> b.repository_id and r.access = 'active'
                   and r.deleted_at is null and lower(r.owner || '/' || r.name) = lower(b.owner || '/' || b.name))""",
        ),
        _SUITE.no_rows(
            "active_job_once", "jobs", "critical", "One scope has one active job",
            """select b.repository_id, b.number, b.record, 'scope_hash' as field, 'once' as expected, b.scope_hash
                 as found, b.link
               from batch b
               join (select j.scope_hash from public.progressive_capture_jobs j
                     where j.status in ('pending', 'dispatched', 'processing', 'deferred')
                     group by j.scope_hash having count(*) > 1) d on d.scope_hash = b.scope_hash
               where b.status in ('pending', 'dispatched', 'processing', 'deferred')""",
        ),
    ]  # fmt: skip
