-- The queue's upkeep: hand-overs, runs, cancelling, expired leases, what is due.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- {job_id, claim_deadline, workflow_run_id, run_url, flow_run_id} -> ok with handover_count. A job that was claimed in the
-- meantime stays as it is: the claim is the proof that it arrived.
create function public.mark_dispatched(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
declare
  job progressive_capture_jobs;
begin
  argument := public.unwrap(argument);
  update progressive_capture_jobs j set
    status = case when j.status = 'pending' then 'dispatched' else j.status end,
    handover_count = j.handover_count + 1, dispatched_at = clock_timestamp(),
    claim_deadline = case when j.status in ('pending', 'dispatched') then (argument ->> 'claim_deadline')::timestamptz end,
    workflow_run_id = coalesce((argument ->> 'workflow_run_id')::bigint, j.workflow_run_id),
    run_url = coalesce(argument ->> 'run_url', j.run_url),
    flow_run_id = coalesce((argument ->> 'flow_run_id')::uuid, j.flow_run_id), updated_at = clock_timestamp()
  where j.id = (argument ->> 'job_id')::uuid and j.status in ('pending', 'dispatched', 'processing') and not j.is_parent
  returning * into job;
  if not found then
    return jsonb_build_object('outcome', 'refused', 'status',
      (select status from progressive_capture_jobs where id = (argument ->> 'job_id')::uuid));
  end if;
  return jsonb_build_object('outcome', 'ok', 'status', job.status, 'handover_count', job.handover_count);
end
$$;

-- {job_id, workflow_run_id, run_url, flow_run_id, conclusion} -> ok. What the processor says about its run, also after the end.
create function public.record_run(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
begin
  argument := public.unwrap(argument);
  update progressive_capture_jobs j set
    workflow_run_id = coalesce((argument ->> 'workflow_run_id')::bigint, j.workflow_run_id),
    run_url = coalesce(argument ->> 'run_url', j.run_url),
    flow_run_id = coalesce((argument ->> 'flow_run_id')::uuid, j.flow_run_id),
    metadata = case when argument ->> 'conclusion' is null then j.metadata
                    else j.metadata || jsonb_build_object('conclusion', argument ->> 'conclusion') end,
    metrics = add_metrics(j.metrics, argument -> 'metrics'), updated_at = clock_timestamp()
  where j.id = (argument ->> 'job_id')::uuid;
  return jsonb_build_object('outcome', case when found then 'ok' else 'not_found' end);
end
$$;

-- {job_id} -> cancelled (it was not running), requested (its worker stops at the next heartbeat), terminal, not_found.
create function public.cancel_job(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '30s'
as $$
#variable_conflict use_column
declare
  job progressive_capture_jobs;
  child progressive_capture_jobs;
begin
  argument := public.unwrap(argument);
  job := job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    return '{"outcome": "not_found"}';
  elsif job.status in ('completed', 'failed', 'cancelled') then
    return jsonb_build_object('outcome', 'terminal', 'status', job.status);
  end if;
  update progressive_capture_jobs set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()),
    updated_at = clock_timestamp() where id = job.id;
  if job.is_parent then
    for child in select * from progressive_capture_jobs
        where parent_id = job.id and status not in ('completed', 'failed', 'cancelled') order by id for no key update loop
      update progressive_capture_jobs set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
        where id = child.id;
      if child.status <> 'processing' or child.lease_expires_at < clock_timestamp() then
        perform job_end(child, 'cancelled', 'cancelled', 'cancelled on request');
      end if;
    end loop;
    perform end_parent(job.id);
    select * into job from progressive_capture_jobs where id = job.id;
    if job.status not in ('completed', 'failed', 'cancelled')
       and not exists (select from progressive_capture_jobs where parent_id = job.id) then
      perform job_end(job, 'cancelled', 'cancelled', 'cancelled on request');
      job.status := 'cancelled';
    end if;
  elsif job.status <> 'processing' or job.lease_expires_at < clock_timestamp() then
    perform job_end(job, 'cancelled', 'cancelled', 'cancelled on request');
    job.status := 'cancelled';
  end if;
  return jsonb_build_object('outcome', case when job.status in ('completed', 'failed', 'cancelled') then job.status
                                            else 'requested' end);
end
$$;

-- {} -> {expired, failed, cancelled, unclaimed, due}: lists of job ids, by what happened to them. Leases that ran out go back
-- to the queue or, after the last attempt, to the dead letters (failed, lease_expired); hand-overs that nobody claimed and
-- deferred jobs whose time has come are pending again.
create function public.requeue_expired(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '30s'
as $$
#variable_conflict use_column
declare
  candidate record;
  job progressive_capture_jobs;
  expired uuid[] := '{}';
  failed uuid[] := '{}';
  cancelled uuid[] := '{}';
  unclaimed uuid[] := '{}';
  due uuid[] := '{}';
begin
  argument := public.unwrap(argument);
  for candidate in select id from progressive_capture_jobs
      where status = 'processing' and not is_parent and lease_expires_at < clock_timestamp()
      order by parent_id nulls first, id limit 500 loop
    job := job_lock(candidate.id);
    if job.status <> 'processing' or job.lease_expires_at >= clock_timestamp() then
      continue;
    elsif job.cancel_requested_at is not null then
      perform job_end(job, 'cancelled', 'cancelled', 'cancelled on request');
      cancelled := cancelled || job.id;
    elsif job.attempt >= job.max_attempts then
      perform job_end(job, 'failed', 'lease_expired',
                      format('its worker stopped answering in attempt %s of %s', job.attempt, job.max_attempts));
      failed := failed || job.id;
    else
      update progressive_capture_jobs set status = 'pending', lease_token = null, lease_owner = null,
        lease_expires_at = null, next_attempt_at = null, updated_at = clock_timestamp() where id = job.id;
      expired := expired || job.id;
    end if;
  end loop;
  with moved as (
    update progressive_capture_jobs set status = 'pending', claim_deadline = null, updated_at = clock_timestamp()
    where id in (select id from progressive_capture_jobs where status = 'dispatched' and claim_deadline < clock_timestamp()
                 order by id limit 500 for no key update skip locked)
    returning id)
  select coalesce(array_agg(id), '{}') into unclaimed from moved;
  with moved as (
    update progressive_capture_jobs set status = 'pending', deferred_reason = null, next_attempt_at = null,
      updated_at = clock_timestamp()
    where id in (select id from progressive_capture_jobs where status = 'deferred' and next_attempt_at <= clock_timestamp()
                 order by id limit 500 for no key update skip locked)
    returning id)
  select coalesce(array_agg(id), '{}') into due from moved;
  return jsonb_build_object('outcome', 'ok', 'expired', to_jsonb(expired), 'failed', to_jsonb(failed),
    'cancelled', to_jsonb(cancelled), 'unclaimed', to_jsonb(unclaimed), 'due', to_jsonb(due));
end
$$;
