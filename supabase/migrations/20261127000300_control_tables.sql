-- How far each capture is: jobs (the queue of record), manifests, lists, coverage, gaps, observations, rollout, health, budgets.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create table public.progressive_capture_jobs (
  id uuid primary key default public.uuid_v7(),
  job_type varchar(50) not null check (job_type in
    ('recent-prs', 'historical-pr-sync', 'historical-reviews-sync', 'historical-comments-sync', 'bulk-file-changes', 'reconcile')),
  -- Null until the repository was seen for the first time; owner and name are what was asked for.
  repository_id uuid references public.repositories (id),
  owner text not null,
  name text not null,
  -- What was decided; executed_by says who did it.
  processor_type varchar(20) not null check (processor_type in ('inngest', 'github_actions')),
  executed_by text check (executed_by in ('inngest', 'github_actions', 'local')),
  status varchar(20) not null default 'pending' check (status in
    ('pending', 'dispatched', 'processing', 'deferred', 'completed', 'failed', 'cancelled')),
  mode text not null default 'normal' check (mode in ('normal', 'shadow')),
  trigger text not null check (trigger in ('manual', 'scheduled', 'automatic', 'repair', 'bootstrap')),
  priority integer not null default 0,
  time_range_days integer check (time_range_days > 0),
  -- The resolved scope: a window by updatedAt, or numbers, or neither for the whole history.
  since timestamptz,
  until timestamptz,
  numbers bigint[],
  -- For the bulk slice of a split: the numbers to fetch again although they are stored (the overlap band).
  overlap_numbers bigint[],
  max_items integer check (max_items > 0),
  datasets text[] not null default array['pull_requests', 'reviews', 'comments', 'file_changes']
    check (cardinality(datasets) > 0 and datasets <@ array['pull_requests', 'reviews', 'comments', 'file_changes']),
  decision jsonb,
  scope_hash text not null,
  parent_id uuid references public.progressive_capture_jobs (id),
  -- A parent only gathers its children (the slices of a split, the shards of a backfill); it is never claimed itself.
  is_parent boolean not null default false,
  retry_of uuid references public.progressive_capture_jobs (id) on delete set null,
  continuation_of uuid references public.progressive_capture_jobs (id) on delete set null,
  shard integer check (shard >= 1),
  shards integer check (shards >= shard),
  attempt integer not null default 0 check (attempt >= 0),
  max_attempts integer not null default 4 check (max_attempts > 0),
  next_attempt_at timestamptz,
  handover_count integer not null default 0,
  dispatched_at timestamptz,
  claim_deadline timestamptz,
  first_row_at timestamptz,
  lease_token uuid,
  lease_owner text,
  lease_expires_at timestamptz,
  heartbeat_at timestamptz,
  cancel_requested_at timestamptz,
  cursor jsonb,
  -- The last chunks whose counters were added, so that a repeated commit does not count twice.
  recent_chunks text[] not null default '{}',
  items_done integer not null default 0,
  items_total integer,
  items_incomplete integer not null default 0,
  rows_written bigint not null default 0,
  error_code text,
  error text,
  deferred_reason text,
  workflow_run_id bigint,
  run_url text,
  flow_run_id uuid,
  code_version text,
  metrics jsonb not null default '{}',
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  updated_at timestamptz not null default now(),
  check (numbers is null or (since is null and until is null)),
  check (since is null or until is null or until > since),
  check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
  check (status <> 'processing' or parent_id is not null or started_at is not null)
);
create index idx_capture_jobs_processor on public.progressive_capture_jobs (processor_type, status, created_at);
create index idx_capture_jobs_repository on public.progressive_capture_jobs (repository_id, created_at);
-- One active job per scope; a finished one does not block the next.
create unique index progressive_capture_jobs_active on public.progressive_capture_jobs (scope_hash)
  where status in ('pending', 'dispatched', 'processing', 'deferred');
create index progressive_capture_jobs_parent on public.progressive_capture_jobs (parent_id) where parent_id is not null;
create index progressive_capture_jobs_due on public.progressive_capture_jobs (priority desc, created_at)
  where status in ('pending', 'deferred', 'dispatched', 'processing');
