//! What is done to many rows of a list at once: described as data, asked about on a page, then
//! done in batches.
//!
//! A resource names its actions in its `Meta`; each is a [`BulkAction`], whose `run`
//! gets one batch of ids at a time and writes audit entries in its transactions. "All that
//! match" travels as the list's own address, never as ids.

use super::context::Context;
use super::filter_view::{Chip, active_chips};
use super::form::Values;
use super::frame::Level;
use super::pages::{BulkPage, ChosenRow};
use super::query::{Asked, read_query};
use super::reauth;
use super::resource::{Answer, ConnOf, ContextOf, Resource};
use super::site::Site;
use super::views::Posted;
use crate::web::answer::{render_page, see_other};
use futures_util::future::LocalBoxFuture;
use signalbox_core::listing::{ListQuery, Part, Selection, group_thousands};
use signalbox_core::sentence::fill_pattern;
use signalbox_i18n::say;
use signalbox_i18n::t;

/// Rows that are changed in one transaction.
const BATCH: usize = 500;

/// Rows named on the page that asks.
const NAMED: i64 = 10;

/// Something that can be done to many rows.
pub struct BulkAction<S: Site> {
    /// The value of the form's `action`.
    pub name: &'static str,
    /// What the menu above the list says: `Delete selected webhooks`.
    pub label: &'static str,
    /// Who may.
    pub permission: S::Permission,
    /// When a page asks first.
    pub asks: Asks,
    /// What the question and its button say of one row and of `{n}`: `Delete {n} webhooks`.
    pub verb: [&'static str; 2],
    /// What the message says of one row and of `{n}`: `{n} webhooks were deleted.`
    pub done: [&'static str; 2],
    /// The button's symbol in `icons.svg`.
    pub icon: &'static str,
    /// Whether something is lost: the button is then red.
    pub is_danger: bool,
    /// Whether it asks for the person's own password again.
    pub guarded: bool,
    /// What happens, line by line.
    pub goes: &'static [&'static str],
    /// What stays as it is, line by line.
    pub stays: &'static [&'static str],
    /// Does it to one batch of ids, with audit entries in the same transactions. Ids that are gone
    /// are passed over.
    pub run: Run<S>,
}

/// When a page asks before a bulk action.
#[derive(Debug, Clone, Copy)]
pub enum Asks {
    /// Always.
    Always,
    /// Only for all that match: what is ticked on one page can be ticked again to undo it.
    Beyond,
    /// On a page of its own, whose address this makes: what is chosen travels in it.
    Elsewhere(fn(&Chosen<'_>) -> String),
}

/// What a person chose, for a page that asks by itself.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'a> {
    /// The ticked ones; none = all that match.
    pub ids: Option<&'a [String]>,
    /// The list's search and filters.
    pub query: &'a str,
}

/// Does something to one batch of ids.
pub type Run<S> = for<'a> fn(
    &'a Context<S>,
    &'a mut <S as Site>::Conn,
    &'a [String],
) -> LocalBoxFuture<'a, Result<Batch, <S as Site>::Error>>;

/// What the page that asks says of an action.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The value of the form's `action`.
    pub name: &'static str,
    /// The button's symbol in `icons.svg`.
    pub icon: &'static str,
    /// Whether something is lost: the button is then red.
    pub is_danger: bool,
    /// What happens, line by line.
    pub goes: &'static [&'static str],
    /// What stays as it is, line by line.
    pub stays: &'static [&'static str],
}

