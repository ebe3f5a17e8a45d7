//! The operator's listener: liveness, readiness, metrics, version. Never public.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;
use std::sync::Arc;

use super::bridge::blocking;
use super::server::App;

pub(super) async fn livez() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("ok\n")
}

pub(super) async fn readyz(app: Data<App>) -> HttpResponse {
    let archive = Arc::clone(app.archive());
    let mut checks = match blocking(move || archive.health()).await {
        Ok(checks) => checks,
        Err(_) => return HttpResponse::ServiceUnavailable().json(json!({"ready": false})),
    };
    if app.is_stopping() {
        checks.push(crate::archive::Health {
            check: "accepting".into(),
            ok: false,
            detail: Some("shutting down".into()),
        });
    }
    let ready = checks.iter().all(|c| c.ok);
    let body = json!({"ready": ready, "checks": checks});
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}

pub(super) async fn metrics(app: Data<App>) -> HttpResponse {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a gauge of a count; exact up to 2^53"
    )]
    metrics::gauge!("antin_log_tree_size").set(app.archive().tree_size() as f64);
    for seal in app.archive().seals() {
        #[expect(clippy::cast_precision_loss, reason = "Unix seconds fit a double exactly for millions of years")]
        metrics::gauge!("antin_certificate_not_after_timestamp_seconds", "role" => "seal", "serial" => seal.certificate().serial_hex())
            .set(seal.certificate().not_after() as f64);
    }
    for tsa in app.archive().tsa_health() {
        let host = crate::fetch::host_and_port(&tsa.url).unwrap_or_default();
        metrics::gauge!("antin_tsa_failures_in_a_row", "tsa" => host)
            .set(f64::from(tsa.failures_in_a_row));
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(app.metrics())
}

pub(super) async fn version() -> HttpResponse {
    HttpResponse::Ok().json(json!({"name": "antin", "version": env!("CARGO_PKG_VERSION")}))
}
