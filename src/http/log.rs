//! The public log: C2SP tlog-tiles under `/log/`.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;

use super::bridge::blocking;
use super::context::Context;
use super::problem::Problem;
use super::server::App;
use crate::tlog::LogPath;

pub(super) async fn get(request: HttpRequest, path: Path<String>, app: Data<App>) -> HttpResponse {
    let context = Context::of(&request, app.site());
    context.answer(file(path.into_inner(), &app).await)
}

async fn file(path: String, app: &App) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::new(404, "not_found");
    // tlog-tiles: any other spelling of a path is not a file of the log.
    let parsed: LogPath = path.parse().map_err(|_| not_found())?;
    let archive = Arc::clone(app.archive());
    let bytes = blocking(move || archive.log_file(&path))
        .await??
        .ok_or_else(not_found)?;
    let (content_type, cache) = match parsed {
        LogPath::Checkpoint => (
            "text/plain; charset=utf-8",
            "public, max-age=1, must-revalidate",
        ),
        LogPath::Tile(_) | LogPath::Entries(_) => (
            "application/octet-stream",
            "public, max-age=31536000, immutable",
        ),
    };
    Ok(HttpResponse::Ok()
        .insert_header(("content-type", content_type))
        .insert_header(("cache-control", cache))
        .insert_header(("access-control-allow-origin", "*"))
        .body(bytes))
}
