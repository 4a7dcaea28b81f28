-- Retention: ended jobs and old observations go, their daily figures stay. Nothing captured is ever erased.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create index progressive_capture_jobs_completed on public.progressive_capture_jobs (completed_at) where completed_at is not null;

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
  day date;
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
  -- Figures of these days first; counting again only corrects them upwards, and what was paid stays as it was counted.
  for day in select distinct (completed_at at time zone 'UTC')::date from progressive_capture_jobs
      where id = any (doomed) or parent_id = any (doomed) loop
    perform roll_usage(jsonb_build_object('day', day, 'actions_minute', 0, 'inngest_execution', 0));
  end loop;
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
