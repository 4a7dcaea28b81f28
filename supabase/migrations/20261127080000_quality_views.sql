-- What the quality suites read: views over the captured rows that still exist at the source, cut to a repository and a window.
-- The window is a setting of the session (`dq.repository`, `dq.since`, `dq.until`), so that validations may run side by side and
-- need no right to write. Unset means everything. The conditions can use the indexes by (repository_id, updated_at).
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create schema dq;
-- What completeness reads of every pull request, without their bodies.
create index pull_requests_present on public.pull_requests (repository_id, number) include (id, updated_at) where deleted_at is null;
create index reviews_present on public.reviews (pull_request_id) where deleted_at is null;
create index comments_present on public.comments (pull_request_id, kind) where deleted_at is null;

grant usage on schema dq to service_role;

create function dq.since() returns timestamptz language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('dq.since', true), '')::timestamptz, '-infinity'::timestamptz) $$;

create function dq.until() returns timestamptz language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('dq.until', true), '')::timestamptz, 'infinity'::timestamptz) $$;

-- Whether the session looks at everything: whole tables are read differently from a window.
create function dq.unbounded() returns boolean language sql stable parallel safe
as $$ select coalesce(current_setting('dq.since', true), '') = '' and coalesce(current_setting('dq.until', true), '') = ''
  and coalesce(current_setting('dq.repository', true), '') = '' $$;

create function dq.repository() returns uuid language sql stable parallel safe
as $$ select nullif(current_setting('dq.repository', true), '')::uuid $$;

-- Whether Postgres knows too little of the tables to plan joins of them: never analysed, or much was written since. Whoever joins
-- whole tables then does without nested loops, which would run an inner side of thousands of rows thousands of times.
create function dq.unanalysed() returns boolean language sql stable
as $$ select exists (
  select from pg_stat_all_tables s join pg_class c on c.oid = s.relid
  where s.schemaname = 'public' and s.relname in ('pull_requests', 'pull_request_manifest', 'reviews', 'comments', 'file_changes')
    and (c.reltuples < 0 or s.n_mod_since_analyze > 0.5 * greatest(c.reltuples, 2000))) $$;

-- Repositories that can still be read; a link is made from the present name.
create view dq.repositories with (security_invoker = true) as
select r.id as repository_id, r.full_name as repository, null::bigint as number, r.full_name as record,
  'https://github.com/' || r.full_name as link,
  r.github_id, r.owner, r.name, r.pull_requests_total, r.access, r.tracked, r.watermark, r.captured_at,
  -- What was asked for, ever: nobody misses comments where only reviews were wanted. Unknown (jobs pruned) means everything.
  coalesce(
    (select array_agg(distinct d) from public.progressive_capture_jobs j, unnest(j.datasets) d
      where j.repository_id = r.id and j.mode = 'normal' and j.status <> 'cancelled'),
    array['pull_requests', 'reviews', 'comments', 'file_changes']) as datasets
from public.repositories r
where r.deleted_at is null
  and (dq.repository() is null or r.id = dq.repository());

-- What GitHub lists, by the listing's updatedAt.
create view dq.manifest with (security_invoker = true) as
select s.repository, s.link || '/pull/' || m.number as link, 'pull request' as record, s.datasets, m.*
from dq.repositories s
join public.pull_request_manifest m
  on m.repository_id = s.repository_id and m.updated_at >= dq.since() and m.updated_at < dq.until()
where m.deleted_at is null and s.access = 'active';

create view dq.pull_requests with (security_invoker = true) as
select s.repository, coalesce(p.url, s.link || '/pull/' || p.number) as link, 'pull request' as record, p.*
from dq.repositories s
join public.pull_requests p
  on p.repository_id = s.repository_id and p.updated_at >= dq.since() and p.updated_at < dq.until()
where p.deleted_at is null;

create view dq.reviews with (security_invoker = true) as
select p.repository, p.repository_id, p.number, coalesce(c.url, p.link) as link, 'review ' || c.github_id as record,
  p.created_at as pull_request_created_at, c.*
from dq.pull_requests p
join public.reviews c on c.pull_request_id = p.id
where c.deleted_at is null;

