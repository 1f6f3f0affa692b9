//! Guess, race and result. The script fills the elements in; those that are still empty are hidden.

use super::JoinInfo;
use crate::guesses::{LONGEST_NUMBER, POSSIBLE_S, TYPED};
use maud::{Markup, html};
use report::waits;
use work::worker::lane::Activity;

pub(super) fn arena(shared: Option<&JoinInfo>) -> Markup {
    html! {
        (predict(shared))
        (reveal())
        // For those who hear the page: the result in words, as soon as it is there.
        p id="announced" class="unseen" role="status" {}
        div class="arena" {
            (lanes())
            (speedup())
        }
    }
}

/// The reason for a refused request, announced at once.
pub(super) fn refusal(id: &str) -> Markup {
    html! { p id=(id) class="refusal" role="alert" hidden {} }
}

/// The question, a guess, and where to join.
fn predict(shared: Option<&JoinInfo>) -> Markup {
    html! {
        section id="predict" class="predict" aria-labelledby="question" hidden {
            div class="asked" {
                p class="eyebrow" id="about" {}
                h2 id="question" class="question" {}
                p id="facts" class="given" {}
                form id="guess" class="guess" novalidate data-least=(POSSIBLE_S.start()) data-most=(POSSIBLE_S.end()) {
                    div class="field" {
                        label for="seconds" { "Your guess, in seconds" }
                        input id="seconds" name="seconds" inputmode="decimal" autocomplete="off" required maxlength=(LONGEST_NUMBER) pattern=(TYPED);
                    }
                    div class="field" {
                        label for="name" { "Your name (optional)" }
                        input id="name" name="name" autocomplete="off" maxlength="24";
                    }
                    button class="main" type="submit" { "Guess" }
                }
                (refusal("guess-refusal"))
                p id="mine" class="mine" role="status" hidden {}
                p class="counted" { b id="count" { "0" } " " span id="counted" { "guesses so far" } }
            }
            @if let Some(shared) = shared {
                aside class="join-here" aria-label="Where to join" {
                    img src="/join.svg" alt={ "QR code of " (shared.url) } width="220" height="220";
                    p class="address" { (shared.typed()) }
                    p class="join-code" { (shared.code) }
                }
            }
        }
    }
}

/// All guesses beside the measured time.
fn reveal() -> Markup {
    html! {
        section id="reveal" class="reveal" aria-labelledby="reveal-title" hidden {
            h2 id="reveal-title" class="question" {}
            p id="reveal-sentence" class="answer" {}
            p id="own-result" class="mine" hidden {}
            div id="strip" class="drawing" {}
            details {
                summary { "Every guess" }
                div class="scroll" tabindex="0" role="group" aria-label="Every guess" { table { thead { tr { th { "Name" } th class="n" { "Guess" } th class="n" { "of the measured time" } th { span class="unseen" { "Hide the name" } } } } tbody id="guesses" {} } }
            }
        }
    }
}

/// The race itself: a clock, and a panel of lanes for each cell, all on one time axis.
fn lanes() -> Markup {
    html! {
        section id="race" class="lanes" aria-labelledby="race-title" hidden {
            div class="now" {
                div class="now-what" {
                    h2 id="race-title" {}
                    p id="now" class="now-line" {}
                }
                dl id="gauges" class="gauges" hidden {
                    (gauge("done", "done"))
                    (gauge("in-flight", "in flight"))
                    (gauge("cores", "cores busy"))
                }
                button id="zoom" type="button" aria-keyshortcuts="z" hidden {}
                button id="replay" type="button" hidden {}
                p id="clock" class="clock" aria-hidden="true" {}
            }
            div id="stage" class="stage" aria-hidden="true" hidden { canvas {} }
            div id="panels" class="panels" {}
            div id="axis" class="drawing axis" aria-hidden="true" {}
            div class="keys" id="keys" {
                span class="key" { "Lanes and times: each cell's latest round" }
                span class="key" data-kind="run" hidden { span class="swatch" {} "a task" }
                (key(Activity::WaitServer, "wait_server", "server"))
                (key(Activity::WaitLink, "wait_link", "link"))
                (key(Activity::WaitLock, "wait_lock", "lock"))
                span class="key" data-kind="fault" hidden { span class="swatch key-fault" {} "ended in an error" }
            }
            p class="small" id="shared-cores" hidden {}
        }
    }
}

fn gauge(id: &str, name: &str) -> Markup {
    html! { div { dt { (name) } dd id=(id) {} } }
}

/// In the report's own words and tones. The script shows those of which it has drawn something, by their kind in its lanes.
fn key(activity: Activity, kind: &str, class: &str) -> Markup {
    let name = waits::name(activity);
    html! { span class="key" data-kind=(kind) hidden { span class={ "swatch key-" (class) } {} (name) } }
}

pub(super) fn figures_head() -> Markup {
    html! {
        thead { tr { th { "Cell" } th class="n" { "Median of the rounds" } th class="n" { "Speedup" } th class="n" { "95 % interval of the speedup" } } }
    }
}

/// The speedup chart, and its figures as a table.
fn speedup() -> Markup {
    html! {
        section id="speedup" class="speedup" aria-labelledby="speedup-title" hidden {
            h2 id="speedup-title" { "Times as fast as sequential" }
            div id="chart" class="drawing" {}
            p class="small" id="chart-note" {}
            details {
                summary { span id="figures-of" { "The same figures" } }
                div class="scroll" tabindex="0" role="group" aria-label="Figures" {
                    table id="figures" { (figures_head()) tbody {} }
                }
            }
            p class="small" id="command" hidden { "In a terminal: " code {} }
        }
    }
}
