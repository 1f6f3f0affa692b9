//! Finds Criterion's own pages under `target/criterion`, which our page links to. No other module depends on its files.
//!
//! Criterion's book calls them private, so this import takes what it understands and reports what it skipped. Figures come
//! from our own records alone.
//!
//! A benchmark has a folder `GROUP/FUNCTION/VALUE` (function and value may be absent, and characters invalid in a file
//! name are replaced), with its name in `new/benchmark.json` and its page in `report/`. In our benches the group is the
//! scenario, the function the strategy, and the value the worker count.

use super::store;
use serde::Deserialize;
use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// One benchmark's last run.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmark {
    /// Criterion's group: the scenario.
    pub group: String,
    /// Criterion's function: the strategy.
    pub function: Option<String>,
    /// Criterion's parameter: the worker count, if any.
    pub value: Option<String>,
    /// The folder, relative to the imported one.
    pub directory: PathBuf,
}

impl Benchmark {
    /// The value as a worker count, if it is one.
    pub fn workers(&self) -> Option<u32> {
        self.value.as_deref()?.parse().ok()
    }

    /// Criterion's page on it, if there is one.
    pub fn page(&self) -> Option<PathBuf> {
        Some(self.directory.join("report/index.html")).filter(|page| page.is_file())
    }
}

/// What was imported.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Import {
    /// The benchmarks, ordered by folder.
    pub benchmarks: Vec<Benchmark>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
}

/// A file that was not understood; its benchmark is skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub file: PathBuf,
    /// What was wrong with it.
    pub reason: String,
}

/// Why a benchmark's folder could not be removed.
#[derive(Debug, thiserror::Error)]
#[error("could not remove {directory}, whose figures are of wrong answers: {source}; remove it by hand")]
pub struct RemoveError {
    directory: PathBuf,
    source: io::Error,
}

/// Where Criterion writes: `criterion` in the target directory, unless its own variable says otherwise.
pub fn home() -> PathBuf {
    let named = env::var_os("CRITERION_HOME").map(PathBuf::from);
    named.unwrap_or_else(|| store::target_dir().unwrap_or_else(|| "target".into()).join("criterion"))
}

/// Reads every benchmark under the folder, usually `target/criterion`. A missing folder has none.
pub fn import(dir: &Path) -> Import {
    let mut import = Import::default();
    for directory in benchmark_directories(dir) {
        match benchmark(&directory) {
            Ok(benchmark) => import.benchmarks.push(benchmark),
            Err(skipped) => import.skipped.push(skipped),
        }
    }
    import
}

/// Removes one benchmark's folder, because its check failed and a wrong answer has no time. True if it existed. Pages
/// of the whole group keep it until Criterion rewrites them.
pub fn remove(dir: &Path, group: &str, function: &str, value: &str) -> Result<bool, RemoveError> {
    let wanted = |directory: &PathBuf| {
        benchmark(directory).is_ok_and(|found| {
            found.group == group && found.function.as_deref() == Some(function) && found.value.as_deref() == Some(value)
        })
    };
    let Some(directory) = benchmark_directories(dir).into_iter().find(wanted) else {
        return Ok(false);
    };
    fs::remove_dir_all(&directory).map_err(|source| RemoveError { directory, source })?;
    Ok(true)
}

/// The folders that have a `new` folder, at most group, function and value deep.
fn benchmark_directories(dir: &Path) -> Vec<PathBuf> {
    const DEPTH: usize = 3;
    let mut found = Vec::new();
    let mut level = vec![dir.to_owned()];
    for _ in 0..DEPTH {
        level = level.iter().flat_map(|folder| folders_in(folder)).collect();
        found.extend(level.iter().filter(|folder| folder.join("new").is_dir()).cloned());
    }
    found.sort();
    found
}

/// The folders within a folder. Links are not followed, so `remove` can't delete outside of it.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// What we read of `benchmark.json`.
#[derive(Deserialize)]
struct Identity {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
}

