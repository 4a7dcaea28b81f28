-- Reading jobs and repositories. Every list is a page by key; an empty page is the end.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create function public.get_job(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  job progressive_capture_jobs;
begin
  argument := public.unwrap(argument);
  select * into job from progressive_capture_jobs j where j.id = (argument ->> 'job_id')::uuid;
  if not found then
    return '{"outcome": "not_found"}';
  end if;
  return jsonb_build_object('outcome', 'ok', 'job', job_json(job));
end
$$;

-- {status, owner, name, processor, parent_id, after_id, limit} -> jobs, newest first.
create function public.list_jobs(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  jobs jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(job_json(page) order by page.id desc), '[]') into jobs from (
    select * from progressive_capture_jobs j
    where (argument ->> 'status' is null or j.status = argument ->> 'status')
      and (argument ->> 'owner' is null or lower(j.owner) = lower(argument ->> 'owner'))
      and (argument ->> 'name' is null or lower(j.name) = lower(argument ->> 'name'))
      and (argument ->> 'processor' is null or j.processor_type = argument ->> 'processor')
      and (argument ->> 'parent_id' is null or j.parent_id = (argument ->> 'parent_id')::uuid)
      and (argument ->> 'after_id' is null or j.id < (argument ->> 'after_id')::uuid)
    order by j.id desc limit least(coalesce((argument ->> 'limit')::integer, 100), 1000)) page;
  return jsonb_build_object('outcome', 'ok', 'jobs', jobs);
end
$$;

-- {limit, processor} -> jobs that may be handed over or run now, the most urgent first.
create function public.due_jobs(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  jobs jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(job_json(page) order by page.priority desc, page.created_at), '[]') into jobs from (
    select * from progressive_capture_jobs j
    where j.status = 'pending' and not j.is_parent and j.cancel_requested_at is null
      and (j.next_attempt_at is null or j.next_attempt_at <= clock_timestamp())
      and (argument ->> 'processor' is null or j.processor_type = argument ->> 'processor')
    order by j.priority desc, j.created_at limit least(coalesce((argument ->> 'limit')::integer, 100), 1000)) page;
  return jsonb_build_object('outcome', 'ok', 'jobs', jobs);
end
$$;

-- {parent_id} -> all children of a parent, oldest first (a backfill has at most some hundred shards).
create function public.children(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  jobs jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(job_json(j) order by j.id), '[]') into jobs
    from progressive_capture_jobs j where j.parent_id = (argument ->> 'parent_id')::uuid;
  return jsonb_build_object('outcome', 'ok', 'jobs', jobs);
end
$$;

-- {id} or {github_id} or {owner, name} -> the repository. Names are not unique over time: the holder seen last has it.
create function public.find_repository(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  found_row repositories;
begin
  argument := public.unwrap(argument);
  if argument ->> 'id' is not null then
    select * into found_row from repositories r where r.id = (argument ->> 'id')::uuid;
  elsif argument ->> 'github_id' is not null then
    select * into found_row from repositories r where r.github_id = (argument ->> 'github_id')::bigint;
  else
    select * into found_row from repositories r
      where lower(r.owner || '/' || r.name) = lower((argument ->> 'owner') || '/' || (argument ->> 'name'))
        and r.name_lost_at is null  -- whoever is asked for under a lost name may be anybody by now
      order by r.captured_at desc limit 1;
  end if;
  if found_row.id is null then
    return '{"outcome": "not_found"}';
  end if;
  return jsonb_build_object('outcome', 'ok', 'repository', to_jsonb(found_row));
end
$$;

-- {tracked, after_id, limit} -> repositories by id.
create function public.list_repositories(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  found_rows jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(to_jsonb(page) order by page.id), '[]') into found_rows from (
    select * from repositories r
    where (argument ->> 'tracked' is null or r.tracked = (argument ->> 'tracked')::boolean)
      and (argument ->> 'after_id' is null or r.id > (argument ->> 'after_id')::uuid)
    order by r.id limit least(coalesce((argument ->> 'limit')::integer, 100), 1000)) page;
  return jsonb_build_object('outcome', 'ok', 'repositories', found_rows);
end
$$;

-- {repository_id | github_id | owner and name, access, reason} -> ok or not_found. Why a repository cannot be read, or again can.
create function public.set_access(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
declare
  target uuid;
begin
  argument := public.unwrap(argument);
  target := (find_repository(argument || jsonb_build_object('id', argument -> 'repository_id')) -> 'repository' ->> 'id')::uuid;
  update repositories set access = argument ->> 'access', access_reason = argument ->> 'reason' where id = target;
  return jsonb_build_object('outcome', case when found then 'ok' else 'not_found' end, 'repository_id', target);
end
$$;

-- {repository_id | github_id | owner and name, tracked, node_id} -> ok, created, or not_found. Schedules follow what is tracked;
-- a repository that was never seen needs its github_id, owner and name.
create function public.track_repository(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '15s'
as $$
#variable_conflict use_column
declare
  target uuid;
  wanted boolean;
begin
  argument := public.unwrap(argument);
  wanted := coalesce((argument ->> 'tracked')::boolean, true);
  target := (find_repository(argument || jsonb_build_object('id', argument -> 'repository_id')) -> 'repository' ->> 'id')::uuid;
  if target is not null then
    update repositories set tracked = wanted where id = target;
    return jsonb_build_object('outcome', 'ok', 'repository_id', target);
  elsif argument ->> 'github_id' is null or not wanted then
    return '{"outcome": "not_found"}';
  end if;
  insert into repositories as r (github_id, node_id, owner, name, tracked)
  values ((argument ->> 'github_id')::bigint, argument ->> 'node_id', argument ->> 'owner', argument ->> 'name', true)
  on conflict (github_id) do update set tracked = true
  returning r.id into target;
  return jsonb_build_object('outcome', 'created', 'repository_id', target);
end
$$;
