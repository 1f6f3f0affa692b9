//! The report in a real browser: what a reader sees, on a desk, on a phone, in the dark, on paper and without a mouse.
//!
//! The page under test is made of real measurements, small ones, among them tasks and cells that fail. The browser is
//! Chromium, driven through `chromedriver`; both run without a network, and the test sees to it that the page wants none.

mod moving;
mod testdata;

use crate::browser::{Driver, View};
use fantoccini::{
    Locator,
    actions::{InputSource, MOUSE_BUTTON_LEFT, PointerAction, TouchActions},
    key::Key,
};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::{
    fs,
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const CHECKS: &str = include_str!("page/checks.js");
const DESK: (u32, u32) = (1280, 720);
const PHONE: (u32, u32) = (390, 844);
/// A4 between its margins, in CSS pixels.
const PAPER: (u32, u32) = (718, 1046);

/// One task of five answers with an address that can't be followed, and the scenario expects it.
const ONE_ERROR: &str = r#"
title = "Five pages, one of them broken"
question = "What does a broken page cost?"
workload.fetch = { tasks = 5, paths = ["/{number}"] }
expected = [{ indexes = [1], error = "http" }]
cells = [{ strategies = ["threads"], workers = [2, 5] }]
sweep = [{ strategies = ["threads"], workers = [2] }]
[server]
routes = [
    { path = "/2", latency_s = 0.02, status = 302, location = "/2" },
    { path = "/*", latency_s = 0.03 },
]
"#;

/// The error that is expected never comes: every cell is wrong.
const ALL_WRONG: &str = r#"
title = "An answer nobody gives"
question = "What does a wrong answer look like?"
workload.prime_sum = { below = 1000, tasks = 4 }
expected = [{ indexes = [0], error = "timed_out" }]
cells = [{ strategies = ["threads"], workers = [2] }]
sweep = [{ strategies = ["threads"], workers = [2] }]
"#;
const WRONG_CELLS: u32 = 2;
const PICTURES: usize = 3 * 3;

#[test]
fn the_page_in_a_browser() {
    let temporary = || tempfile::tempdir().expect("the temporary folder is writable");
    let Some(driver) = Driver::start("the page in a browser", temporary()) else { return };
    let folder = temporary();
    let page = measured_page(folder.path());
    let front = folder.path().join("front.html");
    makespan::report::write(&front, &testdata::input(&folder.path().join("data"))).expect("the folder is writable");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let client = driver.session("reader").await;
        let view = View { client: &client, port: driver.port, checks: CHECKS };
        let looked = async {
            look_at(&view, &page).await;
            look_at_claims(&view, &front).await;
            moving::look_at(&view, &front).await;
        };
        let outcome = AssertUnwindSafe(looked).catch_unwind().await;
        let closed = client.close().await;
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
        closed.expect("the browser closes");
    });
}

async fn look_at(view: &View<'_>, page: &Path) {
    view.show(DESK, "light", "screen").await;
    view.client.goto(&format!("file://{}", page.display())).await.expect("the page opens");
    // What is folded away is looked at as well.
    view.run("document.querySelectorAll('details').forEach((details) => { details.open = true; })").await;

    assert_eq!(view.value("document.querySelectorAll('figure').length").await, PICTURES);
    view.check("pictures()").await;
    // The switch shows the times instead of the speedups.
    view.run("document.querySelectorAll('.either > label:nth-of-type(2) > input').forEach((time) => time.click())")
        .await;
    view.check("pictures()").await;
    view.check("lettering()").await;
    view.check(&format!("failures({WRONG_CELLS})")).await;
    view.check("lettering()").await;
    view.check(&format!("sideways({})", DESK.0)).await;
    failed_tasks_are_marked(view).await;
    both_themes(view).await;
    keyboard(view).await;
    copying(view).await;

    view.show(PHONE, "light", "screen").await;
    for check in ["pictures()", "lettering()", &format!("sideways({})", PHONE.0)] {
        view.check(check).await;
    }
    touch(view).await;
    view.show(PAPER, "dark", "print").await;
    for check in ["pictures()", "lettering()", "contrast()", &format!("sideways({})", PAPER.0)] {
        view.check(check).await;
    }
    view.nothing_fetched_or_complained_of().await;
}

