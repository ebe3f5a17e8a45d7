//! Citizens: look a code up, check a file. No account; nothing that is sent here is kept.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use std::str::FromStr;
use std::sync::Arc;

use super::bridge::blocking;
use super::context::{Context, header_text, query_value};
use super::multipart::{self, Sent};
use super::pages::{
    Archived as ArchivedFact, CONTENT_SECURITY_POLICY, CheckPage, ErrorPage, FileVerdictPage,
    HomePage, HomeProblem, Missing, NotFoundPage, asset,
};
use super::problem::Problem;
use super::server::App;
use super::views;
use crate::record::{Digest, PublicId};

pub(super) fn page(
    status: u16,
    rendered: Result<String, askama::Error>,
    context: &Context,
) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    match rendered {
        Ok(html) => HttpResponse::build(status)
            .insert_header(("content-type", "text/html; charset=utf-8"))
            .insert_header(("content-language", context.lang.as_str()))
            .insert_header(("content-security-policy", CONTENT_SECURITY_POLICY))
            .insert_header(("cache-control", "no-store"))
            .body(html),
        Err(error) => {
            tracing::error!(request_id = %context.request_id, %error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// A problem met on a page is shown as a page.
fn problem_page(problem: &Problem, context: &Context) -> HttpResponse {
    problem.log(context);
    let view = ErrorPage {
        frame: context.frame(),
        status: problem.status(),
        words: problem.words(context.lang),
        request_id: context.request_id.clone(),
    };
    page(problem.status(), view.render(), context)
}

pub(super) async fn home(request: HttpRequest, app: Data<App>) -> HttpResponse {
    let context = Context::of_page(&request, app.site());
    page(
        200,
        HomePage {
            frame: context.frame(),
            problem: None,
        }
        .render(),
        &context,
    )
}

/// The look-up form: `GET /v?ma=CODE`.
pub(super) async fn look_up(request: HttpRequest, app: Data<App>) -> HttpResponse {
    let context = Context::of_page(&request, app.site());
    let typed = query_value(request.query_string(), "ma").unwrap_or_default();
    if let Some(public_id) = PublicId::from_typed(&typed) {
        let location = format!("/v/{public_id}?lang={}", context.lang.as_str());
        return HttpResponse::SeeOther()
            .insert_header(("location", location))
            .finish();
    }
    let problem = if typed.trim().is_empty() {
        HomeProblem::CodeMissing
    } else {
        HomeProblem::CodeMalformed { typed }
    };
    page(
        400,
        HomePage {
            frame: context.frame(),
            problem: Some(problem),
        }
        .render(),
        &context,
    )
}

pub(super) async fn record(
    request: HttpRequest,
    code: Path<String>,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of_page(&request, app.site());
    let found = match PublicId::from_str(&code) {
        Ok(public_id) => {
            let archive = Arc::clone(app.archive());
            blocking(move || archive.public_record(&public_id))
                .await
                .and_then(|r| r.map_err(Problem::from))
        }
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(record)) => page(
            200,
            views::record_page(context.frame(), record).render(),
            &context,
        ),
        // Unknown, malformed and hidden codes look the same.
        Ok(None) => page(
            404,
            NotFoundPage {
                frame: context.frame(),
                kind: Missing::Record,
            }
            .render(),
            &context,
        ),
        Err(problem) => problem_page(&problem, &context),
    }
}

pub(super) async fn check_form(request: HttpRequest, app: Data<App>) -> HttpResponse {
    let context = Context::of_page(&request, app.site());
    let view = CheckPage {
        frame: context.frame(),
        problem: None,
        limit_bytes: app.max_file_bytes(),
    };
    page(200, view.render(), &context)
}

pub(super) async fn check_file(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of_page(&request, app.site());
    match judge(&request, payload, &app).await {
        Ok((report, archived, name)) => page(
            200,
            FileVerdictPage::from_report(context.frame(), &report, archived, name).render(),
            &context,
        ),
        Err(problem) => {
            problem.log(&context);
            let view = CheckPage {
                frame: context.frame(),
                problem: Some(problem.words(context.lang)),
                limit_bytes: app.max_file_bytes(),
            };
            page(problem.status(), view.render(), &context)
        }
    }
}

async fn judge(
    request: &HttpRequest,
    payload: Payload,
    app: &App,
) -> Result<(crate::verify::Report, ArchivedFact, Option<String>), Problem> {
    let _room = multipart::hold(request, app).await?;
    let Sent {
        file,
        name,
        content,
    } = multipart::one_file(request, payload, app.max_file_bytes()).await?;
    if file.is_empty() {
        return Err(Problem::new(400, "file_missing"));
    }
    let archive = Arc::clone(app.archive());
    let (report, archived) = blocking(move || {
        let report = archive.verdict_over(&file, content.as_deref(), archive.now());
        let archived = Digest::from_str(&report.file.sha256)
            .ok()
            .map(|d| archive.archived(&d));
        (report, archived)
    })
    .await?;
    let archived = match archived {
        Some(Ok(Some(found))) => ArchivedFact::Kept(views::archived_match(found)),
        Some(Ok(None)) => ArchivedFact::NotKept,
        Some(Err(_)) | None => ArchivedFact::CouldNotLook,
    };
    metrics::counter!("antin_verify_total", "indication" => report.indication.as_str())
        .increment(1);
    Ok((report, archived, name))
}

/// `POST /api/v1/verify`: the report as JSON.
pub(super) async fn verify(request: HttpRequest, payload: Payload, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    let outcome = judge(&request, payload, &app).await;
    context.answer(outcome.and_then(|(report, archived, _)| {
        let mut body = serde_json::to_value(&report).map_err(|_| Problem::internal())?;
        if let (Some(object), ArchivedFact::Kept(kept)) = (body.as_object_mut(), archived) {
            let facts =
                json!({"longer_lived": kept.longer_lived, "stamp_pending": kept.stamp_pending});
            object.insert("archived".into(), facts);
        }
        Ok(HttpResponse::Ok()
            .insert_header(("cache-control", "no-store"))
            .json(body))
    }))
}

pub(super) async fn static_file(
    request: HttpRequest,
    path: Path<String>,
    app: Data<App>,
) -> HttpResponse {
    let context = Context::of_page(&request, app.site());
    let Some(asset) = asset(&path) else {
        return page(
            404,
            NotFoundPage {
                frame: context.frame(),
                kind: Missing::Page,
            }
            .render(),
            &context,
        );
    };
    if header_text(&request, "if-none-match").is_some_and(|t| t.contains(&asset.etag())) {
        return HttpResponse::NotModified()
            .insert_header(("etag", asset.etag()))
            .finish();
    }
    HttpResponse::Ok()
        .insert_header(("content-type", asset.content_type))
        .insert_header(("etag", asset.etag()))
        .insert_header(("cache-control", "public, max-age=300"))
        .body(asset.bytes)
}

/// Whatever has no route: problem details under `/api/`, a page elsewhere.
pub(super) async fn nowhere(request: HttpRequest, app: Data<App>) -> HttpResponse {
    if request.path().starts_with("/api/") || request.path().starts_with("/log/") {
        return Problem::new(404, "not_found").respond(&Context::of(&request, app.site()));
    }
    let context = Context::of_page(&request, app.site());
    page(
        404,
        NotFoundPage {
            frame: context.frame(),
            kind: Missing::Page,
        }
        .render(),
        &context,
    )
}
