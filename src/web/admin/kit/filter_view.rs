//! The filters of a list as its template draws them: tabs, links in the side column, chips.

use super::at::At;
use super::filter::{BEFORE, Choices, FROM, FilterSpec, ZONE};
use super::query::{Address, VIEW};
use signalbox_core::listing::{Counts, Total};
use signalbox_i18n::{current_zone, t};

/// A link that narrows a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceView {
    /// Its words.
    pub label: String,
    /// Its address.
    pub href: String,
    /// Whether it is chosen.
    pub current: bool,
    /// How many rows it has, if that is known.
    pub count: Option<Total>,
}

impl ChoiceView {
    /// Whether it is known to lead to nothing.
    pub fn is_empty(&self) -> bool {
        !self.current && self.count.is_some_and(|count| count.number() == 0)
    }
}

/// A group of links that narrow a list.
#[derive(Debug, Clone)]
pub struct FilterView {
    /// The address parameter.
    pub param: &'static str,
    /// Its title.
    pub label: &'static str,
    /// Its choices, "All" first.
    pub choices: Vec<ChoiceView>,
    /// A range of days that may be typed in their place.
    pub range: Option<RangeView>,
}

/// A range of days, as a small form.
#[derive(Debug, Clone)]
pub struct RangeView {
    /// The parameter of its first day, and its value.
    pub from: (String, String),
    /// The parameter of the day that it ends before, and its value.
    pub before: (String, String),
    /// What the form carries along.
    pub keeps: Vec<(String, String)>,
}

/// An active filter over the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// The filter.
    pub label: String,
    /// Its value.
    pub value: String,
    /// Takes it away.
    pub remove: String,
}

/// The range beside a filter over times.
fn range_view<F>(spec: &FilterSpec<F>, address: &Address) -> Option<RangeView> {
    let Choices::Times(_) = spec.choices else { return None };
    let (from, before) = (format!("{}{FROM}", spec.param), format!("{}{BEFORE}", spec.param));
    let value = |name: &str| {
        let moment = address.get(name).and_then(|value| value.parse().ok());
        moment.map(|moment| At(moment).local("%Y-%m-%d")).unwrap_or_default()
    };
    let keeps = address.with_param(spec.param, None).with_param(&from, None);
    let keeps = keeps.with_param(ZONE, Some(current_zone().name())).other_params(&before);
    Some(RangeView {
        from: (from.clone(), value(&from)),
        before: (before.clone(), value(&before)),
        keeps,
    })
}

fn choice_views<F>(spec: &FilterSpec<F>, address: &Address, counts: &Counts) -> Vec<ChoiceView> {
    let of_spec = || counts.choices.iter().filter(|known| known.param == spec.param);
    let is_counted = of_spec().any(|known| known.count.is_some());
    let chosen = address.get(spec.param);
    let all = ChoiceView {
        label: t("All").to_owned(),
        href: address.with_param(spec.param, None).href(),
        current: chosen.is_none(),
        count: None,
    };
    let known = spec.choices.known_choices().iter().map(|(value, _)| *value);
    let is_held = matches!(spec.choices, Choices::Held(_));
    let held = of_spec().map(|choice| choice.value.as_str()).filter(|_| is_held);
    let mut values: Vec<&str> = known.collect();
    // What is chosen is offered even where it is not among what was found.
    for value in held.chain(chosen.filter(|_| is_held)) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let views = values.into_iter().map(|value| ChoiceView {
        label: spec.choice_words(value),
        href: address.with_param(spec.param, Some(value)).href(),
        current: chosen == Some(value),
        count: counts.count_for(spec.param, value).or(is_counted.then_some(Total::Exactly(0))),
    });
    std::iter::once(all).chain(views).collect()
}

pub(super) fn tab_views<F>(
    specs: &[FilterSpec<F>],
    address: &Address,
    counts: &Counts,
) -> Vec<ChoiceView> {
    let Some(spec) = specs.iter().find(|spec| matches!(spec.choices, Choices::Tabs(_))) else {
        return Vec::new();
    };
    if counts_tabs(specs, address) {
        choice_views(spec, address, counts)
    } else {
        choice_views(spec, address, &Counts::default())
    }
}

/// Whether tabs show how many rows they have. They are counted in the whole table, so only where
/// nothing but the tab narrows it.
pub(super) fn counts_tabs<F>(specs: &[FilterSpec<F>], address: &Address) -> bool {
    let tabs = specs.iter().find(|spec| matches!(spec.choices, Choices::Tabs(_)));
    tabs.is_some_and(|spec| {
        !address.other_params(spec.param).iter().any(|(name, _)| name != "o" && name != VIEW)
    })
}

pub(super) fn filter_views<F>(
    specs: &[FilterSpec<F>],
    address: &Address,
    counts: &Counts,
) -> Vec<FilterView> {
    specs
        .iter()
        .filter(|spec| {
            matches!(spec.choices, Choices::Fixed(_) | Choices::Held(_) | Choices::Times(_))
        })
        .map(|spec| FilterView {
            param: spec.param,
            label: spec.label,
            choices: choice_views(spec, address, counts),
            range: range_view(spec, address),
        })
        .collect()
}

/// The active filters, each with the way to take it away.
pub fn active_chips<F>(specs: &[FilterSpec<F>], address: &Address) -> Vec<Chip> {
    specs
        .iter()
        .flat_map(|spec| {
            spec.labelled_params().into_iter().map(move |(param, label)| (spec, param, label))
        })
        .filter_map(|(spec, param, label)| {
            let value = spec.choice_words(address.get(&param)?);
            Some(Chip { label, value, remove: address.with_param(&param, None).href() })
        })
        .collect()
}
