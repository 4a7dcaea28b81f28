-- Results of the quality suites are stored in one transaction, so that a run is there with all its results or not at all.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- argument: {checkpoint, repository_id, since, until, job_id, started_at, status, message, docs_path,
--   results: [{suite, expectation, description, severity, status, unexpected, observed, message, seconds,
--     failures: [{repository_id, number, record, field, expected, found, url}]}]}
-- answer: {outcome: 'recorded', run_id, results, failures}
create function public.record_dq_run(argument jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set statement_timeout = '60s'
as $$
declare
  run uuid := public.uuid_v7();
  results_stored integer;
  failures_stored integer;
begin
  argument := public.unwrap(argument);
  insert into public.dq_runs (id, checkpoint, repository_id, since, until, job_id, started_at, finished_at, status, message, docs_path)
  values (run, argument ->> 'checkpoint', (argument ->> 'repository_id')::uuid, (argument ->> 'since')::timestamptz,
    (argument ->> 'until')::timestamptz,
    -- A job may have been pruned by now; its validation is kept.
    (select id from public.progressive_capture_jobs where id = (argument ->> 'job_id')::uuid),
    (argument ->> 'started_at')::timestamptz, clock_timestamp(), argument ->> 'status', argument ->> 'message',
    argument ->> 'docs_path');
  with incoming as materialized (
    select public.uuid_v7() as id, r as result from jsonb_array_elements(coalesce(argument -> 'results', '[]')) r
  ), stored as (
    insert into public.dq_results (id, run_id, suite, expectation, description, severity, status, unexpected, observed, message, seconds)
    select id, run, result ->> 'suite', result ->> 'expectation', result ->> 'description', result ->> 'severity',
      result ->> 'status', (result ->> 'unexpected')::bigint, result -> 'observed', result ->> 'message',
      (result ->> 'seconds')::double precision
    from incoming
    returning id
  ), failures as (
    insert into public.dq_failures (id, result_id, repository_id, number, record, field, expected, found, url)
    select public.uuid_v7(), i.id, (f ->> 'repository_id')::uuid, (f ->> 'number')::bigint, f ->> 'record', f ->> 'field',
      f ->> 'expected', f ->> 'found', f ->> 'url'
    from incoming i
    cross join lateral jsonb_array_elements(coalesce(i.result -> 'failures', '[]')) f
    returning id
  )
  select (select count(*) from stored), (select count(*) from failures) into results_stored, failures_stored;
  return jsonb_build_object('outcome', 'recorded', 'run_id', run, 'results', results_stored, 'failures', failures_stored);
end
$$;

-- Where the Data Docs of a run lie, known only after they were built.
create function public.set_dq_docs(argument jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set statement_timeout = '10s'
as $$
begin
  argument := public.unwrap(argument);
  update public.dq_runs set docs_path = argument ->> 'docs_path' where id = (argument ->> 'run_id')::uuid;
  return jsonb_build_object('outcome', case when found then 'set' else 'not_found' end);
end
$$;

do $$
declare
  name text;
begin
  foreach name in array array['record_dq_run', 'set_dq_docs'] loop
    execute format('revoke execute on function public.%I(jsonb) from public, anon, authenticated', name);
    execute format('grant execute on function public.%I(jsonb) to service_role', name);
  end loop;
end
$$;
