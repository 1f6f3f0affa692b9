//! What the documents say of the project is so: links lead somewhere, tables are complete, figures have their command.

use common::skipped;
use makespan::{
    lesson, scenario,
    strategy::{self, python::PREFIX},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const ROOT: &str = common::ROOT;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "METHOD.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/advise.md",
    "docs/reference.md",
    "docs/scenario.md",
    "docs/json.md",
    "docs/source.md",
    "fixtures/README.md",
];

/// Scripts for lecturers, and how many minutes each takes.
const LECTURES: &[(&str, u32)] =
    &[("lectures/five_minutes.md", 5), ("lectures/fifty_minutes.md", 50), ("lectures/ninety_minutes_lab.md", 90)];

/// Made when something is measured, so not there before.
const MADE_LATER: &str = "report/index.html";

/// What has no place in a document: words that praise, words that belittle a reader's trouble, what somebody meant to
/// write later, and places on the machine of their author.
const FORBIDDEN: &[&str] = &[
    "blazing",
    "seamless",
    "powerful",
    "cutting-edge",
    "world-class",
    "revolutionary",
    "effortless",
    "obviously",
    "needless to say",
    "simply",
    "TODO",
    "FIXME",
    "TBD",
    "lorem ipsum",
    "/home/",
    "/root/",
    "/Users/",
];

const GENERATED: &str = "<!-- generated: ";
const GENERATED_MARKDOWN: &str = "<!-- generated as Markdown: ";
const END_GENERATED: &str = "<!-- end generated -->";

fn read(document: impl AsRef<Path>) -> String {
    let path = Path::new(ROOT).join(document);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The document without its fenced blocks.
fn prose(document: impl AsRef<Path>) -> String {
    let mut inside = false;
    let keep = |line: &&str| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    };
    read(document).lines().filter(keep).flat_map(|line| [line, "\n"]).collect()
}

/// What stands between two texts, each time.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close).map(|(inside, _)| inside))
}

/// A heading's anchor, as forges make it: lower case, spaces to hyphens, everything else dropped.
fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn anchors(document: &Path) -> BTreeSet<String> {
    let text = prose(document);
    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches(['#', ' ']))).collect()
}

/// The cells of the rows below the line that starts with `header`.
fn rows(document: &str, header: &str) -> Vec<Vec<String>> {
    let text = prose(document);
    let below = text.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    let rows = below.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn every_link_leads_somewhere() {
    for &document in DOCUMENTS {
        let text = prose(document);
        let folder = Path::new(ROOT).join(document).parent().unwrap().to_owned();
        for target in between(&text, "](", ")").filter(|target| !target.contains("://")) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { Path::new(ROOT).join(document) } else { folder.join(path) };
            assert!(file.exists(), "{document} links to {target}, which is not there");
            let known = heading.is_empty() || anchors(&file).contains(heading);
            assert!(known, "{document} links to {target}, but there is no such heading");
        }
    }
}

#[test]
fn every_file_that_is_named_exists() {
    let folders = ["src/", "crates/", "tests/", "benches/", "fixtures/", "report/", "tools/", ".github/", ".ci/"];
    let mut found = 0;
    for &document in DOCUMENTS {
        let text = prose(document);
        // Every other piece stands between two backticks; a command may follow its program.
        let named = text.split('`').skip(1).step_by(2).map(|span| span.split(' ').next().unwrap_or(span));
        for name in named.filter(|name| folders.iter().any(|folder| name.starts_with(folder)) && *name != MADE_LATER) {
            assert!(Path::new(ROOT).join(name).exists(), "{document} names {name}, which is not there");
            found += 1;
        }
    }
    assert!(found > 0, "no file names were found between backticks");
}

