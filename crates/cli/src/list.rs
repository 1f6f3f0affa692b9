//! `makespan list`: scenarios, claims and strategies.

use super::print::{columns, say, wrapped};
use anyhow::Context;
use harness::scenario::{self, Scenario, claim::Claim};
use std::process::ExitCode;
use work::strategy;

#[derive(clap::Args)]
pub struct ListArgs {
    /// Print names only, one per line, scenarios first
    #[arg(long)]
    names: bool,
    /// List the claims, each with its question
    #[arg(long, conflicts_with = "names")]
    claims: bool,
}

pub fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let scenarios = scenario::all().context("a built-in scenario")?;
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
    let longest = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    say!("Scenarios (makespan run NAME):");
    for scenario in &scenarios {
        let from = scenario.document.as_ref().map(|document| format!(", document {document}")).unwrap_or_default();
        say!("  {:longest$}  {}{from}: {}", scenario.name, scenario.title, scenario.question);
        let variants: Vec<&str> = scenario.variants.iter().skip(1).map(|variant| variant.name.as_str()).collect();
        let claims: Vec<&str> = scenario.claims.iter().map(|claim| claim.id.as_str()).collect();
        for (what, names) in [("variants", variants), ("claims", claims)] {
            let names = if names.is_empty() { String::new() } else { format!("{what}: {}", names.join(", ")) };
            for line in wrapped(&names, columns().saturating_sub(longest + 4)) {
                say!("  {:longest$}  {line}", "");
            }
        }
    }
    say!("\nStrategies (--strategy NAME,NAME):");
    for strategy in strategy::ALL {
        say!("  {:longest$}  {}", strategy.name(), strategy.summary());
    }
    Ok(ExitCode::SUCCESS)
}

/// Every claim with its question, grouped by document.
fn claims(scenarios: &[Scenario]) {
    let mut claims: Vec<(&Scenario, &Claim)> =
        scenarios.iter().flat_map(|scenario| scenario.claims.iter().map(move |claim| (scenario, claim))).collect();
    claims.sort_by_key(|(_, claim)| (claim.document(), number(claim)));
    say!("Claims (makespan reproduce CLAIM, or DOCUMENT, or SCENARIO):");
    for of_document in claims.chunk_by(|(_, a), (_, b)| a.document() == b.document()) {
        say!("\nDocument {}:", of_document[0].1.document());
        for (scenario, claim) in of_document {
            say!("  {:6}  {} ({})", claim.id, claim.question, scenario.name);
        }
    }
}

/// `3` of `000-3`: as text, 10 would come before 3.
fn number(claim: &Claim) -> Option<u32> {
    claim.id.split_once('-')?.1.parse().ok()
}
