//! The choice of one's own time zone: the browser's, UTC, or one by its name.

use super::context::AdminContext;
use super::kit::frame::{Frame, Level};
use crate::accounts::time_zone;
use crate::web::filters;
use crate::web::human::{self, HumanError, see_other};
use crate::web::middleware::time_zone::browser_zone;
use crate::web::urls;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use signalbox_i18n::{Tz, find_zone, say, t};

const TITLE: &str = "Time zone";

/// The form.
#[derive(Template)]
#[template(path = "admin/time_zone.html")]
pub struct TimeZonePage {
    frame: Frame,
    /// The browser's, if it said so.
    browser: Option<Tz>,
    form: TimeZoneForm,
    error: Option<String>,
}

/// What it sends.
#[derive(Debug, Deserialize)]
pub struct TimeZoneForm {
    /// Which: [`BROWSER`], [`NAMED`], or UTC.
    choice: String,
    /// The name, if one is meant.
    #[serde(default)]
    name: String,
}

const BROWSER: &str = "browser";
const NAMED: &str = "named";

impl TimeZoneForm {
    fn from_chosen(chosen: Option<Tz>) -> Self {
        let (choice, name) = match chosen {
            None => (BROWSER, ""),
            Some(Tz::UTC) => ("utc", ""),
            Some(zone) => (NAMED, zone.name()),
        };
        Self { choice: choice.to_owned(), name: name.to_owned() }
    }

    /// The zone that is chosen, none = the browser's; or why it is none.
    fn read_zone(&self) -> Result<Option<Tz>, String> {
        let name = self.name.trim();
        match self.choice.as_str() {
            BROWSER => Ok(None),
            NAMED if name.is_empty() => {
                Err(t("Enter the name of a time zone, such as Europe/Berlin.").to_owned())
            }
            NAMED => find_zone(name).map(Some).ok_or_else(|| {
                let name: String = name.chars().take(60).collect();
                say!(
                    "“{name}” is not a time zone. Enter a name such as Europe/Berlin.",
                    name = name
                )
            }),
            _ => Ok(Some(Tz::UTC)),
        }
    }
}

/// `GET /admin/time_zone/`
///
/// # Errors
/// None of its own.
pub async fn show_time_zone(context: AdminContext) -> Result<HttpResponse, HumanError> {
    let form = TimeZoneForm::from_chosen(context.chosen_zone());
    draw_form(&context, form, None)
}

/// `POST /admin/time_zone/`
///
/// # Errors
/// The database is away (503).
pub async fn submit_time_zone(
    context: AdminContext,
    form: web::Form<TimeZoneForm>,
) -> Result<HttpResponse, HumanError> {
    let form = form.into_inner();
    let zone = match form.read_zone() {
        Ok(zone) => zone,
        Err(error) => return draw_form(&context, form, Some(error)),
    };
    let remote_addr = context.remote_addr();
    let by = context.asked_by(&remote_addr);
    time_zone::set_own_zone(&context.deps().pool, zone.map(Tz::name), by).await?;
    let told = match zone {
        Some(zone) => say!("Times are now shown in {zone}.", zone = zone),
        None => t("Times are now shown in your browser's time zone.").to_owned(),
    };
    context.leave_message(Level::Success, told);
    Ok(see_other(urls::time_zone()))
}

fn draw_form(
    context: &AdminContext,
    form: TimeZoneForm,
    error: Option<String>,
) -> Result<HttpResponse, HumanError> {
    human::render_page(&TimeZonePage {
        frame: context.new_frame(t(TITLE)).with_errors(error.is_some()),
        browser: browser_zone(context.request()),
        form,
        error,
    })
}

#[cfg(test)]
impl TimeZonePage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let page = |chosen, browser, error: Option<&str>| Self {
            frame: crate::web::admin::context::sample_frame(TITLE).with_errors(error.is_some()),
            browser,
            form: TimeZoneForm::from_chosen(chosen),
            error: error.map(str::to_owned),
        };
        vec![
            page(None, Some(Tz::Europe__Berlin), None),
            page(Some(Tz::UTC), None, None),
            page(Some(Tz::Asia__Shanghai), None, Some("<b>x</b>")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_the_browsers_zone_or_one_that_exists() {
        let read = |choice: &str, name: &str| {
            TimeZoneForm { choice: choice.into(), name: name.into() }.read_zone()
        };
        assert_eq!(read("browser", "Europe/Berlin"), Ok(None));
        assert_eq!(read("utc", ""), Ok(Some(Tz::UTC)));
        assert_eq!(read("named", " asia/shanghai "), Ok(Some(Tz::Asia__Shanghai)));
        for bad in ["", "Berlin", "<script>", &"x".repeat(10_000)] {
            assert!(read("named", bad).unwrap_err().len() < 250, "{bad}");
        }
        for chosen in [None, Some(Tz::UTC), Some(Tz::America__St_Johns)] {
            assert_eq!(TimeZoneForm::from_chosen(chosen).read_zone(), Ok(chosen));
        }
    }
}
