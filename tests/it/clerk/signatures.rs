//! Signatures by hand: the digest goes out, the signature comes back.

use serde_json::{Value, json};

use super::problem;
use crate::world::authority::Authority;
use crate::world::demo::Clerk;
use crate::world::hand::{Begun, base64, begin, begin_call, finish_call};
use crate::world::live::Live;
use crate::world::tiles::Checkpoint;
use crate::world::{
    Answer, Call, Facts, Filing, Person, Receipt, World, merkle, shared, tools, wait,
};

#[track_caller]
fn finish(facts: &Facts, clerk: &Clerk, begun: &Begun, signature: &[u8]) -> Answer {
    let body = json!({ "signature": base64(signature) });
    finish_call(&facts.base_url, clerk, &begun.id, &body).send()
}

#[track_caller]
fn verdict(facts: &Facts, clerk: &Clerk, receipt: &Receipt) -> (Vec<u8>, Value) {
    let path = format!(
        "/api/v1/results/{}/file?version={}",
        receipt.id, receipt.log_index
    );
    let file = facts.get_as(&clerk.api_key, &path).expect(200).body;
    assert_eq!(merkle::hex(&merkle::sha256(&file)), receipt.sha256);
    let report = Call::new("POST", facts.url("/api/v1/verify"))
        .body("application/pdf", file.clone())
        .send()
        .expect(200)
        .json();
    (file, report)
}

#[test]
fn a_person_signs_in_two_requests_and_gets_a_receipt() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let person = Person::of_demo(facts, "signatory-district");
    let filing = Filing::new(clerk);
    let begun = begin(&facts.base_url, clerk, &filing, &person, &json!({}));

    let what = &begun.shown["what"];
    assert_eq!(what["title"], filing.record["title"]);
    assert_eq!(what["number"], filing.record["number"]);
    assert_eq!(what["pages"], 1);
    assert_eq!(what["signer"], "Trần Thị Thử Hai");
    assert_eq!(
        what["sha256"],
        merkle::hex(&merkle::sha256(&filing.pdf)).as_str()
    );
    assert_eq!(
        what["certificate_sha256"],
        person.certificate_sha256().as_str()
    );
    let digest = begun.shown["digest"]["value"].as_str().unwrap();
    assert_eq!(digest, base64(&merkle::sha256(&begun.to_be_signed)));
    assert_eq!(begun.shown["digest"]["algorithm"], "SHA-256");

    let answer = finish(facts, clerk, &begun, &person.sign(&begun.to_be_signed)).expect(201);
    let receipt = Receipt::of(&answer);
    assert!(answer.needs("location").ends_with(&receipt.id));
    assert_eq!(receipt.level, "B-T");
    let (file, report) = verdict(facts, clerk, &receipt);
    assert!(file.starts_with(&filing.pdf));
    assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
    let signatures = report["signatures"].as_array().unwrap();
    assert_eq!(signatures.len(), 1);
    assert_eq!(
        signatures[0]["signer"]["certificate_sha256"],
        person.certificate_sha256().as_str()
    );
}

#[test]
fn the_person_signs_first_and_then_the_office_in_one_result() {
    let facts = shared();
    for (level, name) in [
        ("district", "signatory-district"),
        ("province", "signatory-province"),
    ] {
        let clerk = facts.clerk(level);
        let person = Person::of_demo(facts, name);
        let filing = Filing::new(clerk);
        let begun = begin(
            &facts.base_url,
            clerk,
            &filing,
            &person,
            &json!({ "then_seal": true }),
        );
        let signature = person.sign(&begun.to_be_signed);
        let receipt = Receipt::of(&finish(facts, clerk, &begun, &signature).expect(201));
        let (_, report) = verdict(facts, clerk, &receipt);
        assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
        let signatures = report["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 2, "{report:#}");
        assert_eq!(
            signatures[0]["signer"]["certificate_sha256"],
            person.certificate_sha256().as_str()
        );
        assert_eq!(signatures[0]["changes_after"], "permitted");
        let seal = Person::of_demo(facts, &format!("seal-{level}"));
        assert_eq!(
            signatures[1]["signer"]["certificate_sha256"],
            seal.certificate_sha256().as_str()
        );
    }
}

#[test]
fn raw_ecdsa_and_pss_signatures_are_taken_where_they_are_declared() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let person = Person::of_demo(facts, "signatory-district");
    let begun = begin(
        &facts.base_url,
        clerk,
        &Filing::new(clerk),
        &person,
        &json!({}),
    );
    let raw = person.sign_raw(&begun.to_be_signed);
    let undeclared = finish(facts, clerk, &begun, &raw);
    problem(&undeclared, 422, "signature_wrong");
    let declared = json!({ "signature": base64(&raw), "signature_form": "raw" });
    finish_call(&facts.base_url, clerk, &begun.id, &declared)
        .send()
        .expect(201);

    let clerk = facts.clerk("province");
    let person = Person::of_demo(facts, "signatory-province");
    let options = json!({ "algorithm": "rsa-pss-sha256" });
    let begun = begin(
        &facts.base_url,
        clerk,
        &Filing::new(clerk),
        &person,
        &options,
    );
    let wrong_scheme = finish(facts, clerk, &begun, &person.sign(&begun.to_be_signed));
    problem(&wrong_scheme, 422, "signature_wrong");
    let signature = person.sign_pss(&begun.to_be_signed);
    let receipt = Receipt::of(&finish(facts, clerk, &begun, &signature).expect(201));
    let (_, report) = verdict(facts, clerk, &receipt);
    assert_eq!(report["indication"], "TOTAL-PASSED", "{report:#}");
    let algorithm = &report["signatures"][0]["algorithms"]["signature"];
    assert!(algorithm.as_str().unwrap().contains("PSS"), "{algorithm}");
}

#[test]
fn what_was_begun_is_finished_once() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let person = Person::of_demo(facts, "signatory-district");
    let begun = begin(
        &facts.base_url,
        clerk,
        &Filing::new(clerk),
        &person,
        &json!({}),
    );
    let signature = person.sign(&begun.to_be_signed);
    let first = finish(facts, clerk, &begun, &signature).expect(201);
    let again = finish(facts, clerk, &begun, &signature).expect(201);
    assert_eq!(again.text(), first.text());
    assert_eq!(again.needs("idempotency-replayed"), "true");
    // ECDSA draws a number for each signature: the next one is another.
    let other = person.sign(&begun.to_be_signed);
    assert_ne!(other, signature);
    let refused = finish(facts, clerk, &begun, &other);
    problem(&refused, 409, "signature_taken");
}

