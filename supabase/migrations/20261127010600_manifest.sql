-- The manifest: what GitHub's listing says exists, page by page, one transaction a page.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- The repository by GitHub's id; a rename is recorded, and a name that another repository had is taken from it.
create function public.note_repository(row_json jsonb, total integer) returns uuid
language plpgsql
set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  stored repositories;
  merged repositories;
begin
  select * into stored from repositories where github_id = (row_json ->> 'github_id')::bigint for no key update;
  if not found then
    insert into repositories as r (github_id, node_id, owner, name, default_branch, is_private, is_fork, is_archived,
                                   pull_requests_total, stars, created_at)
    select m.github_id, m.node_id, m.owner, m.name, m.default_branch, m.is_private, m.is_fork, m.is_archived,
           coalesce(m.pull_requests_total, total), m.stars, m.created_at
    from jsonb_populate_record(null::repositories, row_json) m
    on conflict (github_id) do nothing;
    select * into stored from repositories where github_id = (row_json ->> 'github_id')::bigint for no key update;
  end if;
  merged := jsonb_populate_record(stored, row_json - array['id', 'tracked', 'watermark', 'access', 'previous_names']);
  update repositories r set
    node_id = merged.node_id, owner = merged.owner, name = merged.name, default_branch = merged.default_branch,
    is_private = merged.is_private, is_fork = merged.is_fork, is_archived = merged.is_archived, stars = merged.stars,
    created_at = merged.created_at, pull_requests_total = coalesce(total, merged.pull_requests_total),
    access = 'active', access_reason = null, name_lost_at = null, deleted_at = null, captured_at = now(),
    previous_names = case when (merged.owner, merged.name) = (stored.owner, stored.name)
      or stored.owner || '/' || stored.name = any (stored.previous_names) then stored.previous_names
      else stored.previous_names || (stored.owner || '/' || stored.name) end
  where r.id = stored.id;
  update repositories r set name_lost_at = now(),
    access_reason = 'the name belongs to repository ' || merged.github_id || ' now'
  where lower(r.owner || '/' || r.name) = lower(merged.owner || '/' || merged.name) and r.id <> stored.id
    and r.name_lost_at is null;
  return stored.id;
end
$$;

-- {job_id, lease_token, repository, scan, items, gone} -> committed with repository_id, scan_id, written, unchanged, stale, deleted.
-- `scan.pages` counts from the scan's start, so that a repeated page is counted once; `gone` names numbers that do not exist.
create function public.commit_manifest(argument jsonb) returns jsonb
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
  job uuid := null;
  repository uuid;
  scan manifest_scans;
  page manifest_scans;
  items jsonb;
  received integer;
  counted boolean;
  created integer;
  changed integer := 0;
  stale integer := 0;
  deleted integer := 0;
  missing bigint[] := '{}';
