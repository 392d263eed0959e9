//! The ways between an object's pages, back to a list as it was left, and from what is not there.

use super::context::Context;
use super::frame::{Frame, Subject, Tab};
use super::query::PRESERVED;
use super::resource::{Loaded, Meta, Unsaved};
use super::site::{Failure, Site};
use super::urls;
use crate::web::problem::Problem;
use signalbox_i18n::say;
use signalbox_i18n::t;
use url::form_urlencoded;

/// A parameter of a query.
pub fn query_parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The list as it was left: with its search, filters and order.
pub fn back_to_list<S: Site>(ctx: &Context<S>, meta: &Meta<S>) -> String {
    preserved_list(ctx, &meta.list_url())
}

/// A list's address, with the query it was left with.
pub fn preserved_list<S: Site>(ctx: &Context<S>, list: &str) -> String {
    list_with(list, &query_parameter(ctx.query(), PRESERVED).unwrap_or_default())
}

/// A list's address with a query, if there is one.
pub fn list_with(list: &str, query: &str) -> String {
    if query.is_empty() { list.to_owned() } else { format!("{list}?{query}") }
}

/// `href`, carrying on the list's query that this page was given.
pub fn preserved_on<S: Site>(ctx: &Context<S>, href: &str) -> String {
    carry_list(href, &query_parameter(ctx.query(), PRESERVED).unwrap_or_default())
}

/// `href`, carrying a list's query on, if there is one.
pub fn carry_list(href: &str, query: &str) -> String {
    if query.is_empty() { href.to_owned() } else { urls::with_query(href, &[(PRESERVED, query)]) }
}

/// The head of a page of this object. Its tabs keep the list that the person came from.
pub fn draw_subject<S: Site>(ctx: &Context<S>, meta: &Meta<S>, object: &Loaded) -> Subject {
    let may_edit = meta.edit.is_some_and(|edit| ctx.has_permission(edit));
    let own = urls::object(meta.app, meta.name, &object.id);
    let tabs = meta.tabs.map(|tabs| tabs(&object.id, may_edit)).unwrap_or_default();
    let tabs = tabs.into_iter().map(|(label, href)| Tab {
        label,
        current: href == ctx.path(),
        href: if href.starts_with(&own) { preserved_on(ctx, &href) } else { href },
    });
    Subject {
        name: object.name.clone(),
        badges: object.badges.clone(),
        facts: object.facts.clone(),
        tabs: tabs.collect(),
    }
}

/// What stands around a form: for a new object its title, else the head of the object's pages.
pub(super) fn form_frame<S: Site>(
    ctx: &Context<S>,
    meta: &Meta<S>,
    object: Option<&Loaded>,
) -> Frame {
    let list = back_to_list(ctx, meta);
    let Some(object) = object else {
        let title = say!("Add {one}", one = t(meta.label));
        return ctx.new_frame(title).with_crumb(t(meta.title), list);
    };
    let name = object.name.clone();
    let frame = if meta.tabs.is_some() {
        let page = preserved_on(ctx, &meta.page_url(&object.id));
        let title = say!("Settings of “{name}”", name = name);
        ctx.new_frame(title).with_crumb(t(meta.title), list).with_crumb(name, page)
    } else {
        ctx.new_frame(name).with_crumb(t(meta.title), list)
    };
    frame.about(draw_subject(ctx, meta, object))
}

/// What to say of an object that is not there: `what` as in "webhook", the words and the address of
/// the list that it would be in; and for who may read it, the log, where it may have been.
pub fn no_such<S: Site>(
    ctx: &Context<S>,
    what: &str,
    id: &str,
    all: &str,
    list: String,
) -> Problem {
    let id: String = id.chars().take(40).collect();
    let problem = Problem::no_such(format!("{what} {id}")).with_link(all.to_owned(), list);
    match ctx.page_chrome().log {
        Some(log) => problem.with_link(t("Search the log"), urls::with_query(&log, &[("q", &id)])),
        None => problem,
    }
}

/// What to say of an object that could not be read.
pub fn missing_object<S: Site>(
    ctx: &Context<S>,
    meta: &Meta<S>,
    id: &str,
    error: S::Error,
) -> Problem {
    absent_object(ctx, meta, id, S::classify_error(error))
}

/// The same of a failure.
pub(super) fn absent_object<S: Site>(
    ctx: &Context<S>,
    meta: &Meta<S>,
    id: &str,
    failure: Failure,
) -> Problem {
    match failure {
        Failure::Missing => {
            let all = say!("All {plural}", plural = t(meta.plural));
            let short: String = id.chars().take(40).collect();
            no_such(ctx, t(meta.label), id, &all, meta.list_url())
                .with_link("Its history, if any", meta.history_url(&short))
        }
        Failure::Stale => Problem::conflict(),
        Failure::Other(problem) => problem,
    }
}

/// The failure in why nothing was saved.
pub(super) fn to_failure<S: Site>(unsaved: Unsaved<S::Error>) -> Unsaved<Failure> {
    match unsaved {
        Unsaved::Invalid(errors) => Unsaved::Invalid(errors),
        Unsaved::SentBefore => Unsaved::SentBefore,
        Unsaved::Refused(why) => Unsaved::Refused(why),
        Unsaved::Failed(error) => Unsaved::Failed(S::classify_error(error)),
        Unsaved::Broken(problem) => Unsaved::Broken(problem),
    }
}

/// What to say of an object that could not be saved.
pub fn explain_unsaved<S: Site>(
    ctx: &Context<S>,
    meta: &Meta<S>,
    id: &str,
    unsaved: Unsaved<S::Error>,
) -> Problem {
    unsaved_problem(ctx, meta, id, to_failure::<S>(unsaved))
}

/// The same of a failure, for whatever is not said in its form.
pub(super) fn unsaved_problem<S: Site>(
    ctx: &Context<S>,
    meta: &Meta<S>,
    id: &str,
    unsaved: Unsaved<Failure>,
) -> Problem {
    match unsaved {
        Unsaved::Failed(failure) => absent_object(ctx, meta, id, failure),
        Unsaved::Broken(problem) => problem,
        Unsaved::Refused(why) => Problem::refused(why)
            .with_link(say!("All {plural}", plural = t(meta.plural)), meta.list_url()),
        Unsaved::Invalid(_) | Unsaved::SentBefore => {
            Problem::bad_request(t("The form is incomplete. Reload the page."))
        }
    }
}
