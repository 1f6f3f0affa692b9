//! Text from outside as it may stand in a message: a file's name, say, may hold escape sequences that steer a terminal.

use std::{borrow::Cow, path::Path};

/// The text with its control characters escaped: `\u{1b}[31m` instead of red. What is not UTF-8 is shown as U+FFFD.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_hazard) { text.chars().map(escaped).collect::<String>().into() } else { text.into() }
}

/// A path, likewise.
pub fn printable_path(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

fn escaped(letter: char) -> String {
    if is_hazard(letter) { letter.escape_default().to_string() } else { letter.into() }
}

/// Control characters, and the marks that turn the direction in which text is shown.
fn is_hazard(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    #[test]
    fn only_what_steers_a_terminal_is_escaped() {
        assert_eq!(printable("\x1b[31mred\x1b[0m\n\u{9b}2J\u{202e}"), "\\u{1b}[31mred\\u{1b}[0m\\n\\u{9b}2J\\u{202e}");
        assert!(matches!(printable("Käse \"und\" 'Brot' 写真.jpg"), Cow::Borrowed("Käse \"und\" 'Brot' 写真.jpg")));
        assert_eq!(printable_path(Path::new(OsStr::from_bytes(b"K\xe4se\x07.jpg"))), "K\u{fffd}se\\u{7}.jpg");
    }
}
