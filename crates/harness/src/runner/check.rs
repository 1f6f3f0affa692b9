//! Checks every answer against the expected one for its index, and against the server's log.

use mock_server::log::LogEntry;
use std::collections::BTreeMap;
use work::{
    task::{Expected, Output, TaskError},
    worker::lane::Done,
};

/// An answer was wrong: the run has no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongAnswer {
    /// A task failed unexpectedly.
    #[error("{wrong} of {tasks} tasks went wrong; the first, task {index}: {error}")]
    Failed {
        /// How many tasks are wrong.
        wrong: usize,
        /// Of how many.
        tasks: usize,
        /// The first wrong one.
        index: u32,
        /// Its error.
        error: TaskError,
    },
    /// A task gave a wrong answer.
    #[error("{wrong} of {tasks} tasks went wrong; the first, task {index}: {}", differs(expected, found))]
    Wrong {
        /// How many tasks are wrong.
        wrong: usize,
        /// Of how many.
        tasks: usize,
        /// The first wrong one.
        index: u32,
        /// The expected answer.
        expected: Expected,
        /// Its answer.
        found: Output,
    },
    /// The server did not see each task exactly once, or no more often than it was delivered.
    #[error("the server answered task {index} {times} times, expected {}", once_or_more(*redelivered))]
    NotOnce {
        /// The task.
        index: u32,
        /// How often the server answered it.
        times: usize,
        /// How often it was redelivered.
        redelivered: u32,
    },
}

/// How an answer differs from the expected one.
fn differs(expected: &Expected, found: &Output) -> String {
    match expected {
        Expected::Output(right) if right.status != found.status => {
            let status = |output: &Output| output.status.map_or_else(|| "none".into(), |status| status.to_string());
            format!("expected the status {}, found {}", status(right), status(found))
        }
        Expected::Output(right) if right.amount != found.amount => {
            format!("expected an amount of {}, found {} (bytes, or numbers found)", right.amount, found.amount)
        }
        Expected::Output(right) => format!("expected the checksum {}, found {}", right.checksum, found.checksum),
        Expected::Error(kind) => format!("expected an error ({kind:?}), found an answer"),
        Expected::AsSequential | Expected::Any => "there is no sequential answer to compare with".into(),
    }
}

fn once_or_more(redelivered: u32) -> String {
    match redelivered {
        0 => "once".into(),
        1 => "once or twice: it was redelivered once".into(),
        more => format!("1 to {} times: it was redelivered {more} times", more + 1),
    }
}

/// Checks every answer. `done` is in the tasks' order. If tasks may fail, a failure passes too; an answer must still be
/// the right one.
pub(super) fn answers(expected: &[Expected], may_fail: bool, done: &[Done]) -> Result<(), WrongAnswer> {
    let right = |expected: Expected, done: &Done| may_fail && done.result.is_err() || agrees(expected, &done.result);
    let pairs = || expected.iter().zip(done).filter(|(expected, done)| !right(**expected, done));
    let (wrong, tasks) = (pairs().count(), done.len());
    match pairs().next() {
        None => Ok(()),
        Some((&expected, Done { index, result: Ok(found), .. })) => {
            Err(WrongAnswer::Wrong { wrong, tasks, index: *index, expected, found: *found })
        }
        Some((_, Done { index, result: Err(error), .. })) => {
            Err(WrongAnswer::Failed { wrong, tasks, index: *index, error: error.clone() })
        }
    }
}

/// Checks the answers of a warm-up. It schedules one task for each requested worker; if a strategy has fewer, some
/// tasks are not taken, and the run will show whether that matters. The pool, not its tasks, reports a worker that
/// died.
pub(super) fn warm_up(expected: &[Expected], may_fail: bool, done: &[Done]) -> Result<(), WrongAnswer> {
    let taken = |(_, done): &(Expected, Done)| !matches!(done.result, Err(TaskError::WorkerDied(_)));
    let pairs = expected.iter().copied().zip(done.iter().cloned()).filter(taken);
    let (expected, done): (Vec<Expected>, Vec<Done>) = pairs.unzip();
    answers(&expected, may_fail, &done)
}

fn agrees(expected: Expected, result: &Result<Output, TaskError>) -> bool {
    match (expected, result) {
        (Expected::Any, _) => true,
        (Expected::Output(expected), Ok(found)) => expected == *found,
        (Expected::Error(kind), Err(error)) => error.kind() == kind,
        // `AsSequential` is replaced by the sequential answer. If it is still here, there was none.
        _ => false,
    }
}

