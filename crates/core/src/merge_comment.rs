//! The comment in a merge request that says how the newest job stands there. It is known again by a mark
//! that GitLab does not show.

use crate::commit_status::CommitStatus;

/// What a comment is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment<'a> {
    /// The name that the job has in GitLab.
    pub name: &'a str,
    /// The job, whose ids are in the order in which jobs came.
    pub job: &'a str,
    /// How it stands.
    pub state: CommitStatus,
    /// The commit.
    pub sha: &'a str,
    /// The job's page, if there is an address for it.
    pub url: Option<&'a str>,
}

/// What stands before the mark of a webhook's comment, and after it.
const MARK: (&str, &str) = ("<!-- signalbox webhook ", " -->");

impl Comment<'_> {
    /// The comment, in Markdown, of a webhook here.
    #[must_use]
    pub fn to_markdown(self, webhook: i64) -> String {
        let Self { name, job, state, sha, url } = self;
        // Nothing in a code span is read as Markdown but its end.
        let name: String = name.chars().filter(|c| *c != '`' && !c.is_control()).collect();
        let state = state.as_str();
        let state = url.map_or_else(|| state.to_owned(), |url| format!("[{state}]({url})"));
        let (start, end) = MARK;
        format!("`{name}`: **{state}** at {sha}\n\n{start}{webhook} job {job}{end}")
    }
}

/// The job that a comment is of, if it is the webhook's.
#[must_use]
pub fn job_of_comment(body: &str, webhook: i64) -> Option<&str> {
    let (start, end) = MARK;
    let (_, rest) = body.split_once(start)?;
    let (mark, _) = rest.split_once(end)?;
    mark.strip_prefix(&format!("{webhook} job "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_known_again_and_says_what_it_is_of() {
        let comment = Comment {
            name: "Signalbox: a`b`\n[x](y)",
            job: "01J",
            state: CommitStatus::Failed,
            sha: "6f1d",
            url: Some("https://s.example.com/job/"),
        };
        let text = comment.to_markdown(7);
        let line = "`Signalbox: ab[x](y)`: **[failed](https://s.example.com/job/)** at 6f1d";
        assert_eq!(text.lines().next(), Some(line));
        assert_eq!(job_of_comment(&text, 7), Some("01J"));
        assert_eq!(job_of_comment(&text, 8), None);
        assert_eq!(job_of_comment("LGTM", 7), None);
        let bare = Comment { url: None, ..comment }.to_markdown(7);
        assert!(bare.contains("**failed**"), "{bare}");
    }
}
