-- Inngest's runs that ended without their function being able to say so: a failed run, a cancelled run.
-- Lock: none on existing tables. Old code survives it: yes, it only adds functions.

-- {job_id, owner, error_code, error} -> as finish_job; `fenced` where that run does not hold the job: it was never claimed by
-- it, has ended, or another worker took over, and each of these has somebody else who looks after it.
create function public.fail_run(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '15s'
as $$
declare
  job progressive_capture_jobs;
begin
  argument := public.unwrap(argument);
  job := job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    return '{"outcome": "not_found"}';
  elsif job.status <> 'processing' or job.lease_owner is distinct from argument ->> 'owner' then
    return jsonb_build_object('outcome', 'fenced', 'status', job.status);
  end if;
  return public.finish_job(jsonb_build_object('job_id', job.id, 'lease_token', job.lease_token, 'status', 'failed',
    'error_code', argument ->> 'error_code', 'error', argument ->> 'error', 'retryable', true));
end
$$;

-- {job_id} -> cancelled where the job was running in Inngest and its cancelling was asked for. A step that is in flight keeps
-- running to its end, and is refused when it wants to write.
create function public.cancel_run(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '15s'
as $$
declare
  job progressive_capture_jobs;
begin
  argument := public.unwrap(argument);
  job := job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    return '{"outcome": "not_found"}';
  elsif job.status <> 'processing' or job.cancel_requested_at is null or job.executed_by is distinct from 'inngest' then
    return jsonb_build_object('outcome', 'unchanged', 'status', job.status);
  end if;
  perform job_end(job, 'cancelled', 'cancelled', 'cancelled on request');
  return '{"outcome": "cancelled"}';
end
$$;

select public.lock_down_functions();
