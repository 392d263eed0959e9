//! A job's output as plain text, to read or to keep as a file.

use super::log::{MOST_CHUNKS, lines_of};
use super::page::{id_of, missing_job, no_such};
use super::view::View;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::at::At;
use crate::web::human::HumanError;
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use signalbox_core::ids::JobId;
use signalbox_core::output::page_text;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::{Conn, jobs};
use std::fmt::Write as _;

/// GET an attempt's output as plain text: `?attempt=2`, else the newest's; `?after=17` leaves out
/// the chunks up to that one, `?only=stderr` the other stream, `?times=1` tells when each line was
/// written, `?download=1` makes it a file.
///
/// # Errors
/// No such job or attempt (404), its output is not kept any more (410), the database (503).
pub async fn download_output(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.get_conn().await?;
    let job = jobs::find_job(&mut conn, &id).await.map_err(|error| missing_job(&ctx, error))?;
    let asked = |name: &str| {
        url::form_urlencoded::parse(ctx.query().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.parse::<i32>())
            .transpose()
            .map_err(|_| HumanError::from(no_such(&ctx)))
    };
    let attempt = asked("attempt")?.unwrap_or(job.attempts);
    if !(0..=job.attempts).contains(&attempt) {
        return Err(no_such(&ctx).into());
    }
    let after = asked("after")?.unwrap_or(-1);
    still_there(&mut conn, &ctx, &id, attempt).await?;
    let chunks = jobs::output_after(&mut conn, &id, attempt, after, MOST_CHUNKS).await?;
    drop(conn);
    let view = View::from_query(ctx.query());
    let text = if view.times || view.only_stderr {
        let mut text = String::new();
        let wanted = |stream: &str| !view.only_stderr || stream == "stderr";
        for line in lines_of(&chunks).iter().filter(|line| wanted(&line.stream)) {
            if view.times {
                let _ = write!(text, "{} ", line.whole_time());
            }
            text.push_str(&line.text());
            text.push('\n');
        }
        text
    } else {
        page_text(&chunks.into_iter().flat_map(|chunk| chunk.bytes).collect::<Vec<u8>>())
    };
    let mut answer = HttpResponse::Ok();
    answer.content_type("text/plain; charset=utf-8");
    if asked("download")? == Some(1) {
        let name = format!("attachment; filename=\"{id}-{attempt}.log\"");
        answer.insert_header((CONTENT_DISPOSITION, name));
    }
    Ok(answer.body(text))
}

/// That an attempt's output was not taken away by upkeep.
///
/// # Errors
/// It was (410), the database (503).
pub(super) async fn still_there(
    conn: &mut Conn,
    ctx: &AdminContext,
    id: &JobId,
    attempt: i32,
) -> Result<(), HumanError> {
    let pruned = jobs::pruned_at(conn, id, attempt).await?;
    let Some(pruned) = pruned else { return Ok(()) };
    let detail = say!(
        "Output is kept for {days} days. That of attempt {n} was removed on {time}; the job's page still shows the result.",
        n = attempt,
        time = At(pruned).absolute(),
        days = ctx.deps().retention.output.num_days(),
    );
    let gone = Problem::new(StatusCode::GONE, "gone", "This output was removed", detail);
    Err(gone.with_link(t("Back to the job"), urls::job(id)).into())
}
