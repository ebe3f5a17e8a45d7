//! The demo's trust services over HTTP: `province` answers, this carries.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use std::time::{SystemTime, UNIX_EPOCH};

use super::server::App;
use crate::province::{Method, Now};
use crate::record::UtcTime;

/// The largest question: an OCSP request about many certificates; 64 KB holds hundreds.
pub(super) const REQUEST_MAX_BYTES: usize = 64 * 1024;

pub(super) async fn visit(request: HttpRequest, body: Bytes, app: Data<App>) -> HttpResponse {
    let Some(province) = app.province() else {
        return HttpResponse::NotFound().finish();
    };
    let method = if *request.method() == actix_web::http::Method::POST {
        Method::Post
    } else {
        Method::Get
    };
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let Some(at) = i64::try_from(since.as_secs())
        .ok()
        .and_then(UtcTime::from_unix_s)
    else {
        return HttpResponse::InternalServerError().finish();
    };
    let now = Now {
        at,
        nanos: since.subsec_nanos(),
    };
    match province.visit(method, request.path(), &body, now) {
        Err(fault) => {
            tracing::error!(fault = %fault.chain(), "a trust service of the demo failed");
            HttpResponse::InternalServerError().finish()
        }
        Ok(Some(answer)) => {
            let cache = answer
                .max_age_s
                .map_or_else(|| "no-store".to_owned(), |s| format!("public, max-age={s}"));
            HttpResponse::Ok()
                .insert_header(("content-type", answer.content_type))
                .insert_header(("cache-control", cache))
                .body(answer.body)
        }
        Ok(None) => HttpResponse::NotFound().finish(),
    }
}
