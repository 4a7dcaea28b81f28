-- All checks of the latest run that was more than one job's window.
select x.suite, x.expectation, x.description, x.severity, x.status, x.unexpected, x.message, x.run_id, x.id as result_id
from public.dq_results x
where x.run_id = (select id from public.dq_runs where finished_at is not null
  order by (checkpoint <> 'window') desc, started_at desc limit 1)
order by array_position(array['error', 'failed', 'passed', 'not_applicable'], x.status),
  array_position(array['critical', 'warning', 'info'], x.severity), x.suite, x.expectation
