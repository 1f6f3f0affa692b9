//! Downloads that fail, errors that are gathered unread, and a program that says "done".

use super::{
    Exhibit, ExhibitError, SideShown, Sides, figures,
    props::{AMPLE, BUG, RIGHT, Site, run},
};
use mock_server::profile::{Body, Route};
use std::time::Duration;
use work::{
    strategy::{Env, r#async::Async},
    task::{Task, TaskError},
    worker::lane::Done,
};

const DOWNLOADS: u32 = 12;
/// Every fourth picture takes longer than the limit.
const SLOW_EVERY: u32 = 4;
const LIMIT: Duration = Duration::from_millis(200);

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "silent_failures",
    title: "downloads that fail without any message",
    document: "Downloads with asyncio under limits of 3 s and lets gather return exceptions as if they were results. The \
               list is dropped unread, and the last line logs the seconds to completion.",
    here: "Twelve downloads at once from one thread, each with a timeout of 200 ms for the whole download. For every \
           fourth one, the mock server takes ten times as long as that.",
    right_way: "The same downloads through the same event loop. The program looks at every result, and its last line and \
                its exit code depend on them.",
    lesson: "An error that was turned into a value must be checked like one. Count the successes before you print how \
             long it took: failing is fast.",
    python: None,
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let slow = Route { latency_s: 10.0 * LIMIT.as_secs_f64(), body: Body::Bytes(2000), ..Route::at("/slow/*") };
    let fast = Route { latency_s: 0.001, body: Body::Bytes(2000), ..Route::at("/fast/*") };
    let site = Site::open(env, vec![slow, fast])?;
    let task = |number| {
        let line = if is_slow(number) { "slow" } else { "fast" };
        site.fetch_within(&format!("/{line}/{number}.jpg"), LIMIT)
    };
    let tasks: Vec<Task> = (1..=DOWNLOADS).map(task).collect();
    let gathered = run(&Async, DOWNLOADS, env, BUG, &tasks, AMPLE)?;
    let bug = finding(&as_published(&gathered), &gathered, LastWords::are_good);
    let gathered = run(&Async, DOWNLOADS, env, RIGHT, &tasks, AMPLE)?;
    let right = finding(&looked_at(&gathered), &gathered, |words| !words.are_good() && words.name_all(&gathered));
    Ok(Sides { bug, right })
}

fn is_slow(number: u32) -> bool {
    number.is_multiple_of(SLOW_EVERY)
}

/// What a program says last, and how it exits.
struct LastWords {
    last_line: String,
    exit_code: u8,
}

/// The document's program: it has the results and doesn't look at them.
fn as_published(_gathered: &[Done]) -> LastWords {
    LastWords { last_line: "done".into(), exit_code: 0 }
}

/// The same, done right.
fn looked_at(gathered: &[Done]) -> LastWords {
    let failed: Vec<String> = errors(gathered).map(|(number, error)| format!("{number}.jpg {error}")).collect();
    let good = gathered.len() - failed.len();
    LastWords {
        last_line: format!("{good} of {} downloaded; {} failed: {}", gathered.len(), failed.len(), failed.join(", ")),
        exit_code: u8::from(!failed.is_empty()),
    }
}

impl LastWords {
    fn are_good(&self) -> bool {
        self.exit_code == 0 && self.last_line == "done"
    }

    fn name_all(&self, gathered: &[Done]) -> bool {
        errors(gathered).all(|(number, _)| self.last_line.contains(&format!("{number}.jpg")))
    }
}

/// The pictures that failed, counted from 1.
fn errors(gathered: &[Done]) -> impl Iterator<Item = (u32, &TaskError)> {
    gathered.iter().filter_map(|done| Some((done.index + 1, done.result.as_ref().err()?)))
}

/// Compares what the program said with the results.
fn finding(words: &LastWords, gathered: &[Done], as_claimed: impl FnOnce(&LastWords) -> bool) -> SideShown {
    let failed = errors(gathered).count();
    let slow_ones_failed = (1..=DOWNLOADS)
        .filter(|number| is_slow(*number))
        .all(|slow| errors(gathered).any(|(number, _)| number == slow));
    SideShown {
        holds: slow_ones_failed && as_claimed(words),
        verdict: format!(
            "the program says \"{}\" and exits with {}; {failed} of {} results are errors",
            words.last_line,
            words.exit_code,
            gathered.len()
        ),
        figures: figures([
            ("downloads", gathered.len() as u64),
            ("failed", failed as u64),
            ("exit_code", words.exit_code.into()),
        ]),
    }
}
