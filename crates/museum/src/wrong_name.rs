//! A call to a function that does not exist, noticed only after the work before it is done.
//!
//! The document's program can't be written in Rust: the compiler looks up every name and rejects a wrong one:
//!
//! ```compile_fail
//! fn is_prime(n: u64) -> bool {
//!     n > 1 && (2..n).all(|divisor| n % divisor != 0)
//! }
//! let sum: u64 = (0..10).filter(|&n| if_prime(n)).sum();
//! ```
//!
//! Only the name is wrong:
//!
//! ```
//! fn is_prime(n: u64) -> bool {
//!     n > 1 && (2..n).all(|divisor| n % divisor != 0)
//! }
//! let sum: u64 = (0..10).filter(|&n| is_prime(n)).sum();
//! assert_eq!(sum, 17);
//! ```
//!
//! So the exhibit simulates an interpreter: a table of names, and a program that is a list of calls by name.

use super::{
    Exhibit, ExhibitError, SideShown, Sides, figures,
    props::{AMPLE, BUG, RIGHT, Site},
};
use mock_server::profile::Route;
use std::collections::BTreeMap;
use support::suggestion;
use work::{
    strategy::Env,
    task::{
        Task,
        prime_sum::{Method, PrimeSum},
    },
    worker::{lane::Lane, stop::Stop},
};

const PAGES: u32 = 13;

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "wrong_name",
    title: "a misspelt name that is noticed only after the work",
    document: "Fetches thirteen pages, defines is_prime, and then sums in a loop that calls if_prime. As printed it can't \
               have given the printed time: the loop fails at its first step.",
    here: "A small interpreter runs the same program: thirteen pages, then the misspelt call. It looks up each name \
           when it reaches the call, as Python does. The server counts the requests made by then.",
    right_way: "All names are looked up before the first call. That is what Rust's compiler does: the same slip in Rust \
                does not compile, which a test of this file proves.",
    lesson: "The later a mistake is found, the more work is lost. Check everything that can be checked before the \
             start: names by the compiler; files, URLs and options by the program.",
    python: None,
    run: exhibit,
};

/// A call in the interpreter's program.
struct Call {
    name: &'static str,
    argument: u32,
}

/// The document's program.
fn program() -> Vec<Call> {
    let pages = (0..PAGES).map(|argument| Call { name: "fetch_page", argument });
    pages.chain([Call { name: "if_prime", argument: 7 }]).collect()
}

/// The defined names, each with the work that a call does.
type Names<'a> = BTreeMap<&'static str, Box<dyn Fn(u32) -> Task + 'a>>;

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let site = Site::open(env, vec![Route::at("/page")])?;
    let number =
        |argument: u32| PrimeSum { from: argument.into(), below: u64::from(argument) + 1, by: Method::TrialDivision };
    let names: Names = BTreeMap::from([
        ("fetch_page", Box::new(|_| site.fetch("/page")) as Box<dyn Fn(u32) -> Task>),
        ("is_prime", Box::new(|argument| Task::PrimeSum(number(argument)))),
    ]);
    let complaint = interpreted(&program(), &names, BUG).err();
    let bug = finding(complaint, site.requests(BUG)?.len(), PAGES as usize);
    let complaint = checked_first(&program(), &names, RIGHT).err();
    let right = finding(complaint, site.requests(RIGHT)?.len(), 0);
    Ok(Sides { bug, right })
}

/// Looks up each name when its call comes.
fn interpreted(program: &[Call], names: &Names, run: u64) -> Result<(), String> {
    let mut lane = Lane::new(0, run, Stop::after(AMPLE));
    for (index, call) in (0..).zip(program) {
        let function = looked_up(call.name, names)?;
        lane.run(index, &function(call.argument)).result.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Looks up all names, and only then runs the program.
fn checked_first(program: &[Call], names: &Names, run: u64) -> Result<(), String> {
    for call in program {
        looked_up(call.name, names)?;
    }
    interpreted(program, names, run)
}

fn looked_up<'a>(name: &str, names: &'a Names) -> Result<&'a dyn Fn(u32) -> Task, String> {
    let known: Vec<&str> = names.keys().copied().collect();
    names.get(name).map(|function| &**function as _).ok_or_else(|| suggestion::unknown("name", name, &known))
}

fn finding(complaint: Option<String>, requests: usize, meant: usize) -> SideShown {
    let complaint = complaint.unwrap_or_else(|| "no complaint".into());
    let complaint = complaint.split(" Known:").next().unwrap_or_default();
    SideShown {
        holds: complaint.contains("`if_prime`") && requests == meant,
        verdict: format!("\"{complaint}\" came when {requests} of {PAGES} pages had been fetched"),
        figures: figures([("pages", PAGES.into()), ("requests_before_the_complaint", requests as u64)]),
    }
}
