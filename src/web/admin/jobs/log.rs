//! Output as lines: chunks put together, of all streams, in the order they were written. The page
//! and the events that follow it put them together in the same way.

use super::view::View;
use crate::web::admin::kit::at::At;
use crate::web::filters;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::output::{OutputNotice, Span, page_lines};
use signalbox_i18n as i18n;
use signalbox_store::jobs::Chunk;

/// The most lines a page shows of one attempt; all of them are at the raw address.
pub const MOST_LINES: usize = 1_000;

/// The most chunks read of one attempt: more than the worker's cap lets be written.
pub const MOST_CHUNKS: i64 = 100_000;

/// The most lines that are shown of an output beside its job's state, and the longest of them.
const LAST_LINES: usize = 8;
const LAST_WIDTH: usize = 200;

/// Lines that are shown before the one that was asked for.
const BEFORE: usize = 20;

/// An attempt's output, or what is shown of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The lines shown.
    pub lines: Vec<Line>,
    /// How many lines come before them, of those that were asked for.
    pub hidden: usize,
    /// How many there are of those that were asked for.
    pub found: usize,
    /// How many there are.
    pub total: usize,
    /// The last chunk in it; -1 = none.
    pub last_seq: i32,
    /// Whether something of it is known to be standard error.
    pub has_stderr: bool,
    /// How it ended: its last lines, or those of standard error where that is known apart.
    pub last_lines: String,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// `stdout`, `stderr` or `notice`.
    pub stream: String,
    /// When its beginning was written.
    pub at: DateTime<Utc>,
    /// Its text, in pieces of one look each.
    pub spans: Vec<Span>,
    /// What Signalbox itself says; none if another says it, or an older version stored its English alone.
    pub notice: Option<OutputNotice>,
}

impl Line {
    /// A mark in front of what is not plain output.
    pub fn mark(&self) -> &'static str {
        if self.is_stderr() { "stderr" } else { "" }
    }

    /// Whether it is known to be standard error.
    pub fn is_stderr(&self) -> bool {
        self.stream == "stderr"
    }

    /// When it was written, to the millisecond.
    pub fn time(&self) -> String {
        At(self.at).precise()
    }

    /// The same with its day.
    pub fn whole_time(&self) -> String {
        At(self.at).iso()
    }

    /// Its text without its colours.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// What Signalbox itself says, in the reader's language.
    pub fn notice_text(&self) -> String {
        self.notice.as_ref().map_or_else(|| self.text(), |notice| i18n::say(&notice.sentence()))
    }

    /// Whether Signalbox itself says it.
    pub fn is_notice(&self) -> bool {
        self.stream == "notice"
    }
}

/// Lines as the page shows them.
#[derive(Template)]
#[template(path = "admin/jobs/_lines.html")]
pub struct Lines {
    /// The lines.
    pub lines: Vec<Line>,
    /// What their anchors begin with.
    pub prefix: String,
    /// Whether each says when it was written.
    pub times: bool,
    /// Where a line is shown among its neighbours, up to its number; none = here.
    pub elsewhere: Option<String>,
}

/// Chunks on their way to lines. A line ends where the other stream begins.
#[derive(Debug, Clone, Default)]
pub struct Assembly {
    /// Lines that have ended and were taken.
    taken: usize,
    /// Lines that have ended since.
    ended: Vec<Line>,
    /// The bytes of the line that has not, which may be cut in the middle of a character.
    open: Vec<u8>,
    stream: String,
    /// When the open line began.
    since: DateTime<Utc>,
}

impl Assembly {
    /// Adds a chunk.
    pub fn push_chunk(&mut self, chunk: &Chunk) {
        if chunk.stream != self.stream {
            self.end_lines(self.open.len(), chunk.at);
            self.stream.clone_from(&chunk.stream);
        }
        if self.open.is_empty() {
            self.since = chunk.at;
        }
        self.open.extend_from_slice(&chunk.bytes);
        if let Some(last) = self.open.iter().rposition(|byte| *byte == b'\n') {
            self.end_lines(last + 1, chunk.at);
        }
        let notice = chunk.notice.as_ref().and_then(OutputNotice::from_stored);
        if let (Some(notice), Some(line)) = (notice, self.ended.last_mut()) {
            line.notice = Some(notice);
        }
    }

    /// The number of the first line that was not taken whole, and all lines from there.
    pub fn take_lines(&mut self) -> (usize, Vec<Line>) {
        let from = self.taken + 1;
        let mut lines = std::mem::take(&mut self.ended);
        self.taken += lines.len();
        lines.extend(self.lines_of(&self.open, self.taken));
        (from, lines)
    }

