//! The panel. Lists read through `signalbox_store`; writes go through `accounts`, `webhooks` and
//! `control`. No Diesel, no SQL.

pub mod act;
pub mod actions;
pub mod banner;
pub mod context;
pub mod deliveries;
pub mod index;
pub mod jobs;
pub mod kit;
pub mod language;
pub mod log;
pub mod login;
pub mod nav;
pub mod once;
pub mod password;
pub mod pause;
pub mod replay;
pub mod routes;
pub mod search;
pub mod setup;
pub mod users;
pub mod visitor;
pub mod webhooks;
pub mod words;
pub mod workers;

#[cfg(test)]
mod tests {
    use askama::Template;
    use scraper::{Html, Selector};

    /// The first tag that is not closed where it should be.
    fn unbalanced(html: &str) -> Option<String> {
        const VOID: [&str; 5] = ["meta", "link", "input", "br", "hr"];
        let tags = regex::Regex::new(r"<(/?)([a-z][a-z0-9]*)").unwrap();
        let mut open = Vec::new();
        for tag in tags.captures_iter(html) {
            match (&tag[1], &tag[2]) {
                ("", name) if VOID.contains(&name) => {}
                ("", name) => open.push(name.to_owned()),
                (_, name) if open.last().is_some_and(|last| last == name) => drop(open.pop()),
                (_, name) => return Some(format!("</{name}> in {open:?}")),
            }
        }
        open.pop()
    }

    fn check(name: &str, pages: &[impl Template]) {
        assert!(!pages.is_empty(), "{name} has no samples");
        for (number, page) in pages.iter().enumerate() {
            let html = page.render().unwrap();
            let document = Html::parse_document(&html);
            assert_eq!(unbalanced(&html), None, "{name} {number}:\n{html}");
            let found =
                |selector: &str| document.select(&Selector::parse(selector).unwrap()).count();
            assert_eq!(found("main h1"), 1, "{name} {number}: one headline");
            assert_eq!(found("[style], style, script:not([src]), [onclick]"), 0, "{name} {number}");
            assert_eq!(found("form[method=post]"), found("form[method=post] > [name=csrf_token]"));
            for id in
                document.select(&Selector::parse("[id]").unwrap()).filter_map(|e| e.attr("id"))
            {
                assert_eq!(found(&format!("[id=\"{id}\"]")), 1, "{name} {number}: id {id}");
            }
        }
    }

    fn rendered(name: &str, pages: &[impl Template]) -> Vec<(String, String)> {
        let pages = pages.iter().enumerate();
        pages.map(|(n, page)| (format!("{name} {n}"), page.render().unwrap())).collect()
    }

    #[test]
    fn pages_of_the_frame_and_of_people_are_chinese_in_chinese() {
        super::samples::chinese::assert_chinese(|| {
            let mut pages = rendered("login", &super::login::LoginPage::samples());
            pages.extend(rendered("setup", &super::setup::SetupPage::samples()));
            pages.extend(rendered("password", &super::password::PasswordPage::samples()));
            pages.extend(rendered("sessions", &super::users::sessions::SessionsPage::samples()));
            let passwords = super::users::password::UserPasswordPage::samples();
            pages.extend(rendered("user password", &passwords));
            pages.extend(rendered("index", &super::index::IndexPage::samples()));
            pages.extend(rendered("search", &super::search::SearchPage::samples()));
            pages
        });
    }

    #[test]
    fn every_page_renders_in_every_state() {
        check("login", super::login::LoginPage::samples().as_slice());
        check("setup", super::setup::SetupPage::samples().as_slice());
        check("password", super::password::PasswordPage::samples().as_slice());
        check("actions", super::actions::ActionsPage::samples().as_slice());
        check("sessions", super::users::sessions::SessionsPage::samples().as_slice());
        check("user password", super::users::password::UserPasswordPage::samples().as_slice());
        check("log entry", super::log::entry::EntryPage::samples().as_slice());
        check("index", super::index::IndexPage::samples().as_slice());
        check("search", super::search::SearchPage::samples().as_slice());
    }
}

#[cfg(test)]
mod samples;
