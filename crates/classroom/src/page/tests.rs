//! Properties of every page.

use super::*;
use std::collections::BTreeMap;

fn pages() -> Vec<String> {
    let hostile = "\"><script>alert(1)</script>";
    let shared = JoinInfo { url: format!("http://10.0.0.1:8000/join?code={hostile}"), code: hostile.into() };
    let place = RunnerSetup {
        program: "makespan".into(),
        data: "data".into(),
        verdicts: BTreeMap::new(),
        python: Ok("CPython 3.14.0".into()),
    };
    let lessons = lessons().iter().map(|one| lesson(one, &place, Some(&shared)).into_string());
    let others = [race(None), race(Some(&shared)), join(hostile, false), join("", true)].map(Markup::into_string);
    lessons.chain(others).collect()
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    for page in pages() {
        assert!(!page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick"));
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        for address in page.split("src=\"").skip(1).chain(page.split("<link rel=\"stylesheet\" href=\"").skip(1)) {
            assert!(address.starts_with('/') && !address.starts_with("//"), "{}", address.split('"').next().unwrap());
        }
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn what_somebody_put_into_an_address_is_text() {
    for page in pages() {
        assert!(!page.contains("<script>alert"));
    }
}

#[test]
fn every_page_has_one_main_heading_and_ids_that_are_unique() {
    for page in pages() {
        assert_eq!(page.matches("<h1").count(), 1);
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}

#[test]
fn the_address_is_shown_as_one_types_it() {
    let shared = JoinInfo { url: "http://10.0.0.1:8000/join?code=ABCD-EFGH".into(), code: "ABCD-EFGH".into() };
    assert_eq!(shared.typed().into_string(), "10.0.0.1:8000<wbr>/join");
}

#[test]
fn the_script_puts_in_nothing_but_text() {
    for way_in in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
        assert!(!SCRIPT.contains(way_in), "{way_in}");
    }
}
