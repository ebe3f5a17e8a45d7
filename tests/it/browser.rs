//! The pages in a real browser: Debian's Chromium, headless, steered by WebDriver.

mod driver;

use driver::{Browser, Scripts};

use crate::world::{Facts, pdfs, shared, temp::TempDir, tools};

#[track_caller]
fn browser(scripts: Scripts) -> Option<Browser> {
    match Browser::open(scripts) {
        Ok(browser) => Some(browser),
        Err(why) => {
            tools::skip(&why);
            None
        }
    }
}

fn sample_id(facts: &Facts) -> &str {
    facts.sample.verify_url.rsplit('/').next().unwrap()
}

#[track_caller]
fn shows_a_verdict(browser: &Browser, class: &str) {
    let verdict = browser.text_of("h1#verdict");
    assert!(!verdict.trim().is_empty(), "the verdict is not to be read");
    let shown = browser.attribute_of(".verdict .answer", "class");
    assert!(shown.contains(class), "{shown}: {verdict}");
    assert_eq!(browser.count("li.fact"), 4);
}

#[test]
fn the_page_of_the_sample_shows_its_verdict() {
    let facts = shared();
    let Some(browser) = browser(Scripts::On) else {
        return;
    };
    browser.go(&facts.sample.verify_url);
    shows_a_verdict(&browser, "is-valid");
    assert_eq!(browser.attribute_of("html", "lang"), "vi");

    browser.click("a.switch");
    browser.wait_for("html[lang=en]");
    shows_a_verdict(&browser, "is-valid");
    assert!(
        browser.address().contains(sample_id(facts)),
        "{}",
        browser.address()
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_file_chosen_in_the_page_gets_its_verdict() {
    let facts = shared();
    let Some(browser) = browser(Scripts::On) else {
        return;
    };
    browser.go(&facts.url("/kiem-tra"));
    browser.choose_file("input#file", &facts.sample.file);
    // The page's own script shows the digest before anything is sent.
    browser.wait_for("#chosen:not([hidden])");
    browser.click("#send");
    browser.wait_for("h1#verdict");
    shows_a_verdict(&browser, "is-valid");

    let dir = TempDir::new("browser");
    let mut changed = std::fs::read(&facts.sample.file).unwrap();
    let at = pdfs::find(&changed, b"stream").unwrap() + 12;
    changed[at] ^= 1;
    let file = dir.join("đã sửa.pdf");
    std::fs::write(&file, changed).unwrap();
    browser.go(&facts.url("/kiem-tra?lang=en"));
    browser.choose_file("input#file", &file);
    browser.click("#send");
    browser.wait_for("h1#verdict");
    shows_a_verdict(&browser, "is-not_valid");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn every_page_is_readable_and_works_without_scripts() {
    let facts = shared();
    let Some(browser) = browser(Scripts::Off) else {
        return;
    };
    browser.go(&facts.sample.verify_url);
    shows_a_verdict(&browser, "is-valid");
    browser.go(&facts.url("/kiem-tra"));
    assert_eq!(browser.count("#chosen:not([hidden])"), 0);
    browser.choose_file("input#file", &facts.sample.file);
    browser.click("#send");
    browser.wait_for("h1#verdict");
    shows_a_verdict(&browser, "is-valid");
    browser.go(&facts.url("/"));
    browser.type_into("input#ma", sample_id(facts));
    browser.click("form[action='/v'] button");
    browser.wait_for("h1#verdict");
    assert!(browser.address().contains("/v/"), "{}", browser.address());
}

#[test]
fn a_narrow_screen_needs_no_sideways_scrolling() {
    let facts = shared();
    let Some(browser) = browser(Scripts::On) else {
        return;
    };
    browser.resize(360, 740);
    for path in [
        "/",
        "/kiem-tra",
        &format!("/v/{}", sample_id(facts)),
        "/v/none",
    ] {
        browser.go(&facts.url(path));
        let over =
            browser.script("return document.documentElement.scrollWidth - window.innerWidth");
        assert!(
            over.as_i64().is_some_and(|o| o <= 0),
            "{path}: {over} pixels too wide"
        );
    }
    let complaints = browser.complaints();
    let ours: Vec<_> = complaints.iter().filter(|c| !c.contains("404")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}
