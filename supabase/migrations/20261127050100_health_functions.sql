-- The processors' health, and everything the router wants to know, in one answer.
-- Lock: none on existing tables. Old code survives it: yes, it only adds functions.

create function public.get_health(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
begin
  argument := public.unwrap(argument);
  return jsonb_build_object('outcome', 'ok', 'now', clock_timestamp(), 'health',
    (select coalesce(jsonb_object_agg(h.processor, to_jsonb(h)), '{}') from processor_health h));
end
$$;

-- Store what a probe or a hand-over showed. `seen_failures` is the count the caller started from: of two processes that
-- probe at once the later must not undo the earlier one's finding.
create function public.record_health(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  stored public.processor_health;
begin
  argument := public.unwrap(argument);
  update processor_health set
      status = argument ->> 'status', breaker = argument ->> 'breaker', failures = (argument ->> 'failures')::integer,
      open_until = (argument ->> 'open_until')::timestamptz, verdict = argument ->> 'verdict',
      detail = left(argument ->> 'detail', 500), probed_at = (argument ->> 'probed_at')::timestamptz, updated_at = now()
    where processor = argument ->> 'processor' and failures = (argument ->> 'seen_failures')::integer
    returning * into stored;
  if not found then
    select * into stored from processor_health where processor = argument ->> 'processor';
    return jsonb_build_object('outcome', 'overtaken', 'health', to_jsonb(stored));
  end if;
  return jsonb_build_object('outcome', 'ok', 'health', to_jsonb(stored));
end
$$;

create function public.beat_processor(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
begin
  argument := public.unwrap(argument);
  update processor_health set heartbeat_at = clock_timestamp(), updated_at = now()
    where processor = argument ->> 'processor';
  return jsonb_build_object('outcome', case when found then 'ok' else 'not_found' end);
end
$$;

create function public.routing_facts(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  repository public.repositories;
  configuration public.rollout_configuration;
begin
  argument := public.unwrap(argument);
  select * into repository from repositories
    where lower(owner || '/' || name) = lower((argument ->> 'owner') || '/' || (argument ->> 'name'))
    order by deleted_at nulls first, captured_at desc limit 1;
  select * into strict configuration from rollout_configuration where feature = 'hybrid-progressive-capture';
  return jsonb_build_object(
    'outcome', 'ok',
    'now', clock_timestamp(),
    'repository', case when repository.id is not null then jsonb_build_object(
      'id', repository.id, 'github_id', repository.github_id, 'watermark', repository.watermark,
      'pull_requests_total', repository.pull_requests_total, 'access', repository.access,
      'access_reason', repository.access_reason, 'tracked', repository.tracked) end,
    'rollout', to_jsonb(configuration),
    'health', (select coalesce(jsonb_object_agg(h.processor, to_jsonb(h)), '{}') from processor_health h));
end
$$;

select public.lock_down_functions();
