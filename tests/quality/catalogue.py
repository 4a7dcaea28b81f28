"""The catalogue of defects, written before any was planted: what finds it, how grave it is, by which evidence.

Every defect is planted alone in a copy of a clean database. `name` is what the finding must name: a number and a record.
`also` lists further checks that see the same defect from another side; nothing else may report anything.
"""

# ruff: noqa: E501 -- a table: its rows are read across

from dataclasses import dataclass
from typing import Literal

Evidence = Literal[
    "manifest", "counts", "second observation", "audit", "ledger", "constraint", "rules", "clock", "catalogue"
]

PULL = "(select p.id from pull_requests p join repositories r on r.id = p.repository_id where r.name = 'rocket' and p.number = %d)"
ROCKET = "(select id from repositories where name = 'rocket')"


@dataclass(frozen=True)
class Defect:
    """One kind of defect. `number` None: the record is not a pull request's."""

    title: str
    plant: str
    suite: str
    check: str
    severity: str
    evidence: Evidence
    number: int | None = 31
    record: str = ""
    also: tuple[str, ...] = ()
    status: str = "failed"
    extra: bool = False
    """A variant of a kind that another row stands for; it runs with the campaigns."""


def of(number: int) -> str:
    """The key of a pull request of the first repository."""
    return PULL % number


def drop(table: str, *names: str) -> str:
    """Give up constraints, so that a defect which they refuse can be planted."""
    return "".join(f"alter table {table} drop constraint {name} cascade;" for name in names)


MISSING = [
    Defect(
        "a pull request is missing",
        f"delete from reviews where pull_request_id = {of(31)}; delete from comments where pull_request_id = {of(31)};"
        f"delete from file_changes where pull_request_id = {of(31)}; delete from pull_request_lists where pull_request_id = {of(31)};"
        f"delete from pull_requests where id = {of(31)}",
        "completeness", "pull_requests_captured", "critical", "manifest", record="pull request",
    ),
    Defect(
        "a review is missing", f"delete from reviews where pull_request_id = {of(34)}",
        "completeness", "reviews_complete", "critical", "counts", number=34, record="reviews", also=("inline_comments_have_reviews",),
    ),
    Defect(
        "a page of the conversation is missing",
        f"delete from comments where pull_request_id = {of(31)} and kind = 'conversation'",
        "completeness", "conversation_comments_complete", "critical", "counts", record="conversation_comments",
    ),
    Defect(
        "an inline comment is missing",
        f"delete from comments where pull_request_id = {of(31)} and kind = 'inline' and in_reply_to_github_id is not null",
        "completeness", "inline_comments_complete", "critical", "counts", record="inline_comments",
    ),
    Defect(
        "a changed file is missing", f"delete from file_changes where pull_request_id = {of(31)} and path like '%1.py'",
        "completeness", "file_changes_complete", "critical", "counts", record="file_changes",
    ),
    Defect(
        "the inline comments were never read",
        f"delete from comments where pull_request_id = {of(31)} and kind = 'inline';"
        f"delete from pull_request_lists where pull_request_id = {of(31)} and list = 'inline_comments'",
        "completeness", "inline_comments_complete", "critical", "counts", record="inline_comments",
    ),
    Defect(
        "a row is there that GitHub does not count",
        f"insert into reviews (github_id, pull_request_id, author_key, state, submitted_at) "
        f"select 77, {of(31)}, 'ghost', 'approved', now() - interval '2 hours'",
        "completeness", "lists_not_exceeded", "warning", "counts", record="reviews", extra=True,
    ),
    Defect(
        "a pull request is in no listing",
        f"insert into pull_requests (repository_id, number, github_id, node_id, title, state, author_key, created_at, updated_at)"
        f" values ({ROCKET}, 999, 12345, 'PR_x', 'Phantom', 'open', 'ghost', now() - interval '3 days', now() - interval '2 days')",
        "completeness", "pull_requests_listed", "warning", "manifest", number=999, record="pull request",
    ),
    Defect(
        "the listing is empty", f"delete from pull_request_manifest where repository_id = {ROCKET}",
        "completeness", "manifest_exists", "critical", "manifest", number=None, record="acme/rocket",
        also=("manifest_whole", "pull_requests_listed"),
    ),
    Defect(
        "no listing was ever read to its end",
        f"update manifest_scans set complete = false, finished_at = null where repository_id = {ROCKET}",
        "completeness", "manifest_exists", "critical", "manifest", number=None, record="acme/rocket", extra=True,
    ),
    Defect(
        "a page of the listing is missing",
        f"delete from pull_request_manifest where repository_id = {ROCKET} and number between 20 and 29",
        "completeness", "manifest_whole", "critical", "manifest", number=None, record="acme/rocket", also=("pull_requests_listed",),
    ),
    Defect(
        "a hole between the two systems",
        f"update capture_coverage set until = until - interval '30 hours' where processor = 'github_actions'"
        f" and repository_id = {ROCKET}",
        "completeness", "coverage_without_holes", "critical", "ledger", number=None, record="github_actions and inngest",
        also=("windows_meet",),
    ),
    Defect(
        "the slices of a split do not meet, though another run fills the hole",
        f"update capture_coverage set until = until - interval '30 hours' where processor = 'github_actions'"
        f" and repository_id = {ROCKET};"
        f"insert into capture_coverage (repository_id, processor, since, until) values"
        f" ({ROCKET}, 'local', now() - interval '20 days', now() - interval '2 hours')",
        "overlap", "windows_meet", "critical", "ledger", number=None, record="window",
    ),
    Defect(
        "the watermark is ahead of what is covered",
        f"update repositories set watermark = watermark + interval '1 hour' where id = {ROCKET}",
        "completeness", "watermark_covered", "critical", "ledger", number=None, record="acme/rocket",
    ),
    Defect(
        "a limit cut off old pull requests and nobody came back",
        f"insert into capture_coverage (repository_id, processor, since, until, covered, reason, recorded_at) values ({ROCKET},"
        " 'inngest', null, now() - interval '90 days', false, 'limit of 50', now() + interval '1 second')",
        "completeness", "nothing_cut_off", "warning", "ledger", number=None, record="window",
    ),
    Defect(
        "files are cut off and nobody says so", f"update pull_requests set changed_files = 3500 where id = {of(31)}",
        "completeness", "truncation_flagged", "critical", "counts", record="file_changes",
    ),
    Defect(
        "a short list is said to be cut off",
        f"update pull_request_lists set truncated = true, complete = false where pull_request_id = {of(31)} and list = 'file_changes'",
        "completeness", "truncation_justified", "critical", "counts", record="file_changes", also=("files_not_truncated",), extra=True,
    ),
    Defect(
        "a list was not read to its end",
        f"update pull_request_lists set complete = false where pull_request_id = {of(31)} and list = 'reviews'",
        "completeness", "lists_read", "warning", "counts", record="reviews", extra=True,
    ),
    Defect(
        "comments came after the inline comments were read",
        f"update pull_request_manifest set comments_total = comments_total + 1 where number = 31 and repository_id = {ROCKET}",
        "completeness", "comments_read_since", "warning", "counts", record="inline_comments", extra=True,
    ),
    Defect(
        "a stale version overwrote a newer one", f"update pull_requests set updated_at = updated_at - interval '1 day' where id = {of(31)}",
        "completeness", "pull_requests_current", "critical", "manifest", record="pull request",
    ),
]  # fmt: skip

