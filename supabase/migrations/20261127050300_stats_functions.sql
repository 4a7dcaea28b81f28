-- Figures about the queue: one source and one window for both processors.
-- Lock: none on existing tables. Old code survives it: yes, it only adds functions.

-- Waiting work counts as pending, whatever it waits for; ended work counts for 24 hours. Parents only gather their
-- children and are not counted. A success rate is null while nothing has ended.
create function public.queue_stats(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  answer jsonb;
begin
  argument := public.unwrap(argument);
  with figures as (
    select coalesce(processor_type, 'total') as name,
        count(*) filter (where status in ('pending', 'dispatched', 'deferred')) as pending,
        count(*) filter (where status = 'processing') as processing,
        count(*) filter (where status = 'completed') as completed,
        count(*) filter (where status = 'failed') as failed,
        count(*) filter (where status = 'cancelled') as cancelled,
        count(*) filter (where status = 'deferred') as deferred,
        count(*) filter (where status = 'dispatched') as dispatched,
        min(created_at) filter (where status in ('pending', 'dispatched')) as oldest_pending_at,
        percentile_cont(0.95) within group (order by extract(epoch from first_row_at - created_at))
          filter (where first_row_at is not null and trigger = 'manual') as p95_first_row_seconds
      from progressive_capture_jobs
      where not is_parent and (completed_at is null or completed_at >= now() - interval '24 hours')
      group by grouping sets ((processor_type), ())
  ), complete as (
    select wanted.name, coalesce(f.pending, 0) as pending, coalesce(f.processing, 0) as processing,
        coalesce(f.completed, 0) as completed, coalesce(f.failed, 0) as failed, coalesce(f.cancelled, 0) as cancelled,
        coalesce(f.deferred, 0) as deferred, coalesce(f.dispatched, 0) as dispatched, f.oldest_pending_at,
        f.p95_first_row_seconds,
        round(coalesce(f.completed, 0)::numeric / nullif(coalesce(f.completed, 0) + coalesce(f.failed, 0), 0), 4) as success_rate
      from (values ('inngest'), ('github_actions'), ('total')) wanted (name) left join figures f using (name)
  )
  select jsonb_object_agg(name, to_jsonb(complete) - 'name') into answer from complete;
  return answer || jsonb_build_object('outcome', 'ok', 'now', clock_timestamp(), 'deferred_reasons', (
    select coalesce(jsonb_object_agg(reason, n), '{}') from (
      select coalesce(deferred_reason, 'unknown') as reason, count(*) as n
        from progressive_capture_jobs where status = 'deferred' and not is_parent group by 1) reasons));
end
$$;

-- What each executor managed in the last seven days, by the jobs that are still there, else by the daily figures.
create function public.capture_rates(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  answer jsonb;
begin
  argument := public.unwrap(argument);
  with recent as (
    select executed_by as executor, count(*) as jobs, sum(items_done) as items,
        sum(extract(epoch from completed_at - started_at)) as seconds,
        percentile_cont(0.5) within group (order by extract(epoch from started_at - created_at)) as wait_seconds
      from progressive_capture_jobs
      where status = 'completed' and not is_parent and items_done > 0 and executed_by is not null
        and started_at is not null and completed_at >= now() - interval '7 days'
      group by executed_by
  ), daily as (
    select processor as executor, sum(jobs_completed) as jobs, sum(items) as items, sum(seconds) as seconds
      from usage_daily where items > 0 group by processor
  )
  select coalesce(jsonb_object_agg(executor, jsonb_build_object(
      'jobs', coalesce(r.jobs, d.jobs), 'wait_seconds', r.wait_seconds,
      'items_per_second', coalesce(r.items, d.items)::double precision
        / nullif(coalesce(r.seconds, d.seconds), 0)::double precision)), '{}')
    into answer from recent r full join daily d using (executor);
  return jsonb_build_object('outcome', 'ok', 'now', clock_timestamp(), 'rates', answer);
end
$$;

select public.lock_down_functions();
