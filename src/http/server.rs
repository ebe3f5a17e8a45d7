//! Listeners and workers, and the graceful stop: readiness down, drain, finish, flush, exit.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::Data;
use actix_web::{App as ActixApp, HttpServer};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::measure::measure;
use super::pages::Site;
use super::routes;
use crate::archive::Archive;
use crate::province::Province;
use crate::record::Fault;

/// How long requests in flight may take once the listener is closed.
const FINISH_S: u64 = 30;

/// Requests worked on at once, for each worker: enough to keep the cores busy while some wait for authorities.
const BLOCKING_THREADS: usize = 32;
/// Bytes of uploads held in memory at once, all requests together, in KiB: two of the largest default size, or hundreds of
/// usual ones. Whoever comes then waits.
const UPLOADS_KIB: u32 = 128 * 1024;
/// How long an upload waits for room before it is told to come again.
const ROOM_WAIT_S: u64 = 10;
/// How often metrics are tidied when nobody reads them.
const UPKEEP_S: u64 = 5;

/// What every handler shares.
pub struct App {
    archive: Arc<Archive>,
    province: Option<Arc<Province>>,
    site: Site,
    max_file_bytes: u64,
    stopping: AtomicBool,
    uploads: Arc<Semaphore>,
    metrics: PrometheusHandle,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    /// # Errors
    /// The metrics recorder could not be set up.
    pub fn new(archive: Arc<Archive>, province: Option<Arc<Province>>) -> Result<Self, Fault> {
        let site = if province.is_some() {
            Site::Demo
        } else {
            Site::Live
        };
        Ok(Self {
            max_file_bytes: archive.settings().max_file_bytes,
            archive,
            province,
            site,
            stopping: AtomicBool::new(false),
            uploads: Arc::new(Semaphore::new(
                usize::try_from(UPLOADS_KIB).unwrap_or(usize::MAX),
            )),
            metrics: recorder()?,
        })
    }

    pub(super) const fn archive(&self) -> &Arc<Archive> {
        &self.archive
    }

    pub(super) fn province(&self) -> Option<&Province> {
        self.province.as_deref()
    }

    pub(super) const fn site(&self) -> Site {
        self.site
    }

    /// Room for an upload of this size; held as long as its bytes are. `None`: none came free in time.
    pub(super) async fn room_for(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes / 1024 + 1)
            .unwrap_or(UPLOADS_KIB)
            .min(UPLOADS_KIB);
        let wanted = Arc::clone(&self.uploads).acquire_many_owned(kib);
        tokio::time::timeout(Duration::from_secs(ROOM_WAIT_S), wanted)
            .await
            .ok()?
            .ok()
    }

    pub(super) const fn max_file_bytes(&self) -> u64 {
        self.max_file_bytes
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn metrics(&self) -> String {
        self.metrics.render()
    }
}

/// Buckets from 1 ms to 10 s: a signed result takes a few milliseconds, a slow authority seconds.
const BUCKETS: &[f64] = &[
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];