#[test]
fn every_idea_has_its_file_and_every_strategy_is_among_them() {
    let text = read("docs/source.md");
    let files: Vec<PathBuf> = between(&text, "](../", ")").map(|link| Path::new(ROOT).join(link)).collect();
    assert!(files.len() > 20, "the list of ideas was not found: {files:?}");
    for strategy in strategy::ALL {
        let file = match strategy.name().strip_prefix(PREFIX) {
            Some(_) => "crates/work/src/strategy/python.rs".into(),
            None => format!("crates/work/src/strategy/{}.rs", strategy.name()),
        };
        let file = Path::new(ROOT).join(file);
        assert!(files.contains(&file), "docs/source.md has no idea for {}", file.display());
    }
}

#[test]
fn the_reference_has_the_help_of_every_subcommand() {
    let reference = read("docs/reference.md");
    let help = common::program::success(&common::target_tmp(), &["--help"]).0;
    let listed = between(&help, "Commands:\n", "\n\n").next().expect("the list of subcommands");
    let names = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<&str> = names.filter(|name| !name.is_empty() && *name != "help").collect();
    assert!(names.len() > 10, "the list of subcommands was not found: {names:?}");
    let is_lacking = |name: &&str| !reference.contains(&format!("$ makespan {name} "));
    let lacking: Vec<&str> = names.into_iter().filter(is_lacking).collect();
    assert!(lacking.is_empty(), "docs/reference.md has no help of {lacking:?}");
}

#[test]
fn the_documents_name_every_strategy_and_every_scenario() {
    let reference = read("docs/reference.md");
    for strategy in strategy::ALL {
        assert!(reference.contains(strategy.name()), "docs/reference.md does not name {}", strategy.name());
    }
    let scenarios: Vec<String> = rows("README.md", "| document |").into_iter().map(|row| row[2].clone()).collect();
    for (name, _) in scenario::BUILT_IN {
        let named = scenarios.iter().filter(|row| row.contains(&format!("`{name}`"))).count();
        assert_eq!(named, 1, "README.md should say once which document {name} comes from");
    }
}

#[test]
fn every_dependency_is_explained_and_nothing_else() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let all = manifest["workspace"]["dependencies"].as_table().unwrap();
    let ours = |dependency: &toml::Value| dependency.get("path").is_some();
    let used: BTreeSet<String> = all.iter().filter(|(_, one)| !ours(one)).map(|(name, _)| name.clone()).collect();
    let lines = rows("ARCHITECTURE.md", "| dependency |");
    let explained: BTreeSet<String> = lines.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    assert_eq!(lines.len(), explained.len(), "ARCHITECTURE.md explains a dependency twice");
    let unexplained: Vec<_> = used.difference(&explained).collect();
    assert!(unexplained.is_empty(), "ARCHITECTURE.md says nothing of {unexplained:?}");
    let unused: Vec<_> = explained.difference(&used).collect();
    assert!(unused.is_empty(), "ARCHITECTURE.md explains {unused:?}, which Cargo.toml does not have");
    let empty: Vec<_> = lines.iter().filter(|row| row.get(1).is_none_or(String::is_empty)).collect();
    assert!(empty.is_empty(), "no reason is given: {empty:?}");
}

#[test]
fn every_crate_imports_only_those_above_it() {
    let table: Vec<String> = rows("ARCHITECTURE.md", "| crate |")
        .iter()
        .map(|row| between(&row[0], "[", "]").next().unwrap_or_else(|| panic!("no crate in {row:?}")).to_owned())
        .collect();
    let members = fs::read_dir(Path::new(ROOT).join("crates")).unwrap().map(|entry| entry.unwrap().file_name());
    let members: BTreeSet<String> = members.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(
        members,
        table.iter().cloned().collect(),
        "the folders of crates/ and the table in ARCHITECTURE.md differ"
    );
    for (floor, name) in table.iter().enumerate() {
        let manifest: toml::Table = read(format!("crates/{name}/Cargo.toml")).parse().unwrap();
        let tables = ["dependencies", "dev-dependencies"].into_iter().filter_map(|kind| manifest.get(kind)?.as_table());
        for import in tables.flat_map(toml::Table::keys).filter(|import| members.contains(*import)) {
            let at = table.iter().position(|other| other == import).unwrap();
            // Tests of any crate may use what is made up for tests.
            let is_for_tests = import == "testdata" && manifest["dependencies"].get(import).is_none();
            assert!(
                at < floor || is_for_tests,
                "{name} imports {import}, which lies below it in ARCHITECTURE.md's table: move what it needs from there into \
                 a crate that both may import"
            );
        }
    }
}

