//! What an action writes on its way to the store: secrets taken out, pieces joined, held to the cap.

use super::{OutputChunk, Stream};
use signalbox_core::action::Secrets;
use signalbox_core::failure::Failure;
use signalbox_core::output::{Cap, Masks, OutputNotice};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Output that is stored in one piece: no smaller than this ...
pub(super) const PIECE_BYTES: usize = 16 * 1024;

/// ... unless so much time went by since its first byte.
const PIECE_TIME: Duration = Duration::from_millis(100);

/// Takes output, and passes on what is to be stored.
pub(super) struct Recorder {
    masks: Masks,
    cap: Cap,
    waiting: Option<OutputChunk>,
    since: Instant,
    output: mpsc::Sender<OutputChunk>,
}

impl Recorder {
    pub(super) fn new(secrets: &Secrets, output: mpsc::Sender<OutputChunk>) -> Self {
        Self {
            masks: Masks::for_secrets(secrets),
            cap: Cap::default(),
            waiting: None,
            since: Instant::now(),
            output,
        }
    }

    pub(super) async fn take_bytes(&mut self, stream: Stream, bytes: &[u8]) {
        let masked = self.masks.push_bytes(stream, bytes);
        self.keep_bytes(stream, &masked).await;
    }

    async fn keep_bytes(&mut self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.waiting.as_ref().is_some_and(|waiting| waiting.stream != stream) {
            self.flush_waiting().await;
        }
        let waiting = self.waiting.get_or_insert_with(|| {
            self.since = Instant::now();
            OutputChunk::from_bytes(stream, Vec::new())
        });
        waiting.bytes.extend_from_slice(bytes);
        if waiting.bytes.len() >= PIECE_BYTES {
            self.flush_waiting().await;
        }
    }

    /// When what waits has waited long enough; `None` while nothing waits.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|_| self.since + PIECE_TIME)
    }

    pub(super) async fn flush_waiting(&mut self) {
        let chunk = self.waiting.take().filter(|chunk| !chunk.bytes.is_empty());
        if let Some(head) = chunk.and_then(|chunk| self.cap.push_chunk(chunk)) {
            self.send_chunk(head).await;
        }
    }

    /// A sentence of our own, in its place among the output.
    pub(super) async fn record_notice(&mut self, notice: OutputNotice) {
        self.flush_waiting().await;
        let notice = notice.with_texts(&|text| self.masks.mask_text(text));
        self.waiting = Some(OutputChunk::from_notice(notice));
        self.flush_waiting().await;
    }

    /// A text with its secrets taken out.
    pub(super) fn mask_text(&self, text: &str) -> String {
        self.masks.mask_text(text)
    }

    /// A failure with its secrets taken out.
    pub(super) fn mask_failure(&self, failure: Failure) -> Failure {
        failure.with_texts(&|text| self.masks.mask_text(text))
    }

    /// Stores the tail; what is left can still send.
    pub(super) async fn finish_output(&mut self) {
        for chunk in self.masks.take_rest() {
            self.keep_bytes(chunk.stream, &chunk.bytes).await;
        }
        self.flush_waiting().await;
        for chunk in std::mem::take(&mut self.cap).into_rest().into_chunks() {
            self.send_chunk(chunk).await;
        }
    }

    pub(super) async fn send_chunk(&self, chunk: OutputChunk) {
        // Nobody listens any more: the action is still run to its end.
        let _ = self.output.send(chunk).await;
    }
}
