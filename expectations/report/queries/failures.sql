-- The records that the latest run found, as many as were kept.
select x.suite, x.expectation, x.severity, r.full_name as repository, f.number, f.record, f.field, f.expected, f.found, f.url
from public.dq_failures f
join public.dq_results x on x.id = f.result_id
left join public.repositories r on r.id = f.repository_id
where x.run_id = (select id from public.dq_runs where finished_at is not null
  order by (checkpoint <> 'window') desc, started_at desc limit 1)
order by array_position(array['critical', 'warning', 'info'], x.severity), x.suite, x.expectation, r.full_name, f.number
limit 2000
