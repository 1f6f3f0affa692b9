//! `makespan museum`: the documents' bugs, each shown next to its fix.

use super::{
    Usage, measuring,
    print::{columns, note, say, wrapped},
};
use harness::{
    results::{output::Output, store::Store},
    scenario::claims_of_exhibit,
};
use museum::{Exhibit, ExhibitError, ExhibitShown, SideShown};
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
    let longest = museum::ALL.iter().map(|exhibit| exhibit.name.len()).max().unwrap_or(0);
    say!("Exhibits (makespan museum NAME):");
    for exhibit in museum::ALL {
        say!("  {:longest$}  {} ({})", exhibit.name, exhibit.title, claims(exhibit));
    }
    say!("\nEach exhibit runs a bug of the five documents, shows how it is caught, and then runs the fix.");
    say!("`makespan museum --all` runs them all.");
}

fn claims(exhibit: &Exhibit) -> String {
    let claims = claims_of_exhibit(exhibit.name);
    let plural = if claims.len() == 1 { "" } else { "s" };
    format!("claim{plural} {}", claims.join(", "))
}

/// One exhibit's result as JSON.
#[derive(Serialize)]
struct Visit {
    name: &'static str,
    title: &'static str,
    claims: Vec<&'static str>,
    code: String,
    /// Whether both sides showed what the exhibit says.
    holds: bool,
    /// What was shown; `None` if it could not be run.
    #[serde(flatten)]
    shown: Option<ExhibitShown>,
    /// Why it could not be run.
    error: Option<String>,
}

impl Visit {
    fn of(exhibit: &Exhibit, shown: Result<ExhibitShown, ExhibitError>) -> Self {
        let (shown, error) = match shown {
            Ok(shown) => (Some(shown), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            name: exhibit.name,
            title: exhibit.title,
            claims: claims_of_exhibit(exhibit.name),
            code: exhibit.code(),
            holds: shown.as_ref().is_some_and(ExhibitShown::holds),
            shown,
            error,
        }
    }

    fn print(&self, exhibit: &Exhibit) {
        if let Some(ExhibitShown { bug, right, python }) = &self.shown {
            verdict(("✗ Caught", "! Not caught"), bug);
            paragraph("  Done right", exhibit.right_way);
            verdict(("✓ Right", "! Not right"), right);
            match (exhibit.python, python) {
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
    say!("{}: {} ({})", exhibit.name, exhibit.title, claims(exhibit));
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
    for (number, line) in wrapped(text, columns() - INDENT).iter().enumerate() {
        say!("{:INDENT$}{line}", if number == 0 { label } else { "" });
    }
}