#[test]
fn signatures_that_are_not_of_this_key_or_this_file_are_refused_and_nothing_is_spent() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let person = Person::of_demo(facts, "signatory-district");
    let begun = begin(
        &facts.base_url,
        clerk,
        &Filing::new(clerk),
        &person,
        &json!({}),
    );
    let other = begin(
        &facts.base_url,
        clerk,
        &Filing::new(clerk),
        &person,
        &json!({}),
    );
    let stranger = Person::of_demo(facts, "seal-district");
    let good = person.sign(&begun.to_be_signed);
    for wrong in [
        stranger.sign(&begun.to_be_signed),
        person.sign(&other.to_be_signed),
        person.sign(b"something else"),
        Vec::new(),
        good[..good.len() - 1].to_vec(),
    ] {
        let refused = finish(facts, clerk, &begun, &wrong);
        problem(&refused, 422, "signature_wrong");
    }
    let body = json!({ "signature": base64(&good), "certificate": stranger.pem });
    let refused = finish_call(&facts.base_url, clerk, &begun.id, &body).send();
    problem(&refused, 422, "signer_differs");
    let body = json!({ "signature": "***" });
    let refused = finish_call(&facts.base_url, clerk, &begun.id, &body).send();
    problem(&refused, 400, "request_invalid");
    finish(facts, clerk, &begun, &good).expect(201);
}

#[test]
fn only_bound_certificates_begin() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let filing = Filing::new(clerk);
    let none = json!({});
    for name in ["seal-district", "signatory-province", "tsa"] {
        let stranger = Person::of_demo(facts, name);
        let refused = begin_call(&facts.base_url, clerk, &filing, &stranger.pem, &none).send();
        problem(&refused, 422, "signer_not_usable");
    }
    let refused = begin_call(&facts.base_url, clerk, &filing, "no certificate", &none).send();
    problem(&refused, 400, "certificate_invalid");
    let person = Person::of_demo(facts, "signatory-district");
    let options = json!({ "algorithm": "rsa-pss-sha256" });
    let refused = begin_call(&facts.base_url, clerk, &filing, &person.pem, &options).send();
    problem(&refused, 422, "signature_algorithm_unfit");
    let options = json!({ "algorithm": "rsa-pkcs1-sha1" });
    let refused = begin_call(&facts.base_url, clerk, &filing, &person.pem, &options).send();
    problem(&refused, 400, "request_invalid");
}

#[test]
fn another_office_sees_nothing_of_a_signature_in_hand() {
    let facts = shared();
    let clerk = facts.clerk("district");
    let person = Person::of_demo(facts, "signatory-district");
    let begun = begin(
        &facts.base_url,
        clerk,
        &Filing::new(clerk),
        &person,
        &json!({}),
    );
    let other = facts.clerk("province");
    let path = format!("/api/v1/signatures/{}", begun.id);
    let mine = facts.get_as(&clerk.api_key, &path).expect(200).json();
    assert_eq!(mine["state"], "waiting");
    let signature = person.sign(&begun.to_be_signed);
    let unknown = format!("/api/v1/signatures/{}", "0".repeat(32));
    let look = facts.get_as(&other.api_key, &path);
    let look_for_none = facts.get_as(&other.api_key, &unknown);
    let steal = finish(facts, other, &begun, &signature);
    let give_up = Call::new("DELETE", facts.url(&path))
        .bearer(&other.api_key)
        .send();
    for answer in [look, look_for_none, steal, give_up] {
        problem(&answer, 404, "not_found");
    }
    facts.get_as(&facts.auditor.api_key, &path).expect(403);

    Call::new("DELETE", facts.url(&path))
        .bearer(&clerk.api_key)
        .send()
        .expect(204);
    let gone = finish(facts, clerk, &begun, &signature);
    problem(&gone, 404, "not_found");
}

