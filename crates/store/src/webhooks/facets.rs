//! How many webhooks each choice of the list's filters has: counted under the search and all
//! other filters, but not under its own, as Django counts them.
//!
//! One query groups the table by everything that is filtered by; the sums are made here.

use super::list::list_condition;
use super::{Filter, Sort};
use crate::schema::webhooks;
use crate::{Conn, Result};
use diesel::dsl::{count, count_star};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::listing::{ChoiceCount, Counts, ListQuery, Total};
use signalbox_core::webhook::ProjectId;
use std::collections::BTreeMap;

/// Webhooks that are alike in all that is filtered by.
struct Group {
    /// The value of each filter, by its parameter.
    values: [(&'static str, String); 5],
    count: i64,
}

type Read = (bool, String, Option<String>, Option<String>, i64, i64);

/// All webhooks, and those of each choice.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn count_webhooks(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Counts> {
    // What has no counts of its own narrows every group.
    let always = ListQuery {
        terms: query.terms.clone(),
        filter: query.filter.clone().without_counted(),
        ..ListQuery::match_everything(0)
    };
    let keys = (
        webhooks::enabled,
        webhooks::object_kind,
        webhooks::last_verdict,
        webhooks::last_job_state,
    );
    let pending = count(webhooks::id).aggregate_filter(webhooks::project_id.eq(ProjectId::PENDING));
    let read: Vec<Read> = webhooks::table
        .group_by(keys)
        .select((keys.0, keys.1, keys.2, keys.3, count_star(), pending))
        .filter(list_condition(&always))
        .load(conn)
        .await?;
    let word = |yes: bool| if yes { "1" } else { "0" }.to_owned();
    let groups = read.into_iter().flat_map(|(enabled, kind, verdict, state, all, pending)| {
        [("1", pending), ("0", all - pending)].map(|(is_pending, count)| Group {
            values: [
                ("pending", is_pending.to_owned()),
                ("enabled", word(enabled)),
                ("object_kind", kind.clone()),
                ("last_verdict", verdict.clone().unwrap_or_default()),
                ("last_job_state", state.clone().unwrap_or_default()),
            ],
            count,
        })
    });
    let counts = sum_groups(&groups.collect::<Vec<_>>(), &chosen_facets(&query.filter));
    let all = webhooks::table.count().get_result(conn).await?;
    Ok(Counts { all: Some(Total::Exactly(all)), ..counts })
}

/// What the counted filters are set to.
fn chosen_facets(filter: &Filter) -> Vec<(&'static str, String)> {
    let word = |yes: bool| if yes { "1" } else { "0" }.to_owned();
    [
        ("pending", filter.pending.map(word)),
        ("enabled", filter.enabled.map(word)),
        ("object_kind", filter.object_kind.clone()),
        ("last_verdict", filter.last_verdict.map(|verdict| verdict.as_str().to_owned())),
        ("last_job_state", filter.last_job_state.map(|state| state.as_str().to_owned())),
    ]
    .into_iter()
    .filter_map(|(param, value)| Some((param, value?)))
    .collect()
}

fn sum_groups(groups: &[Group], chosen: &[(&'static str, String)]) -> Counts {
    let mut counts = BTreeMap::<(&'static str, &str), i64>::new();
    for group in groups {
        for (param, value) in &group.values {
            let others_agree = chosen
                .iter()
                .filter(|(other, _)| other != param)
                .all(|wanted| group.values.contains(wanted));
            *counts.entry((param, value)).or_default() +=
                if others_agree { group.count } else { 0 };
        }
    }
    let choices = counts.into_iter().map(|((param, value), count)| ChoiceCount {
        param,
        value: value.to_owned(),
        count: Some(Total::Exactly(count)),
    });
    Counts { all: None, choices: choices.collect() }
}

impl Filter {
    /// Without the filters whose choices are counted.
    fn without_counted(self) -> Self {
        Self {
            pending: None,
            enabled: None,
            object_kind: None,
            last_verdict: None,
            last_job_state: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_counted_under_all_filters_but_its_own() {
        let group = |pending: &str, enabled: &str, count| Group {
            values: [
                ("pending", pending.to_owned()),
                ("enabled", enabled.to_owned()),
                ("object_kind", "push".to_owned()),
                ("last_verdict", String::new()),
                ("last_job_state", String::new()),
            ],
            count,
        };
        let groups = [group("1", "1", 3), group("0", "1", 5), group("0", "0", 7)];
        let counts =
            sum_groups(&groups, &[("pending", "0".to_owned()), ("enabled", "1".to_owned())]);
        let of = |param: &str, value: &str| counts.count_for(param, value).map(Total::number);
        assert_eq!((of("pending", "1"), of("pending", "0")), (Some(3), Some(5)));
        assert_eq!((of("enabled", "1"), of("enabled", "0")), (Some(5), Some(7)));
        assert_eq!((of("object_kind", "push"), of("object_kind", "tag_push")), (Some(5), None));
    }
}
