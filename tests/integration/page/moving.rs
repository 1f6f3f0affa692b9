//! Moving through the page: keys, the search box, the presenter's view, tables that sort and are saved, timelines that
//! zoom, paper, and what axe-core says of it all.

use super::{DESK, PAPER, PHONE};
use crate::browser::View;
use fantoccini::key::Key;
use serde_json::{Value, json};
use std::path::Path;

pub async fn look_at(view: &View<'_>, page: &Path) {
    let address = format!("file://{}", page.display());
    view.show(DESK, "light", "screen").await;
    view.client.goto(&address).await.expect("the page opens");
    the_first_screen_has_everything(view).await;
    keys(view).await;
    searching(view).await;
    addresses_open_what_they_point_into(view).await;
    presenting(view).await;
    sorting(view).await;
    saving(view).await;
    zooming(view).await;
    sorting_by_value(view).await;
    drawer(view).await;
    printing(view).await;
    axe(view, &address).await;
    view.nothing_fetched_or_complained_of().await;
}

/// The claim whose question is at the top of the window.
const AT_TOP: &str = "[...document.querySelectorAll('article.claim')].find((claim) => Math.abs(claim.getBoundingClientRect().top) < innerHeight / 6)?.id";

async fn at_claim(view: &View<'_>, id: &str) {
    view.until(&format!("location.hash === '#{id}' && ({AT_TOP}) === '{id}'")).await;
}

async fn the_first_screen_has_everything(view: &View<'_>) {
    for part in ["h1", ".takeaway", ".winners table", ".tiles", ".strip"] {
        let seen = format!("document.querySelector('{part}').getBoundingClientRect().bottom <= innerHeight");
        assert_eq!(view.value(&seen).await, true, "{part}");
    }
    // No table reaches into the next one.
    let wide = "[...document.querySelectorAll('.winners table')].filter((table, place, all) => table.getBoundingClientRect().right > (all[place + 1]?.getBoundingClientRect().left ?? innerWidth)).length";
    assert_eq!(view.value(wide).await, 0);
    assert_eq!(view.value("document.querySelectorAll('.winners [scope=rowgroup]').length").await, 1, "in Python");
    // Every claim fits a screen.
    let tall = "[...document.querySelectorAll('article.claim')].filter((claim) => claim.offsetHeight > innerHeight).map((claim) => claim.id)";
    assert_eq!(view.value(tall).await, json!([]));
}

async fn keys(view: &View<'_>) {
    let all = view.value("[...document.querySelectorAll('article.claim')].map((claim) => claim.id)").await;
    let id = |place: usize| all[place].as_str().expect("there are claims").to_owned();
    for (key, claim) in [('j', 0), ('j', 1), ('j', 2), ('k', 1)] {
        view.press(key).await;
        at_claim(view, &id(claim)).await;
    }
    view.client.back().await.expect("there is a way back");
    at_claim(view, &id(2)).await;
    let marked = "document.querySelector('#contents [aria-current]').hash";
    view.until(&format!("{marked} === '#{}'", id(2))).await;
    // So is any other part of the page.
    let others = view.value("[...document.querySelectorAll('#contents ul > li > a')].map((link) => link.hash)").await;
    for other in others.as_array().expect("there are more than claims") {
        view.run(&format!("location.hash = {other}")).await;
        view.until(&format!("{marked} === {other}")).await;
    }
    view.press('t').await;
    view.until(&format!("scrollY === 0 && {marked} === '#top'")).await;
    // Again, although the address stays the same.
    view.run("scrollTo(0, 3000)").await;
    view.press('t').await;
    view.until("scrollY === 0").await;
    view.press('?').await;
    view.until("document.getElementById('keys').open").await;
    // Single keys can be switched off.
    view.run("document.getElementById('single-keys').click()").await;
    view.press(Key::Escape).await;
    view.until("!document.getElementById('keys').open").await;
    view.press('j').await;
    assert_eq!(view.value("location.hash").await, "#top");
    view.run("document.getElementById('single-keys').click()").await;
}

async fn searching(view: &View<'_>) {
    for (wanted, claim) in [("001-4", "001-4"), ("thirty DEPENDS", "001-5")] {
        view.press('g').await;
        view.until("document.activeElement.id === 'find'").await;
        for key in wanted.chars() {
            view.press(key).await;
        }
        view.until("document.getElementById('found').textContent.includes('of')").await;
        view.press(Key::Enter).await;
        at_claim(view, claim).await;
    }
}

/// The first timeline of a claim.
const TIMELINE: &str = "document.querySelector('.folds figure[id$=\"-timeline\"]')";

