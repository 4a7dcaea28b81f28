"""Are single values possible, and do they fit each other? Evidence: GitHub's rules, and the manifest's second look."""

from expectations.checks import Check, Severity, Suite

_SUITE = Suite("values")
_SHA = "^[0-9a-f]{40}([0-9a-f]{24})?$"
_HASHES: tuple[tuple[str, Severity], ...] = (
    ("head_sha", "critical"),
    ("base_sha", "critical"),
    ("merge_commit_sha", "warning"),
)
_LONGEST = 65_536
"""Characters that GitHub takes for a body."""


def build() -> list[Check]:
    """All checks of the suite."""
    return [*_pull_requests(), *_pull_request_times(), *_reviews(), *_comments(), *_files(), *_contributors()]


def _pull_requests() -> list[Check]:
    asset = "pull_requests"
    return [
        _SUITE.stock(
            "title_present", asset, "critical", "Every pull request has a title", "ExpectColumnValueLengthsToBeBetween",
            column="title", min_value=1,
        ),
        _SUITE.stock(
            "state_known", asset, "critical", "A pull request is open, closed or merged", "ExpectColumnValuesToBeInSet",
            column="state", value_set=["open", "closed", "merged"],
        ),
        *(
            _SUITE.stock(
                f"{column}_not_negative", asset, "critical",
                f"{column.replace('_', ' ').capitalize()} are counted from 0",
                "ExpectColumnValuesToBeBetween", column=column, min_value=0,
            )
            for column in ("additions", "deletions", "changed_files", "commits")
        ),
        *(
            _SUITE.stock(
                f"{column}_valid", asset, severity, f"Every {column.replace('_', ' ')} is a commit's hash",
                "ExpectColumnValuesToMatchRegex", column=column, regex=_SHA,
            )
            for column, severity in _HASHES
        ),
        _SUITE.stock(
            "body_length", asset, "warning", "No body is longer than GitHub allows",
            "ExpectColumnValueLengthsToBeBetween",
            column="body", max_value=_LONGEST,
        ),
        _SUITE.no_rows(
            "url_names_pull_request", asset, "critical", "A pull request's address ends with its number",
            """select b.repository_id, b.number, b.record, 'url' as field, '…/pull/' || b.number as expected,
                 b.url as found, b.link
               from batch b where b.url not like '%/pull/' || b.number""",
        ),
        _SUITE.no_rows(
            "identity_as_listed", asset, "critical", "Node id and time of creation are those that GitHub lists",
            """select b.repository_id, b.number, b.record,
                 case when b.node_id <> m.node_id then 'node_id' else 'created_at' end as field,
                 case when b.node_id <> m.node_id then m.node_id else m.created_at::text end as expected,
                 case when b.node_id <> m.node_id then b.node_id else b.created_at::text end as found, b.link
               from batch b
               join public.pull_request_manifest m on m.repository_id = b.repository_id and m.number = b.number
               where b.node_id <> m.node_id or b.created_at <> m.created_at""",
        ),
        _SUITE.no_rows(
            "version_as_listed", asset, "critical",
            "No pull request claims a change later than its capture, nor later than a listing that came after it",
            """select b.repository_id, b.number, b.record, 'updated_at' as field, 'not after ' || b.captured_at
                 as expected,
                 b.updated_at as found, b.link
               from batch b where b.updated_at > b.captured_at + interval '10 minutes'""",
        ),
    ]  # fmt: skip


def _pull_request_times() -> list[Check]:
    asset, later = "pull_requests", "ExpectColumnPairValuesAToBeGreaterThanB"
    return [
        _SUITE.stock(
            "updated_after_created", asset, "critical", "Nothing changed before it was created", later,
            column_A="updated_at", column_B="created_at", or_equal=True, ignore_row_if="either_value_is_missing",
        ),
        _SUITE.stock(
            "closed_after_created", asset, "warning", "Nothing was closed before it was created", later,
            column_A="closed_at", column_B="created_at", or_equal=True, ignore_row_if="either_value_is_missing",
        ),
        _SUITE.no_rows(
            "merged_has_time", asset, "critical", "Exactly the merged ones have a time of merging",
            """select b.repository_id, b.number, b.record, 'merged_at' as field, b.state as expected,
                 coalesce(b.merged_at::text, 'no time') as found, b.link
               from batch b where (b.state = 'merged') <> (b.merged_at is not null)""",
        ),
        _SUITE.no_rows(
            "closed_has_time", asset, "critical", "Exactly those not open have a time of closing",
            """select b.repository_id, b.number, b.record, 'closed_at' as field, b.state as expected,
                 coalesce(b.closed_at::text, 'no time') as found, b.link
               from batch b where (b.state = 'open') <> (b.closed_at is null)""",
        ),
    ]  # fmt: skip


def _reviews() -> list[Check]:
    return [
        _SUITE.stock(
            "review_state_known", "reviews", "critical", "A review has one of GitHub's five states",
            "ExpectColumnValuesToBeInSet", column="state",
            value_set=["approved", "changes_requested", "commented", "dismissed", "pending"],
        ),
        _SUITE.no_rows(
            "review_submitted", "reviews", "critical", "Every review but a pending one has a time of submission",
            """select b.repository_id, b.number, b.record, 'submitted_at' as field, 'a time' as expected, 'none'
                 as found, b.link
               from batch b where b.submitted_at is null and b.state <> 'pending'""",
        ),
        _SUITE.no_rows(
            "review_in_its_time", "reviews", "critical",
            "A review lies between its pull request's creation and its capture",
            """select b.repository_id, b.number, b.record, 'submitted_at' as field,
                 b.pull_request_created_at || ' to ' || b.captured_at as expected, b.submitted_at as found, b.link
               from batch b
               where b.submitted_at < b.pull_request_created_at
                 or b.submitted_at > b.captured_at + interval '10 minutes'""",
        ),
        _SUITE.no_rows(
            "review_in_its_place", "reviews", "critical", "A review's address names its pull request",
            """select b.repository_id, b.number, b.record, 'url' as field, '…/pull/' || b.number || '#…' as expected,
                 b.url as found, b.link
               from batch b where b.url not like '%/pull/' || b.number || '#%'""",
        ),
    ]  # fmt: skip


