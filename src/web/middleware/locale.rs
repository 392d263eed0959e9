//! In which language a request is answered: the one its reader chose in the panel, kept in a
//! cookie, or else the first of their browser's that there is.

use super::{Answer, with_headers};
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{AcceptLanguage, Header, LanguageTag};
use actix_web::middleware::Next;
use signalbox_i18n::{self as i18n, Locale};

/// The cookie that keeps a choice; it holds a language's tag and is no secret.
pub const COOKIE: &str = "signalbox-language";

/// Answers the request in its reader's language.
///
/// # Errors
/// Those of what is inside, their pages in that language too.
pub async fn with_locale(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Answer {
    let locale = chosen_locale(&request).unwrap_or_else(|| preferred_locale(&request));
    i18n::answer_in(locale, async { with_headers(next.call(request).await, |_| ()) }).await
}

fn chosen_locale(request: &ServiceRequest) -> Option<Locale> {
    Locale::of_tag(request.cookie(COOKIE)?.value())
}

fn preferred_locale(request: &ServiceRequest) -> Locale {
    let Ok(wanted) = AcceptLanguage::parse(request) else { return Locale::default() };
    let ranked = wanted.ranked();
    let tags = ranked.iter().filter_map(|tag| tag.item().map(LanguageTag::as_str));
    Locale::preferred(tags)
}
