-- Fields on which two processors do not agree, in the runs of the last 30 days.
select f.field, f.expected, f.found, x.expectation, r.full_name as repository, f.number, f.record, f.url, d.started_at
from public.dq_failures f
join public.dq_results x on x.id = f.result_id and x.suite = 'overlap'
join public.dq_runs d on d.id = x.run_id and d.started_at > now() - interval '30 days'
left join public.repositories r on r.id = f.repository_id
order by d.started_at desc
limit 5000
