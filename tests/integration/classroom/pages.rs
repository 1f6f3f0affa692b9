//! The pages in a real browser: a class is asked, a race is watched to its end, guesses are sealed and revealed, a lesson
//! is clicked through; on a projector, on a phone, in the dark and without a mouse.
//!
//! The races are real and tiny. Nothing here asks how long anything takes.

mod lessons;

use super::harness::{Classroom, asked, guess as sent_guess, long, short};
use crate::browser::{Driver, View};
use fantoccini::{Locator, key::Key};
use futures_util::FutureExt;
use makespan::{
    classroom::wire::RaceRequest,
    figures::{interval, ratio},
};
use nix::sys::signal::Signal;
use serde_json::json;
use std::panic::{AssertUnwindSafe, resume_unwind};
const CHECKS: &str = concat!(include_str!("../page/checks.js"), include_str!("checks.js"));
const PROJECTOR: (u32, u32) = (1280, 720);
const PHONE: (u32, u32) = (360, 740);
/// A name that tries to be more than text.
const HOSTILE: &str = "<img src=x onerror=x>";

/// Opens browsers and a classroom that others can join, and looks at it: the lecturer first, then a pupil.
fn look(tested: &str, looks: impl AsyncFnOnce(&View<'_>, &View<'_>, &Classroom)) {
    let temporary = tempfile::tempdir().expect("the temporary folder is writable");
    let Some(driver) = Driver::start(tested, temporary) else { return };
    let classroom = Classroom::shared();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let clients = [driver.session("lecturer").await, driver.session("pupil").await];
        let [lecturer, pupil] = clients.each_ref().map(|client| View { client, port: driver.port, checks: CHECKS });
        let outcome = AssertUnwindSafe(looks(&lecturer, &pupil, &classroom)).catch_unwind().await;
        for client in clients {
            client.close().await.expect("the browser closes");
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

impl View<'_> {
    /// Opens a page of the classroom and waits until it has heard of the room.
    async fn open(&self, address: &str) {
        self.client.goto(address).await.expect("the page opens");
        self.until("document.body.dataset.phase").await;
    }

    async fn click(&self, selector: &str) {
        let element =
            self.client.find(Locator::Css(selector)).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    async fn type_into(&self, selector: &str, text: &str) {
        let element =
            self.client.find(Locator::Css(selector)).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.send_keys(text).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    async fn text(&self, id: &str) -> String {
        self.value(&format!("document.getElementById('{id}').textContent")).await.as_str().expect("words").to_owned()
    }

    async fn phase(&self, phase: &str) {
        self.until(&format!("document.body.dataset.phase === '{phase}'")).await;
    }

    /// What must hold of every page at any moment.
    async fn is_sound(&self) {
        let width = self.value("innerWidth").await;
        for check in
            ["names()", "headings()", "alternatives()", "contrast()", "lettering()", &format!("sideways({width})")]
        {
            self.check(check).await;
        }
    }

    /// The same on a projector and a phone, by day and by night.
    async fn is_sound_everywhere(&self) {
        for (size, scheme) in [(PHONE, "light"), (PHONE, "dark"), (PROJECTOR, "dark"), (PROJECTOR, "light")] {
            self.show(size, scheme, "screen").await;
            // A page that was resized is drawn again a moment later.
            let fits = "[...document.querySelectorAll('.drawing > svg')].filter((one) => one.checkVisibility()).every((one) => Math.abs(one.viewBox.baseVal.width - one.parentNode.clientWidth) < 2)";
            self.until(&format!("timer === null && {fits}")).await;
            self.is_sound().await;
            if size == PROJECTOR {
                self.axe().await;
            }
        }
    }

    async fn has_no_complaints(&self) {
        assert_eq!(self.complaints().await, json!([]), "the browser's console");
    }

    /// A request of the page's own.
    async fn demand(&self, path: &str, wanted: &RaceRequest) {
        let body = serde_json::to_string(wanted).expect("JSON");
        let script = format!("const done = arguments[0]; post('{path}', {body}).then(done);");
        let refusal = self.client.execute_async(&script, Vec::new()).await.expect("the page posts");
        assert_eq!(refusal, json!(""), "{path}");
    }
}

#[test]
fn a_race_is_asked_for_guessed_watched_and_revealed() {
    look("the classroom in two browsers", async |lecturer, pupil, classroom| {
        lecturer.show(PROJECTOR, "light", "screen").await;
        lecturer.open(&classroom.here).await;
        lecturer.is_sound_everywhere().await;
        choose_a_tiny_race(lecturer).await;
        lecturer.click("#ask-button").await;
        lecturer.phase("asking").await;
        lecturer.is_sound_everywhere().await;
        lecturer.check("in_sight('#question', '#guess', '.join-here .join-code', '#run-button')").await;

        join(pupil, classroom).await;
        guess(pupil, "0,3", HOSTILE).await;
        lecturer.until("document.getElementById('count').textContent === '1'").await;
        guess(lecturer, "2", "Ada").await;
        pupil.until("document.getElementById('count').textContent === '2'").await;
        // The guesses of others can't be seen.
        assert_eq!(pupil.value("document.body.textContent.includes('Ada')").await, false);

        watch(lecturer).await;
        lecturer.run("document.activeElement.blur()").await;
        lecturer.until("isSettled()").await;
        // It may be over before anybody asks: the page itself writes down what it shows meanwhile.
        pupil
            .run(
                "window.sealed = false;
                 new MutationObserver(() => {
                     const shown = byId('mine').textContent.includes('0.3\\u00a0s, sealed') && byId('guess').hidden && byId('reveal').hidden;
                     sealed ||= document.body.dataset.phase === 'running' && shown;
                 }).observe(document.body, { subtree: true, attributes: true, childList: true, characterData: true });",
            )
            .await;
        lecturer.press('r').await;
        lecturer.phase("over").await;
        pupil.phase("over").await;
        assert_eq!(pupil.value("sealed").await, true);
        was_watched(lecturer).await;
        figures_are_those_of_the_export(lecturer).await;
        for view in [lecturer, pupil] {
            is_revealed(view).await;
            view.is_sound_everywhere().await;
        }
        assert_eq!(lecturer.value("document.querySelectorAll('main img[src=x], #guesses img').length").await, 0);
        nothing_takes_the_result_away(lecturer).await;
        a_failed_cell_has_its_reason_and_no_time(pupil).await;
        for view in [lecturer, pupil] {
            view.has_no_complaints().await;
        }
    });
}

/// Through the form, with fewer choices than it offers at first.
async fn choose_a_tiny_race(view: &View<'_>) {
    let scenario = view.client.find(Locator::Css("#scenario")).await.expect("there is a choice");
    scenario.select_by_value("latency_only").await.expect("it is among them");
    for value in ["processes", "async", "4", "8"] {
        view.run(&format!("document.querySelector('input[value=\"{value}\"]').nextElementSibling.click()")).await;
    }
    view.run("byId('rounds').value = '2'").await;
    let wanted = view.value("wantedNow()").await;
    let expected = json!({ "scenario": "latency_only", "variant": null, "strategies": ["threads"], "workers": ["2"],
        "schedules": [], "rounds": 2, "time_scale": null, "ask": "threads x 2" });
    assert_eq!(wanted, expected);
}

async fn join(pupil: &View<'_>, classroom: &Classroom) {
    let (origin, code) = classroom.elsewhere.as_ref().expect("it is shared");
    pupil.client.goto(&format!("{origin}/join")).await.expect("the page opens");
    pupil.show(PHONE, "light", "screen").await;
    pupil.is_sound().await;
    pupil.type_into("#code", "AAAA-AAAA").await;
    pupil.click("#seat button").await;
    pupil.until("!document.getElementById('seat-refusal').hidden").await;
    // That the wrong code was refused stands in the browser's console as well.
    pupil.complaints().await;
    pupil.client.goto(&format!("{origin}/join?code={code}")).await.expect("the page opens");
    pupil.click("#seat button").await;
    // A script that waits would end with the page that is left.
    pupil.client.wait().for_element(Locator::Css("body.seated")).await.expect("the pupil has a seat");
    pupil.phase("asking").await;
    pupil.is_sound().await;
}

async fn guess(view: &View<'_>, seconds: &str, name: &str) {
    view.type_into("#seconds", "soon").await;
    view.click("#guess button").await;
    view.until("!document.getElementById('guess-refusal').hidden").await;
    view.run("document.getElementById('seconds').value = ''").await;
    view.type_into("#seconds", seconds).await;
    view.type_into("#name", name).await;
    view.press(Key::Enter).await;
    view.until("!document.getElementById('mine').hidden && document.getElementById('guess-refusal').hidden").await;
}

/// Records what the panels and the clock show.
async fn watch(view: &View<'_>) {
    view.run(
        "window.seen = {}; window.clocks = new Set();
         new MutationObserver(() => {
             clocks.add(byId('clock').textContent);
             for (const panel of document.querySelectorAll('.panel')) (seen[panel.dataset.cell] ||= new Set()).add(panel.dataset.state);
         }).observe(byId('race'), { subtree: true, childList: true, attributes: true, characterData: true });",
    )
    .await;
}

async fn was_watched(view: &View<'_>) {
    view.until("[...document.querySelectorAll('.panel')].every((panel) => panel.dataset.state === 'measured')").await;
    let states = view.value("Object.entries(seen).map(([cell, states]) => [cell, states.has('running')])").await;
    assert_eq!(states, json!([["sequential x 1", true], ["threads x 2", true]]));
    assert!(view.value("clocks.size").await.as_u64() > Some(2), "the clock runs");
    let words =
        view.value("[...document.querySelectorAll('.picture')].map((one) => one.getAttribute('aria-label'))").await;
    assert!(
        words.to_string().contains("2 threads: last run") && words.to_string().contains("30 tasks on 2 workers"),
        "{words}"
    );
    // Something is drawn in each lane: not all of it is the page's ground.
    let drawn = "[...document.querySelectorAll('.picture canvas')].every((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0))";
    assert_eq!(view.value(drawn).await, true);
    // Nothing is drawn when nothing happens.
    view.until("timer === null").await;
}

/// The table and the chart show what the server's export has.
async fn figures_are_those_of_the_export(view: &View<'_>) {
    let script = "const done = arguments[0]; fetch('/export').then((answer) => answer.json()).then(done);";
    let export = view.client.execute_async(script, Vec::new()).await.expect("the export");
    let cells = export["races"][0]["cells"].as_array().expect("cells");
    for cell in cells {
        let row = format!(
            "document.querySelector('#figures tr[data-cell=\"{}\"]').textContent",
            cell["name"].as_str().expect("a name")
        );
        let row = view.value(&row).await;
        if let Some(speedup) = cell["speedup"].as_object() {
            let figure = |key: &str| speedup[key].as_f64().expect("a figure");
            let expected = format!("{}×{}", ratio(figure("estimate")), interval(figure("low"), figure("high")));
            assert!(row.as_str().expect("a row").ends_with(&expected), "{row}, expected {expected}");
        }
    }
    let points = view.value("[...document.querySelectorAll('#chart .mark')].map((mark) => [mark.dataset.cell, +mark.dataset.estimate, mark.querySelectorAll('.round').length])").await;
    assert_eq!(points, json!([[cells[1]["name"], cells[1]["speedup"]["estimate"], 2]]));
}

async fn is_revealed(view: &View<'_>) {
    view.until("!document.getElementById('reveal').hidden").await;
    let sentence = view.text("reveal-sentence").await;
    for part in [" took ", "95\u{a0}% interval", "2 rounds", "The class's median was 1.15\u{a0}s", "Closest: "] {
        assert!(sentence.replace("95 %", "95\u{a0}%").contains(part), "{part} is not in: {sentence}");
    }
    assert!(sentence.contains(HOSTILE) || sentence.contains("Ada"), "{sentence}");
    assert_eq!(view.value("document.querySelectorAll('#strip .guessed').length").await, 2);
    // Two rounds may not tell who was closer.
    assert_ne!(view.value("document.querySelectorAll('#strip .closest').length").await, 0);
    assert_eq!(view.value("document.querySelectorAll('#strip .truth').length").await, 1);
    let names =
        view.value("[...document.querySelectorAll('#guesses tr')].map((row) => row.cells[0].textContent)").await;
    // Each page marks its own.
    let own = if names[0] == format!("{HOSTILE} (you)") {
        [format!("{HOSTILE} (you)"), "Ada".into()]
    } else {
        [HOSTILE.into(), "Ada (you)".into()]
    };
    assert_eq!(names, json!(own));
}

/// Not a key pressed twice; and when the lecturer runs another race, the earlier result can be called back.
async fn nothing_takes_the_result_away(view: &View<'_>) {
    let sentence = view.text("reveal-sentence").await;
    view.run("document.activeElement.blur()").await;
    view.press('r').await;
    view.press('r').await;
    assert_eq!(view.value("[room.phase, room.race, byId('reveal').hidden]").await, json!(["over", 1, false]));
    view.demand("/run", &short()).await;
    view.until("room.race === 2 && room.phase === 'over'").await;
    assert_eq!(view.value("byId('reveal').hidden").await, true);
    view.run("byId('results-button').closest('details').open = true").await;
    view.click("#results-button").await;
    view.until("byId('results').open && byId('results-list').children.length === 2").await;
    view.click("#results-list details:last-child summary").await;
    view.until("document.querySelector('#results-list details[open] svg')").await;
    let called_back = view.value("document.querySelector('#results-list details[open] .answer').textContent").await;
    assert_eq!(called_back, json!(sentence));
    let dots = "document.querySelectorAll('#results-list details[open] .guessed').length";
    assert_eq!(view.value(dots).await, 2);
    let cells = "[...document.querySelectorAll('#results-list details[open] tbody tr')].map((row) => row.dataset.cell)";
    assert_eq!(view.value(cells).await, json!(["sequential x 1", "threads x 2"]));
    assert_eq!(view.value("document.querySelector('#results a').getAttribute('href')").await, "/export");
    view.is_sound_everywhere().await;
    view.press(Key::Escape).await;
    view.until("!byId('results').open").await;
}

/// No built-in scenario gives a wrong answer, so the page is sent one.
async fn a_failed_cell_has_its_reason_and_no_time(view: &View<'_>) {
    view.run(
        "const failed = { check: 'failed', error: '<b>wrong</b>', task_errors: 0, times_s: [], speedup: null };
         heardRun(`${race.number}.${race.last + 1}`, { event: 'standings', cells: [race.entries[0].standing, failed] });",
    )
    .await;
    view.until("document.querySelector('.panel[data-state=failed]')").await;
    let told = "[...document.querySelectorAll('.panel[data-state=failed] .reason, #figures .failed .reason')].map((one) => one.textContent)";
    assert_eq!(view.value(told).await, json!(["<b>wrong</b>", "failed: <b>wrong</b>"]));
    assert_eq!(view.value("document.querySelector('.panel[data-state=failed] .took').textContent").await, "failed");
    assert_eq!(view.value("document.querySelectorAll('#chart .mark').length").await, 0);
    view.is_sound().await;
}

/// Whatever some phones send: the honest guesses can still be read, and nothing fails.
#[test]
fn absurd_guesses_spoil_nothing() {
    look("hostile phones in a browser", async |lecturer, pupil, classroom| {
        lecturer.show(PROJECTOR, "light", "screen").await;
        lecturer.open(&classroom.here).await;
        lecturer.demand("/ask", &asked()).await;
        for (seconds, status) in [
            ("1e-320", 400),
            ("1e-9", 400),
            ("0x1", 400),
            ("86400.1", 400),
            ("0.001", 200),
            ("0,001", 200),
            ("86400", 200),
            ("0.02", 200),
            ("0.03", 200),
            ("0.04", 200),
            ("0.05", 200),
        ] {
            let sent = classroom.browser().post("/guess", &sent_guess("", seconds));
            assert_eq!(sent.status, status, "{seconds}");
        }
        join(pupil, classroom).await;
        // Nothing of that is even sent from a page.
        for absurd in ["1e-320", "0x10", "-1", "NaN", "0", "86401", "1.2.3"] {
            pupil.run("byId('seconds').value = ''; refuse('', 'guess-refusal')").await;
            pupil.type_into("#seconds", absurd).await;
            pupil.press(Key::Enter).await;
            pupil.until("!byId('guess-refusal').hidden").await;
        }
        assert_eq!(pupil.value("room.question.guesses").await, 7);
        lecturer.click("#run-button").await;
        for view in [lecturer, pupil] {
            view.until("room.phase === 'over' && document.querySelector('#strip svg')").await;
            view.is_sound_everywhere().await;
            let beyond = "[...document.querySelectorAll('#strip text')].map((text) => /^(\\d+) (below|above) /.exec(text.textContent)).filter(Boolean).map(([, count, side]) => [side, +count])";
            let beyond: Vec<(String, u64)> =
                serde_json::from_value(view.value(beyond).await).expect("sides and counts");
            assert!(beyond.contains(&("above".into(), 1)), "{beyond:?}");
            let dots = view.value("document.querySelectorAll('#strip .guessed').length").await.as_u64();
            assert_eq!(
                dots.map(|dots| dots + beyond.iter().map(|(_, count)| count).sum::<u64>()),
                Some(7),
                "{beyond:?}"
            );
            // The honest ones stand apart.
            let places = "new Set([...document.querySelectorAll('#strip .guessed')].map((dot) => Math.round(dot.getAttribute('cx') / 8))).size";
            assert!(view.value(places).await.as_u64() >= Some(4));
            view.has_no_complaints().await;
        }
    });
}

#[test]
fn a_phone_has_all_that_a_guess_needs_and_shows_its_own() {
    look("a phone that guesses, in a browser", async |lecturer, pupil, classroom| {
        lecturer.show(PROJECTOR, "light", "screen").await;
        lecturer.open(&classroom.here).await;
        let lesson = &makespan::lesson::all().expect("the lessons are right")[0];
        lecturer.demand("/ask", &lesson.race.as_ref().map(RaceRequest::from).expect("it has a race")).await;
        join(pupil, classroom).await;
        let facts = pupil.text("facts").await;
        assert!(facts.starts_with(&lesson.question) && facts.contains("five threads share the requests"), "{facts}");
        lecturer.click("#stop-button").await;

        // A latecomer is told.
        lecturer.demand("/ask", &RaceRequest { ask: Some("threads x 2".into()), ..long() }).await;
        pupil.until("byId('facts').textContent.startsWith('30 tasks on ')").await;
        lecturer.click("#run-button").await;
        pupil.phase("running").await;
        pupil.until("byId('mine').textContent.includes('guessing is over')").await;
        pupil.is_sound_everywhere().await;
        lecturer.click("#stop-button").await;
        lecturer.phase("over").await;

        lecturer.demand("/ask", &asked()).await;
        pupil.phase("asking").await;
        assert_eq!(pupil.value("[byId('seconds').placeholder, byId('mine').hidden]").await, json!(["", true]));
        // A refusal is gone as soon as somebody types on.
        pupil.type_into("#seconds", "1e").await;
        pupil.press(Key::Enter).await;
        pupil.until("!byId('guess-refusal').hidden").await;
        pupil.type_into("#seconds", "2").await;
        pupil.until("byId('guess-refusal').hidden").await;
        pupil.run("byId('seconds').value = ''").await;
        guess(pupil, "0,3", "Rude").await;
        let honest = classroom.browser().post("/guess", &sent_guess("Ann", "0.02"));
        assert_eq!(honest.status, 200);
        lecturer.until("byId('connected').textContent === '1 connected, 2 guessed.'").await;
        lecturer.click("#run-button").await;
        for view in [pupil, lecturer] {
            view.until("room.phase === 'over' && document.querySelector('#strip svg')").await;
        }
        assert!(pupil.text("own-result").await.starts_with("You guessed 0.3\u{a0}s, "));
        let marks = "[document.querySelectorAll('#strip .own').length, document.querySelector('#guesses .own').cells[0].textContent]";
        assert_eq!(pupil.value(marks).await, json!([1, "Rude (you)"]));
        pupil.is_sound_everywhere().await;
        assert_eq!(
            pupil.value("document.querySelectorAll('#guesses button').length").await,
            0,
            "only the lecturer hides names"
        );

        lecturer.run("byId('guesses').closest('details').open = true").await;
        lecturer.is_sound_everywhere().await;
        lecturer.click("#guesses button[aria-label='Hide the name Rude']").await;
        pupil.until("!document.body.textContent.includes('Rude')").await;
        assert_eq!(pupil.value(marks).await, json!([1, "anonymous (you)"]));

        // A room that is cleared is joined again, with the code that the phone still knows.
        lecturer.run("byId('clear-button').closest('details').open = true").await;
        lecturer.is_sound_everywhere().await;
        lecturer.click("#clear-button").await;
        pupil.client.wait().for_element(Locator::Css("body.join")).await.expect("the phone is asked for the code");
        // That its stream was refused stands in the console.
        pupil.complaints().await;
        pupil.click("#seat button").await;
        pupil.client.wait().for_element(Locator::Css("body.seated")).await.expect("the phone is in again");
        for view in [lecturer, pupil] {
            view.has_no_complaints().await;
        }
    });
}

/// After a restart at the same address, the lecturer's page shows the new code, and a phone asks for it.
#[test]
fn pages_notice_that_the_classroom_was_restarted() {
    look("a classroom that is restarted, in a browser", async |lecturer, pupil, classroom| {
        let first = Classroom::shared();
        lecturer.open(&first.here).await;
        let (origin, code) = first.elsewhere.clone().expect("it is shared");
        pupil.client.goto(&format!("{origin}/join?code={code}")).await.expect("the page opens");
        pupil.click("#seat button").await;
        pupil.client.wait().for_element(Locator::Css("body.seated")).await.expect("the pupil has a seat");
        pupil.phase("idle").await;
        let again = Classroom::after(first);
        let (_, code) = again.elsewhere.as_ref().expect("it is shared");
        lecturer
            .client
            .wait()
            .for_element(Locator::XPath(&format!("//b[text()='{code}']")))
            .await
            .expect("the new code");
        pupil.client.wait().for_element(Locator::Css("body.join")).await.expect("the pupil is asked for the code");
        assert_ne!(again.here, classroom.here);
    });
}

#[test]
fn a_phone_that_comes_again_sees_the_whole_race_and_one_that_is_cut_off_says_so() {
    look("a race that is broken off, in a browser", async |view, _, classroom| {
        view.show(PROJECTOR, "light", "screen").await;
        view.open(&classroom.here).await;
        without_a_mouse(view).await;
        // While answers are checked, the page counts down what that takes at least.
        view.demand("/run", &RaceRequest { time_scale: Some(0.1), ..long() }).await;
        view.until(
            "/^checking, \\d+\\ss$/.test(document.querySelector('.panel[data-state=checking] .facts')?.textContent)",
        )
        .await;
        view.is_sound().await;
        view.click("#stop-button").await;
        view.phase("over").await;
        view.demand("/run", &long()).await;
        view.until("race.rounds > 0 && race.entries.some((one) => one.running)").await;
        let before = view.value("[race.number, race.rounds]").await;
        view.client.refresh().await.expect("it loads again");
        view.until("race.plan && race.rounds > 0 && document.querySelectorAll('.panel').length === 2").await;
        let after = view.value("[race.number, race.rounds]").await;
        assert!(after[0] == before[0] && after[1].as_u64() >= before[1].as_u64(), "{before} became {after}");

        // While it runs, a key starts nothing.
        view.run("document.activeElement.blur()").await;
        view.press('r').await;
        assert_eq!(view.value("byId('run-button').disabled").await, true);
        view.press('s').await;
        view.phase("over").await;
        view.until("byId('status').textContent.startsWith('Stopped')").await;

        // A question that is taken back reveals nothing.
        view.demand("/ask", &asked()).await;
        view.phase("asking").await;
        view.click("#stop-button").await;
        view.phase("over").await;
        assert_eq!(view.value("byId('reveal').hidden").await, true);
        view.has_no_complaints().await;

        view.demand("/run", &long()).await;
        view.until("race.entries.some((one) => one.running)").await;
        classroom.signal(Signal::SIGKILL);
        view.until("!byId('lost').hidden && byId('status').textContent === 'Not connected.'").await;
        // The clock stands still, and nothing pretends to go on.
        view.until("timer === null").await;
        let clock = view.text("clock").await;
        view.until("timer === null").await;
        assert_eq!(view.text("clock").await, clock);
        view.is_sound().await;
    });
}

/// The Tab key reaches everything, where it is can be seen, and Enter runs the race.
async fn without_a_mouse(view: &View<'_>) {
    let mut reached = Vec::new();
    view.press(Key::Tab).await;
    while view.value("document.activeElement === document.body").await == false && reached.len() < 80 {
        view.check("focus()").await;
        let at = view
            .value("document.activeElement.id || document.activeElement.value || document.activeElement.textContent");
        reached.push(at.await.as_str().unwrap_or_default().to_owned());
        view.press(Key::Tab).await;
    }
    let place = |name: &str| {
        reached.iter().position(|at| at == name).unwrap_or_else(|| panic!("{name} is not among {reached:?}"))
    };
    let order = ["theme", "ask-button", "run-button", "scenario", "threads", "8", "rounds", "asked"].map(place);
    assert!(order.is_sorted(), "{reached:?}");
    assert!(!reached.iter().any(|at| at == "stop-button"), "what can't be used is passed over");
    view.run("byId('rounds').focus()").await;
    view.press('r').await;
    assert_eq!(view.value("document.body.dataset.phase").await, "idle", "a letter in a field is a letter");
    view.run("byId('rounds').value = 1; byId('run-button').focus()").await;
    view.press(Key::Enter).await;
    view.phase("running").await;
    view.press('s').await;
    view.phase("over").await;
}
