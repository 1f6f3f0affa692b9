//! `makespan report`: the HTML page.

use super::{
    Data, Usage,
    print::{note, say},
};
use harness::results::{output::Output, store};
use std::{fs, path::Path, process::ExitCode};
use support::suggestion;

#[derive(clap::Args)]
pub struct ReportArgs {
    /// Write the page here; `-` for standard output [default: report/index.html in a checkout, else makespan.html]
    #[arg(long, value_name = "FILE")]
    out: Option<Output>,
    #[command(flatten)]
    data: Data,
}

pub fn run(args: ReportArgs) -> anyhow::Result<ExitCode> {
    if let Some(dir) = args.data.dir.as_deref().filter(|dir| !dir.is_dir()) {
        return Err(no_directory(dir).into());
    }
    let out = args.out.unwrap_or_else(|| match store::checkout() {
        Some(root) => root.join("report").join("index.html").into(),
        None => "makespan.html".into(),
    });
    for warning in report::refresh(&args.data.store(), out.clone())? {
        note!("makespan: skipped: {warning}");
    }
    if let Output::File(path) = out {
        say!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// A named directory that does not exist is a typo, and not an empty store.
fn no_directory(dir: &Path) -> Usage {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let siblings = fs::read_dir(parent).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let siblings: Vec<String> = siblings.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let near = suggestion::nearest(&name, siblings.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{}`?", parent.join(near).display())).unwrap_or_default();
    Usage(format!("--data {}: no such directory{near}", dir.display()))
}