async fn addresses_open_what_they_point_into(view: &View<'_>) {
    view.run(&format!("location.hash = {TIMELINE}.id")).await;
    let top = format!("{TIMELINE}.getBoundingClientRect().top");
    view.until(&format!("{TIMELINE}.closest('details').open && {top} >= 0 && {top} < innerHeight / 4")).await;
}

/// The claim alone, then its answer, then the next one.
async fn presenting(view: &View<'_>) {
    view.run("location.hash = '000-3'").await;
    at_claim(view, "000-3").await;
    view.press('p').await;
    let seen = "[...document.querySelectorAll('article.claim')].filter((claim) => claim.checkVisibility()).map((claim) => claim.id)";
    view.until(&format!("JSON.stringify({seen}) === '[\"000-3\"]'")).await;
    let answer = "document.querySelector('.on-stage .answer').checkVisibility({ visibilityProperty: true })";
    assert_eq!(view.value(answer).await, false);
    assert_eq!(view.value("document.documentElement.scrollHeight <= innerHeight").await, true, "it fits");
    view.press(' ').await;
    view.until(answer).await;
    view.press(Key::Right).await;
    view.until(&format!("!({answer}) && ({seen})[0] !== '000-3'")).await;
    view.press(Key::Left).await;
    view.until(&format!("({seen})[0] === '000-3'")).await;
    // A part that is opened can be scrolled to, and a remote control turns the page from there.
    let first = "document.querySelector('.on-stage .folds summary')";
    view.press(' ').await;
    view.run(&format!("{first}.focus(); {first}.click()")).await;
    view.until("document.querySelector('.on-stage .folds details').open").await;
    assert_eq!(view.value("getComputedStyle(document.documentElement).overflowY").await, "visible");
    view.press(Key::PageDown).await;
    view.until(&format!("({seen})[0] !== '000-3'")).await;
    view.press(Key::PageUp).await;
    view.until(&format!("({seen})[0] === '000-3'")).await;
    // A lecture's order.
    let lecture = "(() => { const order = document.getElementById('order'); order.selectedIndex = 1; order.dispatchEvent(new Event('change')); return order.value; })()";
    let order = view.value(lecture).await;
    let first = order.as_str().and_then(|ids| ids.split(' ').next()).expect("a lecture has claims").to_owned();
    view.until(&format!("({seen})[0] === '{first}'")).await;
    view.press(Key::Escape).await;
    view.until(&format!("({seen}).length > 1 && document.getElementById('stage').hidden")).await;
}

const TABLE: &str = "document.querySelector('#measurements table')";

async fn sorting(view: &View<'_>) {
    let column = format!("[...{TABLE}.tBodies[0].rows].map((row) => row.cells[2].textContent)");
    let mut orders = Vec::new();
    for direction in ["ascending", "descending"] {
        view.run(&format!("{TABLE}.tHead.rows[0].cells[2].querySelector('button').click()")).await;
        assert_eq!(view.value(&format!("{TABLE}.tHead.rows[0].cells[2].getAttribute('aria-sort')")).await, direction);
        orders.push(figures(&view.value(&column).await));
    }
    assert!(orders[0].len() > 1 && orders[0].is_sorted(), "{orders:?}");
    orders[0].reverse();
    assert_eq!(orders[0], orders[1]);
}

fn figures(column: &Value) -> Vec<f64> {
    let text = |cell: &Value| cell.as_str().unwrap_or_default().trim_end_matches('×').parse().unwrap_or(f64::NAN);
    column.as_array().expect("it is a column").iter().map(text).collect()
}

/// Times are sorted by their length, whatever their unit, and what is missing is last in either direction.
async fn sorting_by_value(view: &View<'_>) {
    let rows = ["749 ms", "8.99 s", "–", "273 µs", "1,000 ms", "not measured"]
        .map(|text| format!("<tr><td>{text}</td></tr>"))
        .concat();
    view.run(&format!(
        "{TABLE}.tBodies[0].innerHTML = '{rows}'; {TABLE}.tHead.rows[0].cells[0].removeAttribute('aria-sort')"
    ))
    .await;
    let column = format!("[...{TABLE}.tBodies[0].rows].map((row) => row.cells[0].textContent)");
    for expected in [
        ["273 µs", "749 ms", "1,000 ms", "8.99 s", "not measured", "–"],
        ["8.99 s", "1,000 ms", "749 ms", "273 µs", "not measured", "–"],
    ] {
        view.run(&format!("{TABLE}.tHead.rows[0].cells[0].querySelector('button').click()")).await;
        assert_eq!(view.value(&column).await, json!(expected));
    }
}

