"""Do the two processors agree? Evidence: what each of them observed of the same records at the same version."""
# ruff: noqa: S608 -- the queries are put together from constants of this module

from expectations.checks import Check, Suite

_SUITE = Suite("overlap")

# Times are compared as times and not as texts, the hashes of long texts as they are.
_SAME_TEXT = """x.a #>> '{}' is distinct from x.b #>> '{}'
               and not (x.key like '%_at' and (x.a #>> '{}')::timestamptz is not distinct
                    from (x.b #>> '{}')::timestamptz)"""

_ID = "(case when b.record_kind <> 'file_changes' then b.record_key::bigint end)"

_STORED = {
    "pull_requests": (
        "pull_requests",
        "r.repository_id = b.repository_id and r.number = b.number and r.updated_at = b.source_updated_at",
        {"title": "title", "body": "body"},
    ),
    "reviews": (
        "reviews",
        f"r.github_id = {_ID} and r.updated_at = b.source_updated_at",
        {"body": "body"},
    ),
    "inline_comments": (
        "comments",
        f"r.kind = 'inline' and r.github_id = {_ID} and r.updated_at = b.source_updated_at",
        {"body": "body", "diff_hunk": "diff_hunk"},
    ),
    "conversation_comments": (
        "comments",
        f"r.kind = 'conversation' and r.github_id = {_ID} and r.updated_at = b.source_updated_at",
        {"body": "body", "diff_hunk": "diff_hunk"},
    ),
}


def build() -> list[Check]:
    """All checks of the suite."""
    return [*_pairs(), *_audit(), *_stored()]


def _differences(left: str, right: str, keys: str) -> str:
    """Fields in which two observations of one record at one version differ; `keys` is `full`, or `inner` for shared."""
    return f"""select b.repository_id, b.number, b.record, x.key as field,
                 b.processor || ': ' || coalesce(x.a #>> '{{}}', 'null') as expected,
                 o.processor || ': ' || coalesce(x.b #>> '{{}}', 'null') as found, b.link
               from batch b
               join public.capture_observations o on o.repository_id = b.repository_id and o.number = b.number
                 and o.record_kind = b.record_kind and o.record_key = b.record_key
                 and o.source_updated_at = b.source_updated_at and {right}
               cross join lateral (
                 select key, l.value as a, r.value as b
                   from jsonb_each(b.fields) l {keys} join jsonb_each(o.fields) r using (key)) x
               where {left} and {_SAME_TEXT}"""


def _pairs() -> list[Check]:
    pair_left, pair_right = (
        "b.processor in ('inngest', 'local')",
        "o.processor <> b.processor and o.processor = 'github_actions'",
    )
    return [
        _SUITE.something(
            "something_to_compare", "observations", "Where both processors worked, both observed some records",
            f"""select 1 from batch b
               join public.capture_observations o on o.repository_id = b.repository_id and o.number = b.number
                 and o.record_kind = b.record_kind and o.record_key = b.record_key
                 and o.source_updated_at = b.source_updated_at and {pair_right}
               where {pair_left}""",
            "a pair",
        ),
        _SUITE.no_rows(
            "fields_agree", "observations", "critical", "Both processors saw the same values at the same version",
            _differences(pair_left, pair_right, "full"), "a pair",
        ),
        _SUITE.no_rows(
            "both_saw_it", "observations", "critical",
            "What one processor saw of a pull request, the other saw, too, at the same version",
            """select b.repository_id, b.number, b.record, null::text as field, 'seen by ' || other.processor
                 as expected,
                 'seen by ' || b.processor || ' only' as found, b.link
               from batch b
               join public.capture_observations mine on mine.repository_id = b.repository_id and mine.number = b.number
                 and mine.record_kind = 'pull_requests' and mine.processor = b.processor and mine.reason = b.reason
               join public.capture_observations other on other.repository_id = b.repository_id
                 and other.number = b.number
                 and other.record_kind = 'pull_requests' and other.processor <> b.processor
                   and other.processor <> 'audit'
                 and other.reason = b.reason and other.source_updated_at = mine.source_updated_at
               where b.processor <> 'audit' and not exists (
                 select from public.capture_observations o
                 where o.repository_id = b.repository_id and o.number = b.number and o.record_kind = b.record_kind
                   and o.record_key = b.record_key and o.processor = other.processor)""",
            "a pair",
        ),
        _SUITE.no_rows(
            "windows_meet", "coverage", "critical", "The windows of the two slices of a split meet",
            """select b.repository_id, b.number, b.record, 'window' as field,
                 g.processor || ' up to at least ' || b.since as expected,
                 g.processor || ' up to ' || g.until as found, b.link
               from batch b
               join public.progressive_capture_jobs j on j.id = b.job_id and j.parent_id is not null
               join public.progressive_capture_jobs k on k.parent_id = j.parent_id and k.id <> j.id
               join public.capture_coverage g on g.job_id = k.id and g.covered and g.processor <> b.processor
               where b.covered and b.since > g.until and coalesce(g.since, '-infinity') < b.since""",
            "a pair",
        ),
        _SUITE.no_rows(
            "observed_in_one_place", "observations", "critical", "No record was seen below two pull requests",
            """select b.repository_id, b.number, b.record, 'number' as field, '#' || b.number as expected,
                 '#' || o.number as found, b.link
               from batch b
               join public.capture_observations o on o.record_kind = b.record_kind and o.record_key = b.record_key
                 and (o.repository_id, o.number) > (b.repository_id, b.number)
               where b.record_kind in ('reviews', 'inline_comments', 'conversation_comments')""",
            "a pair",
        ),
    ]  # fmt: skip


