//! Which characters of two values differ, for showing them side by side. Spaces and other unseen
//! characters that differ are made visible.

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text, unseen characters replaced by signs where it differs.
    pub text: String,
    /// Whether the other value has something else here.
    pub differs: bool,
}

/// Above this many pairs of characters, what lies between the common ends counts as different.
const MOST_PAIRS: usize = 160_000;

/// Both values in pieces: the longest common subsequence is equal, the rest differs.
pub fn diff_letters(left: &str, right: &str) -> (Vec<Piece>, Vec<Piece>) {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let start = left.iter().zip(&right).take_while(|(l, r)| l == r).count();
    let (left_rest, right_rest) =
        (left.get(start..).unwrap_or_default(), right.get(start..).unwrap_or_default());
    let both_rev = left_rest.iter().rev().zip(right_rest.iter().rev());
    let end = both_rev.take_while(|(l, r)| l == r).count();
    let left_mid = left_rest.get(..left_rest.len() - end).unwrap_or_default();
    let right_mid = right_rest.get(..right_rest.len() - end).unwrap_or_default();
    let (left_keeps, right_keeps) = common_letters(left_mid, right_mid);
    let pieces = |all: &[char], keeps: &[bool]| {
        let mut pieces = Vec::new();
        for (index, letter) in all.iter().enumerate() {
            let middle = index.checked_sub(start).and_then(|index| keeps.get(index));
            push_letter(&mut pieces, *letter, middle.is_some_and(|keep| !keep));
        }
        pieces
    };
    (pieces(&left, &left_keeps), pieces(&right, &right_keeps))
}

fn push_letter(pieces: &mut Vec<Piece>, letter: char, differs: bool) {
    let letter = if differs { make_visible(letter) } else { letter };
    match pieces.last_mut() {
        Some(last) if last.differs == differs => last.text.push(letter),
        _ => pieces.push(Piece { text: letter.to_string(), differs }),
    }
}

/// A sign for what cannot be seen.
fn make_visible(letter: char) -> char {
    match letter {
        ' ' => '␣',
        '\t' => '⇥',
        '\n' | '\r' => '⏎',
        '\u{a0}' | '\u{202f}' | '\u{feff}' | '\u{200b}'..='\u{200d}' => '⍽',
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        seen => seen,
    }
}

/// For each character whether it belongs to the longest common subsequence.
fn common_letters(left: &[char], right: &[char]) -> (Vec<bool>, Vec<bool>) {
    let (mut left_keeps, mut right_keeps) = (vec![false; left.len()], vec![false; right.len()]);
    if left.len().saturating_mul(right.len()) > MOST_PAIRS {
        return (left_keeps, right_keeps);
    }
    let width = right.len() + 1;
    // lengths[i * width + j]: the longest common subsequence of left[i..] and right[j..].
    let mut lengths = vec![0u16; (left.len() + 1) * width];
    let at = |lengths: &[u16], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, l) in left.iter().enumerate().rev() {
        for (j, r) in right.iter().enumerate().rev() {
            let longest = if l == r {
                at(&lengths, i + 1, j + 1).saturating_add(1)
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(place) = lengths.get_mut(i * width + j) {
                *place = longest;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    while let (Some(l), Some(r)) = (left.get(i), right.get(j)) {
        if l == r {
            left_keeps.get_mut(i).into_iter().chain(right_keeps.get_mut(j)).for_each(|k| *k = true);
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    (left_keeps, right_keeps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mark_pieces(pieces: &[Piece]) -> String {
        let mark = |piece: &Piece| {
            if piece.differs { format!("[{}]", piece.text) } else { piece.text.clone() }
        };
        pieces.iter().map(mark).collect()
    }

    #[test]
    fn exactly_the_characters_that_differ_are_marked() {
        let shown = |left, right| {
            let (left, right) = diff_letters(left, right);
            (mark_pieces(&left), mark_pieces(&right))
        };
        assert_eq!(shown("Diaspora", "diaspora"), ("[D]iaspora".into(), "[d]iaspora".into()));
        assert_eq!(shown("15", "1612"), ("1[5]".into(), "1[612]".into()));
        assert_eq!(shown("Push Hook", "Tag Push Hook").1, "[Tag␣]Push Hook");
        assert_eq!(shown("a b", "a  b").1, "a [␣]b");
        assert_eq!(shown("", "x"), (String::new(), "[x]".into()));
        assert_eq!(shown("same", "same").0, "same");
    }

    proptest! {
        #[test]
        fn no_character_is_lost_and_what_is_equal_is_equal(left in "[ab ]{0,12}", right in "[ab ]{0,12}") {
            let (l, r) = diff_letters(&left, &right);
            let whole = |pieces: &[Piece]| pieces.iter().map(|p| p.text.replace('␣', " ")).collect::<String>();
            let equal = |pieces: &[Piece]| pieces.iter().filter(|p| !p.differs).map(|p| p.text.as_str()).collect::<String>();
            prop_assert_eq!(whole(&l), left);
            prop_assert_eq!(whole(&r), right);
            prop_assert_eq!(equal(&l), equal(&r));
        }
    }
}
