//! Threads that print without a lock: lines are torn.

use super::{Exhibit, ExhibitError, SideShown, Sides, figures, props::crew};
use std::{
    io::{self, PipeWriter, Read, Write, pipe},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread::yield_now,
    time::{Duration, Instant},
};
use work::strategy::Env;

const THREADS: u32 = 5;
const LINES_EACH: u32 = 6;
/// How long a thread waits at most for another one to write.
const PAUSE: Duration = Duration::from_millis(2);

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "torn_prints",
    title: "lines that threads print without a lock are torn",
    document: "Holds a lock around the prints of its threads, and says why. Its last script starts five threads in each \
               process and has the same prints without the lock.",
    here: "Five threads print 30 lines into one pipe, each in two writes, as print writes its arguments one by one. \
           Between the two a thread yields until another one has written, for at most 2 ms. So a torn line, \
           rare by itself, becomes nearly certain.",
    right_way: "The same threads, writes and pauses, with a lock held from a line's first write to its last.",
    lesson: "Writes that belong together need one lock. Output that has looked right so far only shows that no thread \
             has yet been interrupted between two writes.",
    python: None,
    run: exhibit,
};

fn exhibit(_: &Env) -> Result<Sides, ExhibitError> {
    let bug = printed(None)?;
    let right = printed(Some(&Mutex::new(())))?;
    Ok(Sides {
        bug: finding(&bug, is_complete(&bug) && torn(&bug) > 0),
        right: finding(&right, is_complete(&right) && torn(&right) == 0),
    })
}

/// All output of the pipe. Its buffer has room for every line, so nobody has to read while the threads print.
fn printed(lock: Option<&Mutex<()>>) -> io::Result<String> {
    let (mut reader, writer) = pipe()?;
    let writes = AtomicU64::new(0);
    let print = |thread| {
        (0..LINES_EACH).try_for_each(|number| {
            let _held = lock.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
            print(&writer, &line(thread, number), &writes)
        })
    };
    let (results, ()) = crew(THREADS, print, || ())?;
    results.into_iter().collect::<io::Result<()>>()?;
    // Reading doesn't end while a writing end is open.
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    Ok(text)
}

/// A line in its two parts. Both name their line, which shows which parts belong together.
fn line(thread: u32, number: u32) -> [String; 2] {
    [format!("thread {thread}, page {number}: "), format!("200 (thread {thread}, page {number})\n")]
}

/// Prints a line as Python's `print` does: part by part.
fn print(mut out: &PipeWriter, [first, last]: &[String; 2], writes: &AtomicU64) -> io::Result<()> {
    out.write_all(first.as_bytes())?;
    let so_far = writes.fetch_add(1, SeqCst) + 1;
    let asked = Instant::now();
    while writes.load(SeqCst) == so_far && asked.elapsed() < PAUSE {
        yield_now();
    }
    out.write_all(last.as_bytes())?;
    writes.fetch_add(1, SeqCst);
    Ok(())
}

/// Whether every part of every line was printed, in whatever order.
fn is_complete(text: &str) -> bool {
    let parts: Vec<String> = all_lines().concat();
    text.len() == parts.concat().len() && parts.iter().all(|part| text.contains(part))
}

/// The number of lines whose two parts are not adjacent.
fn torn(text: &str) -> u64 {
    all_lines().iter().filter(|line| !text.contains(&line.concat())).count() as u64
}

fn all_lines() -> Vec<[String; 2]> {
    (0..THREADS).flat_map(|thread| (0..LINES_EACH).map(move |number| line(thread, number))).collect()
}

fn finding(text: &str, holds: bool) -> SideShown {
    let (lines, torn) = (all_lines().len(), torn(text));
    SideShown {
        holds,
        verdict: format!("{torn} of {lines} lines came out torn"),
        figures: figures([("lines", lines as u64), ("torn", torn)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_inside_another_tears_the_other() {
        let mut lines = all_lines();
        assert_eq!((torn(&lines.concat().concat()), is_complete(&lines.concat().concat())), (0, true));
        lines.swap(3, 0);
        let [first, last] = lines.remove(0);
        let text = format!("{first}{}{last}", lines.concat().concat());
        assert_eq!((torn(&text), is_complete(&text)), (1, true));
        assert!(!is_complete(&text[1..]));
    }
}