/// A reader can take the modules of a crate in order only if their imports form no circle. The first lines of `work` give
/// the reasons for the two circles that there are.
#[test]
fn modules_of_a_crate_import_each_other_in_one_direction() {
    let mut circles = Vec::new();
    for entry in fs::read_dir(Path::new(ROOT).join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let sources = format!("crates/{name}/src");
        let modules: Vec<String> = fs::read_dir(Path::new(ROOT).join(&sources))
            .unwrap()
            .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
            .filter(|module| !["lib", "main", "tests"].contains(&&**module))
            .collect();
        let imports = |module: &String| -> BTreeSet<String> {
            // What is `super` in the module itself is the crate.
            let own = fs::read_to_string(Path::new(ROOT).join(format!("{sources}/{module}.rs"))).unwrap();
            let below = rust_files(&Path::new(ROOT).join(&sources).join(module));
            let below = below.iter().filter(|file| !file.ends_with("tests.rs"));
            let below = below.flat_map(|file| imported(&fs::read_to_string(file).unwrap(), &["crate::"]));
            let names = below.chain(imported(&own, &["crate::", "super::"]));
            names.filter(|name| name != module && modules.contains(name)).collect()
        };
        let imports: BTreeMap<&String, BTreeSet<String>> = modules.iter().map(|name| (name, imports(name))).collect();
        let reach = |from: &String| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
            while let Some(at) = next.pop() {
                next.extend(imports[at].iter().filter(|to| seen.insert((*to).clone())));
            }
            seen
        };
        circles.extend(modules.iter().filter(|module| reach(module).contains(*module)).map(|m| format!("{name}::{m}")));
    }
    circles.sort();
    assert_eq!(
        circles,
        ["work::queue", "work::task", "work::worker"],
        "these modules import each other: move what both need into the one that the other may import"
    );
}

/// The modules that a source imports outside its tests from what these words name.
fn imported(source: &str, from: &[&str]) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source);
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut found = Vec::new();
    let starts = from.iter().flat_map(|word| code.match_indices(*word));
    // Not `super::super::`.
    for (at, start) in starts.filter(|(at, _)| !code[..*at].ends_with("::")) {
        let rest = &code[at + start.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(rest);
            continue;
        };
        let mut depth = 0;
        found.push(list);
        for (place, letter) in list.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => found.push(&list[place + 1..]),
                _ => {}
            }
        }
    }
    let name = |from: &str| {
        let from = from.trim_start();
        from[..from.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(from.len())].to_owned()
    };
    found.into_iter().map(name).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] }).filter(is_rust).collect()
}

/// A name that means different things in different files makes a reader look twice. Pairs of wire and checked form, and of two
/// platforms, are most of those that are left.
#[test]
fn hardly_any_type_name_is_defined_twice() {
    const MOST: usize = 25;
    let definition = regex::Regex::new(r"\b(?:struct|enum|trait|union)\s+([A-Z][A-Za-z0-9_]*)").unwrap();
    let mut files: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for path in rust_files(&Path::new(ROOT).join("crates")) {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n");
        for found in definition.captures_iter(&code) {
            files.entry(found[1].to_owned()).or_default().insert(path.clone());
        }
    }
    assert!(files.len() > 300, "the types were not found: {}", files.len());
    let twice: Vec<_> = files.into_iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.len() < MOST, "{} type names are defined in more than one file: {twice:#?}", twice.len());
}

