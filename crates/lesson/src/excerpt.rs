//! Code excerpts in lessons: regions of the real source files, as compiled.
//!
//! A region begins at the line that contains a given text, with the comments and attributes directly above it, and ends
//! where the item closes at the same indentation. That needs no parser, since rustfmt guarantees the indentation. In
//! Python, an item ends before the next line that is indented no further than its first.

use std::path::Path;

macro_rules! python {
    ($path:literal) => {
        include_str!(concat!("../../../fixtures/python/makespan_lane/", $path))
    };
}

/// The source files that lessons may show.
const SOURCES: &[(&str, &str)] = &[
    ("crates/museum/src/fast_because_wrong.rs", include_str!("../../museum/src/fast_because_wrong.rs")),
    ("crates/stats/src/ceiling.rs", include_str!("../../stats/src/ceiling.rs")),
    ("crates/stats/src/paired.rs", include_str!("../../stats/src/paired.rs")),
    ("crates/stats/src/serial_fraction.rs", include_str!("../../stats/src/serial_fraction.rs")),
    ("crates/work/src/strategy/async.rs", include_str!("../../work/src/strategy/async.rs")),
    ("crates/work/src/strategy/hybrid.rs", include_str!("../../work/src/strategy/hybrid.rs")),
    ("crates/work/src/strategy/processes.rs", include_str!("../../work/src/strategy/processes.rs")),
    ("crates/work/src/strategy/queue.rs", include_str!("../../work/src/strategy/queue.rs")),
    ("crates/work/src/strategy/thread_per_task.rs", include_str!("../../work/src/strategy/thread_per_task.rs")),
    ("crates/work/src/strategy/threads.rs", include_str!("../../work/src/strategy/threads.rs")),
    ("crates/work/src/task/fetch.rs", include_str!("../../work/src/task/fetch.rs")),
    ("crates/work/src/task/prime_sum.rs", include_str!("../../work/src/task/prime_sum.rs")),
    ("crates/work/src/task/sharing.rs", include_str!("../../work/src/task/sharing.rs")),
    ("crates/work/src/worker/arrival.rs", include_str!("../../work/src/worker/arrival.rs")),
    ("crates/work/src/worker/task_queue.rs", include_str!("../../work/src/worker/task_queue.rs")),
    ("crates/work/src/worker/under_lock.rs", include_str!("../../work/src/worker/under_lock.rs")),
    (
        "fixtures/python/exhibits/loop_variable_in_thread.py",
        include_str!("../../../fixtures/python/exhibits/loop_variable_in_thread.py"),
    ),
    ("fixtures/python/makespan_lane/serve.py", python!("serve.py")),
    ("fixtures/python/makespan_lane/strategy/asyncio.py", python!("strategy/asyncio.py")),
    ("fixtures/python/makespan_lane/strategy/hybrid.py", python!("strategy/hybrid.py")),
    ("fixtures/python/makespan_lane/strategy/interpreters.py", python!("strategy/interpreters.py")),
    ("fixtures/python/makespan_lane/strategy/process_pool.py", python!("strategy/process_pool.py")),
    ("fixtures/python/makespan_lane/strategy/processes.py", python!("strategy/processes.py")),
    ("fixtures/python/makespan_lane/strategy/thread_per_task.py", python!("strategy/thread_per_task.py")),
    ("fixtures/python/makespan_lane/strategy/threads.py", python!("strategy/threads.py")),
    ("fixtures/python/makespan_lane/task/arrival.py", python!("task/arrival.py")),
    ("fixtures/python/makespan_lane/task/fetch.py", python!("task/fetch.py")),
    ("fixtures/python/makespan_lane/task/prime_sum.py", python!("task/prime_sum.py")),
    ("fixtures/python/scaling/shared_counter.py", include_str!("../../../fixtures/python/scaling/shared_counter.py")),
];

/// A region of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The file, from the project's root: `crates/work/src/strategy/threads.rs`.
    pub file: String,
    /// The number of its first line.
    pub line: u32,
    /// Its lines, without their common indentation.
    pub text: String,
}

impl Excerpt {
    /// Whether it is Python, shown beside the Rust.
    pub fn is_python(&self) -> bool {
        is_python(&self.file)
    }
}

fn is_python(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|end| end == "py")
}

/// Why there is no region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoExcerpt {
    /// The file is not in the table, which has these.
    File(Vec<&'static str>),
    /// The number of lines that contain the text, if not one.
    Lines(usize),
    /// The item is not closed.
    Open,
}

