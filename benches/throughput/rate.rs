//! How often something can be done in a second.
//!
//! On one core by the thread's CPU time, so that other programs do not count. On all cores by the clock, so that waiting for
//! each other counts; best of several rounds.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Outcome;

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

pub(crate) fn unix_s() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}

/// Nanoseconds this thread has spent on a core (first field of schedstat, Linux Documentation/scheduler/sched-stats).
fn thread_cpu_s() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanos / 1e9)
}

/// One slice on this thread: times a CPU-second.
pub(crate) fn slice(seconds: f64, work: &mut dyn FnMut() -> Outcome<()>) -> Outcome<f64> {
    work()?;
    let limit = Duration::from_secs_f64(seconds);
    let (begin, cpu) = (Instant::now(), thread_cpu_s());
    let mut done = 0.0;
    while begin.elapsed() < limit {
        work()?;
        done += 1.0;
    }
    let wall_s = begin.elapsed().as_secs_f64();
    let spent_s = match (cpu, thread_cpu_s()) {
        (Some(before), Some(after)) if after > before => after - before,
        _ => wall_s,
    };
    Ok(done / spent_s)
}

/// One slice on every core at once: times a second by the clock, all threads together.
pub(crate) fn slice_all(seconds: f64, work: &(dyn Fn() -> Outcome<()> + Sync)) -> Outcome<f64> {
    let limit = Duration::from_secs_f64(seconds);
    let rates: Vec<Outcome<f64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores())
            .map(|_| {
                scope.spawn(|| {
                    let begin = Instant::now();
                    let mut done = 0.0;
                    while begin.elapsed() < limit {
                        work()?;
                        done += 1.0;
                    }
                    Ok(done / begin.elapsed().as_secs_f64())
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|t| {
                t.join()
                    .unwrap_or_else(|_| Err("a measuring thread ended in a panic".into()))
            })
            .collect()
    });
    rates.into_iter().sum()
}

/// The best of the rounds so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Best(pub f64);

impl Best {
    pub fn take(&mut self, rate: f64) {
        self.0 = self.0.max(rate);
    }
}
