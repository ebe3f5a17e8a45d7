//! Measures requests: duration by route pattern, method and status. No path, code or name ever becomes a label.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use std::time::Instant;

pub(super) async fn measure<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let begun = Instant::now();
    // A method is the client's word; only known ones become labels.
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH") => {
            known.to_owned()
        }
        _ => "other".to_owned(),
    };
    let response = next.call(request).await?;
    let route = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| "none".to_owned());
    metrics::histogram!(
        "http_server_request_duration_seconds",
        "route" => route,
        "method" => method,
        "status" => response.status().as_str().to_owned()
    )
    .record(begun.elapsed().as_secs_f64());
    Ok(response)
}
