//! Run a program and read its standard output: work that a thread waits for and a process does.
//!
//! There is no shell in between. The program gets no input, its output is only checksummed, and of what it says on standard
//! error, the last line is kept for the error. It has a process group of its own, so that Ctrl-C in the terminal
//! doesn't reach it, and so that all of it can be killed: at the deadline, and what is left of it when the program ends.

use super::{
    Output, Task, TaskContext, TaskError,
    thumbnail::{self, Thumbnail},
};
use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, ErrorKind, Read},
    os::{
        fd::AsFd,
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::{Child, ChildStderr, ChildStdout, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};
use support::{pipe::put_down, terminal::printable};

/// The longest sleep between two checks whether the run or the program is over, milliseconds.
const NAP_MS: u16 = 20;

/// Nor is a sleep longer than this share of the program's time so far: where a child of the program keeps the pipes open, its
/// end is seen that much too late.
const LATE: u32 = 8;

/// How much is read at once, bytes.
const CHUNK: usize = 64 << 10;

/// How much of standard error is kept, bytes: more than a line of it.
const LAST_WORDS: usize = 2000;

/// Run a program to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandTask {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Whether the standard output is part of the answer. Otherwise, only whether the program succeeded.
    pub compared: bool,
    /// The thumbnails that the program makes. If it makes any, their files are the answer, and not the standard output.
    pub thumbnails: Vec<Thumbnail>,
}

/// A command line with a place for an input: `convert {} -resize 128x128 out/{/}`.
///
/// `{}` stands for the input, `{/}` for its file name, `{.}` for the input without its extension, `{/.}` for the file name
/// without it: the replacement strings of GNU parallel. Without any of them, the input is appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    line: String,
    words: Vec<String>,
}

impl TryFrom<String> for Template {
    type Error = BadTemplate;

    fn try_from(line: String) -> Result<Self, BadTemplate> {
        Self::parse(&line)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.line
    }
}

/// Why a command line can't be split into words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// A quote is not closed.
    #[error("found a {0} without a second one, expected pairs of quotes")]
    Unclosed(char),
    /// It ends in a backslash.
    #[error("found a backslash at the end, expected a character after it")]
    Backslash,
    /// There is no program.
    #[error("found nothing, expected a program and its arguments")]
    Empty,
}

impl Template {
    /// Splits a command line as a POSIX shell does: at blanks, with quotes and backslashes. Nothing else is special: there
    /// are no variables, pipes or patterns.
    pub fn parse(line: &str) -> Result<Self, BadTemplate> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut rest = line.chars();
        while let Some(character) = rest.next() {
            match character {
                blank if blank.is_ascii_whitespace() => words.extend(word.take()),
                '\'' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match rest.next().ok_or(BadTemplate::Unclosed('\''))? {
                            '\'' => break,
                            other => word.push(other),
                        }
                    }
                }
                '"' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match rest.next().ok_or(BadTemplate::Unclosed('"'))? {
                            '"' => break,
                            '\\' => match rest.next().ok_or(BadTemplate::Unclosed('"'))? {
                                special @ ('"' | '\\' | '$' | '`') => word.push(special),
                                other => word.extend(['\\', other]),
                            },
                            other => word.push(other),
                        }
                    }
                }
                '\\' => word.get_or_insert_default().push(rest.next().ok_or(BadTemplate::Backslash)?),
                other => word.get_or_insert_default().push(other),
            }
        }
        words.extend(word);
        if words.first().is_none_or(String::is_empty) {
            return Err(BadTemplate::Empty);
        }
        Ok(Self { line: line.to_owned(), words })
    }

    /// The words for several inputs at once: each takes the place of a word `{}`.
    pub fn with_all(&self, inputs: &[String]) -> Vec<String> {
        let with = |word: &String| if word == "{}" { inputs.to_vec() } else { vec![word.clone()] };
        self.words.iter().flat_map(with).collect()
    }

    /// The words for this input.
    pub fn with(&self, input: &str) -> Vec<String> {
        let place = |word: &String| REPLACED.iter().any(|name| word.contains(name));
        let mut words: Vec<String> = self.words.iter().map(|word| replaced(word, input)).collect();
        if !self.words.iter().any(place) {
            words.push(input.to_owned());
        }
        words
    }
}

const REPLACED: [&str; 4] = ["{}", "{/}", "{.}", "{/.}"];

/// The word with its replacement strings replaced, from left to right: what an input contains is not replaced again.
fn replaced(word: &str, input: &str) -> String {
    let path = Path::new(input);
    let text =
        |part: Option<&std::ffi::OsStr>| part.map_or_else(String::new, |part| part.to_string_lossy().into_owned());
    let without_extension = || match path.extension() {
        Some(extension) => input[..input.len() - extension.len() - 1].to_owned(),
        None => input.to_owned(),
    };
    let mut made = String::new();
    let mut rest = word;
    while let Some((at, name)) = REPLACED.iter().filter_map(|name| Some((rest.find(name)?, *name))).min() {
        made.push_str(&rest[..at]);
        made.push_str(&match name {
            "{}" => input.to_owned(),
            "{/}" => text(path.file_name()),
            "{.}" => without_extension(),
            _ => text(path.file_stem()),
        });
        rest = &rest[at + name.len()..];
    }
    made + rest
}