DISAGREEING = [
    Defect(
        "a title was overwritten at the same version", f"update pull_requests set title = 'Older title' where id = {of(45)}",
        "overlap", "pull_requests_as_observed", "critical", "second observation", number=45, record="pull_requests 45",
    ),
    Defect(
        "a wrong author", f"update pull_requests set author_key = 'user:5000000003' where id = {of(45)}",
        "overlap", "pull_requests_as_observed", "critical", "second observation", number=45, record="pull_requests 45",
    ),
    Defect(
        "a review's body was lost", f"update reviews set body = null where pull_request_id = {of(43)}",
        "overlap", "reviews_as_observed", "critical", "second observation", number=43, record="reviews", extra=True,
    ),
    Defect(
        "an inline comment is in the wrong line",
        f"update comments set line = 99 where pull_request_id = {of(43)} and kind = 'inline' and line = 1",
        "overlap", "inline_comments_as_observed", "critical", "second observation", number=43, record="inline_comments", extra=True,
    ),
    Defect(
        "a comment of a closed pull request was edited later",
        f"update capture_observations set source_updated_at = source_updated_at + interval '1 hour',"
        f" fields = fields || jsonb_build_object('body', 'f00', 'updated_at', source_updated_at + interval '1 hour')"
        f" where repository_id = {ROCKET} and number = 49 and record_kind = 'conversation_comments'",
        "overlap", "as_new_as_observed", "critical", "second observation", number=49, record="conversation_comments",
    ),
    Defect(
        "the processors disagree on a field",
        f"update capture_observations set fields = fields || '{{\"additions\": 1234}}' where repository_id = {ROCKET} and number = 44"
        " and record_kind = 'pull_requests' and processor = 'github_actions'",
        "overlap", "fields_agree", "critical", "second observation", number=44, record="pull_requests 44",
        also=("pull_requests_as_observed",),
    ),
    Defect(
        "a record that only one processor saw",
        f"delete from capture_observations where repository_id = {ROCKET} and number = 43 and record_kind = 'reviews'"
        " and processor = 'github_actions'",
        "overlap", "both_saw_it", "critical", "second observation", number=43, record="reviews",
    ),
    Defect(
        "a comment was seen below two pull requests",
        "insert into capture_observations (repository_id, number, processor, record_kind, record_key, source_updated_at, fields, reason)"
        " select repository_id, 11, processor, record_kind, record_key, source_updated_at, fields, reason from capture_observations"
        f" where repository_id = {ROCKET} and number = 43 and record_kind = 'reviews'",
        "overlap", "observed_in_one_place", "critical", "second observation", number=11, record="reviews",
    ),
    Defect(
        "after a split there is nothing to compare", "delete from capture_observations where processor = 'github_actions'",
        "overlap", "something_to_compare", "critical", "second observation", number=None, status="error",
    ),
    Defect(
        "the audit reads another value",
        "update capture_observations set fields = fields || '{\"commits\": 77}' where processor = 'audit'"
        f" and record_kind = 'pull_requests' and repository_id = {ROCKET}",
        "overlap", "audit_agrees", "critical", "audit", number=50, record="pull_requests 50", also=("pull_requests_as_observed",),
    ),
    Defect(
        "the audit finds a comment that was never stored",
        "insert into capture_observations (repository_id, number, processor, record_kind, record_key, source_updated_at, fields, reason)"
        f" values ({ROCKET}, 50, 'audit', 'conversation_comments', '99', now() - interval '1 day', '{{}}', 'sample')",
        "overlap", "conversation_comments_as_audited", "critical", "audit", number=50, record="conversation_comments 99",
    ),
]  # fmt: skip