/// What is saved is what is shown.
async fn saving(view: &View<'_>) {
    view.run("window.saved = []; URL.createObjectURL = (blob) => { blob.text().then((text) => window.saved.push(text)); return '#measurements'; }").await;
    view.run("document.querySelectorAll('#measurements .save button').forEach((button) => button.click())").await;
    view.until("window.saved.length === 2").await;
    let saved = view.value("window.saved").await;
    let csv = saved[0].as_str().expect("it is text");
    let json: Value = serde_json::from_str(saved[1].as_str().expect("it is text")).expect("it is JSON");
    let rows = view.value(&format!("{TABLE}.tBodies[0].rows.length")).await;
    assert_eq!(json!(csv.lines().count() - 1), rows);
    assert_eq!(json!(json.as_array().expect("it is a list").len()), rows);
    assert!(csv.starts_with("scenario,") && json[0]["scenario"].is_string(), "{csv}");
}

/// A timeline shows a part of the run, with an axis of its own, and all of it again.
async fn zooming(view: &View<'_>) {
    view.run(&format!("location.hash = {TIMELINE}.id")).await;
    let axis = format!(
        "[...{TIMELINE}.querySelectorAll('.chart.wide .time-axis text')].map((text) => text.textContent).join()"
    );
    let press = |name: &str| {
        format!(
            "[...{TIMELINE}.querySelectorAll('.zoom button')].find((button) => button.textContent === '{name}').click()"
        )
    };
    let whole = view.value(&axis).await;
    view.run(&press("Zoom in")).await;
    assert_ne!(view.value(&axis).await, whole);
    view.run(&press("Whole run")).await;
    assert!(view.value(&axis).await.as_str().is_some_and(|ticks| ticks.starts_with("0,")));
    let tip = format!("{TIMELINE}.querySelector('.chart.wide .mark').dataset.value");
    let tip = view.value(&tip).await;
    for expected in ["worker 0", " to ", "waiting for the server"] {
        assert!(tip.as_str().is_some_and(|words| words.contains(expected)), "{expected} is not in {tip}");
    }
}

/// On a phone the list is a drawer.
async fn drawer(view: &View<'_>) {
    view.show(PHONE, "light", "screen").await;
    let shown = "document.getElementById('contents').checkVisibility()";
    view.until(&format!("!{shown}")).await;
    view.run("document.getElementById('drawer').click()").await;
    view.until(shown).await;
    view.run("document.querySelector('#contents ol a[href=\"#001-4\"]').click()").await;
    view.until(&format!("!{shown} && location.hash === '#001-4'")).await;
}

/// One claim a page, unless everything is asked for.
async fn printing(view: &View<'_>) {
    view.show(PAPER, "light", "print").await;
    let claims = view.value("document.querySelectorAll('article.claim:not(.quiet)').length").await.as_u64();
    let claims = claims.expect("it is a number");
    let few = pages(view).await;
    let alone = "[...document.querySelectorAll('main h2')].filter((heading) => heading.checkVisibility() && !heading.nextElementSibling?.checkVisibility()).map((heading) => heading.textContent)";
    assert_eq!(view.value(alone).await, json!([]), "headings without what they are of");
    // The front has at most three pages, and what was measured one.
    assert!((claims..=claims + 4).contains(&few), "{few} pages for {claims} claims");
    view.run("document.getElementById('print-everything').checked = true").await;
    assert!(pages(view).await > few);
    view.run("document.getElementById('print-everything').checked = false").await;
    assert_eq!(pages(view).await, few, "it is folded again");
}

async fn pages(view: &View<'_>) -> u64 {
    let printed = view.devtools("Page.printToPDF", json!({ "preferCSSPageSize": true })).await;
    let printed = printed["data"].as_str().expect("it is printed");
    let count = "const bytes = atob(arguments[0]); return (bytes.match(/\\/Type\\s*\\/Page\\b/g) || []).length;";
    let count = view.client.execute(count, vec![json!(printed)]).await.expect("it can be counted");
    count.as_u64().expect("it is a number")
}

/// What axe-core says of the front and the claims, and of everything unfolded, by day and by night.
async fn axe(view: &View<'_>, address: &str) {
    for scheme in ["light", "dark"] {
        view.show(DESK, scheme, "screen").await;
        view.client.goto(&format!("{address}#000-3")).await.expect("the page opens");
        view.run("location.reload()").await;
        for everything in [false, true] {
            if everything {
                view.run("document.querySelectorAll('details').forEach((details) => { details.open = true; })").await;
            }
            view.axe().await;
        }
    }
}
