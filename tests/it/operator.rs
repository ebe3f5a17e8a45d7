//! The operator: health, figures, a graceful stop, the configuration, and what `serve` refuses.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::world::authority::Authority;
use crate::world::filing::{OWNER, OWNER_ID};
use crate::world::live::Live;
use crate::world::process::{Ended, antin};
use crate::world::temp::TempDir;
use crate::world::{Call, Filing, World, shared, tools, wait};

#[test]
fn health_is_told_on_the_admin_listener_only() {
    let facts = shared();
    Call::get(facts.admin("/livez")).send().expect(200);
    for path in ["/livez", "/readyz", "/metrics", "/version"] {
        assert_eq!(facts.get(path).status, 404, "{path} is public");
    }
    assert_eq!(Call::get(facts.admin("/kiem-tra")).send().status, 404);
    let version = Call::get(facts.admin("/version")).send().expect(200).json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"), "{version:#}");
}

#[test]
fn readiness_signs_with_each_key_and_writes() {
    let facts = shared();
    let answer = Call::get(facts.admin("/readyz")).send().expect(200);
    let body = answer.json();
    let checks = body["checks"]
        .as_array()
        .unwrap_or_else(|| panic!("{body:#}"));
    let named = |name: &str| {
        let found = checks.iter().find(|check| check["check"] == name);
        let found = found.unwrap_or_else(|| panic!("no check {name}: {body:#}"));
        assert_eq!(found["ok"], true, "{found:#}");
    };
    // One test signature with each seal, one write that a power cut would not take back.
    for office in &facts.offices {
        named(&format!("signing_key:{}", office.code));
    }
    named("durable_write");
    named("log_head");
}

#[test]
fn metrics_have_the_documented_names_and_tell_nothing_of_people() {
    let facts = shared();
    let clerk = facts.clerk("commune");
    let filing = Filing::new(clerk);
    let receipt = filing.accepted(&facts.base_url, clerk);
    facts.get(&format!("/v/{}", receipt.public_id)).expect(200);
    let answer = Call::get(facts.admin("/metrics")).send().expect(200);
    assert!(
        answer.needs("content-type").starts_with("text/plain"),
        "{}",
        answer.shown()
    );
    let metrics = answer.text();
    let documented = std::fs::read_to_string(tools::in_project("docs/OPERATING.md")).unwrap();
    let mut names: Vec<&str> = documented
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|name| name.split('{').next().unwrap_or(name))
        .filter(|name| name.starts_with("antin_"))
        .collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 5, "documented: {names:?}");
    for name in names {
        assert!(
            metrics.contains(name),
            "{name} is documented and not there:\n{metrics}"
        );
    }
    let dossier = filing.record["dossier_code"].as_str().unwrap();
    for secret in [
        OWNER,
        OWNER_ID,
        dossier,
        &receipt.public_id,
        &receipt.id,
        &clerk.api_key,
    ] {
        assert!(!metrics.contains(secret), "the metrics tell {secret}");
    }
}

#[test]
fn a_real_archive_is_made_served_and_stopped_gracefully() {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let mut live = Live::serve(&authority, 2);
    let filing = Filing::new(&live.clerk);
    let receipt = filing.accepted(&live.base_url, &live.clerk);
    // The address on the paper is the configured one, whatever the listener is called.
    assert_eq!(
        receipt.verify_url,
        format!("http://ketqua.example.vn/v/{}", receipt.public_id)
    );
    let page = format!("{}/v/{}", live.base_url, receipt.public_id);
    let shown = Call::get(&page).send().expect(200).text();
    assert!(shown.contains("class=\"answer is-valid\""), "{shown}");
    assert!(
        !shown.contains("class=\"demo\""),
        "a real page is not marked as a demo's"
    );
    assert_eq!(
        Call::get(format!("{}/pki/crl/root.crl", live.base_url))
            .send()
            .status,
        404
    );

    live.server.terminate();
    let down = wait::until("readiness down before the end", 10, || {
        assert_eq!(live.server.exited(), None, "{}", live.server.said());
        let answer = Call::get(format!("{}/readyz", live.admin_url))
            .try_send()
            .ok()?;
        (answer.status != 200).then_some(answer)
    });
    assert_eq!(down.status, 503, "{}", down.shown());
    // While it drains, it still answers.
    Call::get(&page).send().expect(200);
    let status = live.server.wait_for_exit(30);
    assert!(status.success(), "{status}\n{}", live.server.said());

    let swept = antin(&[
        "sweep",
        "--config",
        live.config().to_str().unwrap(),
        "--json",
    ]);
    assert_eq!(swept.code, Some(0), "{swept:?}");
    assert_eq!(swept.json()["objects"], 1, "{swept:?}");
}

