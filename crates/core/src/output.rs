//! A command's output: how much of it is kept, and how bytes become text that is safe on a page.
//!
//! Pure: chunks come in, chunks to store come out. Reading the pipes is `signalbox_actions`', storing
//! is `signalbox::worker`'s.

mod colour;
mod mask;
mod notice;

pub use colour::{Span, page_lines};
pub use mask::Masks;
pub use notice::OutputNotice;

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The most that is kept of one attempt's output: the first half and the last half of it.
pub const LIMIT_BYTES: usize = 1024 * 1024;

/// The most pieces either half may fall into, so that a program writing single bytes to both
/// streams in turn does not make a million rows.
const LIMIT_CHUNKS: usize = 2_000;

/// The size up to which neighbouring pieces of the tail are joined.
const PIECE_BYTES: usize = 16 * 1024;

/// Where a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output, and standard error where it is not told apart.
    Stdout,
    /// Standard error that is told apart.
    Stderr,
    /// A sentence of Signalbox's own.
    Notice,
}

impl Stream {
    /// Every stream.
    pub const ALL: [Self; 3] = [Self::Stdout, Self::Stderr, Self::Notice];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Notice => "notice",
        }
    }

    /// The stream of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.as_str() == word)
    }
}

/// A piece of output, cut anywhere: lines and characters may go on in the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Where it came from.
    pub stream: Stream,
    /// Its bytes as they were written.
    pub bytes: Vec<u8>,
    /// Of a notice what is said, as long as it is whole.
    pub notice: Option<OutputNotice>,
}

impl Chunk {
    /// Bytes of a stream.
    #[must_use]
    pub fn from_bytes(stream: Stream, bytes: Vec<u8>) -> Self {
        Self { stream, bytes, notice: None }
    }

    /// A sentence of our own, on a line of its own.
    #[must_use]
    pub fn from_notice(notice: OutputNotice) -> Self {
        let bytes = format!("{}\n", notice.sentence()).into_bytes();
        Self { stream: Stream::Notice, bytes, notice: Some(notice) }
    }

    /// Takes in the piece that follows, if both are of one stream and neither is a notice of its own;
    /// else gives it back.
    #[must_use]
    pub fn join_next(&mut self, next: Self) -> Option<Self> {
        if self.stream != next.stream || self.notice.is_some() || next.notice.is_some() {
            return Some(next);
        }
        self.bytes.extend_from_slice(&next.bytes);
        None
    }
}

/// Keeps the head and the tail of an output of any length, in memory of half the limit.
#[derive(Debug)]
pub struct Cap {
    half: usize,
    head_bytes: usize,
    head_chunks: usize,
    tail: VecDeque<Chunk>,
    tail_bytes: usize,
    dropped: u64,
}

impl Default for Cap {
    fn default() -> Self {
        Self::with_limit(LIMIT_BYTES)
    }
}

impl Cap {
    /// A cap at `limit` bytes.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        let tail = VecDeque::new();
        Self { half: limit / 2, head_bytes: 0, head_chunks: 0, tail, tail_bytes: 0, dropped: 0 }
    }

    /// Takes a chunk; what of it belongs to the head comes back, to be stored now.
    pub fn push_chunk(&mut self, chunk: Chunk) -> Option<Chunk> {
        let Chunk { stream, mut bytes, notice } = chunk;
        let mut room = self.half.saturating_sub(self.head_bytes);
        if self.head_chunks >= LIMIT_CHUNKS || (notice.is_some() && bytes.len() > room) {
            room = 0;
        }
        let rest = bytes.split_off(room.min(bytes.len()));
        if !rest.is_empty() {
            // What follows must not slip into the head past what was cut off here.
            self.head_bytes = self.half;
            self.keep_in_tail(Chunk { stream, bytes: rest, notice: notice.clone() });
        }
        if bytes.is_empty() {
            return None;
        }
        self.head_bytes += bytes.len();
        self.head_chunks += 1;
        Some(Chunk { stream, bytes, notice })
    }

    fn keep_in_tail(&mut self, chunk: Chunk) {
        self.tail_bytes += chunk.bytes.len();
        let apart = match self.tail.back_mut() {
            Some(last) if last.bytes.len() < PIECE_BYTES => last.join_next(chunk),
            _ => Some(chunk),
        };
        self.tail.extend(apart);
        while self.tail_bytes > self.half || self.tail.len() > LIMIT_CHUNKS {
            let too_many = self.tail.len() > LIMIT_CHUNKS;
            let excess = self.tail_bytes.saturating_sub(self.half);
            let gone = match self.tail.front_mut() {
                Some(first) if !too_many && excess < first.bytes.len() => {
                    first.notice = None;
                    first.bytes.drain(..excess).len()
                }
                _ => self.tail.pop_front().map_or(0, |first| first.bytes.len()),
            };
            self.tail_bytes -= gone;
            self.dropped = self.dropped.saturating_add(u64::try_from(gone).unwrap_or(u64::MAX));
        }
    }

    /// The end: how much was dropped between head and tail, and the tail.
    #[must_use]
    pub fn into_rest(self) -> Rest {
        Rest { dropped_bytes: self.dropped, tail: self.tail.into() }
    }
}

