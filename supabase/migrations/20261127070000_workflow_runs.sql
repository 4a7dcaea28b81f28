-- Bulk work on GitHub's runners: spreading one job over several of them, and the minutes that GitHub bills.
-- Lock: none on existing tables. Old code survives it: yes, it only adds functions.

-- {job_id, shards, claim_deadline} -> sharded with jobs [{id, shard, shards}], all of which one workflow run is about to claim;
-- refused where the job runs already or has ended. Asked again, it answers the shards that there are.
-- A job without a parent becomes the parent of its shards. One that has a parent (the bulk slice of a split) becomes the first
-- shard and gets siblings: the parent waits for all its children already, and parents are not nested.
create function public.shard_job(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
declare
  job progressive_capture_jobs;
  wanted integer;
  gathering uuid;
  answer jsonb;
  first_new integer := 1;
begin
  argument := public.unwrap(argument);
  wanted := (argument ->> 'shards')::integer;
  job := job_lock((argument ->> 'job_id')::uuid);
  if job.id is null then
    return '{"outcome": "not_found"}';
  end if;
  gathering := case when job.is_parent then job.id when job.shards is not null then job.parent_id end;
  if gathering is null then
    if job.status not in ('pending', 'dispatched') or wanted < 2 or job.mode <> 'normal' then
      return jsonb_build_object('outcome', 'refused', 'status', job.status);
    end if;
    gathering := coalesce(job.parent_id, job.id);
    if job.parent_id is null then
      update progressive_capture_jobs set is_parent = true, status = 'pending', claim_deadline = null,
        updated_at = clock_timestamp() where id = job.id;
    else
      first_new := 2;
      update progressive_capture_jobs set shard = 1, shards = wanted, updated_at = clock_timestamp() where id = job.id;
    end if;
    for number in first_new..wanted loop
      answer := job_insert(to_jsonb(job) || jsonb_build_object(
        'id', uuid_v7(), 'status', 'pending', 'is_parent', false, 'parent_id', gathering, 'shard', number, 'shards', wanted,
        'scope_hash', job.scope_hash || '-' || number || '/' || wanted, 'retry_of', null, 'continuation_of', null,
        'cursor', null, 'metadata', '{}'::jsonb, 'next_attempt_at', null, 'deferred_reason', null));
      update progressive_capture_jobs set status = 'dispatched', handover_count = 1, dispatched_at = clock_timestamp(),
        claim_deadline = (argument ->> 'claim_deadline')::timestamptz, workflow_run_id = job.workflow_run_id,
        run_url = job.run_url, flow_run_id = job.flow_run_id, updated_at = clock_timestamp()
      where id = (answer ->> 'id')::uuid and status = 'pending';
    end loop;
  end if;
  return jsonb_build_object('outcome', 'sharded', 'jobs', (
    select coalesce(jsonb_agg(jsonb_build_object('id', id, 'shard', shard, 'shards', shards) order by shard), '[]')
    from progressive_capture_jobs
    where parent_id = gathering and shards is not null and status not in ('completed', 'failed', 'cancelled')));
end
$$;

-- {job_id, workflow_run_id, minutes} -> ok. What GitHub bills for one run of the job; the same run counts once, however often
-- it is told, and several runs (after a deferral, a deadline, a lost runner) add up. For a parent its first shard keeps the
-- account, since daily sums leave parents out.
create function public.record_minutes(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
declare
  runs jsonb;
  account uuid;
begin
  argument := public.unwrap(argument);
  account := coalesce(
    (select id from progressive_capture_jobs where parent_id = (argument ->> 'job_id')::uuid and shards is not null
      order by shard, id limit 1), (argument ->> 'job_id')::uuid);
  select coalesce(metadata -> 'run_minutes', '{}') || jsonb_build_object(argument ->> 'workflow_run_id', argument -> 'minutes')
    into runs from progressive_capture_jobs where id = account for no key update;
  if not found then
    return '{"outcome": "not_found"}';
  end if;
  update progressive_capture_jobs set
    metadata = metadata || jsonb_build_object('run_minutes', runs),
    metrics = metrics || jsonb_build_object('billed_minutes', (select sum(value::numeric) from jsonb_each_text(runs))),
    updated_at = clock_timestamp()
  where id = account;
  return '{"outcome": "ok"}';
end
$$;

-- {limit} -> jobs [{id, workflow_run_id}] that left their runner in the last day and whose run has not been billed yet.
create function public.unbilled_runs(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
begin
  argument := public.unwrap(argument);
  return jsonb_build_object('outcome', 'ok', 'jobs', (
    select coalesce(jsonb_agg(jsonb_build_object('id', id, 'workflow_run_id', workflow_run_id)), '[]') from (
      select id, workflow_run_id from progressive_capture_jobs
      where executed_by = 'github_actions' and workflow_run_id is not null and status not in ('dispatched', 'processing')
        and updated_at > now() - interval '1 day'
        and not coalesce(metadata -> 'run_minutes', '{}') ? workflow_run_id::text
        -- The shards of one run share its minutes; the first one keeps them.
        and (shards is null or shard = 1)
      order by updated_at limit least(coalesce((argument ->> 'limit')::integer, 50), 200)) as found));
end
$$;

select public.lock_down_functions();
