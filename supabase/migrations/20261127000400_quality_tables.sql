-- Results of the data-quality suites, for reports and trends.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create table public.dq_runs (
  id uuid primary key default public.uuid_v7(),
  checkpoint text not null check (checkpoint in ('window', 'nightly', 'weekly', 'demand')),
  -- Null for all repositories.
  repository_id uuid references public.repositories (id),
  since timestamptz,
  until timestamptz,
  job_id uuid references public.progressive_capture_jobs (id) on delete set null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  -- An error is a check that could not be made; it is never green.
  status text not null default 'running' check (status in ('running', 'passed', 'failed', 'error')),
  docs_path text,
  message text
);
create index dq_runs_started on public.dq_runs (started_at desc);

create table public.dq_results (
  id uuid primary key default public.uuid_v7(),
  run_id uuid not null references public.dq_runs (id) on delete cascade,
  suite text not null,
  expectation text not null,
  description text not null,
  severity text not null check (severity in ('critical', 'warning', 'info')),
  status text not null check (status in ('passed', 'failed', 'error', 'not_applicable')),
  unexpected bigint,
  observed jsonb,
  message text,
  seconds double precision
);
create index dq_results_run on public.dq_results (run_id);

create table public.dq_failures (
  id uuid primary key default public.uuid_v7(),
  result_id uuid not null references public.dq_results (id) on delete cascade,
  repository_id uuid references public.repositories (id),
  number bigint,
  record text,
  field text,
  expected text,
  found text,
  url text
);
create index dq_failures_result on public.dq_failures (result_id);