/// Checks the server's log against the answers: each task with an answer was answered exactly once, or, if a queue
/// redelivered it, at most once more for each redelivery. Redirects on the way are hops, not answers, and the prologue
/// has no index. A failed task may be in the log or not: its answer may have been lost on the way, cut short, or late.
///
/// A task that may be sent again `retries` times may have been answered as often: refused, or too late for its client.
pub(super) fn log(
    entries: &[LogEntry],
    done: &[Done],
    redelivered: &BTreeMap<u32, u32>,
    retries: u32,
) -> Result<(), WrongAnswer> {
    let mut times: BTreeMap<u32, usize> = BTreeMap::new();
    // A reset in place of an answer has status 0.
    for entry in entries.iter().filter(|entry| entry.status != 0 && !(300..400).contains(&entry.status)) {
        *times.entry(entry.index.unwrap_or(u32::MAX)).or_default() += usize::from(entry.index.is_some());
    }
    let seen = |index: u32| times.get(&index).copied().unwrap_or(0);
    let again = |index: u32| redelivered.get(&index).copied().unwrap_or(0) + retries;
    let is_right = |index| (1..=1 + again(index) as usize).contains(&seen(index));
    match done.iter().find(|one| one.result.is_ok() && !is_right(one.index)) {
        Some(&Done { index, .. }) => Err(WrongAnswer::NotOnce { index, times: seen(index), redelivered: again(index) }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use work::task::ErrorKind;

    fn output(checksum: u64) -> Output {
        Output { checksum, amount: 1, status: None }
    }

    fn done(index: u32, result: Result<Output, TaskError>) -> Done {
        Done { index, result, spans: Vec::new() }
    }

    #[test]
    fn the_first_wrong_answer_is_named_and_all_are_counted() {
        let expected = [Expected::Output(output(1)); 3];
        let right = [done(0, Ok(output(1))), done(1, Ok(output(1))), done(2, Ok(output(1)))];
        assert_eq!(answers(&expected, false, &right), Ok(()));
        let wrong = [done(0, Ok(output(1))), done(1, Ok(output(2))), done(2, Err(TaskError::TimedOut))];
        let error = answers(&expected, false, &wrong).expect_err("two are wrong");
        assert!(error.to_string().starts_with("2 of 3 tasks went wrong; the first, task 1: expected"), "{error}");
    }

    #[test]
    fn an_expected_failure_is_an_outcome_like_others() {
        let expected = [Expected::Error(ErrorKind::TimedOut)];
        assert_eq!(answers(&expected, false, &[done(0, Err(TaskError::TimedOut))]), Ok(()));
        assert!(answers(&expected, false, &[done(0, Err(TaskError::Cancelled))]).is_err());
        assert!(answers(&expected, false, &[done(0, Ok(output(1)))]).is_err());
        assert_eq!(answers(&[Expected::Any], false, &[done(0, Err(TaskError::Cancelled))]), Ok(()));
        assert!(answers(&[Expected::AsSequential], false, &[done(0, Ok(output(1)))]).is_err());
    }

    #[test]
    fn a_task_that_may_fail_must_not_be_wrong() {
        let expected = [Expected::Output(output(1))];
        assert_eq!(answers(&expected, true, &[done(0, Err(TaskError::Cancelled))]), Ok(()));
        assert_eq!(answers(&expected, true, &[done(0, Ok(output(1)))]), Ok(()));
        assert!(answers(&expected, true, &[done(0, Ok(output(2)))]).is_err());
        assert!(answers(&expected, false, &[done(0, Err(TaskError::Cancelled))]).is_err());
    }

    #[test]
    fn the_log_must_hold_each_task_once() {
        let entry = |index, status| LogEntry { run: 1, index, status, ..LogEntry::default() };
        let log = |entries: &[LogEntry], done: &[Done]| log(entries, done, &BTreeMap::new(), 0);
        let not_once = |index, times| Err(WrongAnswer::NotOnce { index, times, redelivered: 0 });
        let answered = [done(0, Ok(output(1))), done(1, Ok(output(1)))];
        let hop_and_prologue = [entry(Some(0), 302), entry(Some(0), 200), entry(None, 200), entry(Some(1), 404)];
        assert_eq!(log(&hop_and_prologue, &answered), Ok(()));
        assert_eq!(log(&[&[entry(Some(1), 0)], &hop_and_prologue[..]].concat(), &answered), Ok(()));
        assert_eq!(log(&hop_and_prologue[..2], &answered), not_once(1, 0));
        let twice = [entry(Some(0), 200), entry(Some(0), 200), entry(Some(1), 200)];
        assert_eq!(log(&twice, &answered), not_once(0, 2));
        let one_failed = [done(0, Ok(output(1))), done(1, Err(TaskError::TimedOut))];
        assert_eq!(log(&[entry(Some(0), 200)], &one_failed), Ok(()));
        assert_eq!(log(&[entry(Some(0), 200), entry(Some(1), 200)], &one_failed), Ok(()));
    }

    #[test]
    fn what_was_handed_out_again_may_have_been_answered_again() {
        let entry = LogEntry { run: 1, index: Some(0), status: 200, ..LogEntry::default() };
        let answered = [done(0, Ok(output(1)))];
        let log = |times, again| log(&vec![entry.clone(); times], &answered, &BTreeMap::from([(0, again), (1, 9)]), 0);
        for (times, again) in [(1, 0), (1, 1), (2, 1), (1, 2), (3, 2)] {
            assert_eq!(log(times, again), Ok(()), "{times} of 1 + {again}");
        }
        assert_eq!(super::log(&vec![entry.clone(); 3], &answered, &BTreeMap::new(), 2), Ok(()), "it was sent again");
        for (times, again, says) in [
            (2, 0, "2 times, expected once"),
            (0, 1, "0 times, expected once or twice: it was redelivered once"),
            (3, 1, "3 times, expected once or twice"),
            (4, 2, "4 times, expected 1 to 3 times: it was redelivered 2 times"),
        ] {
            let error = log(times, again).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