#[test]
fn a_restart_in_between_changes_nothing_and_a_swapped_file_is_noticed() {
    let mut world = World::demo();
    let clerk = world.facts.clerk("district").clone();
    let person = Person::of_demo(&world.facts, "signatory-district");
    let filings: Vec<Filing> = (0..2).map(|_| Filing::new(&clerk)).collect();
    let begun: Vec<Begun> = filings
        .iter()
        .map(|f| begin(&world.facts.base_url, &clerk, f, &person, &json!({})))
        .collect();
    world.kill();
    // The file of the second one is another now.
    let waiting = world
        .home()
        .join(format!("archive/desk/files/s-{}", begun[1].id));
    let mut swapped = std::fs::read(&waiting).unwrap();
    let at = swapped.windows(8).position(|w| w == b"Decision").unwrap();
    swapped[at] = b'd';
    std::fs::write(&waiting, swapped).unwrap();
    world.start(&[]);

    let facts = world.facts.clone();
    let signature = person.sign(&begun[0].to_be_signed);
    let receipt = Receipt::of(&finish(&facts, &clerk, &begun[0], &signature).expect(201));
    let (file, _) = verdict(&facts, &clerk, &receipt);
    assert!(file.starts_with(&filings[0].pdf));
    let size = Checkpoint::fetch(&facts).size;
    let signature = person.sign(&begun[1].to_be_signed);
    let refused = finish(&facts, &clerk, &begun[1], &signature);
    problem(&refused, 409, "shown_otherwise");
    assert_eq!(Checkpoint::fetch(&facts).size, size);
    crate::auditor::clean(&crate::auditor::sweep(&facts));
}

#[test]
fn a_crash_after_the_signature_was_taken_or_logged_doubles_nothing() {
    if !cfg!(debug_assertions) {
        return tools::skip("crash points are not in release builds");
    }
    let mut world = World::demo();
    let clerk = world.facts.clerk("district").clone();
    let person = Person::of_demo(&world.facts, "signatory-district");
    for point in ["hand.taken", "hand.logged"] {
        world.stop();
        world.start(&[("ANTIN_CRASH_AT", point)]);
        let before = Checkpoint::fetch(&world.facts).size;
        let options = json!({ "then_seal": true });
        let begun = begin(
            &world.facts.base_url,
            &clerk,
            &Filing::new(&clerk),
            &person,
            &options,
        );
        let body = json!({ "signature": base64(&person.sign(&begun.to_be_signed)) });
        let call = || finish_call(&world.facts.base_url, &clerk, &begun.id, &body);
        assert!(call().try_send().is_err(), "{point} was not reached");
        world.server().wait_for_exit(10);
        world.start(&[]);
        // Another signature is too late, the same one is taken as often as it comes.
        let other = person.sign(&begun.to_be_signed);
        let facts = world.facts.clone();
        let refused = finish(&facts, &clerk, &begun, &other);
        problem(&refused, 409, "signature_taken");
        let call = || finish_call(&facts.base_url, &clerk, &begun.id, &body);
        let first = call().send().expect(201).text();
        assert_eq!(call().send().expect(201).text(), first);
        assert_eq!(Checkpoint::fetch(&facts).size, before + 1, "{point}");
    }
}

#[test]
fn what_waits_too_long_expires_and_takes_no_room() {
    let authority = match Authority::open() {
        Ok(authority) => authority,
        Err(why) => return tools::skip(&why),
    };
    let live = Live::serve_with(&authority, 0, |home| {
        authority.issue_seal(
            "Người Ký Thử",
            &home.join("keys/person.key"),
            &home.join("person.pem"),
        );
        let person = Person::of_files(&home.join("keys/person.key"), &home.join("person.pem"));
        format!(
            "[desk]\nsignature_expires_s = 1\nbridge_expires_s = 1\n[[signatory]]\noffice = \"H26.7\"\nperson = \"Người Ký Thử\"\npost = \"Chủ tịch\"\n\
             from = \"2020-01-01\"\nuntil = \"2099-01-01\"\ncertificate_sha256 = \"{}\"\n",
            person.certificate_sha256()
        )
    });
    let home = live.home();
    let person = Person::of_files(&home.join("keys/person.key"), &home.join("person.pem"));
    let filing = Filing::new(&live.clerk);
    let begun = begin(&live.base_url, &live.clerk, &filing, &person, &json!({}));
    let look = || {
        Call::get(format!("{}/api/v1/signatures/{}", live.base_url, begun.id))
            .bearer(&live.clerk.api_key)
            .send()
    };
    wait::until("the end of the signature's time", 30, || {
        let answer = look();
        (answer.status == 404 || answer.json()["state"] == "expired").then_some(())
    });
    let body = json!({ "signature": base64(&person.sign(&begun.to_be_signed)) });
    let late = finish_call(&live.base_url, &live.clerk, &begun.id, &body).send();
    problem(&late, 410, "work_expired");
}
