//! Sweeps over IO-bound work: fetches from the mock server, which runs in a separate process.

mod common;
#[path = "common/sweep.rs"]
mod sweep;

fn main() -> std::process::ExitCode {
    sweep::main(&["latency_only", "web_requests", "gallery_downloads", "doc_pages", "url_crawl", "photo_downloads"])
}