impl CommandTask {
    /// A program whose standard output is its answer.
    pub fn new(words: Vec<String>) -> Self {
        Self { words, compared: true, thumbnails: Vec::new() }
    }

    /// The checksum of the output is the CRC-32 of what the program wrote to its standard output, or of the thumbnails'
    /// files; its amount the bytes.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let mut command = std::process::Command::new(&self.words[0]);
        command.args(&self.words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.process_group(0).spawn();
        let child = spawned.map_err(|error| TaskError::Failed(format!("{}: {error}", printable(&self.words[0]))))?;
        let mut program = StartedProgram { child, begun: Instant::now(), ended: false };
        let (status, output, last_words) = program.follow(host)?;
        if status.success() {
            return match &*self.thumbnails {
                [] if self.compared => Ok(output),
                thumbnails => host.released(|| thumbnail::written(thumbnails)),
            };
        }
        let how = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("killed by signal {signal}"),
            (None, None) => "it failed".into(),
        };
        let words = last_line(&last_words);
        Err(TaskError::Failed(if words.is_empty() { how } else { format!("{how}: {words}") }))
    }
}

/// The last line that says anything. GNU programs end with "Try 'it --help' for more information.".
fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let says = |line: &&str| !line.is_empty() && !line.starts_with("Try '");
    let line = text.lines().rev().map(str::trim).find(says).unwrap_or_default();
    printable(line).into_owned()
}

/// A started program. Dropped before it has ended, it is killed with its process group, and reaped.
struct StartedProgram {
    child: Child,
    begun: Instant,
    ended: bool,
}

impl StartedProgram {
    fn follow<H: TaskContext>(&mut self, host: &mut H) -> Result<(ExitStatus, Output, Vec<u8>), TaskError> {
        let failed = |error: io::Error| TaskError::Failed(error.to_string());
        let no_pipe = || failed(io::Error::other("it has no pipes"));
        let mut stdout = self.child.stdout.take().ok_or_else(no_pipe)?;
        let mut stderr = self.child.stderr.take().ok_or_else(no_pipe)?;
        nonblocking(&stdout).and_then(|()| nonblocking(&stderr)).map_err(failed)?;
        let (mut crc, mut amount, mut words) = (crc32fast::Hasher::new(), 0, Vec::new());
        let mut chunk = vec![0; CHUNK];
        let mut open = [true, true];
        let mut ended = None;
        // A process that inherited the pipes may outlive the program: then there is nothing more to wait for.
        while open.contains(&true) && ended.is_none() {
            host.check()?;
            self.wait(&stdout, &stderr, open);
            ended = self.child.try_wait().map_err(failed)?;
            open[0] = open[0]
                && drain(&mut stdout, &mut chunk, |bytes| {
                    crc.update(bytes);
                    amount += bytes.len() as u64;
                })
                .map_err(failed)?;
            open[1] = open[1]
                && drain(&mut stderr, &mut chunk, |bytes| {
                    words.extend_from_slice(bytes);
                    words.drain(..words.len().saturating_sub(LAST_WORDS));
                })
                .map_err(failed)?;
        }
        let status = match ended {
            Some(status) => status,
            None => self.ending(host)?,
        };
        self.ended = true;
        // What it has left behind. The group's id can't be another's yet: ids are given out in turn.
        self.kill_group();
        Ok((status, Output { checksum: crc.finalize().into(), amount, status: None }, words))
    }

    /// Waits for a program that has closed its pipes.
    fn ending<H: TaskContext>(&mut self, host: &mut H) -> Result<ExitStatus, TaskError> {
        let mut nap = Duration::from_micros(20);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => host.check()?,
                Err(error) => return Err(TaskError::Failed(error.to_string())),
            }
            thread::sleep(nap);
            nap = (2 * nap).min(Duration::from_millis(NAP_MS.into()));
        }
    }

    fn kill_group(&self) {
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
    }

    /// Waits a moment for one of the open pipes.
    fn wait(&self, stdout: &ChildStdout, stderr: &ChildStderr, open: [bool; 2]) {
        let all = [stdout.as_fd(), stderr.as_fd()].into_iter().zip(open).filter(|(_, open)| *open);
        let mut pipes: Vec<PollFd> = all.map(|(pipe, _)| PollFd::new(pipe, PollFlags::POLLIN)).collect();
        let nap_ms = (self.begun.elapsed() / LATE).as_millis().clamp(1, NAP_MS.into());
        // An interrupted poll is a poll that saw nothing.
        let _ = poll(&mut pipes, PollTimeout::from(nap_ms as u16));
    }
}

impl Drop for StartedProgram {
    fn drop(&mut self) {
        if !self.ended {
            self.kill_group();
            put_down(&mut self.child);
        }
    }
}

