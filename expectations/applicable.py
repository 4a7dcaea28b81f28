"""Which checks have a subject here. "Not applicable" is decided by facts, never by an empty comparison."""

from collections.abc import Mapping

import sqlalchemy as sa

from expectations.checks import Check, Needs
from expectations.database import Scope, open_engine

# Two slices of one request, both told to observe, completed, and really executed by two different systems.
_PAIR = """select exists (
  select from dq.jobs a
  join public.progressive_capture_jobs b on b.parent_id = a.parent_id and b.id > a.id and b.executed_by <> a.executed_by
  where a.status = 'completed' and b.status = 'completed' and not a.is_parent and not b.is_parent
    and a.decision ->> 'observe' is not null and b.decision ->> 'observe' is not null
    and least(a.started_at, b.started_at) > greatest(now() - interval '30 days', dq.since())
    and greatest(a.completed_at, b.completed_at) < dq.until())"""

_QUESTIONS: Mapping[Needs, str] = {
    "a pair": _PAIR,
    "an audit": "select exists (select from dq.observations where processor = 'audit')",
    "observations": "select exists (select from dq.observations)",
}

_REASONS: Mapping[Needs, str] = {
    "whole tables": "what it looks at has no window; a run over whole tables looks at it",
    "a pair": "no window was worked on by both processors in this time",
    "an audit": "nothing was audited in this time",
    "observations": "no observations were kept in this time",
}


def reasons(dsn: str, scope: Scope, checks: list[Check]) -> dict[Needs, str]:
    """The needs that are not met, each with the reason that its checks will show."""
    unmet: dict[Needs, str] = {}
    if scope.since or scope.until:
        unmet["whole tables"] = _REASONS["whole tables"]
    wanted = {check.needs for check in checks}
    engine = open_engine(dsn, scope)
    try:
        with engine.connect() as connection:
            for need, question in _QUESTIONS.items():
                if need in wanted and not connection.execute(sa.text(question)).scalar():
                    unmet[need] = _REASONS[need]
    finally:
        engine.dispose()
    return unmet
