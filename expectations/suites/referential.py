"""Does everything belong somewhere? Orphans have no window, so these checks read whole tables."""
# ruff: noqa: S608 -- the queries are put together from constants of this module

from expectations.checks import Check, Suite

_SUITE = Suite("referential")


def _orphans(name: str, table: str, key: str, target: str, target_key: str, record: str, description: str) -> Check:
    return _SUITE.no_rows(
        name,
        "repositories",
        "critical",
        description,
        f"""select null::uuid as repository_id, null::bigint as number, {record} as record, '{key}' as field,
              'a row of {target}' as expected, c.{key}::text as found, null::text as link
            from public.{table} c
            where c.{key} is not null and not exists (select from public.{target} t where t.{target_key} = c.{key})""",
        "whole tables",
    )


def build() -> list[Check]:
    """All checks of the suite."""
    review, comment, file = "'review ' || c.github_id", "c.kind || ' comment ' || c.github_id", "'file ' || c.path"
    pull = "'pull request ' || c.number"
    return [
        _orphans(
            "pull_requests_have_repositories", "pull_requests", "repository_id", "repositories", "id", pull,
            "Every pull request belongs to a repository",
        ),
        _orphans(
            "reviews_have_pull_requests", "reviews", "pull_request_id", "pull_requests", "id", review,
            "Every review belongs to a pull request",
        ),
        _orphans(
            "comments_have_pull_requests", "comments", "pull_request_id", "pull_requests", "id", comment,
            "Every comment belongs to a pull request",
        ),
        _orphans(
            "files_have_pull_requests", "file_changes", "pull_request_id", "pull_requests", "id", file,
            "Every changed file belongs to a pull request",
        ),
        _orphans(
            "pull_requests_have_authors", "pull_requests", "author_key", "contributors", "key", pull,
            "Every pull request's author is known",
        ),
        _orphans(
            "reviews_have_authors", "reviews", "author_key", "contributors", "key", review,
            "Every reviewer is known",
        ),
        _orphans(
            "comments_have_authors", "comments", "author_key", "contributors", "key", comment,
            "Every comment's author is known",
        ),
        _SUITE.no_rows(
            "inline_comments_have_reviews", "comments", "warning",
            "Every inline comment belongs to a review of the same pull request",
            """select b.repository_id, b.number, b.record, 'review_github_id' as field,
                 'a review of this pull request' as expected,
                 b.review_github_id as found, b.link
               from batch b
               where b.kind = 'inline' and b.review_github_id is not null and not exists (
                   select from public.reviews r
                   where r.github_id = b.review_github_id and r.pull_request_id = b.pull_request_id)
                 and exists (select from public.pull_request_lists l
                   where l.pull_request_id = b.pull_request_id and l.list = 'reviews' and l.complete)""",
        ),
        _SUITE.no_rows(
            "replies_have_targets", "comments", "warning",
            "Every reply answers a comment of the same pull request, where that was not deleted",
            """select b.repository_id, b.number, b.record, 'in_reply_to_github_id' as field,
                 'a comment of this pull request' as expected, b.in_reply_to_github_id as found, b.link
               from batch b
               join public.comments t on t.kind = 'inline' and t.github_id = b.in_reply_to_github_id
               where b.in_reply_to_github_id is not null and t.pull_request_id <> b.pull_request_id""",
        ),
    ]  # fmt: skip
