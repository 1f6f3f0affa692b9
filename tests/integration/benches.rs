//! The command line of the bench targets: what is asked for, and, of real targets, that nothing else is done.

#[path = "../../benches/common/asked.rs"]
#[allow(dead_code, reason = "what only targets use")]
mod asked;
use asked::{Asked, Mode};
use std::{
    collections::BTreeSet,
    env,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};

fn read(arguments: &[&str]) -> clap::error::Result<Asked> {
    Asked::of(["a_target"].iter().chain(arguments).map(OsString::from))
}

fn asked(arguments: &[&str]) -> Asked {
    read(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// What Criterion takes beside what each test names, once each.
const ACCEPTED: &[&str] = &[
    "--noplot",
    "--verbose",
    "--nocapture",
    "--show-output",
    "--include-ignored",
    "--colour",
    "never",
    "--format",
    "pretty",
    "--save-baseline",
    "of_a_test",
    "--sample-size",
    "10",
    "--warm-up-time",
    "0.5",
    "--measurement-time",
    "1.5",
    "--nresamples",
    "100",
    "--noise-threshold",
    "0.05",
    "--confidence-level",
    "0.9",
    "--significance-level",
    "0.1",
    "--plotting-backend",
    "plotters",
    "--output-format",
    "criterion",
];

#[test]
fn what_cargo_calls_without_bench_is_a_test() {
    for (arguments, mode) in [
        (&[][..], Mode::Test),
        (&["--quick"], Mode::Test),
        (&["--bench", "--test"], Mode::Test),
        (&["--bench", "--test", "--quick"], Mode::Test),
        (&["--bench"], Mode::Measure),
        (&["--bench", "--baseline", "main"], Mode::Measure),
        (&["--bench", "--quick"], Mode::Quick),
        (&["--bench", "--load-baseline", "new", "--baseline", "main"], Mode::OnlyCriterion),
        (&["--bench", "--discard-baseline"], Mode::OnlyCriterion),
        (&["--bench", "--profile-time", "5"], Mode::OnlyCriterion),
        (&["--list"], Mode::List),
        (&["--bench", "--list", "--format", "terse", "--ignored"], Mode::List),
    ] {
        assert_eq!(asked(arguments).mode, mode, "{arguments:?}");
    }
    assert_eq!(asked(ACCEPTED).mode, Mode::Test);
    assert_eq!(asked(ACCEPTED).measurement_time_s, Some(1.5));
}

#[test]
fn a_filter_is_a_regular_expression_unless_it_is_exact() {
    let names = ["prime_sum/threads/2", "prime_sum/threads/20", "gunzip/threads/2"];
    let wanted = |arguments: &[&str]| {
        let asked = asked(&[&["--bench"], arguments].concat());
        asked.choose(names, ToString::to_string)
    };
    assert_eq!(wanted(&[]), names);
    assert_eq!(wanted(&["threads/2"]), names);
    assert_eq!(wanted(&["threads/2$"]), [names[0], names[2]]);
    assert_eq!(wanted(&["^prime|20"]), names[..2]);
    assert_eq!(wanted(&["prime_sum/threads/2", "--exact"]), names[..1]);
    assert_eq!(wanted(&["threads", "--exact"]), [""; 0]);
    assert_eq!(wanted(&["--exact"]), names, "as in Criterion");
    assert_eq!(wanted(&["--ignored"]), [""; 0]);
    assert_eq!(wanted(&["prime", "--ignored"]), [""; 0]);
    assert_eq!(wanted(&["--load-baseline", "a", "--baseline", "b"]), [""; 0]);
    assert_eq!(wanted(&["--list", "no_such_name"]), [""; 0]);
}

#[test]
fn what_criterion_refuses_is_refused() {
    for arguments in [
        &["--no-such-flag"][..],
        &["one", "two"],
        &["(unclosed"],
        &["--list", "--test"],
        &["--list", "--profile-time", "5"],
        &["--quick", "--sample-size", "20"],
        &["--sample-size", "9"],
        &["--profile-time", "0.5"],
        &["--measurement-time", "0"],
        &["--confidence-level", "1"],
        &["--color", "pink"],
        &["--format", "json"],
        &["--load-baseline", "new"],
        &["--baseline", "a", "--save-baseline", "b"],
        &["--verbose", "--quiet"],
        &["--baseline"],
    ] {
        let error = read(arguments).expect_err("it makes no sense");
        assert!(error.use_stderr() && error.exit_code() == 2, "{arguments:?}: {error}");
    }
    assert!(read(&["(unclosed", "--exact"]).is_ok(), "no pattern");
    for (arguments, says) in
        [(["--help"], "FILTER"), (["--version"], env!("CARGO_PKG_VERSION")), (["-V"], "integration ")]
    {
        let error = read(&arguments).expect_err("nothing runs");
        assert!(!error.use_stderr() && error.exit_code() == 0 && error.to_string().contains(says), "{error}");
    }
}

/// Two targets, one of our own and one of Criterion's, built as `cargo test --bench` builds them.
fn targets() -> [PathBuf; 2] {
    const NAMES: [&str; 2] = ["rounds", "prime_sum"];
    let mut cargo = support::cargo::command();
    // With the features of this test's own build, its dependencies are not compiled again.
    cargo.args(["test", "--offline", "--no-run", "--workspace", "--message-format", "json"]).current_dir(common::ROOT);
    cargo.args(NAMES.iter().flat_map(|name| ["--bench", name])).args((!cfg!(debug_assertions)).then_some("--release"));
    cargo.arg("--target-dir").arg(common::built().parent().expect("the target directory"));
    let Output { status, stdout, stderr } = cargo.output().expect("cargo starts");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let said = String::from_utf8_lossy(&stdout);
    NAMES.map(|name| {
        let artifacts = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let executable = artifacts
            .filter(|one| one["target"]["name"] == name)
            .find_map(|one| Some(PathBuf::from(one["executable"].as_str()?)));
        executable.unwrap_or_else(|| panic!("cargo built no {name}: {said}"))
    })
}

/// Runs targets where nothing is measured yet, in what looks like a checkout.
#[test]
fn targets_do_what_was_asked_and_nothing_else() {
    let place = tempfile::tempdir().expect("a temporary directory");
    fs::write(place.path().join("Cargo.toml"), "[package]\nname = \"makespan\"\n").expect("writable");
    let run = |target: &Path, arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(target);
        command
            .timeout(common::PATIENCE)
            .args(arguments)
            .current_dir(place.path())
            .env("CARGO_TARGET_DIR", "built")
            .env_remove("CRITERION_HOME");
        let Output { status, stdout, stderr } = command.output().expect("it was just built");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (status.code(), text(stdout), text(stderr))
    };
    let nothing = (Some(0), String::new(), String::new());
    let targets = targets();
    for target in &targets {
        for arguments in [&["--list"][..], &["--list", "--format", "terse"]] {
            let (code, said, words) = run(target, arguments);
            assert_eq!((code, words.as_str()), (Some(0), ""), "{arguments:?}");
            let names: Vec<&str> = said.lines().map(|line| line.strip_suffix(": benchmark").expect(line)).collect();
            let unique: BTreeSet<&str> = names.iter().copied().collect();
            assert!(unique.contains("prime_sum/threads/2") && unique.len() == names.len(), "{names:?}");
        }
        assert_eq!(run(target, &["--list", "--format", "terse", "--ignored"]), nothing);
        assert_eq!(run(target, &["--list", "--exact", "gunzip/threads"]), nothing);
        for arguments in [&["--bench", "no_such_name"][..], &["no_such_name"], &["--bench", "--quick", "no_such_name"]]
        {
            assert_eq!(run(target, arguments), nothing, "{arguments:?}");
        }
        let (code, said, words) = run(target, &["--bench", "--no-such-flag"]);
        assert_eq!((code, said.as_str()), (Some(2), ""));
        assert!(words.contains("--no-such-flag"), "{words}");
        // Criterion reads the same arguments again.
        let (code, said, words) = run(target, &[&["prime_sum/threads/2", "--exact", "--test"], ACCEPTED].concat());
        assert_eq!(code, Some(0), "{words}");
        assert!(said.contains("Testing prime_sum/threads/2\nSuccess"), "{said}");
        assert!(!said.contains("processes"), "{said}");
    }
    let [ours, _] = &targets;
    assert_eq!(run(ours, &["--bench", "--load-baseline", "a", "--baseline", "b", "prime_sum"]), nothing);
    let left: Vec<PathBuf> = ["report", "built/makespan/records", "built/criterion"]
        .into_iter()
        .map(|name| place.path().join(name))
        .filter(|path| path.exists())
        .collect();
    assert!(left.is_empty(), "a test records nothing: {left:?}");
}

/// What is measured in a checkout is kept where cargo builds.
#[test]
fn records_are_kept_in_the_target_directory_of_cargo() {
    let place = tempfile::tempdir().expect("a temporary directory");
    for (file, text) in [
        ("Cargo.toml", "[package]\nname = \"makespan\"\nedition = \"2024\"\n[workspace]\n"),
        ("src/lib.rs", ""),
        (".cargo/config.toml", "[build]\ntarget-dir = \"configured\"\n"),
        ("deep/nothing", ""),
    ] {
        let path = place.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
    common::scenario(&place.path().join("deep"), "tiny", common::FEW_PRIMES);
    let kept_in = |variables: &[(&str, &str)]| {
        let mut command = assert_cmd::Command::new(common::program_under_test());
        command.args(["run", "tiny.toml", "--rounds", "1"]).current_dir(place.path().join("deep"));
        command.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_BUILD_TARGET_DIR").envs(variables.iter().copied());
        let output = command.timeout(common::PATIENCE).output().expect("the program starts");
        let words = String::from_utf8(output.stderr).expect("UTF-8");
        let records =
            words.trim().strip_prefix("recorded in ").and_then(|path| Path::new(path).parent()).expect(&words);
        let root = place.path().canonicalize().expect("it is there");
        records.canonicalize().expect("it is there").strip_prefix(root).expect("in the checkout").to_owned()
    };
    assert_eq!(kept_in(&[]), Path::new("configured/makespan/records"));
    assert_eq!(kept_in(&[("CARGO_BUILD_TARGET_DIR", "built")]), Path::new("built/makespan/records"));
    let both = [("CARGO_BUILD_TARGET_DIR", "built"), ("CARGO_TARGET_DIR", "target dir")];
    assert_eq!(kept_in(&both), Path::new("target dir/makespan/records"));
    let without_cargo = [("CARGO", "/nowhere/cargo")];
    assert_eq!(kept_in(&without_cargo), Path::new("target/makespan/records"));
}

/// What `cargo run` compiles, `cargo bench` uses: a dependency with other features would be compiled twice, with everything
/// above it.
#[test]
fn the_program_and_the_benchmarks_share_their_dependencies() {
    let with_features = |kinds: &str| -> BTreeSet<String> {
        let mut cargo = support::cargo::command();
        cargo.args(["tree", "--offline", "--prefix", "none", "--no-dedupe", "--format", "{p} {f}", "--edges", kinds]);
        let Output { status, stdout, stderr } = cargo.current_dir(common::ROOT).output().expect("cargo starts");
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8_lossy(&stdout).lines().map(str::to_owned).collect()
    };
    let (program, benchmarks) = (with_features("normal,build"), with_features("normal,build,dev"));
    assert!(program.len() > 100, "{program:?}");
    let twice: Vec<&String> = program.difference(&benchmarks).collect();
    assert!(twice.is_empty(), "these have other features in `cargo bench`: name those in Cargo.toml: {twice:?}");
}

/// Scripts find the program wherever cargo builds it.
#[test]
fn scripts_are_told_where_the_program_is() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let cargo = place.path().join("cargo");
    // In the order of keys that cargo has.
    let artifact = |kind: &str, executable: &str| {
        format!(r#"{{"target":{{"kind":["{kind}"],"name":"any"}},"executable":"{executable}","fresh":true}}"#)
    };
    let artifacts = [artifact("custom-build", "/built/build-script"), artifact("bin", "/built here/release/makespan")];
    fs::write(&cargo, format!("#!/bin/sh\ncat <<'END'\n{}\nEND\n", artifacts.join("\n"))).expect("writable");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut program = assert_cmd::Command::new(Path::new(common::ROOT).join("tools/program"));
    let output = program.env("CARGO", &cargo).timeout(common::PATIENCE).output().expect("it is a script");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "/built here/release/makespan\n", "{output:?}");
}
