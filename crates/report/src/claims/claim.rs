//! One claim: its question, the answer first, what the document says, the charts, the mechanisms that could explain the
//! published figure, and the command that repeats this claim alone.

use crate::{
    PageInput,
    claims::{
        claim_table,
        emphasis::emphasised,
        intervals::{ComesOut, IntervalRow, Panel, intervals},
        lanes::Lanes,
        sweep::Sweep,
        verdict,
    },
    command::command,
    svg::palette,
};
use findings::{BugFinding, FigureFinding, Finding, Fit, MechanismFinding, Unit, Verdict, lookup};
use harness::{results::record::Record, scenario::claim::FigureRole};
use maud::{Markup, html};
use museum::ExhibitShown;
use support::words::capital;

/// A claim with its charts chosen. A chart that another claim shows is not drawn again.
pub(crate) struct DrawnClaim<'a> {
    /// The claim's finding.
    pub(crate) finding: &'a Finding,
    /// Its lanes, or the claim that shows the same lanes.
    pub(crate) lanes: ClaimPicture<'a, Lanes<'a>>,
    /// Its curve, or the claim that shows the same curve.
    pub(crate) sweep: ClaimPicture<'a, Sweep<'a>>,
}

/// Where a chart is drawn.
pub(crate) enum ClaimPicture<'a, T> {
    /// Here.
    Here(T),
    /// Under the claim with this id.
    Under(&'a str),
    /// Nowhere.
    Nowhere,
}

/// Data that all claims of a page share.
pub(crate) struct PageFacts<'a> {
    /// The page's input.
    pub(crate) input: &'a PageInput,
    /// True if the claims' machine is not the one in the page's head.
    pub(crate) own_host: bool,
    /// The most bars in one chart.
    pub(crate) most_bars: usize,
}

impl DrawnClaim<'_> {
    /// The claim as HTML.
    pub(crate) fn article(&self, shared: &PageFacts) -> Markup {
        match self.finding.verdict {
            Verdict::NotMeasured => self.line(),
            _ => self.whole(shared),
        }
    }

    /// A claim that was not measured takes one line.
    fn line(&self) -> Markup {
        let Finding { id, question, verdict, .. } = self.finding;
        html! {
            article class="claim quiet" id=(id) aria-labelledby={ (id) "-question" } {
                p class="eyebrow" { a href={ "#" (id) } { (id) } }
                h3 id={ (id) "-question" } { (question) }
                p class="small" { (verdict::chip(*verdict)) " " code { (self.finding.command) } }
            }
        }
    }

    fn whole(&self, shared: &PageFacts) -> Markup {
        let finding = self.finding;
        let id = &finding.id;
        html! {
            article class={ "claim part v-" (verdict::of(finding.verdict).name) } id=(id) aria-labelledby={ (id) "-question" } {
                p class="eyebrow" { a href={ "#" (id) } { (id) } " · " (finding.scenario) " " (verdict::chip(finding.verdict)) }
                h3 id={ (id) "-question" } { (finding.question) }
                p class="answer" { (emphasised(&finding.sentence)) }
                p class="says" { b { "The document" } " " (finding.says) }
                (readings(finding))
                (self.reasons())
                (self.panels())
                (self.mechanisms())
                (in_rust(finding))
                (outcomes(finding))
                (bugs(finding))
                (exhibits(finding, shared.input))
                (self.pictures(shared))
                @if let Some(caveat) = &finding.caveat { p class="note" { b { "Keep in mind" } " " (caveat) } }
                (claim_table::table(self, shared))
                (command(&finding.command))
            }
        }
    }

    /// Why figures are not decided, if the sentence doesn't say so.
    fn reasons(&self) -> Markup {
        let told = self.finding.deciding.and_then(|place| self.finding.figures.get(place)?.reason.as_deref());
        let undecided = |figure: &&FigureFinding| {
            // A reading has a line of its own.
            matches!(figure.verdict, Verdict::Undecided | Verdict::NotTestable) && figure.reading.is_none()
        };
        let mut reasons: Vec<&str> =
            self.finding.figures.iter().filter(undecided).filter_map(|figure| figure.reason.as_deref()).collect();
        reasons.retain(|reason| told != Some(reason));
        reasons.dedup();
        html! {
            @if !reasons.is_empty() { p class="note" { b { "Not decided" } " " (reasons.join("; ")) } }
        }
    }

    /// The figures, on one axis per unit; mechanisms go on the first figure's axis.
    fn panels(&self) -> Markup {
        let finding = self.finding;
        let mut units: Vec<Unit> = Vec::new();
        for unit in finding.figures.iter().map(|figure| figure.unit).filter(|unit| !is_told(*unit)) {
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
        let first = finding.figures.first();
        html! {
            @for (number, unit) in units.iter().enumerate() {
                @let rows = finding.figures.iter().filter(|figure| figure.unit == *unit).map(figure_row);
                @let mechanisms = if number == 0 { &finding.mechanisms[..] } else { &[] };
                @let rows: Vec<IntervalRow> = rows.chain(mechanisms.iter().filter_map(|one| mechanism_row(one, first?))).collect();
                @let wanted = first.filter(|_| !mechanisms.is_empty()).and_then(|first| Some(first.reference.as_ref()?.value));
                @let caption = html! { @if wanted.is_some() { "Below the document's figures, each explanation as an experiment of its own. The dotted line is the figure to explain." } };
                (intervals(&Panel { unit: *unit, rows, wanted }, &format!("{}-figures-{number}", finding.id), "The document's figures and ours, on one axis", &caption))
            }
        }
    }

    /// What the workers did, and the speedup curve.
    fn pictures(&self, shared: &PageFacts) -> Markup {
        let id = &self.finding.id;
        html! {
            @if let ClaimPicture::Here(lanes) = &self.lanes { (lanes.picture(id, shared.most_bars)) }
            @if let ClaimPicture::Here(sweep) = &self.sweep { (sweep.chart(&format!("{id}-curve"))) }
            @match (&self.lanes, &self.sweep) {
                (ClaimPicture::Under(lanes), ClaimPicture::Under(curve)) if lanes == curve => {
                    p class="elsewhere" { "The workers' timeline and the speedup curve are drawn under " a href={ "#" (lanes) } { (lanes) } "." }
                }
                (lanes, curve) => {
                    @if let ClaimPicture::Under(lanes) = lanes { p class="elsewhere" { "The workers' timeline is drawn under " a href={ "#" (lanes) } { (lanes) } "." } }
                    @if let ClaimPicture::Under(curve) = curve { p class="elsewhere" { "The speedup curve is drawn under " a href={ "#" (curve) } { (curve) } "." } }
                }
            }
        }
    }

    /// What could explain the published figure, and the evidence that decides.
    fn mechanisms(&self) -> Markup {
        let finding = self.finding;
        let Some(first) = finding.figures.first().filter(|_| !finding.mechanisms.is_empty()) else { return html! {} };
        let rows: Vec<IntervalRow> = finding.mechanisms.iter().filter_map(apart_row).collect();
        let caption = html! { b { "Where the explanations differ." } " The same explanations with other numbers." };
        html! {
            @if let Some(apart) = &finding.apart { p class="note" { b { "What could it have been?" } " " (emphasised(apart)) } }
            (intervals(&Panel { unit: first.unit, rows, wanted: None }, &format!("{}-apart", finding.id), "The explanations with other numbers, on one axis", &caption))
        }
    }
}

