//! Chooses the record that represents a scenario: the most complete one, and of those the latest.

use super::record::{Purpose, Record};
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
    /// All requested cells.
    Whole,
}

impl Rank {
    pub(super) fn of(record: &Record, path: &Path) -> Self {
        let has_time = record.rounds_done > 0 && record.cells.iter().any(|cell| !cell.timed_s().is_empty());
        let shows = match (has_time, filtered(record)) {
            (false, _) => Shows::Nothing,
            (true, true) => Shows::Part,
            (true, false) => Shows::Whole,
        };
        Self { shows, asked_for: record.purpose == Purpose::Run, begun: begun(&record.started_at, path) }
    }

    /// Whether no earlier record can be more complete.
    pub(super) fn is_whole(&self) -> bool {
        self.shows == Shows::Whole
    }
}

/// Whether cells of the scenario were left out: by `--only`, or because single claims were tested.
fn filtered(record: &Record) -> bool {
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
