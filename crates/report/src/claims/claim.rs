//! One claim: its question, the answer first, what the document says, the charts, the mechanisms that could explain the
//! published figure, and the command that repeats this claim alone.

use crate::{
    PageInput,
    claims::{
        claim_table, documents,
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
use harness::{
    results::record::Record,
    scenario::{claim::FigureRole, claims_of_exhibit},
};
use maud::{Markup, html};
use museum::{Exhibit, ExhibitShown};
use support::{distinct, words::capital};

/// A claim with its charts chosen. What another claim shows is not shown again.
pub(crate) struct DrawnClaim<'a> {
    /// The claim's finding.
    pub(crate) finding: &'a Finding,
    /// Its lanes, or the claim that shows the same lanes.
    pub(crate) lanes: ClaimPicture<'a, Lanes<'a>>,
    /// Its curve, or the claim that shows the same curve.
    pub(crate) sweep: ClaimPicture<'a, Sweep<'a>>,
    /// Its exhibits, each with the claim that shows it if that is another one.
    pub(crate) exhibits: Vec<(&'static Exhibit, Option<&'a str>)>,
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

/// More figures than this make a claim longer than a screen; the others are folded.
const MOST_ROWS: usize = 3;

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

    /// What fits a screen, and everything else folded, in an order that is the same for all claims.
    fn whole(&self, shared: &PageFacts) -> Markup {
        let finding = self.finding;
        let id = &finding.id;
        let front = self.front_panel();
        html! {
            article class={ "claim part v-" (verdict::of(finding.verdict).name) } id=(id) aria-labelledby={ (id) "-question" } {
                p class="eyebrow" { a href={ "#" (id) } { (id) } " · " (finding.scenario) " " (verdict::chip(finding.verdict)) }
                h3 id={ (id) "-question" } { (finding.question) }
                p class="answer" { (emphasised(&finding.brief)) }
                p class="says" { b { "The document:" } " " (finding.says) " " (documents::place(finding)) }
                div class="front" {
                    @if !finding.readings.is_empty() { (readings(finding)) }
                    @else if let Some(panel) = &front { (intervals(panel, &format!("{id}-front"), "The document's figures and ours, on one axis", &html! {})) }
                    @else { (outcomes(finding)) }
                }
                div class="folds" {
                    (fold("Explanations", &self.explanations(shared, front.is_some())))
                    (fold("Timeline", &self.timeline(shared)))
                    (fold("Scaling", &self.scaling()))
                    (fold("Figures", &html! { (self.panels(front.as_ref())) (claim_table::table(self, shared)) }))
                    @if finding.figures.iter().any(is_python) { (fold("Python and Rust", &in_rust(finding))) }
                    (fold("Repeat it", &command(&finding.command)))
                }
            }
        }
    }

    /// The figures that are shown first: those in the unit of the deciding one, and that one among them.
    fn front_panel(&self) -> Option<Panel> {
        let finding = self.finding;
        let drawn = |figure: &&FigureFinding| !is_told(figure.unit) && has_marks(figure);
        let deciding = finding.deciding.and_then(|place| finding.figures.get(place)).filter(drawn);
        let unit = deciding.or_else(|| finding.figures.iter().find(drawn))?.unit;
        let mut rows: Vec<&FigureFinding> =
            finding.figures.iter().filter(drawn).filter(|figure| figure.unit == unit).collect();
        // The deciding figure first, then the others that count, then the rest.
        rows.sort_by_key(|figure| (!deciding.is_some_and(|deciding| std::ptr::eq(*figure, deciding)), !figure.decides));
        rows.truncate(MOST_ROWS);
        Some(Panel { unit, rows: rows.into_iter().map(figure_row).collect(), wanted: None })
    }

    /// The whole sentence, the reasons, and what could have given the document's figure.
    fn explanations(&self, shared: &PageFacts, in_front: bool) -> Markup {
        let finding = self.finding;
        let caveat = finding.caveat.as_deref();
        html! {
            @if finding.sentence != finding.brief { p { (emphasised(&finding.sentence)) } }
            @for reading in &finding.readings { p { b { (capital(&reading.condition)) ":" } " " (emphasised(&reading.sentence)) } }
            (self.reasons())
            (self.mechanisms())
            @if in_front || !finding.readings.is_empty() { (outcomes(finding)) }
            (bugs(finding))
            (self.museum(shared.input))
            @if !finding.figures.iter().any(is_python) { (in_rust(finding)) }
            @if let Some(caveat) = caveat { p class="note" { b { "Keep in mind" } " " (caveat) } }
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

    /// The figures, on one axis per unit, unless the front shows all of a unit.
    fn panels(&self, front: Option<&Panel>) -> Markup {
        let finding = self.finding;
        let units = distinct(finding.figures.iter().map(|figure| figure.unit).filter(|unit| !is_told(*unit)));
        let rows = |unit: Unit| -> Vec<IntervalRow> {
            finding.figures.iter().filter(|figure| figure.unit == unit && has_marks(figure)).map(figure_row).collect()
        };
        let shown = front.filter(|_| finding.readings.is_empty());
        let panels = units.into_iter().map(|unit| Panel { unit, rows: rows(unit), wanted: None });
        let left = panels
            .filter(|panel| shown.is_none_or(|front| front.unit != panel.unit || front.rows.len() < panel.rows.len()));
        html! {
            @for (number, panel) in left.enumerate() {
                (intervals(&panel, &format!("{}-figures-{number}", finding.id), "The document's figures and ours, on one axis", &html! {}))
            }
        }
    }

    /// What the workers did.
    fn timeline(&self, shared: &PageFacts) -> Markup {
        match &self.lanes {
            ClaimPicture::Here(lanes) => lanes.picture(&self.finding.id, shared.most_bars),
            ClaimPicture::Under(other) => {
                html! { p { "The same as under " a href={ "#" (other) "-timeline" } { (other) } "." } }
            }
            ClaimPicture::Nowhere => html! {},
        }
    }

    /// The speedup against workers.
    fn scaling(&self) -> Markup {
        match &self.sweep {
            ClaimPicture::Here(sweep) => html! { (sweep.chart(&format!("{}-curve", self.finding.id))) (sweep.table()) },
            ClaimPicture::Under(other) => {
                html! { p { "The same as under " a href={ "#" (other) "-curve-speedup" } { (other) } "." } }
            }
            ClaimPicture::Nowhere => html! {},
        }
    }

    /// What could explain the published figure, and the evidence that decides.
    fn mechanisms(&self) -> Markup {
        let finding = self.finding;
        let Some(first) = finding.figures.first().filter(|_| !finding.mechanisms.is_empty()) else { return html! {} };
        let rows =
            |of: &dyn Fn(&MechanismFinding) -> Option<IntervalRow>| finding.mechanisms.iter().filter_map(of).collect();
        let wanted = first.reference.as_ref().map(|reference| reference.value);
        let (own, apart) = (rows(&|one| mechanism_row(one, first)), rows(&|one| apart_row(one)));
        let [own, apart] =
            [(own, wanted), (apart, None)].map(|(rows, wanted)| Panel { unit: first.unit, rows, wanted });
        html! {
            @if let Some(apart) = &finding.apart { p { (emphasised(apart)) } }
            (intervals(&own, &format!("{}-explained", finding.id), "Each explanation as an experiment, and the figure to explain", &html! { b { "The figure to explain" } " is the dotted line." }))
            (intervals(&apart, &format!("{}-apart", finding.id), "The explanations in the separating experiment, on one axis", &html! { b { "The same explanations" } " in the experiment that separates them." }))
        }
    }

    /// Both sides of its exhibits: the document's way and the right way.
    fn museum(&self, input: &PageInput) -> Markup {
        html! {
            @for (exhibit, elsewhere) in &self.exhibits {
                @if let Some(other) = elsewhere {
                    p { "The museum's " code { (exhibit.name) } " is shown under " a href={ "#" (exhibit_id(exhibit)) } { (other) } "." }
                } @else if let Some(ExhibitShown { bug, right, python }) = input.evidence.exhibits.get(exhibit.name) {
                    div class="exhibit" id=(exhibit_id(exhibit)) {
                        @let [bug_python, right_python] = [python.as_ref().map(|python| &python.bug), python.as_ref().map(|python| &python.right)];
                        @for (side, what, shown, python) in [("The document's way", exhibit.document, bug, bug_python), ("The right way", exhibit.right_way, right, right_python)] {
                            div {
                                p class="side" { b { (side) } }
                                p { (what) }
                                p { b { @if shown.holds { "Here: " } @else { "Here, unexpectedly: " } } (shown.verdict) }
                                @if let Some(python) = python { p { b { @if python.holds { "In Python: " } @else { "In Python, unexpectedly: " } } (python.verdict) } }
                            }
                        }
                    }
                    p class="small" { "From the museum: " code { "makespan museum " (exhibit.name) } }
                }
            }
        }
    }
}

fn exhibit_id(exhibit: &Exhibit) -> String {
    format!("exhibit-{}", exhibit.name)
}

/// A part of a claim that is folded away. Nothing if it is empty.
fn fold(name: &str, inside: &Markup) -> Markup {
    html! {
        @if !inside.0.is_empty() {
            details class="fold" { summary { (name) } div { (inside) } }
        }
    }
}

/// Whether it was measured with cells that run in Python.
fn is_python(figure: &FigureFinding) -> bool {
    figure.measured.is_some() && figure.cells.iter().any(|cell| cell.strategy.starts_with("python/"))
}

/// Whether there is something to draw.
fn has_marks(figure: &FigureFinding) -> bool {
    figure.measured.is_some() || figure.reference.is_some() || figure.prediction.is_some()
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
        None => ComesOut { fit: Fit::Undecided, words: "no document's figure decides" },
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

/// A row for each condition that the verdict depends on: its verdict, and the figure that decides.
fn readings(finding: &Finding) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="group" aria-label={ "The readings of " (finding.id) } {
            table class="readings" {
                thead { tr { th scope="col" { "reading" } th scope="col" { "verdict" } th scope="col" { "figure" } th scope="col" class="n" { "here" } th scope="col" class="n" { "expected" } } }
                tbody {
                    @for reading in &finding.readings {
                        @let mine = |figure: &&FigureFinding| figure.reading.as_ref() == Some(&reading.condition);
                        @let deciding = finding.figures.iter().filter(mine).find(|figure| figure.verdict == reading.verdict);
                        tr {
                            th scope="row" class="wide-name" { (capital(&reading.condition)) }
                            td { (verdict::chip(reading.verdict)) }
                            @if let Some(figure) = deciding {
                                td { (figure.name) }
                                td class="n" {
                                    @if let Some(measured) = figure.measured {
                                        b { (figure.unit.figure(measured.value.estimate)) }
                                        @if !measured.is_exact() { " " span class="interval" { (figure.unit.interval(measured.value)) } }
                                    }
                                    @else { "–" }
                                }
                                td class="n" { (expected(figure)) }
                            } @else { td {} td class="n" { "–" } td class="n" { "–" } }
                        }
                    }
                }
            }
        }
    }
}

/// The document's figure, or else the bound: `4.14×`, `above 1.00×`.
fn expected(figure: &FigureFinding) -> String {
    match &figure.reference {
        Some(reference) => figure.unit.figure(reference.value),
        None => claim_table::agrees(figure),
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
                            @for expectation in figure.expectations() { "; " (expectation) }
                            @if let Some(outcome) = &figure.outcome { (if figure.measured.is_some() { "; " } else { ": " }) (outcome) }
                        }
                    }
                }
            }
        }
    }
}

