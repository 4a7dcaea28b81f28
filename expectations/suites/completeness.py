"""Is everything that GitHub lists captured? Evidence: the manifest, GitHub's counts, the ledger of covered windows."""

from expectations.checks import Check, no_rows

_LISTS = {
    "reviews": "reviews",
    "inline_comments": "inline comments",
    "conversation_comments": "conversation comments",
    "file_changes": "file changes",
}


def build() -> list[Check]:
    """All checks of the suite."""
    return [*_pull_requests(), *_lists(), *_manifest()]


def _pull_requests() -> list[Check]:
    return [
        no_rows(
            "completeness",
            "pull_requests_captured",
            "manifest",
            "critical",
            "Every pull request that GitHub lists is captured",
            """select b.repository_id, b.number, 'pull request' as record, 'captured' as field, 'yes' as expected,
                 'no' as found, b.link
               from dq.gaps b where b.kind = 'pull_request'""",
        ),
        no_rows(
            "completeness",
            "pull_requests_current",
            "manifest",
            "critical",
            "Every captured pull request is at the version that GitHub lists, or newer",
            """select b.repository_id, b.number, 'pull request' as record, 'updated_at' as field,
                 b.manifest_updated_at as expected, b.captured_updated_at as found, b.link
               from dq.gaps b where b.kind = 'stale'""",
        ),
        no_rows(
            "completeness",
            "pull_requests_listed",
            "pull_requests",
            "warning",
            "Every captured pull request is listed by GitHub",
            """select b.repository_id, b.number, 'pull request' as record, 'listed' as field, 'yes' as expected,
                 'no' as found, b.link
               from batch b
               where not exists (
                 select from public.pull_request_manifest m
                 where m.repository_id = b.repository_id and m.number = b.number and m.deleted_at is null)""",
        ),
    ]


def _lists() -> list[Check]:
    complete = [
        no_rows(
            "completeness",
            f"{name}_complete",
            "manifest",
            "critical",
            f"Every pull request has as many {word} as GitHub counts",
            """select b.repository_id, b.number, b.kind as record, 'rows' as field,
                 coalesce(b.expected::text, 'to be read') as expected, b.found, b.link
               from dq.gaps b where b.kind = %(kind)s and (b.found < b.expected or b.expected is null)""",
            kind=name,
        )
        for name, word in _LISTS.items()
    ]
    exceeded = no_rows(
        "completeness",
        "lists_not_exceeded",
        "manifest",
        "warning",
        "No pull request has more children than GitHub counts",
        """select b.repository_id, b.number, b.kind as record, 'rows' as field, b.expected, b.found, b.link
           from dq.gaps b where b.found > b.expected""",
    )
    return [*complete, exceeded]


def _manifest() -> list[Check]:
    return [
        no_rows(
            "completeness",
            "manifest_exists",
            "repositories",
            "critical",
            "Every repository has a complete listing, which is empty only where GitHub has no pull request",
            """select b.repository_id, b.number, b.record, 'listing' as field, 'complete and not empty' as expected,
                 case when s.id is null then 'no complete listing'
                   else 'empty, but GitHub counts ' || s.total_count end as found, b.link
               from batch b
               left join lateral (
                 select m.* from public.manifest_scans m where m.repository_id = b.repository_id and m.complete
                 order by m.kind = 'full' desc, m.started_at desc limit 1) s on true
               where b.access = 'active' and (s.id is null or (coalesce(s.total_count, 0) > 0 and not exists (
                 select from public.pull_request_manifest i where i.repository_id = b.repository_id)))""",
        ),
        no_rows(
            "completeness",
            "manifest_whole",
            "repositories",
            "critical",
            "A listing of the whole repository holds as many pull requests as GitHub counts",
            """select b.repository_id, b.number, b.record, 'pull requests listed' as field, s.total_count as expected,
                 i.listed as found, b.link
               from batch b
               join lateral (
                 select m.* from public.manifest_scans m
                 where m.repository_id = b.repository_id and m.complete and m.kind = 'full'
                 order by m.started_at desc limit 1) s on true
               join lateral (
                 select count(*) as listed from public.pull_request_manifest i
                 where i.repository_id = b.repository_id and i.deleted_at is null) i on true
               where b.access = 'active' and i.listed < s.total_count""",
        ),
    ]
