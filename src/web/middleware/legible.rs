//! Refuses what no list and no form can hold: control characters, in an address or in a form's fields.
//! `super::authorize` asks it of every request to the panel, so that no handler meets them (PostgreSQL
//! refuses NUL in text, and that would be a 500).

use crate::web::admin::kit::conflict::WAS;
use crate::web::admin::kit::query::PRESERVED;
use crate::web::problem::Problem;
use actix_web::HttpRequest;
use signalbox_i18n::say;
use url::form_urlencoded;

/// Parameters that carry a query or a form of their own.
const NESTED: [&str; 3] = [PRESERVED, WAS, "of"];

/// What is wrong with an address: the first field of its query that holds one (400), or a part of its
/// path (404).
pub fn address_fault(request: &HttpRequest) -> Option<Problem> {
    if request.match_info().iter().any(|(_, segment)| is_illegible(segment)) {
        return Some(Problem::not_found());
    }
    fields_fault(request.query_string().as_bytes())
}

/// What is wrong with a form, or the query of an address: the first field that holds one (400).
pub fn fields_fault(encoded: &[u8]) -> Option<Problem> {
    form_urlencoded::parse(encoded).find_map(|(name, value)| {
        if is_illegible(&name) {
            return Some(Problem::bad_request(
                "A field's name contains a control character. Nothing was changed.",
            ));
        }
        if is_illegible(&value) {
            return Some(Problem::bad_request(say!(
                "“{name}” contains a control character. Remove it and try again.",
                name = name.chars().take(60).collect::<String>()
            )));
        }
        NESTED.contains(&&*name).then(|| fields_fault(value.as_bytes())).flatten()
    })
}

/// Line ends and tabs are text.
fn is_illegible(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_is_looked_at_too() {
        for bad in ["q=%00", "%01=a", "q=a&o=%1B[2J", "of=q%3D%2500", "_was=a%3D%257F", "q=%C2%9B"]
        {
            assert!(fields_fault(bad.as_bytes()).is_some(), "{bad}");
        }
        for good in ["", "q=a%0Ab", "notes=a%0D%0A%09b", "q=%2500", "of=q%3D%252500", "q=%FF"] {
            assert!(fields_fault(good.as_bytes()).is_none(), "{good}");
        }
    }
}
