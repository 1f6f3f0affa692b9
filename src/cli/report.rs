//! `makespan report`: the HTML page.

use super::{
    Data,
    print::{note, say},
};
use makespan::{
    report,
    results::{output::Output, store},
};
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    /// Where to write the page; `-` for standard output [default: report/index.html in a checkout, else makespan.html here]
    #[arg(long, value_name = "FILE")]
    out: Option<Output>,
    #[command(flatten)]
    data: Data,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let out = args.out.unwrap_or_else(|| match store::checkout() {
        Some(root) => root.join("report").join("index.html").into(),
        None => "makespan.html".into(),
    });
    for warning in report::refresh(&args.data.store(), out.clone())? {
        note!("makespan: left out: {warning}");
    }
    if let Output::File(path) = out {
        say!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
