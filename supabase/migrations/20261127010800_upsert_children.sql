-- The lists of pull requests, one function a dataset, called by commit_chunk. Each takes the pull requests' ids by number, the rows, `late` (an object per list:
-- pull request number -> {at, whole}: when this reading was made, and whether the stored, younger one was complete)
-- and `whole` (per list, the numbers whose list was read to its end: stored rows that are not in it are gone at the source). A late row only adds what is missing, as deleted where the younger reading was complete: the
-- tables come out the same in whatever order the readings arrive.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create function public.upsert_reviews(ids jsonb, incoming jsonb, late jsonb, whole jsonb,
                                      out written integer, out stale integer, out resolved integer, out deleted integer)
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
declare
  created integer;
  seen jsonb;
begin
  with owned as materialized (
    select j, (ids ->> (j ->> 'number'))::uuid as pull_request_id, (j ->> 'github_id')::bigint as github_id, late -> 'reviews' -> (j ->> 'number') -> 'whole' as superseded
    from jsonb_array_elements(incoming) j where ids ? (j ->> 'number')
  ), created as (
    insert into reviews as t (github_id, pull_request_id, node_id, author_key, author_association, state, body, commit_sha,
      url, submitted_at, updated_at, deleted_at)
    select o.github_id, o.pull_request_id, m.node_id, m.author_key, m.author_association, m.state, m.body,
      m.commit_sha, m.url, m.submitted_at, m.updated_at, case when o.superseded = 'true' then now() end
    from owned o cross join lateral jsonb_populate_record(null::reviews, o.j) m
    where not exists (select from reviews s where s.github_id = o.github_id)
    order by o.github_id
    on conflict (github_id) do nothing
    returning 1)
  select count(*), (select count(*) from created) into resolved, created from owned;
  written := created;
  stale := 0;
  deleted := 0;
  if created < resolved then
    with compared as materialized (
      select b.github_id, b.m, b.older or (b.late and (b.m).updated_at is not distinct from b.updated_at) as older,
             not b.late and b.deleted as revived, b.m is distinct from b.stored as differs
      from (select s.*,
                   coalesce(late -> 'reviews' ? (j ->> 'number'), false) as late, m, coalesce(m.updated_at < s.updated_at, false) as older
            from jsonb_array_elements(incoming) j
            cross join lateral (
              select t as stored, t.github_id, t.updated_at, t.deleted_at is not null as deleted from reviews t
              where t.github_id = (j ->> 'github_id')::bigint offset 0) s
            cross join lateral jsonb_populate_record(s.stored, j - array['pull_request_id', 'captured_at', 'deleted_at']) m
            offset 0) b
    ), updated as (
      update reviews t set
        node_id = (c.m).node_id, author_key = (c.m).author_key, author_association = (c.m).author_association,
        state = (c.m).state, body = (c.m).body, commit_sha = (c.m).commit_sha, url = (c.m).url,
        submitted_at = (c.m).submitted_at, updated_at = (c.m).updated_at, captured_at = now(),
        deleted_at = case when c.revived then null else t.deleted_at end
      from compared c
      where t.github_id = c.github_id and not c.older and (c.differs or c.revived)
      returning 1)
    select created + (select count(*) from updated), count(*) filter (where older) into written, stale from compared;
  end if;
  if whole ? 'reviews' then
    select coalesce(jsonb_object_agg(j ->> 'github_id', true), '{}') into seen from jsonb_array_elements(incoming) j;
    update reviews t set deleted_at = now()
    where t.pull_request_id = any (array(select (ids ->> n)::uuid from jsonb_array_elements_text(whole -> 'reviews') n))
      and t.deleted_at is null and not seen ? t.github_id::text;
    get diagnostics deleted = row_count;
  end if;
end
$$;

create function public.upsert_comments(ids jsonb, incoming jsonb, late jsonb, whole jsonb,
                                       out written integer, out stale integer, out resolved integer, out deleted integer)
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
declare
  created integer;
  seen jsonb;
  list_kind text;
  gone integer;
