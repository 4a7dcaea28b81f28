-- What the quality suites read: views over the captured rows that still exist at the source, cut to a repository and a window.
-- The window is a setting of the session (`dq.repository`, `dq.since`, `dq.until`), so that validations may run side by side and
-- need no right to write. Unset means everything. The conditions can use the indexes by (repository_id, updated_at).
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create schema dq;
grant usage on schema dq to service_role;

create function dq.since() returns timestamptz language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('dq.since', true), '')::timestamptz, '-infinity'::timestamptz) $$;

create function dq.until() returns timestamptz language sql stable parallel safe
as $$ select coalesce(nullif(current_setting('dq.until', true), '')::timestamptz, 'infinity'::timestamptz) $$;

create function dq.repository() returns uuid language sql stable parallel safe
as $$ select nullif(current_setting('dq.repository', true), '')::uuid $$;

-- Repositories that can still be read; a link is made from the present name.
create view dq.repositories with (security_invoker = true) as
select r.id as repository_id, r.full_name as repository, null::bigint as number, r.full_name as record,
  'https://github.com/' || r.full_name as link,
  r.github_id, r.owner, r.name, r.pull_requests_total, r.access, r.tracked, r.watermark, r.captured_at
from public.repositories r
where r.deleted_at is null
  and (dq.repository() is null or r.id = dq.repository());

-- What GitHub lists, by the listing's updatedAt.
create view dq.manifest with (security_invoker = true) as
select s.repository, s.link || '/pull/' || m.number as link, 'pull request' as record, m.*
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

create view dq.observations with (security_invoker = true) as
select s.repository, s.link || '/pull/' || o.number as link, o.record_kind || ' ' || o.record_key as record, o.*
from dq.repositories s
join public.capture_observations o
  on o.repository_id = s.repository_id and o.source_updated_at >= dq.since() and o.source_updated_at < dq.until();

create view dq.coverage with (security_invoker = true) as
select s.repository, s.link || '/pulls' as link, null::bigint as number, 'window' as record, c.*
from dq.repositories s
join public.capture_coverage c on c.repository_id = s.repository_id;

create view dq.jobs with (security_invoker = true) as
select s.repository, s.link, null::bigint as number, 'job ' || j.id as record, j.*
from dq.repositories s
join public.progressive_capture_jobs j on j.repository_id = s.repository_id;

-- How many rows each listed pull request has, beside how many GitHub counts. Rows are counted, the numbers in
-- pull_request_lists are not believed. A list of files ends at 3,000, where GitHub stops listing.
create view dq.list_counts with (security_invoker = true) as
with counts as (
  select p.id, 'reviews' as list, count(*)::integer as found
  from dq.manifest m
  join public.pull_requests p on p.repository_id = m.repository_id and p.number = m.number
  join public.reviews c on c.pull_request_id = p.id and c.deleted_at is null
  group by p.id
  union all
  select p.id, case c.kind when 'inline' then 'inline_comments' else 'conversation_comments' end, count(*)::integer
  from dq.manifest m
  join public.pull_requests p on p.repository_id = m.repository_id and p.number = m.number
  join public.comments c on c.pull_request_id = p.id and c.deleted_at is null
  group by p.id, c.kind
  union all
  select p.id, 'file_changes', count(*)::integer
  from dq.manifest m
  join public.pull_requests p on p.repository_id = m.repository_id and p.number = m.number
  join public.file_changes c on c.pull_request_id = p.id and c.deleted_at is null
  group by p.id
), pivoted as (
  select id, max(found) filter (where list = 'reviews') as reviews,
    max(found) filter (where list = 'inline_comments') as inline_comments,
    max(found) filter (where list = 'conversation_comments') as conversation_comments,
    max(found) filter (where list = 'file_changes') as file_changes
  from counts group by id
)
select m.repository, m.repository_id, m.number, m.link, m.updated_at as manifest_updated_at, p.updated_at as captured_updated_at,
  p.id as pull_request_id, l.list, l.expected, l.found
from dq.manifest m
join public.pull_requests p on p.repository_id = m.repository_id and p.number = m.number and p.deleted_at is null
left join pivoted c on c.id = p.id
cross join lateral (values
  ('reviews', m.reviews, coalesce(c.reviews, 0)),
  ('inline_comments', m.inline_comments, coalesce(c.inline_comments, 0)),
  ('conversation_comments', m.conversation_comments, coalesce(c.conversation_comments, 0)),
  ('file_changes', least(m.file_changes, 3000), coalesce(c.file_changes, 0))
) l (list, expected, found);

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
  select m.repository, m.repository_id, m.number, m.link, 'stale', null, null, m.updated_at, p.updated_at, p.id
  from dq.manifest m
  join public.pull_requests p on p.repository_id = m.repository_id and p.number = m.number and p.deleted_at is null
  where p.updated_at < m.updated_at
  union all
  select c.repository, c.repository_id, c.number, c.link, c.list, c.expected, c.found,
    c.manifest_updated_at, c.captured_updated_at, c.pull_request_id
  from dq.list_counts c
  where c.expected <> c.found and c.captured_updated_at <= c.manifest_updated_at
    and not (c.list = 'file_changes' and c.expected = 0)
) g
where not exists (
  select from public.capture_gaps a
  where a.repository_id = g.repository_id and a.number = g.number and a.kind = g.kind and a.accepted_at_source is not null
    and a.expected is not distinct from g.expected and a.found is not distinct from g.found);

-- Captured, but in no listing: the listing is incomplete, or the row does not belong here.
create view dq.phantoms with (security_invoker = true) as
select p.repository, p.repository_id, p.number, p.link, p.updated_at, p.captured_at
from dq.pull_requests p
where not exists (
  select from public.pull_request_manifest m
  where m.repository_id = p.repository_id and m.number = p.number and m.deleted_at is null);

grant select on all tables in schema dq to service_role;
grant execute on all functions in schema dq to service_role;
