//! Output as lines: chunks of two streams put together, in the order they were written.

use crate::core::output::{Span, page_lines};
use crate::store::jobs::Chunk;

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

impl Log {
    /// Puts chunks together. A line ends where the other stream begins.
    pub fn of(chunks: &[Chunk]) -> Self {
        let mut lines = Vec::new();
        let mut rest = chunks;
        while let Some(first) = rest.first() {
            let run = rest.iter().take_while(|chunk| chunk.stream == first.stream).count();
            let (same, others) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            // A character may be cut between two chunks: join the bytes first.
            let bytes: Vec<u8> = same.iter().flat_map(|chunk| &chunk.bytes).copied().collect();
            for spans in page_lines(&bytes) {
                let number = lines.len() + 1;
                lines.push(Line { number, stream: first.stream.clone(), spans });
            }
            rest = others;
        }
        let hidden = lines.len().saturating_sub(MOST_LINES);
        Self { lines: lines.split_off(hidden), hidden }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn chunk(seq: i32, stream: &str, bytes: &[u8]) -> Chunk {
        Chunk { seq, stream: stream.into(), at: DateTime::UNIX_EPOCH, bytes: bytes.to_vec() }
    }

    #[test]
    fn lines_go_over_chunks_and_end_where_the_stream_changes() {
        let log = Log::of(&[
            chunk(1, "stdout", b"one\ntw"),
            chunk(2, "stdout", "o \u{e9}".as_bytes().get(..3).unwrap()),
            chunk(3, "stdout", "\u{e9}".as_bytes().get(1..).unwrap()),
            chunk(4, "stderr", b"oh\n"),
            chunk(5, "stdout", b"three"),
        ]);
        let shown =
            log.lines.iter().map(|line| format!("{}{} {}", line.number, line.mark(), line.text()));
        let shown: Vec<_> = shown.collect();
        assert_eq!(shown, ["1 one", "2 two \u{e9}", "3stderr oh", "4 three"]);
    }

    #[test]
    fn of_long_output_the_end_is_shown_with_true_numbers() {
        let log = Log::of(&[chunk(1, "stdout", "x\n".repeat(MOST_LINES + 5).as_bytes())]);
        assert_eq!((log.hidden, log.lines.len(), log.lines[0].number), (5, MOST_LINES, 6));
    }
}