def _audit() -> list[Check]:
    return [
        _SUITE.no_rows(
            "audit_agrees", "observations", "critical",
            "What an audit read over the other interface is what a processor saw",
            _differences("b.processor <> 'audit'", "o.processor = 'audit'", "inner"), "an audit",
        ),
        *(
            _SUITE.no_rows(
                f"{kind}_as_audited", "observations", "critical",
                f"The stored {kind.replace('_', ' ')} are those that the audit counted",
                f"""select b.repository_id, b.number, b.record, null::text as field, 'stored' as expected,
                      'not stored' as found, b.link
                    from batch b
                    where b.processor = 'audit' and b.record_kind = '{kind}' and not exists (
                      select from public.pull_requests p join public.{table} c on c.pull_request_id = p.id
                      where p.repository_id = b.repository_id and p.number = b.number and {key} = b.record_key)""",
                "an audit",
            )
            for kind, table, key in (
                ("reviews", "reviews", "c.github_id::text"),
                ("inline_comments", "comments", "c.kind = 'inline' and c.github_id::text"),
                ("conversation_comments", "comments", "c.kind = 'conversation' and c.github_id::text"),
                ("file_changes", "file_changes", "c.path"),
            )
        ),
    ]  # fmt: skip


def _stored() -> list[Check]:
    """The stored row against what was observed of it: what was overwritten, shifted or mistaken since shows here."""
    return [
        _SUITE.no_rows(
            "as_new_as_observed", "observations", "critical", "No stored record is older than what was observed of it",
            f"""select b.repository_id, b.number, b.record, 'updated_at' as field, b.source_updated_at as expected,
                 coalesce(p.updated_at, r.updated_at, c.updated_at) as found, b.link
               from batch b
               left join public.pull_requests p on b.record_kind = 'pull_requests'
                 and p.repository_id = b.repository_id and p.number = b.number
               left join public.reviews r on b.record_kind = 'reviews' and r.github_id = {_ID}
               left join public.comments c on c.github_id = {_ID}
                 and c.kind = case b.record_kind when 'inline_comments' then 'inline'
                   when 'conversation_comments' then 'conversation' end
               where b.source_updated_at > coalesce(p.updated_at, r.updated_at, c.updated_at)""",
            "observations",
        ),
        _SUITE.no_rows(
            "file_changes_as_observed", "observations", "critical",
            "The stored file changes have the values that were observed at their pull request's version",
            f"""select b.repository_id, b.number, b.record, x.key as field, x.a #>> '{{}}' as expected,
                 x.b #>> '{{}}' as found, b.link
               from batch b
               join public.pull_requests p on p.repository_id = b.repository_id and p.number = b.number
                 and p.updated_at = b.source_updated_at
               join public.file_changes r on r.pull_request_id = p.id and r.path = b.record_key
               cross join lateral (
                 select key, l.value as a, s.value as b from jsonb_each(b.fields) l
                 join jsonb_each(to_jsonb(r)) s using (key) where key <> 'previous_path') x
               where b.record_kind = 'file_changes' and {_SAME_TEXT}""",
            "observations",
        ),
    ] + [
        _SUITE.no_rows(
            f"{kind}_as_observed", "observations", "critical",
            f"The stored {kind.replace('_', ' ')} have the values that were observed at their version",
            f"""select b.repository_id, b.number, b.record, x.key as field, x.a #>> '{{}}' as expected,
                 x.b #>> '{{}}' as found, b.link
               from batch b
               join public.{table} r on {match}
               cross join lateral (
                 select key, l.value as a, s.value as b from jsonb_each(b.fields) l
                 join jsonb_each(to_jsonb(r) || {_hashes(hashed)}) s using (key)) x
               where b.record_kind = '{kind}' and {_SAME_TEXT}""",
            "observations",
        )
        for kind, (table, match, hashed) in _STORED.items()
    ]  # fmt: skip


def _hashes(columns: dict[str, str]) -> str:
    parts = ", ".join(
        f"'{name}', encode(sha256(convert_to(r.{column}, 'UTF8')), 'hex')" for name, column in columns.items()
    )
    return f"jsonb_build_object({parts})"
