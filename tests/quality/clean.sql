-- A database in which everything is as it should be: repositories with pull requests, all lists, manifests, coverage by both
-- processors, a completed split with observations of both, and an audited item. Sizes come as settings of the session
-- (clean.repositories, clean.pulls); the same script fills the databases of the benchmarks.

create temporary table sizes as
select current_setting('clean.repositories')::integer as repositories, current_setting('clean.pulls')::integer as pulls,
  date_trunc('second', now()) - interval '2 hours' as listed;

insert into repositories (github_id, node_id, owner, name, default_branch, is_private, is_fork, is_archived, pull_requests_total,
  tracked, watermark, created_at, captured_at)
select 700000000 + r, 'R_' || r, 'acme', case r when 1 then 'rocket' when 2 then 'lander' else 'probe-' || r end, 'main', false,
  false, false, s.pulls, true, s.listed, timestamptz '2020-01-01 00:00:00+00', now()
from sizes s, generate_series(1, s.repositories) r;

insert into contributors (key, kind, github_id, node_id, login, avatar_url)
select kind || ':' || (5000000000 + u), kind, 5000000000 + u, 'U_' || u,
  case kind when 'bot' then 'dependabot' when 'mannequin' then 'mona_old' else 'dev-' || u end, 'https://avatars.githubusercontent.com/u/' || u
from (select u, case u when 1 then 'bot' when 2 then 'mannequin' else 'user' end as kind from generate_series(1, 20) u) x;

-- Pull requests are spread over the last 360 days; the newest changed a few hours ago.
create temporary table pulls as
select uuid_v7() as id, r.id as repository_id, r.full_name, (r.github_id - 700000000) as r, n,
  (r.github_id - 700000000) * 10000000 + n as base,
  s.listed - interval '3 hours' - interval '360 days' * (s.pulls - n) / s.pulls as updated_at,
  case when n % 5 = 0 then 'open' when n % 7 = 0 then 'closed' else 'merged' end as state,
  n % 3 as reviews, case when n % 3 > 0 then 2 else 0 end as inline_comments, n % 4 as conversation, 1 + n % 3 as files,
  case when n % 11 = 0 then 'ghost' when n % 9 = 0 then 'bot:5000000001' else 'user:' || (5000000003 + n % 18) end as author,
  encode(sha256(('head' || r.github_id || '/' || n)::bytea), 'hex') as head
from sizes s, repositories r, generate_series(1, s.pulls) n;
update pulls set updated_at = date_trunc('second', updated_at), head = left(head, 40);
analyze pulls;

insert into pull_requests (id, repository_id, number, github_id, node_id, title, body, state, is_draft, author_key, author_association,
  merged_by_key, base_ref, head_ref, base_sha, head_sha, merge_commit_sha, additions, deletions, changed_files, commits, labels, locked,
  url, created_at, updated_at, closed_at, merged_at, captured_at, captured_by)
select id, repository_id, n, 3000000000 + base, 'PR_' || base, 'Change ' || n || case when n % 13 = 0 then ' <b>bold</b> & "quoted"' else '' end,
  case when n % 6 > 0 then E'Line one\r\nLine two \U0001F680 ' || n end, state, false, author, 'CONTRIBUTOR',
  case when state = 'merged' then 'user:5000000004' end, 'main', 'topic-' || n, left(md5('base' || n) || md5('b'), 40), head,
  case when state = 'merged' then left(md5('merge' || n) || md5('m'), 40) end, files * 3, files, files, 1 + n % 4, array['kind/change'],
  false, 'https://github.com/' || full_name || '/pull/' || n, updated_at - interval '3 days', updated_at,
  case when state <> 'open' then updated_at - interval '1 hour' end, case when state = 'merged' then updated_at - interval '1 hour' end,
  now() - interval '1 hour', case when n % 2 = 0 then 'inngest' else 'github_actions' end
from pulls;

