-- Retention: ended jobs and old observations go, their daily figures stay. Nothing captured is ever erased.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create index progressive_capture_jobs_completed on public.progressive_capture_jobs (completed_at) where completed_at is not null;

-- {since, until} (days) -> ok. Daily figures from the jobs that ended in them. Counting again gives the same figures, and days
-- whose jobs are partly pruned keep the larger ones.
create function public.roll_up_usage(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '60s'
as $$
#variable_conflict use_column
declare
  days integer;
begin
  argument := public.unwrap(argument);
  insert into usage_daily as u (day, repository_id, processor, jobs_completed, jobs_failed, items, rows_written, requests, points,
    seconds, billed_minutes, executions, p95_first_row_seconds)
  select (j.completed_at at time zone 'UTC')::date, j.repository_id, j.executed_by,
    count(*) filter (where j.status = 'completed'), count(*) filter (where j.status = 'failed'),
    sum(j.items_done), sum(j.rows_written),
    coalesce(sum((j.metrics ->> 'requests')::numeric), 0)::bigint, coalesce(sum((j.metrics ->> 'points')::numeric), 0)::bigint,
    coalesce(sum((j.metrics ->> 'seconds')::double precision), 0),
    coalesce(sum((j.metrics ->> 'billed_minutes')::double precision), 0),
    coalesce(sum((j.metrics ->> 'executions')::numeric), 0)::bigint,
    percentile_cont(0.95) within group (order by extract(epoch from j.first_row_at - j.created_at))
  from progressive_capture_jobs j
  where j.completed_at >= coalesce((argument ->> 'since')::date, '-infinity')::timestamp at time zone 'UTC'
    and j.completed_at < coalesce((argument ->> 'until')::date + 1, 'infinity')::timestamp at time zone 'UTC'
    and j.repository_id is not null and j.executed_by is not null and not j.is_parent
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict (day, repository_id, processor) do update set
    jobs_completed = greatest(u.jobs_completed, excluded.jobs_completed),
    jobs_failed = greatest(u.jobs_failed, excluded.jobs_failed), items = greatest(u.items, excluded.items),
    rows_written = greatest(u.rows_written, excluded.rows_written), requests = greatest(u.requests, excluded.requests),
    points = greatest(u.points, excluded.points), seconds = greatest(u.seconds, excluded.seconds),
    billed_minutes = greatest(u.billed_minutes, excluded.billed_minutes),
    executions = greatest(u.executions, excluded.executions),
    p95_first_row_seconds = case when excluded.jobs_completed + excluded.jobs_failed < u.jobs_completed + u.jobs_failed
      then u.p95_first_row_seconds else excluded.p95_first_row_seconds end;
  get diagnostics days = row_count;
  return jsonb_build_object('outcome', 'ok', 'rows', days);
end
$$;

-- {days, observation_days, limit} -> jobs and observations removed, and whether there is more. A family goes together, once
-- all of it ended before the cut.
create function public.prune_jobs(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '60s'
as $$
#variable_conflict use_column
declare
  cut timestamptz;
  page_size integer;
  doomed uuid[];
  jobs integer;
  observations integer;
  first_day date;
begin
  argument := public.unwrap(argument);
  if coalesce((argument ->> 'days')::integer, 0) < 1 then
    raise exception 'days must be at least 1' using errcode = '22023';
  end if;
  cut := date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - make_interval(days => (argument ->> 'days')::integer);
  page_size := least(coalesce((argument ->> 'limit')::integer, 1000), 10000);
  select coalesce(array_agg(id), '{}') into doomed from (
    select j.id from progressive_capture_jobs j
    where j.completed_at < cut and j.parent_id is null
      and not exists (select from progressive_capture_jobs c where c.parent_id = j.id
                      and (c.completed_at is null or c.completed_at >= cut))
    order by j.completed_at limit page_size) roots;
  select min((completed_at at time zone 'UTC')::date) into first_day from progressive_capture_jobs
    where id = any (doomed) or parent_id = any (doomed);
  if first_day is not null then
    perform roll_up_usage(jsonb_build_object('since', first_day, 'until', (cut at time zone 'UTC')::date));
  end if;
  with gone as (delete from progressive_capture_jobs where parent_id = any (doomed) returning 1)
  select count(*) into jobs from gone;
  delete from progressive_capture_jobs where id = any (doomed);
  jobs := jobs + cardinality(doomed);
  with old as (
    select ctid from capture_observations
    where observed_at < now() - make_interval(days => coalesce((argument ->> 'observation_days')::integer, 30)) limit page_size * 10)
  delete from capture_observations where ctid in (select ctid from old);
  get diagnostics observations = row_count;
  return jsonb_build_object('outcome', 'ok', 'jobs', jobs, 'observations', observations,
    'more', cardinality(doomed) = page_size or observations = page_size * 10);
end
$$;
