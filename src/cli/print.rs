//! Lines for people. `println!` panics when nobody reads any more (`makespan list | head -1`); these don't.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::OnceLock,
};

/// How wide tables and paragraphs may be, in characters.
pub const COLUMNS: usize = 100;

/// The first line of standard output that was lost.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line to standard output, as `println!` does.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::print::to_stdout(format_args!($($text)*)) };
}

/// Prints a line to standard error, as `eprintln!` does.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::print::to_stderr(format_args!($($text)*)) };
}

pub(crate) use {note, say};

pub fn to_stdout(text: fmt::Arguments) {
    if let Err(error) = writeln!(io::stdout(), "{text}") {
        // The first one is the cause of the others.
        let _ = LOST.set(error);
    }
}

pub fn to_stderr(text: fmt::Arguments) {
    // There is nowhere left to say so.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether everything said so far went out. A reader that has seen enough and left is no failure of ours; a full disk is.
pub fn outcome() -> anyhow::Result<()> {
    match LOST.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(anyhow::anyhow!("standard output: {error}")),
        _ => Ok(()),
    }
}

/// The text in lines of at most so many characters, unless a word is longer.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_fit_and_nothing_is_lost(words in proptest::collection::vec("[a-zé]{1,9}", 0..30), width in 9_usize..40) {
            let text = words.join(" ");
            let lines = wrapped(&text, width);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= width));
            prop_assert_eq!(lines.join(" "), text);
        }
    }
}
