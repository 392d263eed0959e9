//! In which time zone a request is answered: the one its account chose, or else its browser's, which
//! `static/js/theme.js` says in a cookie; UTC where neither is known.

use actix_web::HttpRequest;
use signalbox_i18n::{Tz, find_zone};

/// The cookie in which a browser says its zone.
const COOKIE: &str = "signalbox-zone";

/// The zone that the browser says, if there is such a zone.
pub fn browser_zone(request: &HttpRequest) -> Option<Tz> {
    find_zone(request.cookie(COOKIE)?.value())
}
