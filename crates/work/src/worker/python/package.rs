//! The files of a Python lane, built into the program and written to the data directory when they are first needed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};
use support::scratch::Scratch;

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../../../fixtures/python/", $path)))),*]
    };
}

/// The files by their paths in `fixtures/python`. A test compares them with the folder.
const FILES: &[(&str, &str)] = &files![
    "__main__.py",
    "exhibits/blocking_call_in_coroutine.py",
    "exhibits/empty_then_get.py",
    "exhibits/loop_variable_in_thread.py",
    "exhibits/map_timeout_unread.py",
    "exhibits/no_main_guard.py",
    "exhibits/show.py",
    "exhibits/task_done_forgotten.py",
    "makespan_lane/__init__.py",
    "makespan_lane/feed.py",
    "makespan_lane/guard.py",
    "makespan_lane/guest.py",
    "makespan_lane/hello.py",
    "makespan_lane/lane.py",
    "makespan_lane/serve.py",
    "makespan_lane/strategy/__init__.py",
    "makespan_lane/strategy/asyncio.py",
    "makespan_lane/strategy/base.py",
    "makespan_lane/strategy/hybrid.py",
    "makespan_lane/strategy/interpreters.py",
    "makespan_lane/strategy/process_pool.py",
    "makespan_lane/strategy/processes.py",
    "makespan_lane/strategy/sequential.py",
    "makespan_lane/strategy/thread_per_task.py",
    "makespan_lane/strategy/thread_pool.py",
    "makespan_lane/strategy/threads.py",
    "makespan_lane/task/__init__.py",
    "makespan_lane/task/arrival.py",
    "makespan_lane/task/async_client.py",
    "makespan_lane/task/base.py",
    "makespan_lane/task/blocking_client.py",
    "makespan_lane/task/fault.py",
    "makespan_lane/task/fetch.py",
    "makespan_lane/task/files.py",
    "makespan_lane/task/function.py",
    "makespan_lane/task/gunzip.py",
    "makespan_lane/task/noop.py",
    "makespan_lane/task/prime_sum.py",
    "makespan_lane/task/thumbnail.py",
    "makespan_lane/work.py",
    "makespan_lane/worker.py",
];

/// The directory of the package under `data`, written now if it is missing or incomplete. It is named after a checksum of
/// the files, so that programs of several versions share a data directory.
pub fn installed(data: &Path) -> io::Result<PathBuf> {
    let place = data.join("python");
    let package = place.join(checksum());
    if is_whole(&package) {
        return Ok(package);
    }
    let scratch = Scratch::new_in(&place)?;
    for (path, text) in FILES {
        let file = scratch.path().join(path);
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(file, text)?;
    }
    // Somebody has changed a file, or another process was faster.
    let _ = fs::remove_dir_all(&package);
    match fs::rename(scratch.path(), &package) {
        Err(error) if !is_whole(&package) => Err(error),
        _ => Ok(package),
    }
}

fn checksum() -> String {
    let mut digest = crc32fast::Hasher::new();
    for (path, text) in FILES {
        digest.update(path.as_bytes());
        digest.update(text.as_bytes());
    }
    format!("{:08x}", digest.finalize())
}

fn is_whole(package: &Path) -> bool {
    FILES.iter().all(|(path, text)| fs::read(package.join(path)).is_ok_and(|found| found == text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/python");

    fn python_files(dir: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                python_files(&path, found);
            } else if path.extension().is_some_and(|end| end == "py") {
                found.insert(path.strip_prefix(SOURCE).unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_package_is_built_in() {
        let mut found = BTreeSet::from([PathBuf::from("__main__.py")]);
        python_files(&Path::new(SOURCE).join("makespan_lane"), &mut found);
        // Of the exhibits, the museum's tests run those that it needs.
        let files = FILES.iter().map(|(path, _)| PathBuf::from(path));
        assert_eq!(files.filter(|path| !path.starts_with("exhibits")).collect::<BTreeSet<_>>(), found);
    }

    #[test]
    fn a_missing_or_changed_file_is_written_again_and_nothing_else_is_left() {
        let data = tempfile::tempdir().unwrap();
        let package = installed(data.path()).unwrap();
        let file = package.join("makespan_lane/lane.py");
        for damage in [|file: &Path| fs::write(file, "other"), |file: &Path| fs::remove_file(file)] {
            damage(&file).unwrap();
            assert_eq!(installed(data.path()).unwrap(), package);
            assert!(is_whole(&package));
        }
        assert_eq!(fs::read_dir(data.path().join("python")).unwrap().count(), 1);
    }
}
