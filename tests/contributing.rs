//! CONTRIBUTING.md, carried out: its worked examples still apply to the sources, compile, and give right answers. And an
//! exercise, begun and completed in the same copy.
//!
//! The sources are copied into the target directory and changed there as the document says. The copy is built in the
//! same target directory, so that it uses the dependencies that are compiled already. It is a package of another name,
//! because to cargo two packages of one name in one place are the same, and each would overwrite the other's files.

use makespan::results::{record::Check, store};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const ROOT: &str = common::ROOT;

/// What the copy and its binary are called.
const COPY: &str = "makespan-contributed";

/// What a build of the program reads. The tests only because their package is a member of the workspace.
const SOURCES: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "src",
    "crates",
    "fixtures",
    "lectures",
    "report/theme",
    "benches",
    "tests",
];

#[test]
fn the_worked_examples_compile_and_give_right_answers() {
    let document = fs::read_to_string(Path::new(ROOT).join("CONTRIBUTING.md")).unwrap();
    let blocks = blocks(&document);
    let copy = copy_of_the_sources();
    for block in &blocks {
        block.apply(&copy);
    }
    let program = build(&copy, &blocks);
    let commands: Vec<&str> = blocks.iter().flat_map(Block::commands).collect();
    assert!(commands.len() >= 2, "CONTRIBUTING.md runs nothing");
    for command in commands {
        run(&program, &copy, command);
    }
    an_exercise_goes_the_whole_way(&program, &copy);
}

/// Written into the copy, checked there, completed, and checked again.
fn an_exercise_goes_the_whole_way(program: &Path, copy: &Path) {
    // A student's build has other features than the workspace, and would compile most dependencies again.
    let cargo = copy.join("cargo");
    let script = "#!/bin/sh\nexec cargo \"$@\" --workspace\n";
    fs::write(&cargo, script).and_then(|()| fs::set_permissions(&cargo, Permissions::from_mode(0o755))).expect("ours");
    let exercise = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.arg("exercise").args(arguments).current_dir(copy);
        in_a_hurry(&mut command)
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO", &cargo);
        let Output { status, stdout, stderr } = command.output().expect("what was just built starts");
        (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
    };
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let check = || {
        let json = copy.join("exercise.json");
        let path = json.to_str().expect("UTF-8");
        let (code, said) = exercise(&["check", "work_queue", "--rounds", "2", "--profile", profile, "--json", path]);
        let text = fs::read_to_string(&json).unwrap_or_else(|error| panic!("{error}: {said}"));
        fs::remove_file(json).expect("the copy is ours");
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let kept = report["contract"].as_array().expect("a list").iter().all(|point| point["outcome"] == "passed");
        assert!(kept || !cfg!(target_os = "linux"), "{said}");
        assert!(said.contains("Grade") && said.contains("my_work_queue"), "{said}");
        assert_eq!(code, Some(i32::from(report["grade"] != "passed")), "{said}");
        report
    };

    let (code, said) = exercise(&["new", "work_queue"]);
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(check()["grade"], "passed", "it is still to be completed");
    let file = copy.join("examples/work_queue.rs");
    fs::copy(Path::new(ROOT).join("tests/exercises/solutions/work_queue.rs"), &file).expect("the copy is ours");
    assert_ne!(check()["grade"], "failed", "it is solved");
    fs::write(&file, "fn main() { not_rust }").expect("the copy is ours");
    let (code, said) = exercise(&["check", "--profile", profile]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("examples/work_queue.rs:1") && said.contains("not_rust"), "cargo's words: {said}");
}

/// A fenced block with something after its language: a file to write or to change, or `run`.
#[derive(Debug)]
struct Block<'a> {
    language: &'a str,
    target: &'a str,
    text: String,
}

fn blocks(document: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut lines) = (Vec::new(), document.lines());
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let text = joined(lines.by_ref().take_while(|line| *line != "```"));
        if let Some((language, target)) = info.split_once(' ') {
            blocks.push(Block { language, target, text });
        }
    }
    blocks
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [line, "\n"]).collect()
}

impl Block<'_> {
    fn apply(&self, copy: &Path) {
        let file = copy.join(self.target);
        match self.language {
            "diff" => {
                let before = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", self.target));
                fs::write(file, self.changed(&before)).expect("the copy is ours");
            }
            "rust" | "toml" => {
                assert!(!file.exists(), "{} is to be a new file, but is there already", self.target);
                fs::write(file, &self.text).expect("the copy is ours");
            }
            "sh" => {}
            other => panic!("a block in `{other}` for {}: nobody knows what to do with it", self.target),
        }
    }

    /// The text with the lines of a diff replaced. They must stand there exactly once.
    fn changed(&self, before: &str) -> String {
        let side = |other_sign: char| -> String {
            let lines = self.text.lines().filter(|line| !line.starts_with(other_sign));
            joined(lines.map(|line| line.get(1..).unwrap_or("")))
        };
        let (old, new) = (side('+'), side('-'));
        let places = before.matches(&old).count();
        assert_eq!(places, 1, "these lines should stand in {} exactly once:\n{old}", self.target);
        before.replacen(&old, &new, 1)
    }

    fn commands(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|_| self.language == "sh" && self.target == "run")
    }
}

