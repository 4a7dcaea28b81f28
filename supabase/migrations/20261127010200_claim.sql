-- Claiming: a lease with a fencing token lets one worker write for a job. The caller chooses the token, so that a repeated
-- call (its answer was lost) finds its own claim instead of being refused.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create index progressive_capture_jobs_lease on public.progressive_capture_jobs (lease_token) where status = 'processing';

-- Locks of a family are always taken parent first, so that siblings that end at once cannot deadlock.
create function public.job_lock(wanted uuid) returns public.progressive_capture_jobs
language plpgsql
set search_path = public, pg_temp
as $$
declare
  job progressive_capture_jobs;
begin
  perform from progressive_capture_jobs p
    where p.id = (select j.parent_id from progressive_capture_jobs j where j.id = wanted) for no key update;
  select * into job from progressive_capture_jobs j where j.id = wanted for no key update;
  return job;
end
$$;

-- Starts an attempt on a job that the caller has locked and found claimable.
create function public.job_start(job public.progressive_capture_jobs, executor text, owner text, token uuid,
                                 lease_seconds double precision, version text) returns jsonb
language plpgsql
set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  started progressive_capture_jobs;
begin
  if job.status in ('deferred', 'processing') then
    -- Due again, or its worker's lease ran out: back to the queue first, as the status guard demands.
    update progressive_capture_jobs set status = 'pending', lease_token = null where id = job.id;
  end if;
  update progressive_capture_jobs j set
    status = 'processing', executed_by = executor, attempt = j.attempt + 1, lease_token = token, lease_owner = job_start.owner,
    lease_expires_at = clock_timestamp() + make_interval(secs => lease_seconds), heartbeat_at = clock_timestamp(),
    started_at = coalesce(j.started_at, clock_timestamp()), next_attempt_at = null, deferred_reason = null,
    claim_deadline = null, error_code = null, error = null, code_version = coalesce(version, j.code_version),
    updated_at = clock_timestamp()
  where j.id = job.id returning * into started;
  -- Whoever holds the parent's row now (a sibling's claim, a cancel) moves it on itself: waiting could only deadlock.
  update progressive_capture_jobs p set
    status = 'processing', started_at = coalesce(p.started_at, clock_timestamp()), updated_at = clock_timestamp()
  where p.id = (select f.id from progressive_capture_jobs f where f.id = job.parent_id
    and f.status in ('pending', 'dispatched') for no key update skip locked);
  update processor_health h set last_claim_at = clock_timestamp()
  where h.processor = executor and (h.last_claim_at is null or h.last_claim_at < clock_timestamp() - interval '1 second');
  return jsonb_build_object('outcome', 'claimed', 'lease_token', token, 'job', job_json(started));
end
$$;

-- {job_id, lease_token, executed_by, owner, lease_seconds, code_version, force} -> claimed with the job, or refused with a reason.
-- `force` passes next_attempt_at (an operator runs a deferred job by hand); nothing passes a living lease.
create function public.claim_job(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  job progressive_capture_jobs;
  token uuid;
  reason text;
begin
  argument := public.unwrap(argument);
  token := (argument ->> 'lease_token')::uuid;
  job := job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    reason := 'not_found';
  elsif job.is_parent then
    reason := 'parent';
  elsif job.status = 'processing' and job.lease_token = token then
    return jsonb_build_object('outcome', 'claimed', 'lease_token', token, 'job', job_json(job));
  elsif job.status = 'cancelled' then
    reason := 'cancelled';
  elsif job.status in ('completed', 'failed') then
    reason := 'terminal';
  elsif job.status = 'processing' and job.lease_expires_at > clock_timestamp() then
    reason := 'held';
  elsif job.cancel_requested_at is not null then
    perform job_end(job, 'cancelled', 'cancelled', 'cancelled on request');
    reason := 'cancelled';
  elsif job.status = 'processing' and job.attempt >= job.max_attempts then
    perform job_end(job, 'failed', 'lease_expired',
                    format('its worker stopped answering in attempt %s of %s', job.attempt, job.max_attempts));
    reason := 'terminal';
  elsif not coalesce((argument ->> 'force')::boolean, false)
        and (job.next_attempt_at > clock_timestamp() or (job.status = 'deferred' and job.next_attempt_at is null)) then
    reason := 'not_due';
  else
    return job_start(job, argument ->> 'executed_by', argument ->> 'owner', token,
                     coalesce((argument ->> 'lease_seconds')::double precision, 30), argument ->> 'code_version');
  end if;
  return jsonb_build_object('outcome', 'refused', 'reason', reason, 'status', job.status,
                            'next_attempt_at', job.next_attempt_at, 'lease_expires_at', job.lease_expires_at);
end
$$;

-- {lease_token, executed_by, owner, lease_seconds, processor, code_version} -> claimed, or none. The most urgent due job.
create function public.claim_next(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  job progressive_capture_jobs;
  token uuid;
begin
  argument := public.unwrap(argument);
  token := (argument ->> 'lease_token')::uuid;
  select * into job from progressive_capture_jobs j where j.lease_token = token and j.status = 'processing';
  if found then
    return jsonb_build_object('outcome', 'claimed', 'lease_token', token, 'job', job_json(job));
  end if;
  select * into job from progressive_capture_jobs j
    where j.status = 'pending' and not j.is_parent and j.cancel_requested_at is null
      and (j.next_attempt_at is null or j.next_attempt_at <= clock_timestamp())
      and (argument ->> 'processor' is null or j.processor_type = argument ->> 'processor')
    order by j.priority desc, j.created_at limit 1 for no key update skip locked;
  if not found then
    return '{"outcome": "none"}';
  end if;
  return job_start(job, argument ->> 'executed_by', argument ->> 'owner', token,
                   coalesce((argument ->> 'lease_seconds')::double precision, 30), argument ->> 'code_version');
end
$$;

-- {job_id, lease_token, lease_seconds} -> ok with cancel_requested, or fenced.
create function public.heartbeat(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
declare
  cancel timestamptz;
begin
  argument := public.unwrap(argument);
  update progressive_capture_jobs set
    heartbeat_at = clock_timestamp(), updated_at = clock_timestamp(),
    lease_expires_at = clock_timestamp() + make_interval(secs => coalesce((argument ->> 'lease_seconds')::double precision, 30))
  where id = (argument ->> 'job_id')::uuid and status = 'processing' and lease_token = (argument ->> 'lease_token')::uuid
  returning cancel_requested_at into cancel;
  if not found then
    return '{"outcome": "fenced"}';
  end if;
  return jsonb_build_object('outcome', 'ok', 'cancel_requested', cancel is not null);
end
$$;