insert into reviews (github_id, pull_request_id, node_id, author_key, author_association, state, body, commit_sha, url, submitted_at,
  updated_at, captured_at)
select 4000000000 + base * 10 + k, id, 'PRR_' || base || '_' || k, 'user:' || (5000000003 + (n + k) % 18), 'MEMBER',
  (array['approved', 'commented', 'changes_requested'])[1 + (n + k) % 3], 'Looks at ' || n, head,
  'https://github.com/' || full_name || '/pull/' || n || '#pullrequestreview-' || 4000000000 + base * 10 + k,
  updated_at - interval '2 hours', updated_at - interval '2 hours', now() - interval '1 hour'
from pulls, generate_series(1, reviews) k;

insert into comments (kind, github_id, pull_request_id, node_id, review_github_id, in_reply_to_github_id, author_key,
  author_association, body, path, line, diff_hunk, commit_sha, is_minimized, url, created_at, updated_at, captured_at)
select 'inline', 4000000000 + base * 10 + k, id, 'PRRC_' || base || '_' || k, 4000000000 + base * 10 + 1,
  case when k = 2 then 4000000000 + base * 10 + 1 end, 'user:' || (5000000003 + (n + k) % 18), 'MEMBER', 'Here ' || k,
  'src/file_1.py', k, '@@ -1 +1 @@', head, false, 'https://github.com/' || full_name || '/pull/' || n || '#discussion_r' || base * 10 + k,
  updated_at - interval '2 hours', updated_at - interval '2 hours', now() - interval '1 hour'
from pulls, generate_series(1, inline_comments) k
union all
select 'conversation', 4000000000 + base * 10 + k, id, 'IC_' || base || '_' || k, null, null,
  case when k = 1 and n % 8 = 1 then 'ghost' else 'user:' || (5000000003 + (n + k) % 18) end, 'MEMBER', 'Said ' || k,
  null, null, null, null, false, 'https://github.com/' || full_name || '/pull/' || n || '#issuecomment-' || base * 10 + k,
  updated_at - interval '90 minutes', updated_at - interval '80 minutes', now() - interval '1 hour'
from pulls, generate_series(1, conversation) k;

insert into file_changes (pull_request_id, path, change_type, additions, deletions, previous_path, head_sha, captured_at)
select id, 'src/file_' || k || '.py', case when k = 3 then 'renamed' else 'modified' end, 3, 1,
  case when k = 3 then 'src/old_' || k || '.py' end, head, now() - interval '1 hour'
from pulls, generate_series(1, files) k;

insert into pull_request_lists (pull_request_id, list, source_updated_at, expected, captured, complete, truncated, comments_total, listed_at)
select id, list, updated_at, rows, rows, true, false, case when list = 'inline_comments' then inline_comments + conversation end,
  now() - interval '1 hour'
from pulls, lateral (values ('reviews', reviews), ('inline_comments', inline_comments), ('conversation_comments', conversation),
  ('file_changes', files)) l (list, rows);

insert into progressive_capture_jobs (job_type, repository_id, owner, name, processor_type, executed_by, status, trigger, scope_hash,
  decision, is_parent, items_total, items_done, created_at, started_at, completed_at, overlap_numbers)
select kind, r.id, r.owner, r.name, processor, executor, 'completed', 'manual', processor || r.github_id || parent,
  jsonb_build_object('part', part, 'observe', case when not parent then 'overlap' end), parent, s.pulls, s.pulls,
  now() - interval '2 hours', now() - interval '2 hours', now() - interval '1 hour', null
from repositories r, sizes s, (values ('historical-pr-sync', 'github_actions', null, true, null), ('recent-prs', 'inngest', 'inngest', false, 'newest'),
  ('historical-pr-sync', 'github_actions', 'github_actions', false, 'bulk')) j (kind, processor, executor, parent, part);
update progressive_capture_jobs c set parent_id = p.id
from progressive_capture_jobs p where p.is_parent and not c.is_parent and p.repository_id = c.repository_id;

