-- The rollout: read, change with history, and how bulk executions ended.
-- Lock: none on existing tables. Old code survives it: yes, it only adds functions.

create function public.get_rollout(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  configuration public.rollout_configuration;
begin
  argument := public.unwrap(argument);
  select * into strict configuration from rollout_configuration where feature = 'hybrid-progressive-capture';
  return jsonb_build_object('outcome', 'ok', 'rollout', to_jsonb(configuration));
end
$$;

-- Actions: set {percentage, strategy, auto_rollback, max_error_rate, min_jobs}, include, exclude, remove {github_ids},
-- stop, rollback, resume. What changes nothing writes no history, so that a rollback may be asked for again and again.
create function public.change_rollout(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  before public.rollout_configuration;
  changed public.rollout_configuration;
  ids bigint[];
  asked text;
begin
  argument := public.unwrap(argument);
  asked := argument ->> 'action';
  select * into strict before from rollout_configuration where feature = 'hybrid-progressive-capture' for update;
  changed := before;
  select coalesce(array_agg(value::bigint), '{}') into ids
    from jsonb_array_elements_text(coalesce(nullif(argument -> 'github_ids', 'null'), '[]'));
  case asked
    when 'set' then
      changed.percentage := coalesce((argument ->> 'percentage')::numeric, before.percentage);
      changed.strategy := coalesce(argument ->> 'strategy', before.strategy);
      changed.auto_rollback := coalesce((argument ->> 'auto_rollback')::boolean, before.auto_rollback);
      changed.max_error_rate := coalesce((argument ->> 'max_error_rate')::numeric, before.max_error_rate);
      changed.min_jobs := coalesce((argument ->> 'min_jobs')::integer, before.min_jobs);
    when 'include' then
      changed.included := array(select distinct unnest(before.included || ids) order by 1);
      changed.excluded := array(select unnest(before.excluded) except select unnest(ids) order by 1);
    when 'exclude' then
      changed.excluded := array(select distinct unnest(before.excluded || ids) order by 1);
      changed.included := array(select unnest(before.included) except select unnest(ids) order by 1);
    when 'remove' then
      changed.included := array(select unnest(before.included) except select unnest(ids) order by 1);
      changed.excluded := array(select unnest(before.excluded) except select unnest(ids) order by 1);
    when 'stop', 'rollback' then
      if before.stopped_at is null then
        changed.stopped_at := now();
        changed.stop_reason := argument ->> 'reason';
      end if;
    when 'resume' then
      changed.stopped_at := null;
      changed.stop_reason := null;
    else
      return jsonb_build_object('outcome', 'refused', 'reason', 'unknown action');
  end case;
  if changed is not distinct from before then
    return jsonb_build_object('outcome', 'unchanged', 'rollout', to_jsonb(before));
  end if;
  update rollout_configuration set
      percentage = changed.percentage, strategy = changed.strategy, included = changed.included,
      excluded = changed.excluded, stopped_at = changed.stopped_at, stop_reason = changed.stop_reason,
      auto_rollback = changed.auto_rollback, max_error_rate = changed.max_error_rate, min_jobs = changed.min_jobs,
      version = before.version + 1, updated_at = now()
    where feature = before.feature returning * into changed;
  insert into rollout_history (feature, action, before, after, reason, actor, at)
    values (before.feature, asked, to_jsonb(before), to_jsonb(changed), argument ->> 'reason', argument ->> 'actor',
            clock_timestamp());
  return jsonb_build_object('outcome', 'changed', 'rollout', to_jsonb(changed));
end
$$;

create function public.list_rollout_history(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  found jsonb;
begin
  argument := public.unwrap(argument);
  select coalesce(jsonb_agg(to_jsonb(page) order by page.at desc, page.id desc), '[]') into found from (
    select * from rollout_history
      where argument ->> 'before_id' is null or id < (argument ->> 'before_id')::uuid
      order by at desc, id desc limit least(coalesce((argument ->> 'limit')::integer, 50), 500)
  ) page;
  return jsonb_build_object('outcome', 'ok', 'history', found);
end
$$;

-- How bulk *executions* ended in the last 24 hours, since the last resume. Work that was never executed (a dispatch that
-- failed), work that Inngest or this machine did, parents, and repositories that cannot be read say nothing about it.
create function public.execution_results(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '10s'
as $$
declare
  answer jsonb;
  beginning timestamptz;
begin
  argument := public.unwrap(argument);
  select greatest(now() - interval '24 hours', max(at)) into beginning from rollout_history where action = 'resume';
  select jsonb_build_object(
      'outcome', 'ok',
      'since', beginning,
      'completed', count(*) filter (where status = 'completed'),
      'failed', count(*) filter (where status = 'failed' and coalesce(error_code, '') not like 'repository\_%'))
    into answer
    from progressive_capture_jobs
    where executed_by = 'github_actions' and not is_parent and completed_at >= beginning;
  return answer;
end
$$;

select public.lock_down_functions();
