-- What planning reads: manifest items with how far each is captured.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- {repository_id, since, until, numbers, after_updated_at, after_number, limit} -> items, newest first; an empty page is the end.
-- Planned anew at each call: by numbers and by time need different indexes.
-- Each has the manifest's columns, stored, stored_updated_at and its lists as they stand in pull_request_lists.
create function public.plan_page(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp
set statement_timeout = '30s'
set enable_hashjoin = off
set enable_mergejoin = off
set enable_material = off
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
  items jsonb;
  repository uuid;
  wanted bigint[];
  page_size integer;
begin
  argument := public.unwrap(argument);
  repository := (argument ->> 'repository_id')::uuid;
  page_size := least(coalesce((argument ->> 'limit')::integer, 500), 1000);
  if jsonb_typeof(argument -> 'numbers') = 'array' then
    select array_agg(n::bigint) into wanted from jsonb_array_elements_text(argument -> 'numbers') n;
    wanted := coalesce(wanted, '{}');
  end if;
  select coalesce(jsonb_agg(
      to_jsonb(page) - 'repository_id' - 'scan_id' - 'deleted_at' || jsonb_build_object(
        'stored', p.id is not null and p.deleted_at is null, 'stored_updated_at', p.updated_at,
        'lists', coalesce((
          select jsonb_agg(to_jsonb(l) - 'pull_request_id' || jsonb_build_object('number', page.number) order by l.list)
          from pull_request_lists l where l.pull_request_id = p.id), '[]'))
      order by page.updated_at desc, page.number desc), '[]')
    into items
  from (
    select * from pull_request_manifest m
    where m.repository_id = repository and m.deleted_at is null
      and (wanted is null or m.number = any (wanted))
      and m.updated_at >= coalesce((argument ->> 'since')::timestamptz, '-infinity')
      and m.updated_at <= coalesce((argument ->> 'until')::timestamptz, 'infinity')
      and m.updated_at <= coalesce((argument ->> 'after_updated_at')::timestamptz, 'infinity')
      and (argument ->> 'after_updated_at' is null
           or (m.updated_at, m.number)
              < ((argument ->> 'after_updated_at')::timestamptz, (argument ->> 'after_number')::bigint))
    order by m.updated_at desc, m.number desc limit page_size) page
  left join pull_requests p on p.repository_id = repository and p.number = page.number;
  return jsonb_build_object('outcome', 'ok', 'items', items);
end
$$;
