//! `makespan list`: what there is.

use super::print::say;
use anyhow::Context;
use makespan::{scenario, strategy};
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    /// Names only, one a line, scenarios first
    #[arg(long)]
    names: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
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
    let longest = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    say!("Scenarios (makespan run NAME):");
    for scenario in &scenarios {
        let from = scenario.document.as_ref().map(|document| format!(", document {document}")).unwrap_or_default();
        say!("  {:longest$}  {}{from}: {}", scenario.name, scenario.title, scenario.question);
        let variants: Vec<&str> = scenario.variants.iter().skip(1).map(|variant| variant.name.as_str()).collect();
        if !variants.is_empty() {
            say!("  {:longest$}  variants: {}", "", variants.join(", "));
        }
    }
    say!("\nStrategies (--strategy NAME,NAME):");
    for strategy in strategy::ALL {
        say!("  {:longest$}  {}", strategy.name(), strategy.summary());
    }
    Ok(ExitCode::SUCCESS)
}
