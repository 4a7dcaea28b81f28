-- Reconciliation: what is listed and not captured becomes a gap, and every gap gets a repair job once.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- argument: {repository_id, since, until, limit}: all repositories and everything where absent; at most `limit` gaps are answered.
-- answer: {outcome: 'reconciled', found, opened, repaired, accepted, more, gaps: [{id, repository_id, owner, name, number, kind}],
-- waiting: [job ids]}; the gaps answered are those that no active job is repairing, `waiting` are jobs that will repair others.
--
-- Beside keeping the ledger it corrects pull_request_lists, by which the planner decides what to fetch: a list that has lost rows is
-- no longer complete, so that the repair fetches this list and nothing else.
create function public.reconcile_rows(argument jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set statement_timeout = '300s'
set jit = off
as $$
declare
  present dq.gaps[];
  page integer;
  opened integer;
  repaired integer;
  accepted integer;
  answered jsonb;
  waiting integer;
begin
  argument := public.unwrap(argument);
  page := least(coalesce((argument ->> 'limit')::integer, 5000), 20000);
  -- The views below are cut by these; they end with the transaction.
  perform set_config('dq.repository', coalesce(argument ->> 'repository_id', ''), true);
  perform set_config('dq.since', coalesce(argument ->> 'since', ''), true);
  perform set_config('dq.until', coalesce(argument ->> 'until', ''), true);
  if dq.unanalysed() then
    perform set_config('enable_nestloop', 'off', true);
  end if;
  -- Two runs at once would count a gap twice.
  perform pg_advisory_xact_lock(hashtext('reconcile_rows'));

  select coalesce(array_agg(g), '{}') into present from dq.gaps g;

  -- Open gaps of this scope that are not there any more: captured since, or gone at GitHub.
  update capture_gaps g
  set repaired_at = now(),
    reason = case when exists (select from pull_request_manifest m
      where m.repository_id = g.repository_id and m.number = g.number and m.deleted_at is null) then g.reason else 'gone at GitHub' end
  where g.repaired_at is null and g.accepted_at_source is null
    and exists (select from dq.repositories r where r.repository_id = g.repository_id)
    and not exists (select from unnest(present) p
      where p.repository_id = g.repository_id and p.number = g.number and p.kind = g.kind)
    and (exists (select from dq.manifest m where m.repository_id = g.repository_id and m.number = g.number)
      or not exists (select from pull_request_manifest m
        where m.repository_id = g.repository_id and m.number = g.number and m.deleted_at is null));
  get diagnostics repaired = row_count;

  -- Three completed repairs found the same counts: GitHub counts what it does not show (hidden, spam).
  update capture_gaps g
  set accepted_at_source = now(), reason = 'three repairs found the same: GitHub counts what it does not show'
  from unnest(present) p
  where g.repository_id = p.repository_id and g.number = p.number and g.kind = p.kind
    and g.repaired_at is null and g.accepted_at_source is null and g.repairs >= 3
    and g.expected is not distinct from p.expected and g.found is not distinct from p.found
    and g.manifest_updated_at is not distinct from p.manifest_updated_at
    and exists (select from progressive_capture_jobs j where j.id = g.repair_job_id and j.status = 'completed');
  get diagnostics accepted = row_count;

  with written as (
    insert into capture_gaps as t (repository_id, number, kind, expected, found, manifest_updated_at)
    select p.repository_id, p.number, p.kind, p.expected, p.found, p.manifest_updated_at
    from unnest(present) p
    where not exists (select from capture_gaps a
      where a.repository_id = p.repository_id and a.number = p.number and a.kind = p.kind and a.accepted_at_source = now())
    order by p.repository_id, p.number, p.kind
    on conflict (repository_id, number, kind) where repaired_at is null and accepted_at_source is null do update set
      -- Other counts or another version: the repairs so far say nothing about these.
      repairs = case when t.expected is not distinct from excluded.expected and t.found is not distinct from excluded.found
        and t.manifest_updated_at is not distinct from excluded.manifest_updated_at then t.repairs else 0 end,
      expected = excluded.expected, found = excluded.found, manifest_updated_at = excluded.manifest_updated_at
    returning xmax = 0 as fresh)
  select count(*) filter (where fresh) into opened from written;

  update pull_request_lists l
  set complete = false, truncated = false, captured = p.found
  from unnest(present) p
  where l.pull_request_id = p.pull_request_id and l.list = p.kind and (l.complete or l.truncated or l.captured <> p.found);

  select count(*), coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'repository_id', w.repository_id, 'owner', w.owner, 'name', w.name,
      'number', w.number, 'kind', w.kind) order by w.repository_id, w.number, w.kind) filter (where w.place <= page), '[]')
  into waiting, answered
  from (
    select g.id, g.repository_id, r.owner, r.name, g.number, g.kind,
      row_number() over (order by g.repository_id, g.number, g.kind) as place
    from capture_gaps g
    join dq.repositories r on r.repository_id = g.repository_id and r.access = 'active'
    left join progressive_capture_jobs j on j.id = g.repair_job_id
    where g.repaired_at is null and g.accepted_at_source is null
      and (j.id is null or j.status in ('completed', 'failed', 'cancelled'))) w;

  return jsonb_build_object('outcome', 'reconciled', 'found', cardinality(present), 'opened', opened, 'repaired', repaired,
    'accepted', accepted, 'more', waiting > page, 'gaps', answered, 'waiting', (
      select coalesce(jsonb_agg(distinct j.id), '[]')
      from capture_gaps g
      join dq.repositories r on r.repository_id = g.repository_id
      join progressive_capture_jobs j on j.id = g.repair_job_id and j.status in ('pending', 'deferred', 'dispatched')
      where g.repaired_at is null and g.accepted_at_source is null));
