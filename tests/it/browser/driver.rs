//! A WebDriver client (W3C WebDriver 2) of the few commands that the page tests need, over plain JSON.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::world::temp::TempDir;
use crate::world::{Call, tools, wait};

/// W3C WebDriver 11: the name under which an element's reference is given.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

pub struct Browser {
    driver: Child,
    /// Kept open: a driver that cannot write its output ends.
    _said: BufReader<ChildStdout>,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// `Err`: the machine has no browser or no driver for it.
    pub fn open(scripts: Scripts) -> Result<Browser, String> {
        let driver = tools::program("chromedriver")?;
        let chromium = tools::program("chromium").or_else(|_| tools::program("google-chrome"))?;
        let started = {
            // Two drivers that look for a free port at the same moment may take the same one.
            static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
            let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
            (0..5).find_map(|_| start(&driver))
        };
        let (child, said, port) = started.expect("chromedriver says its port");
        let profile = TempDir::new("browser-profile");
        let base = format!("http://127.0.0.1:{port}");
        let mut browser = Browser {
            driver: child,
            _said: said,
            session: base.clone(),
            _profile: profile,
        };
        let profile = browser._profile.path().to_str().unwrap();
        // 2 is "block" among the browser's content settings.
        let setting = if scripts == Scripts::On { 1 } else { 2 };
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": chromium,
                "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--no-first-run", "--window-size=1000,1400", "--no-proxy-server",
                         "--disable-background-networking", format!("--user-data-dir={profile}")],
                "prefs": { "profile.managed_default_content_settings.javascript": setting },
            },
        } } });
        let session = browser.command("POST", "/session", Some(wanted));
        let id = session["sessionId"]
            .as_str()
            .unwrap_or_else(|| panic!("{session:#}"))
            .to_owned();
        browser.session = format!("{base}/session/{id}");
        Ok(browser)
    }

    #[track_caller]
    fn command(&self, method: &'static str, path: &str, body: Option<Value>) -> Value {
        self.try_command(method, path, body)
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    fn try_command(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, String> {
        let mut call = Call::new(method, format!("{}{path}", self.session));
        if method == "POST" {
            let body = body.unwrap_or_else(|| json!({}));
            call = call.body("application/json", body.to_string().into_bytes());
        }
        let answer = call.try_send()?;
        let value = answer.json()["value"].take();
        if answer.status == 200 {
            Ok(value)
        } else {
            Err(value["message"].to_string())
        }
    }

    #[track_caller]
    pub fn go(&self, url: &str) {
        self.command("POST", "/url", Some(json!({ "url": url })));
    }

    pub fn address(&self) -> String {
        self.command("GET", "/url", None)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn elements(&self, selector: &str) -> Vec<String> {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.command("POST", "/elements", Some(by));
        let ids = found.as_array().into_iter().flatten();
        ids.filter_map(|element| element[ELEMENT].as_str().map(str::to_owned))
            .collect()
    }

    pub fn count(&self, selector: &str) -> usize {
        self.elements(selector).len()
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let found = self.elements(selector).into_iter().next();
        found.unwrap_or_else(|| panic!("no {selector} on {}", self.address()))
    }

    #[track_caller]
    pub fn wait_for(&self, selector: &str) {
        wait::until(&format!("{selector} in the page"), 30, || {
            let by = json!({ "using": "css selector", "value": selector });
            self.try_command("POST", "/element", Some(by)).ok()
        });
    }

    /// The text as a reader sees it: nothing of what is hidden.
    #[track_caller]
    pub fn text_of(&self, selector: &str) -> String {
        let element = self.element(selector);
        let text = self.command("GET", &format!("/element/{element}/text"), None);
        text.as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn attribute_of(&self, selector: &str, name: &str) -> String {
        let element = self.element(selector);
        let value = self.command("GET", &format!("/element/{element}/attribute/{name}"), None);
        value.as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.command("POST", &format!("/element/{element}/click"), None);
    }

    #[track_caller]
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        let text = json!({ "text": text });
        self.command("POST", &format!("/element/{element}/value"), Some(text));
    }

    /// W3C WebDriver 12.5.3: what is typed into a file input is the path of the file.
    #[track_caller]
    pub fn choose_file(&self, selector: &str, file: &Path) {
        self.type_into(selector, file.to_str().unwrap());
    }

    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height });
        self.command("POST", "/window/rect", Some(size));
    }

    #[track_caller]
    pub fn script(&self, text: &str) -> Value {
        self.command(
            "POST",
            "/execute/sync",
            Some(json!({ "script": text, "args": [] })),
        )
    }

    /// What the page's console holds at warning level and above.
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.command("POST", "/se/log", Some(json!({ "type": "browser" })));
        let entries = entries.as_array().into_iter().flatten();
        entries
            .filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(|entry| entry["message"].to_string())
            .collect()
    }
}

/// `None`: it ended before it said where it listens.
fn start(driver: &Path) -> Option<(Child, BufReader<ChildStdout>, u16)> {
    let mut command = Command::new(driver);
    command
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let Some(port) = port_in(&mut said) else {
        drop(child.kill());
        drop(child.wait());
        return None;
    };
    Some((child, said, port))
}

/// "ChromeDriver was started successfully on port 38561."
fn port_in(said: &mut impl BufRead) -> Option<u16> {
    let mut line = String::new();
    while said.read_line(&mut line).is_ok_and(|read| read > 0) {
        let port = line.trim().split_once("started successfully on port ");
        if let Some(port) = port.and_then(|(_, rest)| rest.trim_end_matches('.').parse().ok()) {
            return Some(port);
        }
        line.clear();
    }
    None
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser when its session is closed.
        drop(self.try_command("DELETE", "", None));
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