fn recorder() -> Result<PrometheusHandle, Fault> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".into()), BUCKETS)
        .map_err(|e| Fault::new("setting up metrics", e))?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    // A second server in one process (tests) keeps the first one's recorder.
    let _ = metrics::set_global_recorder(recorder);
    metrics::describe_histogram!(
        "http_server_request_duration_seconds",
        "Time from request to response, by route pattern"
    );
    metrics::describe_counter!("antin_results_total", "Results answered with 201");
    metrics::describe_counter!("antin_verify_total", "Files judged, by indication");
    metrics::describe_counter!(
        "antin_signatures_total",
        "Uses of a seal's key for a result, by office"
    );
    metrics::describe_gauge!("antin_log_tree_size", "Entries in the public log");
    metrics::describe_histogram!(
        "antin_tsa_request_duration_seconds",
        "Time of one request to a time-stamping authority"
    );
    metrics::describe_counter!(
        "antin_tsa_requests_total",
        "Requests to time-stamping authorities, by outcome"
    );
    metrics::describe_counter!(
        "antin_revocation_requests_total",
        "Questions about revocation status, by kind and outcome"
    );
    metrics::describe_counter!(
        "antin_fetch_cache_damaged_total",
        "Cached evidence that was found damaged and is fetched anew"
    );
    // Named from the start, so that a dashboard finds them before the first event.
    for outcome in ["logged", "replayed"] {
        metrics::counter!("antin_results_total", "outcome" => outcome).increment(0);
    }
    for indication in ["TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"] {
        metrics::counter!("antin_verify_total", "indication" => indication).increment(0);
    }
    for kind in ["ocsp", "crl"] {
        metrics::counter!("antin_revocation_requests_total", "kind" => kind, "outcome" => "usable")
            .increment(0);
    }
    metrics::counter!("antin_fetch_cache_damaged_total").increment(0);
    metrics::describe_counter!(
        "antin_stamps_pending_total",
        "Results taken without a time-stamp, because no authority answered"
    );
    metrics::counter!("antin_stamps_pending_total").increment(0);
    metrics::describe_counter!(
        "antin_hand_signatures_total",
        "Signatures by persons' keys that were taken, by office"
    );
    metrics::describe_counter!(
        "antin_levels_raised_total",
        "Results that reached the level asked for, by level"
    );
    metrics::counter!("antin_levels_raised_total", "level" => "B-LTA").increment(0);
    metrics::describe_gauge!(
        "antin_levels_waiting",
        "Results that wait for a higher level"
    );
    metrics::gauge!("antin_levels_waiting").set(0.0);
    metrics::gauge!("antin_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// Sockets that are bound already, so that their ports are known before anything is said about them.
#[derive(Debug)]
pub struct Listeners {
    pub public: TcpListener,
    pub admin: TcpListener,
    pub workers: usize,
    pub drain_s: u64,
}

/// Told when requests are being answered.
pub type Running = Box<dyn FnOnce() + Send>;

/// Serves until SIGTERM or SIGINT, then stops gracefully and closes the archive.
///
/// # Errors
/// A listener could not be served, or the archive not be closed.
pub fn serve(app: App, listeners: Listeners, running: Running) -> Result<(), Fault> {
    let archive = Arc::clone(app.archive());
    archive.take_up_work()?;
    let outcome = actix_web::rt::System::new().block_on(run(Data::new(app), listeners, running));
    let closed = archive.close();
    outcome.and(closed)
}

async fn run(app: Data<App>, listeners: Listeners, running: Running) -> Result<(), Fault> {
    let fault = |e: std::io::Error| Fault::new("serving", e);
    let shared = app.clone();
    let public = HttpServer::new(move || {
        let demo = shared.province().is_some();
        ActixApp::new()
            .app_data(shared.clone())
            .wrap(security_headers())
            .wrap(from_fn(measure))
            .configure(|c| {
                if demo {
                    routes::trust_services(c)
                }
            })
            .configure(routes::public)
    })
    .workers(listeners.workers)
    .worker_max_blocking_threads(BLOCKING_THREADS)
    .disable_signals()
    .shutdown_timeout(FINISH_S)
    .listen(listeners.public)
    .map_err(fault)?
    .run();
    let shared = app.clone();
    let admin = HttpServer::new(move || {
        ActixApp::new()
            .app_data(shared.clone())
            .configure(routes::admin)
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listeners.admin)
    .map_err(fault)?
    .run();
    let (public_handle, admin_handle) = (public.handle(), admin.handle());
    let public = actix_web::rt::spawn(public);
    let admin = actix_web::rt::spawn(admin);
    std::thread::Builder::new()
        .name("running".into())
        .spawn(running)
        .map_err(fault)?;
    let tidied = app.clone();
    actix_web::rt::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(UPKEEP_S)).await;
            tidied.metrics.run_upkeep();
        }
    });
    until_asked_to_stop().await.map_err(fault)?;
    stop(&app, listeners.drain_s, public_handle, admin_handle).await;
    for server in [public, admin] {
        server
            .await
            .map_err(|e| Fault::new("waiting for a listener", e))?
            .map_err(fault)?;
    }
    Ok(())
}

async fn stop(app: &App, drain_s: u64, public: ServerHandle, admin: ServerHandle) {
    tracing::info!("stopping: no longer ready");
    app.stopping.store(true, Ordering::Relaxed);
    // Whoever balances the load sees `/readyz` and sends no more.
    tokio::time::sleep(Duration::from_secs(drain_s)).await;
    public.stop(true).await;
    admin.stop(true).await;
}

async fn until_asked_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn security_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("x-content-type-options", "nosniff"))
        // Verify addresses are secrets of their holders: they must not travel in Referer.
        .add(("referrer-policy", "no-referrer"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add((
            "permissions-policy",
            "camera=(), microphone=(), geolocation=()",
        ))
        .add((
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .add(("strict-transport-security", "max-age=31536000"))
}
