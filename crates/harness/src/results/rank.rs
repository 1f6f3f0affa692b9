//! Chooses the record that represents a scenario: the most complete one, and of those the latest.

use super::{
    record::{Purpose, Record},
    store::{Listed, RecordHead},
};
use jiff::{SignedDuration, Timestamp};
use std::{fs, path::Path};

/// A record's rank among those of its scenario; the greatest represents it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    shows: Shows,
    /// A user requested it; it is not for claims.
    asked_for: bool,
    begun: String,
}

/// How much of its scenario a record covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shows {
    /// No cell has a time: all failed, or it was interrupted.
    Nothing,
    /// The cells that a filter selected.
    Part,
    /// All requested cells, but the run was interrupted.
    FewRounds,
    /// All requested cells, in all rounds.
    Whole,
}

impl Rank {
    /// The highest rank that it can have, as far as it is known without its cells.
    pub(super) fn at_most(one: &Listed) -> Self {
        let head = &one.head;
        let shows = match (head.rounds_done, filtered(head), head.stopped) {
            (0, ..) => Shows::Nothing,
            (_, true, _) => Shows::Part,
            (_, false, None) => Shows::FewRounds,
            (_, false, Some(_)) => Shows::Whole,
        };
        Self { shows, asked_for: head.purpose == Purpose::Run, begun: one.begun.clone() }
    }

    /// The rank of this very record.
    pub(super) fn of(self, record: &Record) -> Self {
        let has_time = record.cells.iter().any(|cell| !cell.timed_s().is_empty());
        if has_time { self } else { Self { shows: Shows::Nothing, ..self } }
    }
}

/// Whether cells of the scenario were left out: by `--only`, or because single claims were tested.
fn filtered(record: &RecordHead) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_claim = |word: &str| word.split_once('-').is_some_and(|(document, claim)| number(document) && number(claim));
    record.command.split_whitespace().any(|word| match record.purpose {
        Purpose::Run => word == "--only" || word.starts_with("--only="),
        Purpose::Findings => is_claim(word),
    })
}

/// When a record was begun, as `20260102T000000Z`: its own `time` (with or without punctuation), unless that lies in
/// the future. Then the file's time counts; if that is impossible too, the record sorts before all others.
pub(super) fn begun(time: &str, path: &Path) -> String {
    let text = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    // Another machine's clock may be ahead.
    let latest = text(Timestamp::now().saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX));
    let said = time.replace([':', '-'], "");
    if said <= latest {
        return said;
    }
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let modified = modified.and_then(|time| Timestamp::try_from(time).ok()).map(text);
    modified.filter(|time| *time <= latest).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs::File, time::SystemTime};

    #[test]
    fn a_time_in_the_future_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        let modified = |time| File::create(&path).unwrap().set_modified(time).unwrap();
        modified(SystemTime::UNIX_EPOCH);
        assert_eq!(begun("2026-01-02T00:00:00Z", &path), "20260102T000000Z");
        assert_eq!(begun("20260102T000000Z", Path::new("/nowhere")), "20260102T000000Z", "no file is asked");
        assert_eq!(begun("2262-01-02T00:00:00Z", &path), "19700101T000000Z", "the file's own time");
        assert_eq!(begun("yesterday", &path), "19700101T000000Z");
        modified(Timestamp::MAX.into());
        assert_eq!(begun("2262-01-02T00:00:00Z", &path), "");
        assert_eq!(begun("2262-01-02T00:00:00Z", Path::new("/nowhere")), "");
    }
}
