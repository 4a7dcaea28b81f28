-- Both processors side by side, from the observations of shadow runs.
-- Lock: none on existing tables. Old code survives it: yes, it only adds functions.

-- {repository_id, since, limit}: records seen by both, seen by one, changed in between, and the fields in which records
-- of the same version differ; and what each side's jobs took. An observation belongs to the processor its job was
-- decided for, so that a job which was run by hand counts for the side it stood in for.
create function public.shadow_report(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp set statement_timeout = '60s'
as $$
declare
  answer jsonb;
begin
  argument := public.unwrap(argument);
  with pairs as (
    select p.id from progressive_capture_jobs p
      where p.is_parent and p.status = 'completed'
        and (argument ->> 'since' is null or p.completed_at >= (argument ->> 'since')::timestamptz)
        and exists (select from progressive_capture_jobs s where s.parent_id = p.id and s.mode = 'shadow'
          and (argument ->> 'repository_id' is null or s.repository_id = (argument ->> 'repository_id')::uuid))
  ), sides as (
    -- With the linked runs that a real-time half is continued in.
    select j.id, j.processor_type as side, j.metrics, j.items_done, extract(epoch from j.completed_at - j.started_at) as seconds
      from progressive_capture_jobs j join pairs on pairs.id = j.parent_id
  ), seen as (
    select o.repository_id, o.number, o.record_kind, o.record_key, o.source_updated_at, o.fields, s.side
      from capture_observations o join sides s on s.id = o.job_id
      where o.reason = 'shadow'
  ), matched as (
    select repository_id, number, record_kind, record_key,
        i.source_updated_at as i_at, a.source_updated_at as a_at, i.fields as i_fields, a.fields as a_fields
      from (select * from seen where side = 'inngest') i
      full join (select * from seen where side = 'github_actions') a using (repository_id, number, record_kind, record_key)
  ), differing as (
    select m.repository_id, m.number, m.record_kind, m.record_key, k.field,
        m.i_fields -> k.field as inngest, m.a_fields -> k.field as github_actions
      from matched m cross join lateral (
        select field from jsonb_object_keys(m.i_fields || m.a_fields) field) k
      where m.i_at = m.a_at and (m.i_fields -> k.field) is distinct from (m.a_fields -> k.field)
  )
  select jsonb_build_object(
      'outcome', 'ok',
      'pairs', (select count(*) from pairs),
      'records', (select jsonb_build_object(
          'both', count(*) filter (where i_at is not null and a_at is not null),
          'agree', count(*) filter (where i_at = a_at and i_fields = a_fields),
          'changed_between', count(*) filter (where i_at <> a_at),
          'only_inngest', count(*) filter (where a_at is null),
          'only_github_actions', count(*) filter (where i_at is null)) from matched),
      'disagreeing', (select count(distinct (repository_id, number, record_kind, record_key)) from differing),
      'by_field', (select coalesce(jsonb_object_agg(name, n), '{}') from (
          select record_kind || '.' || field as name, count(*) as n from differing group by 1) f),
      'disagreements', (select coalesce(jsonb_agg(to_jsonb(d) order by d.number, d.record_kind, d.record_key, d.field), '[]')
          from (select differing.*, r.full_name from differing join repositories r on r.id = differing.repository_id
                order by number, record_kind, record_key, field
                limit least(coalesce((argument ->> 'limit')::integer, 100), 1000)) d),
      'one_sided', (select coalesce(jsonb_agg(to_jsonb(o) order by o.number, o.record_kind, o.record_key), '[]')
          from (select m.number, m.record_kind, m.record_key, r.full_name,
                  case when m.a_at is null then 'inngest' else 'github_actions' end as seen_by
                from matched m join repositories r on r.id = m.repository_id where m.a_at is null or m.i_at is null
                order by m.number, m.record_kind, m.record_key
                limit least(coalesce((argument ->> 'limit')::integer, 100), 1000)) o),
      'sides', (select coalesce(jsonb_object_agg(side, f), '{}') from (
          select side, jsonb_build_object('jobs', count(*), 'items', sum(items_done), 'seconds', sum(seconds),
              'requests', sum(coalesce((metrics ->> 'requests')::numeric, 0)),
              'points', sum(coalesce((metrics ->> 'points')::numeric, 0)),
              'billed_minutes', sum(coalesce((metrics ->> 'billed_minutes')::numeric, 0)),
              'executions', sum(coalesce((metrics ->> 'executions')::numeric, 0))) as f
            from sides group by side) s))
    into answer;
  return answer;
end
$$;

select public.lock_down_functions();
