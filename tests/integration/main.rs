//! Contracts from outside, in one program: the server on real sockets, strategies, the queue, records, pages in a browser,
//! these documents. Each further program would cost half a minute to build.

mod advise;
mod arrivals;
mod benches;
mod browser;
mod claims;
mod classroom;
mod cli;
mod documents;
mod fetch;
mod gil;
mod httpbin;
mod lessons;
mod live;
mod losses;
mod matrix;
mod mock_server;
mod network;
mod page;
mod plan;
mod program_faults;
mod python;
mod queue;
mod race;
mod record;
mod report;
mod reproduce;
mod resume;
mod scenarios;
mod schema;
mod scripts;
mod server_clients;
mod server_robustness;
mod statistics;
mod words;
