//! A page in a real browser: Chromium, driven through `chromedriver`. Both run without a network.

use common::{
    skipped,
    skipped::{lacking, tool},
};
use fantoccini::{
    Client, ClientBuilder,
    actions::{InputSource, KeyAction, KeyActions},
    wd::Capabilities,
};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::LazyLock,
};
use tempfile::TempDir;

/// Narrower windows than this are a phone's.
const PHONE: u32 = 600;

/// A page in a browser, and questions to it.
pub struct View<'a> {
    pub client: &'a Client,
    /// Where the driver listens.
    pub port: u16,
    /// The script that [`check`](Self::check) runs before its own: it defines `checks`.
    pub checks: &'a str,
}

impl View<'_> {
    /// Shows the page in this size, to a reader with this wish, on this medium.
    pub async fn show(&self, (width, height): (u32, u32), scheme: &str, medium: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let wish = json!({ "media": medium, "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", wish).await;
        self.until(&format!(
            "[innerWidth, document.documentElement.clientWidth].includes({width}) && matchMedia('{medium} and (prefers-color-scheme: {scheme})').matches"
        ))
        .await;
    }

    /// The value of an expression.
    pub async fn value(&self, expression: &str) -> Value {
        self.run(&format!("return {expression}")).await
    }

    pub async fn run(&self, script: &str) -> Value {
        let answer = self.client.execute(script, Vec::new()).await;
        answer.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Looks for faults of one kind.
    pub async fn check(&self, check: &str) {
        let faults = self.run(&format!("{}\nreturn checks.{check}", self.checks)).await;
        assert_eq!(
            faults,
            json!([]),
            "{check} at {}",
            self.value("`${innerWidth} x ${innerHeight}, ${location}`").await
        );
    }

    /// Waits until the expression holds. Not by looking at every frame, which would have the page drawn for each.
    pub async fn until(&self, expression: &str) {
        let script = format!(
            "const done = arguments[0]; const look = () => {{ if ({expression}) done(); else setTimeout(look, 25); }}; look();"
        );
        let waited = self.client.execute_async(&script, Vec::new()).await;
        waited.unwrap_or_else(|error| panic!("this never became true: {expression}: {error}"));
    }

    /// What axe-core has against the page as it is shown, where `make test` could fetch it. By night the page differs in its
    /// colours alone.
    pub async fn axe(&self) {
        static SCRIPT: LazyLock<Option<String>> = LazyLock::new(|| {
            let path = Path::new(common::ROOT).join("target/axe-core/axe.min.js");
            let script = fs::read_to_string(path).ok();
            if script.is_none() {
                skipped("what axe-core says of the page: target/axe-core/axe.min.js not found; `make test` fetches it");
            }
            script
        });
        let Some(script) = &*SCRIPT else { return };
        if self.value("typeof axe").await == "undefined" {
            self.run(script).await;
        }
        // Without what is inside of charts. axe-core compares each element with each that is left out: so as few as possible.
        let run = "const done = arguments[0]; const rules = matchMedia('(prefers-color-scheme: dark)').matches ? { runOnly: ['color-contrast'] } : {}; axe.run({ exclude: [['svg.chart > *']] }, { resultTypes: ['violations'], ...rules }).then((found) => done(found.violations.map((fault) => `${fault.id}: ${fault.nodes[0].html.slice(0, 200)}`)));";
        let faults = self.client.execute_async(run, Vec::new()).await.expect("axe-core runs");
        let place = "`${innerWidth} x ${innerHeight}, ${matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'}, ${location}`";
        assert_eq!(faults, json!([]), "axe-core at {}", self.value(place).await);
    }

    pub async fn press(&self, key: impl Into<char>) {
        let value = key.into();
        let keys = KeyActions::new("keyboard".into()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.expect("a key can be pressed");
    }

    /// What the browser's console had to say since it was asked last.
    pub async fn complaints(&self) -> Value {
        self.post("se/log", json!({ "type": "browser" })).await
    }

    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        let answer = self.post("goog/cdp/execute", json!({ "cmd": command, "params": params })).await;
        assert!(answer.is_object(), "{command}: {answer}");
        answer
    }

    /// A command of `chromedriver` beyond its standard.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let session = self.client.session_id().await.ok().flatten().expect("the session is open");
        let address = format!("http://127.0.0.1:{}/session/{session}/{path}", self.port);
        let answer = ureq::post(&address).send(body.to_string()).unwrap_or_else(|error| panic!("{path}: {error}"));
        let answer = answer.into_body().read_to_string().expect("the answer can be read");
        let mut answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
        answer["value"].take()
    }
}

/// A running `chromedriver`. It and every browser that it started are gone when this is dropped.
pub struct Driver {
    process: Child,
    pub port: u16,
    chromium: PathBuf,
    folder: TempDir,
    /// Kept open: a driver whose output nobody takes would be killed by its next line.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// `None` where Chromium or its driver is missing, which is said.
    pub fn start(tested: &str, folder: TempDir) -> Option<Self> {
        let Some((chromium, driver)) = tool("chromium").zip(tool("chromedriver")) else {
            lacking("chromium or chromedriver", tested);
            return None;
        };
        // It takes a free port for IPv4 and goes when the same one isn't free for IPv6, which other tests' sockets see to.
        let tries = (0..5).find_map(|_| listening(&driver, &folder));
        let (process, port, output) = tries.expect("chromedriver says where it listens");
        Some(Self { process, port, chromium, folder, _output: output })
    }

    /// Another browser, with a profile of this name: what one keeps, the other doesn't know.
    pub async fn session(&self, profile: &str) -> Client {
        let profile = self.folder.path().join(profile);
        let capabilities = json!({
            // A race, or axe-core's look at thousands of elements, on a machine that is as busy as it may be.
            "timeouts": { "script": 300_000 },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "binary": self.chromium, "args": [
                "--headless",
                // Chromium refuses to run as root with its sandbox. The page is our own.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                format!("--user-data-dir={}", profile.display()),
            ] },
        });
        let capabilities: Capabilities = serde_json::from_value(capabilities).expect("it is an object");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{}", self.port)).await;
        client.expect("the browser starts")
    }
}

/// A driver, the port that it chose and its further output, or nothing where it went instead.
fn listening(driver: &Path, folder: &TempDir) -> Option<(Child, u16, BufReader<ChildStdout>)> {
    let mut command = Command::new(driver);
    // A group of its own, so that the browser goes with it. A home of its own, so that nothing is left in the user's.
    command.arg("--port=0").env("HOME", folder.path()).env("TMPDIR", folder.path()).process_group(0);
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the driver starts");
    let mut output = BufReader::new(process.stdout.take().expect("it was asked for"));
    let mut said = String::new();
    let port = (&mut output).lines().map_while(Result::ok).find_map(|line| {
        said.push_str(&line);
        line.trim_end_matches('.').rsplit_once("successfully on port ")?.1.parse().ok()
    });
    if port.is_none() {
        eprintln!("chromedriver ended with {:?}: {said}", process.wait());
    }
    Some((process, port?, output))
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = killpg(Pid::from_raw(self.process.id() as i32), Signal::SIGKILL);
        let _ = self.process.wait();
    }
}
