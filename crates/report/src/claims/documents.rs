//! The five documents: what each is called, who wrote it, and under which of its headings each claim stands.

use findings::Finding;
use maud::{Markup, html};

/// One of the documents.
pub(crate) struct Source {
    number: &'static str,
    /// Its title, as published.
    pub(crate) title: &'static str,
    /// Who wrote it; empty if it doesn't say.
    author: &'static str,
    /// Its topic in our words.
    pub(crate) about: &'static str,
    /// Its headings, each with the claims below it, by number.
    places: &'static [(&'static str, &'static [u32])],
}

/// All of them, in the order of a course.
const SOURCES: [Source; 5] = [
    Source {
        number: "000",
        title: "python-multithreading-multiprocessing",
        author: "",
        about: "web requests with threads and processes",
        places: &[
            ("normal.py", &[1, 2]),
            ("Multithreading", &[3, 4, 5, 6]),
            ("Multiprocessing", &[7, 8]),
            ("Multithreading multiple processes", &[9, 10]),
        ],
    },
    Source {
        number: "001",
        title: "Python Multithreading and Multiprocessing Tutorial",
        author: "Marcus McCurdy",
        about: "an image downloader, ten ways",
        places: &[
            ("Getting Started with Python Multithreading", &[1, 2]),
            ("Parallelism and Concurrency in Python: Multithreading Example", &[3, 4, 5, 6, 16, 18, 19]),
            ("Python Multiprocessing: Spawning Multiple Processes", &[7, 8]),
            ("Distributing to Multiple Workers", &[9, 20]),
            ("Improve Concurrency in Python 3.2+ With concurrent.futures", &[10, 11, 12, 13]),
            ("Async/Await (Python 3.5+ only)", &[14, 15, 21, 22]),
            ("Multiprocessing vs. Multithreading in Python", &[17]),
        ],
    },
    Source {
        number: "002",
        title: "The Why, When, and How of Using Python Multi-threading and Multi-Processing",
        author: "Thilina Rajapakse",
        about: "why, when and how: pages and primes",
        places: &[
            ("Chapter 1: Single-threaded, single-process", &[1]),
            ("Chapter 2: Multi-threading", &[2, 3]),
            ("Chapter 3: Multi-processing", &[4, 5, 6, 7, 9, 10]),
            ("Chapter 4: TLDR;", &[8]),
        ],
    },
    Source {
        number: "003",
        title: "Working With Python Multi-Threading",
        author: "Haris Bin Nasir",
        about: "a thread for each URL, or fifty workers",
        places: &[
            ("Python Multi-Threading For A Small Number Of Tasks", &[2, 3, 4]),
            ("Python Multi-Threading Using Queue For A Large Number Of Tasks", &[5, 6, 7, 8, 9]),
        ],
    },
    Source {
        number: "004",
        title: "A Beginner's Guide to Multithreading and Multiprocessing in Python - Part 1",
        author: "Micheal Ojemoron",
        about: "fifteen photographs and a pool of threads",
        places: &[("Without Threading", &[1]), ("Multithreading", &[7]), ("With Threading", &[2, 3, 4, 5])],
    },
];

/// A document with its claims.
pub(crate) struct Document<'a> {
    /// Its number: `000`.
    pub(crate) number: &'a str,
    /// Its claims, in order.
    pub(crate) claims: Vec<&'a Finding>,
    /// The document; `None` if it is not one of the five.
    pub(crate) source: Option<&'static Source>,
}

impl<'a> Document<'a> {
    /// The documents of these claims, in their order.
    pub(crate) fn all(claims: &'a [Finding]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for claim in claims {
            let number = number(claim);
            match all.iter_mut().find(|document| document.number == number) {
                Some(document) => document.claims.push(claim),
                None => all.push(Self { number, claims: vec![claim], source: source(claim) }),
            }
        }
        let place = |number: &str| SOURCES.iter().position(|source| source.number == number);
        all.sort_by_key(|document| place(document.number).unwrap_or(SOURCES.len()));
        all
    }

    /// Its section's id.
    pub(crate) fn id(&self) -> String {
        format!("document-{}", self.number)
    }

    /// Its topic.
    pub(crate) fn about(&self) -> &'static str {
        self.source.map_or("", |source| source.about)
    }

    /// `Python Multithreading and Multiprocessing Tutorial, by Marcus McCurdy`.
    pub(crate) fn title(&self) -> Markup {
        html! {
            @if let Some(Source { title, author, .. }) = self.source {
                cite { (title) } @if !author.is_empty() { ", by " (author) }
            }
        }
    }
}

fn number(claim: &Finding) -> &str {
    claim.id.split_once('-').map_or(claim.id.as_str(), |(number, _)| number)
}

fn source(claim: &Finding) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.number == number(claim) && claim.file.is_none())
}

/// Where the claim stands: title and heading.
pub(crate) fn place(claim: &Finding) -> Markup {
    let Some(source) = source(claim) else { return html! {} };
    let own = claim.id.split_once('-').and_then(|(_, own)| own.parse().ok());
    let heading = source.places.iter().find(|(_, claims)| own.is_some_and(|own| claims.contains(&own)));
    html! {
        span class="place" {
            cite { (source.title) } @if let Some((heading, _)) = heading { ", under “" (heading) "”" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_claim_stands_under_two_headings_and_each_is_in_the_ledger() {
        let scenarios = harness::scenario::all().unwrap();
        let ledger: Vec<&str> =
            scenarios.iter().flat_map(|scenario| &scenario.claims).map(|claim| claim.id.as_str()).collect();
        let placed = SOURCES.iter().flat_map(|source| {
            source.places.iter().flat_map(|(_, claims)| *claims).map(|claim| format!("{}-{claim}", source.number))
        });
        let mut placed: Vec<String> = placed.collect();
        placed.sort_unstable();
        let all = placed.len();
        placed.dedup();
        assert_eq!(placed.len(), all);
        for claim in &placed {
            assert!(ledger.contains(&claim.as_str()), "no scenario has the claim {claim}");
        }
    }
}