create view dq.comments with (security_invoker = true) as
select p.repository, p.repository_id, p.number, coalesce(c.url, p.link) as link, c.kind || ' comment ' || c.github_id as record,
  p.created_at as pull_request_created_at, c.*
from dq.pull_requests p
join public.comments c on c.pull_request_id = p.id
where c.deleted_at is null;

create view dq.file_changes with (security_invoker = true) as
select p.repository, p.repository_id, p.number, p.link || '/files' as link, 'file ' || c.path as record,
  p.head_sha as pull_request_head_sha, c.*
from dq.pull_requests p
join public.file_changes c on c.pull_request_id = p.id
where c.deleted_at is null;

create view dq.contributors with (security_invoker = true) as
select null::text as repository, null::uuid as repository_id, null::bigint as number, 'contributor ' || c.key as record,
  'https://github.com/' || c.login as link, c.*
from public.contributors c;

create view dq.lists with (security_invoker = true) as
select p.repository, p.repository_id, p.number, p.link, l.list as record, p.changed_files, l.*
from dq.pull_requests p
join public.pull_request_lists l on l.pull_request_id = p.id;

create view dq.scans with (security_invoker = true) as
select s.repository, s.link || '/pulls' as link, null::bigint as number, 'manifest ' || m.id as record, m.*
from dq.repositories s
join public.manifest_scans m on m.repository_id = s.repository_id;

-- By the time of observing: the record itself may be much older than the window in which two processors looked at it.
create view dq.observations with (security_invoker = true) as
select s.repository, s.link || '/pull/' || o.number as link, o.record_kind || ' ' || o.record_key as record, o.*
from dq.repositories s
join public.capture_observations o
  on o.repository_id = s.repository_id and o.observed_at >= dq.since() and o.observed_at < dq.until();

create view dq.coverage with (security_invoker = true) as
select s.repository, s.link || '/pulls' as link, null::bigint as number, 'window' as record, c.*
from dq.repositories s
join public.capture_coverage c on c.repository_id = s.repository_id;

create view dq.jobs with (security_invoker = true) as
select s.repository, s.link, null::bigint as number, 'job ' || j.id as record, j.*
from dq.repositories s
join public.progressive_capture_jobs j on j.repository_id = s.repository_id;

-- What is listed and captured, side by side.
create view dq.targets with (security_invoker = true) as
select m.repository, m.repository_id, m.number, m.link, m.datasets, m.updated_at as manifest_updated_at,
  p.updated_at as captured_updated_at, p.id as pull_request_id,
  m.reviews, m.inline_comments, m.conversation_comments, m.file_changes
from dq.manifest m
join public.pull_requests p on p.repository_id = m.repository_id and p.number = m.number and p.deleted_at is null;

-- How many rows each of them has, beside how many GitHub counts. Rows are counted; how many were captured according to
-- pull_request_lists is not believed. Inline comments have no count in a listing: GitHub counts them when they are read, and
-- where there is no review there is none. A list of files ends at 3,000, where GitHub stops listing.
-- One branch a list: a reader of one list pays for one; and of the two ways to count, only one is ever carried out.
create view dq.list_counts with (security_invoker = true) as
select t.repository, t.repository_id, t.number, t.link, t.manifest_updated_at, t.captured_updated_at, t.pull_request_id,
  'reviews' as list, t.reviews as expected, coalesce(c.found, 0)::integer as found, true as counted
from dq.targets t
left join (
  select c.pull_request_id, count(*) as found from public.reviews c
  where c.deleted_at is null and dq.unbounded()
  group by c.pull_request_id
  union all
  select t.pull_request_id, count(*) from dq.targets t join public.reviews c on c.pull_request_id = t.pull_request_id
  where c.deleted_at is null and not dq.unbounded()
  group by t.pull_request_id
) c on c.pull_request_id = t.pull_request_id
where 'reviews' = any (t.datasets)
union all
select t.repository, t.repository_id, t.number, t.link, t.manifest_updated_at, t.captured_updated_at, t.pull_request_id,
  'inline_comments' as list, coalesce(t.inline_comments, l.expected, case when t.reviews = 0 then 0 end) as expected, coalesce(c.found, 0)::integer as found, t.inline_comments is not null or l.expected is not null or t.reviews = 0 as counted
