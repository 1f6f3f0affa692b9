//! Jobs on a queue that nobody takes from.

use super::{
    Exhibit, ExhibitError, SideShown, Sides, figures,
    props::{AMPLE, BUG, RIGHT, count, run},
};
use std::{
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};
use work::{
    strategy::{Env, QueueSettings, queue::Queue},
    task::{
        Task, TaskError,
        prime_sum::{Method, Recipe},
    },
    worker::lane::Done,
};

const JOBS: u32 = 12;
const WORKERS: u32 = 2;
/// How long the client waits for results. None come, however long it waits.
const PATIENCE: Duration = Duration::from_millis(300);

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "enqueued_alone",
    title: "jobs that were enqueued, and no worker to do them",
    document: "Puts a job for each picture onto a queue, and the script ends at once. The pictures come only when workers \
               are started in other terminals: it says so a few lines further down.",
    here: "Twelve sums of primes are put onto a queue that no worker takes from. The client waits for a moment.",
    right_way: "The same jobs on a queue with two workers.",
    lesson: "Enqueuing is quick because it does none of the work. The time that counts ends with the last result, and \
             without a worker there is none.",
    python: None,
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let tasks = tasks();
    let nobody = Env { queue: QueueSettings { own_workers: false, ..QueueSettings::default() }, ..env.clone() };
    let somebody = Env { queue: QueueSettings::default(), ..env.clone() };
    let waited_for = run(&Queue, WORKERS, &nobody, BUG, &tasks, PATIENCE)?;
    let done = run(&Queue, WORKERS, &somebody, RIGHT, &tasks, AMPLE)?;
    Ok(Sides { bug: finding(&waited_for, 0), right: finding(&done, JOBS) })
}

fn tasks() -> Vec<Task> {
    let below = NonZeroU64::new(20_000).unwrap_or(NonZeroU64::MIN);
    let recipe = Recipe { below, tasks: NonZeroU32::new(JOBS).unwrap_or(NonZeroU32::MIN), by: Method::TrialDivision };
    recipe.build().into_iter().map(|(task, _)| task).collect()
}

/// Checks that `expected` jobs came back.
fn finding(jobs: &[Done], expected: u32) -> SideShown {
    let done = jobs.iter().filter(|job| job.result.is_ok()).count() as u64;
    let queued = |job: &&Done| matches!(job.result, Err(TaskError::Queue(_)));
    let waiting = jobs.iter().filter(queued).count() as u64;
    let why = jobs.iter().find_map(|job| job.result.as_ref().err().map(ToString::to_string));
    SideShown {
        holds: done == u64::from(expected) && done + waiting == u64::from(JOBS),
        verdict: match why {
            Some(why) => format!("{} enqueued, {done} done: {why}", count(JOBS, "job")),
            None => format!("{} enqueued, and {WORKERS} workers did all of them", count(JOBS, "job")),
        },
        figures: figures([("jobs", JOBS.into()), ("done", done)]),
    }
}
