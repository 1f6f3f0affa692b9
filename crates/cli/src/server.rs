//! `makespan server`: the mock server on its own, for any client.

use super::{Data, Usage, print::note, progress::Progress, run::scale};
use anyhow::Context;
use clap::Args;
use harness::{
    runner::stage::with_photos,
    scenario::{self, DEFAULT_VARIANT},
};
use mock_server::{
    generic,
    process::LISTENING,
    profile::Profile,
    server::{Listen, Notice, serve},
};
use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    thread::Builder,
};
use support::suggestion;
use tokio::sync::Notify;

/// Runs the mock server until Ctrl-C or SIGTERM: a scenario's, or one with only the generic routes.
///
/// Any client can use it: a browser, curl, wrk, a program in another language. The first line on stdout says where it
/// listens.
#[derive(Args)]
#[command(after_help = after_help())]
pub(crate) struct ServerArgs {
    /// The scenario whose server to run: a name from `makespan list`, or the path of a TOML file [default: generic
    /// routes only]
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,

    /// Variant of the scenario (see `makespan list`)
    #[arg(long, value_name = "NAME", requires = "scenario")]
    variant: Option<String>,

    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    addr: SocketAddr,

    /// Allow an address that other machines can reach
    #[arg(long)]
    allow_remote: bool,

    /// Divide all latencies by X [default: the scenario's own time scale, or 1]
    #[arg(long, value_name = "X", value_parser = scale)]
    time_scale: Option<f64>,

    /// Read the profile from stdin as one line of JSON, and exit when stdin closes: `run` starts its servers this way
    #[arg(long, hide = true, value_parser = ["-"], conflicts_with = "scenario")]
    profile: Option<String>,

    #[command(flatten)]
    data: Data,
}

/// Serves until it is told to end.
pub(crate) fn run(args: ServerArgs) -> anyhow::Result<()> {
    if args.scenario.is_none() && args.data.dir.is_some() {
        return Err(Usage("--data: generic routes need no files: add --scenario, or leave out --data".into()).into());
    }
    let mut profile = match (&args.scenario, &args.profile) {
        (Some(name), _) => of_scenario(name, args.variant.as_deref(), args.data)?,
        (None, Some(_)) => profile_from_stdin()?,
        (None, None) => Profile::default(),
    };
    if let Some(time_scale) = args.time_scale {
        profile.time_scale = time_scale;
    }
    let told_to_end = Arc::new(Notify::new());
    let teller = Arc::clone(&told_to_end);
    ctrlc::set_handler(move || teller.notify_one()).context("could not listen for Ctrl-C")?;
    let listen = Listen { addr: args.addr, allow_remote: args.allow_remote };
    let checked = profile.check()?;
    serve(checked, listen, &told_to_end, |notice| match notice {
        Notice::Listening(addr) => {
            announce(addr);
            // A program that passes a profile needs no such note.
            if args.profile.is_none() {
                let what = args.scenario.as_deref().unwrap_or("generic routes only");
                note!("{what}, time scale {}; Ctrl-C ends it", profile.time_scale);
            }
        }
        Notice::OutOfDescriptors => note!(
            "out of file descriptors: new connections wait until others end. `ulimit -n` sets how many descriptors a \
             process may have"
        ),
        Notice::Draining(requests) => {
            note!("waiting up to 5 s for requests in service: {requests}; Ctrl-C again aborts them");
        }
    })?;
    Ok(())
}

fn after_help() -> String {
    format!(
        "\
Examples:
  makespan server --scenario gallery_downloads --addr 127.0.0.1:8080 --time-scale 10
  curl -i -H 'makespan-task: 1/0' http://127.0.0.1:8080/images/photo_001.jpg
  curl 'http://127.0.0.1:8080/-/log?run=1'
  curl -L http://127.0.0.1:8080/redirect/3

Generic routes, as httpbin documents them; a scenario's routes take precedence:
{}
Their delays are real seconds; with ?scaled=1 they are divided by the time scale.

A request with the header `makespan-task: RUN/INDEX` is logged. GET /-/log?run=RUN shows the log of
a run; DELETE shows it and clears it. Each response's header `Makespan-Lateness-Ns` says how much
later than requested it began.",
        generic::list()
    )
}

/// The server profile of a scenario, with the photographs it serves.
fn of_scenario(name: &str, variant: Option<&str>, data: Data) -> anyhow::Result<Profile> {
    let scenario = scenario::load(name)?;
    let wanted = variant.unwrap_or(DEFAULT_VARIANT);
    let names: Vec<&str> = scenario.variants.iter().map(|variant| variant.name.as_str()).collect();
    let variant = scenario.variant(wanted).ok_or_else(|| Usage(suggestion::unknown("variant", wanted, &names)))?;
    let server = variant.server.clone();
    let profile = server.ok_or_else(|| Usage(format!("{name} has no server: its tasks fetch nothing")))?;
    let mut progress = Progress::new(None);
    let profile = with_photos(profile, data.store().dir(), &mut progress)?;
    progress.finish();
    Ok(profile)
}

/// Ignores a closed stdout: the server serves all the same.
fn announce(addr: SocketAddr) {
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "{LISTENING}http://{addr}").and_then(|()| stdout.flush());
}

fn profile_from_stdin() -> anyhow::Result<Profile> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("could not read the profile from stdin")?;
    let profile = serde_json::from_str(&line).context("stdin must hold a profile as one line of JSON")?;
    // Stdin is the lifeline: it closes when the parent ends, however that happens. No client waits for an answer then,
    // so there is nothing to drain.
    let watch = || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    };
    Builder::new()
        .name("lifeline".into())
        .spawn(watch)
        .context("could not start the thread that watches the parent")?;
    Ok(profile)
}
