//! `makespan report`: the HTML page.

use super::{
    Data,
    print::{note, say},
};
use makespan::{report, results::store};
use std::{path::PathBuf, process::ExitCode};

#[derive(clap::Args)]
pub struct Args {
    /// Where to write the page [default: report/index.html in a checkout, else makespan.html here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let out = args.out.unwrap_or_else(|| match store::checkout() {
        Some(root) => root.join("report").join("index.html"),
        None => "makespan.html".into(),
    });
    for warning in report::refresh(&args.data.store(), &out)? {
        note!("makespan: left out: {warning}");
    }
    say!("{}", out.display());
    Ok(ExitCode::SUCCESS)
}