#[test]
fn while_no_authority_answers_results_wait_for_their_time_stamp_in_the_log() {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let live = Live::serve(&authority, 0);
    drop(authority);
    let filing = Filing::new(&live.clerk);
    let first = filing.send(&live.base_url, &live.clerk).expect(201);
    assert_eq!(first.json()["level"], "B-B", "{}", first.shown());
    let checkpoint = Call::get(format!("{}/log/checkpoint", live.base_url))
        .send()
        .expect(200);
    assert_eq!(
        checkpoint.text().lines().nth(1),
        Some("1"),
        "{}",
        checkpoint.shown()
    );
    // Sent again, it is the same result, not a second one.
    let again = filing.send(&live.base_url, &live.clerk).expect(201);
    assert_eq!(again.needs("idempotency-replayed"), "true");
    assert_eq!(again.text(), first.text());
}

#[test]
fn a_stopped_demo_goes_on_where_it_was() {
    let mut world = World::demo();
    let clerk = world.facts.quick_clerk().clone();
    let filing = Filing::new(&clerk);
    let first = filing.send(&world.facts.base_url, &clerk).expect(201);
    let sample = std::fs::read(&world.facts.sample.file).unwrap();
    let status = world.stop();
    assert!(status.success(), "{status}");
    world.start(&[]);
    let again = filing.send(&world.facts.base_url, &clerk).expect(201);
    assert_eq!(again.needs("idempotency-replayed"), "true");
    assert_eq!(again.text(), first.text());
    assert_eq!(
        std::fs::read(&world.facts.sample.file).unwrap(),
        sample,
        "another sample"
    );
}

/// A configuration text written into a folder of its own, and checked.
fn check_config(dir: &TempDir, text: &str) -> Ended {
    let file = dir.join("antin.toml");
    std::fs::write(&file, text).unwrap();
    antin(&["config", "check", "--config", file.to_str().unwrap()])
}

fn example() -> String {
    let example = antin(&["config", "example"]);
    assert_eq!(example.code, Some(0), "{example:?}");
    example.out
}

#[test]
fn the_example_configuration_reads_and_lacks_only_its_files() {
    let dir = TempDir::new("example");
    let ended = check_config(&dir, &example());
    assert_ne!(ended.code, Some(0), "its files are not there");
    let said = ended.said();
    assert!(!said.contains("TOML"), "{said}");
    for file in [
        "keys/log.key",
        "keys/H49.key",
        "keys/H49.pem",
        "trust/root.pem",
    ] {
        assert!(
            said.contains(file),
            "all missing files are told at once: {file}: {said}"
        );
    }
    for line in said
        .lines()
        .filter(|line| line.contains("wrong") || line.contains(": "))
    {
        let is_file = line.contains("no file") || line.contains("->") || !line.contains(": `");
        assert!(is_file, "{line}");
    }
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    let dir = TempDir::new("unknown");
    let ended = check_config(
        &dir,
        &example().replace("[archive]\n", "[archive]\ncolour = \"red\"\n"),
    );
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert!(ended.said().contains("colour"), "{ended:?}");
}

