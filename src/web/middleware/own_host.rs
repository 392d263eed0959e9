//! Refuses the panel under a host that is not ours, once `SIGNALBOX_PUBLIC_URL` says which one is: a name
//! of someone else's that leads here (DNS rebinding) shows no sign-in page. Loopback addresses stay, for
//! whoever sits at the machine or comes by a tunnel.
//!
//! What programs call (GitLab's endpoints, health, metrics) answers under any host: probes call by IP, GitLab
//! perhaps by an internal name, and nothing there trusts a cookie.

use super::Answer;
use crate::web::human::HumanError;
use crate::web::origin;
use crate::web::problem::Problem;
use actix_web::ResponseError;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::middleware::Next;

/// Lets a request through that called us by our name.
///
/// # Errors
/// Those of what is inside.
pub async fn check_host(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Answer {
    if origin::is_own_host(request.request()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let own = origin::public_address(request.request());
    let problem = Problem::wrong_host(&own);
    Ok(request.into_response(HumanError::from(problem).error_response()))
}
