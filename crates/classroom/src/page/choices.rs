//! The form that chooses a race. Its options come from the tables of scenarios and strategies, so the server knows
//! every name in it; its defaults give a good race.

use super::in_attribute;
use harness::scenario::{self, DEFAULT_VARIANT, Scenario};
use maud::{Markup, html};
use report::palette;
use serde::Serialize;
use std::num::NonZeroU32;
use support::figures::time;
use work::{
    strategy::{self, Strategy, python::is_python, sequential::Sequential},
    worker::layout::WorkerLayout,
};

const SCENARIO: &str = "web_requests";
const STRATEGIES: &[&str] = &["threads", "processes", "async"];
const COUNTS: &[(u32, bool)] =
    &[(1, false), (2, true), (3, false), (4, true), (5, false), (8, true), (16, false), (30, false)];
const ROUNDS: u32 = 3;
const ASK: &str = "threads x 8";

/// What the script needs to know about a scenario.
#[derive(Serialize)]
struct Choice {
    name: String,
    question: String,
    /// Its own time scale and the document's, in words; empty for a scenario without waits.
    paces: Vec<String>,
    variants: Vec<(String, u32)>,
}

/// The worker layouts that a strategy takes: one worker, one for each task, any number, or `3x5`.
fn takes(strategy: &dyn Strategy) -> &'static str {
    let shape = |text: &str| text.parse::<WorkerLayout>().ok();
    let has = |text: &str| shape(text).and_then(|asked| strategy.layout(asked, 7)).map(WorkerLayout::workers);
    match (has("2"), has("2x2")) {
        (None, _) => "pairs",
        (Some(NonZeroU32::MIN), _) => "one",
        (Some(seven), _) if seven.get() == 7 => "tasks",
        _ => "number",
    }
}

pub(super) fn form() -> Markup {
    // Built-in scenarios can be loaded: a test loads them all.
    let scenarios = scenario::all().unwrap_or_default();
    let choices: Vec<Choice> = scenarios.iter().map(choice).collect();
    html! {
        details id="setup" class="setup" open {
            summary { span class="what" { "Choose a race" } }
            form id="choose" data-scenarios=(in_attribute(&choices)) {
                div class="row" {
                    div class="field wide" {
                        label for="scenario" { "The work" }
                        select id="scenario" name="scenario" {
                            @for scenario in &scenarios { option value=(scenario.name) selected[scenario.name == SCENARIO] { (scenario.title) } }
                        }
                    }
                    div class="field" {
                        label for="variant" { "Variant" }
                        select id="variant" name="variant" { option value="" { "default" } }
                    }
                }
                fieldset {
                    legend { "Strategies, compared with sequential" }
                    div class="checks" {
                        // Sequential always runs.
                        @for strategy in all(false).filter(|strategy| strategy.name() != Sequential.name()) { (strategy_box(strategy)) }
                    }
                    details {
                        summary { "In Python" }
                        p class="hint" { "If no Python is found, these strategies are skipped, and their lanes say so." }
                        div class="checks" { @for strategy in all(true) { (strategy_box(strategy)) } }
                    }
                }
                fieldset {
                    legend { "Workers" }
                    div class="checks" {
                        @for (count, chosen) in COUNTS {
                            label class="check" { input type="checkbox" name="workers" value=(count) checked[*chosen]; span { (count) } }
                        }
                        label class="check others" for="others" { "and" }
                        input id="others" name="others" class="short-input" placeholder="6, 3x5" autocomplete="off" aria-describedby="others-hint";
                        span id="others-hint" class="hint" { "3x5: three processes of five threads, for hybrid" }
                    }
                }
                div class="row" {
                    div class="field" {
                        label for="rounds" { "Rounds" }
                        input id="rounds" name="rounds" type="number" min="1" max="30" value=(ROUNDS) required;
                    }
                    div class="field wide" {
                        label for="pace" { "Pace" }
                        select id="pace" name="pace" {}
                    }
                    div class="field wide" {
                        label for="asked" { "Ask the class first: how long will it take?" }
                        select id="asked" name="asked" data-default=(ASK) {}
                    }
                }
            }
        }
    }
}

/// Every strategy of ours, or every one in Python.
fn all(in_python: bool) -> impl Iterator<Item = &'static dyn Strategy> {
    strategy::ALL.iter().copied().filter(move |strategy| is_python(strategy.name()) == in_python)
}

fn strategy_box(strategy: &dyn Strategy) -> Markup {
    let name = strategy.name();
    html! {
        label class={ "check s-" (name) } title=(strategy.summary()) {
            input type="checkbox" name="strategies" value=(name) data-takes=(takes(strategy)) checked[STRATEGIES.contains(&name)];
            span { i class="dot" {} (palette::label(name)) }
        }
    }
}

fn choice(scenario: &Scenario) -> Choice {
    let variants = scenario.variants.iter();
    Choice {
        name: scenario.name.clone(),
        question: scenario.question.clone(),
        paces: paces(scenario),
        variants: variants.map(|variant| (variant.name.clone(), variant.tasks())).collect(),
    }
}

/// How long the waits are at the scenario's own time scale and at the document's.
fn paces(scenario: &Scenario) -> Vec<String> {
    let Some(own_s) =
        scenario.variant(DEFAULT_VARIANT).map(scenario::Variant::waits_in_turn_s).filter(|own| *own > 0.0)
    else {
        return Vec::new();
    };
    let scale = scenario.time_scale;
    if (scale - 1.0).abs() < f64::EPSILON {
        return vec![format!("not scaled: {} of waits", time(own_s))];
    }
    vec![
        format!("{scale} times the document's: {} of waits", time(own_s)),
        format!("the document's own: {} of waits", time(own_s * scale)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_takes_what_it_says() {
        let of = |name: &str| takes(strategy::named(name).unwrap());
        assert_eq!(
            [of("sequential"), of("threads"), of("hybrid"), of("thread_per_task"), of("async")],
            ["one", "number", "pairs", "tasks", "number"]
        );
    }

    #[test]
    fn what_stands_in_the_form_is_in_the_tables() {
        let scenario = scenario::load(SCENARIO).unwrap();
        let chosen: Vec<_> = STRATEGIES.iter().map(|name| strategy::named(name).unwrap()).collect();
        let counts = COUNTS.iter().filter(|(_, chosen)| *chosen);
        let shapes: Vec<WorkerLayout> = counts.map(|(count, _)| count.to_string().parse().unwrap()).collect();
        let variant = scenario.variant(DEFAULT_VARIANT).unwrap();
        let schedules = [work::worker::task_queue::Schedule::OneByOne];
        let timer = harness::scenario::Timer::Warm;
        let cells = scenario::matrix(variant, &chosen, &shapes, &schedules, timer).unwrap();
        assert!(cells.iter().any(|cell| cell.to_string() == ASK));
    }

    #[test]
    fn the_pace_is_said_in_words() {
        let web = scenario::load("web_requests").unwrap();
        assert_eq!(
            paces(&web),
            ["12 times the document's: 749\u{a0}ms of waits", "the document's own: 8.99\u{a0}s of waits"]
        );
        assert!(paces(&scenario::load("prime_sum").unwrap()).is_empty());
    }
}
