//! Auditors: start a sweep, look at it.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;

use super::bridge::blocking;
use super::context::{Context, bearer};
use super::problem::Problem;
use super::server::App;

pub(super) async fn post(request: HttpRequest, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(start(&request, &app).await)
}

async fn start(request: &HttpRequest, app: &App) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().sweeping(bearer(request))?;
    let archive = Arc::clone(app.archive());
    let report = blocking(move || archive.start_sweep(&pass)).await??;
    let report = report.ok_or_else(|| Problem::new(409, "sweep_running"))?;
    Ok(HttpResponse::Accepted()
        .insert_header(("location", format!("/api/v1/sweeps/{}", report.id)))
        .insert_header(("retry-after", "1"))
        .json(report))
}

pub(super) async fn get(request: HttpRequest, id: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(show(&request, id.into_inner(), &app).await)
}

async fn show(request: &HttpRequest, id: String, app: &App) -> Result<HttpResponse, Problem> {
    let pass = app.archive().gate().sweeping(bearer(request))?;
    let archive = Arc::clone(app.archive());
    let report = blocking(move || archive.sweep_report(&pass, &id)).await??;
    let report = report.ok_or_else(|| Problem::new(404, "not_found"))?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(report))
}
