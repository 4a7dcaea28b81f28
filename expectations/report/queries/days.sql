-- How complete each day of each repository is, by the time GitHub last changed the pull request.
select m.repository, (m.updated_at at time zone 'UTC')::date as day, count(*) as listed, count(g.number) as incomplete
from dq.manifest m
left join (select distinct repository_id, number from dq.gaps) g using (repository_id, number)
group by m.repository, 2
order by 1, 2