end
$$;

-- argument: {gap_ids, job_id}; answer: {outcome: 'linked', linked}. A gap that this job repairs already is not counted again.
create function public.link_repairs(argument jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set statement_timeout = '30s'
as $$
declare
  linked integer;
begin
  argument := public.unwrap(argument);
  update capture_gaps g
  set repair_job_id = (argument ->> 'job_id')::uuid, repairs = g.repairs + 1
  where g.id in (select value::uuid from jsonb_array_elements_text(argument -> 'gap_ids'))
    and g.repair_job_id is distinct from (argument ->> 'job_id')::uuid;
  get diagnostics linked = row_count;
  return jsonb_build_object('outcome', 'linked', 'linked', linked);
end
$$;

-- argument: {repository_id, limit}; answer: {outcome: 'sampled', items: [{repository_id, owner, name, number, updated_at}]}:
-- captured pull requests for an audit, chosen at random among those captured within a week and quiet for an hour: what moves while it
-- is read twice differs for good reasons.
create function public.audit_sample(argument jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set statement_timeout = '60s'
as $$
declare
  chosen jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(to_jsonb(c)), '[]') into chosen
  from (
    select p.repository_id, r.owner, r.name, p.number, p.updated_at
    from pull_requests p
    join repositories r on r.id = p.repository_id and r.access = 'active' and r.deleted_at is null
    where p.deleted_at is null and p.captured_at > now() - interval '7 days' and p.updated_at < now() - interval '1 hour'
      and (argument ->> 'repository_id' is null or p.repository_id = (argument ->> 'repository_id')::uuid)
    order by random()
    limit least(coalesce((argument ->> 'limit')::integer, 20), 200)) c;
  return jsonb_build_object('outcome', 'sampled', 'items', chosen);
end
$$;

-- argument: {repository_id, observations}: what an audit saw. answer: {outcome: 'observed', stored}.
create function public.record_audit(argument jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set statement_timeout = '60s'
as $$
declare
  stored integer;
begin
  argument := public.unwrap(argument);
  insert into capture_observations as t
    (repository_id, number, processor, record_kind, record_key, source_updated_at, fields, reason)
  select (argument ->> 'repository_id')::uuid, o.number, 'audit', o.record_kind, o.record_key, o.source_updated_at, o.fields, 'sample'
  from jsonb_to_recordset(argument -> 'observations') o
    (number bigint, record_kind text, record_key text, source_updated_at timestamptz, fields jsonb)
  order by o.number, o.record_kind, o.record_key
  on conflict (repository_id, number, record_kind, record_key, processor, reason) do update set
    source_updated_at = excluded.source_updated_at, fields = excluded.fields, observed_at = now();
  get diagnostics stored = row_count;
  return jsonb_build_object('outcome', 'observed', 'stored', stored);
end
$$;

do $$
declare
  name text;
begin
  foreach name in array array['reconcile_rows', 'link_repairs', 'audit_sample', 'record_audit'] loop
    execute format('revoke execute on function public.%I(jsonb) from public, anon, authenticated', name);
    execute format('grant execute on function public.%I(jsonb) to service_role', name);
  end loop;
end
$$;
