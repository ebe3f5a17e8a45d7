//! JSON and the command line's short form.

use crate::stamp::{Anchor, CopyKind, Form, OverText, Qr, Request, TimeStyle, Which};

fn json(text: &str) -> Result<Request, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn both_ways_lead_to_the_same_request() {
    for (spec, text) in [
        (
            "copy:sao-y@top-right",
            r#"{"form":"copy:sao-y","anchor":"top-right"}"#,
        ),
        ("agency", r#"{"form":"agency"}"#),
        (
            "agency@signature",
            r#"{"form":"agency","anchor":"signature"}"#,
        ),
        (
            "agency,over-text,iso@last-text:Nguyễn Văn A",
            r#"{"form":"agency","over_text":true,"time":"iso","anchor":{"text":"Nguyễn Văn A","which":"last"}}"#,
        ),
        (
            "info,page=3,qr@rect:120, 20,60,15.5",
            r#"{"form":"info","page":3,"qr":true,"anchor":{"rect_mm":[120,20,60,15.5]}}"#,
        ),
        (
            "person@field:a.b@c,d",
            r#"{"form":"person","anchor":{"field":"a.b@c,d"}}"#,
        ),
    ] {
        assert_eq!(
            spec.parse::<Request>().unwrap(),
            json(text).unwrap(),
            "{spec}"
        );
    }
}

#[test]
fn every_form_has_a_name_that_leads_back() {
    for form in Form::ALL {
        assert_eq!(Form::find(form.as_str()), Some(form));
    }
    for kind in CopyKind::ALL {
        assert!(Form::find(Form::Copy(kind).as_str()).is_some());
    }
}

#[track_caller]
fn check_wrong(spec: &str, says: &str) {
    let problem = spec.parse::<Request>().unwrap_err().to_string();
    assert!(problem.contains(says), "{spec}: {problem}");
}

#[test]
fn a_wrong_spec_is_told_what_is_possible() {
    check_wrong("", "choose one of person, agency, copy:sao-y");
    check_wrong("stamp", "there is no form \"stamp\"");
    check_wrong("agency,fast", "choose from over-text, iso, qr, page=N");
    check_wrong("agency,page=0", "counts from 1");
    check_wrong("agency,page=x", "counts from 1");
    check_wrong("agency@left", "choose one of top-right");
    check_wrong("agency@side:3", "choose one of top-right");
    check_wrong("agency@text: ", "nothing stands behind text:");
    check_wrong("agency@field:", "nothing stands behind field:");
    for rect in [
        "",
        "1,2,3",
        "1,2,3,x",
        "1,2,3,4,5",
        "1,2,3,inf",
        "1,2,NaN,4",
    ] {
        check_wrong(&format!("info@rect:{rect}"), "four numbers");
    }
}

#[test]
fn unknown_keys_and_values_of_json_are_refused() {
    for text in [
        r#"{"form":"seal"}"#,
        r#"{"form":"info","ancor":"top-right"}"#,
        r#"{"form":"info","anchor":"middle"}"#,
        r#"{"form":"info","anchor":{"text":"A","wich":"last"}}"#,
        r#"{"form":"info","anchor":{"rect_mm":[1,2,3]}}"#,
        r#"{"form":"info","time":"utc"}"#,
        r#"{"anchor":"top-right"}"#,
    ] {
        assert!(json(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_left_out_is_careful() {
    let request = json(r#"{"form":"info"}"#).unwrap();
    assert_eq!(
        (request.over_text, request.time, request.qr, request.page),
        (OverText::Never, TimeStyle::Vn, Qr::Without, None)
    );
    let request: Request = "info@text:A".parse().unwrap();
    assert_eq!(
        request.anchor,
        Some(Anchor::Text {
            words: "A".to_owned(),
            which: Which::Only
        })
    );
}