#[test]
fn several_mistakes_are_told_at_once_each_with_a_remedy() {
    let dir = TempDir::new("mistakes");
    let text = example()
        .replace("listen = \"127.0.0.1:8080\"", "listen = \"here\"")
        .replace("base_url = \"https://", "base_url = \"ftp://")
        .replace("level = \"province\"", "level = \"moon\"")
        .replace("role = \"clerk\"", "role = \"king\"");
    let ended = check_config(&dir, &text);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    let said = ended.said();
    for wrong in ["`here`", "ftp://", "`moon`", "king"] {
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
    assert!(said.matches("->").count() >= 4, "a remedy for each: {said}");
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let dir = TempDir::new("secret");
    std::fs::create_dir(dir.join("keys")).unwrap();
    let key = dir.join("keys/log.key");
    std::fs::write(&key, "secret").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = check_config(&dir, &example());
    assert!(ended.said().contains("644"), "{ended:?}");
}

#[test]
fn a_missing_configuration_is_told_with_its_path() {
    let ended = antin(&["serve", "--config", "/nonexistent/antin.toml"]);
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert!(
        ended.said().contains("/nonexistent/antin.toml"),
        "{ended:?}"
    );
    let help = antin(&["--help"]);
    assert_eq!(help.code, Some(0));
    for command in ["demo", "init", "serve", "verify", "sweep", "config"] {
        assert!(help.out.contains(command), "{command}: {}", help.out);
    }
}

/// A configuration for `serve` with the seal of a demo's office.
fn with_demo_seal(dir: &Path, demo: &Path) -> String {
    let (key, chain) = demo_seal(demo);
    let root = find(demo, &|p| p.ends_with("root.pem")).unwrap();
    let mut text = std::fs::read_to_string(dir.join("antin.toml")).unwrap_or_else(|_| example());
    for (from, to) in [
        ("keys/H49.key", key.as_str()),
        ("keys/H49.pem", chain.as_str()),
        ("trust/root.pem", root.as_str()),
        ("127.0.0.1:8080", "127.0.0.1:0"),
        ("127.0.0.1:8081", "127.0.0.1:0"),
    ] {
        text = text.replace(from, to);
    }
    text
}

fn demo_seal(demo: &Path) -> (String, String) {
    let key = find(demo, &|p| p.contains("seal-province") && p.contains("key")).unwrap();
    let chain = find(demo, &|p| {
        p.contains("chains") && p.contains("seal-province")
    })
    .unwrap();
    (key, chain)
}

fn find(dir: &Path, wanted: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut inner: Vec<_> = std::fs::read_dir(dir)
        .ok()?
        .filter_map(Result::ok)
        .map(|e| e.path())
        .collect();
    inner.sort();
    let file = inner
        .iter()
        .filter(|p| p.is_file())
        .find(|p| wanted(p.to_str().unwrap_or_default()));
    let file = file.map(|p| p.to_str().unwrap().to_owned());
    file.or_else(|| {
        inner
            .iter()
            .filter(|p| p.is_dir())
            .find_map(|p| find(p, wanted))
    })
}

/// `antin init` in a folder of its own.
fn init(home: &Path) -> Ended {
    let dir = home.to_str().unwrap();
    let names = [
        "--origin",
        "log.example.vn/ketqua",
        "--base-url",
        "https://ketqua.example.vn",
    ];
    antin(&[["init", "--dir", dir].as_slice(), &names].concat())
}

#[test]
fn init_makes_a_log_once() {
    let dir = TempDir::new("init");
    let home = dir.join("home");
    let made = init(&home);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(
        made.out.contains("log.example.vn/ketqua+"),
        "the log's public key is told: {made:?}"
    );
    let key = std::fs::metadata(home.join("keys/log.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(home.join("keys/log.key")).unwrap();
    let again = init(&home);
    assert!(
        again.code.is_some_and(|code| code != 0),
        "a second log in one folder: {again:?}"
    );
    assert_eq!(std::fs::read(home.join("keys/log.key")).unwrap(), before);
}

#[test]
fn serve_refuses_demo_keys_and_a_folder_without_a_log() {
    let mut world = World::demo();
    world.stop();
    let demo = world.home();
    let dir = TempDir::new("live");
    let home = dir.join("home");
    assert_eq!(init(&home).code, Some(0));

    let config = home.join("antin.toml");
    std::fs::write(&config, with_demo_seal(&home, &demo)).unwrap();
    let file = config.to_str().unwrap();
    let refused = antin(&["serve", "--config", file]);
    assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
    assert!(refused.said().contains("demo certificate"), "{refused:?}");

    // The demo's own configuration is none for `serve` either.
    let of_demo = demo.join("antin.toml");
    let refused = antin(&["serve", "--config", of_demo.to_str().unwrap()]);
    assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
    assert!(
        refused.said().to_lowercase().contains("demo"),
        "{refused:?}"
    );

    // An archive that `init` never made.
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("dir = \"archive\"", "dir = \"elsewhere\""),
    )
    .unwrap();
    let refused = antin(&["serve", "--config", file]);
    assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
    assert!(
        refused.said().contains("init"),
        "the remedy is named: {refused:?}"
    );
    assert!(
        !home.join("elsewhere").join("format").exists(),
        "serve made an archive"
    );
}
