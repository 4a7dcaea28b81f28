-- People and pull requests. A row's absent columns keep what is stored: `jsonb_populate_record` merges it over the stored row.
-- Rows that change nothing are filtered before the write, inserts go in key order so that writers queue instead of deadlocking,
-- and plans do not hang on statistics: every step is a nested loop from the rows that came to the key of the stored ones. A plan
-- may have been made on empty tables, where reading all of a repository looks as cheap as one key; `offset 0` forbids that.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- [{key, kind, github_id, node_id, login, name, avatar_url}], seen at GitHub at `seen`. The latest sight wins, whatever
-- order they arrive in. Only a difference, or a sight an hour later than the stored one, is worth a write.
create function public.upsert_people(incoming jsonb, seen timestamptz, out written integer)
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
  changed integer := 0;
begin
  insert into contributors as c (key, kind, github_id, node_id, login, name, avatar_url, seen_at)
  select m.key, m.kind, m.github_id, m.node_id, m.login, m.name, m.avatar_url, seen
  from jsonb_populate_recordset(null::contributors, incoming) m
  where not exists (select from contributors s where s.key = m.key)
  order by m.key
  on conflict (key) do nothing;
  get diagnostics created = row_count;
  if created < jsonb_array_length(incoming) then
    with compared as materialized (
      select b.key, b.m, b.m is distinct from b.stored as differs
      from (select s.*,
                   jsonb_populate_record(s.stored, j - array['key', 'kind', 'seen_at', 'captured_at']) as m
            from jsonb_array_elements(incoming) j
            cross join lateral (
              select t as stored, t.key, t.seen_at from contributors t where t.key = j ->> 'key' and t.kind <> 'ghost'
                and (t.seen_at is null or t.seen_at <= seen) offset 0) s
            offset 0) b
      where b.m is distinct from b.stored or b.seen_at is null or b.seen_at < seen - interval '1 hour'
    ), locked as materialized (
      select c.key from contributors c where c.key in (select key from compared) order by c.key for no key update
    ), updated as (
      update contributors t set github_id = (c.m).github_id, node_id = (c.m).node_id, login = (c.m).login,
        name = (c.m).name, avatar_url = (c.m).avatar_url, seen_at = seen,
        captured_at = case when c.differs then now() else t.captured_at end
      from compared c
      where t.key = c.key and t.key in (select key from locked) and (t.seen_at is null or t.seen_at <= seen)
      returning c.differs)
    select count(*) filter (where differs) into changed from updated;
  end if;
  written := created + changed;
end
$$;

-- Pull requests by number. The lock on the stored rows comes first: whoever writes the lists of a pull request holds its row,
-- so that a late writer compares with what the earlier one committed. `fresh` are the numbers that were not there before.
create function public.upsert_pull_requests(repository uuid, incoming jsonb, numbers bigint[], executor text,
                                            out written integer, out stale integer, out fresh bigint[])
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
  changed integer := 0;
begin
  perform from (select unnest(numbers) as number order by 1) n cross join lateral (
    select from pull_requests t where t.repository_id = repository and t.number = n.number for no key update) locked;
  with created as (
    insert into pull_requests as t (repository_id, number, github_id, node_id, title, body, state, is_draft, author_key,
      author_association, merged_by_key, base_ref, head_ref, base_sha, head_sha, merge_commit_sha, additions, deletions,
      changed_files, commits, labels, locked, url, created_at, updated_at, closed_at, merged_at, captured_by)
    select repository, m.number, m.github_id, m.node_id, m.title, m.body, m.state, m.is_draft, m.author_key,
      m.author_association, m.merged_by_key, m.base_ref, m.head_ref, m.base_sha, m.head_sha, m.merge_commit_sha,
      m.additions, m.deletions, m.changed_files, m.commits, m.labels, m.locked, m.url, m.created_at, m.updated_at,
      m.closed_at, m.merged_at, executor
    from jsonb_populate_recordset(null::pull_requests, incoming) m
    where not exists (select from pull_requests s where s.repository_id = repository and s.number = m.number)
    order by m.number
    on conflict (repository_id, number) do nothing
    returning t.number)
  select coalesce(array_agg(number), '{}') into fresh from created;
  written := cardinality(fresh);
  stale := 0;
  if written < jsonb_array_length(incoming) then
    with compared as materialized (
      select b.id, b.m, (b.m).updated_at < b.updated_at as older, b.deleted or b.m is distinct from b.stored as differs
      from (select s.*, jsonb_populate_record(s.stored,
              j - array['id', 'repository_id', 'captured_at', 'captured_by', 'deleted_at']) as m
            from (select e as j, (e ->> 'number')::bigint as number from jsonb_array_elements(incoming) e offset 0) n
            cross join lateral (
              select t as stored, t.id, t.updated_at, t.deleted_at is not null as deleted from pull_requests t
              where t.repository_id = repository and t.number = n.number offset 0) s
            offset 0) b
    ), updated as (
      update pull_requests t set
        github_id = (c.m).github_id, node_id = (c.m).node_id, title = (c.m).title, body = (c.m).body, state = (c.m).state,
        is_draft = (c.m).is_draft, author_key = (c.m).author_key, author_association = (c.m).author_association,
        merged_by_key = (c.m).merged_by_key, base_ref = (c.m).base_ref, head_ref = (c.m).head_ref,
        base_sha = (c.m).base_sha, head_sha = (c.m).head_sha, merge_commit_sha = (c.m).merge_commit_sha,
        additions = (c.m).additions, deletions = (c.m).deletions, changed_files = (c.m).changed_files,
        commits = (c.m).commits, labels = (c.m).labels, locked = (c.m).locked, url = (c.m).url,
        created_at = (c.m).created_at, updated_at = (c.m).updated_at, closed_at = (c.m).closed_at,
        merged_at = (c.m).merged_at, captured_at = now(), captured_by = executor, deleted_at = null
      from compared c
      where t.id = c.id and c.differs and not c.older
      returning 1)
    select (select count(*) from updated), count(*) filter (where older) into changed, stale from compared;
    written := written + changed;
  end if;
end
$$;
