//! The last results of the museum's exhibits: one versioned JSON document, `exhibits.json` in the data directory.

use super::store::{Store, StoreError, read_if_there, write_whole};
use museum::ExhibitShown;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

/// The schema that this version writes.
pub const SCHEMA: &str = "makespan.exhibits/1";

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhibits {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// When an exhibit was shown last, RFC 3339, UTC.
    pub shown_at: String,
    /// Each one's result, by name.
    pub exhibits: BTreeMap<String, ExhibitShown>,
}

impl Store {
    /// The stored results of exhibits; `None` before the first.
    pub fn exhibits(&self) -> Result<Option<Exhibits>, StoreError> {
        read_if_there(&self.exhibits_path(), SCHEMA)
    }

    /// Stores these exhibits' new results and keeps those of others. A document that can't be read is replaced.
    pub fn keep_exhibits(&self, shown: BTreeMap<String, ExhibitShown>) -> Result<PathBuf, StoreError> {
        let mut exhibits = self.exhibits().ok().flatten().map(|kept| kept.exhibits).unwrap_or_default();
        exhibits.extend(shown);
        let shown_at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (document, path) = (Exhibits { schema: SCHEMA.into(), shown_at, exhibits }, self.exhibits_path());
        write_whole(&path, |file| serde_json::to_writer(file, &document).map_err(Into::into))?;
        Ok(path)
    }

    fn exhibits_path(&self) -> PathBuf {
        self.dir().join("exhibits.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use museum::{Figures, SideShown};

    fn shown(holds: bool) -> ExhibitShown {
        let side = |count| SideShown {
            holds,
            verdict: "the server counted".into(),
            figures: Figures::from([("requests".into(), count)]),
        };
        ExhibitShown { bug: side(150), right: side(30), python: None }
    }

    fn named(name: &str, holds: bool) -> BTreeMap<String, ExhibitShown> {
        BTreeMap::from([(name.to_owned(), shown(holds))])
    }

    #[test]
    fn what_was_shown_is_kept_beside_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(Some(dir.path().into()));
        assert_eq!(store.exhibits().unwrap(), None);
        store.keep_exhibits(named("one", false)).unwrap();
        store.keep_exhibits(named("two", true)).unwrap();
        let path = store.keep_exhibits(named("one", true)).unwrap();
        let kept = store.exhibits().unwrap().unwrap();
        assert_eq!(kept.exhibits, [named("one", true), named("two", true)].into_iter().flatten().collect());
        assert!(path.ends_with("exhibits.json"), "{}", path.display());
    }

    #[test]
    fn a_damaged_document_is_told_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(Some(dir.path().into()));
        for damaged in ["{", "{}", r#"{"schema":"makespan.exhibits/2","shown_at":"","exhibits":{}}"#] {
            std::fs::write(store.exhibits_path(), damaged).unwrap();
            let error = store.exhibits().unwrap_err().to_string();
            assert!(error.contains("exhibits.json") && error.contains(SCHEMA), "{error}");
        }
        store.keep_exhibits(named("one", true)).unwrap();
        assert_eq!(store.exhibits().unwrap().unwrap().exhibits.len(), 1);
    }
}