fn benchmark(directory: &Path) -> Result<Benchmark, Skipped> {
    let file = directory.join("new/benchmark.json");
    let skipped = |reason: String| Skipped { file: file.clone(), reason };
    let bytes = fs::read(&file).map_err(|error| skipped(format!("could not be read: {error}")))?;
    let Identity { group_id, function_id, value_str } = serde_json::from_slice(&bytes)
        .map_err(|error| skipped(format!("is not what Criterion 0.8 writes: {error}")))?;
    Ok(Benchmark { group: group_id, function: function_id, value: value_str, directory: directory.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// The files that we read, as a tiny `cargo bench` with Criterion 0.8.2 left them.
    const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/criterion");

    /// A copy to damage.
    fn copy() -> TempDir {
        let copy = TempDir::new().unwrap();
        for directory in benchmark_directories(Path::new(SAMPLE)) {
            let to = copy.path().join(directory.strip_prefix(SAMPLE).unwrap()).join("new");
            fs::create_dir_all(&to).unwrap();
            fs::copy(directory.join("new/benchmark.json"), to.join("benchmark.json")).unwrap();
        }
        copy
    }

    /// Group, function and value of what was imported.
    fn names(import: &Import) -> Vec<String> {
        let name = |benchmark: &Benchmark| {
            let parts = [Some(&benchmark.group), benchmark.function.as_ref(), benchmark.value.as_ref()];
            parts.into_iter().flatten().cloned().collect::<Vec<_>>().join("/")
        };
        import.benchmarks.iter().map(name).collect()
    }

    #[test]
    fn reads_what_criterion_wrote() {
        let import = import(Path::new(SAMPLE));
        assert_eq!(import.skipped, []);
        let expected =
            ["overheads/start_thread", "prime_sum/sequential/1", "prime_sum/threads/1", "prime_sum/threads/2"];
        assert_eq!(names(&import), expected);
        assert_eq!(import.benchmarks[0].workers(), None);
        let threads = &import.benchmarks[3];
        assert_eq!(threads.workers(), Some(2));
        assert_eq!(threads.directory, Path::new(SAMPLE).join("prime_sum/threads/2"));
    }

    #[test]
    fn damage_costs_one_benchmark_and_is_named() {
        let cases = [
            ("", "EOF"),
            ("[1, 2]", "is not what Criterion 0.8 writes"),
            ("{\"function_id\": 7}", "expected a string"),
        ];
        for (text, reason) in cases {
            let copy = copy();
            let damaged = copy.path().join("prime_sum/threads/2/new/benchmark.json");
            fs::write(&damaged, text).unwrap();
            let import = import(copy.path());
            assert_eq!(names(&import), ["overheads/start_thread", "prime_sum/sequential/1", "prime_sum/threads/1"]);
            assert_eq!(import.skipped.len(), 1);
            assert_eq!(import.skipped[0].file, damaged);
            assert!(import.skipped[0].reason.contains(reason), "{:?}", import.skipped);
        }
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let copy = copy();
        let missing = copy.path().join("prime_sum/threads/1/new/benchmark.json");
        fs::remove_file(&missing).unwrap();
        let import = import(copy.path());
        assert_eq!(import.benchmarks.len(), 3);
        assert_eq!(import.skipped[0].file, missing);
        assert!(import.skipped[0].reason.contains("could not be read"), "{:?}", import.skipped);
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        assert_eq!(import(Path::new("/nowhere/at/all")), Import::default());
        assert!(!remove(Path::new("/nowhere/at/all"), "prime_sum", "threads", "2").unwrap());
    }

    #[test]
    fn a_page_is_there_only_when_it_is() {
        let copy = copy();
        let page = copy.path().join("prime_sum/threads/1/report/index.html");
        fs::create_dir_all(page.parent().unwrap()).unwrap();
        fs::write(&page, "").unwrap();
        let import = import(copy.path());
        let pages: Vec<PathBuf> = import.benchmarks.iter().filter_map(Benchmark::page).collect();
        assert_eq!(pages, [page]);
    }

    #[test]
    fn removes_the_one_that_was_named() {
        let copy = copy();
        // Criterion names folders as it likes; only the file inside counts.
        fs::rename(copy.path().join("prime_sum/threads/2"), copy.path().join("prime_sum/threads/2_2")).unwrap();
        assert!(remove(copy.path(), "prime_sum", "threads", "2").unwrap());
        assert!(!remove(copy.path(), "prime_sum", "threads", "2").unwrap(), "it is gone");
        assert!(!remove(copy.path(), "prime_sum", "threads", "../1").unwrap());
        let left = ["overheads/start_thread", "prime_sum/sequential/1", "prime_sum/threads/1"];
        assert_eq!(names(&import(copy.path())), left);
    }
}
