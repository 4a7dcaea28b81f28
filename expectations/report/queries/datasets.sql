-- What GitHub counts and what is there, dataset by dataset and repository by repository.
select repository, repository_id, 'pull requests' as dataset, count(*) as at_github,
  count(*) filter (where exists (select from public.pull_requests p
    where p.repository_id = m.repository_id and p.number = m.number and p.deleted_at is null)) as captured
from dq.manifest m group by repository, repository_id
union all
select repository, repository_id, replace(list, '_', ' '), sum(expected), sum(found)
from dq.list_counts group by repository, repository_id, list
order by 1, 3