insert into manifest_scans (repository_id, job_id, kind, started_at, finished_at, complete, total_count, listed, pages)
select r.id, j.id, 'full', s.listed, s.listed + interval '1 minute', true, s.pulls, s.pulls, 1 + s.pulls / 100
from repositories r join progressive_capture_jobs j on j.repository_id = r.id and j.processor_type = 'github_actions' and not j.is_parent,
  sizes s;

insert into pull_request_manifest (repository_id, number, node_id, github_id, updated_at, created_at, reviews, inline_comments,
  conversation_comments, file_changes, comments_total, scan_id, listed_at)
select p.repository_id, n, 'PR_' || base, 3000000000 + base, updated_at, updated_at - interval '3 days', p.reviews, null, p.conversation, p.files,
  p.inline_comments + p.conversation, m.id, s.listed
from pulls p join manifest_scans m on m.repository_id = p.repository_id, sizes s;

insert into capture_coverage (repository_id, job_id, processor, since, until, covered, items)
select r.id, j.id, j.executed_by, case j.executed_by when 'inngest' then s.listed - interval '2 days' end,
  case j.executed_by when 'inngest' then s.listed else s.listed - interval '1 day' end, true, s.pulls
from repositories r join progressive_capture_jobs j on j.repository_id = r.id and not j.is_parent, sizes s;

-- What both processors saw of the band, and what an audit saw of its first item over the other interface.
create temporary table seen as
select p.repository_id, p.number, 'pull_requests' as record_kind, p.number::text as record_key, p.updated_at,
  to_jsonb(p) - '{id,repository_id,number,captured_at,captured_by,deleted_at}'::text[] || jsonb_build_object(
    'title', encode(sha256(convert_to(p.title, 'UTF8')), 'hex'), 'body', encode(sha256(convert_to(p.body, 'UTF8')), 'hex')) as fields
from pull_requests p, sizes s where p.number between s.pulls - 19 and s.pulls - 10
union all
select p.repository_id, p.number, 'reviews', c.github_id::text, c.updated_at,
  to_jsonb(c) - '{pull_request_id,captured_at,deleted_at}'::text[] || jsonb_build_object('body', encode(sha256(convert_to(c.body, 'UTF8')), 'hex'))
from pull_requests p join reviews c on c.pull_request_id = p.id, sizes s where p.number between s.pulls - 19 and s.pulls - 10
union all
select p.repository_id, p.number, c.kind || '_comments', c.github_id::text, c.updated_at,
  to_jsonb(c) - '{pull_request_id,captured_at,deleted_at}'::text[] || jsonb_build_object('body', encode(sha256(convert_to(c.body, 'UTF8')), 'hex'),
    'diff_hunk', encode(sha256(convert_to(c.diff_hunk, 'UTF8')), 'hex'))
from pull_requests p join comments c on c.pull_request_id = p.id, sizes s where p.number between s.pulls - 19 and s.pulls - 10
union all
select p.repository_id, p.number, 'file_changes', c.path, p.updated_at, to_jsonb(c) - '{pull_request_id,captured_at,deleted_at}'::text[]
from pull_requests p join file_changes c on c.pull_request_id = p.id, sizes s where p.number between s.pulls - 19 and s.pulls - 10;

insert into capture_observations (repository_id, number, processor, record_kind, record_key, source_updated_at, fields, reason, job_id)
select o.repository_id, o.number, j.executed_by, o.record_kind, o.record_key, o.updated_at, o.fields, 'overlap', j.id
from seen o join progressive_capture_jobs j on j.repository_id = o.repository_id and not j.is_parent;
insert into capture_observations (repository_id, number, processor, record_kind, record_key, source_updated_at, fields, reason)
select o.repository_id, o.number, 'audit', o.record_kind, o.record_key, o.updated_at, o.fields - 'is_minimized', 'sample'
from seen o, sizes s where o.number = s.pulls - 10;

drop table seen, pulls, sizes;
analyze;
