-- commit_chunk: rows, lists, counters, cursor, metrics and observations of some pull requests land together or not at all.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- How far each list is. A younger reading replaces an older one, never the other way round.
create function public.upsert_lists(ids jsonb, incoming jsonb, out resolved integer)
language plpgsql
set search_path = public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
begin
  with owned as materialized (
    select (ids ->> m.number::text)::uuid as id, m.* from jsonb_to_recordset(incoming) m (number bigint, list text, source_updated_at timestamptz,
      expected integer, captured integer, complete boolean, truncated boolean, listed_at timestamptz, comments_total integer)
    where ids ? m.number::text
  ), saved as (
    insert into pull_request_lists as t (pull_request_id, list, source_updated_at, expected, captured, complete, truncated,
      listed_at, comments_total)
    select o.id, o.list, o.source_updated_at, o.expected, coalesce(o.captured, 0), coalesce(o.complete, false),
      coalesce(o.truncated, false), o.listed_at, o.comments_total
    from owned o
    where not exists (select from pull_request_lists s where s.pull_request_id = o.id and s.list = o.list
      and (s.listed_at > o.listed_at or (s.listed_at, s.source_updated_at, s.captured, s.complete, s.truncated)
        = (o.listed_at, o.source_updated_at, o.captured, o.complete, o.truncated) and s.expected is not distinct from o.expected
        and s.comments_total is not distinct from o.comments_total))
    order by o.id, o.list
    on conflict (pull_request_id, list) do update set
      source_updated_at = excluded.source_updated_at, expected = excluded.expected, captured = excluded.captured,
      complete = excluded.complete, truncated = excluded.truncated, listed_at = excluded.listed_at,
      comments_total = excluded.comments_total
    where t.listed_at <= excluded.listed_at
    returning 1)
  select count(*) into resolved from owned;
end
$$;

-- What each processor saw, for comparing them: the newest version of a record per processor and reason.
create function public.upsert_observations(repository uuid, incoming jsonb, job uuid) returns void
language plpgsql
set search_path = public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
begin
  insert into capture_observations as t (repository_id, number, processor, record_kind, record_key, source_updated_at, fields,
    reason, job_id)
  select distinct on (m.number, m.record_kind, m.record_key, m.processor, m.reason)
    repository, m.number, m.processor, m.record_kind, m.record_key, m.source_updated_at, m.fields, m.reason, job
  from jsonb_populate_recordset(null::capture_observations, incoming) m
  where not exists (select from capture_observations s where s.repository_id = repository and s.number = m.number
    and s.record_kind = m.record_kind and s.record_key = m.record_key and s.processor = m.processor and s.reason = m.reason
    and (s.source_updated_at > m.source_updated_at
         or s.source_updated_at = m.source_updated_at and s.fields = m.fields and s.job_id is not distinct from job))
  order by m.number, m.record_kind, m.record_key, m.processor, m.reason, m.source_updated_at desc
  on conflict (repository_id, number, record_kind, record_key, processor, reason) do update set
    source_updated_at = excluded.source_updated_at, fields = excluded.fields, job_id = excluded.job_id, observed_at = now()
  where t.source_updated_at <= excluded.source_updated_at;
end
$$;

