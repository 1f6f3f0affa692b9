//! Text for a terminal: wrapped, and without control characters.

use std::{borrow::Cow, io, path::Path};

/// The maximum width of tables and paragraphs, in characters.
const MOST_COLUMNS: usize = 100;

/// Narrower text is unreadable: a narrower terminal may wrap it instead.
const LEAST_COLUMNS: usize = 30;

/// The width of the terminal on standard output, in characters; `None` without one.
pub fn width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0).max(LEAST_COLUMNS))
}

/// How wide a paragraph may be: as wide as the terminal, at most 100 characters.
pub fn columns() -> usize {
    width().map_or(MOST_COLUMNS, |width| width.min(MOST_COLUMNS))
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

/// Escapes every character that would control the terminal or reorder its text: `\u{1b}` for an escape.
///
/// File names, scenario titles and other programs' output are not trusted. Line ends and tabs stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(controls) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if controls(character) { shown.extend(character.escape_unicode()) } else { shown.push(character) }
    }
    shown.into()
}

/// An argument as a shell takes it: in quotes, unless it is plain.
pub fn shell_word(argument: &str) -> String {
    let plain = argument.chars().all(|c| c.is_ascii_alphanumeric() || "-_=,./:".contains(c));
    if plain && !argument.is_empty() { argument.to_owned() } else { format!("'{}'", argument.replace('\'', r"'\''")) }
}

/// A path, likewise, on one line. Invalid UTF-8 is shown as U+FFFD.
pub fn printable_path(path: &Path) -> String {
    printable(&path.to_string_lossy()).replace('\n', "\\u{a}")
}

/// Control characters (C0, C1, delete), separators of lines and paragraphs, and marks of writing direction.
fn controls(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    #[test]
    fn nothing_that_controls_a_terminal_is_left() {
        assert_eq!(printable("\u{1b}]0;title\u{7} a\u{9b}31m"), "\\u{1b}]0;title\\u{7} a\\u{9b}31m");
        assert_eq!(printable("gpj.\u{202e}exe\r\u{7f}"), "gpj.\\u{202e}exe\\u{d}\\u{7f}");
        assert!(matches!(printable("Größe:\t1 – 2 µs\n→ 日本 👩‍💻"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_path_stays_in_its_line() {
        let path = Path::new(OsStr::from_bytes(b"K\xe4se\n\x07.jpg"));
        assert_eq!(printable_path(path), "K\u{fffd}se\\u{a}\\u{7}.jpg");
    }

    proptest! {
        #[test]
        fn what_is_shown_stays_as_it_is_when_it_is_shown_again(text in any::<String>()) {
            let shown = printable(&text).into_owned();
            prop_assert!(!shown.chars().any(|one| one.is_control() && one != '\n' && one != '\t'), "{shown:?}");
            prop_assert_eq!(printable(&shown), &*shown);
        }

        #[test]
        fn lines_fit_and_nothing_is_lost(words in proptest::collection::vec("[a-zé]{1,9}", 0..30), width in 9_usize..40) {
            let text = words.join(" ");
            let lines = wrapped(&text, width);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= width));
            prop_assert_eq!(lines.join(" "), text);
        }
    }
}
