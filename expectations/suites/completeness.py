"""Is everything that GitHub lists captured? Evidence: the manifest, GitHub's counts, the ledger of covered windows."""
# ruff: noqa: S608 -- the queries are put together from constants of this module

from expectations.checks import Check, Suite

_SUITE = Suite("completeness")

_LISTS = {
    "reviews": "reviews",
    "inline_comments": "inline comments",
    "conversation_comments": "conversation comments",
    "file_changes": "file changes",
}


def build() -> list[Check]:
    """All checks of the suite."""
    return [*_pull_requests(), *_lists(), *_manifest(), *_coverage(), *_truncation()]


def _pull_requests() -> list[Check]:
    return [
        _SUITE.no_rows(
            "pull_requests_captured",
            "manifest",
            "critical",
            "Every pull request that GitHub lists is captured",
            """select b.repository_id, b.number, 'pull request' as record, 'captured' as field, 'yes' as expected,
                 'no' as found, b.link
               from dq.gaps b where b.kind = 'pull_request'""",
        ),
        _SUITE.no_rows(
            "pull_requests_current",
            "manifest",
            "critical",
            "Every captured pull request is at the version that GitHub lists, or newer",
            """select b.repository_id, b.number, 'pull request' as record, 'updated_at' as field,
                 b.manifest_updated_at as expected, b.captured_updated_at as found, b.link
               from dq.gaps b where b.kind = 'stale'""",
        ),
        _SUITE.no_rows(
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
        _SUITE.no_rows(
            f"{name}_complete",
            "manifest",
            "critical",
            f"Every pull request has as many {word} as GitHub counts",
            f"""select b.repository_id, b.number, b.kind as record, 'rows' as field,
                 coalesce(b.expected::text, 'to be read') as expected, b.found, b.link
               from dq.gaps b where b.kind = '{name}' and (b.found < b.expected or b.expected is null)""",
        )
        for name, word in _LISTS.items()
    ]
    exceeded = _SUITE.no_rows(
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
        _SUITE.no_rows(
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
        _SUITE.no_rows(
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
            "whole tables",
        ),
    ]


def _coverage() -> list[Check]:
    return [
        _SUITE.no_rows(
            "coverage_without_holes",
            "coverage",
            "critical",
            "The covered windows of a repository leave no hole below its watermark, also not between the processors",
            """select w.repository_id, w.number, 'hole between ' || coalesce(w.before, '?') || ' and ' || w.processor
                   as record,
                 'window' as field, 'from ' || w.reached as expected, 'from ' || w.since as found, w.link
               from (
                 select b.*, max(b.until) over before as reached, (array_agg(b.processor) over before)[1] as before
                 from batch b where b.covered
                 window before as (partition by b.repository_id order by coalesce(b.since, '-infinity'), b.until
                   rows between unbounded preceding and 1 preceding)) w
               join public.repositories r on r.id = w.repository_id
               where w.since > w.reached and (r.tracked or r.watermark > w.reached)""",
        ),
        _SUITE.no_rows(
            "watermark_covered",
            "repositories",
            "critical",
            "A repository's watermark is not later than what has been covered",
            """select b.repository_id, b.number, b.record, 'watermark' as field,
                 coalesce('at most ' || c.until, 'nothing is covered') as expected, b.watermark as found, b.link
               from batch b
               left join lateral (
                 select max(c.until) as until from public.capture_coverage c
                 where c.repository_id = b.repository_id and c.covered) c on true
               where b.watermark is not null and (c.until is null or b.watermark > c.until)""",
        ),
        _SUITE.no_rows(
            "nothing_cut_off",
            "coverage",
            "warning",
            "What a limit cut off has been captured since",
            """select b.repository_id, b.number, b.record, 'window' as field, 'covered' as expected,
                 coalesce(b.reason, 'not covered') || ' up to ' || b.until as found, b.link
               from batch b
               where not b.covered and not exists (
                 select from public.capture_coverage c where c.repository_id = b.repository_id and c.covered
                   and c.recorded_at > b.recorded_at and c.until >= b.until
                   and coalesce(c.since, '-infinity') <= coalesce(b.since, '-infinity'))""",
        ),
    ]


def _truncation() -> list[Check]:
    return [
        _SUITE.no_rows(
            "truncation_flagged",
            "lists",
            "critical",
            "A list of files that reaches GitHub's limit of 3,000 is marked as truncated",
            """select b.repository_id, b.number, b.record, 'truncated' as field, 'true' as expected, 'false'
                 as found, b.link
               from batch b
               left join public.pull_request_manifest m on m.repository_id = b.repository_id and m.number = b.number
               where b.list = 'file_changes' and not b.truncated and b.complete
                 and greatest(b.changed_files, m.file_changes, b.expected) > 3000""",
        ),
        _SUITE.no_rows(
            "truncation_justified",
            "lists",
            "critical",
            "Only lists of files that reach GitHub's limit are marked as truncated",
            """select b.repository_id, b.number, b.record, 'truncated' as field, 'false' as expected, 'true'
                 as found, b.link
               from batch b
               where b.truncated and (b.list <> 'file_changes' or 3000 > (
                 select count(*) from public.file_changes f
                 where f.pull_request_id = b.pull_request_id and f.deleted_at is null))""",
        ),
        _SUITE.no_rows(
            "files_not_truncated",
            "lists",
            "info",
            "GitHub shows all files of every pull request",
            """select b.repository_id, b.number, b.record, 'rows' as field, b.changed_files as expected,
                 b.captured as found, b.link
               from batch b where b.truncated""",
        ),
        _SUITE.no_rows(
            "lists_read",
            "lists",
            "warning",
            "Every list has been read to its end",
            """select b.repository_id, b.number, b.record, 'complete' as field, 'true' as expected, 'false' as found,
                 b.link
               from batch b where not b.complete and not b.truncated""",
        ),
        _SUITE.no_rows(
            "comments_read_since",
            "lists",
            "warning",
            "Inline comments were read when GitHub last counted its comments",
            """select b.repository_id, b.number, b.record, 'comments counted' as field, m.comments_total as expected,
                 b.comments_total as found, b.link
               from batch b
               join public.pull_request_manifest m on m.repository_id = b.repository_id and m.number = b.number
               where b.list = 'inline_comments' and m.comments_total <> b.comments_total
                 and b.source_updated_at <= m.updated_at""",
        ),
    ]
