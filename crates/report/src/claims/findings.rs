//! The front of the page: the verdicts on all claims, the fastest strategies, and a section for each document.

use crate::{
    PageInput,
    claims::{
        claim::{self, ClaimPicture, DrawnClaim, PageFacts},
        decisions,
        documents::Document,
        emphasis::emphasised,
        intervals,
        lanes::Lanes,
        navigation, scoreboard,
        sweep::{self, Sweep},
    },
    command::command,
};
use findings::{Finding, Verdict, summary, takeaway};
use harness::results::record::Record;
use maud::{Markup, html};
use support::words::capital;

/// The command that measures every claim.
const COMMAND: &str = "makespan reproduce";

/// The claims, by document.
pub(crate) struct FrontPage<'a> {
    input: &'a PageInput,
    documents: Vec<Document<'a>>,
}

impl<'a> FrontPage<'a> {
    /// `None` if there are no findings.
    pub(crate) fn of(input: &'a PageInput) -> Option<Self> {
        let documents = Document::all(&input.findings.claims);
        (!documents.is_empty()).then_some(Self { input, documents })
    }

    /// What a reader takes home, in one sentence.
    pub(crate) fn takeaway(&self) -> Markup {
        let told = takeaway(&self.input.findings.decisions);
        emphasised(&if told.is_empty() { summary(&self.input.findings.claims) } else { told })
    }

    /// The purpose of the page, in one sentence.
    pub(crate) fn purpose(&self) -> String {
        let claims = self.input.findings.claims.len();
        let documents = in_words(self.documents.len());
        let say = if self.documents.len() == 1 { "tutorial says" } else { "tutorials say" };
        format!(
            "{} well-known {say} what makes a program faster. This page tests each of their {claims} claims on this machine.",
            capital(&documents)
        )
    }

    /// The records behind the claims' verdicts.
    pub(crate) fn records(&self) -> Vec<&'a Record> {
        let mut records: Vec<&Record> = Vec::new();
        for record in self.input.findings.claims.iter().flat_map(|finding| claim::records(finding, self.input)) {
            if !records.iter().any(|other| std::ptr::eq(*other, record)) {
                records.push(record);
            }
        }
        records
    }

    /// The fastest strategies, the scoreboard, and which claims are left to measure.
    pub(crate) fn board(&self) -> Markup {
        let claims = &self.input.findings.claims;
        let left = claims.iter().filter(|claim| claim.verdict == Verdict::NotMeasured).count();
        html! {
            (decisions::winners(self.input))
            (scoreboard::scoreboard(claims, &self.documents))
            @if left > 0 {
                p class="small" { "Not measured yet: " (left) " of " (claims.len()) ". This command measures every claim in several minutes:" }
                (command(COMMAND))
            }
        }
    }

    /// The list at the page's side; `others` are the ids and titles of sections that are no document's.
    pub(crate) fn navigation(&self, others: &[(String, String)]) -> Markup {
        let own: Vec<_> = self.input.own.iter().map(|own| (own.title.clone(), own.claims.as_slice())).collect();
        navigation::navigation(&self.documents, &own, others)
    }

    /// Every measured strategy of each kind of work.
    pub(crate) fn decisions(&self) -> Markup {
        decisions::section(&self.input.findings.decisions)
    }

    /// The documents' sections. `own_host` if the claims' machine is not the one in the page's head.
    pub(crate) fn sections(&self, own_host: bool, most_bars: usize) -> Markup {
        let shared = PageFacts { input: self.input, own_host, most_bars };
        let claims =
            with_pictures(self.documents.iter().flat_map(|document| document.claims.iter().copied()), self.input);
        html! {
            @for document in &self.documents {
                @let (id, title) = (document.id(), format!("{}-title", document.id()));
                section class="document-section" id=(id) aria-labelledby=(title) {
                    p class="eyebrow" { "Document " (document.number) ": " (document.title()) }
                    h2 id=(title) { (capital(document.about())) }
                    @for claim in claims.iter().filter(|claim| document.claims.iter().any(|finding| std::ptr::eq(*finding, claim.finding))) {
                        (claim.article(&shared))
                    }
                }
            }
        }
    }
}

/// A section for each of the users' files whose claims were measured.
pub(crate) fn own_sections(input: &PageInput, own_host: bool, most_bars: usize) -> Markup {
    let shared = PageFacts { input, own_host, most_bars };
    html! {
        @for (number, own) in input.own.iter().enumerate() {
            @let title = format!("own-{number}-title");
            section class="document-section" id={ "own-" (number) } aria-labelledby=(title) {
                p class="eyebrow" { "A file of yours: " (own.file) }
                h2 id=(title) { (own.title) }
                @for claim in with_pictures(own.claims.iter(), input) { (claim.article(&shared)) }
            }
        }
    }
}

/// How to read the claims' charts.
pub(crate) fn key() -> Markup {
    html! {
        div class="how-to-read" {
            p class="lead" { "Each claim shows its verdict, what the document says, and the document's figure and ours on one axis; the rest is collapsed. In a timeline, every lane is one worker and every bar a task, or several that are too short to be told apart." }
            (intervals::key())
        }
    }
}

/// The claims with their charts, each chart under the first claim that needs it.
fn with_pictures<'a>(findings: impl Iterator<Item = &'a Finding>, input: &'a PageInput) -> Vec<DrawnClaim<'a>> {
    let mut claims: Vec<DrawnClaim> = Vec::new();
    let mut keys: Vec<(sweep::Key, &str)> = Vec::new();
    for finding in findings {
        let shown = || claims.iter().filter_map(|claim| Some((claim.finding.id.as_str(), claim.lanes.here()?)));
        let lanes = match Lanes::of(finding, input) {
            None => ClaimPicture::Nowhere,
            Some(lanes) => match shown().find(|(_, other)| other.same_as(&lanes)) {
                Some((id, _)) => ClaimPicture::Under(id),
                None => ClaimPicture::Here(lanes),
            },
        };
        let sweep = match Sweep::of(finding, input) {
            None => ClaimPicture::Nowhere,
            Some(sweep) => {
                let key = sweep.key();
                let before = keys.iter().find(|(other, _)| *other == key).map(|(_, id)| *id);
                if before.is_none() {
                    keys.push((key, &finding.id));
                }
                before.map_or(ClaimPicture::Here(sweep), ClaimPicture::Under)
            }
        };
        let elsewhere = |exhibit: &museum::Exhibit| {
            let same =
                |(other, under): &(&museum::Exhibit, Option<&str>)| other.name == exhibit.name && under.is_none();
            claims.iter().find(|claim| claim.exhibits.iter().any(same)).map(|claim| claim.finding.id.as_str())
        };
        let shown = claim::museum_of(finding).filter(|exhibit| input.evidence.exhibits.contains_key(exhibit.name));
        let exhibits = shown.map(|exhibit| (exhibit, elsewhere(exhibit))).collect();
        claims.push(DrawnClaim { finding, lanes, sweep, exhibits });
    }
    claims
}

impl<T> ClaimPicture<'_, T> {
    fn here(&self) -> Option<&T> {
        match self {
            Self::Here(picture) => Some(picture),
            Self::Under(_) | Self::Nowhere => None,
        }
    }
}

/// A small number as a word.
fn in_words(number: usize) -> String {
    let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    words.get(number).map_or_else(|| number.to_string(), |word| (*word).into())
}