impl<S: Site> BulkAction<S> {
    /// What the page that asks says of it.
    pub fn confirm_question(&self) -> Question {
        let Self { name, icon, is_danger, goes, stays, .. } = *self;
        Question { name, icon, is_danger, goes, stays }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Rows to which it was done.
    pub done: usize,
    /// Rows that were left as they are, by reason: `Already enabled`.
    pub left: Vec<(&'static str, usize)>,
}

impl Batch {
    /// Notes rows that were left as they are.
    pub fn leave_rows(&mut self, reason: &'static str, rows: usize) {
        match self.left.iter_mut().find(|(known, _)| *known == reason) {
            _ if rows == 0 => {}
            Some((_, count)) => *count += rows,
            None => self.left.push((reason, rows)),
        }
    }

    /// Takes another batch in.
    fn add_batch(&mut self, other: &Self) {
        self.done += other.done;
        for (reason, rows) in &other.left {
            self.leave_rows(reason, *rows);
        }
    }

    /// What to say of it.
    fn batch_summary(&self, done: [&str; 2]) -> String {
        let mut sentences = vec![match self.done {
            0 => t("Nothing was changed.").to_owned(),
            n => count_text(done, &group_thousands(n)),
        }];
        sentences.extend(self.left.iter().map(|(reason, rows)| {
            say!("{reason}: {n}.", reason = t(reason), n = group_thousands(*rows))
        }));
        sentences.join(" ")
    }
}

/// A text of one row or of many, with their number as it is written.
fn count_text([one, many]: [&str; 2], n: &str) -> String {
    fill_pattern(t(if n == "1" { one } else { many }), &[("n", n.to_owned())])
}

/// The actions that this person may use, as the menu above the list offers them.
pub fn offered_actions<S: Site>(
    ctx: &Context<S>,
    actions: &'static [BulkAction<S>],
) -> Vec<(&'static str, &'static str)> {
    let allowed = actions.iter().filter(|action| ctx.has_permission(action.permission));
    allowed.map(|action| (action.name, action.label)).collect()
}

/// What the form above the list sends.
struct Ticked {
    action: String,
    ids: Vec<String>,
    across: bool,
    confirmed: bool,
    up_to: Option<String>,
}

impl Ticked {
    fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut ticked = Self {
            action: String::new(),
            ids: Vec::new(),
            across: false,
            confirmed: false,
            up_to: None,
        };
        for (name, value) in pairs {
            match name.as_str() {
                "action" if !value.is_empty() => ticked.action = value,
                "_selected_action" if !ticked.ids.contains(&value) => ticked.ids.push(value),
                "select_across" => ticked.across |= value == "1",
                "post" => ticked.confirmed = value == "yes",
                "_up_to" if !value.is_empty() => ticked.up_to = Some(value),
                _ => {}
            }
        }
        ticked
    }
}

/// POST the form above the list: asks, or does it.
///
/// # Errors
/// No permission for the action (403), the database (503).
pub async fn submit_bulk<R: Resource>(ctx: ContextOf<R>, posted: Posted) -> Answer<R> {
    let meta = R::META;
    let asked = read_query(&meta.list_url(), ctx.query(), R::LISTING);
    let here = asked.address.href();
    let posted = posted.into_inner();
    let values = Values::from_pairs(posted.clone());
    let ticked = Ticked::from_pairs(posted);
    let refuse = |text: String| {
        ctx.leave_message(Level::Warning, format!("{text} {}", t("Nothing was changed.")));
        Ok(see_other(&here))
    };
    let Some(action) = R::META.actions.iter().find(|action| action.name == ticked.action) else {
        return refuse(t("No action was chosen.").to_owned());
    };
    ctx.require_permission(action.permission)?;
    if !ticked.across && ticked.ids.is_empty() {
        return refuse(say!("Nothing was selected. Tick {plural} first.", plural = t(meta.plural)));
    }
    if ticked.across && !asked.warnings.is_empty() {
        return refuse(format!("{} {}", asked.warnings.join(" "), t("Check the list again.")));
    }
    if let Asks::Elsewhere(address) = action.asks {
        let ids = Some(ticked.ids.as_slice()).filter(|_| !ticked.across);
        return Ok(see_other(address(&Chosen { ids, query: &asked.address.query() })));
    }
    let mut conn = ctx.get_conn().await?;
    let asks = ticked.across || matches!(action.asks, Asks::Always);
    if asks && !ticked.confirmed {
        return ask_bulk::<R>(&ctx, &mut conn, action, (asked, ticked, None)).await;
    }
    if action.guarded
        && let Some(wrong) = reauth::refuse_unconfirmed(&ctx, &values).await?
    {
        return ask_bulk::<R>(&ctx, &mut conn, action, (asked, ticked, Some(wrong))).await;
    }
    let selection = if ticked.across {
        Selection::Matching { query: asked.query, up_to: ticked.up_to }
    } else {
        Selection::Ids(ticked.ids)
    };
    let outcome = run_bulk::<R>(&ctx, &mut conn, action, selection).await?;
    let text = outcome.batch_summary(action.done);
    let (by, _) = ctx.page_chrome().person;
    tracing::info!(user.name = %by, bulk.action = action.name, bulk.done = outcome.done, "Bulk action {} on {} {} by {}", action.name, outcome.done, meta.plural, by);
    let level = if outcome.done == 0 { Level::Warning } else { Level::Success };
    ctx.leave_message(level, text);
    Ok(see_other(here))
}

/// Does it, batch by batch. What a batch did stays done if a later one fails.
async fn run_bulk<R: Resource>(
    ctx: &ContextOf<R>,
    conn: &mut ConnOf<R>,
    action: &BulkAction<R::Site>,
    selection: Selection<R::Sort, R::Filter>,
) -> Result<Batch, <R::Site as Site>::Refusal> {
    let mut outcome = Batch::default();
    match selection {
        Selection::Ids(ids) => {
            for ids in ids.chunks(BATCH) {
                outcome.add_batch(&(action.run)(ctx, conn, ids).await?);
            }
        }
        Selection::Matching { query, up_to } => {
            let mut part = Part::FIRST;
            loop {
                let most = i64::try_from(BATCH).unwrap_or(1);
                let ids = R::select_ids(conn, &query, up_to.as_deref(), &part, most).await?;
                let Some(last) = ids.last() else { break };
                outcome.add_batch(&(action.run)(ctx, conn, &ids).await?);
                part = Part::Older(last.clone());
            }
        }
    }
    Ok(outcome)
}

/// The page that asks: how many, which, what goes and what stays.
async fn ask_bulk<R: Resource>(
    ctx: &ContextOf<R>,
    conn: &mut ConnOf<R>,
    action: &'static BulkAction<R::Site>,
    (asked, ticked, wrong): (Asked<R::Sort, R::Filter>, Ticked, Option<String>),
) -> Answer<R> {
    let (meta, listing) = (R::META, R::LISTING);
    let here = asked.address.href();
    let (count, rows, up_to) = if ticked.across {
        let newest = R::select_ids(conn, &asked.query, None, &Part::FIRST, 1).await?;
        let query = ListQuery { part: Part::FIRST, limit: NAMED, ..asked.query };
        let read = R::fetch_page(conn, &query).await?;
        (read.matching.to_string(), read.rows, newest.into_iter().next())
    } else {
        let rows = R::fetch_page(conn, &asked.query).await?.rows;
        let rows: Vec<_> =
            rows.into_iter().filter(|row| ticked.ids.contains(&(listing.id)(row))).collect();
        (group_thousands(ticked.ids.len()), rows, None)
    };
    let button = count_text(action.verb, &count);
    let chosen: Vec<ChosenRow> = rows
        .iter()
        .map(|row| ChosenRow { name: (listing.name)(row), href: (listing.page)(row) })
        .collect();
    let narrowed: Vec<Chip> =
        if ticked.across { active_chips(listing.filters, &asked.address) } else { Vec::new() };
    let title = say!("{what}?", what = button);
    let named = chosen.len();
    render_page(&BulkPage {
        frame: ctx
            .new_frame(title)
            .with_crumb(t(meta.title), here.clone())
            .with_errors(wrong.is_some()),
        ask: if action.guarded { reauth::ask_password(ctx, wrong) } else { None },
        action: action.confirm_question(),
        narrowed,
        search: if ticked.across { asked.search } else { String::new() },
        everything: ticked.across && !asked.address.is_narrowed(),
        more: if ticked.across { count.clone() } else { group_thousands(ticked.ids.len()) }
            != group_thousands(named),
        button,
        count,
        plural: meta.plural,
        chosen,
        across: ticked.across,
        ids: if ticked.across { Vec::new() } else { ticked.ids },
        up_to: up_to.unwrap_or_default(),
        here,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: [&str; 2] = ["{n} webhook was enabled.", "{n} webhooks were enabled."];

    #[test]
    fn the_message_counts_what_was_done_and_what_was_left() {
        let mut all = Batch { done: 4_999, left: Vec::new() };
        all.leave_rows("Already enabled", 0);
        all.add_batch(&Batch { done: 1, left: vec![("Left disabled, no token", 1)] });
        assert_eq!(
            all.batch_summary(DONE),
            "5,000 webhooks were enabled. Left disabled, no token: 1."
        );
        assert_eq!(Batch { done: 1, left: vec![] }.batch_summary(DONE), "1 webhook was enabled.");
        assert_eq!(Batch::default().batch_summary(DONE), "Nothing was changed.");
    }

    #[test]
    fn ticks_are_counted_once_and_all_that_match_is_said_by_either_control() {
        let pairs = |pairs: &[(&str, &str)]| {
            Ticked::from_pairs(
                pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            )
        };
        let ticked = pairs(&[
            ("_selected_action", "1"),
            ("_selected_action", "1"),
            ("select_across", "0"),
            ("select_across", "1"),
        ]);
        assert_eq!((ticked.ids.len(), ticked.across, ticked.confirmed), (1, true, false));
        assert!(!pairs(&[("select_across", "0")]).across);
    }
}