def _comments() -> list[Check]:
    return [
        _SUITE.stock(
            "comment_kind_known", "comments", "critical", "A comment is an inline one or one of the conversation",
            "ExpectColumnValuesToBeInSet", column="kind", value_set=["inline", "conversation"],
        ),
        _SUITE.stock(
            "comment_updated_after_created", "comments", "critical", "No comment changed before it was written",
            "ExpectColumnPairValuesAToBeGreaterThanB", column_A="updated_at", column_B="created_at", or_equal=True,
            ignore_row_if="either_value_is_missing",
        ),
        _SUITE.no_rows(
            "comment_in_its_time", "comments", "critical",
            "A comment lies between its pull request's creation and its capture",
            """select b.repository_id, b.number, b.record, 'created_at' as field,
                 b.pull_request_created_at || ' to ' || b.captured_at as expected, b.created_at as found, b.link
               from batch b
               where b.created_at < b.pull_request_created_at
                 or b.updated_at > b.captured_at + interval '10 minutes'""",
        ),
        _SUITE.no_rows(
            "comment_in_its_place", "comments", "critical", "A comment's address names its pull request",
            """select b.repository_id, b.number, b.record, 'url' as field, '…/pull/' || b.number || '#…' as expected,
                 b.url as found, b.link
               from batch b
               where b.url not like '%/pull/' || b.number || '#%' and b.url not like '%/issues/' || b.number || '#%'""",
        ),
        _SUITE.no_rows(
            "conversation_outside_code", "comments", "critical",
            "A comment of the conversation has neither review nor path, an inline comment has a path",
            """select b.repository_id, b.number, b.record, 'path' as field,
                 case when b.kind = 'inline' then 'a path' else 'no review and no path' end as expected,
                 coalesce(b.path, b.review_github_id::text, 'none') as found, b.link
               from batch b
               where (b.kind = 'conversation' and (b.path is not null or b.review_github_id is not null))
                 or (b.kind = 'inline' and b.path is null)""",
        ),
        _SUITE.stock(
            "comment_length", "comments", "warning", "No comment is longer than GitHub allows",
            "ExpectColumnValueLengthsToBeBetween", column="body", max_value=_LONGEST,
        ),
    ]  # fmt: skip


def _files() -> list[Check]:
    return [
        _SUITE.stock(
            "change_type_known", "file_changes", "critical", "A file change has one of GitHub's types",
            "ExpectColumnValuesToBeInSet", column="change_type",
            value_set=["added", "modified", "deleted", "renamed", "copied", "changed", "unchanged"],
        ),
        *(
            _SUITE.stock(
                f"file_{column}_not_negative", "file_changes", "critical", f"A file's {column} are counted from 0",
                "ExpectColumnValuesToBeBetween", column=column, min_value=0,
            )
            for column in ("additions", "deletions")
        ),
        _SUITE.no_rows(
            "files_of_head", "file_changes", "warning", "The files are those of the pull request's head commit",
            """select b.repository_id, b.number, b.record, 'head_sha' as field, b.pull_request_head_sha as expected,
                 b.head_sha as found, b.link
               from batch b where b.head_sha <> b.pull_request_head_sha""",
        ),
        _SUITE.no_rows(
            "lines_add_up", "pull_requests", "warning", "A pull request adds as many lines as its files do",
            """select b.repository_id, b.number, b.record, 'additions' as field, b.additions as expected, f.total
                 as found, b.link
               from batch b
               join public.pull_request_lists l on l.pull_request_id = b.id and l.list = 'file_changes' and l.complete
               join (select c.pull_request_id, sum(c.additions) as total, count(*) as files
                     from batch p join public.file_changes c on c.pull_request_id = p.id
                     where c.deleted_at is null group by c.pull_request_id) f on f.pull_request_id = b.id
               where f.total <> b.additions and f.files = b.changed_files""",
        ),
    ]  # fmt: skip


def _contributors() -> list[Check]:
    return [
        _SUITE.stock(
            "login_normal", "contributors", "critical",
            "Every login has the one form that both interfaces are brought to",
            "ExpectColumnValuesToMatchRegex", column="login", regex="^[A-Za-z0-9][A-Za-z0-9_.-]*$",
            needs="whole tables",
        ),
        _SUITE.no_rows(
            "key_says_who", "contributors", "critical", "A contributor's key is made of kind and GitHub's id",
            """select b.repository_id, b.number, b.record, 'key' as field,
                 case when b.kind = 'ghost' then 'ghost' else b.kind || ':' || coalesce(b.github_id::text,
                   b.node_id) end as expected,
                 b.key as found, b.link
               from batch b
               where b.key is distinct from
                 case when b.kind = 'ghost' then 'ghost' else b.kind || ':' || coalesce(b.github_id::text,
                      b.node_id) end""",
        ),
    ]  # fmt: skip