begin
  with owned as materialized (
    select j, (ids ->> (j ->> 'number'))::uuid as pull_request_id, j ->> 'kind' as kind, (j ->> 'github_id')::bigint as github_id,
           late -> ((j ->> 'kind') || '_comments') -> (j ->> 'number') -> 'whole' as superseded
    from jsonb_array_elements(incoming) j where ids ? (j ->> 'number')
  ), created as (
    insert into comments as t (kind, github_id, pull_request_id, node_id, review_github_id, in_reply_to_github_id,
      author_key, author_association, body, path, line, diff_hunk, commit_sha, is_minimized, minimized_reason, url,
      created_at, updated_at, deleted_at)
    select o.kind, o.github_id, o.pull_request_id, m.node_id, m.review_github_id, m.in_reply_to_github_id, m.author_key,
      m.author_association, m.body, m.path, m.line, m.diff_hunk, m.commit_sha, m.is_minimized, m.minimized_reason, m.url,
      m.created_at, m.updated_at, case when o.superseded = 'true' then now() end
    from owned o cross join lateral jsonb_populate_record(null::comments, o.j) m
    where not exists (select from comments s where s.kind = o.kind and s.github_id = o.github_id)
    order by o.kind, o.github_id
    on conflict (kind, github_id) do nothing
    returning 1)
  select count(*), (select count(*) from created) into resolved, created from owned;
  written := created;
  stale := 0;
  deleted := 0;
  if created < resolved then
    with compared as materialized (
      select b.kind, b.github_id, b.m, b.older or (b.late and (b.m).updated_at = b.updated_at) as older,
             not b.late and b.deleted as revived, b.m is distinct from b.stored as differs
      from (select s.*,
                   coalesce(late -> (s.kind || '_comments') ? (j ->> 'number'), false) as late, m, m.updated_at < s.updated_at as older
            from jsonb_array_elements(incoming) j
            cross join lateral (
              select t as stored, t.kind, t.github_id, t.updated_at, t.deleted_at is not null as deleted from comments t
              where t.kind = j ->> 'kind' and t.github_id = (j ->> 'github_id')::bigint offset 0) s
            cross join lateral jsonb_populate_record(s.stored, j - array['pull_request_id', 'captured_at', 'deleted_at']) m
            offset 0) b
    ), updated as (
      update comments t set
        node_id = (c.m).node_id, review_github_id = (c.m).review_github_id,
        in_reply_to_github_id = (c.m).in_reply_to_github_id, author_key = (c.m).author_key,
        author_association = (c.m).author_association, body = (c.m).body, path = (c.m).path, line = (c.m).line,
        diff_hunk = (c.m).diff_hunk, commit_sha = (c.m).commit_sha, is_minimized = (c.m).is_minimized,
        minimized_reason = (c.m).minimized_reason, url = (c.m).url, created_at = (c.m).created_at,
        updated_at = (c.m).updated_at, captured_at = now(), deleted_at = case when c.revived then null else t.deleted_at end
      from compared c
      where t.kind = c.kind and t.github_id = c.github_id and not c.older and (c.differs or c.revived)
      returning 1)
    select created + (select count(*) from updated), count(*) filter (where older) into written, stale from compared;
  end if;
  -- Two lists, one table: both keys have the kind in front.
  if whole ? 'inline_comments' or whole ? 'conversation_comments' then
    select coalesce(jsonb_object_agg((j ->> 'kind') || (j ->> 'github_id'), true), '{}') into seen
      from jsonb_array_elements(incoming) j;
    for list_kind in select k from unnest(array['inline', 'conversation']) k where whole ? (k || '_comments') loop
      update comments t set deleted_at = now()
      where t.pull_request_id = any (array(
          select (ids ->> n)::uuid from jsonb_array_elements_text(whole -> (list_kind || '_comments')) n))
        and t.kind = list_kind and t.deleted_at is null and not seen ? (t.kind || t.github_id);
      get diagnostics gone = row_count;
      deleted := deleted + gone;
    end loop;
  end if;
