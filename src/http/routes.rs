//! Every route on one screen.

use actix_web::http::header::ALLOW;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route};

use super::context::Context;
use super::problem::Problem;
use super::server::App;
use super::{auditor, citizen, clerk, log, operator, trust_services};

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
    ("POST", "/api/v1/verify"),
    ("POST", "/api/v1/sweeps"),
    ("GET", "/api/v1/sweeps/{id}"),
];

pub(super) fn public(config: &mut ServiceConfig) {
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
