//! `makespan list`: scenarios, claims and strategies.

use super::print::{entry, labelled, right_of, say};
use anyhow::Context;
use harness::{
    results::output::Output,
    scenario::{self, Scenario, claim::Claim},
};
use serde::Serialize;
use std::process::ExitCode;
use work::strategy;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ListArgs {
    /// Print names only, one per line, scenarios first
    #[arg(long)]
    names: bool,
    /// List the claims, each with its question
    #[arg(long, conflicts_with = "names")]
    claims: bool,
    /// Write scenarios, strategies and claims as JSON instead; `-` for standard output
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-", conflicts_with_all = ["names", "claims"])]
    json: Option<Output>,
}

const EXAMPLES: &str = "\
Examples:
  makespan list
  makespan list --claims
  makespan list --json | jq -r '.claims[] | [.id, .scenario, .question] | @tsv'";

/// The name and version of the JSON document.
pub(crate) const SCHEMA: &str = "makespan.list/1";

/// What there is, for other programs: `fixtures/schema/list-1.json` describes it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct WholeList<'a> {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The built-in scenarios, in the page's order.
    scenarios: Vec<ListedScenario<'a>>,
    /// The strategies, in the order of tables.
    strategies: Vec<ListedStrategy>,
    /// The claims, by document.
    claims: Vec<ListedClaim<'a>>,
}

/// A scenario.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ListedScenario<'a> {
    /// Its name.
    name: &'a str,
    /// Its title, for people.
    title: &'a str,
    /// Its question, for people.
    question: &'a str,
    /// The document that it comes from, 000 to 004; null for our own scenarios.
    document: Option<&'a str>,
    /// Its variants, the one called default first.
    variants: Vec<ListedVariant<'a>>,
    /// What `makespan run` measures unless told otherwise, such as threads x 5.
    cells: Vec<String>,
}

/// A variant of a scenario.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ListedVariant<'a> {
    /// Its name.
    name: &'a str,
    /// How many tasks it asks for; a listing may have fewer.
    tasks: u32,
}

/// A strategy.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ListedStrategy {
    /// Its name.
    name: &'static str,
    /// What it is, in a sentence.
    summary: &'static str,
    /// The largest number of workers that it takes.
    max_workers: u32,
}

/// A claim of a document.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ListedClaim<'a> {
    /// Its document and number, such as 000-3.
    id: &'a str,
    /// The document.
    document: &'a str,
    /// The scenario that tests it.
    scenario: &'a str,
    /// Its question, for people.
    question: &'a str,
}

impl<'a> WholeList<'a> {
    fn of(scenarios: &'a [Scenario]) -> Self {
        let variants = |scenario: &'a Scenario| {
            scenario.variants.iter().map(|variant| ListedVariant { name: &variant.name, tasks: variant.tasks() })
        };
        let listed = |scenario: &'a Scenario| ListedScenario {
            name: &scenario.name,
            title: &scenario.title,
            question: &scenario.question,
            document: scenario.document.as_deref(),
            variants: variants(scenario).collect(),
            cells: scenario.cells.iter().map(ToString::to_string).collect(),
        };
        let claim = |(scenario, claim): (&'a Scenario, &'a Claim)| ListedClaim {
            id: &claim.id,
            document: claim.document(),
            scenario: &scenario.name,
            question: &claim.question,
        };
        Self {
            schema: SCHEMA,
            scenarios: scenarios.iter().map(listed).collect(),
            strategies: strategy::ALL
                .iter()
                .map(|it| ListedStrategy { name: it.name(), summary: it.summary(), max_workers: it.max_workers() })
                .collect(),
            claims: by_document(scenarios).into_iter().map(claim).collect(),
        }
    }
}

pub fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let scenarios = scenario::all().context("a built-in scenario")?;
    if let Some(output) = &args.json {
        output.write_json(&WholeList::of(&scenarios))?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.names {
        for scenario in &scenarios {
            say!("{}", scenario.name);
        }
        for strategy in strategy::ALL {
            say!("{}", strategy.name());
        }
        return Ok(ExitCode::SUCCESS);
    }
    if args.claims {
        claims(&scenarios);
        return Ok(ExitCode::SUCCESS);
    }
    let indent = right_of(scenarios.iter().map(|scenario| scenario.name.as_str()));
    say!("Scenarios (makespan run NAME):");
    for scenario in &scenarios {
        let from = scenario.document.as_ref().map(|document| format!(", document {document}")).unwrap_or_default();
        entry(&format!("  {}", scenario.name), indent, &format!("{}{from}: {}", scenario.title, scenario.question));
        let variants: Vec<&str> = scenario.variants.iter().skip(1).map(|variant| variant.name.as_str()).collect();
        let claims: Vec<&str> = scenario.claims.iter().map(|claim| claim.id.as_str()).collect();
        for (what, names) in [("variants", variants), ("claims", claims)] {
            if !names.is_empty() {
                labelled("", indent, &format!("{what}: {}", names.join(", ")));
            }
        }
    }
    let indent = right_of(strategy::ALL.iter().map(|strategy| strategy.name()));
    say!("\nStrategies (--strategy NAME,NAME):");
    for strategy in strategy::ALL {
        entry(&format!("  {}", strategy.name()), indent, strategy.summary());
    }
    Ok(ExitCode::SUCCESS)
}

/// Every claim with its question, grouped by document.
fn claims(scenarios: &[Scenario]) {
    let claims = by_document(scenarios);
    let indent = right_of(claims.iter().map(|(_, claim)| claim.id.as_str()));
    say!("Claims (makespan reproduce CLAIM, or DOCUMENT, or SCENARIO):");
    for of_document in claims.chunk_by(|(_, a), (_, b)| a.document() == b.document()) {
        say!("\nDocument {}:", of_document[0].1.document());
        for (scenario, claim) in of_document {
            entry(&format!("  {}", claim.id), indent, &format!("{} ({})", claim.question, scenario.name));
        }
    }
}

/// Every claim with its scenario, in the ledger's order.
fn by_document(scenarios: &[Scenario]) -> Vec<(&Scenario, &Claim)> {
    let mut claims: Vec<(&Scenario, &Claim)> =
        scenarios.iter().flat_map(|scenario| scenario.claims.iter().map(move |claim| (scenario, claim))).collect();
    claims.sort_by_key(|(_, claim)| claim.place());
    claims
}
