//! Several authorities: order, fallback, and who is passed over.

use super::super::{Authority, Fetcher, Standing};
use super::server::{Asked, Reply};
use super::world::{World, clock, visit};
use crate::province::Province;

const IMPRINT: [u8; 32] = [7; 32];

/// `/first` and `/second` on the same server, both the province's authority where they answer.
fn two(world: &World) -> Fetcher {
    let mut settings = world.settings();
    let at = |path| Authority::plain(format!("{}{path}", world.server.url()));
    settings.timestamp.authorities = vec![at("/first"), at("/second")];
    Fetcher::new(&settings)
}

fn stamp(province: &Province, asked: &Asked) -> Reply {
    let asked = Asked {
        path: "/pki/tsa".to_owned(),
        ..asked.clone()
    };
    visit(province, &asked, clock())
}

/// Those whose path is in `down` answer 500.
fn with_down(world: &World, down: &'static [&'static str]) {
    world.faulty(move |province, asked| {
        Some(match down.contains(&asked.path.as_str()) {
            true => Reply::status(500),
            false => stamp(province, asked),
        })
    });
}

fn asked_paths(world: &World) -> Vec<String> {
    world.server.asked().into_iter().map(|a| a.path).collect()
}

#[test]
fn the_first_is_preferred() {
    let world = World::new();
    with_down(&world, &[]);
    let fetcher = two(&world);
    for _ in 0..2 {
        fetcher.timestamp(IMPRINT, clock).unwrap();
    }
    assert_eq!(asked_paths(&world), ["/first", "/first"]);
    let health = fetcher.tsa_health();
    assert_eq!(health[0].standing, Standing::Good);
    assert_eq!(health[1].standing, Standing::Untried);
}

#[test]
fn the_second_steps_in_at_once() {
    let world = World::new();
    with_down(&world, &["/first"]);
    let fetcher = two(&world);
    let stamp = fetcher.timestamp(IMPRINT, clock).unwrap();
    assert!(stamp.authority_url.ends_with("/second"));
    assert_eq!(asked_paths(&world), ["/first", "/second"]);
    let first = &fetcher.tsa_health()[0];
    assert_eq!(
        (first.standing, first.failures_in_a_row),
        (Standing::Failing, 1)
    );
    assert!(
        first
            .last_failure
            .as_ref()
            .unwrap()
            .starts_with("http_status")
    );
}

#[test]
fn one_that_keeps_failing_is_passed_over() {
    let world = World::new();
    with_down(&world, &["/first"]);
    let fetcher = two(&world);
    for _ in 0..4 {
        fetcher.timestamp(IMPRINT, clock).unwrap();
    }
    let first = asked_paths(&world)
        .iter()
        .filter(|p| *p == "/first")
        .count();
    assert_eq!(first, 3);
    let standing = fetcher.tsa_health()[0].standing;
    assert!(
        matches!(standing, Standing::PassedOver { retry_in_s: 1..=2 }),
        "{standing:?}"
    );
}

#[test]
fn where_nobody_else_answers_the_one_passed_over_is_asked_again() {
    let world = World::new();
    with_down(&world, &["/first", "/second"]);
    let fetcher = two(&world);
    for _ in 0..2 {
        fetcher.timestamp(IMPRINT, clock).unwrap_err();
    }
    for health in fetcher.tsa_health() {
        assert!(
            matches!(health.standing, Standing::PassedOver { .. }),
            "{health:?}"
        );
    }
    with_down(&world, &["/first"]);
    let stamp = fetcher.timestamp(IMPRINT, clock).unwrap();
    assert!(stamp.authority_url.ends_with("/second"));
    assert_eq!(fetcher.tsa_health()[1].standing, Standing::Good);
    assert_eq!(fetcher.tsa_health()[1].failures_in_a_row, 0);
}
