-- Daily figures that outlive their jobs, and alerts.
-- Lock: none on existing tables. Old code survives it: yes, it only adds functions.

-- {day, actions_minute, inngest_execution}: sum the jobs that ended on a day (UTC). Doing it again corrects the figures
-- upwards only, since jobs that were pruned meanwhile are missing from the sum.
create function public.roll_usage(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '60s'
as $$
declare
  wanted date;
  touched integer;
begin
  argument := public.unwrap(argument);
  wanted := coalesce((argument ->> 'day')::date, (now() at time zone 'UTC')::date);
  insert into usage_daily as u (day, repository_id, processor, jobs_completed, jobs_failed, items, rows_written, requests,
      points, seconds, billed_minutes, executions, dollars, p95_first_row_seconds)
    select wanted, repository_id, executed_by,
        count(*) filter (where status = 'completed'), count(*) filter (where status = 'failed'),
        sum(items_done), sum(rows_written), sum(coalesce((metrics ->> 'requests')::numeric, 0)),
        sum(coalesce((metrics ->> 'points')::numeric, 0)),
        sum(extract(epoch from completed_at - coalesce(started_at, completed_at))),
        sum(coalesce((metrics ->> 'billed_minutes')::numeric, 0)),
        sum(coalesce((metrics ->> 'executions')::numeric, 0)),
        sum(case executed_by
          when 'github_actions' then coalesce((metrics ->> 'billed_minutes')::numeric, 0) * (argument ->> 'actions_minute')::numeric
          when 'inngest' then coalesce((metrics ->> 'executions')::numeric, 0) * (argument ->> 'inngest_execution')::numeric
          else 0 end),
        percentile_cont(0.95) within group (order by extract(epoch from first_row_at - created_at))
          filter (where first_row_at is not null)
      from progressive_capture_jobs
      where not is_parent and executed_by is not null and repository_id is not null
        and completed_at >= wanted::timestamp at time zone 'UTC'
        and completed_at < (wanted + 1)::timestamp at time zone 'UTC'
      group by repository_id, executed_by
      order by repository_id, executed_by
    on conflict (day, repository_id, processor) do update set
      jobs_completed = greatest(u.jobs_completed, excluded.jobs_completed),
      jobs_failed = greatest(u.jobs_failed, excluded.jobs_failed), items = greatest(u.items, excluded.items),
      rows_written = greatest(u.rows_written, excluded.rows_written), requests = greatest(u.requests, excluded.requests),
      points = greatest(u.points, excluded.points), seconds = greatest(u.seconds, excluded.seconds),
      billed_minutes = greatest(u.billed_minutes, excluded.billed_minutes),
      executions = greatest(u.executions, excluded.executions), dollars = greatest(u.dollars, excluded.dollars),
      p95_first_row_seconds = coalesce(excluded.p95_first_row_seconds, u.p95_first_row_seconds);
  get diagnostics touched = row_count;
  return jsonb_build_object('outcome', 'ok', 'rows', touched);
end
$$;

-- {since, until}: daily figures by repository and processor, newest day first. Both days belong to the range.
create function public.get_usage(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '30s'
as $$
declare
  found jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(to_jsonb(page) order by page.day desc, page.full_name, page.processor), '[]') into found from (
    select u.*, r.full_name from usage_daily u join repositories r on r.id = u.repository_id
      where u.day between (argument ->> 'since')::date and (argument ->> 'until')::date
        and (argument ->> 'repository_id' is null or u.repository_id = (argument ->> 'repository_id')::uuid)
      order by u.day desc, r.full_name, u.processor limit 5000
  ) page;
  return jsonb_build_object('outcome', 'ok', 'usage', found);
end
$$;

-- {kind, severity, subject, message}: one open alert for a kind and subject; its message is kept up to date.
create function public.raise_alert(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  stored public.alerts;
  fresh boolean;
begin
  argument := public.unwrap(argument);
  insert into alerts as a (kind, severity, subject, message)
    values (argument ->> 'kind', argument ->> 'severity', argument ->> 'subject', argument ->> 'message')
    on conflict (kind, subject) where resolved_at is null
    do update set severity = excluded.severity, message = excluded.message
    returning a.*, (xmax = 0) into stored.id, stored.kind, stored.severity, stored.subject, stored.message,
      stored.raised_at, stored.resolved_at, stored.notified_at, fresh;
  return jsonb_build_object('outcome', case when fresh then 'raised' else 'standing' end, 'alert', to_jsonb(stored));
end
$$;

create function public.resolve_alert(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
begin
  argument := public.unwrap(argument);
  update alerts set resolved_at = clock_timestamp()
    where kind = argument ->> 'kind' and subject = argument ->> 'subject' and resolved_at is null;
  return jsonb_build_object('outcome', case when found then 'resolved' else 'not_found' end);
end
$$;

create function public.list_alerts(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  found jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(to_jsonb(page) order by page.raised_at desc), '[]') into found from (
    select * from alerts where (not coalesce((argument ->> 'open')::boolean, true) or resolved_at is null)
      order by raised_at desc limit least(coalesce((argument ->> 'limit')::integer, 100), 500)
  ) page;
  return jsonb_build_object('outcome', 'ok', 'alerts', found);
end
$$;

create function public.mark_alert_notified(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
begin
  argument := public.unwrap(argument);
  update alerts set notified_at = clock_timestamp()
    where id = (argument ->> 'alert_id')::uuid and notified_at is null;
  return jsonb_build_object('outcome', case when found then 'ok' else 'not_found' end);
end
$$;

select public.lock_down_functions();
