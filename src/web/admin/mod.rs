//! The panel. Lists read through `signalbox_store`; writes go through `accounts`, `webhooks` and
//! `control`. No Diesel, no SQL.

pub mod act;
pub mod actions;
pub mod banner;
pub mod change;
pub mod channel_labels;
pub mod context;
pub mod deliveries;
pub mod docs;
pub mod gitlab;
pub mod help;
pub mod index;
pub mod jobs;
pub mod kit;
pub mod language;
pub mod log;
pub mod login;
pub mod nav;
pub mod notify;
pub mod once;
pub mod palette;
pub mod password;
pub mod pause;
pub mod problem;
pub mod replay;
pub mod routes;
pub mod saved;
pub mod search;
pub mod setup;
pub mod time_zone;
pub mod users;
pub mod views;
pub mod visitor;
pub mod webhooks;
pub mod words;
pub mod workers;

#[cfg(test)]
mod tests {
    use askama::Template;
    use scraper::{Html, Selector};

    /// The first tag that is not closed where it should be.
    fn find_unbalanced(html: &str) -> Option<String> {
        const VOID: [&str; 5] = ["meta", "link", "input", "br", "hr"];
        // Within a drawing, and only there, a tag may close itself.
        const DRAWN: [&str; 3] = ["line", "path", "rect"];
        let tags = regex::Regex::new(r"<(/?)([a-z][a-z0-9]*)[^>]*?(/?)>").unwrap();
        let mut open = Vec::new();
        for tag in tags.captures_iter(html) {
            match (&tag[1], &tag[2]) {
                ("", name) if VOID.contains(&name) => {}
                ("", name) if &tag[3] == "/" && DRAWN.contains(&name) => {}
                ("", name) => open.push(name.to_owned()),
                (_, name) if open.last().is_some_and(|last| last == name) => drop(open.pop()),
                (_, name) => return Some(format!("</{name}> in {open:?}")),
            }
        }
        open.pop()
    }

    fn check_pages(name: &str, pages: &[impl Template]) {
        assert!(!pages.is_empty(), "{name} has no samples");
        for (number, page) in pages.iter().enumerate() {
            let html = page.render().unwrap();
            let document = Html::parse_document(&html);
            assert_eq!(find_unbalanced(&html), None, "{name} {number}:\n{html}");
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

    fn render_pages(name: &str, pages: &[impl Template]) -> Vec<(String, String)> {
        let pages = pages.iter().enumerate();
        pages.map(|(n, page)| (format!("{name} {n}"), page.render().unwrap())).collect()
    }

    #[test]
    fn pages_of_the_frame_and_of_people_are_chinese_in_chinese() {
        super::samples::chinese::assert_chinese(|| {
            let problems = super::problem::ProblemPage::sample_pages();
            let mut pages = render_pages("problem", &problems);
            pages.extend(render_pages("login", &super::login::LoginPage::sample_pages()));
            pages.extend(render_pages("setup", &super::setup::SetupPage::sample_pages()));
            pages
                .extend(render_pages("time zone", &super::time_zone::TimeZonePage::sample_pages()));
            let (list, documents) = super::docs::sample_pages();
            pages.extend(render_pages("documentation", &list));
            pages.extend(render_pages("document", &documents));
            pages.extend(render_pages("password", &super::password::PasswordPage::sample_pages()));
            pages.extend(render_pages(
                "sessions",
                &super::users::sessions::SessionsPage::sample_pages(),
            ));
            let passwords = super::users::password::UserPasswordPage::sample_pages();
            pages.extend(render_pages("user password", &passwords));
            pages.extend(render_pages("palette", &super::palette::PalettePage::sample_pages()));
            pages.extend(render_pages("index", &super::index::IndexPage::sample_pages()));
            pages.extend(render_pages("search", &super::search::SearchPage::sample_pages()));
            pages.extend(render_pages("view", &super::views::ViewPage::sample_pages()));
            let messages = super::notify::messages::MessagePage::sample_pages();
            pages.extend(render_pages("message", &messages));
            pages
        });
    }

    #[test]
    fn every_page_renders_in_every_state() {
        check_pages("problem", super::problem::ProblemPage::sample_pages().as_slice());
        check_pages("login", super::login::LoginPage::sample_pages().as_slice());
        check_pages("setup", super::setup::SetupPage::sample_pages().as_slice());
        check_pages("password", super::password::PasswordPage::sample_pages().as_slice());
        check_pages("time zone", super::time_zone::TimeZonePage::sample_pages().as_slice());
        let (list, documents) = super::docs::sample_pages();
        check_pages("documentation", &list);
        check_pages("document", &documents);
        check_pages("actions", super::actions::ActionsPage::sample_pages().as_slice());
        check_pages("sessions", super::users::sessions::SessionsPage::sample_pages().as_slice());
        check_pages(
            "user password",
            super::users::password::UserPasswordPage::sample_pages().as_slice(),
        );
        check_pages("log entry", super::log::entry::EntryPage::sample_pages().as_slice());
        check_pages("index", super::index::IndexPage::sample_pages().as_slice());
        check_pages("palette", super::palette::PalettePage::sample_pages().as_slice());
        check_pages("search", super::search::SearchPage::sample_pages().as_slice());
        check_pages("view", super::views::ViewPage::sample_pages().as_slice());
        check_pages("message", super::notify::messages::MessagePage::sample_pages().as_slice());
    }
}

#[cfg(test)]
mod samples;
