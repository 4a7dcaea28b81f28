"""The catalogue's second half: single values, orphans, schema, age, and checks that cannot be made."""

# ruff: noqa: E501 -- a table: its rows are read across

from tests.quality.catalogue import ROCKET, Defect, drop, of

VALUES = [
    Defect(
        "a shifted time zone",
        "update pull_requests set created_at = created_at + interval '2 hours', updated_at = updated_at + interval '2 hours',"
        f" closed_at = closed_at + interval '2 hours', merged_at = merged_at + interval '2 hours' where id = {of(31)}",
        "values", "identity_as_listed", "critical", "manifest", record="pull request",
    ),
    Defect(
        "a change that lies in the future", f"update pull_requests set updated_at = now() + interval '1 day' where id = {of(31)}",
        "values", "version_as_listed", "critical", "clock", record="pull request",
    ),
    Defect(
        "a state that GitHub does not know",
        drop("pull_requests", "pull_requests_state_check") + f"update pull_requests set state = 'draft' where id = {of(35)}",
        "values", "state_known", "critical", "constraint", number=35, record="pull request", also=("closed_has_time",),
    ),
    Defect(
        "merged, but never", drop("pull_requests", "pull_requests_check1") + f"update pull_requests set merged_at = null where id = {of(31)}",
        "values", "merged_has_time", "critical", "constraint", record="pull request", extra=True,
    ),
    Defect(
        "closed, but never", f"update pull_requests set closed_at = null where id = {of(31)}",
        "values", "closed_has_time", "critical", "rules", record="pull request", extra=True,
    ),
    Defect(
        "changed before it was created",
        drop("pull_requests", "pull_requests_check") + f"update pull_requests set created_at = updated_at + interval '1 hour' where id = {of(31)}",
        "values", "updated_after_created", "critical", "constraint", record="pull request",
        also=("identity_as_listed", "closed_after_created", "review_in_its_time", "comment_in_its_time"),
    ),
    Defect(
        "closed before it was created", f"update pull_requests set closed_at = created_at - interval '1 hour' where id = {of(31)}",
        "values", "closed_after_created", "warning", "rules", record="pull request", extra=True,
    ),
    Defect(
        "less than no lines",
        drop("pull_requests", "pull_requests_additions_check") + f"update pull_requests set additions = -1 where id = {of(31)}",
        "values", "additions_not_negative", "critical", "constraint", record="pull request", also=("lines_add_up",),
    ),
    Defect(
        "a head that is no commit", f"update pull_requests set head_sha = 'abc' where id = {of(31)}",
        "values", "head_sha_valid", "critical", "rules", record="pull request", also=("files_of_head",), extra=True,
    ),
    Defect(
        "a body longer than GitHub allows", f"update pull_requests set body = repeat('x', 70000) where id = {of(31)}",
        "values", "body_length", "warning", "rules", record="pull request", extra=True,
    ),
    Defect(
        "no title", f"update pull_requests set title = '' where id = {of(31)}",
        "values", "title_present", "critical", "rules", record="pull request", extra=True,
    ),
    Defect(
        "the address of another pull request", f"update pull_requests set url = 'https://github.com/acme/rocket/pull/7' where id = {of(31)}",
        "values", "url_names_pull_request", "critical", "rules", record="pull request", extra=True,
    ),
    Defect(
        "a review in an unknown state",
        drop("reviews", "reviews_state_check") + f"update reviews set state = 'liked' where pull_request_id = {of(31)}",
        "values", "review_state_known", "critical", "constraint", record="review", extra=True,
    ),
    Defect(
        "a review that was never submitted", f"update reviews set submitted_at = null where pull_request_id = {of(31)}",
        "values", "review_submitted", "critical", "rules", record="review", extra=True,
    ),
    Defect(
        "a review before its pull request", f"update reviews set submitted_at = '2011-01-01 00:00+00' where pull_request_id = {of(31)}",
        "values", "review_in_its_time", "critical", "clock", record="review",
    ),
    Defect(
        "a review below the wrong pull request", f"update reviews set pull_request_id = {of(33)} where pull_request_id = {of(31)}",
        "values", "review_in_its_place", "critical", "rules", number=33, record="review",
        also=("reviews_complete", "lists_not_exceeded", "inline_comments_have_reviews", "review_in_its_time"),
    ),
    Defect(
        "a comment edited before it was written",
        f"update comments set updated_at = created_at - interval '1 minute' where pull_request_id = {of(31)} and kind = 'conversation'",
        "values", "comment_updated_after_created", "critical", "rules", record="conversation comment", extra=True,
    ),
    Defect(
        "comments of the future",
        f"update comments set updated_at = now() + interval '5 hours' where pull_request_id = {of(31)} and kind = 'inline'",
        "values", "comment_in_its_time", "critical", "clock", record="inline comment", extra=True,
    ),
    Defect(
        "a comment below the wrong pull request",
        f"update comments set pull_request_id = {of(36)} where pull_request_id = {of(31)} and kind = 'conversation'",
        "values", "comment_in_its_place", "critical", "rules", number=36, record="conversation comment",
        also=("conversation_comments_complete", "lists_not_exceeded", "comment_in_its_time"), extra=True,
    ),
    Defect(
        "a comment of the conversation in the code",
        f"update comments set path = 'a.py' where pull_request_id = {of(31)} and kind = 'conversation'",
        "values", "conversation_outside_code", "critical", "rules", record="conversation comment", extra=True,
    ),
    Defect(
        "a comment longer than GitHub allows",
        f"update comments set body = repeat('x', 70000) where pull_request_id = {of(31)} and kind = 'conversation'",
        "values", "comment_length", "warning", "rules", record="conversation comment", extra=True,
    ),
    Defect(
        "files of an older head", f"update file_changes set head_sha = repeat('a', 40) where pull_request_id = {of(31)}",
        "values", "files_of_head", "warning", "second observation", record="file src/", extra=True,
    ),
    Defect(
        "an unknown kind of change",
        drop("file_changes", "file_changes_change_type_check")
        + f"update file_changes set change_type = 'touched' where pull_request_id = {of(31)}",
        "values", "change_type_known", "critical", "constraint", record="file src/", extra=True,
    ),
    Defect(
        "lines that do not add up", f"update file_changes set additions = additions + 1 where pull_request_id = {of(31)}",
        "values", "lines_add_up", "warning", "counts", record="pull request",
    ),
    Defect(
        "a login as REST spells it", "update contributors set login = 'dependabot[bot]' where login = 'dependabot'",
        "values", "login_normal", "critical", "rules", number=None, record="contributor bot:5000000001",
    ),
    Defect(
        "a contributor under a false key",
        drop("contributors", "contributors_check") + "update contributors set github_id = 1234 where key = 'user:5000000007'",
        "values", "key_says_who", "critical", "constraint", number=None, record="contributor user:5000000007", extra=True,
    ),
]  # fmt: skip