    /// Ends the lines of the first `length` open bytes; all but the first began at `at`.
    fn end_lines(&mut self, length: usize, at: DateTime<Utc>) {
        let rest = self.open.split_off(length);
        let whole = std::mem::replace(&mut self.open, rest);
        let mut lines = self.lines_of(&whole, self.taken + self.ended.len());
        for line in lines.iter_mut().skip(1) {
            line.at = at;
        }
        self.ended.extend(lines);
        self.since = at;
    }

    fn lines_of(&self, bytes: &[u8], before: usize) -> Vec<Line> {
        let line = |(number, spans)| Line {
            number,
            stream: self.stream.clone(),
            at: self.since,
            spans,
            notice: None,
        };
        (before + 1..).zip(page_lines(bytes)).map(line).collect()
    }
}

/// All lines of an output.
pub fn lines_of(chunks: &[Chunk]) -> Vec<Line> {
    let mut assembly = Assembly::default();
    for chunk in chunks {
        assembly.push_chunk(chunk);
    }
    assembly.take_lines().1
}

/// The last lines that say something, each cut where it grows too long.
fn last_lines(lines: &[Line], only_stderr: bool) -> String {
    let said = |line: &&Line| if only_stderr { line.is_stderr() } else { !line.is_notice() };
    let texts = lines.iter().rev().filter(said).map(Line::text);
    let texts = texts.skip_while(|text| text.trim().is_empty()).take(LAST_LINES);
    let mut last: Vec<String> = texts.map(|text| shorten_line(text.trim_end())).collect();
    last.reverse();
    last.join("\n")
}