end
$$;

-- Files have no time of their own: the reading's time decides alone.
create function public.upsert_file_changes(ids jsonb, incoming jsonb, late jsonb, whole jsonb,
                                           out written integer, out stale integer, out resolved integer, out deleted integer)
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
declare
  created integer;
  seen jsonb;
begin
  with owned as materialized (
    select j, (ids ->> (j ->> 'number'))::uuid as pull_request_id, j ->> 'path' as path, late -> 'file_changes' -> (j ->> 'number') as late
    from jsonb_array_elements(incoming) j where ids ? (j ->> 'number')
  ), created as (
    insert into file_changes as t (pull_request_id, path, change_type, additions, deletions, previous_path, head_sha, deleted_at,
      last_seen_at)
    select o.pull_request_id, o.path, m.change_type, m.additions, m.deletions, m.previous_path, m.head_sha,
      case when o.late -> 'whole' = 'true' then now() end,
      case when o.late -> 'whole' = 'true' then (o.late ->> 'at')::timestamptz end
    from owned o cross join lateral jsonb_populate_record(null::file_changes, o.j) m
    where not exists (select from file_changes s where s.pull_request_id = o.pull_request_id and s.path = o.path)
    order by o.pull_request_id, o.path
    on conflict (pull_request_id, path) do nothing
    returning 1)
  select count(*), (select count(*) from created) into resolved, created from owned;
  written := created;
  stale := 0;
  deleted := 0;
  if created < resolved then
    with compared as materialized (
      -- A late reading says nothing new of a file that the younger one had; of one that is gone it may be the last word.
      select b.pull_request_id, b.path, b.m, b.at, b.at is not null and (not b.deleted or b.at <= b.last_seen_at) as older,
             b.deleted and b.at is null as revived, b.m is distinct from b.stored as differs
      from (select s.*, m,
                   (late -> 'file_changes' -> (j ->> 'number') ->> 'at')::timestamptz as at
            from jsonb_array_elements(incoming) j
            cross join lateral (
              select t as stored, t.pull_request_id, t.path, t.last_seen_at, t.deleted_at is not null as deleted from file_changes t
              where t.pull_request_id = (ids ->> (j ->> 'number'))::uuid and t.path = j ->> 'path' offset 0) s
            cross join lateral jsonb_populate_record(s.stored, j - array['pull_request_id', 'captured_at', 'deleted_at', 'last_seen_at']) m
            offset 0) b
    ), updated as (
      update file_changes t set
        change_type = (c.m).change_type, additions = (c.m).additions, deletions = (c.m).deletions,
        previous_path = (c.m).previous_path, head_sha = (c.m).head_sha, captured_at = now(), last_seen_at = c.at,
        deleted_at = case when c.revived then null else t.deleted_at end
      from compared c
      where t.pull_request_id = c.pull_request_id and t.path = c.path and not coalesce(c.older, false)
        and (c.differs or c.revived or c.at is not null)
      returning 1)
    select created + (select count(*) from updated), count(*) filter (where older) into written, stale from compared;
  end if;
  if whole ? 'file_changes' then
    select coalesce(jsonb_object_agg((ids ->> (j ->> 'number')) || ':' || (j ->> 'path'), true), '{}') into seen
      from jsonb_array_elements(incoming) j;
    update file_changes t set deleted_at = now(), last_seen_at = (
      select l.listed_at from pull_request_lists l where l.pull_request_id = t.pull_request_id and l.list = 'file_changes')
    where t.pull_request_id = any (array(select (ids ->> n)::uuid from jsonb_array_elements_text(whole -> 'file_changes') n))
      and t.deleted_at is null and not seen ? (t.pull_request_id || ':' || t.path);
    get diagnostics deleted = row_count;
  end if;
end
$$;