create index progressive_capture_jobs_throttle on public.progressive_capture_jobs (scope_hash, trigger, completed_at desc)
  where status = 'completed';

create table public.manifest_scans (
  id uuid primary key default public.uuid_v7(),
  repository_id uuid not null references public.repositories (id),
  job_id uuid references public.progressive_capture_jobs (id) on delete set null,
  kind text not null check (kind in ('full', 'window', 'numbers')),
  since timestamptz,
  until timestamptz,
  started_at timestamptz not null,
  finished_at timestamptz,
  complete boolean not null default false,
  -- GitHub's totalCount of pull requests when the scan started.
  total_count integer,
  listed integer not null default 0,
  pages integer not null default 0,
  cursor text,
  -- By the database's clock: what another scan listed after this one began is not missing from this one.
  recorded_at timestamptz not null default now(),
  check (not complete or finished_at is not null)
);
create index manifest_scans_repository on public.manifest_scans (repository_id, kind, started_at desc);

create table public.pull_request_manifest (
  repository_id uuid not null references public.repositories (id),
  number bigint not null check (number > 0),
  node_id text not null,
  github_id bigint,
  updated_at timestamptz not null,
  created_at timestamptz not null,
  -- What GitHub counts; null where the listing did not ask.
  reviews integer check (reviews >= 0),
  inline_comments integer check (inline_comments >= 0),
  conversation_comments integer check (conversation_comments >= 0),
  file_changes integer check (file_changes >= 0),
  -- GitHub's own sum of comments. Undocumented in what it counts: a difference says "read again", it is never evidence.
  comments_total integer check (comments_total >= 0),
  scan_id uuid references public.manifest_scans (id) on delete set null,
  listed_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index pull_request_manifest_updated on public.pull_request_manifest (repository_id, updated_at desc);
-- Last, as with pull_requests.
alter table public.pull_request_manifest add primary key (repository_id, number);

create table public.pull_request_lists (
  pull_request_id uuid not null references public.pull_requests (id),
  list text not null check (list in ('reviews', 'inline_comments', 'conversation_comments', 'file_changes')),
  -- The pull request's updatedAt at which the list was read.
  source_updated_at timestamptz not null,
  -- GitHub's count and the rows that were captured then: hints for planning, never evidence.
  expected integer,
  captured integer not null default 0,
  complete boolean not null default false,
  truncated boolean not null default false,
  -- The manifest's comments_total when the list was read (inline comments only, which GitHub does not count).
  comments_total integer,
  listed_at timestamptz not null,
  primary key (pull_request_id, list),
  check (not (complete and truncated))
);
create index pull_request_lists_open on public.pull_request_lists (pull_request_id) where not complete and not truncated;

create table public.capture_coverage (
  id uuid primary key default public.uuid_v7(),
  repository_id uuid not null references public.repositories (id),
  job_id uuid references public.progressive_capture_jobs (id) on delete set null,
  processor text not null check (processor in ('inngest', 'github_actions', 'local')),
  -- By updatedAt; since null reaches back to the beginning.
  since timestamptz,
  until timestamptz not null,
  covered boolean not null default true,
  reason text,
  items integer not null default 0,
  recorded_at timestamptz not null default now(),
  check (since is null or until >= since)
);
create index capture_coverage_repository on public.capture_coverage (repository_id, until);

create table public.capture_gaps (
  id uuid primary key default public.uuid_v7(),
  repository_id uuid not null references public.repositories (id),
  number bigint not null,
  kind text not null check (kind in
    ('pull_request', 'reviews', 'inline_comments', 'conversation_comments', 'file_changes', 'stale', 'phantom')),
  expected integer,
  found integer,
  manifest_updated_at timestamptz,
  found_at timestamptz not null default now(),
  repair_job_id uuid references public.progressive_capture_jobs (id) on delete set null,
  repairs integer not null default 0,
  repaired_at timestamptz,
  accepted_at_source timestamptz,
  reason text
);
create unique index capture_gaps_open on public.capture_gaps (repository_id, number, kind)
  where repaired_at is null and accepted_at_source is null;

create table public.capture_observations (
  repository_id uuid not null references public.repositories (id),
  number bigint not null,
  processor text not null check (processor in ('inngest', 'github_actions', 'local', 'audit')),
  -- 'pull_requests' for the item itself, else the child's dataset.
  record_kind text not null check (record_kind in
    ('pull_requests', 'reviews', 'inline_comments', 'conversation_comments', 'file_changes')),
  record_key text not null,
  source_updated_at timestamptz not null,
  -- Field by field; bodies as hashes.
  fields jsonb not null,
  reason text not null check (reason in ('overlap', 'shadow', 'sample')),
  job_id uuid references public.progressive_capture_jobs (id) on delete set null,
  observed_at timestamptz not null default now(),
  primary key (repository_id, number, record_kind, record_key, processor, reason)
);
create index capture_observations_observed on public.capture_observations (observed_at);

create table public.rollout_configuration (
  feature text primary key default 'hybrid-progressive-capture',
  percentage numeric(5, 2) not null default 100 check (percentage between 0 and 100),
  strategy text not null default 'percentage' check (strategy in ('percentage', 'whitelist', 'repository_size')),
  -- GitHub's repository ids.
  included bigint[] not null default '{}',
  excluded bigint[] not null default '{}',
  stopped_at timestamptz,
  stop_reason text,
  auto_rollback boolean not null default true,
  max_error_rate numeric(5, 2) not null default 5 check (max_error_rate between 0 and 100),
  min_jobs integer not null default 10 check (min_jobs >= 0),
  version bigint not null default 1,
  updated_at timestamptz not null default now()
);
insert into public.rollout_configuration default values;

create table public.rollout_history (
  id uuid primary key default public.uuid_v7(),
  feature text not null references public.rollout_configuration (feature),
  action text not null check (action in ('set', 'include', 'exclude', 'remove', 'stop', 'resume', 'rollback')),
  before jsonb not null,
  after jsonb not null,
  reason text,
  actor text,
  at timestamptz not null default now()
);

create table public.processor_health (
  processor text primary key check (processor in ('inngest', 'github_actions')),
  status text not null default 'unknown' check (status in ('up', 'down', 'unknown')),
  -- The breaker is open after repeated failures and lets one trial through when open_until has passed.
  breaker text not null default 'closed' check (breaker in ('closed', 'open', 'half_open')),
  failures integer not null default 0,
  open_until timestamptz,
  verdict text,
  detail text,
  heartbeat_at timestamptz,
  last_claim_at timestamptz,
  probed_at timestamptz,
  updated_at timestamptz not null default now()
);
insert into public.processor_health (processor) values ('inngest'), ('github_actions');

create table public.rate_budgets (
  -- A digest of the credential, never the credential.
  credential text not null,
  resource text not null check (resource in ('graphql', 'rest')),
  limit_points integer not null default 5000,
  remaining integer not null default 5000,
  reserved integer not null default 0,
  reset_at timestamptz,
  -- Requests of the running minute, server seconds not yet made up for, and a secondary limit's end.
  window_started_at timestamptz,
  window_seconds double precision not null default 0,
  window_requests integer not null default 0,
  blocked_until timestamptz,
  updated_at timestamptz not null default now(),
  primary key (credential, resource)
);

create table public.usage_daily (
  day date not null,
  repository_id uuid not null references public.repositories (id),
  processor text not null check (processor in ('inngest', 'github_actions', 'local')),
  jobs_completed integer not null default 0,
  jobs_failed integer not null default 0,
  items bigint not null default 0,
  rows_written bigint not null default 0,
  requests bigint not null default 0,
  points bigint not null default 0,
  seconds double precision not null default 0,
  billed_minutes double precision not null default 0,
  executions bigint not null default 0,
  dollars numeric(12, 6) not null default 0,
  p95_first_row_seconds double precision,
  primary key (day, repository_id, processor)
);

create table public.alerts (
  id uuid primary key default public.uuid_v7(),
  kind text not null,
  severity text not null check (severity in ('critical', 'warning', 'info')),
  subject text not null,
  message text not null,
  raised_at timestamptz not null default now(),
  resolved_at timestamptz,
  notified_at timestamptz
);
create unique index alerts_open on public.alerts (kind, subject) where resolved_at is null;