/// The front: verdicts, claims and their pictures, on the same desk, phone and paper.
async fn look_at_claims(view: &View<'_>, page: &Path) {
    view.show(DESK, "light", "screen").await;
    let address = format!("file://{}", page.display());
    view.client.goto(&format!("{address}#000-3")).await.expect("the page opens");
    // A link to a claim leads to its heading.
    let top = "document.getElementById('000-3').getBoundingClientRect().top";
    view.until(&format!("{top} >= 0 && {top} < innerHeight / 3")).await;
    assert!(
        view.value("document.querySelectorAll('#peers tbody tr').length").await.as_u64() > Some(1),
        "pairs with Python"
    );
    counts_lead_to_their_claims(view).await;
    cells_say_their_claims(view).await;
    figures_say_their_values(view).await;
    let unfold = "document.querySelectorAll('details').forEach((details) => { details.open = true; })";
    view.run(unfold).await;
    for (size, scheme, medium) in
        [(DESK, "light", "screen"), (DESK, "dark", "screen"), (PHONE, "light", "screen"), (PAPER, "dark", "print")]
    {
        view.show(size, scheme, medium).await;
        for check in ["pictures()", "lettering()", "contrast()", "heads()", &format!("sideways({})", size.0)] {
            view.check(check).await;
        }
    }
    view.nothing_fetched_or_complained_of().await;
}

async fn counts_lead_to_their_claims(view: &View<'_>) {
    let shown = "[...document.querySelectorAll('.list')].filter(shown).map((list) => list.id)";
    let shown = format!("{CHECKS}\nreturn {shown}");
    assert_eq!(view.run(&shown).await, json!([]));
    let count = view.client.find(Locator::Css(".tile.v-depends a")).await.expect("there is a count");
    count.click().await.expect("it can be clicked");
    assert_eq!(view.run(&shown).await, json!(["verdict-depends"]));
    let within = "document.querySelector('#verdict-depends a[href=\"#001-5\"]').getBoundingClientRect()";
    view.until(&format!("{within}.top > 0 && {within}.bottom <= innerHeight")).await;
}

async fn cells_say_their_claims(view: &View<'_>) {
    view.run("document.querySelector('.cells a.v-refuted').focus()").await;
    view.until(
        "!document.getElementById('tip').hidden && document.getElementById('tip').textContent.startsWith('001-4: ')",
    )
    .await;
    view.run("document.activeElement.blur()").await;
    view.until("document.getElementById('tip').hidden").await;
}

/// The arrow keys walk through the document's figure, ours, and the prediction.
async fn figures_say_their_values(view: &View<'_>) {
    view.run("document.getElementById('000-3').querySelector('.chart.wide').focus(); document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))").await;
    let mut told = Vec::new();
    for _ in 0..6 {
        view.press(Key::Right).await;
        told.push(view.value("document.getElementById('tip').textContent").await.to_string());
    }
    for expected in ["the document printed 21.138×", "26.4× (95\u{a0}% interval", "not a measurement"] {
        assert!(told.iter().any(|words| words.contains(expected)), "{expected} is not among {told:?}");
    }
}

async fn failed_tasks_are_marked(view: &View<'_>) {
    let of = |class: &str| format!("document.querySelectorAll('[id*=one-error] .chart.wide {class}').length");
    let crosses = view.value(&of(".fault")).await;
    assert!(crosses.as_u64() > Some(1), "{crosses} crosses, expected one in each strategy's lanes");
    let told = "[...document.querySelectorAll('[id*=one-error] .chart.wide .mark:has(.fault)')].every(mark => mark.dataset.value.includes('error'))";
    assert_eq!(view.value(told).await, true);
}

/// The system's wish decides, until the button does.
async fn both_themes(view: &View<'_>) {
    let background = "getComputedStyle(document.documentElement).backgroundColor";
    let light = view.value(background).await;
    view.check("contrast()").await;
    view.show(DESK, "dark", "screen").await;
    let dark = view.value(background).await;
    assert_ne!(light, dark, "the background follows the system");
    view.check("contrast()").await;
    let button = view.client.find(Locator::Css("#theme")).await.expect("there is a button");
    for expected in [&light, &dark] {
        button.click().await.expect("the button can be clicked");
        assert_eq!(&view.value(background).await, expected, "the button turns the theme over");
        view.check("contrast()").await;
    }
    view.show(DESK, "light", "screen").await;
    assert_eq!(view.value(background).await, dark, "the reader's choice outlives the system's wish");
}

/// Tab reaches a picture, arrow keys walk through its exact values, Escape puts them away.
async fn keyboard(view: &View<'_>) {
    view.run("document.activeElement.blur(); scrollTo(0, 0); getSelection().removeAllRanges()").await;
    for chart in 0..3 {
        view.press(Key::Tab).await;
        while view.value("!document.activeElement.matches('.chart')").await == true {
            assert_ne!(view.value("document.activeElement === document.body").await, true, "no picture {chart}");
            view.press(Key::Tab).await;
        }
        view.tip_is_that_of_mark(0).await;
        view.press(Key::Right).await;
        view.tip_is_that_of_mark(1).await;
        view.press(Key::Left).await;
        view.tip_is_that_of_mark(0).await;
        view.press(Key::Escape).await;
        view.until("document.getElementById('tip').hidden").await;
    }
}

