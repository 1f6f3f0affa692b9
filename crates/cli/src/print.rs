//! Printing for people. `println!` panics on a closed pipe (`makespan list | head -1`); these macros don't. They escape
//! everything that could control the terminal.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::OnceLock,
};

/// The first error of writing to standard output.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line to standard output, as `println!` does.
macro_rules! say {
    ($($text:tt)*) => { $crate::print::to_stdout(format_args!($($text)*)) };
}

/// Prints a line to standard error, as `eprintln!` does.
macro_rules! note {
    ($($text:tt)*) => { $crate::print::to_stderr(format_args!($($text)*)) };
}

use support::terminal::width;
pub use support::terminal::{columns, printable, wrapped};
pub(crate) use {note, say};

pub fn to_stdout(text: fmt::Arguments) {
    coloured(&printable(&text.to_string()));
}

/// Prints coloured lines. Everything else that could control the terminal must be escaped already.
pub fn coloured(text: &str) {
    if let Err(error) = writeln!(io::stdout(), "{text}") {
        // The first error is the cause of the others.
        let _ = LOST.set(error);
    }
}

pub fn to_stderr(text: fmt::Arguments) {
    // There is nowhere left to report the error.
    let _ = writeln!(io::stderr(), "{}", printable(&text.to_string()));
}

/// The text wrapped to the terminal's width. Unchanged without a terminal: other programs read whole lines.
pub fn fitted(text: &str) -> String {
    if width().is_none() {
        return text.to_owned();
    }
    text.lines().map(|line| wrapped(line, columns()).join("\n")).collect::<Vec<_>>().join("\n")
}

/// The text behind its label, in lines of at most `width` characters. All of them begin at the column `indent`.
pub fn behind(label: &str, indent: usize, text: &str, width: usize) -> Vec<String> {
    let lines = wrapped(text, width.saturating_sub(indent)).into_iter().enumerate();
    lines.map(|(number, line)| format!("{:indent$}{line}", if number == 0 { label } else { "" })).collect()
}

/// Prints a paragraph behind its label.
pub fn labelled(label: &str, indent: usize, text: &str) {
    for line in behind(label, indent, text, columns()) {
        say!("{line}");
    }
}

/// Prints a line of a list likewise. Without a terminal, it isn't wrapped: other programs read whole lines.
pub fn entry(label: &str, indent: usize, text: &str) {
    if width().is_some() { labelled(label, indent, text) } else { say!("{label:indent$}{text}") }
}

/// The column where texts begin to the right of these names, which are indented by two.
pub fn right_of<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0) + 4
}

/// An error with its causes. A cause that the error's own message contains isn't repeated.
pub fn in_words(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .reduce(|said, cause| if said.contains(&cause) { said } else { format!("{said}: {cause}") })
        .unwrap_or_default()
}

/// Whether everything printed so far was written. A pipe that its reader closed is not a failure; a full disk is.
pub fn outcome() -> anyhow::Result<()> {
    match LOST.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(anyhow::anyhow!("standard output: {error}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn all_lines_begin_below_the_first() {
        let text = "Which pictures does the gallery serve, and to whom?";
        let lines = ["  001-1   Which pictures does the", "          gallery serve, and to", "          whom?"];
        assert_eq!(behind("  001-1", 10, text, 33), lines);
    }

    #[test]
    fn a_cause_is_said_once() {
        let cause = || io::Error::from(ErrorKind::NotFound);
        let says_it = anyhow!(cause()).context(format!("x.toml: {}; is it there?", cause()));
        assert_eq!(in_words(&says_it), "x.toml: entity not found; is it there?");
        let leaves_it: anyhow::Result<()> = Err(cause()).context("can't read x.toml");
        assert_eq!(in_words(&leaves_it.unwrap_err()), "can't read x.toml: entity not found");
    }
}
