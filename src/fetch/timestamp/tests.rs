//! How long a failing authority is passed over, without a clock.

use std::time::{Duration, Instant};

use super::super::{Authority, TimestampSettings};
use super::health::{Record, Standing};
use super::{Pool, TimestampCause};

#[test]
fn the_time_doubles_up_to_five_minutes() {
    let mut record = Record::default();
    let now = Instant::now();
    let mut passes = Vec::new();
    for _ in 0..14 {
        record.failed("garbage".to_owned(), now);
        passes.push(record.pass_left(now).as_secs());
    }
    assert_eq!(
        passes,
        [0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    );
    let health = |after_s| {
        record
            .health("x", now + Duration::from_secs(after_s))
            .standing
    };
    assert_eq!(health(0), Standing::PassedOver { retry_in_s: 300 });
    assert_eq!(health(299), Standing::PassedOver { retry_in_s: 1 });
    assert_eq!(health(300), Standing::Failing);
}

#[test]
fn one_good_answer_forgets_all_failures() {
    let mut record = Record::default();
    let now = Instant::now();
    for _ in 0..9 {
        record.failed("garbage".to_owned(), now);
    }
    record.answered_well();
    let health = record.health("x", now);
    assert_eq!(
        (health.standing, health.failures_in_a_row),
        (Standing::Good, 0)
    );
    assert_eq!(health.last_failure, None);
}

#[test]
fn one_request_at_a_time_asks_an_authority_that_is_passed_over() {
    let settings = TimestampSettings {
        authorities: vec![Authority::plain("http://a.example")],
        ..TimestampSettings::default()
    };
    let pool = Pool::new(&settings);
    let garbage = || TimestampCause::Garbage(String::new());
    for _ in 0..3 {
        pool.token::<()>(|_, _| Err(garbage())).unwrap_err();
    }
    // While one asks, another is told at once.
    let outer = pool.token::<()>(|_, _| {
        let inner = pool.token::<()>(|_, _| Ok(())).unwrap_err();
        assert_eq!(inner.tried.len(), 1);
        assert_eq!(inner.tried[0].cause.code(), "passed_over");
        Err(garbage())
    });
    assert_eq!(outer.unwrap_err().tried.len(), 1);
    pool.token::<()>(|_, _| Ok(())).unwrap();
}
