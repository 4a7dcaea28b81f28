-- The write contract's ground: argument unwrapping, the database's clock, the job status guard.
-- Every callable function takes one `argument jsonb`, is one transaction, answers refusals as values and raises only on bugs.
-- Lock: SHARE ROW EXCLUSIVE on progressive_capture_jobs for the moment the trigger is made. Old code survives it: yes.

-- Some clients encode a jsonb argument twice. Undo that, and refuse anything that is not an object: reading keys from a
-- string yields nulls, and a call that writes nothing would look like a success.
create function public.unwrap(argument jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = public, pg_temp
as $$
begin
  for round in 1..3 loop
    exit when jsonb_typeof(argument) is distinct from 'string';
    argument := (argument #>> '{}')::jsonb;
  end loop;
  if jsonb_typeof(argument) is distinct from 'object' then
    raise exception 'the argument must be a JSON object, not %', coalesce(jsonb_typeof(argument), 'null')
      using errcode = '22023';
  end if;
  return argument;
end
$$;

-- Functions of the contract are for workers alone; every migration that adds some calls this at its end.
create function public.lock_down_functions() returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  signature regprocedure;
begin
  for signature in
    select p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and pg_has_role(p.proowner, 'member')
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
      and (p.proargnames[1] = 'argument'
           or p.proname ~ '^(uuid_v7|lock_down_functions|upsert_.*|job_.*|end_parent|add_metrics|guard_.*|note_.*)$')
  loop
    execute format('revoke all on function %s from public, anon, authenticated', signature);
    execute format('grant execute on function %s to service_role', signature);
  end loop;
end
$$;

create function public.server_time(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '5s'
as $$
begin
  argument := public.unwrap(argument);
  return jsonb_build_object('outcome', 'ok', 'now', clock_timestamp());
end
$$;

-- Adds the numbers of `increments` to those of `metrics`; what is not a number replaces.
create function public.add_metrics(metrics jsonb, increments jsonb) returns jsonb
language sql immutable parallel safe
set search_path = public, pg_temp
as $$
  select coalesce(metrics, '{}') || coalesce(jsonb_object_agg(key,
    case when jsonb_typeof(value) = 'number'
      then to_jsonb(coalesce((metrics ->> key)::numeric, 0) + (value #>> '{}')::numeric) else value end), '{}')
  from jsonb_each(coalesce(increments, '{}'));
$$;

-- The status may only move along these lines, whoever writes. A terminal state is final.
create function public.guard_job_status() returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if new.status <> all (case old.status
      when 'pending' then array['dispatched', 'processing', 'deferred', 'cancelled', 'failed']
      when 'dispatched' then array['pending', 'processing', 'deferred', 'cancelled', 'failed']
      when 'processing' then array['completed', 'failed', 'cancelled', 'deferred', 'pending']
      when 'deferred' then array['pending', 'cancelled', 'failed']
      else array[]::text[] end) then
    raise exception 'job %: % cannot become %', old.id, old.status, new.status using errcode = '23514';
  end if;
  return new;
end
$$;
create trigger guard_job_status before update of status on public.progressive_capture_jobs
  for each row when (old.status is distinct from new.status) execute function public.guard_job_status();

-- A job as the outside sees it: without the lease token, and with a parent's figures summed over its children.
create function public.job_json(job public.progressive_capture_jobs) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select to_jsonb(job) - 'lease_token' - 'recent_chunks' || case when job.is_parent then coalesce((
    select jsonb_build_object(
      'items_done', sum(c.items_done), 'items_total', sum(c.items_total), 'items_incomplete', sum(c.items_incomplete),
      'rows_written', sum(c.rows_written), 'first_row_at', min(c.first_row_at))
    from progressive_capture_jobs c where c.parent_id = job.id having count(*) > 0), '{}') else '{}' end;
$$;
