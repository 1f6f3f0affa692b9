//! Mock servers, each in a process of its own.

use super::program_under_test;
use makespan::mock_server::{
    process::ServerProcess,
    profile::{Profile, Route},
};
use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
};

pub fn started(profile: &Profile) -> ServerProcess {
    ServerProcess::start(Path::new(program_under_test()), profile).expect("the server starts")
}

pub fn serving(routes: Vec<Route>) -> ServerProcess {
    started(&Profile { routes, ..Profile::default() })
}

/// Where a server listens, by its first line on standard output, as everybody who starts one reads it.
pub fn listening_on(stdout: impl Read) -> String {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    line.trim_end().strip_prefix("listening on ").expect(&line).to_owned()
}
