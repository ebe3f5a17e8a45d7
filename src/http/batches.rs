//! Clerks: batches, from the list to the consent and the look at what became of it.

use std::sync::Arc;

use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bridge::blocking;
use super::clerk::idempotency_key;
use super::context::{Context, bearer};
use super::multipart;
use super::problem::Problem;
use super::server::App;
use super::signatures::{malformed, work_id};
use super::told;
use crate::archive::{
    Batch, BatchItem, BatchState, Consenting, ItemState, NewBatch, NewItem, WorkId,
};
use crate::i18n::Lang;
use crate::record::{Digest, FieldProblem, ResultRecord};
use crate::sign::Upload;

/// 5,000 items of 700 bytes take 3.5 MB; records with every field filled take four times as much.
const LIST_MAX_BYTES: u64 = 16 * 1024 * 1024;
const CONSENT_MAX_BYTES: u64 = 4 * 1024;
/// A page of items that is read at once.
const PAGE_MAX: usize = 500;
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    items: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "ref")]
    reference: String,
    record: Value,
    sha256: Digest,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    count: u32,
    list_sha256: Digest,
    certificate_sha256: Digest,
}

pub(super) async fn post(request: HttpRequest, payload: Payload, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let lang = context.lang;
    context.answer(create(&request, payload, &app, lang).await)
}

async fn create(
    request: &HttpRequest,
    payload: Payload,
    app: &App,
    lang: Lang,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().batching(bearer(request))?;
    let idempotency = idempotency_key(request)?;
    let _room = multipart::hold(request, app).await?;
    let body = multipart::json_body(request, payload, LIST_MAX_BYTES).await?;
    let archive = Arc::clone(app.archive());
    let (batch, replayed) = blocking(move || {
        let items = items_of(&body)?;
        let (id, replayed) = archive.create_batch(&pass, &NewBatch { idempotency, items })?;
        Ok::<_, Problem>((archive.batch(&pass, &id)?, replayed))
    })
    .await??;
    let mut response = HttpResponse::Created();
    response
        .insert_header(("location", format!("/api/v1/batches/{}", batch.id)))
        .insert_header(("cache-control", "no-store"));
    if replayed {
        response.insert_header(("idempotency-replayed", "true"));
    }
    Ok(response.json(seen(&batch, lang)))
}

/// Every wrong record is named, by a pointer into the list.
fn items_of(body: &[u8]) -> Result<Vec<NewItem>, Problem> {
    let list: List = serde_json::from_slice(body).map_err(|e| malformed(&e))?;
    let mut items = Vec::with_capacity(list.items.len());
    let mut problems: Vec<FieldProblem> = Vec::new();
    for (number, line) in list.items.into_iter().enumerate() {
        match ResultRecord::from_json(line.record.to_string().as_bytes()) {
            Ok(record) => items.push(NewItem {
                reference: line.reference,
                record,
                sha256: line.sha256,
            }),
            Err(found) => problems.extend(found.into_iter().map(|p| FieldProblem {
                pointer: format!("/items/{number}/record{}", p.pointer),
                ..p
            })),
        }
    }
    if problems.is_empty() {
        return Ok(items);
    }
    Err(Problem::new(422, "batch_list_invalid").fields(problems))
}

pub(super) fn seen(batch: &Batch, lang: Lang) -> Value {
    json!({
        "id": batch.id,
        "state": batch.state.as_str(),
        "count": batch.count,
        "list_sha256": batch.list_sha256,
        "certificate_sha256": batch.certificate_sha256,
        "created_at": batch.created_at,
        "expires_at": (batch.state == BatchState::Draft).then_some(batch.expires_at),
        "files": batch.files,
        "counts": batch.counts,
        "problem": batch.trouble.as_ref().map(|why| told::json(lang, why)),
    })
}

pub(super) async fn get(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let lang = context.lang;
    context.answer(look(&request, &id, &app, lang).await)
}

async fn look(
    request: &HttpRequest,
    id: &str,
    app: &App,
    lang: Lang,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().batching(bearer(request))?;
    let id = work_id(id)?;
    let archive = Arc::clone(app.archive());
    let batch = blocking(move || archive.batch(&pass, &id)).await??;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "private, no-store"))
        .json(seen(&batch, lang)))
}

pub(super) async fn delete(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let lang = context.lang;
    context.answer(cancel(&request, &id, &app, lang).await)
}