/// A tap shows a value, which stays when the finger is gone.
async fn touch(view: &View<'_>) {
    let bar = view.client.find(Locator::Css(".chart.narrow .bar")).await.expect("there is a bar");
    let (to, button) =
        (PointerAction::MoveToElement { element: bar, duration: None, x: 0.0, y: 0.0 }, MOUSE_BUTTON_LEFT);
    let tap = TouchActions::new("finger".into()).then(to);
    let tap = tap.then(PointerAction::Down { button }).then(PointerAction::Up { button });
    view.run("document.querySelector('.chart.narrow').scrollIntoView()").await;
    view.client.perform_actions(tap).await.expect("a bar can be touched");
    view.tip_is_that_of_mark(0).await;
}

/// Where the browser forbids the clipboard, the command is at least selected.
async fn copying(view: &View<'_>) {
    let button = view.client.find(Locator::Css("main .copy")).await.expect("there is a button that copies");
    button.click().await.expect("the button can be clicked");
    view.until("['Copied', 'Selected'].includes(document.querySelector('main .copy').textContent)").await;
}

impl View<'_> {
    /// Once all scrolling has come to rest, the tip shows the mark's value, and both are in sight.
    async fn tip_is_that_of_mark(&self, number: usize) {
        let script = format!(
            "const done = arguments[0];
             requestAnimationFrame(() => requestAnimationFrame(() => {{
                 const tip = document.getElementById('tip');
                 const mark = document.activeElement.querySelectorAll('.mark')[{number}];
                 const seen = [tip, mark].every((element) => {{
                     const at = element.getBoundingClientRect();
                     return at.bottom > 0 && at.top < innerHeight && at.left >= 0 && at.right <= innerWidth;
                 }});
                 done([!tip.hidden && mark.matches('.on') && tip.textContent === mark.dataset.value, seen, mark.dataset.value]);
             }}));"
        );
        let found = self.client.execute_async(&script, Vec::new()).await.expect("the tip can be looked at");
        assert_eq!((&found[0], &found[1]), (&json!(true), &json!(true)), "the tip of mark {number}: {found}");
        assert!(found[2].as_str().is_some_and(|words| words.contains(|c: char| c.is_ascii_digit())), "{found}");
    }

    async fn nothing_fetched_or_complained_of(&self) {
        assert_eq!(self.complaints().await, json!([]), "the browser's console");
        let events = self.post("se/log", json!({ "type": "performance" })).await;
        let events = events.as_array().expect("the log is a list").iter();
        let messages = events.filter_map(|event| serde_json::from_str::<Value>(event["message"].as_str()?).ok());
        let mut addresses: Vec<String> = messages
            .map(|event| event["message"].clone())
            .filter(|message| message["method"] == "Network.requestWillBeSent")
            // The browser's own first page asks for its own parts.
            .filter(|message| message["params"]["documentURL"].as_str().is_some_and(|page| page.starts_with("file://")))
            .filter_map(|message| Some(message["params"]["request"]["url"].as_str()?.to_owned()))
            .collect();
        assert!(!addresses.is_empty(), "the page's own address is in the log");
        addresses.retain(|address| !address.starts_with("file://") && !address.starts_with("data:"));
        assert!(addresses.is_empty(), "the page asked for {addresses:?}");
    }
}

/// A page of four scenarios, measured here and now.
fn measured_page(folder: &Path) -> PathBuf {
    let scenario = |name: &str, toml: &str| {
        let path = folder.join(name).with_extension("toml");
        fs::write(&path, toml).expect("the temporary folder is writable");
        path.display().to_string()
    };
    let few = |scenario: &str, more: &[&str], succeeds: bool| {
        let arguments = [&["run", scenario, "--rounds", "2"], more].concat();
        assert_eq!(makespan(folder, &arguments), succeeds, "makespan {}", arguments.join(" "));
    };
    let waits = ["--strategy", "threads,async", "--workers", "2,30", "--time-scale", "10"];
    few("latency_only", &waits, true);
    few("prime_sum", &["--strategy", "threads", "--workers", "1,2"], true);
    few(&scenario("one-error", ONE_ERROR), &[], true);
    few(&scenario("all-wrong", ALL_WRONG), &[], false);
    let page = folder.join("page.html");
    assert!(makespan(folder, &["report", "--out", &page.display().to_string()]), "the page is written");
    page
}

fn makespan(folder: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new(common::program_under_test());
    command.args(arguments).arg("--data").arg(folder.join("data")).current_dir(folder);
    // No links to whatever Criterion measured last in this checkout.
    command.env("CRITERION_HOME", folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("makespan starts").success()
}
