-- Submitting work: one active job per scope, throttles, parents with their children in one transaction; retries.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- The one place that inserts a job. Answers {id, outcome, status, next_time}; `created` also on a repeated call, since
-- the caller chose the id.
create function public.job_insert(entry jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  wanted progressive_capture_jobs;
  standing record;
  parent_status text;
begin
  wanted := jsonb_populate_record(null::progressive_capture_jobs, entry);
  if (entry ->> 'throttle_seconds') is not null then
    select j.id, j.status, j.completed_at + make_interval(secs => (entry ->> 'throttle_seconds')::double precision) as until
      into standing
      from progressive_capture_jobs j
      where j.scope_hash = wanted.scope_hash and j.trigger = wanted.trigger and j.status = 'completed'
      order by j.completed_at desc limit 1;
    if found and standing.until > clock_timestamp() then
      return jsonb_build_object('id', standing.id, 'outcome', 'throttled', 'status', standing.status,
                                'next_time', standing.until);
    end if;
  end if;
  if wanted.parent_id is not null then
    select j.status into parent_status from progressive_capture_jobs j where j.id = wanted.parent_id for no key update;
    if parent_status is null or parent_status in ('completed', 'failed', 'cancelled') then
      wanted.parent_id := null;
    end if;
  end if;
  for attempt in 1..5 loop
    insert into progressive_capture_jobs as j (
      id, job_type, repository_id, owner, name, processor_type, status, mode, trigger, priority, time_range_days, since,
      until, numbers, overlap_numbers, max_items, datasets, decision, scope_hash, parent_id, is_parent, retry_of,
      continuation_of, shard, shards, max_attempts, next_attempt_at, deferred_reason, cursor, metadata, started_at,
      completed_at)
    values (
      coalesce(wanted.id, uuid_v7()), wanted.job_type, wanted.repository_id, wanted.owner, wanted.name,
      wanted.processor_type, coalesce(wanted.status, 'pending'), coalesce(wanted.mode, 'normal'), wanted.trigger,
      coalesce(wanted.priority, 0), wanted.time_range_days, wanted.since, wanted.until, wanted.numbers,
      wanted.overlap_numbers, wanted.max_items,
      coalesce(wanted.datasets, array['pull_requests', 'reviews', 'comments', 'file_changes']), wanted.decision,
      wanted.scope_hash, wanted.parent_id, coalesce(wanted.is_parent, false), wanted.retry_of, wanted.continuation_of,
      wanted.shard, wanted.shards, coalesce(wanted.max_attempts, 4), wanted.next_attempt_at, wanted.deferred_reason,
      wanted.cursor, coalesce(wanted.metadata, '{}'),
      case when wanted.status = 'completed' then now() end, case when wanted.status = 'completed' then now() end)
    on conflict do nothing
    returning j.id, j.status into standing;
    if found then
      return jsonb_build_object('id', standing.id, 'outcome', 'created', 'status', standing.status);
    end if;
    -- The same call once more (its answer was lost), or another active job of this scope.
    select j.id, j.status into standing from progressive_capture_jobs j where j.id = wanted.id;
    if found then
      return jsonb_build_object('id', standing.id, 'outcome', 'created', 'status', standing.status);
    end if;
    select j.id, j.status into standing from progressive_capture_jobs j
      where j.scope_hash = wanted.scope_hash and j.status in ('pending', 'dispatched', 'processing', 'deferred');
    if found then
      return jsonb_build_object('id', standing.id, 'outcome', 'duplicate', 'status', standing.status);
    end if;
    -- It ended between the two statements: the place is free again.
  end loop;
  raise exception 'no place for scope % after five tries', wanted.scope_hash using errcode = '40001';
end
$$;

-- {jobs: [NewJob with id and, for a child, `parent` as index]} -> {results: [...]}, parallel to the input.
create function public.submit_jobs(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '30s'
as $$
#variable_conflict use_column
declare
  entry jsonb;
  place integer := 0;
  results jsonb[] := '{}';
  answer jsonb;
  parent jsonb;
  created_children integer[] := '{}';
  parent_place integer;
begin
  argument := public.unwrap(argument);
  for entry in select value from jsonb_array_elements(argument -> 'jobs') loop
    place := place + 1;
    created_children := created_children || 0;
    parent_place := (entry ->> 'parent')::integer + 1;
    if parent_place is null then
      answer := job_insert(entry);
    else
      parent := results[parent_place];
      if parent ->> 'outcome' = 'created' then
        answer := job_insert(entry || jsonb_build_object('parent_id', parent -> 'id'));
        if answer ->> 'outcome' = 'created' then
          created_children[parent_place] := created_children[parent_place] + 1;
        end if;
      else
        answer := parent || '{"outcome": "duplicate"}';
      end if;
    end if;
    results := results || answer;
  end loop;
  -- A parent all of whose children exist elsewhere would never end: it was never there.
  place := 0;
  for entry in select value from jsonb_array_elements(argument -> 'jobs') loop
    place := place + 1;
    if coalesce((entry ->> 'is_parent')::boolean, false) and results[place] ->> 'outcome' = 'created'
       and created_children[place] = 0 and coalesce(entry ->> 'status', 'pending') <> 'completed' then
      select value into answer from jsonb_array_elements(argument -> 'jobs') with ordinality as child (value, i)
        where (child.value ->> 'parent')::integer + 1 = place limit 1;
      if answer is not null then
        select results[i] into parent from jsonb_array_elements(argument -> 'jobs') with ordinality as child (value, i)
          where (child.value ->> 'parent')::integer + 1 = place order by i limit 1;
        delete from progressive_capture_jobs where id = (results[place] ->> 'id')::uuid;
        results[place] := parent;
      end if;
    end if;
  end loop;
  return jsonb_build_object('outcome', 'ok', 'received', place, 'results', to_jsonb(results));
end
$$;

-- {job_id, id} -> a new pending job that repeats an ended one; a parent is repeated with the children that did not complete.
create function public.retry_job(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '30s'
as $$
#variable_conflict use_column
declare
  old progressive_capture_jobs;
  child progressive_capture_jobs;
  answer jsonb;
  -- What belongs to the earlier life of a job.
  forget text[] := array['id', 'status', 'parent_id', 'attempt', 'next_attempt_at', 'deferred_reason', 'cursor',
                         'completed_at', 'started_at'];
begin
  argument := public.unwrap(argument);
  select * into old from progressive_capture_jobs where id = (argument ->> 'job_id')::uuid;
  if not found then
    return '{"outcome": "not_found"}';
  end if;
  if old.status not in ('completed', 'failed', 'cancelled') then
    return jsonb_build_object('outcome', 'duplicate', 'id', old.id, 'status', old.status);
  end if;
  answer := job_insert((to_jsonb(old) - forget)
    || jsonb_build_object('retry_of', old.id, 'id', coalesce(argument -> 'id', to_jsonb(uuid_v7()))));
  if old.is_parent and answer ->> 'outcome' = 'created' then
    for child in select * from progressive_capture_jobs where parent_id = old.id and status <> 'completed' order by id loop
      perform job_insert((to_jsonb(child) - forget)
        || jsonb_build_object('retry_of', child.id, 'parent_id', answer -> 'id'));
    end loop;
    if not exists (select from progressive_capture_jobs where parent_id = (answer ->> 'id')::uuid) then
      delete from progressive_capture_jobs where id = (answer ->> 'id')::uuid;
      return jsonb_build_object('outcome', 'nothing_left', 'id', old.id, 'status', old.status);
    end if;
  end if;
  return answer;
end
$$;
