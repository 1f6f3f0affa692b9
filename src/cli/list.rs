//! `makespan list`: what there is.

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
        scenarios.iter().for_each(|scenario| println!("{}", scenario.name));
        strategy::ALL.iter().for_each(|strategy| println!("{}", strategy.name()));
        return Ok(ExitCode::SUCCESS);
    }
    let longest = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    println!("Scenarios (makespan run NAME):");
    for scenario in &scenarios {
        let from = scenario.document.as_ref().map(|document| format!(", document {document}")).unwrap_or_default();
        println!("  {:longest$}  {}{from}: {}", scenario.name, scenario.title, scenario.question);
        let variants: Vec<&str> = scenario.variants.iter().skip(1).map(|variant| variant.name.as_str()).collect();
        if !variants.is_empty() {
            println!("  {:longest$}  variants: {}", "", variants.join(", "));
        }
    }
    println!("\nStrategies (--strategy NAME,NAME):");
    for strategy in strategy::ALL {
        println!("  {:longest$}  {}", strategy.name(), strategy.summary());
    }
    Ok(ExitCode::SUCCESS)
}
