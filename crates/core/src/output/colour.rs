//! Terminal colours kept: output as lines of spans, each with the names of its styles.
//!
//! Of everything a program may send a terminal, only how letters look is kept; the rest is taken
//! out as for plain text.

use super::{Glyph, each_glyph};

/// Letters of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The style's words, to be used as classes: `fg-1 bold`; empty for plain text.
    pub style: String,
    /// The letters.
    pub text: String,
}

/// How letters look. Colours are the 16 that every terminal names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is switched by itself")]
struct Look {
    front: Option<u8>,
    back: Option<u8>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    strike: bool,
    inverse: bool,
}

/// The lines of an output. Safe as [`super::page_text`] is: its text is the same.
#[must_use]
pub fn page_lines(bytes: &[u8]) -> Vec<Vec<Span>> {
    let mut lines = vec![Vec::new()];
    let mut look = Look::default();
    each_glyph(bytes, |glyph| match glyph {
        Glyph::Letter('\n') => lines.push(Vec::new()),
        Glyph::Letter(c) => {
            let style = look.style_classes();
            if let Some(line) = lines.last_mut() {
                match line.last_mut() {
                    Some(Span { style: last, text }) if *last == style => text.push(c),
                    _ => line.push(Span { style, text: c.to_string() }),
                }
            }
        }
        Glyph::Look(numbers) => look.apply_codes(numbers),
    });
    // A line end ends the last line; it begins no empty one after it.
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

impl Look {
    /// Source: ECMA-48, 8.3.117 (SGR); the forms with 38 and 48 are ISO 8613-6.
    fn apply_codes(&mut self, numbers: &str) {
        let mut numbers = numbers.split([';', ':']).map(|number| number.parse::<u8>().unwrap_or(0));
        while let Some(number) = numbers.next() {
            match number {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                3 => self.italic = true,
                4 | 21 => self.underline = true,
                7 => self.inverse = true,
                9 => self.strike = true,
                22 => (self.bold, self.dim) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.inverse = false,
                29 => self.strike = false,
                30..=37 => self.front = Some(number - 30),
                38 => self.front = extended_colour(&mut numbers),
                39 => self.front = None,
                40..=47 => self.back = Some(number - 40),
                48 => self.back = extended_colour(&mut numbers),
                49 => self.back = None,
                90..=97 => self.front = Some(number - 82),
                100..=107 => self.back = Some(number - 92),
                _ => {}
            }
        }
    }

    fn style_classes(self) -> String {
        let (front, back) = if self.inverse {
            (self.back.or(Some(0)), self.front.or(Some(7)))
        } else {
            (self.front, self.back)
        };
        let front = front.map(|colour| format!("fg-{colour}"));
        let back = back.map(|colour| format!("bg-{colour}"));
        let flags = [
            (self.bold, "bold"),
            (self.dim, "dim"),
            (self.italic, "italic"),
            (self.underline, "underline"),
            (self.strike, "strike"),
        ];
        let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned());
        front.into_iter().chain(back).chain(flags).collect::<Vec<_>>().join(" ")
    }
}

/// A colour out of 256, or one mixed of red, green and blue, as the nearest of the 16.
fn extended_colour(numbers: &mut impl Iterator<Item = u8>) -> Option<u8> {
    match numbers.next()? {
        5 => match numbers.next()? {
            named @ 0..=15 => Some(named),
            cube @ 16..=231 => {
                let level = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
                let at = cube - 16;
                Some(nearest_colour(level(at / 36), level(at / 6 % 6), level(at % 6)))
            }
            grey => {
                let level = 8 + (grey - 232) * 10;
                Some(nearest_colour(level, level, level))
            }
        },
        2 => {
            let (red, green, blue) = (numbers.next()?, numbers.next()?, numbers.next()?);
            Some(nearest_colour(red, green, blue))
        }
        _ => None,
    }
}

fn nearest_colour(red: u8, green: u8, blue: u8) -> u8 {
    let most = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    if most - least < 32 {
        return match most {
            0..=63 => 0,
            64..=150 => 8,
            151..=220 => 7,
            221.. => 15,
        };
    }
    let middle = least + (most - least) / 2;
    let bit = |level: u8, bit: u8| if level > middle { bit } else { 0 };
    let colour = bit(red, 1) + bit(green, 2) + bit(blue, 4);
    if most > 210 { colour + 8 } else { colour }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::page_text;
    use proptest::prelude::*;

    fn show_coloured(bytes: &[u8]) -> String {
        let lines = page_lines(bytes).into_iter().map(|line| {
            let spans = line.into_iter().map(|span| match span.style.as_str() {
                "" => span.text,
                style => format!("<{style}|{}>", span.text),
            });
            spans.collect::<String>()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn colours_become_words() {
        for (raw, words) in [
            (&b"plain \x1b[31mred\x1b[0m plain"[..], "plain <fg-1|red> plain"),
            (b"\x1b[1;32mok\x1b[22m still\x1b[39m not", "<fg-2 bold|ok><fg-2| still> not"),
            (b"\x1b[94;41mx\x1b[m", "<fg-12 bg-1|x>"),
            (b"\x1b[3;4;9;2mx", "<dim italic underline strike|x>"),
            (b"\x1b[7mx\x1b[27my", "<fg-0 bg-7|x>y"),
            (b"\x1b[38;5;9ma\x1b[38;5;196mb\x1b[38;5;240mc", "<fg-9|ab><fg-8|c>"),
            (b"\x1b[38;2;10;120;20mx\x1b[48;2;255;255;255my", "<fg-2|x><fg-2 bg-15|y>"),
            (b"\x1b[31mover\nlines\x1b[0m\n\nend", "<fg-1|over>\n<fg-1|lines>\n\nend"),
            (b"\x1b[31;", ""),
            (b"\x1b[38;5mx\x1b[999999;;mz", "xz"),
            (b"\x1b[2J\x1b[1;1Hx\x1b]0;title\x07y", "xy"),
        ] {
            assert_eq!(show_coloured(raw), words);
        }
    }

    proptest! {
        #[test]
        fn the_text_is_that_of_the_plain_page(raw in "(\\x1b\\[[0-9;:]{0,6}[mKJ]|[a-c\\n\\r\\t\\x1b\\x00]){0,40}") {
            let text: String = page_lines(raw.as_bytes())
                .iter()
                .map(|line| line.iter().map(|span| span.text.as_str()).collect::<String>() + "\n")
                .collect();
            let plain: String = page_text(raw.as_bytes()).lines().flat_map(|line| [line, "\n"]).collect();
            prop_assert_eq!(text, plain);
        }
    }
}