/// True for units that are shown in words, because there is nothing to draw.
fn is_told(unit: Unit) -> bool {
    matches!(unit, Unit::Count | Unit::Outcome)
}

/// The style of a figure's cell: the last one that it names.
pub(crate) fn look_of(cells: &[harness::scenario::CellSpec]) -> &'static palette::StrategyStyle {
    palette::of(cells.last().map_or("", |cell| cell.strategy.as_str()))
}

fn figure_row(figure: &FigureFinding) -> IntervalRow {
    IntervalRow {
        name: figure.name.clone(),
        look: look_of(&figure.cells),
        reference: figure.reference.clone(),
        agrees: figure.agrees,
        measured: figure.measured,
        predicted: figure.prediction.as_ref().map(|prediction| (prediction.value, prediction.by)),
        comes_out: None,
    }
}

fn mechanism_row(mechanism: &MechanismFinding, first: &FigureFinding) -> Option<IntervalRow> {
    let measured = Some(mechanism.measured?);
    let comes_out = mechanism.fit.map(|fit| ComesOut { fit, words: fit.words() });
    Some(IntervalRow { agrees: first.agrees, ..explanation(mechanism, measured, comes_out) })
}

fn apart_row(mechanism: &MechanismFinding) -> Option<IntervalRow> {
    let measured = Some(mechanism.apart?);
    let comes_out = match mechanism.fit_apart {
        Some(fit) => ComesOut { fit, words: fit.words() },
        None => ComesOut { fit: Fit::Undecided, words: "no figure of a document decides" },
    };
    Some(explanation(mechanism, measured, Some(comes_out)))
}

fn explanation(
    mechanism: &MechanismFinding,
    measured: Option<findings::Measured>,
    comes_out: Option<ComesOut>,
) -> IntervalRow {
    IntervalRow {
        name: mechanism.name.clone(),
        look: look_of(&mechanism.cells),
        reference: None,
        agrees: None,
        measured,
        predicted: None,
        comes_out,
    }
}

