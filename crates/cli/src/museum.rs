//! `makespan museum`: the documents' bugs, each shown next to its fix.

use super::{
    Usage, measuring,
    print::{entry, fitted, labelled, note, right_of, say},
};
use harness::{
    results::{output::Output, store::Store},
    scenario::claims_of_exhibit,
};
use museum::{Exhibit, ExhibitError, ExhibitShown, PythonShown, SideShown};
use serde::Serialize;
use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct MuseumArgs {
    /// The exhibit to run, or `all` [default: list the exhibits]
    exhibit: Option<String>,
    /// Run all exhibits
    #[arg(long, conflicts_with = "exhibit")]
    all: bool,
    /// Also write the results as JSON; `-` for standard output, instead of the text
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
}

const EXAMPLES: &str = "\
Examples:
  makespan museum
  makespan museum lost_task_done
  makespan museum --all --json - | jq '.[] | {name, holds}'

The exit code is 0 if in every exhibit the bug was caught and the fix worked.";

/// The column where text begins, to the right of labels.
const INDENT: usize = 14;

pub fn run(args: &MuseumArgs) -> anyhow::Result<ExitCode> {
    let exhibits: Vec<&Exhibit> = match args.exhibit.as_deref() {
        Some("all") => museum::ALL.iter().collect(),
        None if args.all => museum::ALL.iter().collect(),
        Some(name) => vec![museum::named(name).map_err(Usage)?],
        None if args.json.is_some() => {
            return Err(Usage("--json needs an exhibit to run: name one, or add --all".into()).into());
        }
        None => {
            list();
            return Ok(ExitCode::SUCCESS);
        }
    };
    let env = measuring::env(&Store::at(None))?;
    let quiet = args.json == Some(Output::Stdout);
    let mut visits = Vec::new();
    for exhibit in exhibits {
        if !quiet {
            introduce(exhibit);
        }
        let visit = Visit::of(exhibit, exhibit.show(&env));
        if quiet {
            visit.complain();
        } else {
            visit.print(exhibit);
        }
        visits.push(visit);
    }
    conclude(&visits, args.json.as_ref())
}

fn list() {
    let indent = right_of(museum::ALL.iter().map(|exhibit| exhibit.name));
    say!("Exhibits (makespan museum NAME):");
    for exhibit in museum::ALL {
        let text = format!("{} ({})", exhibit.title, claims(exhibit));
        entry(&format!("  {}", exhibit.name), indent, &text);
    }
    let each = "Each exhibit runs a bug of the five documents, shows how it is caught, and then runs the fix.";
    say!("\n{}", fitted(each));
    say!("`makespan museum --all` runs them all.");
}

fn claims(exhibit: &Exhibit) -> String {
    let claims = claims_of_exhibit(exhibit.name);
    let plural = if claims.len() == 1 { "" } else { "s" };
    format!("claim{plural} {}", claims.join(", "))
}

/// The name and version of one exhibit's result as JSON.
pub(crate) const SCHEMA: &str = "makespan.museum/1";

/// One exhibit's result. Other programs read it; `fixtures/schema/museum-1.json` describes it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Visit {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The exhibit's name.
    name: &'static str,
    /// Its topic, for people.
    title: &'static str,
    /// The claims that it is evidence for, such as 000-4.
    claims: Vec<&'static str>,
    /// The file of its code.
    code: String,
    /// Whether every side showed what the exhibit says.
    holds: bool,
    /// The document's way; null if the exhibit could not be run.
    bug: Option<SideShown>,
    /// The right way; null if the exhibit could not be run.
    right: Option<SideShown>,
    /// The same in Python; null if the exhibit has no such program, or there is no Python.
    python: Option<PythonShown>,
    /// Why it could not be run; null if it was.
    error: Option<String>,
}

impl Visit {
    fn of(exhibit: &Exhibit, shown: Result<ExhibitShown, ExhibitError>) -> Self {
        let unseen = Self {
            schema: SCHEMA,
            name: exhibit.name,
            title: exhibit.title,
            claims: claims_of_exhibit(exhibit.name),
            code: exhibit.code(),
            holds: shown.as_ref().is_ok_and(ExhibitShown::holds),
            bug: None,
            right: None,
            python: None,
            error: None,
        };
        match shown {
            Ok(ExhibitShown { bug, right, python }) => Self { bug: Some(bug), right: Some(right), python, ..unseen },
            Err(error) => Self { error: Some(error.to_string()), ..unseen },
        }
    }

    fn print(&self, exhibit: &Exhibit) {
        if let (Some(bug), Some(right)) = (&self.bug, &self.right) {
            verdict(("✗ Caught", "! Not caught"), bug);
            paragraph("  Done right", exhibit.right_way);
            verdict(("✓ Right", "! Not right"), right);
            match (exhibit.python, &self.python) {
                (Some(_), Some(python)) => {
                    paragraph(
                        "  Python",
                        &format!("{}, fixtures/python/exhibits/{}.py:", python.interpreter, python.program),
                    );
                    verdict(("✗ Caught", "! Not caught"), &python.bug);
                    verdict(("✓ Right", "! Not right"), &python.right);
                }
                (Some(program), None) => {
                    paragraph("  Python", &format!("no Python found to run fixtures/python/exhibits/{program}.py"));
                }
                (None, _) => {}
            }
            paragraph("  Lesson", exhibit.lesson);
            paragraph("  Code", &self.code);
        }
        self.complain();
        say!("");
    }

    fn complain(&self) {
        if let Some(error) = &self.error {
            note!("{}: {error}", self.name);
        }
    }
}

/// Prints what is known before the exhibit runs.
fn introduce(exhibit: &Exhibit) {
    say!("{}", fitted(&format!("{}: {} ({})", exhibit.name, exhibit.title, claims(exhibit))));
    paragraph("  Document", exhibit.document);
    paragraph("  Here", exhibit.here);
}

fn verdict((held, failed): (&str, &str), finding: &SideShown) {
    paragraph(if finding.holds { held } else { failed }, &finding.verdict);
}

fn conclude(visits: &[Visit], json: Option<&Output>) -> anyhow::Result<ExitCode> {
    if let Some(output) = json {
        output.write_json(&visits)?;
    }
    let held = visits.iter().filter(|visit| visit.holds).count();
    if json != Some(&Output::Stdout) && visits.len() > 1 {
        say!("{held} of {} exhibits: the bug was caught and the fix worked.", visits.len());
    }
    Ok(if held == visits.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn paragraph(label: &str, text: &str) {
    labelled(label, INDENT, text);
}
