-- Jobs that wait for a processor, a resume or the rollout: listing them, letting them go on, moving them elsewhere.
-- Lock: none on existing tables. Old code survives it: yes, it only adds functions.

-- {reasons, after_id, limit}: deferred jobs that wait for something other than a time, with what the rollout asks about.
create function public.list_waiting(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  found jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(jsonb_build_object(
      'job', public.job_json(page.job), 'github_id', page.github_id, 'total', page.pull_requests_total)
      order by (page.job).id), '[]') into found
    from (
      select j as job, r.github_id, r.pull_requests_total
        from progressive_capture_jobs j left join repositories r on r.id = j.repository_id
        where j.status = 'deferred' and j.next_attempt_at is null
          and j.deferred_reason in (select jsonb_array_elements_text(argument -> 'reasons'))
          and (argument ->> 'after_id' is null or j.id > (argument ->> 'after_id')::uuid)
        order by j.id limit least(coalesce((argument ->> 'limit')::integer, 100), 500)
    ) page;
  return jsonb_build_object('outcome', 'ok', 'waiting', found);
end
$$;

-- {job_ids}: what the jobs waited for has come; they may be handed over.
create function public.release_waiting(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '30s'
as $$
declare
  released jsonb;
begin
  argument := public.unwrap(argument);
  with freed as (
    update progressive_capture_jobs set status = 'pending', deferred_reason = null, updated_at = now()
      where status = 'deferred' and next_attempt_at is null
        and id in (select value::uuid from jsonb_array_elements_text(argument -> 'job_ids'))
      returning id
  ) select coalesce(jsonb_agg(id order by id), '[]') into released from freed;
  return jsonb_build_object('outcome', 'ok', 'released', released);
end
$$;

-- {job_id, processor, job_type, priority, reason}: work that nobody holds goes to the other processor. The decision keeps
-- what was decided first, and says that it was moved.
create function public.redirect_job(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  moved public.progressive_capture_jobs;
begin
  argument := public.unwrap(argument);
  update progressive_capture_jobs set
      processor_type = argument ->> 'processor', job_type = argument ->> 'job_type',
      priority = (argument ->> 'priority')::integer, updated_at = now(),
      decision = coalesce(decision, '{}') || jsonb_build_object('moved', jsonb_build_object(
        'from', processor_type, 'to', argument ->> 'processor', 'reason', argument ->> 'reason', 'at', now()))
    where id = (argument ->> 'job_id')::uuid and status = 'pending' and not is_parent
    returning * into moved;
  if not found then
    return jsonb_build_object('outcome', 'refused', 'reason', 'only pending jobs can be moved');
  end if;
  return jsonb_build_object('outcome', 'ok', 'job', public.job_json(moved));
end
$$;

-- {job_id, numbers}: the real-time slice of a split says which of its items the bulk slice must see again, where the
-- decision could not know them. What is set already stays.
create function public.record_overlap(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  band bigint[];
  answer jsonb;
begin
  argument := public.unwrap(argument);
  select array_agg(value::bigint order by value::bigint) into band from jsonb_array_elements_text(argument -> 'numbers');
  with told as (
    update progressive_capture_jobs j set overlap_numbers = band, updated_at = now()
      from progressive_capture_jobs mine
      where mine.id = (argument ->> 'job_id')::uuid
        and (j.id = mine.id or (j.parent_id = mine.parent_id and (j.decision ->> 'overlap')::boolean))
        and j.overlap_numbers is null and j.status not in ('completed', 'failed', 'cancelled')
      returning j.id
  ) select jsonb_agg(id order by id) into answer from told;
  return jsonb_build_object('outcome', 'ok', 'jobs', coalesce(answer, '[]'));
end
$$;

-- {limit}: bulk jobs that were handed to a workflow run and are not being worked on: their runs may have died.
create function public.silent_runs(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  found jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(public.job_json(page.job) order by (page.job).id), '[]') into found from (
    select j as job from progressive_capture_jobs j
      where j.processor_type = 'github_actions' and j.workflow_run_id is not null
        and ((j.status = 'processing' and j.lease_expires_at < clock_timestamp())
             or (j.status = 'dispatched' and j.claim_deadline < clock_timestamp()))
      order by j.id limit least(coalesce((argument ->> 'limit')::integer, 100), 500)
  ) page;
  return jsonb_build_object('outcome', 'ok', 'jobs', found);
end
$$;

-- {job_id, error_code, error, retry_seconds}: a processor refused the job (unknown workflow, refused inputs, bad
-- configuration). It is tried again after some time, or without one fails with its code. A job that was claimed meanwhile
-- arrived after all and stays as it is.
create function public.handover_refused(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  job public.progressive_capture_jobs;
begin
  argument := public.unwrap(argument);
  job := public.job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    return jsonb_build_object('outcome', 'not_found', 'status', null);
  elsif job.status not in ('pending', 'dispatched') then
    return jsonb_build_object('outcome', 'overtaken', 'status', job.status);
  elsif argument ->> 'retry_seconds' is null then
    perform public.job_end(job, 'failed', argument ->> 'error_code', argument ->> 'error');
    return jsonb_build_object('outcome', 'ok', 'status', 'failed');
  end if;
  update progressive_capture_jobs set status = 'deferred', deferred_reason = 'handover_refused',
      error_code = argument ->> 'error_code', error = left(argument ->> 'error', 4000), claim_deadline = null,
      next_attempt_at = clock_timestamp() + make_interval(secs => (argument ->> 'retry_seconds')::double precision),
      updated_at = clock_timestamp()
    where id = job.id;
  return jsonb_build_object('outcome', 'ok', 'status', 'deferred');
end
$$;

select public.lock_down_functions();
