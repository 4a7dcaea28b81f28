-- Ending an attempt: finished, tried again later, deferred, released; and the parent's end with its last child.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- Ends a parent once all its children have ended: failed if one failed, else cancelled if one was, else completed.
-- The caller holds the parent's lock.
create function public.end_parent(parent uuid) returns void
language plpgsql
set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  sums record;
  verdict text;
begin
  if parent is null then
    return;
  end if;
  select count(*) filter (where status not in ('completed', 'failed', 'cancelled')) as active,
         count(*) as children, bool_or(status = 'failed') as failed, bool_or(status = 'cancelled') as cancelled,
         count(*) filter (where status = 'failed') as failures, min(error_code) filter (where status = 'failed') as error_code,
         sum(items_done) as done, sum(items_total) as total, sum(items_incomplete) as incomplete, sum(rows_written) as written,
         min(first_row_at) as first_row_at
    into sums from progressive_capture_jobs where parent_id = parent;
  if sums.active > 0 or sums.children = 0 then
    return;
  end if;
  verdict := case when sums.failed then 'failed' when sums.cancelled then 'cancelled' else 'completed' end;
  if verdict = 'completed' then
    update progressive_capture_jobs set status = 'pending' where id = parent and status = 'deferred';
    update progressive_capture_jobs set status = 'processing', started_at = coalesce(started_at, clock_timestamp())
      where id = parent and status in ('pending', 'dispatched');
  end if;
  update progressive_capture_jobs set
    status = verdict, completed_at = clock_timestamp(), updated_at = clock_timestamp(), items_done = sums.done,
    items_total = sums.total, items_incomplete = sums.incomplete, rows_written = sums.written,
    first_row_at = sums.first_row_at, error_code = sums.error_code,
    error = case when sums.failed then format('%s of %s jobs failed', sums.failures, sums.children) end
  where id = parent and status not in ('completed', 'failed', 'cancelled');
end
$$;

-- Ends a job that the caller has locked (its parent first), and its parent with it where it was the last child.
create function public.job_end(job public.progressive_capture_jobs, verdict text, code text, message text) returns void
language plpgsql
set search_path = public, pg_temp
as $$
#variable_conflict use_column
begin
  update progressive_capture_jobs j set
    status = verdict, completed_at = clock_timestamp(), updated_at = clock_timestamp(), lease_expires_at = null,
    lease_owner = null, next_attempt_at = null, claim_deadline = null, error_code = code, error = left(message, 4000),
    lease_token = case when j.status = 'processing' and verdict = 'failed' and code = 'lease_expired' then null
                       else j.lease_token end
  where j.id = job.id;
  perform end_parent(job.parent_id);
end
$$;

