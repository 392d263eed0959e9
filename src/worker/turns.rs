//! Whose turn it is: where more is due than a worker has room for, webhooks take turns, so that the many
//! jobs of one do not keep out those of another.

use super::rhythm::Rhythm;
use signalbox_store::queue::{self, DueJob, Span};
use signalbox_store::{Conn, Result};
use tokio::time::Instant;

/// Most webhooks that take turns; of more, the others follow at the next look.
const MOST: i64 = 1_000;

/// The webhooks of which jobs wait, and whose turn was the last.
#[derive(Default)]
pub(super) struct Turns {
    /// In order.
    webhooks: Vec<i64>,
    last: i64,
    /// When they are looked for.
    looks: Rhythm,
}

impl Turns {
    /// Whether several webhooks take turns, as far as is known now.
    pub(super) fn are_known(&self) -> bool {
        !self.looks.is_due() && self.webhooks.len() > 1
    }

    /// Looks which webhooks take turns.
    pub(super) async fn look_up_turns(&mut self, conn: &mut Conn) -> Result<()> {
        let began = Instant::now();
        self.webhooks = queue::waiting_webhooks(conn, self.last, MOST).await?;
        self.looks.note_look(began);
        Ok(())
    }

    /// The jobs whose turn it is, at most so many.
    pub(super) async fn due_in_turn(
        &mut self,
        conn: &mut Conn,
        span: Span,
        most: usize,
    ) -> Result<Vec<DueJob>> {
        let webhooks = self.next_webhooks(most);
        let each = most.div_ceil(webhooks.len().max(1));
        let mut due = queue::due_of(conn, &webhooks, each, span).await?;
        due.truncate(most);
        Ok(due)
    }

    /// The webhooks that follow in turn, each once.
    fn next_webhooks(&mut self, most: usize) -> Vec<i64> {
        let start = self.webhooks.partition_point(|webhook| *webhook <= self.last);
        let (before, after) = self.webhooks.split_at(start);
        let next: Vec<i64> = after.iter().chain(before).take(most).copied().collect();
        self.last = next.last().copied().unwrap_or_default();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_follow_in_turn_and_come_again() {
        let mut turns = Turns { webhooks: vec![0, 3, 7, 9], ..Turns::default() };
        assert_eq!(turns.next_webhooks(2), [3, 7]);
        assert_eq!(turns.next_webhooks(3), [9, 0, 3]);
        // One that came between takes its turn; one that is gone is passed over.
        turns.webhooks = vec![0, 5, 9];
        assert_eq!(turns.next_webhooks(1), [5]);
        assert_eq!(turns.next_webhooks(10), [9, 0, 5]);
        turns.webhooks.clear();
        assert_eq!(turns.next_webhooks(4), [0; 0]);
    }
}