fn shorten_line(text: &str) -> String {
    match text.char_indices().nth(LAST_WIDTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl Log {
    /// What a view shows of an output. While it is followed, all lines are there, and those that
    /// are not wanted are hidden by the page: what is printed next has to find its place.
    pub fn from_chunks(chunks: &[Chunk], view: &View, is_followed: bool) -> Self {
        let mut lines = lines_of(chunks);
        let total = lines.len();
        let has_stderr = lines.iter().any(Line::is_stderr);
        let last_lines = last_lines(&lines, has_stderr);
        let wanted = view.find.to_lowercase();
        if view.only_stderr && !is_followed {
            lines.retain(Line::is_stderr);
        }
        if !wanted.is_empty() {
            lines.retain(|line| line.text().to_lowercase().contains(&wanted));
        }
        let found = lines.len();
        let hidden = match view.line {
            Some(number) => {
                let place = lines.iter().position(|line| line.number >= number).unwrap_or(found);
                place.saturating_sub(BEFORE)
            }
            None => found.saturating_sub(MOST_LINES),
        };
        let mut lines = lines.split_off(hidden);
        lines.truncate(MOST_LINES);
        let last_seq = chunks.last().map_or(-1, |chunk| chunk.seq);
        Self { lines, hidden, found, total, last_seq, has_stderr, last_lines }
    }

    /// The numbers of a line before those shown and of one after them, to go there.
    pub fn beside(&self) -> (Option<usize>, Option<usize>) {
        let first = self.lines.first().map_or(1, |line| line.number);
        let last = self.lines.last().map_or(0, |line| line.number);
        let before = (self.hidden > 0).then(|| first.saturating_sub(MOST_LINES - BEFORE).max(1));
        let after = (self.hidden + self.lines.len() < self.found).then_some(last + 1);
        (before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn sample_chunk(seq: i32, stream: &str, bytes: &[u8]) -> Chunk {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(seq.into());
        Chunk { seq, stream: stream.into(), at, bytes: bytes.to_vec(), notice: None }
    }

    fn all_lines(chunks: &[Chunk]) -> Log {
        Log::from_chunks(chunks, &View::default(), false)
    }

    fn sample_chunks() -> Vec<Chunk> {
        vec![
            sample_chunk(1, "stdout", b"one\ntw"),
            sample_chunk(2, "stdout", "o \u{e9}".as_bytes().get(..3).unwrap()),
            sample_chunk(3, "stdout", "\u{e9}".as_bytes().get(1..).unwrap()),
            sample_chunk(4, "stderr", b"oh\n"),
            sample_chunk(5, "stdout", b"three"),
        ]
    }

    #[test]
    fn lines_go_over_chunks_and_end_where_the_stream_changes() {
        let log = all_lines(&sample_chunks());
        let shown =
            log.lines.iter().map(|line| format!("{}{} {}", line.number, line.mark(), line.text()));
        let shown: Vec<_> = shown.collect();
        assert_eq!(shown, ["1 one", "2 two \u{e9}", "3stderr oh", "4 three"]);
        assert_eq!(log.last_seq, 5);
    }

    #[test]
    fn a_follower_that_replaces_lines_from_a_number_on_ends_with_the_same() {
        let mut assembly = Assembly::default();
        let mut shown: Vec<Line> = Vec::new();
        for chunk in &sample_chunks() {
            assembly.push_chunk(chunk);
            let (from, lines) = assembly.take_lines();
            shown.retain(|line| line.number < from);
            shown.extend(lines);
        }
        assert_eq!(shown, all_lines(&sample_chunks()).lines);
    }

    #[test]
    fn of_long_output_the_end_is_shown_with_true_numbers() {
        let log = all_lines(&[sample_chunk(1, "stdout", "x\n".repeat(MOST_LINES + 5).as_bytes())]);
        assert_eq!((log.hidden, log.lines.len(), log.lines[0].number), (5, MOST_LINES, 6));
    }

    #[test]
    fn a_line_is_as_old_as_its_beginning() {
        let times: Vec<String> = all_lines(&sample_chunks()).lines.iter().map(Line::time).collect();
        assert_eq!(times, ["00:00:01.000", "00:00:01.000", "00:00:04.000", "00:00:05.000"]);
    }

    #[test]
    fn what_is_looked_for_keeps_its_numbers() {
        let shown = |query: &str, is_followed| {
            let log = Log::from_chunks(&sample_chunks(), &View::from_query(query), is_followed);
            log.lines.iter().map(|line| line.number).collect::<Vec<_>>()
        };
        assert_eq!(shown("only=stderr", false), [3]);
        assert_eq!(shown("only=stderr", true), [1, 2, 3, 4], "the page hides the others");
        assert_eq!(shown("find=T", false), [2, 4]);
        assert_eq!(shown("find=t&only=stderr", false), [0; 0]);
    }

    #[test]
    fn the_last_lines_are_those_of_the_error_where_it_is_known_apart() {
        assert_eq!(all_lines(&sample_chunks()).last_lines, "oh");
        let of = |stream: &str, text: &str| all_lines(&[sample_chunk(1, stream, text.as_bytes())]);
        let long = of("stdout", &format!("{}\n{}\n\n \n", "x\n".repeat(20), "é".repeat(300)));
        let lines: Vec<&str> = long.last_lines.lines().collect();
        assert_eq!(
            (lines.len(), lines[0]),
            (LAST_LINES, "x"),
            "blank lines at the end do not count"
        );
        assert_eq!(lines[7], format!("{}…", "é".repeat(LAST_WIDTH)));
        assert!(!long.has_stderr);
        assert_eq!(of("notice", "ended\n").last_lines, "");
        assert_eq!(of("stdout", "\x1b[31mred\x1b[0m\n").last_lines, "red");
    }

    #[test]
    fn a_notice_is_said_in_the_readers_language_and_an_old_one_as_it_is_stored() {
        let stored = OutputNotice::Answered { status: "200 OK".into() };
        let typed = Chunk {
            notice: Some(stored.to_stored()),
            ..sample_chunk(1, "notice", b"Answer: 200 OK\n")
        };
        let later = Chunk {
            notice: Some(serde_json::json!({ "code": "of_a_later_version" })),
            ..sample_chunk(3, "notice", b"Later\n")
        };
        let log = all_lines(&[typed, sample_chunk(2, "notice", b"Old\n"), later]);
        let chinese = i18n::Locale::SimplifiedChinese;
        let said = i18n::say_in(chinese, || log.lines.iter().map(Line::notice_text).collect());
        let said: Vec<String> = said;
        assert_eq!(said, ["应答：200 OK", "Old", "Later"]);
        let english: Vec<String> = log.lines.iter().map(Line::notice_text).collect();
        assert_eq!(english, ["Answer: 200 OK", "Old", "Later"]);
    }

    #[test]
    fn every_line_can_be_gone_to() {
        let long = [sample_chunk(1, "stdout", "x\n".repeat(3 * MOST_LINES).as_bytes())];
        let at = |query: &str| Log::from_chunks(&long, &View::from_query(query), false);
        let end = at("");
        assert_eq!((end.lines[0].number, end.beside()), (2_001, (Some(1_021), None)));
        let middle = at("line=1021");
        assert_eq!((middle.lines[0].number, middle.beside()), (1_001, (Some(21), Some(2_001))));
        let first = at("line=21");
        assert_eq!((first.lines[0].number, first.beside()), (1, (None, Some(1_001))));
        assert_eq!(at("line=2001").lines[0].number, 1_981);
        assert!(at("line=9999").lines.len() == BEFORE, "the last ones");
    }
}