ORPHANS = [
    Defect(
        "a review without a pull request",
        drop("reviews", "reviews_pull_request_id_fkey") + f"update reviews set pull_request_id = uuid_v7() where pull_request_id = {of(33 + 1)}",
        "referential", "reviews_have_pull_requests", "critical", "constraint", number=None, record="review ",
        also=("keys_enforced", "reviews_complete", "inline_comments_have_reviews"),
    ),
    Defect(
        "comments without a pull request",
        drop("comments", "comments_pull_request_id_fkey")
        + f"update comments set pull_request_id = uuid_v7() where pull_request_id = {of(31)} and kind = 'conversation'",
        "referential", "comments_have_pull_requests", "critical", "constraint", number=None, record="conversation comment",
        also=("keys_enforced", "conversation_comments_complete"), extra=True,
    ),
    Defect(
        "files without a pull request",
        drop("file_changes", "file_changes_pull_request_id_fkey")
        + f"update file_changes set pull_request_id = uuid_v7() where pull_request_id = {of(31)}",
        "referential", "files_have_pull_requests", "critical", "constraint", number=None, record="file src/",
        also=("keys_enforced", "file_changes_complete"), extra=True,
    ),
    Defect(
        "a pull request without a repository",
        drop("pull_requests", "pull_requests_repository_id_fkey")
        + "insert into pull_requests (repository_id, number, github_id, node_id, title, state, author_key, created_at, updated_at)"
        " values (uuid_v7(), 998, 9, 'PR_9', 'Lost', 'open', 'ghost', now() - interval '3 days', now() - interval '2 days')",
        "referential", "pull_requests_have_repositories", "critical", "constraint", number=None, record="pull request 998",
        also=("keys_enforced",), extra=True,
    ),
    Defect(
        "an author whom nobody knows",
        drop("pull_requests", "pull_requests_author_key_fkey") + f"update pull_requests set author_key = 'user:1' where id = {of(31)}",
        "referential", "pull_requests_have_authors", "critical", "constraint", number=None, record="pull request 31", also=("keys_enforced",), extra=True,
    ),
    Defect(
        "a reviewer whom nobody knows",
        drop("reviews", "reviews_author_key_fkey") + f"update reviews set author_key = 'user:1' where pull_request_id = {of(31)}",
        "referential", "reviews_have_authors", "critical", "constraint", number=None, record="review ", also=("keys_enforced",), extra=True,
    ),
    Defect(
        "a commenter whom nobody knows",
        drop("comments", "comments_author_key_fkey") + f"update comments set author_key = 'user:1' where pull_request_id = {of(31)}",
        "referential", "comments_have_authors", "critical", "constraint", number=None, record="comment ", also=("keys_enforced",), extra=True,
    ),
    Defect(
        "inline comments of another pull request's review",
        f"update comments set review_github_id = (select min(github_id) from reviews where pull_request_id = {of(34)})"
        f" where pull_request_id = {of(31)} and kind = 'inline'",
        "referential", "inline_comments_have_reviews", "warning", "rules", record="inline comment",
    ),
    Defect(
        "a reply to a comment of another pull request",
        f"update comments set in_reply_to_github_id = (select min(github_id) from comments where pull_request_id = {of(34)}"
        f" and kind = 'inline') where pull_request_id = {of(31)} and in_reply_to_github_id is not null",
        "referential", "replies_have_targets", "warning", "rules", record="inline comment", extra=True,
    ),
]  # fmt: skip

