-- What a worker checks before it works: that the schema is the one its code was written for, and that what it writes can be read.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

create table public.store_canaries (
  worker text primary key,
  nonce uuid not null,
  written_at timestamptz not null default now()
);
alter table public.store_canaries enable row level security;
revoke all on public.store_canaries from anon, authenticated;
grant select, insert, update, delete on public.store_canaries to service_role;

-- {worker, nonce} -> ok. Every start has a row of its own; what is an hour old goes.
create function public.write_canary(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '10s'
as $$
begin
  argument := public.unwrap(argument);
  insert into store_canaries as c (worker, nonce) values (argument ->> 'worker', (argument ->> 'nonce')::uuid)
  on conflict (worker) do update set nonce = excluded.nonce, written_at = now();
  delete from store_canaries c where c.worker in (
    select o.worker from store_canaries o where o.written_at < now() - interval '1 hour' for update skip locked);
  return jsonb_build_object('outcome', 'ok');
end
$$;

-- {worker} -> ok with the nonce as stored, or not_found.
create function public.read_canary(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_temp
set statement_timeout = '10s'
as $$
declare
  stored uuid;
begin
  argument := public.unwrap(argument);
  select c.nonce into stored from store_canaries c where c.worker = argument ->> 'worker';
  return jsonb_build_object('outcome', case when found then 'ok' else 'not_found' end, 'nonce', stored);
end
$$;

-- {} -> objects: a digest for every column, constraint, index, policy, trigger, function and view of the schema, by name, and
-- `server`, the version number. Digests are of what behaves, not of how a server version prints it.
create function public.schema_objects(argument jsonb) returns jsonb
language plpgsql stable
set search_path = public, pg_catalog, pg_temp
set statement_timeout = '20s'
as $$
declare
  objects jsonb;
begin
  argument := public.unwrap(argument);
  select jsonb_object_agg(name, left(md5(detail), 12)) into objects from (
    select 'column ' || c.relname || '.' || a.attname as name,
           format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attgenerated::text || ' '
             || coalesce(pg_get_expr(d.adbin, d.adrelid), '') as detail
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    union all
    select 'constraint ' || c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where k.connamespace = 'public'::regnamespace and k.contype in ('c', 'f', 'p', 'u')
    union all
    select 'index ' || i.indexname, i.indexdef from pg_indexes i where i.schemaname = 'public'
    union all
    select 'row security ' || c.relname, c.relrowsecurity::text from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    union all
    select 'policy ' || p.tablename || '.' || p.policyname,
           p.cmd || ' ' || p.roles::text || ' ' || coalesce(p.qual, '') || ' ' || coalesce(p.with_check, '')
    from pg_policies p where p.schemaname = 'public'
    union all
    select 'trigger ' || c.relname || '.' || t.tgname, pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
    union all
    select 'view ' || c.relname, '' from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
    union all
    select 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
           p.prosrc || ' ' || coalesce((select string_agg(s, ',' order by s) from unnest(p.proconfig) s), '')
             || ' ' || p.prosecdef || has_function_privilege('anon', p.oid, 'execute')
             || has_function_privilege('service_role', p.oid, 'execute')
    from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  ) listed;
  return jsonb_build_object('outcome', 'ok', 'objects', objects, 'server', current_setting('server_version_num')::integer);
end
$$;
