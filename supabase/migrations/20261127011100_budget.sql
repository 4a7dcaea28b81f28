-- GitHub's limits, shared by all processes that use one credential: reserved before a call, corrected from its answer's headers.
-- Lock: none on existing tables. Old code survives it: yes, it only adds.

-- {credential, resource, points, bulk} -> granted, or the time to wait until. Bulk work leaves the last fifth of the points to
-- recent work, and keeps GraphQL to 60 server-seconds a minute (GitHub's secondary limit); both keep to the requests a minute.
-- window_seconds is a bucket that empties by a second a second. Above 30 bulk waits until it has emptied to that: waits are as
-- short as the latest queries were long, and in no minute are more than 90 seconds used (GitHub's bound for both APIs).
create function public.reserve_budget(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '10s'
as $$
#variable_conflict use_column
declare
  budget rate_budgets;
  wanted integer;
  bulk boolean;
  moment timestamptz;
  wait timestamptz;
  per_minute integer;
begin
  argument := public.unwrap(argument);
  wanted := coalesce((argument ->> 'points')::integer, 1);
  bulk := coalesce((argument ->> 'bulk')::boolean, false);
  per_minute := case argument ->> 'resource' when 'graphql' then 2000 else 900 end;
  insert into rate_budgets (credential, resource) values (argument ->> 'credential', argument ->> 'resource')
  on conflict do nothing;
  select * into budget from rate_budgets
    where credential = argument ->> 'credential' and resource = argument ->> 'resource' for no key update;
  moment := clock_timestamp();
  if budget.reset_at <= moment then
    budget.remaining := budget.limit_points;
    budget.reserved := 0;
    budget.reset_at := null;
  end if;
  if budget.window_started_at is null or budget.window_started_at <= moment - interval '1 minute' then
    budget.window_started_at := moment;
    budget.window_requests := 0;
  end if;
  budget.window_seconds := greatest(0, budget.window_seconds - extract(epoch from moment - budget.updated_at));
  if budget.blocked_until > moment then
    wait := budget.blocked_until;
  elsif budget.remaining - budget.reserved - wanted
        < (case when bulk then ceil(budget.limit_points * 0.2) else 0 end) and budget.reset_at is not null then
    wait := budget.reset_at;
  elsif bulk and argument ->> 'resource' = 'graphql' and budget.window_seconds > 30 then
    wait := moment + make_interval(secs => budget.window_seconds - 30);
  elsif budget.window_requests + 1 > per_minute * (case when bulk then 0.8 else 1 end) then
    wait := budget.window_started_at + interval '1 minute';
  else
    budget.reserved := budget.reserved + wanted;
    budget.window_requests := budget.window_requests + 1;
  end if;
  update rate_budgets set remaining = budget.remaining, reserved = budget.reserved, reset_at = budget.reset_at,
    window_started_at = budget.window_started_at, window_seconds = budget.window_seconds,
    window_requests = budget.window_requests, updated_at = moment
  where credential = budget.credential and resource = budget.resource;
  return jsonb_build_object('outcome', 'ok', 'granted', wait is null, 'wait_until', wait, 'now', moment);
end
$$;

-- {credential, resource, cost, reserved, limit, remaining, reset_at, seconds, blocked_until} -> ok. Answers may arrive out of
-- order: within one window the smallest remainder is the truth.
create function public.record_budget(argument jsonb) returns jsonb
language plpgsql
set search_path = public, pg_temp
set statement_timeout = '10s'
as $$
#variable_conflict use_column
declare
  budget rate_budgets;
  answered timestamptz;
  left_over integer;
begin
  argument := public.unwrap(argument);
  answered := (argument ->> 'reset_at')::timestamptz;
  left_over := (argument ->> 'remaining')::integer;
  insert into rate_budgets (credential, resource) values (argument ->> 'credential', argument ->> 'resource')
  on conflict do nothing;
  select * into budget from rate_budgets
    where credential = argument ->> 'credential' and resource = argument ->> 'resource' for no key update;
  update rate_budgets b set
    limit_points = coalesce((argument ->> 'limit')::integer, b.limit_points),
    remaining = greatest(0, case
      when left_over is null then b.remaining - coalesce((argument ->> 'cost')::integer, 0)
      when b.reset_at is null or answered > b.reset_at + interval '5 seconds' then left_over
      when answered < b.reset_at - interval '5 seconds' then b.remaining
      else least(b.remaining, left_over) end),
    reserved = greatest(0, b.reserved - coalesce((argument ->> 'reserved')::integer, 0)),
    reset_at = greatest(b.reset_at, answered),
    window_seconds = greatest(0, b.window_seconds - extract(epoch from clock_timestamp() - b.updated_at))
      + coalesce((argument ->> 'seconds')::double precision, 0),
    blocked_until = case when argument ->> 'blocked_until' is null then b.blocked_until
                         else greatest(b.blocked_until, (argument ->> 'blocked_until')::timestamptz) end,
    updated_at = clock_timestamp()
  where b.credential = budget.credential and b.resource = budget.resource returning * into budget;
  return jsonb_build_object('outcome', 'ok', 'remaining', budget.remaining, 'reserved', budget.reserved,
    'reset_at', budget.reset_at, 'blocked_until', budget.blocked_until);
end
$$;
