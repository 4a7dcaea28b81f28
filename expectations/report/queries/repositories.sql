-- One row a repository: how much is there, how much is captured, how fresh it is, and what the latest validation that covered it said.
with listed as (
  select repository_id, count(*) as listed, max(updated_at) as last_activity
  from public.pull_request_manifest where deleted_at is null group by repository_id
), captured as (
  select repository_id, count(*) as captured, max(captured_at) as last_captured
  from public.pull_requests where deleted_at is null group by repository_id
), scans as (
  select distinct on (repository_id) repository_id, started_at as last_listed, total_count
  from public.manifest_scans where complete order by repository_id, started_at desc
), open_gaps as (
  select repository_id, count(*) as open_gaps from public.capture_gaps
  where repaired_at is null and accepted_at_source is null group by repository_id
)
select r.repository_id, r.repository, r.link, r.access, r.tracked, r.watermark, coalesce(l.listed, 0) as listed,
  coalesce(c.captured, 0) as captured, s.total_count, s.last_listed, c.last_captured, l.last_activity,
  coalesce(g.open_gaps, 0) as open_gaps, run.id as run_id, run.status as run_status, run.finished_at as run_finished_at
from dq.repositories r
left join listed l using (repository_id)
left join captured c using (repository_id)
left join scans s using (repository_id)
left join open_gaps g using (repository_id)
left join lateral (
  select d.* from public.dq_runs d
  where (d.repository_id = r.repository_id or d.repository_id is null) and d.finished_at is not null
    and d.checkpoint <> 'window'
  order by d.started_at desc limit 1) run on true
order by r.repository
