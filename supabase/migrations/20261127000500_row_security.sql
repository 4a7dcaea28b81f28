-- Row security on every table: the service role writes, signed-in users read what a page needs, anonymous users nothing.
-- Lock: ACCESS EXCLUSIVE on each table for the moment of the change. Old code survives it: yes, workers use the service role.

do $$
declare
  relation text;
begin
  for relation in select tablename from pg_tables where schemaname = 'public' loop
    execute format('alter table public.%I enable row level security', relation);
    execute format('revoke all on public.%I from anon, authenticated', relation);
    execute format('grant select, insert, update, delete on public.%I to service_role', relation);
  end loop;
  foreach relation in array array['repositories', 'contributors', 'pull_requests', 'reviews', 'comments', 'file_changes',
    'progressive_capture_jobs', 'capture_coverage', 'capture_gaps', 'processor_health', 'usage_daily',
    'dq_runs', 'dq_results', 'dq_failures'] loop
    execute format('grant select on public.%I to authenticated', relation);
    execute format('create policy authenticated_reads on public.%I for select to authenticated using (true)', relation);
  end loop;
end
$$;
grant usage on schema public to anon, authenticated, service_role;
