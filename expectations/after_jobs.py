"""After each job its window is validated: repositories with a completed job that no validation has followed yet."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from expectations.database import open_engine, outage
from expectations.results import Run
from expectations.session import Question, ask

# One run a repository, over the union of its jobs' windows; a job without a window is about the whole repository.
_WAITING = """
select r.full_name, case when bool_or(j.since is null) then null else min(j.since) end as since,
  (array_agg(j.id order by j.completed_at desc))[1] as job_id
from public.progressive_capture_jobs j
join public.repositories r on r.id = j.repository_id and r.deleted_at is null and r.access = 'active'
where j.status = 'completed' and not j.is_parent and j.mode = 'normal' and j.completed_at > now() - interval '1 day'
  and not exists (select from public.dq_runs d
    where d.finished_at is not null and d.started_at > j.completed_at
      and (d.repository_id = r.id or d.repository_id is null))
group by r.full_name
order by r.full_name
limit 50
"""


def validate_after_jobs(dsn: str, reports: Path, webhook: str | None = None) -> list[Run]:
    """Validate what was captured lately, repository by repository, and make the report once. May find nothing to do."""
    engine = open_engine(dsn)
    try:
        with engine.connect() as connection:
            waiting = connection.execute(sa.text(_WAITING)).all()
    except OperationalError as error:
        raise outage(error) from None
    finally:
        engine.dispose()
    questions = [
        Question(row.full_name, row.since, checkpoint="window", job_id=row.job_id, report=False, webhook=webhook)
        for row in waiting
    ]
    runs = [ask(dsn, question, reports) for question in questions]
    if runs:
        from expectations.report.build import build_report

        build_report(dsn, reports)
    return runs