/// A line for each condition that the verdict depends on.
fn readings(finding: &Finding) -> Markup {
    html! {
        @if !finding.readings.is_empty() {
            ul class="outcomes" {
                @for reading in &finding.readings {
                    @let look = verdict::of(reading.verdict);
                    li class={ "v-" (look.name) } {
                        (look.sign())
                        span { b { (capital(&reading.condition)) ": " (look.words()) "." } " " (emphasised(&reading.sentence)) }
                    }
                }
            }
        }
    }
}

/// The bugs of the document's program, apart from the verdict.
fn bugs(finding: &Finding) -> Markup {
    html! {
        @for BugFinding { name, program, exhibit, result, happened, .. } in &finding.bugs {
            p class="note" {
                b { "Bug " (result.words()) ": " (name) "." } " " (program)
                // An exhibit is shown below, with both of its sides.
                @if let Some(happened) = happened.as_ref().filter(|_| exhibit.is_none()) { " Here: " (happened) "." }
            }
        }
    }
}

/// Counts and outcomes, in words.
fn outcomes(finding: &Finding) -> Markup {
    let told: Vec<&FigureFinding> = finding
        .figures
        .iter()
        // A figure without cells is an exhibit, which is shown elsewhere.
        .filter(|figure| is_told(figure.unit) && !(figure.cells.is_empty() && museum_of(finding).next().is_some()))
        .collect();
    html! {
        @if !told.is_empty() {
            ul class="outcomes" {
                @for figure in told {
                    @let look = verdict::of(figure.verdict);
                    li class={ "v-" (look.name) } {
                        (look.sign())
                        span {
                            b { (figure.name) }
                            @if let Some(measured) = figure.measured { ": " strong { (figure.unit.figure(measured.value.estimate)) } }
                            @for number in figure.reference.iter().chain(&figure.bound) { " (" (figure.unit.origin(number)) ")" }
                            @if let Some(outcome) = &figure.outcome { ": " (outcome) }
                        }
                    }
                }
            }
        }
    }
}

fn museum_of(finding: &Finding) -> impl Iterator<Item = &'static museum::Exhibit> {
    museum::ALL.iter().filter(|exhibit| exhibit.claims.contains(&finding.id.as_str()))
}

/// Both sides of its exhibits: the document's way and the right way.
fn exhibits(finding: &Finding, input: &PageInput) -> Markup {
    let shown = museum_of(finding).filter_map(|exhibit| Some((exhibit, input.evidence.exhibits.get(exhibit.name)?)));
    html! {
        @for (exhibit, ExhibitShown { bug, right, .. }) in shown {
            div class="exhibit" {
                @for (side, what, shown) in [("The document's way", exhibit.document, bug), ("The right way", exhibit.right_way, right)] {
                    div {
                        p class="side" { b { (side) } }
                        p { (what) }
                        p { b { @if shown.holds { "Here: " } @else { "Here, unexpectedly: " } } (shown.verdict) }
                    }
                }
            }
            p class="small" { "From the museum: " code { "makespan museum " (exhibit.name) } }
        }
    }
}

/// What differs without an interpreter lock, beside the figures with a simulated one.
fn in_rust(finding: &Finding) -> Markup {
    let Some(note) = &finding.in_rust else { return html! {} };
    let under_lock = |figure: &FigureFinding| figure.cells.last().is_some_and(|cell| cell.strategy == "gil_threads");
    let both = finding.figures.iter().filter(|figure| figure.role != FigureRole::Decides || under_lock(figure));
    let figures: Vec<(&FigureFinding, String)> =
        both.filter_map(|figure| Some((figure, figure.unit.measured(&figure.measured?)))).collect();
    html! {
        div class="note in-rust" {
            p { b { "In Rust" } " " (note) }
            @if !figures.is_empty() {
                ul {
                    @for (figure, measured) in figures {
                        li class={ "s-" (look_of(&figure.cells).strategy) } { span class="dot" {} (figure.name) ": " b { (measured) } }
                    }
                }
            }
        }
    }
}

/// The records that its figures come from.
pub(crate) fn records<'a>(finding: &Finding, input: &'a PageInput) -> Vec<&'a Record> {
    let mut records: Vec<&Record> = Vec::new();
    for figure in finding.figures.iter().filter(|figure| figure.measured.is_some() && !figure.cells.is_empty()) {
        let cells: Vec<_> = figure.cells.iter().collect();
        let Some((record, _)) = lookup(&input.evidence, &figure.scenario, &cells) else { continue };
        if !records.iter().any(|other| std::ptr::eq(*other, record)) {
            records.push(record);
        }
    }
    records
}
