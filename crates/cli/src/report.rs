//! `makespan report`: the HTML page.

use super::{
    Data, Usage,
    print::{note, say},
};
use findings::{export, findings, summary};
use harness::{
    results::{
        output::Output,
        store::{self, Store},
    },
    scenario,
};
use measure::host::HostFacts;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};
use support::suggestion;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Write the page here; `-` for standard output [default: report/index.html in a checkout, else makespan.html]
    #[arg(long, value_name = "FILE")]
    out: Option<Output>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// Show what changed since an earlier run, given its `--data` directory
    #[arg(long, value_name = "RECORDS")]
    against: Option<PathBuf>,
    /// Also write the findings as JSON, as `makespan reproduce --json` does; `-` for standard output
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan report --open
  makespan report --data today --against yesterday --out changes.html";

pub fn run(args: ReportArgs) -> anyhow::Result<ExitCode> {
    for (flag, dir) in [("--data", args.data.dir.as_deref()), ("--against", args.against.as_deref())] {
        if let Some(dir) = dir.filter(|dir| !dir.is_dir()) {
            return Err(no_directory(flag, dir).into());
        }
    }
    let store = args.data.store();
    let earlier = args.against.map(earlier).transpose()?;
    if let Some(output) = &args.json {
        let scenarios = scenario::all()?;
        // The page names the records that can't be read.
        let (evidence, _) = store.evidence(&scenarios)?;
        let all = findings(&scenarios, &evidence);
        let host = HostFacts::gather(crate::commit().as_deref());
        output.write_json(&export::export(&all, &summary(&all.claims), &host))?;
    }
    let out = args.out.unwrap_or_else(|| match store::checkout() {
        Some(root) => root.join("report").join("index.html").into(),
        None => "makespan.html".into(),
    });
    for warning in report::refresh(&store, out.clone(), earlier.as_ref())? {
        note!("makespan: skipped: {warning}");
    }
    if let Output::File(path) = out {
        say!("{}", path.display());
        if args.open {
            open(&path);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The store of an earlier run. Compared with a directory where nothing was measured, nothing would have changed.
fn earlier(dir: PathBuf) -> anyhow::Result<Store> {
    let store = Store::at(Some(dir));
    let (evidence, unreadable) = store.evidence(&scenario::all()?)?;
    for error in &unreadable {
        note!("makespan: skipped: {error}");
    }
    if evidence.records.is_empty() && evidence.exhibits.is_empty() {
        return Err(Usage(format!(
            "--against {}: no claims were measured there; expected the `--data` directory of an earlier `makespan \
             reproduce`",
            store.dir().display()
        ))
        .into());
    }
    Ok(store)
}

/// The checkout's page while claims are measured: rewritten after each scenario, so that the first ones can be read.
pub(crate) struct LivePage {
    store: Store,
    path: PathBuf,
}

impl LivePage {
    /// `None` outside a checkout, and for records in a directory that the user chose: those are another page's.
    pub(crate) fn of(data: &Data) -> Option<Self> {
        let root = store::checkout().filter(|_| data.dir.is_none())?;
        Some(Self { store: Store::at(None), path: root.join("report").join("index.html") })
    }

    /// Writes it again. A page that can't be written ends no measurement.
    pub(crate) fn rewrite(&self) {
        if let Err(error) = report::refresh(&self.store, self.path.clone(), None) {
            note!("makespan: the page was not rewritten: {error}");
        }
    }
}

/// Opens the page with the system's own program for it. Where there is none, the page is written all the same.
fn open(page: &Path) {
    let (program, before): (&str, &[&str]) = match env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let opened = Command::new(program).args(before).arg(page).stdin(Stdio::null()).stdout(Stdio::null()).status();
    match opened {
        Ok(status) if status.success() => {}
        Ok(status) => note!("makespan: {program} could not open the page ({status}); open {} yourself", page.display()),
        Err(error) => note!("makespan: can't start {program}: {error}; open {} yourself", page.display()),
    }
}

/// A named directory that does not exist is a typo, and not an empty store.
fn no_directory(flag: &str, dir: &Path) -> Usage {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let siblings = fs::read_dir(parent).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let siblings: Vec<String> = siblings.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let near = suggestion::nearest(&name, siblings.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{}`?", parent.join(near).display())).unwrap_or_default();
    Usage(format!("{flag} {}: no such directory{near}", dir.display()))
}
