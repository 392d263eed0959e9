//! Output as lines: chunks of two streams put together, in the order they were written. The page
//! and the events that follow it put them together in the same way.

use crate::core::output::{Span, page_lines};
use crate::store::jobs::Chunk;
use askama::Template;

/// The most lines a page shows of one attempt; all of them are at the raw address.
pub const MOST_LINES: usize = 1_000;

/// The most chunks read of one attempt: more than the worker's cap lets be written.
pub const MOST_CHUNKS: i64 = 100_000;

/// An attempt's output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The lines shown.
    pub lines: Vec<Line>,
    /// How many lines come before them.
    pub hidden: usize,
    /// The last chunk in it; -1 = none.
    pub last_seq: i32,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// `stdout`, `stderr` or `notice`.
    pub stream: String,
    /// Its text, in pieces of one look each.
    pub spans: Vec<Span>,
}

impl Line {
    /// A mark in front of what is not plain output.
    pub fn mark(&self) -> &'static str {
        if self.stream == "stderr" { "stderr" } else { "" }
    }

    /// Its text without its colours.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
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
}

impl Assembly {
    /// Adds a chunk.
    pub fn push(&mut self, chunk: &Chunk) {
        if chunk.stream != self.stream {
            self.end(self.open.len());
            self.stream.clone_from(&chunk.stream);
        }
        self.open.extend_from_slice(&chunk.bytes);
        if let Some(last) = self.open.iter().rposition(|byte| *byte == b'\n') {
            self.end(last + 1);
        }
    }

    /// The number of the first line that was not taken whole, and all lines from there.
    pub fn take(&mut self) -> (usize, Vec<Line>) {
        let from = self.taken + 1;
        let mut lines = std::mem::take(&mut self.ended);
        self.taken += lines.len();
        lines.extend(self.lines_of(&self.open, self.taken));
        (from, lines)
    }

    /// Ends the lines of the first `length` open bytes.
    fn end(&mut self, length: usize) {
        let rest = self.open.split_off(length);
        let whole = std::mem::replace(&mut self.open, rest);
        let lines = self.lines_of(&whole, self.taken + self.ended.len());
        self.ended.extend(lines);
    }

    fn lines_of(&self, bytes: &[u8], before: usize) -> Vec<Line> {
        (before + 1..)
            .zip(page_lines(bytes))
            .map(|(number, spans)| Line { number, stream: self.stream.clone(), spans })
            .collect()
    }
}

impl Log {
    /// Puts chunks together.
    pub fn of(chunks: &[Chunk]) -> Self {
        let mut assembly = Assembly::default();
        for chunk in chunks {
            assembly.push(chunk);
        }
        let (_, mut lines) = assembly.take();
        let hidden = lines.len().saturating_sub(MOST_LINES);
        let last_seq = chunks.last().map_or(-1, |chunk| chunk.seq);
        Self { lines: lines.split_off(hidden), hidden, last_seq }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn chunk(seq: i32, stream: &str, bytes: &[u8]) -> Chunk {
        Chunk { seq, stream: stream.into(), at: DateTime::UNIX_EPOCH, bytes: bytes.to_vec() }
    }

    fn chunks() -> Vec<Chunk> {
        vec![
            chunk(1, "stdout", b"one\ntw"),
            chunk(2, "stdout", "o \u{e9}".as_bytes().get(..3).unwrap()),
            chunk(3, "stdout", "\u{e9}".as_bytes().get(1..).unwrap()),
            chunk(4, "stderr", b"oh\n"),
            chunk(5, "stdout", b"three"),
        ]
    }

    #[test]
    fn lines_go_over_chunks_and_end_where_the_stream_changes() {
        let log = Log::of(&chunks());
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
        for chunk in &chunks() {
            assembly.push(chunk);
            let (from, lines) = assembly.take();
            shown.retain(|line| line.number < from);
            shown.extend(lines);
        }
        assert_eq!(shown, Log::of(&chunks()).lines);
    }

    #[test]
    fn of_long_output_the_end_is_shown_with_true_numbers() {
        let log = Log::of(&[chunk(1, "stdout", "x\n".repeat(MOST_LINES + 5).as_bytes())]);
        assert_eq!((log.hidden, log.lines.len(), log.lines[0].number), (5, MOST_LINES, 6));
    }
}