/// What is left to store when the output ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Rest {
    /// Bytes dropped between the head and the tail.
    pub dropped_bytes: u64,
    /// The tail, in order.
    pub tail: Vec<Chunk>,
}

impl Rest {
    /// The chunks to store: a notice where something was dropped, then the tail.
    pub fn into_chunks(self) -> impl Iterator<Item = Chunk> {
        let n = self.dropped_bytes;
        let notice = (n > 0).then(|| Chunk::from_notice(OutputNotice::BytesDropped { n }));
        notice.into_iter().chain(self.tail)
    }
}

/// Output as text for a page: valid UTF-8, lines ended by `\n`, terminal colours and cursor
/// movements taken out, every other control character and every character that turns the reading
/// direction shown as `U+FFFD`. Escaping for HTML is the template's.
///
/// Join the chunks of a stream first: a character may be cut between two.
#[must_use]
pub fn page_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    each_glyph(bytes, |glyph| {
        if let Glyph::Letter(c) = glyph {
            text.push(c);
        }
    });
    text
}

/// What is left of an output when it is made safe.
enum Glyph<'t> {
    /// A letter, a line end, a tab.
    Letter(char),
    /// From here on letters look like this: the numbers of an SGR sequence.
    Look(&'t str),
}

fn each_glyph(bytes: &[u8], mut take: impl FnMut(Glyph<'_>)) {
    let decoded = String::from_utf8_lossy(bytes);
    let mut chars = decoded.chars().peekable();
    while let Some(c) = chars.next() {
        let look = match c {
            '\n' | '\t' => {
                take(Glyph::Letter(c));
                None
            }
            '\r' => {
                // "\r\n" is one line end; a lone "\r" is a progress bar drawing over its line.
                if chars.peek() != Some(&'\n') {
                    take(Glyph::Letter('\n'));
                }
                None
            }
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            _ if c.is_control() || turns_direction(c) => {
                take(Glyph::Letter(char::REPLACEMENT_CHARACTER));
                None
            }
            _ => {
                take(Glyph::Letter(c));
                None
            }
        };
        if let Some(numbers) = look {
            take(Glyph::Look(&numbers));
        }
    }
}

type Chars<'t> = std::iter::Peekable<std::str::Chars<'t>>;

/// Skips what follows an ESC; gives the numbers if it says how letters look. Source: ECMA-48,
/// sections 5.3 to 5.6.
fn skip_escape(chars: &mut Chars<'_>) -> Option<String> {
    match chars.peek() {
        Some('[') => {
            chars.next();
            return skip_control_sequence(chars);
        }
        // Strings (titles, links) end with BEL or ESC \; a line end ends them for us as well, or
        // an unfinished one would swallow all that follows.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next_if(|c| *c != '\n') {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {
            while chars.next_if(|c| (' '..='/').contains(c)).is_some() {}
            chars.next_if(|c| ('0'..='~').contains(c));
        }
    }
    None
}

/// Skips parameters and the final letter of a control sequence; gives the parameters of SGR.
fn skip_control_sequence(chars: &mut Chars<'_>) -> Option<String> {
    let mut numbers = String::new();
    while let Some(c) = chars.next_if(|c| (' '..='?').contains(c)) {
        numbers.push(c);
    }
    let last = chars.next_if(|c| ('@'..='~').contains(c));
    let plain = numbers.chars().all(|c| c.is_ascii_digit() || matches!(c, ';' | ':'));
    (last == Some('m') && plain).then_some(numbers)
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