/// Always the same place: another path would be another package to cargo, and be compiled from nothing.
fn copy_of_the_sources() -> PathBuf {
    let copy = common::target_tmp().join("contributing");
    if copy.exists() {
        fs::remove_dir_all(&copy).expect("the copy is ours");
    }
    for source in SOURCES {
        copy_all(&Path::new(ROOT).join(source), &copy.join(source));
    }
    let manifest = fs::read_to_string(copy.join("Cargo.toml")).expect("it was just copied");
    let (name, library) = ("name = \"makespan\"", "[lib]\n");
    assert_eq!(manifest.matches(name).count(), 2, "expected the names of package and binary in Cargo.toml");
    assert_eq!(manifest.matches(library).count(), 1, "expected a section for the library in Cargo.toml");
    let renamed = manifest.replace(name, &format!("name = \"{COPY}\""));
    fs::write(copy.join("Cargo.toml"), renamed.replace(library, &format!("{library}{name}\n")))
        .expect("the copy is ours");
    // The package of the tests knows it by its new name, and must not overwrite the program under test.
    let manifest = copy.join("tests/Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("it was just copied");
    let library = format!("makespan = {{ path = \"..\", package = \"{COPY}\" }}");
    let text =
        text.replace("makespan = { path = \"..\" }", &library).replace("makespan-under-test", "contributed-under-test");
    fs::write(manifest, text).expect("the copy is ours");
    copy
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("the copy is ours");
        for entry in fs::read_dir(from).expect("a folder of the sources") {
            let name = entry.expect("a file of the sources").file_name();
            copy_all(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::create_dir_all(to.parent().expect("it lies in the copy")).expect("the copy is ours");
        fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}

/// The target directory that the copy shares.
fn target() -> PathBuf {
    common::built().parent().expect("cargo makes it inside the target directory").to_owned()
}

/// The copy itself is compiled in a hurry: what it measures is of no interest.
fn in_a_hurry(cargo: &mut Command) -> &mut Command {
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0")
}

/// Builds the copy without a word about the new files, and says where the program is.
fn build(copy: &Path, blocks: &[Block]) -> PathBuf {
    let (profile, flag) = if cfg!(debug_assertions) { ("debug", None) } else { ("release", Some("--release")) };
    let mut cargo = support::cargo::command();
    // With the workspace and a test among what is built, dependencies get the features that they have in the build of this
    // test, and are not compiled again.
    cargo.args(["build", "--offline", "--workspace", "--bin", COPY, "--test", "contributing"]).args(flag);
    let built =
        in_a_hurry(&mut cargo).arg("--target-dir").arg(target()).current_dir(copy).output().expect("cargo starts");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "what CONTRIBUTING.md says does not compile:\n{said}");
    for block in blocks.iter().filter(|block| block.language == "rust") {
        assert!(!said.contains(block.target), "the compiler has something to say about CONTRIBUTING.md:\n{said}");
    }
    target().join(profile).join(COPY)
}

/// Runs a command of the document, and sees that every cell it measured has right answers, or every claim a verdict.
fn run(program: &Path, copy: &Path, command: &str) {
    let (data, json) = (copy.join("data"), copy.join("record.json"));
    let arguments = command.strip_prefix("cargo run --release -- ").unwrap_or_else(|| panic!("not ours: {command}"));
    let mut run = Command::new(program);
    run.args(arguments.split(' ')).arg("--data").arg(&data).arg("--json").arg(&json).current_dir(copy);
    let Output { status, stdout, stderr } = run.output().expect("what was just built starts");
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command}: {status}\n{said}");
    if arguments.starts_with("reproduce ") {
        return judged(&json, command);
    }
    let record = store::read(&json).expect("the record was just written");
    let wrong: Vec<_> = record.cells.iter().filter(|cell| cell.check != Check::Passed).collect();
    assert!(wrong.is_empty(), "{command}: {wrong:#?}");
    assert!(record.cells.len() > 1, "{command} measured nothing beside the baseline");
}

fn judged(json: &Path, command: &str) {
    let text = fs::read_to_string(json).expect("the findings were just written");
    let found: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let claims = found["claims"].as_array().expect("a list of claims");
    assert!(!claims.is_empty(), "{command} put nothing to the test");
    let open: Vec<_> = claims.iter().filter(|claim| claim["verdict"] == "not_measured").collect();
    assert!(open.is_empty(), "{command}: {open:#?}");
}
