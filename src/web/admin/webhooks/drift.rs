//! What is wrong between a webhook and the action that it uses, as the catalogue has it now.

use signalbox_actions::Catalogue;
use signalbox_core::action::ParameterFault;
use signalbox_core::ids::WebhookId;
use signalbox_core::sentence::Sentence;
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::webhooks::Row;
use signalbox_store::{self as store, Conn, webhook_actions};
use std::collections::BTreeMap;

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// There is no such action: its jobs fail.
    Gone(Sentence),
    /// The action takes other parameters: its jobs fail.
    Misfit(Sentence),
    /// The action is another than the one the webhook was saved with.
    Changed,
}

impl Drift {
    /// The webhook's sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::Gone(reason) => say!("Its jobs will fail. {why}", why = i18n::say(reason)),
            Self::Misfit(reason) => say!(
                "Its jobs will fail: the parameters do not fit the action. {why}",
                why = i18n::say(reason)
            ),
            Self::Changed => t("The action has changed since this webhook was saved. Check that it still does what you want, then save.").to_owned(),
        }
    }

    /// In a few words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Gone(_) => "action missing",
            Self::Misfit(_) => "parameters do not fit",
            Self::Changed => "action changed",
        }
    }
}

/// What is wrong with each of these webhooks, by its id.
///
/// # Errors
/// Any [`store::StoreError`] of the database.
pub async fn find_drifts(
    conn: &mut Conn,
    catalogue: &Catalogue,
    rows: &[Row],
) -> store::Result<BTreeMap<i64, Drift>> {
    let ids: Vec<WebhookId> = rows.iter().map(|row| WebhookId(row.id)).collect();
    let noted = webhook_actions::noted_fingerprints(conn, &ids).await?;
    let drift = |row: &Row| {
        find_drift(row, catalogue, noted.get(&row.id).map(String::as_str))
            .map(|drift| (row.id, drift))
    };
    Ok(rows.iter().filter_map(drift).collect())
}

fn find_drift(row: &Row, catalogue: &Catalogue, noted: Option<&str>) -> Option<Drift> {
    let Some(spec) = catalogue.get(&row.action) else {
        return Some(Drift::Gone(catalogue.why_missing(&row.action).sentence()));
    };
    let params: BTreeMap<String, String> =
        serde_json::from_value(row.action_params.clone()).unwrap_or_default();
    if let Err(faults) = spec.check_params(&params) {
        let faults = faults.into_iter().map(ParameterFault::sentence).collect();
        return Some(Drift::Misfit(Sentence::from_sequence(faults)));
    }
    noted.is_some_and(|noted| noted != spec.fingerprint).then_some(Drift::Changed)
}

/// What the list of webhooks says above them.
pub fn drift_remarks(rows: &[Row], drifts: &BTreeMap<i64, Drift>) -> Vec<String> {
    let mut of_a_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in rows {
        if let Some(drift) = drifts.get(&row.id) {
            of_a_kind.entry(drift.words()).or_default().push(row.label());
        }
    }
    of_a_kind
        .into_iter()
        .map(|(words, labels)| format!("{}: {}", labels.join(", "), t(words)))
        .collect()
}
