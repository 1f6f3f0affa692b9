//! `makespan classroom`: serves the page where a class predicts a race, watches it, and learns why.

use super::{Data, Usage, measuring, print::note};
use anyhow::Context;
use clap::Args;
use classroom::{
    RunnerSetup,
    server::{Open, open},
    sharing::own_address,
};
use findings::{Verdict, findings};
use harness::{results::store::Store, scenario};
use mock_server::process::LISTENING;
use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tokio::sync::Notify;
use work::worker::python::interpreter::{self, Interpreter};

/// Serves the classroom until Ctrl-C or SIGTERM: a page for a browser on this machine.
///
/// The class guesses how long a race will take, watches it, and sees who was closest. The first line on stdout is the
/// page's URL.
#[derive(Args)]
#[command(after_help = "\
Examples:
  makespan classroom
  makespan classroom --addr 127.0.0.1:8080
  makespan classroom --share                     students join from phones, with a code
  makespan classroom --share 192.168.1.5:8081    the same, at this address of this machine

Without --share the page is reachable from this machine only. With --share, anybody on the same
network who has the printed code can join, guess and watch, and nothing else. Nothing is kept when
the classroom ends; the page's export saves the races and guesses as a file.")]
pub(crate) struct ClassroomArgs {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    addr: SocketAddr,

    /// Let students join from the local network, at this address of this machine [default: its address there and a free
    /// port]
    #[arg(long, value_name = "IP[:PORT]", num_args = 0..=1, default_missing_value = FIND, value_parser = share)]
    share: Option<Share>,

    #[command(flatten)]
    data: Data,
}

/// `--share` without an address.
const FIND: &str = "auto";

/// Where to share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// At the address that this machine has on the local network.
    Found,
    At(SocketAddr),
}

fn share(text: &str) -> Result<Share, String> {
    if text == FIND {
        return Ok(Share::Found);
    }
    let addr = text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0)));
    addr.ok().filter(|addr: &SocketAddr| !addr.ip().is_unspecified()).map(Share::At).ok_or_else(|| {
        format!("`{text}` is not an address of this machine; expected IP or IP:PORT, such as 192.168.1.5:8081")
    })
}

pub(crate) fn run(args: ClassroomArgs) -> anyhow::Result<()> {
    if !args.addr.ip().is_loopback() {
        return Err(Usage(format!(
            "--addr: {}: others could reach it and control races; use 127.0.0.1, and --share to let students join",
            args.addr
        ))
        .into());
    }
    let share = match args.share {
        None => None,
        Some(Share::At(addr)) => Some(addr),
        Some(Share::Found) => Some(local_network()?),
    };
    let store = args.data.store();
    let program = measuring::env(&store)?.program;
    let python = interpreter::found(&[], store.dir());
    let python =
        python.map(|all| all.first().map(Interpreter::in_words).unwrap_or_default()).map_err(|none| none.to_string());
    let place = RunnerSetup { program, data: store.dir().into(), verdicts: verdicts(&store)?, python };
    let told_to_end = Arc::new(Notify::new());
    let (teller, told) = (Arc::clone(&told_to_end), AtomicBool::new(false));
    ctrlc::set_handler(move || {
        if told.swap(true, Relaxed) {
            // The race ends too, because its pipe closes.
            std::process::exit(130);
        }
        teller.notify_one();
    })
    .context("could not listen for Ctrl-C")?;
    open(args.addr, share, place, announce, told_to_end.notified())?;
    Ok(())
}

/// The verdicts on claims that were measured before, in words. What can't be read counts as not measured.
fn verdicts(store: &Store) -> anyhow::Result<BTreeMap<String, String>> {
    let scenarios = scenario::all()?;
    let (evidence, _) = store.evidence(&scenarios)?;
    let claims = findings(&scenarios, &evidence).claims.into_iter();
    let measured = claims.filter(|claim| claim.verdict != Verdict::NotMeasured);
    Ok(measured.map(|claim| (claim.id, claim.verdict.words().to_owned())).collect())
}

fn local_network() -> anyhow::Result<SocketAddr> {
    let own = own_address().context(
        "--share: this machine has no address that others can reach; connect it to a network, or name one: --share IP",
    )?;
    Ok(SocketAddr::new(own, 0))
}

/// Ignores a closed stdout: the classroom serves all the same.
fn announce(open: &Open) {
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "{LISTENING}http://{}", open.addr).and_then(|()| stdout.flush());
    note!("The classroom is open at http://{}/ : show that page to the class.", open.addr);
    if let Some(shared) = &open.shared {
        note!("Students join at {} with the code {}", shared.url, shared.code);
        note!("Anybody on that network who knows the code can guess and watch.");
    }
    note!("Ctrl-C ends it.");
}