/// The museum's exhibits about this claim.
pub(crate) fn museum_of(finding: &Finding) -> impl Iterator<Item = &'static Exhibit> {
    museum::ALL.iter().filter(|exhibit| claims_of_exhibit(exhibit.name).contains(&finding.id.as_str()))
}

/// What differs without an interpreter lock, beside the figures with a simulated one.
fn in_rust(finding: &Finding) -> Markup {
    let under_lock = |figure: &FigureFinding| figure.cells.last().is_some_and(|cell| cell.strategy == "gil_threads");
    let both = finding
        .figures
        .iter()
        .filter(|figure| figure.role != FigureRole::Decides || under_lock(figure) || is_python(figure));
    let figures: Vec<(&FigureFinding, String)> =
        both.filter_map(|figure| Some((figure, figure.unit.measured(&figure.measured?)))).collect();
    if finding.in_rust.is_none() && !finding.figures.iter().any(is_python) {
        return html! {};
    }
    html! {
        div class="note in-rust" {
            @if let Some(note) = &finding.in_rust { p { b { "In Rust" } " " (note) } }
            @if !figures.is_empty() {
                ul {
                    @for (figure, measured) in figures {
                        li class={ "s-" (look_of(&figure.cells).strategy) } { (palette::sample(look_of(&figure.cells).strategy)) (figure.name) ": " b { (measured) } }
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
