"""Is the data of today? Evidence: when GitHub was last listed to the end, and what waits in the queue."""

from expectations.checks import Check, Suite

_SUITE = Suite("freshness")

_LISTED = """select b.repository_id, b.number, b.record, 'last listing' as field, 'within {age}' as expected,
               s.started_at as found, b.link
             from batch b
             join lateral (
               select max(m.started_at) as started_at from public.manifest_scans m
               where m.repository_id = b.repository_id and m.complete) s on true
             where b.tracked and b.access = 'active' and s.started_at < now() - interval '{age}'"""


def build() -> list[Check]:
    """All checks of the suite."""
    return [
        _SUITE.no_rows(
            "listed_lately",
            "repositories",
            "warning",
            "Every tracked repository was listed within 36 hours",
            _LISTED.format(age="36 hours"),
        ),
        _SUITE.no_rows(
            "listed_this_week",
            "repositories",
            "critical",
            "Every tracked repository was listed within a week",
            _LISTED.format(age="7 days"),
        ),
        _SUITE.no_rows(
            "watermark_not_ahead",
            "repositories",
            "critical",
            "No watermark lies in the future",
            """select b.repository_id, b.number, b.record, 'watermark' as field, 'not after ' || now() as expected,
                 b.watermark as found, b.link
               from batch b where b.watermark > now() + interval '10 minutes'""",
        ),
        _SUITE.no_rows(
            "no_abandoned_jobs",
            "jobs",
            "warning",
            "No job is processed by a worker that has stopped beating",
            """select b.repository_id, b.number, b.record, 'lease' as field, 'held' as expected,
                 'expired at ' || b.lease_expires_at as found, coalesce(b.run_url, b.link) as link
               from batch b
               where b.status = 'processing' and not b.is_parent
                    and b.lease_expires_at < now() - interval '15 minutes'""",
        ),
        _SUITE.no_rows(
            "no_overdue_jobs",
            "jobs",
            "warning",
            "No job has been due for more than six hours",
            """select b.repository_id, b.number, b.record, 'due' as field, 'started' as expected,
                 'due since ' || coalesce(b.next_attempt_at, b.created_at) as found, b.link
               from batch b
               where b.status in ('pending', 'deferred', 'dispatched') and not b.is_parent
                 and coalesce(b.next_attempt_at, b.created_at) < now() - interval '6 hours'""",
        ),
    ]
