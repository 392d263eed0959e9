//! Declared secrets taken out of an output before anybody stores it.

use super::{Chunk, Stream};
use crate::action::Secrets;

/// What stands in a secret's place.
const MASK: &str = "••••••";

/// Lines shorter than this are not masked apart from the secret of several lines they stand in:
/// they would hide half of the output.
const LINE_BYTES: usize = 8;

/// The most bytes of escape sequences between two letters of a secret.
const MOST_IN_GAP: usize = 256;

/// Takes secrets out of what is written piece by piece, each stream by itself, a secret cut
/// between two pieces included.
#[derive(Default)]
pub struct Masks {
    /// The longest first, so that a secret that begins like another is taken out whole.
    secrets: Vec<Vec<u8>>,
    held: Vec<Chunk>,
}

impl Masks {
    /// For the secrets of one run.
    #[must_use]
    pub fn for_secrets(secrets: &Secrets) -> Self {
        let mut all: Vec<Vec<u8>> = Vec::new();
        for (_, value) in secrets.iter().filter(|(_, value)| !value.is_empty()) {
            all.push(value.as_bytes().to_vec());
            if value.contains('\n') {
                let lines = value.lines().map(str::trim).filter(|line| line.len() >= LINE_BYTES);
                all.extend(lines.map(|line| line.as_bytes().to_vec()));
            }
        }
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        all.dedup();
        Self { secrets: all, held: Vec::new() }
    }

    /// What of a stream can be passed on now; an end that may be the beginning of a secret is kept
    /// back.
    #[must_use]
    pub fn push_bytes(&mut self, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        if self.secrets.is_empty() {
            return bytes.to_vec();
        }
        let held = self.held.iter().position(|chunk| chunk.stream == stream);
        let mut whole = held.map(|at| self.held.swap_remove(at).bytes).unwrap_or_default();
        whole.extend_from_slice(bytes);
        let (masked, rest) = self.mask_bytes(&whole, true);
        if !rest.is_empty() {
            self.held.push(Chunk::from_bytes(stream, rest));
        }
        masked
    }

    /// What was kept back, when nothing more comes.
    #[must_use]
    pub fn take_rest(&mut self) -> Vec<Chunk> {
        let held = std::mem::take(&mut self.held);
        let masked = held.into_iter().map(|chunk| {
            let (bytes, _) = self.mask_bytes(&chunk.bytes, false);
            Chunk::from_bytes(chunk.stream, bytes)
        });
        masked.collect()
    }

    /// A sentence with its secrets taken out.
    #[must_use]
    pub fn mask_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.mask_bytes(text.as_bytes(), false).0).into_owned()
    }

    /// What is safe, and the end that is not yet known to be.
    fn mask_bytes(&self, bytes: &[u8], more_comes: bool) -> (Vec<u8>, Vec<u8>) {
        let mut safe = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            let alike = self.secrets.iter().filter(|secret| secret.first() == Some(first));
            let mut found = None;
            for secret in alike {
                match Alike::new_comparison(secret, rest) {
                    Alike::SoFar if more_comes => return (safe, rest.to_vec()),
                    Alike::SoFar | Alike::Not => {}
                    Alike::Whole { looks, behind } => {
                        found = found.or(Some((looks, behind)));
                    }
                }
            }
            if let Some((looks, behind)) = found {
                safe.extend_from_slice(MASK.as_bytes());
                safe.extend_from_slice(&looks);
                rest = behind;
            } else {
                safe.push(*first);
                rest = after;
            }
        }
        (safe, Vec::new())
    }
}

/// How the beginning of some bytes compares with a secret.
enum Alike<'b> {
    Not,
    /// They end before the secret does.
    SoFar,
    Whole {
        /// The sequences inside, which are kept: what follows looks as it would have.
        looks: Vec<u8>,
        behind: &'b [u8],
    },
}

impl<'b> Alike<'b> {
    /// Sees through what a page does not show: terminals are told to change colour in the middle of
    /// words, by `grep --color` for one.
    fn new_comparison(secret: &[u8], bytes: &'b [u8]) -> Self {
        let (mut rest, mut looks, mut in_gap) = (bytes, Vec::new(), 0);
        let mut letters = secret.iter().peekable();
        while let Some(letter) = letters.peek() {
            let Some((first, after)) = rest.split_first() else { return Self::SoFar };
            if first == *letter {
                letters.next();
                (rest, in_gap) = (after, 0);
                continue;
            }
            match control_sequence(rest) {
                Sequence::SoFar if in_gap + rest.len() <= MOST_IN_GAP => return Self::SoFar,
                Sequence::Bytes(count) if in_gap + count <= MOST_IN_GAP => {
                    let (sequence, behind) = rest.split_at(count);
                    looks.extend_from_slice(sequence);
                    (rest, in_gap) = (behind, in_gap + count);
                }
                // Or an output without an end would be kept back.
                Sequence::None | Sequence::SoFar | Sequence::Bytes(_) => return Self::Not,
            }
        }
        Self::Whole { looks, behind: rest }
    }
}

/// An escape sequence at the beginning of some bytes.
enum Sequence {
    None,
    SoFar,
    Bytes(usize),
}

