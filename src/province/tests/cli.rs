//! OpenSSL's command line on what the services answer: another program's requests, another program's verdicts.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::{clock, make, now};
use crate::province::{Cast, Province, Reason};

/// `openssl ocsp` compares thisUpdate with the clock of the machine whatever `-attime` says: ninety years of leeway.
const ANY_AGE: &str = "-validity_period 2840140800";

/// A directory with a saved province, requests and answers in it.
struct Desk {
    dir: PathBuf,
    province: Province,
}

impl Desk {
    /// `None`, and a line that says so, where the machine has no `openssl`.
    fn new(test: &str) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            // Written past the capture of test output, which would swallow it.
            let note = format!(
                "SKIPPED {test}: there is no openssl command here (Debian: apt install openssl)\n"
            );
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            return None;
        }
        let dir =
            std::env::temp_dir().join(format!("antin-province-cli-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        let province = make(Cast::Only(&[
            "seal-district",
            "seal-commune",
            "seal-revoked",
        ]));
        province.save(&dir).unwrap();
        for authority in ["root", "issuing"] {
            let der = province.crl(authority, clock()).unwrap();
            let pem = openssl::x509::X509Crl::from_der(&der)
                .unwrap()
                .to_pem()
                .unwrap();
            fs::write(dir.join(format!("{authority}.crl.pem")), pem).unwrap();
        }
        Some(Self { dir, province })
    }

    fn run(&self, arguments: &str) -> Output {
        let at = clock().unix_s().to_string();
        let arguments = arguments
            .split_whitespace()
            .map(|a| if a == "NOW" { &at } else { a });
        Command::new("openssl")
            .current_dir(&self.dir)
            .args(arguments)
            .output()
            .unwrap()
    }

    #[track_caller]
    fn check(&self, arguments: &str, wanted: &[&str]) {
        let output = self.run(arguments);
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        for line in wanted {
            assert!(text.contains(line), "openssl {arguments}\n{text}");
        }
    }

    fn answer(&self, request: &str, answer: &str, by: impl Fn(&[u8]) -> Vec<u8>) {
        fs::write(
            self.dir.join(answer),
            by(&fs::read(self.dir.join(request)).unwrap()),
        )
        .unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

#[test]
fn openssl_ts_accepts_the_tokens() {
    let Some(desk) = Desk::new("ts") else { return };
    fs::write(desk.dir.join("data"), b"a result").unwrap();
    let verify = "ts -verify -CAfile root.pem -untrusted chains/tsa.pem -attime NOW -in reply.tsr";
    for (digest, more) in [
        ("-sha256", "-cert"),
        ("-sha384", "-cert"),
        ("-sha512", "-cert -no_nonce"),
        ("-sha256", ""),
    ] {
        desk.check(
            &format!("ts -query -data data {digest} {more} -out query.tsq"),
            &[],
        );
        desk.answer("query.tsq", "reply.tsr", |q| {
            desk.province.timestamp_authority().answer(q, now())
        });
        desk.check(
            &format!("{verify} -queryfile query.tsq"),
            &["Verification: OK"],
        );
        desk.check(&format!("{verify} -data data"), &["Verification: OK"]);
    }
    fs::write(desk.dir.join("data"), b"another result").unwrap();
    desk.check(&format!("{verify} -data data"), &["Verification: FAILED"]);
    desk.check(
        "ts -reply -in reply.tsr -text",
        &[
            "Status: Granted.",
            "Accuracy: 0x01 seconds",
            "2:00:00.123 2026 GMT",
        ],
    );
}

#[test]
fn openssl_ts_understands_the_refusals() {
    let Some(desk) = Desk::new("ts-refusal") else {
        return;
    };
    fs::write(desk.dir.join("data"), b"a result").unwrap();
    for (more, failure) in [
        ("-sha1", "unrecognized or unsupported algorithm identifier"),
        (
            "-sha256 -tspolicy 1.2.3.4",
            "the requested TSA policy is not supported by the TSA",
        ),
    ] {
        desk.check(&format!("ts -query -data data {more} -out query.tsq"), &[]);
        desk.answer("query.tsq", "reply.tsr", |q| {
            desk.province.timestamp_authority().answer(q, now())
        });
        desk.check(
            "ts -reply -in reply.tsr -text",
            &["Status: Rejected.", failure],
        );
    }
}

#[test]
fn openssl_ocsp_accepts_the_responses() {
    let Some(desk) = Desk::new("ocsp") else {
        return;
    };
    let asked =
        "-issuer certs/issuing.pem -cert certs/seal-district.pem -cert certs/seal-revoked.pem";
    for digest in ["-sha1", "-sha256"] {
        desk.check(&format!("ocsp {digest} {asked} -reqout query"), &[]);
        desk.answer("query", "reply", |q| {
            desk.province.ocsp_responder().answer(q, clock())
        });
        desk.check(
            &format!("ocsp {digest} {asked} -no_nonce -reqin query -respin reply -CAfile root.pem -verify_other certs/issuing.pem -attime NOW {ANY_AGE}"),
            &["Response verify OK", "certs/seal-district.pem: good", "certs/seal-revoked.pem: revoked", "Reason: keyCompromise"],
        );
    }
    let asked = "-issuer certs/root.pem -cert certs/issuing.pem";
    desk.check(&format!("ocsp {asked} -no_nonce -reqout query"), &[]);
    desk.answer("query", "reply", |q| {
        desk.province.ocsp_responder().answer(q, clock())
    });
    desk.check(
        &format!("ocsp {asked} -respin reply -CAfile root.pem -attime NOW {ANY_AGE}"),
        &["Response verify OK", "certs/issuing.pem: good"],
    );
}

#[test]
fn openssl_verify_follows_the_lists() {
    let Some(desk) = Desk::new("verify") else {
        return;
    };
    let verify = "verify -attime NOW -x509_strict -crl_check_all -CRLfile root.crl.pem -CRLfile issuing.crl.pem -CAfile root.pem -untrusted certs/issuing.pem";
    for name in ["seal-district", "seal-commune", "ocsp"] {
        desk.check(
            &format!("{verify} certs/{name}.pem"),
            &[&format!("certs/{name}.pem: OK")],
        );
    }
    desk.check(
        &format!("{verify} -purpose timestampsign certs/tsa.pem"),
        &["certs/tsa.pem: OK"],
    );
    desk.check(
        &format!("{verify} -purpose timestampsign certs/ocsp.pem"),
        &["unsuitable certificate purpose"],
    );
    desk.check(
        &format!("{verify} certs/seal-revoked.pem"),
        &["certificate revoked"],
    );
    desk.check(
        "crl -in issuing.crl.pem -noout -CAfile certs/issuing.pem",
        &["verify OK"],
    );

    desk.province
        .revoke("issuing", Reason::CaCompromise, clock())
        .unwrap();
    let der = desk.province.crl("root", clock()).unwrap();
    let pem = openssl::x509::X509Crl::from_der(&der)
        .unwrap()
        .to_pem()
        .unwrap();
    fs::write(desk.dir.join("root.crl.pem"), pem).unwrap();
    desk.check(
        &format!("{verify} certs/seal-district.pem"),
        &["certificate revoked"],
    );
}
