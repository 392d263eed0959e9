//! `?format=json` and `?format=csv`: the filtered set, rows with their fields by name.

use super::listing::Paging;
use super::query::{Address, Asked};
use super::resource::{Answer, ConnOf, ErrorOf, Resource};
use crate::web::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::Value;
use signalbox_core::listing::{ListQuery, Part};

/// The most rows of one answer; a `Link` header with `rel="next"` leads on where there are more.
const MOST: usize = 10_000;

/// Rows read at once.
const BATCH: i64 = 500;

/// A format other than a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An array of objects.
    Json,
    /// A line a row, names first.
    Csv,
}

impl Format {
    /// The format of an address' word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// Answers with the filtered set.
///
/// # Errors
/// The database (503), a row that cannot be written (500).
pub async fn answer_export<R: Resource>(
    conn: &mut ConnOf<R>,
    asked: Asked<R::Sort, R::Filter>,
    format: Format,
) -> Answer<R> {
    let (rows, more) = fetch_all_rows::<R>(conn, asked.query).await?;
    let mut response = HttpResponse::Ok();
    let keyset = matches!(R::LISTING.paging, Paging::Keyset(_));
    if more
        && keyset
        && let Some(last) = rows.last()
    {
        lead_on(&mut response, &asked.address, format, &(R::LISTING.id)(last));
    }
    let rows = rows
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<Value>, _>>()
        .map_err(|error| Problem::internal().caused_by(error))?;
    match format {
        Format::Json => Ok(response.json(rows)),
        Format::Csv => {
            let text = write_csv(&rows).map_err(|error| Problem::internal().caused_by(error))?;
            let name = format!("attachment; filename=\"{}.csv\"", R::META.name);
            Ok(response
                .content_type("text/csv; charset=utf-8")
                .insert_header((header::CONTENT_DISPOSITION, name))
                .body(text))
        }
    }
}

/// The rows of all pages, up to [`MOST`], and whether there are more.
///
/// # Errors
/// The database.
pub async fn fetch_all_rows<R: Resource>(
    conn: &mut ConnOf<R>,
    mut query: ListQuery<R::Sort, R::Filter>,
) -> Result<(Vec<R::Row>, bool), ErrorOf<R>> {
    query.limit = BATCH;
    let mut rows = Vec::new();
    if matches!(query.part, Part::Numbered(_)) {
        query.part = Part::FIRST;
    }
    loop {
        let page = R::fetch_page(conn, &query).await?;
        let newer = matches!(query.part, Part::Newer(_));
        rows.extend(page.rows);
        if newer || !page.has_older || rows.len() >= MOST {
            return Ok((rows, page.has_older && !newer));
        }
        let id = rows.last().map(|row| (R::LISTING.id)(row)).unwrap_or_default();
        query.part = match (R::LISTING.paging, &query.part) {
            (Paging::Numbered(_), Part::Numbered(page)) => Part::Numbered(page + 1),
            _ => Part::Older(id),
        };
    }
}

fn lead_on(response: &mut HttpResponseBuilder, address: &Address, format: Format, last: &str) {
    let word = match format {
        Format::Json => "json",
        Format::Csv => "csv",
    };
    let next = address.with_param("format", Some(word)).with_param("older", Some(last)).href();
    response.insert_header((header::LINK, format!("<{next}>; rel=\"next\"")));
}

fn write_csv(rows: &[Value]) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    if let Some(Value::Object(first)) = rows.first() {
        out.write_record(first.keys())?;
    }
    for row in rows {
        if let Value::Object(fields) = row {
            out.write_record(fields.values().map(csv_cell))?;
        }
    }
    Ok(String::from_utf8(out.into_inner()?)?)
}

/// What begins a formula; spreadsheets read the full-width signs like the others, and skip what is blank.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A value as a cell. Text that a spreadsheet would take for a formula gets an apostrophe in
/// front: names come from whoever pushes.
fn csv_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(FORMULA) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_come_first_and_formulas_are_disarmed() {
        let rows = [json!({"id": 1, "ref": "=cmd()", "jobs": ["a"], "sha": null, "n": -1})];
        assert_eq!(write_csv(&rows).unwrap(), "id,ref,jobs,sha,n\n1,'=cmd(),\"[\"\"a\"\"]\",,-1\n");
        assert_eq!(write_csv(&[]).unwrap(), "");
        for sign in FORMULA {
            let row = json!({ "ref": format!("{sign}cmd()") });
            assert!(write_csv(&[row]).unwrap().contains(&format!("'{sign}cmd()")), "{sign:?}");
        }
    }
}
