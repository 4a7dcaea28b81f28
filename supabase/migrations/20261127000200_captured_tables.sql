-- What is captured: repositories, contributors, pull requests and their lists. Keys are GitHub's identities, never names.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create table public.repositories (
  id uuid primary key default public.uuid_v7(),
  github_id bigint not null unique check (github_id > 0),
  node_id text,
  owner text not null,
  name text not null,
  full_name text generated always as (owner || '/' || name) stored,
  previous_names text[] not null default '{}',
  -- Since when another repository answers to this name (names are handed on after renames, transfers and deletions).
  name_lost_at timestamptz,
  default_branch text,
  is_private boolean,
  is_fork boolean,
  is_archived boolean,
  pull_requests_total integer check (pull_requests_total >= 0),
  stars integer,
  -- Whether it can be read at all; anything but active is recorded with GitHub's reason and not retried.
  access text not null default 'active' check (access in ('active', 'gone', 'blocked', 'forbidden')),
  access_reason text,
  tracked boolean not null default false,
  -- Up to where, by the pull requests' updatedAt, the repository is covered. It never passes what a limit cut off.
  watermark timestamptz,
  created_at timestamptz,
  captured_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index repositories_full_name on public.repositories (lower(owner || '/' || name));
create index repositories_tracked on public.repositories (id) where tracked;

create table public.contributors (
  -- '<kind>:<GitHub id>', where GitHub gives no number '<kind>:<node id>', and 'ghost' for deleted users.
  key text primary key,
  kind text not null check (kind in ('user', 'bot', 'mannequin', 'organization', 'enterprise', 'ghost')),
  github_id bigint check (github_id > 0),
  node_id text,
  login text not null,
  name text,
  avatar_url text,
  -- When GitHub last showed this account so, by its clock and to the hour: an older sight never brings back an old login.
  seen_at timestamptz,
  captured_at timestamptz not null default now(),
  check (key = case when kind = 'ghost' then 'ghost' else kind || ':' || coalesce(github_id::text, node_id) end)
);
create index contributors_login on public.contributors (lower(login));
insert into public.contributors (key, kind, login) values ('ghost', 'ghost', 'ghost');

create table public.pull_requests (
  id uuid primary key default public.uuid_v7(),
  repository_id uuid not null references public.repositories (id),
  number bigint not null check (number > 0),
  github_id bigint not null check (github_id > 0),
  node_id text not null,
  title text not null,
  body text,
  state text not null check (state in ('open', 'closed', 'merged')),
  is_draft boolean,
  author_key text not null references public.contributors (key),
  author_association text,
  merged_by_key text references public.contributors (key),
  base_ref text,
  head_ref text,
  base_sha text,
  head_sha text,
  merge_commit_sha text,
  additions integer check (additions >= 0),
  deletions integer check (deletions >= 0),
  -- As GitHub counts them; 0 may also mean "too many to count", see pull_request_lists.
  changed_files integer check (changed_files >= 0),
  commits integer check (commits >= 0),
  labels text[],
  locked boolean,
  url text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  closed_at timestamptz,
  merged_at timestamptz,
  captured_at timestamptz not null default now(),
  captured_by text check (captured_by in ('inngest', 'github_actions', 'local')),
  deleted_at timestamptz,
  check (updated_at >= created_at),
  check ((state = 'merged') = (merged_at is not null))
);
create index pull_requests_updated on public.pull_requests (repository_id, updated_at);
create index pull_requests_captured on public.pull_requests (captured_at);
create index pull_requests_author on public.pull_requests (author_key);
-- The key last: while the table is empty both indexes look equally cheap, and the planner then takes the younger one.
alter table public.pull_requests add unique (repository_id, number);

create table public.reviews (
  github_id bigint primary key check (github_id > 0),
  pull_request_id uuid not null references public.pull_requests (id),
  node_id text,
  author_key text not null references public.contributors (key),
  author_association text,
  state text not null check (state in ('approved', 'changes_requested', 'commented', 'dismissed', 'pending')),
  body text,
  commit_sha text,
  url text,
  submitted_at timestamptz,
  updated_at timestamptz,
  captured_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index reviews_pull_request on public.reviews (pull_request_id);

create table public.comments (
  -- Inline and conversation comments are two id spaces on GitHub; the same number may stand in both.
  kind text not null check (kind in ('inline', 'conversation')),
  github_id bigint not null check (github_id > 0),
  pull_request_id uuid not null references public.pull_requests (id),
  node_id text,
  review_github_id bigint,
  in_reply_to_github_id bigint,
  author_key text not null references public.contributors (key),
  author_association text,
  body text,
  path text,
  line integer,
  diff_hunk text,
  commit_sha text,
  is_minimized boolean,
  minimized_reason text,
  url text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  captured_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (kind, github_id),
  check (kind = 'inline' or review_github_id is null)
);
create index comments_pull_request on public.comments (pull_request_id, kind);

create table public.file_changes (
  pull_request_id uuid not null references public.pull_requests (id),
  path text not null,
  change_type text not null check (change_type in ('added', 'modified', 'deleted', 'renamed', 'copied', 'changed', 'unchanged')),
  additions integer not null check (additions >= 0),
  deletions integer not null check (deletions >= 0),
  previous_path text,
  -- The head commit that the list was read at; a force-push replaces the list.
  head_sha text,
  -- Of a file that is gone: the time of the last reading that had it, which tells whether a late one is younger.
  last_seen_at timestamptz,
  captured_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (pull_request_id, path)
);
