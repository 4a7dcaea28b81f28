-- Lists which GitHub itself cuts off, and lists which are not yet read to their end.
select r.full_name as repository, p.number, l.list, l.expected, l.captured, l.truncated, l.complete, l.listed_at,
  coalesce(p.url, 'https://github.com/' || r.full_name || '/pull/' || p.number) as url
from public.pull_request_lists l
join public.pull_requests p on p.id = l.pull_request_id and p.deleted_at is null
join public.repositories r on r.id = p.repository_id
where not l.complete
order by l.truncated desc, r.full_name, p.number
limit 2000