-- {job_id, lease_token, repository_id, chunk, key, cursor, items_done, items_incomplete, items_total, metrics}
-- -> committed with received (rows that arrived), written, unchanged, stale, deleted, people; or fenced.
-- items_done, items_incomplete and metrics are added once per `key`. A dataset of the chunk goes to its upsert_<dataset>.
create function public.commit_chunk(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '60s'
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
declare
  job record;
  chunk jsonb;
  repository uuid;
  dataset text;
  part record;
  numbers bigint[];
  ids jsonb := '{}';
  late jsonb := '{}';
  whole jsonb := '{}';
  seen timestamptz;
  received integer := 0;
  rows_received integer := 0;
  people integer := 0;
  written integer := 0;
  stale integer := 0;
  deleted integer := 0;
  fresh bigint[] := '{}';
  token uuid;
begin
  argument := public.unwrap(argument);
  chunk := argument -> 'chunk';
  repository := (argument ->> 'repository_id')::uuid;
  token := (argument ->> 'lease_token')::uuid;
  select j.id, j.executed_by into job from progressive_capture_jobs j
    where j.id = (argument ->> 'job_id')::uuid and j.status = 'processing' and j.lease_token = token;
  if not found then
    return '{"outcome": "fenced"}';
  end if;
  select coalesce(sum(jsonb_array_length(value)), 0) into received from jsonb_each(chunk);
  begin -- undone as a whole where the fence at its end refuses
    select array_agg(distinct (j ->> 'number')::bigint), max((j ->> 'listed_at')::timestamptz) into numbers, seen from (
      select e.j from jsonb_each(chunk) d, jsonb_array_elements(d.value) e (j)
      where d.key not in ('people', 'observations')) named;
    if jsonb_array_length(chunk -> 'people') > 0 then
      people := upsert_people(chunk -> 'people', coalesce(seen, now()));
    end if;
    if numbers is not null then
      select * into part from upsert_pull_requests(repository, chunk -> 'pull_requests', numbers, job.executed_by);
      written := part.written;
      stale := part.stale;
      fresh := part.fresh;
      select coalesce(jsonb_object_agg(p.number, p.id), '{}') into ids from unnest(numbers) n cross join lateral (
        select t.number, t.id from pull_requests t where t.repository_id = repository and t.number = n offset 0) p;
      rows_received := jsonb_array_length(chunk -> 'pull_requests');
    end if;
    if jsonb_array_length(chunk -> 'lists') > 0 then
      -- Readings older than the stored one, and lists to compare as a whole (nothing can be missing from a new pull request).
      with readings as materialized (
        select l ->> 'list' as list, (l ->> 'number')::bigint as number, s.complete, l ->> 'listed_at' as listed_at, (l ->> 'complete')::boolean as read_whole,
               coalesce(s.listed_at > (l ->> 'listed_at')::timestamptz, false) as overtaken
        from jsonb_array_elements(chunk -> 'lists') l
        left join pull_request_lists s on s.pull_request_id = (ids ->> (l ->> 'number'))::uuid and s.list = l ->> 'list'
        where (l ->> 'number')::bigint <> all (fresh))
      select (select coalesce(jsonb_object_agg(list, numbers), '{}') from (
                select list, jsonb_object_agg(number, jsonb_build_object('at', listed_at, 'whole', complete)) as numbers
                from readings where overtaken group by list) o),
             (select coalesce(jsonb_object_agg(list, numbers), '{}') from (
                select list, jsonb_agg(number) as numbers from readings where read_whole and not overtaken group by list) w)
        into late, whole;
    end if;
    for dataset in select k from jsonb_object_keys(chunk) k
        where k not in ('people', 'pull_requests', 'lists', 'observations')
          and (jsonb_array_length(chunk -> k) > 0 or whole <> '{}') order by k loop
      execute format('select * from public.%I($1, $2, $3, $4)', 'upsert_' || dataset)
        into part using ids, chunk -> dataset, late, whole;
      if part.resolved < jsonb_array_length(chunk -> dataset) then
        raise exception '% rows of % name a pull request that is not stored',
          jsonb_array_length(chunk -> dataset) - part.resolved, dataset using errcode = '23503';
      end if;
      rows_received := rows_received + part.resolved;
      written := written + part.written;
      stale := stale + part.stale;
      deleted := deleted + part.deleted;
    end loop;
    if jsonb_array_length(chunk -> 'lists') > 0
       and upsert_lists(ids, chunk -> 'lists') < jsonb_array_length(chunk -> 'lists') then
      raise exception 'lists name a pull request that is not stored' using errcode = '23503';
    end if;
    if jsonb_array_length(chunk -> 'observations') > 0 then
      perform upsert_observations(repository, chunk -> 'observations', job.id);
    end if;

    -- The fence, last: rows are locked before the job by every writer, and a worker that took over has changed the token.
    update progressive_capture_jobs j set
      cursor = coalesce(nullif(argument -> 'cursor', 'null'), j.cursor),
      items_total = coalesce((argument ->> 'items_total')::integer, j.items_total),
      items_done = j.items_done + case when argument ->> 'key' = any (j.recent_chunks) then 0 else coalesce((argument ->> 'items_done')::integer, 0) end,
      items_incomplete = j.items_incomplete
        + case when argument ->> 'key' = any (j.recent_chunks) then 0 else coalesce((argument ->> 'items_incomplete')::integer, 0) end,
      metrics = case when argument ->> 'key' = any (j.recent_chunks) then j.metrics else add_metrics(j.metrics, argument -> 'metrics') end,
      recent_chunks = case when argument ->> 'key' = any (j.recent_chunks) or argument ->> 'key' is null then j.recent_chunks
                           else (argument ->> 'key') || j.recent_chunks[1:63] end,
      rows_written = j.rows_written + written, repository_id = coalesce(j.repository_id, repository),
      first_row_at = case when written > 0 then coalesce(j.first_row_at, clock_timestamp()) else j.first_row_at end,
      updated_at = clock_timestamp()
    where j.id = job.id and j.status = 'processing' and j.lease_token = token;
    if not found then
      raise exception 'fenced' using errcode = 'CF001';
    end if;
  exception when sqlstate 'CF001' then
    return '{"outcome": "fenced"}';
  end;
  return jsonb_build_object('outcome', 'committed', 'received', received, 'written', written,
    'unchanged', rows_received - written - stale, 'stale', stale, 'deleted', deleted, 'people', people);
end
$$;
