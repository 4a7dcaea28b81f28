-- What an item costs, by processor, over the last 30 days.
select u.processor, sum(u.jobs_completed) as jobs_completed, sum(u.jobs_failed) as jobs_failed, sum(u.items) as items,
  sum(u.rows_written) as rows_written, sum(u.requests) as requests, sum(u.points) as points,
  round(sum(u.seconds)::numeric, 1) as seconds, sum(u.dollars) as dollars,
  sum(u.dollars) / nullif(sum(u.items), 0) as dollars_per_item,
  round(sum(u.requests)::numeric / nullif(sum(u.items), 0), 3) as requests_per_item
from public.usage_daily u
where u.day > current_date - 30
group by u.processor
order by u.processor
