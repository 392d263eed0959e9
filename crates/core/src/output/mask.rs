//! Declared secrets taken out of an output before anybody stores it.

use super::{Chunk, Stream};
use crate::action::Secrets;

/// What stands in a secret's place.
const MASK: &str = "••••••";

/// Lines shorter than this are not masked apart from the secret of several lines they stand in:
/// they would hide half of the output.
const LINE_BYTES: usize = 8;

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
    pub fn of(secrets: &Secrets) -> Self {
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
    pub fn push(&mut self, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        if self.secrets.is_empty() {
            return bytes.to_vec();
        }
        let held = self.held.iter().position(|chunk| chunk.stream == stream);
        let mut whole = held.map(|at| self.held.swap_remove(at).bytes).unwrap_or_default();
        whole.extend_from_slice(bytes);
        let (masked, rest) = self.mask(&whole, true);
        if !rest.is_empty() {
            self.held.push(Chunk { stream, bytes: rest });
        }
        masked
    }

    /// What was kept back, when nothing more comes.
    #[must_use]
    pub fn finish(&mut self) -> Vec<Chunk> {
        let held = std::mem::take(&mut self.held);
        let masked = held.into_iter().map(|chunk| {
            let (bytes, _) = self.mask(&chunk.bytes, false);
            Chunk { stream: chunk.stream, bytes }
        });
        masked.collect()
    }

    /// A sentence with its secrets taken out.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.mask(text.as_bytes(), false).0).into_owned()
    }

    /// What is safe, and the end that is not yet known to be.
    fn mask(&self, bytes: &[u8], more_comes: bool) -> (Vec<u8>, Vec<u8>) {
        let mut safe = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            let mut alike = self.secrets.iter().filter(|secret| secret.first() == Some(first));
            if more_comes
                && alike.clone().any(|secret| secret.len() > rest.len() && secret.starts_with(rest))
            {
                return (safe, rest.to_vec());
            }
            if let Some(behind) = alike.find_map(|secret| rest.strip_prefix(secret.as_slice())) {
                safe.extend_from_slice(MASK.as_bytes());
                rest = behind;
            } else {
                safe.push(*first);
                rest = after;
            }
        }
        (safe, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masks(values: &[&str]) -> Masks {
        let mut secrets = Secrets::default();
        for (at, value) in values.iter().enumerate() {
            secrets.insert(format!("S{at}"), *value);
        }
        Masks::of(&secrets)
    }

    fn in_pieces(masks: &mut Masks, pieces: &[&[u8]]) -> String {
        let mut all: Vec<u8> =
            pieces.iter().flat_map(|piece| masks.push(Stream::Stdout, piece)).collect();
        all.extend(masks.finish().into_iter().flat_map(|chunk| chunk.bytes));
        String::from_utf8_lossy(&all).into_owned()
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_is_cut() {
        let text = b"a s3cret-token b s3cret-toke s3cret-token";
        for cut in 0..text.len() {
            let (one, two) = text.split_at(cut);
            let masked = in_pieces(&mut masks(&["s3cret-token"]), &[one, two]);
            assert_eq!(masked, "a •••••• b s3cret-toke ••••••", "{cut}");
        }
    }

    #[test]
    fn of_two_that_begin_alike_the_longer_one_is_taken_out_whole() {
        let pieces: [&[u8]; 3] = [b"pass", b"word-", b"two password- x"];
        assert_eq!(
            in_pieces(&mut masks(&["password-", "password-two"]), &pieces),
            "•••••• •••••• x"
        );
    }

    #[test]
    fn streams_do_not_mix_and_lines_of_a_long_secret_count() {
        let mut masks = masks(&["first line\nsecond line\nx"]);
        assert_eq!(masks.push(Stream::Stdout, b"first "), b"");
        assert_eq!(masks.push(Stream::Stderr, b"line"), b"line");
        assert_eq!(masks.push(Stream::Stdout, b"line!"), "••••••!".as_bytes());
        assert_eq!(masks.text("second line, x"), "••••••, x");
    }

    proptest! {
        #[test]
        fn no_secret_is_left_however_it_is_written(
            pieces in prop::collection::vec("[abc]{0,5}", 0..20),
            secret in "[abc]{1,4}",
        ) {
            let cut: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
            let whole = pieces.concat();
            let masked = in_pieces(&mut masks(&[&secret]), &cut);
            prop_assert!(!masked.contains(&secret), "{masked}");
            prop_assert_eq!(masked, whole.replace(&secret, MASK));
        }
    }
}