DOUBLED = [
    Defect(
        "a pull request is there twice",
        drop("pull_requests", "pull_requests_repository_id_number_key")
        + "insert into pull_requests select (jsonb_populate_record(p, jsonb_build_object('id', uuid_v7(), 'github_id', 5, 'node_id', 'PR_5'))).*"
        f" from pull_requests p where p.id = {of(33)}",
        "uniqueness", "pull_request_once", "critical", "constraint", number=33, record="pull request",
        also=("keys_enforced", "conversation_comments_complete", "file_changes_complete", "identity_as_listed"),
    ),
    Defect(
        "two pull requests have one id", f"update pull_requests set github_id = 3000000000 + 10000032 where id = {of(31)}",
        "uniqueness", "pull_request_id_once", "critical", "rules", record="pull request", extra=True,
    ),
    Defect(
        "two pull requests have one node id", f"update pull_requests set node_id = 'PR_10000032' where id = {of(31)}",
        "uniqueness", "pull_request_node_once", "critical", "manifest", record="pull request", also=("identity_as_listed",), extra=True,
    ),
    Defect(
        "a review is there twice",
        drop("reviews", "reviews_pkey") + f"insert into reviews select * from reviews where pull_request_id = {of(31)}",
        "uniqueness", "review_once", "critical", "constraint", record="review", also=("keys_enforced", "lists_not_exceeded"),
    ),
    Defect(
        "a comment is there twice",
        drop("comments", "comments_pkey")
        + f"insert into comments select * from comments where pull_request_id = {of(31)} and kind = 'conversation'",
        "uniqueness", "comment_once", "critical", "constraint", record="conversation comment",
        also=("keys_enforced", "lists_not_exceeded"),
    ),
    Defect(
        "a file is there twice",
        drop("file_changes", "file_changes_pkey") + f"insert into file_changes select * from file_changes where pull_request_id = {of(31)}",
        "uniqueness", "file_once", "critical", "constraint", record="file src/", also=("keys_enforced", "lists_not_exceeded"), extra=True,
    ),
    Defect(
        "one account is two contributors",
        "insert into contributors (key, kind, github_id, login) values ('bot:5000000007', 'bot', 5000000007, 'dev-7')",
        "uniqueness", "account_once", "critical", "rules", number=None, record="5000000007", extra=True,
    ),
    Defect(
        "a contributor is there twice",
        drop("contributors", "contributors_pkey")
        + "insert into contributors (key, kind, node_id, login) values ('mannequin:M', 'mannequin', 'M', 'mona');"
        "insert into contributors (key, kind, node_id, login) values ('mannequin:M', 'mannequin', 'M', 'mona')",
        "uniqueness", "contributor_once", "critical", "constraint", number=None, record="contributor mannequin:M",
        also=("keys_enforced",), extra=True,
    ),
    Defect(
        "a repository is there twice",
        drop("repositories", "repositories_github_id_key")
        + f"update repositories set github_id = (select github_id from repositories where id = {ROCKET}) where name = 'lander'",
        "uniqueness", "repository_once", "critical", "constraint", number=None, record="acme/", also=("keys_enforced",), extra=True,
    ),
    Defect(
        "two readable repositories have one name", "update repositories set name = 'rocket' where name = 'lander'",
        "uniqueness", "repository_name_once", "warning", "rules", number=None, record="acme/rocket", extra=True,
    ),
    Defect(
        "one scope has two active jobs",
        "drop index progressive_capture_jobs_active;"
        "insert into progressive_capture_jobs (job_type, repository_id, owner, name, processor_type, trigger, scope_hash)"
        f" select 'recent-prs', {ROCKET}, 'acme', 'rocket', 'inngest', 'manual', 'same' from generate_series(1, 2)",
        "uniqueness", "active_job_once", "critical", "constraint", number=None, record="job ",
    ),
]  # fmt: skip
