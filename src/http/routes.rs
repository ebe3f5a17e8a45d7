//! Every route on one screen.

use actix_web::http::header::ALLOW;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route};

use super::context::Context;
use super::problem::Problem;
use super::server::App;
use super::{
    auditor, batch_results, batches, citizen, clerk, log, operator, plugin, signatures,
    trust_services,
};

/// Method and path of every public route; the API description lists the same, and a test holds it.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/v"),
    ("GET", "/v/{public_id}"),
    ("GET", "/kiem-tra"),
    ("POST", "/kiem-tra"),
    ("GET", "/assets/{file}"),
    ("GET", "/log/{path}"),
    ("POST", "/api/v1/results"),
    ("GET", "/api/v1/results/{id}"),
    ("GET", "/api/v1/results/{id}/file"),
    ("GET", "/api/v1/results/{id}/proof"),
    ("POST", "/api/v1/signatures"),
    ("GET", "/api/v1/signatures/{id}"),
    ("DELETE", "/api/v1/signatures/{id}"),
    ("POST", "/api/v1/signatures/{id}/finish"),
    ("POST", "/api/v1/bridge/sessions"),
    ("GET", "/api/v1/bridge/sessions/{id}"),
    ("GET", "/bridge/files/{token}"),
    ("POST", "/bridge/upload/{token}"),
    ("POST", "/api/v1/batches"),
    ("GET", "/api/v1/batches/{id}"),
    ("DELETE", "/api/v1/batches/{id}"),
    ("GET", "/api/v1/batches/{id}/items"),
    ("PUT", "/api/v1/batches/{id}/items/{number}/file"),
    ("POST", "/api/v1/batches/{id}/consent"),
    ("GET", "/api/v1/batches/{id}/result.jsonl"),
    ("GET", "/api/v1/batches/{id}/result.csv"),
    ("POST", "/api/v1/verify"),
    ("POST", "/api/v1/sweeps"),
    ("GET", "/api/v1/sweeps/{id}"),
];

pub(super) fn public(config: &mut ServiceConfig) {
    work(config);
    config
        .service(only(
            "/",
            "GET, HEAD",
            vec![get().to(citizen::home), head().to(citizen::home)],
        ))
        .service(only(
            "/v",
            "GET, HEAD",
            vec![get().to(citizen::look_up), head().to(citizen::look_up)],
        ))
        .service(only(
            "/v/{public_id}",
            "GET, HEAD",
            vec![get().to(citizen::record), head().to(citizen::record)],
        ))
        .service(only(
            "/kiem-tra",
            "GET, HEAD, POST",
            vec![
                get().to(citizen::check_form),
                head().to(citizen::check_form),
                post().to(citizen::check_file),
            ],
        ))
        .service(only(
            "/assets/{file}",
            "GET, HEAD",
            vec![
                get().to(citizen::static_file),
                head().to(citizen::static_file),
            ],
        ))
        .service(only(
            "/log/{path:.*}",
            "GET, HEAD",
            vec![get().to(log::get), head().to(log::get)],
        ))
        .service(only(
            "/api/v1/results",
            "POST",
            vec![post().to(clerk::post)],
        ))
        .service(only(
            "/api/v1/results/{id}",
            "GET, HEAD",
            vec![get().to(clerk::get), head().to(clerk::get)],
        ))
        .service(only(
            "/api/v1/results/{id}/file",
            "GET, HEAD",
            vec![get().to(clerk::get_file), head().to(clerk::get_file)],
        ))
        .service(only(
            "/api/v1/results/{id}/proof",
            "GET, HEAD",
            vec![get().to(clerk::get_proof), head().to(clerk::get_proof)],
        ))
        .service(only(
            "/api/v1/verify",
            "POST",
            vec![post().to(citizen::verify)],
        ))
        .service(only(
            "/api/v1/sweeps",
            "POST",
            vec![post().to(auditor::post)],
        ))
        .service(only(
            "/api/v1/sweeps/{id}",
            "GET, HEAD",
            vec![get().to(auditor::get), head().to(auditor::get)],
        ))
        .default_service(web::to(citizen::nowhere));
}

