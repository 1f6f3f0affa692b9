//! Sweeps over work that waits: fetches from the mock server, which runs in a process of its own.

mod common;
#[path = "common/sweep.rs"]
mod sweep;

fn main() -> std::process::ExitCode {
    sweep::main(&["latency_only", "web_requests", "gallery_downloads", "doc_pages", "url_crawl", "photo_downloads"])
}