-- What a job that completes proves covered, as {watermark, coverage}. Shards prove it together, with the last of them, and only up
-- to when the first of them listed: what changed between two listings may belong to the shard that listed earlier. Where only some
-- of them are tried again, nothing is proved, and the next run lists from the old watermark.
-- The caller holds the parent's lock, so that of two shards that end at once the second sees the first.
create function public.job_proof(job public.progressive_capture_jobs, proof jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  together jsonb;
begin
  if job.shards is null then
    return proof;
  end if;
  update progressive_capture_jobs set metadata = metadata || jsonb_build_object('proof', proof) where id = job.id;
  if job.shards > (select count(distinct s.shard) from progressive_capture_jobs s where s.parent_id = job.parent_id
                   and (s.id = job.id or s.status = 'completed') and s.metadata -> 'proof' -> 'coverage' is not null) then
    return '{}';
  end if;
  select jsonb_build_object(
      'watermark', case when bool_and(s.metadata #>> '{proof,watermark}' is not null)
                        then min((s.metadata #>> '{proof,watermark}')::timestamptz) end,
      'coverage', case when bool_and(jsonb_array_length(s.metadata #> '{proof,coverage}') > 0) then (
        select jsonb_agg(jsonb_build_object('processor', job.executed_by, 'covered', covered, 'reason', reason, 'items', items,
          'since', nullif(case when covered then latest_since else earliest_since end, '-infinity'),
          'until', case when covered then earliest_until else latest_until end)) from (
          select coalesce((c ->> 'covered')::boolean, true) as covered, max(c ->> 'reason') as reason,
            max((c ->> 'items')::integer) as items, min((c ->> 'until')::timestamptz) as earliest_until,
            max((c ->> 'until')::timestamptz) as latest_until,
            min(coalesce((c ->> 'since')::timestamptz, '-infinity')) as earliest_since,
            max(coalesce((c ->> 'since')::timestamptz, '-infinity')) as latest_since
          from progressive_capture_jobs p, jsonb_array_elements(p.metadata #> '{proof,coverage}') c
          where p.parent_id = job.parent_id and p.shards is not null group by 1) windows) end)
    into together
  from progressive_capture_jobs s where s.parent_id = job.parent_id and s.shards is not null;
  return together;
end
$$;

-- {job_id, lease_token, status, error_code, error, retryable, backoff_seconds, metrics, watermark, coverage}
-- -> completed, failed, cancelled, or pending when the same row is tried again; fenced when another worker holds it.
create function public.finish_job(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '30s'
as $$
#variable_conflict use_column
declare
  job progressive_capture_jobs;
  verdict text;
  backoff double precision;
  proof jsonb := '{}';
begin
  argument := public.unwrap(argument);
  verdict := argument ->> 'status';
  if verdict is null or verdict not in ('completed', 'failed', 'cancelled') then
    raise exception 'a job cannot be finished as %', verdict using errcode = '22023';
  end if;
  job := job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    return '{"outcome": "not_found"}';
  elsif job.lease_token is distinct from (argument ->> 'lease_token')::uuid then
    return '{"outcome": "fenced"}';
  elsif job.status <> 'processing' then
    -- The same call once more: its first answer was lost.
    return jsonb_build_object('outcome', job.status, 'next_attempt_at', job.next_attempt_at);
  end if;
  update progressive_capture_jobs set metrics = add_metrics(metrics, argument -> 'metrics') where id = job.id;
  if verdict = 'failed' and coalesce((argument ->> 'retryable')::boolean, false) and job.attempt < job.max_attempts then
    backoff := coalesce((argument ->> 'backoff_seconds')::double precision, 60 * 2 ^ (job.attempt - 1));
    update progressive_capture_jobs set
      status = 'pending', next_attempt_at = clock_timestamp() + make_interval(secs => backoff), lease_expires_at = null,
      lease_owner = null, error_code = argument ->> 'error_code', error = left(argument ->> 'error', 4000),
      updated_at = clock_timestamp()
    where id = job.id returning next_attempt_at into job.next_attempt_at;
    return jsonb_build_object('outcome', 'pending', 'next_attempt_at', job.next_attempt_at);
  end if;
  if verdict = 'completed' then
    proof := job_proof(job, jsonb_build_object('watermark', argument -> 'watermark', 'coverage', argument -> 'coverage'));
  end if;
  insert into capture_coverage (repository_id, job_id, processor, since, until, covered, reason, items)
  select job.repository_id, job.id, c ->> 'processor', (c ->> 'since')::timestamptz, (c ->> 'until')::timestamptz,
         coalesce((c ->> 'covered')::boolean, true), c ->> 'reason', coalesce((c ->> 'items')::integer, 0)
  from jsonb_array_elements(coalesce(nullif(proof -> 'coverage', 'null'), '[]')) c
  where job.repository_id is not null;
  if proof ->> 'watermark' is not null then
    update repositories set watermark = greatest(watermark, (proof ->> 'watermark')::timestamptz)
    where id = job.repository_id;
  end if;
  perform job_end(job, verdict, argument ->> 'error_code', argument ->> 'error');
  return jsonb_build_object('outcome', verdict);
end
$$;

-- {job_id, lease_token or null, reason, until or null} -> deferred. Without `until` it waits for somebody to resume it.
-- With a token a worker gives its job back, which uses up no attempt; without one the job must not be running.
create function public.defer_job(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
declare
  job progressive_capture_jobs;
  token uuid;
begin
  argument := public.unwrap(argument);
  token := (argument ->> 'lease_token')::uuid;
  job := job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    return '{"outcome": "not_found"}';
  elsif job.status in ('completed', 'failed', 'cancelled') then
    return jsonb_build_object('outcome', 'terminal', 'status', job.status);
  elsif token is not null and (job.lease_token is distinct from token) then
    return '{"outcome": "fenced"}';
  elsif token is null and job.status = 'processing' then
    return jsonb_build_object('outcome', 'held', 'status', job.status);
  elsif job.status = 'processing' and job.cancel_requested_at is not null then
    perform job_end(job, 'cancelled', 'cancelled', 'cancelled on request');
    return '{"outcome": "cancelled"}';
  elsif token is not null and job.status <> 'processing' then
    return jsonb_build_object('outcome', job.status, 'next_attempt_at', job.next_attempt_at);
  end if;
  update progressive_capture_jobs set
    status = 'deferred', deferred_reason = argument ->> 'reason', next_attempt_at = (argument ->> 'until')::timestamptz,
    attempt = case when job.status = 'processing' then greatest(attempt - 1, 0) else attempt end,
    lease_expires_at = null, lease_owner = null, claim_deadline = null, updated_at = clock_timestamp()
  where id = job.id;
  return jsonb_build_object('outcome', 'deferred', 'next_attempt_at', argument -> 'until');
end
$$;

-- {job_id, lease_token, cursor} -> pending: a worker at its deadline gives the job back at a checkpoint; no attempt is used up.
create function public.release_job(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
declare
  job progressive_capture_jobs;
begin
  argument := public.unwrap(argument);
  job := job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    return '{"outcome": "not_found"}';
  elsif job.lease_token is distinct from (argument ->> 'lease_token')::uuid then
    return '{"outcome": "fenced"}';
  elsif job.status <> 'processing' then
    return jsonb_build_object('outcome', job.status);
  elsif job.cancel_requested_at is not null then
    perform job_end(job, 'cancelled', 'cancelled', 'cancelled on request');
    return '{"outcome": "cancelled"}';
  end if;
  update progressive_capture_jobs set
    status = 'pending', attempt = greatest(attempt - 1, 0), lease_expires_at = null, lease_owner = null,
    cursor = coalesce(nullif(argument -> 'cursor', 'null'), cursor), updated_at = clock_timestamp()
  where id = job.id;
  return '{"outcome": "pending"}';
end
$$;
