-- What was found missing: open, being repaired, repaired, or accepted because GitHub hides it.
select r.full_name as repository, g.number, g.kind, g.expected, g.found, g.found_at, g.repairs, g.repaired_at, g.accepted_at_source,
  case when g.accepted_at_source is not null then 'accepted' when g.repaired_at is not null then 'repaired'
    when j.status in ('pending', 'dispatched', 'processing', 'deferred') then 'being repaired' else 'open' end as state,
  g.reason, g.repair_job_id, coalesce(p.url, 'https://github.com/' || r.full_name || '/pull/' || g.number) as url
from public.capture_gaps g
join public.repositories r on r.id = g.repository_id
left join public.progressive_capture_jobs j on j.id = g.repair_job_id
left join public.pull_requests p on p.repository_id = g.repository_id and p.number = g.number
where (g.repaired_at is null and g.accepted_at_source is null) or coalesce(g.repaired_at, g.accepted_at_source) > now() - interval '30 days'
order by (g.repaired_at is null and g.accepted_at_source is null) desc, g.found_at desc
limit 5000
