//! The one crossing from `async` into the blocking core.

use super::problem::Problem;

/// Runs blocking work on the pool for it.
pub(super) async fn blocking<T, F>(work: F) -> Result<T, Problem>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    actix_web::web::block(work).await.map_err(|_| {
        tracing::error!("a request's work ended in a panic or was cancelled");
        Problem::internal()
    })
}