begin
  argument := public.unwrap(argument);
  items := coalesce(argument -> 'items', '[]');
  received := jsonb_array_length(items);
  select id into job from progressive_capture_jobs where id = (argument ->> 'job_id')::uuid and status = 'processing'
    and lease_token = (argument ->> 'lease_token')::uuid;
  if not found then
    return '{"outcome": "fenced"}';
  end if;
  begin -- undone as a whole where the fence at its end refuses

  page := jsonb_populate_record(null::manifest_scans, argument -> 'scan');
  repository := note_repository(argument -> 'repository', page.total_count);
  insert into manifest_scans as s (id, repository_id, job_id, kind, since, until, started_at, total_count)
  values (coalesce(page.id, uuid_v7()), repository, job, page.kind, page.since, page.until, page.started_at, page.total_count)
  on conflict (id) do update set total_count = coalesce(excluded.total_count, s.total_count)
  returning * into scan;
  counted := coalesce(page.pages, scan.pages + 1) > scan.pages;
  update manifest_scans s set
    pages = case when counted then coalesce(page.pages, s.pages + 1) else s.pages end,
    listed = case when counted then s.listed + received else s.listed end,
    cursor = page.cursor, complete = s.complete or coalesce(page.complete, false),
    finished_at = case when coalesce(page.complete, false) then coalesce(s.finished_at, now()) else s.finished_at end
  where s.id = scan.id returning * into scan;

  perform from (select (j ->> 'number')::bigint as number from jsonb_array_elements(items) j order by 1) n
    cross join lateral (select from pull_request_manifest t
      where t.repository_id = repository and t.number = n.number for no key update) locked;
  insert into pull_request_manifest as t (repository_id, number, node_id, github_id, updated_at, created_at, reviews,
    inline_comments, conversation_comments, file_changes, comments_total, scan_id)
  select repository, m.number, m.node_id, m.github_id, m.updated_at, m.created_at, m.reviews, m.inline_comments,
    m.conversation_comments, m.file_changes, m.comments_total, scan.id
  from jsonb_populate_recordset(null::pull_request_manifest, items) m
  where not exists (select from pull_request_manifest s where s.repository_id = repository and s.number = m.number)
  order by m.number
  on conflict (repository_id, number) do nothing;
  get diagnostics created = row_count;
  if created < received then
    -- A full scan marks every row it saw, since what it did not see is gone; other scans leave unchanged rows alone.
    with compared as materialized (
      select repository, b.number, b.m, (b.m).updated_at < b.updated_at as older,
        (b.m).updated_at >= b.updated_at and (b.deleted or b.m is distinct from b.stored) as differs
      from (select s.*, jsonb_populate_record(s.stored,
              j - array['repository_id', 'scan_id', 'listed_at', 'deleted_at']) as m
            from (select e as j, (e ->> 'number')::bigint as number from jsonb_array_elements(items) e offset 0) n
            cross join lateral (
              select t as stored, t.number, t.updated_at, t.deleted_at is not null as deleted from pull_request_manifest t
              where t.repository_id = repository and t.number = n.number offset 0) s
            offset 0) b
    ), updated as (
      update pull_request_manifest t set
        node_id = (c.m).node_id, github_id = (c.m).github_id, updated_at = (c.m).updated_at, created_at = (c.m).created_at,
        reviews = (c.m).reviews, inline_comments = (c.m).inline_comments,
        conversation_comments = (c.m).conversation_comments, file_changes = (c.m).file_changes,
        comments_total = (c.m).comments_total,
        scan_id = scan.id, listed_at = now(), deleted_at = null
      from compared c
      where t.repository_id = c.repository and t.number = c.number
        and (c.differs or (scan.kind = 'full' and t.scan_id is distinct from scan.id and not c.older))
      returning c.differs)
    select (select count(*) filter (where differs) from updated), count(*) filter (where older)
      into changed, stale from compared;
    if scan.kind = 'full' and stale > 0 then
      update pull_request_manifest t set scan_id = scan.id
      from (select repository, (j ->> 'number')::bigint as number from jsonb_array_elements(items) j offset 0) n
      where t.repository_id = n.repository and t.number = n.number and t.scan_id is distinct from scan.id;
    end if;
  end if;
  -- Seen in the listing: not deleted.
  update pull_requests p set deleted_at = null
  from (select repository, (j ->> 'number')::bigint as number, (j ->> 'updated_at')::timestamptz as updated_at
        from jsonb_array_elements(items) j offset 0) n
  where p.repository_id = n.repository and p.number = n.number and p.deleted_at is not null and n.updated_at >= p.updated_at;

  select coalesce(array_agg(value::bigint), '{}') into missing
    from jsonb_array_elements_text(coalesce(argument -> 'gone', '[]'));
  -- A listing that is shorter than GitHub's own total proves nothing about what it lacks.
  if scan.kind = 'full' and coalesce(page.complete, false) and scan.listed >= coalesce(scan.total_count, 0) then
    select missing || coalesce(array_agg(t.number), '{}') into missing from pull_request_manifest t
    where t.repository_id = repository and t.scan_id is distinct from scan.id and t.deleted_at is null
      and t.listed_at < least(scan.started_at, scan.recorded_at);
  end if;
  if cardinality(missing) > 0 then
    update pull_request_manifest t set deleted_at = now()
    where t.repository_id = repository and t.number = any (missing) and t.deleted_at is null;
    get diagnostics deleted = row_count;
    update pull_requests p set deleted_at = now()
    where p.repository_id = repository and p.number = any (missing) and p.deleted_at is null;
  end if;

  -- The fence, last: rows are locked before the job by every writer, and a worker that took over has changed the token.
  update progressive_capture_jobs set repository_id = repository, updated_at = clock_timestamp()
    where id = job and status = 'processing' and lease_token = (argument ->> 'lease_token')::uuid;
  if not found then
    raise exception 'fenced' using errcode = 'CF001';
  end if;
  exception when sqlstate 'CF001' then
    return '{"outcome": "fenced"}';
  end;
  return jsonb_build_object('outcome', 'committed', 'received', received, 'repository_id', repository, 'scan_id', scan.id,
    'written', created + changed, 'unchanged', received - created - changed - stale, 'stale', stale, 'deleted', deleted);
end
$$;
