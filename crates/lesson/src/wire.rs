//! The wire form: a lesson's front matter, as TOML between two lines of `+++`, and its steps, each under a second-level
//! heading. Unknown keys are rejected; nothing else is checked here.

use serde::Deserialize;
use std::num::NonZeroU32;

const FENCE: &str = "+++";

/// The front matter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FrontMatter {
    pub title: String,
    pub minutes: NonZeroU32,
    pub question: String,
    pub race: Option<Race>,
    #[serde(default)]
    pub command: Vec<Command>,
    pub claims: Vec<String>,
    pub code: Vec<Code>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Race {
    pub scenario: String,
    pub variant: Option<String>,
    pub strategies: Vec<String>,
    pub workers: Vec<String>,
    #[serde(default)]
    pub schedules: Vec<String>,
    pub rounds: NonZeroU32,
    pub time_scale: Option<f64>,
    pub ask: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Command {
    pub run: String,
    pub why: String,
    #[serde(default)]
    pub before: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    pub file: String,
    /// A text that occurs in exactly one line of the file, where the region begins.
    pub from: String,
}

/// The front matter, and the rest.
pub(super) fn parts(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(FENCE)?.strip_prefix('\n')?;
    rest.split_once("\n+++\n")
}

/// The steps with their headings; text before the first heading has none.
pub(super) fn steps(body: &str) -> Vec<(&str, String)> {
    let mut steps = vec![("", String::new())];
    let mut in_code = false;
    for line in body.lines() {
        in_code ^= line.starts_with("```");
        match line.strip_prefix("## ").filter(|_| !in_code) {
            Some(heading) => steps.push((heading.trim(), String::new())),
            // There is always a last step.
            None => steps.iter_mut().last().into_iter().for_each(|(_, words)| words.extend([line, "\n"])),
        }
    }
    steps.into_iter().map(|(heading, words)| (heading, words.trim().to_owned())).collect()
}