#[test]
fn every_generated_block_has_a_command_a_fence_and_an_end() {
    let mut blocks = 0;
    for &document in DOCUMENTS {
        let text = read(document);
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            assert_ne!(line, END_GENERATED, "{document}: an end without a beginning");
            let markdown = line.strip_prefix(GENERATED_MARKDOWN);
            let Some(command) = markdown.or(line.strip_prefix(GENERATED)) else { continue };
            let command = command.strip_suffix(" -->").unwrap_or_else(|| panic!("{document}: {line}"));
            let program = command.split(' ').next().unwrap();
            assert!(
                ["make", "makespan", "jq"].contains(&program),
                "{document}: `{command}` is not one of our commands"
            );
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != END_GENERATED).collect();
            let fenced = block.first() == Some(&"```text") && block.last() == Some(&"```");
            assert!(
                block.len() > 2 && fenced != markdown.is_some(),
                "{document}: `{command}` has no output between a fence and {END_GENERATED}"
            );
            assert!(!block.iter().any(|line| line.starts_with(GENERATED)), "{document}: `{command}` has no end");
            blocks += 1;
        }
    }
    assert!(blocks > 0, "no document has a generated block");
}

/// They are made from the schemas, which take no measuring: a key that was added is in them.
#[test]
fn the_references_are_those_of_the_schemas() {
    for document in ["docs/scenario.md", "docs/json.md"] {
        let text = read(document);
        let (command, rest) =
            text.split_once(GENERATED_MARKDOWN).and_then(|(_, rest)| rest.split_once(" -->\n")).expect("a block");
        let block = rest.split_once(END_GENERATED).expect("an end").0;
        let files = command.split(' ').filter(|word| word.starts_with("fixtures/schema/")).count();
        assert!(
            document != "docs/json.md"
                || files + 1 == fs::read_dir(Path::new(ROOT).join("fixtures/schema")).unwrap().count()
        );
        let output = match Command::new("sh").args(["-c", command]).current_dir(ROOT).output() {
            Ok(output) if output.status.code() == Some(127) => return skipped("the references: jq not found"),
            output => output.expect("there is a shell"),
        };
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(
            String::from_utf8(output.stdout).unwrap().trim_end() == block.trim_end(),
            "{document} is out of date: tools/splice --only reference.jq {document}"
        );
    }
}

#[test]
fn make_commands_that_are_named_exist() {
    let (makefile, mut found) = (read("Makefile"), 0);
    for &document in DOCUMENTS {
        let text = prose(document);
        for target in between(&text, "`make ", "`").map(|rest| rest.split(' ').next().unwrap()) {
            let rule = format!("\n{target}:");
            assert!(makefile.contains(&rule), "{document} names `make {target}`, which the Makefile does not have");
            found += 1;
        }
    }
    assert!(found > 0, "no make commands were found between backticks");
}

#[test]
fn the_forge_runs_the_two_commands_of_the_readme() {
    let (workflow, readme) = (read(".github/workflows/ci.yml"), read("README.md"));
    for command in ["make test", "make bench-quick"] {
        assert!(workflow.contains(&format!("run: {command}\n")), "the workflow does not run `{command}`");
    }
    assert!(
        readme.contains("\nmake bench-quick "),
        "README.md does not name `make bench-quick` among its first commands"
    );
    assert!(readme.contains(&format!("{GENERATED}make test ")), "README.md does not show what `make test` prints");
    assert!(workflow.contains("rust-version"), "the workflow does not ask Cargo.toml which Rust to use");
}

#[test]
fn a_lecture_takes_the_minutes_it_says() {
    for &(lecture, minutes) in LECTURES {
        let steps = rows(lecture, "| minutes |");
        assert!(steps.len() >= 5, "{lecture} has hardly any steps: {steps:?}");
        let all = steps.iter().map(|row| row[0].parse::<u32>().unwrap_or_else(|_| panic!("{lecture}: {row:?}")));
        assert_eq!(all.sum::<u32>(), minutes, "{lecture}");
        let empty = steps.iter().find(|row| row.len() != 3 || row.iter().any(String::is_empty));
        assert_eq!(empty, None, "{lecture}: each step has its minutes, what to do, and what the class should see");
    }
}