TABLES = [
    Defect(
        "a column is gone", "alter table reviews rename body to content",
        "schema", "columns_present", "critical", "catalogue", number=None, record="reviews.body", also=("reviews_as_observed",),
    ),
    Defect(
        "a column has another type",
        """alter table file_changes rename head_sha to head; alter table file_changes add head_sha varchar(40);
           update file_changes set head_sha = head""",
        "schema", "column_types", "critical", "catalogue", number=None, record="file_changes.head_sha", extra=True,
    ),
    Defect(
        "a foreign key is gone", drop("reviews", "reviews_author_key_fkey"),
        "schema", "keys_enforced", "warning", "catalogue", number=None, record="reviews", extra=True,
    ),
    Defect(
        "a table is open to everybody", "alter table comments disable row level security",
        "schema", "row_security", "critical", "catalogue", number=None, record="comments", extra=True,
    ),
]  # fmt: skip

AGE = [
    Defect(
        "nobody has looked for two days", f"update manifest_scans set started_at = now() - interval '2 days' where repository_id = {ROCKET}",
        "freshness", "listed_lately", "warning", "clock", number=None, record="acme/rocket",
    ),
    Defect(
        "nobody has looked for ten days", f"update manifest_scans set started_at = now() - interval '10 days' where repository_id = {ROCKET}",
        "freshness", "listed_this_week", "critical", "clock", number=None, record="acme/rocket", also=("listed_lately",), extra=True,
    ),
    Defect(
        "a watermark of tomorrow", f"update repositories set watermark = now() + interval '1 day' where id = {ROCKET}",
        "freshness", "watermark_not_ahead", "critical", "clock", number=None, record="acme/rocket", also=("watermark_covered",), extra=True,
    ),
    Defect(
        "a job whose worker died",
        "insert into progressive_capture_jobs (job_type, repository_id, owner, name, processor_type, trigger, scope_hash, status, started_at,"
        f" lease_expires_at) values ('recent-prs', {ROCKET}, 'acme', 'rocket', 'inngest', 'manual', 'x', 'processing',"
        " now() - interval '2 hours', now() - interval '1 hour')",
        "freshness", "no_abandoned_jobs", "warning", "clock", number=None, record="job ",
    ),
    Defect(
        "a job that nobody takes",
        "insert into progressive_capture_jobs (job_type, repository_id, owner, name, processor_type, trigger, scope_hash, created_at)"
        f" values ('recent-prs', {ROCKET}, 'acme', 'rocket', 'inngest', 'manual', 'x', now() - interval '7 hours')",
        "freshness", "no_overdue_jobs", "warning", "clock", number=None, record="job ", extra=True,
    ),
]  # fmt: skip

UNDECIDABLE = [
    Defect(
        "a view is missing", "drop view dq.coverage",
        "completeness", "coverage_without_holes", "critical", "catalogue", number=None, status="error",
        also=("nothing_cut_off", "windows_meet"),
    ),
    Defect(
        "a check raises", "alter table pull_request_lists rename to lost_lists",
        "values", "lines_add_up", "warning", "catalogue", number=None, status="error",
        also=("inline_comments_have_reviews",),
    ),
]  # fmt: skip