/// What is not a result at once.
fn work(config: &mut ServiceConfig) {
    config
        .service(only(
            "/api/v1/signatures",
            "POST",
            vec![post().to(signatures::post)],
        ))
        .service(only(
            "/api/v1/signatures/{id}",
            "GET, HEAD, DELETE",
            vec![
                get().to(signatures::get),
                head().to(signatures::get),
                web::delete().to(signatures::delete),
            ],
        ))
        .service(only(
            "/api/v1/signatures/{id}/finish",
            "POST",
            vec![post().to(signatures::finish)],
        ))
        .service(only(
            "/api/v1/bridge/sessions",
            "POST",
            vec![post().to(plugin::post)],
        ))
        .service(only(
            "/api/v1/bridge/sessions/{id}",
            "GET, HEAD",
            vec![get().to(plugin::get), head().to(plugin::get)],
        ))
        .service(only(
            "/bridge/files/{token}",
            "GET, HEAD",
            vec![get().to(plugin::get_file), head().to(plugin::head_file)],
        ))
        .service(only(
            "/bridge/upload/{token}",
            "POST",
            vec![post().to(plugin::upload)],
        ))
        .service(only(
            "/api/v1/batches",
            "POST",
            vec![post().to(batches::post)],
        ))
        .service(only(
            "/api/v1/batches/{id}",
            "GET, HEAD, DELETE",
            vec![
                get().to(batches::get),
                head().to(batches::get),
                web::delete().to(batches::delete),
            ],
        ))
        .service(only(
            "/api/v1/batches/{id}/items",
            "GET, HEAD",
            vec![get().to(batches::items), head().to(batches::items)],
        ))
        .service(only(
            "/api/v1/batches/{id}/items/{number}/file",
            "PUT",
            vec![web::put().to(batches::put_file)],
        ))
        .service(only(
            "/api/v1/batches/{id}/consent",
            "POST",
            vec![post().to(batches::consent)],
        ))
        .service(only(
            "/api/v1/batches/{id}/result.jsonl",
            "GET, HEAD",
            vec![
                get().to(batch_results::jsonl),
                head().to(batch_results::jsonl),
            ],
        ))
        .service(only(
            "/api/v1/batches/{id}/result.csv",
            "GET, HEAD",
            vec![get().to(batch_results::csv), head().to(batch_results::csv)],
        ));
}

/// The demo's throw-away authorities.
pub(super) fn trust_services(config: &mut ServiceConfig) {
    config.service(
        web::scope("/pki")
            .app_data(web::PayloadConfig::new(trust_services::REQUEST_MAX_BYTES))
            .default_service(web::to(trust_services::visit)),
    );
}

pub(super) fn admin(config: &mut ServiceConfig) {
    config
        .service(only(
            "/livez",
            "GET, HEAD",
            vec![get().to(operator::livez), head().to(operator::livez)],
        ))
        .service(only(
            "/healthz",
            "GET, HEAD",
            vec![get().to(operator::livez), head().to(operator::livez)],
        ))
        .service(only(
            "/readyz",
            "GET, HEAD",
            vec![get().to(operator::readyz), head().to(operator::readyz)],
        ))
        .service(only(
            "/metrics",
            "GET, HEAD",
            vec![get().to(operator::metrics), head().to(operator::metrics)],
        ))
        .service(only(
            "/version",
            "GET, HEAD",
            vec![get().to(operator::version), head().to(operator::version)],
        ));
}

fn get() -> Route {
    web::get()
}

fn head() -> Route {
    web::head()
}

fn post() -> Route {
    web::post()
}

/// A resource that answers other methods with 405 and the list of those it has (RFC 9110 15.5.6).
fn only(path: &str, allowed: &'static str, routes: Vec<Route>) -> Resource {
    let mut resource = web::resource(path);
    for route in routes {
        resource = resource.route(route);
    }
    resource.default_service(web::to(move |request: HttpRequest, app: Data<App>| {
        refuse(request, app, allowed)
    }))
}

async fn refuse(request: HttpRequest, app: Data<App>, allowed: &'static str) -> HttpResponse {
    let context = Context::of(&request, app.site());
    Problem::new(405, "method_not_allowed")
        .header(ALLOW.as_str(), allowed)
        .respond(&context)
}
