//! What became of a batch, as a file: JSON lines for programs, CSV for spreadsheets.
//!
//! # Invariants
//! * CSV: UTF-8 with a byte order mark, which Excel needs; every field quoted (RFC 4180 2); none begins with what a spreadsheet
//!   would take for a formula.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::batches::{item, state_name};
use super::bridge::blocking;
use super::context::{Context, bearer};
use super::problem::Problem;
use super::server::App;
use super::signatures::work_id;
use super::told;
use crate::archive::{BatchItem, ItemState};
use crate::i18n::Lang;

const PAGE: usize = 500;

pub(super) async fn jsonl(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let lang = context.lang;
    let outcome = all_items(&request, &id, &app).await;
    context.answer(outcome.map(|items| {
        let lines: String = items
            .iter()
            .map(|i| format!("{}\n", item(i, lang)))
            .collect();
        file("application/jsonl; charset=utf-8", &id, "jsonl").body(lines)
    }))
}

pub(super) async fn csv(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let lang = context.lang;
    let outcome = all_items(&request, &id, &app).await;
    context.answer(outcome.map(|items| {
        file("text/csv; charset=utf-8; header=present", &id, "csv").body(table(&items, lang))
    }))
}

async fn all_items(request: &HttpRequest, id: &str, app: &App) -> Result<Vec<BatchItem>, Problem> {
    let pass = app.archive().gate().batching(bearer(request))?;
    let id = work_id(id)?;
    let archive = Arc::clone(app.archive());
    let items = blocking(move || {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = archive.batch_items(&pass, &id, after, PAGE)?;
            items.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok::<_, Problem>(items);
            }
        }
    })
    .await??;
    Ok(items)
}

fn file(content_type: &str, id: &str, ending: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("content-type", content_type))
        // The name is hexadecimal digits by now: another one was not found.
        .insert_header((
            "content-disposition",
            format!("attachment; filename=\"batch-{id}.{ending}\""),
        ))
        .insert_header(("cache-control", "private, no-store"));
    response
}

const COLUMNS: [&str; 12] = [
    "number",
    "ref",
    "state",
    "id",
    "public_id",
    "verify_url",
    "sha256",
    "log_index",
    "signed_at",
    "level",
    "code",
    "problem",
];

fn table(items: &[BatchItem], lang: Lang) -> String {
    let mut out = String::from("\u{feff}");
    push_line(&mut out, COLUMNS.iter().map(|name| (*name).to_owned()));
    for item in items {
        push_line(&mut out, fields(item, lang).into_iter());
    }
    out
}

fn fields(item: &BatchItem, lang: Lang) -> Vec<String> {
    let mut fields = vec![
        item.number.to_string(),
        item.reference.clone(),
        state_name(&item.state).to_owned(),
    ];
    let receipt: Value = match &item.state {
        ItemState::Done(receipt) => serde_json::from_str(receipt).unwrap_or(Value::Null),
        _ => Value::Null,
    };
    for name in COLUMNS.iter().skip(3).take(7) {
        fields.push(match receipt.get(*name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        });
    }
    let (code, problem) = match &item.state {
        ItemState::Refused(why) => {
            let words = told::words(lang, why);
            (
                why.code.clone(),
                format!("{} {}", words.title, words.detail),
            )
        }
        _ => (String::new(), String::new()),
    };
    fields.push(code);
    fields.push(problem);
    fields
}

fn push_line(out: &mut String, fields: impl Iterator<Item = String>) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push('"');
        if is_formula(&field) {
            out.push('\'');
        }
        out.push_str(&field.replace('"', "\"\""));
        out.push('"');
    }
    out.push_str("\r\n");
}

/// What spreadsheets take for the beginning of a formula, full-width forms included.
fn is_formula(field: &str) -> bool {
    field
        .trim_start_matches([' ', '\u{a0}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: &str, written: &str) {
        let mut out = String::new();
        push_line(&mut out, std::iter::once(field.to_owned()));
        assert_eq!(out, format!("{written}\r\n"));
    }

    #[test]
    fn no_field_is_taken_for_a_formula_or_leaves_its_quotes() {
        check("HS-01", "\"HS-01\"");
        check("=1+1", "\"'=1+1\"");
        check("  @SUM(A1)", "\"'  @SUM(A1)\"");
        check("-2", "\"'-2\"");
        check("\t=1", "\"'\t=1\"");
        check("＝1", "\"'＝1\"");
        check("a\",=1", "\"a\"\",=1\"");
        check("", "\"\"");
    }
}