/// The region of `file` that begins at the line containing `from`.
pub(super) fn excerpt(file: &str, from: &str) -> Result<Excerpt, NoExcerpt> {
    let files = || NoExcerpt::File(SOURCES.iter().map(|(name, _)| *name).collect());
    let (name, source) = SOURCES.iter().find(|(name, _)| *name == file).ok_or_else(files)?;
    let (first, text) = region(source, from, is_python(name))?;
    Ok(Excerpt { file: (*name).into(), line: first as u32 + 1, text })
}

/// The index of the region's first line, and the region's text.
fn region(source: &str, from: &str, is_python: bool) -> Result<(usize, String), NoExcerpt> {
    let lines: Vec<&str> = source.lines().collect();
    let mut places = (0..lines.len()).filter(|&place| lines[place].contains(from));
    let place = places.next().ok_or(NoExcerpt::Lines(0))?;
    match places.count() {
        0 => {}
        others => return Err(NoExcerpt::Lines(others + 1)),
    }
    let indent = indentation(lines[place]);
    let signs = if is_python { ["#", "@"] } else { ["//", "#["] };
    let belongs = |line: &&&str| indentation(line) == indent && signs.iter().any(|sign| line.trim().starts_with(sign));
    let above = lines[..place].iter().rev().take_while(belongs).count();
    let is_closed = |line: &&str| {
        let end = line.trim_end();
        indentation(line) == indent && end.ends_with(['}', ';'])
    };
    let length = if is_python {
        // The parenthesis that closes a long list of parameters belongs to the item.
        let is_inside = |line: &&&str| {
            let line = line.trim_end();
            line.is_empty() || indentation(line) > indent || line.trim_start().starts_with(')')
        };
        let inside: Vec<_> = lines[place + 1..].iter().take_while(is_inside).collect();
        let blank = inside.iter().rev().take_while(|line| line.trim().is_empty()).count();
        if inside.len() == blank {
            return Err(NoExcerpt::Open);
        }
        inside.len() - blank
    } else {
        lines[place..].iter().position(is_closed).ok_or(NoExcerpt::Open)?
    };
    let text = lines[place - above..=place + length].iter().map(|line| line.get(indent..).unwrap_or(""));
    Ok((place - above, text.collect::<Vec<_>>().join("\n")))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
//! A file.

/// What it is.
#[derive(Debug)]
struct One;

impl One {
    /// Does it.
    fn long(
        &self,
    ) -> u32 {
        if true {
            1
        } else {
            2
        }
    }

    fn short() {}
}
";

    #[test]
    fn a_region_is_the_whole_item_with_its_comments() {
        let (line, text) = region(SOURCE, "fn long", false).unwrap();
        assert_eq!(line, 7);
        assert!(text.starts_with("/// Does it.\nfn long(\n    &self,") && text.ends_with("    }\n}"), "{text}");
        assert_eq!(region(SOURCE, "fn short", false).unwrap().1, "fn short() {}");
        assert_eq!(
            region(SOURCE, "struct One", false).unwrap(),
            (2, "/// What it is.\n#[derive(Debug)]\nstruct One;".into())
        );
        assert!(region(SOURCE, "impl One", false).unwrap().1.ends_with("fn short() {}\n}"));
    }

    #[test]
    fn what_is_gone_or_ambiguous_or_open_is_no_region() {
        assert_eq!(region(SOURCE, "fn gone", false), Err(NoExcerpt::Lines(0)));
        assert_eq!(region(SOURCE, "fn ", false), Err(NoExcerpt::Lines(2)));
        assert_eq!(region("fn open() {\n    1\n", "fn open", false), Err(NoExcerpt::Open));
        assert!(matches!(excerpt("src/main.rs", "fn main"), Err(NoExcerpt::File(_))));
    }

    #[test]
    fn the_table_names_each_file_by_its_own_name() {
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        for (name, text) in SOURCES {
            assert!(std::fs::read_to_string(root.join(name)).unwrap() == *text, "{name} is another file");
        }
    }

    #[test]
    fn in_python_a_region_ends_where_the_indentation_does() {
        let source = "class One:\n    @staticmethod\n    def long(\n        number: int,\n    ) -> int:\n        if number:\n\n            return 1\n\n    def short(self) -> None: ...\n\n\ndef last():\n    pass\n";
        let (line, text) = region(source, "def long", true).unwrap();
        assert_eq!(line, 1);
        assert_eq!(text, "@staticmethod\ndef long(\n    number: int,\n) -> int:\n    if number:\n\n        return 1");
        assert_eq!(region(source, "def last", true).unwrap().1, "def last():\n    pass");
        assert_eq!(region(source, "def short", true), Err(NoExcerpt::Open));
    }
}