fn nonblocking(pipe: &impl AsFd) -> io::Result<()> {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Reads all that is there. False at the pipe's end.
fn drain(pipe: &mut impl Read, chunk: &mut [u8], mut take: impl FnMut(&[u8])) -> io::Result<bool> {
    loop {
        match pipe.read(chunk) {
            Ok(0) => return Ok(false),
            Ok(length) => take(&chunk[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A task for each input.
pub fn tasks(template: &Template, inputs: &[String]) -> Vec<Task> {
    inputs.iter().map(|input| Task::Command(CommandTask::new(template.with(input)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{lane::Lane, stop::Stop};
    use proptest::prelude::*;

    fn words(line: &str) -> Vec<String> {
        Template::parse(line).unwrap().words
    }

    #[test]
    fn a_line_is_split_as_by_a_shell() {
        assert_eq!(words("convert {} -resize  128x128\tout/{/}"), ["convert", "{}", "-resize", "128x128", "out/{/}"]);
        assert_eq!(words(r#"a 'b  $c' "d \"e\" \n" f\ g '' h"i"'j'"#), ["a", "b  $c", r#"d "e" \n"#, "f g", "", "hij"]);
        assert_eq!(Template::parse("a 'b"), Err(BadTemplate::Unclosed('\'')));
        assert_eq!(Template::parse("a \"b\\\""), Err(BadTemplate::Unclosed('"')));
        assert_eq!(Template::parse("a \\"), Err(BadTemplate::Backslash));
        assert_eq!([" ", "", "''"].map(Template::parse), [const { Err(BadTemplate::Empty) }; 3]);
    }

    #[test]
    fn an_input_has_its_places_or_comes_last() {
        let made = |line: &str, input: &str| Template::parse(line).unwrap().with(input).join(" ");
        assert_eq!(
            made("c {} o/{/} {.}.png {/.}_s", "p/a b.tar.gz"),
            "c p/a b.tar.gz o/a b.tar.gz p/a b.tar.png a b.tar_s"
        );
        assert_eq!(made("gzip -kc", "x"), "gzip -kc x");
        assert_eq!(made("c {.} {/.}", "d.e/.f"), "c d.e/.f .f", "a name that begins with a dot has no extension");
        assert_eq!(made("c {}{}", "{/}"), "c {/}{/}", "what an input contains is no place");
    }

    proptest! {
        #[test]
        fn a_quoted_word_comes_back(text in "\\PC{1,12}") {
            let line = format!("p {}", support::terminal::shell_word(&text));
            prop_assert_eq!(words(&line)[1..].join("|"), text);
        }
    }

    fn run(line: &[&str], limit: Duration) -> Result<Output, TaskError> {
        let stop = Stop::after(limit);
        let _watchdog = stop.watchdog().unwrap();
        let words = line.iter().map(ToString::to_string).collect();
        Lane::new(0, 0, stop).run(0, &Task::Command(CommandTask::new(words))).result
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn what_it_writes_is_checksummed_and_what_it_says_last_is_kept() {
        let output = run(&["printf", "abc"], LONG).unwrap();
        assert_eq!((output.checksum, output.amount), (crc32fast::hash(b"abc").into(), 3));
        assert_eq!(run(&["sh", "-c", "head -c 300000 /dev/zero"], LONG).unwrap().amount, 300_000);
        let failed = run(&["sh", "-c", "echo a >&2; echo 'no such thing ' >&2; echo >&2; exit 3"], LONG);
        assert_eq!(failed, Err(TaskError::Failed("exit status 3: no such thing".into())));
        let usage = run(&["sh", "-c", "echo 'it: no such day' >&2; echo \"Try 'it --help'.\" >&2; exit 1"], LONG);
        assert_eq!(usage, Err(TaskError::Failed("exit status 1: it: no such day".into())));
        assert_eq!(run(&["sh", "-c", "kill -9 $$"], LONG), Err(TaskError::Failed("killed by signal 9".into())));
        let missing = run(&["/no/such/program"], LONG).unwrap_err().to_string();
        assert!(missing.starts_with("/no/such/program: "), "{missing}");
    }

    #[test]
    fn at_the_deadline_the_whole_group_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", pid.display());
        assert_eq!(run(&["sh", "-c", &script], Duration::from_secs(2)), Err(TaskError::TimedOut));
        assert_ends(&pid);
    }

    /// The process whose id is in this file ends soon.
    fn assert_ends(pid: &Path) {
        let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        let gone = || nix::sys::signal::kill(Pid::from_raw(pid), None).is_err() || is_zombie(pid);
        assert!(
            (0..200).any(|_| gone() || {
                thread::sleep(Duration::from_millis(10));
                false
            }),
            "{pid} lives"
        );
    }

    /// It may wait for the system's first process to reap it.
    fn is_zombie(pid: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn a_program_in_the_background_neither_keeps_the_task_nor_outlives_it() {
        let dir = tempfile::tempdir().unwrap();
        // With the pipes, and without them.
        for streams in ["", ">/dev/null 2>&1"] {
            let pid = dir.path().join("pid");
            let script = format!("sleep 600 {streams} & echo $! > {}; printf x", pid.display());
            assert_eq!(run(&["sh", "-c", &script], LONG).unwrap().amount, 1);
            assert_ends(&pid);
        }
    }
}