from dq.targets t
left join (
  select c.pull_request_id, count(*) as found from public.comments c
  where c.kind = 'inline' and c.deleted_at is null and dq.unbounded()
  group by c.pull_request_id
  union all
  select t.pull_request_id, count(*) from dq.targets t join public.comments c on c.pull_request_id = t.pull_request_id
  where c.kind = 'inline' and c.deleted_at is null and not dq.unbounded()
  group by t.pull_request_id
) c on c.pull_request_id = t.pull_request_id
left join public.pull_request_lists l on l.pull_request_id = t.pull_request_id and l.list = 'inline_comments'
where 'comments' = any (t.datasets)
union all
select t.repository, t.repository_id, t.number, t.link, t.manifest_updated_at, t.captured_updated_at, t.pull_request_id,
  'conversation_comments' as list, t.conversation_comments as expected, coalesce(c.found, 0)::integer as found, true as counted
from dq.targets t
left join (
  select c.pull_request_id, count(*) as found from public.comments c
  where c.kind = 'conversation' and c.deleted_at is null and dq.unbounded()
  group by c.pull_request_id
  union all
  select t.pull_request_id, count(*) from dq.targets t join public.comments c on c.pull_request_id = t.pull_request_id
  where c.kind = 'conversation' and c.deleted_at is null and not dq.unbounded()
  group by t.pull_request_id
) c on c.pull_request_id = t.pull_request_id
where 'comments' = any (t.datasets)
union all
select t.repository, t.repository_id, t.number, t.link, t.manifest_updated_at, t.captured_updated_at, t.pull_request_id,
  'file_changes' as list, least(t.file_changes, 3000) as expected, coalesce(c.found, 0)::integer as found, true as counted
from dq.targets t
left join (
  select c.pull_request_id, count(*) as found from public.file_changes c
  where c.deleted_at is null and dq.unbounded()
  group by c.pull_request_id
  union all
  select t.pull_request_id, count(*) from dq.targets t join public.file_changes c on c.pull_request_id = t.pull_request_id
  where c.deleted_at is null and not dq.unbounded()
  group by t.pull_request_id
) c on c.pull_request_id = t.pull_request_id
where 'file_changes' = any (t.datasets);

-- Everything that is listed and not captured as listed. A list of a pull request that was captured at a newer version than the
-- manifest knows cannot be compared; the next manifest will. GitHub says 0 files where there are too many to count.
create view dq.gaps with (security_invoker = true) as
select g.* from (
  select m.repository, m.repository_id, m.number, m.link, 'pull_request' as kind, null::integer as expected, null::integer as found,
    m.updated_at as manifest_updated_at, null::timestamptz as captured_updated_at, null::uuid as pull_request_id
  from dq.manifest m
  where not exists (
    select from public.pull_requests p
    where p.repository_id = m.repository_id and p.number = m.number and p.deleted_at is null)
  union all
  select t.repository, t.repository_id, t.number, t.link, 'stale', null, null, t.manifest_updated_at, t.captured_updated_at,
    t.pull_request_id
  from dq.targets t
  where t.captured_updated_at < t.manifest_updated_at
  union all
  select c.repository, c.repository_id, c.number, c.link, c.list, c.expected, c.found,
    c.manifest_updated_at, c.captured_updated_at, c.pull_request_id
  from dq.list_counts c
  where (c.expected <> c.found or not c.counted) and c.captured_updated_at <= c.manifest_updated_at
    and not (c.list = 'file_changes' and c.expected = 0)
) g
where not exists (
  select from public.capture_gaps a
  where a.repository_id = g.repository_id and a.number = g.number and a.kind = g.kind and a.accepted_at_source is not null
    and a.expected is not distinct from g.expected and a.found is not distinct from g.found
    and a.manifest_updated_at >= g.manifest_updated_at);

grant select on all tables in schema dq to service_role;
grant execute on all functions in schema dq to service_role;