/// A control sequence, or one that chooses letters. Source: ECMA-48, sections 5.3 and 5.4.
fn control_sequence(bytes: &[u8]) -> Sequence {
    let (start, inner, last) = match bytes {
        [0x1b | 0xc2] => return Sequence::SoFar,
        [0x1b, b'[', ..] | [0xc2, 0x9b, ..] => (2, b' '..=b'?', b'@'..=b'~'),
        [0x1b, ..] => (1, b' '..=b'/', b'0'..=b'~'),
        _ => return Sequence::None,
    };
    let length = bytes.iter().skip(start).take_while(|byte| inner.contains(byte)).count();
    match bytes.get(start + length) {
        None => Sequence::SoFar,
        Some(byte) if last.contains(byte) => Sequence::Bytes(start + length + 1),
        Some(_) => Sequence::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample_masks(values: &[&str]) -> Masks {
        let mut secrets = Secrets::default();
        for (at, value) in values.iter().enumerate() {
            secrets.insert(format!("S{at}"), *value);
        }
        Masks::for_secrets(&secrets)
    }

    fn in_pieces(masks: &mut Masks, pieces: &[&[u8]]) -> String {
        let mut all: Vec<u8> =
            pieces.iter().flat_map(|piece| masks.push_bytes(Stream::Stdout, piece)).collect();
        all.extend(masks.take_rest().into_iter().flat_map(|chunk| chunk.bytes));
        String::from_utf8_lossy(&all).into_owned()
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_is_cut() {
        let text = b"a s3cret-token b s3cret-toke s3cret-token";
        for cut in 0..text.len() {
            let (one, two) = text.split_at(cut);
            let masked = in_pieces(&mut sample_masks(&["s3cret-token"]), &[one, two]);
            assert_eq!(masked, "a •••••• b s3cret-toke ••••••", "{cut}");
        }
    }

    #[test]
    fn of_two_that_begin_alike_the_longer_one_is_taken_out_whole() {
        let pieces: [&[u8]; 3] = [b"pass", b"word-", b"two password- x"];
        assert_eq!(
            in_pieces(&mut sample_masks(&["password-", "password-two"]), &pieces),
            "•••••• •••••• x"
        );
    }

    #[test]
    fn streams_do_not_mix_and_lines_of_a_long_secret_count() {
        let mut masks = sample_masks(&["first line\nsecond line\nx"]);
        assert_eq!(masks.push_bytes(Stream::Stdout, b"first "), b"");
        assert_eq!(masks.push_bytes(Stream::Stderr, b"line"), b"line");
        assert_eq!(masks.push_bytes(Stream::Stdout, b"line!"), "••••••!".as_bytes());
        assert_eq!(masks.mask_text("second line, x"), "••••••, x");
    }

    proptest! {
        #[test]
        fn no_secret_is_left_however_it_is_written(
            pieces in prop::collection::vec("[abc]{0,5}", 0..20),
            secret in "[abc]{1,4}",
        ) {
            let cut: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
            let whole = pieces.concat();
            let masked = in_pieces(&mut sample_masks(&[&secret]), &cut);
            prop_assert!(!masked.contains(&secret), "{masked}");
            prop_assert_eq!(masked, whole.replace(&secret, MASK));
        }
    }

    #[test]
    fn colours_inside_a_secret_hide_nothing_of_it() {
        for (text, masked) in [
            ("a s3\x1b[1;31mcr\x1b[met b", "a ••••••\x1b[1;31m\x1b[m b"),
            ("\x1b[32ms3cre\x1b(B\x1b[mt!", "\x1b[32m••••••\x1b(B\x1b[m!"),
            ("s\u{9b}0m3cret", "••••••\u{9b}0m"),
            ("s3cre\x1b[31mx s3c\x1b[31", "s3cre\x1b[31mx s3c\x1b[31"),
        ] {
            for cut in 0..text.len() {
                let (one, two) = text.as_bytes().split_at(cut);
                assert_eq!(in_pieces(&mut sample_masks(&["s3cret"]), &[one, two]), masked, "{cut}");
            }
        }
    }

    #[test]
    fn an_output_without_an_end_is_not_kept_back() {
        let mut masks = sample_masks(&["s3cret"]);
        assert_eq!(masks.push_bytes(Stream::Stdout, b"s"), b"");
        let mut passed = 0;
        for _ in 0..100 {
            passed += masks.push_bytes(Stream::Stdout, b"\x1b[0m").len();
        }
        assert_eq!(passed, 401);
        let endless = [b"s\x1b[".as_slice(), &[b'1'; 1_000]].concat();
        assert_eq!(masks.push_bytes(Stream::Stderr, &endless), endless);
    }

    proptest! {
        #[test]
        fn no_secret_is_left_however_it_is_coloured(
            pieces in prop::collection::vec("[ab]{0,3}|\x1b\\[[0-9;]{0,4}m|\x1b\\(B", 0..20),
            secret in "[ab]{1,4}",
            cuts in prop::collection::vec(0..100usize, 0..4),
        ) {
            let whole = pieces.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < whole.len()).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let cut: Vec<&[u8]> =
                cuts.windows(2).map(|ends| &whole.as_bytes()[ends[0]..ends[1]]).collect();
            let masked = in_pieces(&mut sample_masks(&[&secret]), &cut);
            let shown = |text: &str| super::super::page_text(text.as_bytes());
            prop_assert_eq!(shown(&masked), shown(&whole).replace(&secret, MASK));
        }
    }
}