async fn cancel(
    request: &HttpRequest,
    id: &str,
    app: &App,
    lang: Lang,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().batching(bearer(request))?;
    let id = work_id(id)?;
    let archive = Arc::clone(app.archive());
    let batch = blocking(move || {
        archive.cancel_batch(&pass, &id)?;
        archive.batch(&pass, &id)
    })
    .await??;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(seen(&batch, lang)))
}

pub(super) async fn put_file(
    request: HttpRequest,
    place: Path<(String, u32)>,
    payload: Payload,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(keep_file(&request, &place, payload, &app).await)
}

async fn keep_file(
    request: &HttpRequest,
    place: &(String, u32),
    payload: Payload,
    app: &App,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().batching(bearer(request))?;
    let (id, number) = (work_id(&place.0)?, place.1);
    let _room = multipart::hold(request, app).await?;
    let bytes = multipart::one_file(request, payload, app.max_file_bytes())
        .await?
        .file;
    let archive = Arc::clone(app.archive());
    blocking(move || archive.put_batch_file(&pass, &id, number, &Upload::from(bytes))).await??;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn consent(
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let lang = context.lang;
    context.answer(agree(&request, &id, payload, &app, lang).await)
}

async fn agree(
    request: &HttpRequest,
    id: &str,
    payload: Payload,
    app: &App,
    lang: Lang,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().batching(bearer(request))?;
    let id = work_id(id)?;
    let body = multipart::json_body(request, payload, CONSENT_MAX_BYTES).await?;
    let given: Consent = serde_json::from_slice(&body).map_err(|e| malformed(&e))?;
    let consenting = Consenting {
        count: given.count,
        list_sha256: given.list_sha256,
        certificate_sha256: given.certificate_sha256,
    };
    let archive = Arc::clone(app.archive());
    let batch = blocking(move || {
        archive.consent_to_batch(&pass, &id, &consenting)?;
        archive.batch(&pass, &id)
    })
    .await??;
    Ok(HttpResponse::Accepted()
        .insert_header(("location", format!("/api/v1/batches/{id}")))
        .insert_header(("retry-after", "1"))
        .insert_header(("cache-control", "no-store"))
        .json(seen(&batch, lang)))
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    after: Option<u32>,
}

pub(super) async fn items(
    request: HttpRequest,
    id: Path<String>,
    page: Query<Page>,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let lang = context.lang;
    context.answer(list(&request, &id, &page, &app, lang).await)
}

async fn list(
    request: &HttpRequest,
    id: &str,
    page: &Page,
    app: &App,
    lang: Lang,
) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().batching(bearer(request))?;
    let id: WorkId = work_id(id)?;
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let after = page.after;
    let archive = Arc::clone(app.archive());
    let listed = blocking(move || archive.batch_items(&pass, &id, after, limit)).await??;
    let mut response = HttpResponse::Ok();
    response.insert_header(("cache-control", "private, no-store"));
    if let Some(next) = listed.next {
        response.insert_header((
            "link",
            format!("</api/v1/batches/{id}/items?limit={limit}&after={next}>; rel=\"next\""),
        ));
    }
    let items: Vec<Value> = listed.items.iter().map(|i| item(i, lang)).collect();
    Ok(response.json(json!({ "items": items, "next": listed.next })))
}

pub(super) fn item(item: &BatchItem, lang: Lang) -> Value {
    let mut body = json!({
        "number": item.number,
        "ref": item.reference,
        "sha256": item.sha256,
        "state": state_name(&item.state),
    });
    if let Some(object) = body.as_object_mut() {
        match &item.state {
            ItemState::Done(receipt) => {
                let receipt = serde_json::from_str(receipt).unwrap_or(Value::Null);
                object.insert("receipt".into(), receipt);
            }
            ItemState::Refused(why) => {
                object.insert("problem".into(), told::json(lang, why));
            }
            ItemState::WithoutFile
            | ItemState::Waiting
            | ItemState::Running
            | ItemState::Cancelled => {}
        }
    }
    body
}

pub(super) const fn state_name(state: &ItemState) -> &'static str {
    match state {
        ItemState::WithoutFile => "without_file",
        ItemState::Waiting => "waiting",
        ItemState::Running => "running",
        ItemState::Done(_) => "done",
        ItemState::Refused(_) => "refused",
        ItemState::Cancelled => "cancelled",
    }
}
