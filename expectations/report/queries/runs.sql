-- The latest runs, newest first, with how their checks ended.
select d.id as run_id, d.checkpoint, d.repository_id, coalesce(r.full_name, 'all repositories') as scope, d.since, d.until,
  d.started_at, d.finished_at, d.status, d.message, d.docs_path,
  count(*) filter (where x.status = 'passed') as passed,
  count(*) filter (where x.status = 'failed' and x.severity = 'critical') as critical,
  count(*) filter (where x.status = 'failed' and x.severity <> 'critical') as warnings,
  count(*) filter (where x.status = 'error') as errors,
  count(*) filter (where x.status = 'not_applicable') as not_applicable
from (select * from public.dq_runs where finished_at is not null order by started_at desc limit 120) d
left join public.repositories r on r.id = d.repository_id
left join public.dq_results x on x.run_id = d.id
group by d.id, d.checkpoint, d.repository_id, r.full_name, d.since, d.until, d.started_at, d.finished_at, d.status, d.message, d.docs_path
order by d.started_at desc