/// What a lecture promises: a race that nobody has guessed at teaches little.
#[test]
fn a_lecture_lets_the_class_guess_before_every_race() {
    for (lecture, _) in LECTURES {
        let text = read(lecture);
        let table: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        let table = table.join("\n");
        assert!(!table.contains("*Run*"), "{lecture} runs a race without a question");
        let mut asked = 0;
        for (at, button) in table
            .match_indices("*Ask the class*")
            .chain(table.match_indices("*Run it now*"))
            .collect::<BTreeMap<_, _>>()
        {
            asked += if button == "*Ask the class*" { 1 } else { -1 };
            assert!((0..=1).contains(&asked), "{lecture}: {}", &table[at..(at + 80).min(table.len())]);
        }
    }
}

#[test]
fn a_lecture_names_lessons_that_there_are() {
    let lessons = lesson::all().unwrap_or_else(|error| panic!("{error}"));
    for (lecture, _) in LECTURES {
        let text = read(lecture);
        let named: BTreeSet<&str> = text
            .to_lowercase()
            .match_indices("lesson ")
            .filter_map(|(at, word)| text[at + word.len()..].split(|letter: char| !letter.is_ascii_digit()).next())
            .filter(|number| !number.is_empty())
            .collect();
        assert!(!named.is_empty(), "{lecture} names no lesson");
        for number in named {
            assert!(lesson::named(lessons, number).is_ok(), "{lecture} names lesson {number}");
        }
    }
}

#[test]
fn no_document_has_a_forbidden_word() {
    for &document in DOCUMENTS.iter().chain(LECTURES.iter().map(|(lecture, _)| lecture)) {
        let text = read(document);
        let lower = text.to_lowercase();
        for &word in FORBIDDEN {
            let found = if word.chars().any(char::is_uppercase) { text.contains(word) } else { lower.contains(word) };
            assert!(!found, "{document} has `{word}` in it");
        }
    }
}

/// A rule whose class no page has is left over from something. Classes that are put together have their first part in the
/// source: `key-{`, `v-${`.
#[test]
fn every_class_of_a_style_is_one_of_a_page() {
    let theme = Path::new(ROOT).join("report/theme");
    let with_ending = |ending: &str| -> Vec<PathBuf> {
        let folders = [theme.clone(), theme.join("classroom")];
        let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|own| own == ending)).collect()
    };
    let crates = ["report", "classroom", "lesson"].map(|name| rust_files(&Path::new(ROOT).join("crates").join(name)));
    let sources = crates.into_iter().flatten().chain(with_ending("js"));
    let source: String = sources.map(|path| fs::read_to_string(path).unwrap()).collect();
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let words: BTreeSet<&str> = source.split(|letter| !is_part(letter)).collect();
    let (mut seen, mut left_over) = (0, BTreeSet::new());
    for style in with_ending("css") {
        let text = fs::read_to_string(style).unwrap();
        let selectors = text.split('}').filter_map(|rule| rule.rsplit_once('{')).map(|(selector, _)| selector);
        for (at, _, selector) in selectors.flat_map(|one| one.match_indices('.').map(move |(at, dot)| (at, dot, one))) {
            let class = selector[at + 1..].split(|letter| !is_part(letter)).next().unwrap_or_default();
            // `0.5` and the like.
            if !class.starts_with(|letter: char| letter.is_ascii_lowercase()) {
                continue;
            }
            seen += 1;
            let is_put_together = class.match_indices('-').any(|(dash, _)| words.contains(&class[..=dash]));
            if !words.contains(class) && !is_put_together {
                left_over.insert(class.to_owned());
            }
        }
    }
    assert!(seen > 300, "only {seen} classes were found");
    assert!(left_over.is_empty(), "no page has {left_over:?}");
}
