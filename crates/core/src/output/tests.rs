//! What is kept of an output, and that its text is safe.

use super::*;
use proptest::prelude::*;

fn out(bytes: &[u8]) -> Chunk {
    Chunk::from_bytes(Stream::Stdout, bytes.to_vec())
}

/// What ends up stored.
fn stored(cap: Cap, chunks: impl IntoIterator<Item = Chunk>) -> (Vec<Chunk>, Rest) {
    let mut cap = cap;
    let head = chunks.into_iter().filter_map(|chunk| cap.push_chunk(chunk)).collect();
    (head, cap.into_rest())
}

#[test]
fn a_short_output_is_stored_as_it_comes() {
    let (head, rest) = stored(Cap::with_limit(100), [out(b"one"), out(b"two")]);
    assert_eq!(head, [out(b"one"), out(b"two")]);
    assert_eq!(rest, Rest { dropped_bytes: 0, tail: vec![] });
    assert_eq!(rest.into_chunks().count(), 0);
}

#[test]
fn of_a_long_output_the_middle_is_dropped_and_counted() {
    let (head, rest) = stored(Cap::with_limit(8), [out(b"abcdef"), out(b"ghijkl")]);
    assert_eq!(head, [out(b"abcd")]);
    assert_eq!(rest.dropped_bytes, 4);
    let rest: Vec<Chunk> = rest.into_chunks().collect();
    assert_eq!(rest, [Chunk::from_notice(OutputNotice::BytesDropped { n: 4 }), out(b"ijkl")]);
}

#[test]
fn single_bytes_from_both_streams_in_turn_do_not_make_a_row_each() {
    let bytes = (0..400_000).map(|n| {
        let stream = if n % 2 == 0 { Stream::Stdout } else { Stream::Stderr };
        Chunk::from_bytes(stream, vec![b'x'])
    });
    let (head, rest) = stored(Cap::default(), bytes);
    assert_eq!((head.len(), rest.tail.len()), (LIMIT_CHUNKS, LIMIT_CHUNKS));
    assert_eq!(rest.dropped_bytes, 400_000 - 2 * 2_000);
}

#[test]
fn colours_titles_and_progress_bars_become_plain_lines() {
    let raw = b"\x1b[1;31mred\x1b[0m\r\n 10%\r100%\n\x1b]0;title\x07done\x1b(B \x1b]8;;http://x\x1b\\link";
    assert_eq!(page_text(raw), "red\n 10%\n100%\ndone link");
}

#[test]
fn invalid_bytes_controls_and_direction_marks_are_made_visible() {
    assert_eq!(page_text(b"a\xffb\0c\x07"), "a\u{fffd}b\u{fffd}c\u{fffd}");
    assert_eq!(page_text("if \u{202e}eurt".as_bytes()), "if \u{fffd}eurt");
    assert_eq!(page_text("部署完成\n".as_bytes()), "部署完成\n");
    assert_eq!(page_text(b"\x1b]never ended\nnext"), "\nnext");
    assert_eq!(page_text(b"\x1b"), "");
}

proptest! {
    #[test]
    fn head_dropped_and_tail_make_up_the_whole(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..60),
        limit in 0usize..400,
    ) {
        let whole = pieces.concat();
        let (head, rest) = stored(Cap::with_limit(limit), pieces.iter().map(|piece| out(piece)));
        let head: Vec<u8> = head.into_iter().flat_map(|chunk| chunk.bytes).collect();
        let dropped = usize::try_from(rest.dropped_bytes).unwrap();
        let tail: Vec<u8> = rest.tail.into_iter().flat_map(|chunk| chunk.bytes).collect();
        prop_assert_eq!(head.len() + dropped + tail.len(), whole.len());
        prop_assert!(head.len() + tail.len() <= limit);
        prop_assert!(whole.starts_with(&head) && whole.ends_with(&tail));
        prop_assert!(dropped == 0 || head.len() == limit / 2);
    }

    #[test]
    fn text_for_a_page_has_no_controls(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = page_text(&bytes);
        prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
    }
}

#[test]
fn a_notice_keeps_its_meaning_unless_it_is_cut() {
    let notice = || Chunk::from_notice(OutputNotice::Answered { status: "200".into() });
    let length = notice().bytes.len();
    // It goes whole into the head or whole into the tail, and no neighbour is joined to it.
    let mut cap = Cap::with_limit(2 * (2 * length - 1));
    assert_eq!(cap.push_chunk(notice()), Some(notice()));
    assert_eq!(cap.push_chunk(notice()), None);
    assert_eq!(cap.push_chunk(out(b"a")), None);
    let rest: Vec<Chunk> = cap.into_rest().into_chunks().collect();
    assert_eq!(rest, [notice(), out(b"a")]);
    // What the tail has cut is no more than its letters.
    let mut cap = Cap::with_limit(2 * length);
    assert_eq!(cap.push_chunk(out(&vec![b'x'; length])), Some(out(&vec![b'x'; length])));
    assert_eq!(cap.push_chunk(notice()), None);
    assert_eq!(cap.push_chunk(out(b"a")), None);
    let rest: Vec<Chunk> = cap.into_rest().into_chunks().collect();
    let cut = Chunk { bytes: notice().bytes.split_off(1), notice: None, ..notice() };
    assert_eq!(rest, [Chunk::from_notice(OutputNotice::BytesDropped { n: 1 }), cut, out(b"a")]);
}
