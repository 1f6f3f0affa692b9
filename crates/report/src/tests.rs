//! Properties of the whole page.

use super::*;
use advice::{
    AdviceStanding, CellTimes, Laws, WorkKind, WorkSample,
    documents::{AdviceDocument, AdvisedWorkers, ComparedCell, LoadedCellExport, UnderQuota},
};
use findings::{Findings, Fit, Sentence, Unit};
use harness::results::{evidence::Evidence, record::Check};
use measure::usable_cores::Throttling;
use stats::Estimate;

fn input(records: Vec<Record>) -> PageInput {
    let note = |name: &str, title: &str| ScenarioNote { name: name.into(), title: title.into() };
    PageInput {
        records,
        own: Vec::new(),
        findings: Findings::default(),
        before: None,
        evidence: Evidence::default(),
        expected_scenarios: vec![
            note("latency_only", "Thirty waits and nothing else"),
            note("web_requests", "Thirty web requests"),
            note("prime_sum", "The sum of the primes"),
        ],
        criterion: vec![CriterionLink {
            scenario: "web_requests".into(),
            strategy: "threads".into(),
            workers: 8,
            href: "../target/criterion/web_requests/threads/8/report/index.html".into(),
        }],
        costs: None,
        advice: None,
        quota_advice: None,
        load_advice: None,
        lessons: &[],
        generated_at: "2000-01-01 00:00 UTC".into(),
    }
}

/// The visible text: without tags, style, script and charts.
fn words_of(html: &str) -> String {
    let mut text = html.to_owned();
    for tag in ["style", "script", "svg"] {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        while let Some(from) = text.find(&open) {
            let to = text[from..].find(&close).map_or(text.len(), |at| from + at + close.len());
            text.replace_range(from..to, "");
        }
    }
    let mut words = String::new();
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                words.push('\n');
            }
            other if !inside => words.push(other),
            _ => {}
        }
    }
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

const SAMPLE: WorkSample =
    WorkSample { tasks: 8, wall_s: 0.32, user_s: 0.01, system_s: 0.01, bytes: 800, memory_bytes: None };

#[test]
fn an_advice_has_its_sentence_its_curve_and_every_figure() {
    let cell = |strategy: &str, workers: u32, speedup: Option<f64>| ComparedCell {
        times: CellTimes {
            strategy: strategy.into(),
            phrase: String::new(),
            workers,
            task_s: vec![0.04 / speedup.unwrap_or(1.0); 3],
            tasks: 30,
            failed: 0.0,
            first_error: None,
            cores_busy: None,
            latency_s: None,
            memory_bytes: None,
            out: None,
        },
        speedup: speedup.map(|estimate| Estimate { estimate, low: estimate * 0.95, high: estimate * 1.05 }),
        place: None,
    };
    let mut left_out = cell("threads", 8, None);
    (left_out.times.task_s, left_out.times.out) = (Vec::new(), Some("no memory".into()));
    let rounds = |workers: u32| (workers, vec![stats::usl::speedup(0.1, 0.01, workers); 3]);
    let advice = AdviceExport {
        schema: AdviceExport::SCHEMA.into(),
        makespan_version: "0.1.0".into(),
        command: "makespan advise --url 'http://h/?a=1&b=2'".into(),
        work: "Requests to <h>".into(),
        sentence: "4 threads: 3.2 times as fast as sequential.".into(),
        standing: AdviceStanding::Stands,
        advised: Some(AdvisedWorkers { strategy: "threads".into(), workers: 4, speedup: None }),
        limit: None,
        remedy: Some("let it serve more at once".into()),
        doubts: Vec::new(),
        cores: 2.0,
        sample: SAMPLE,
        kind: WorkKind::Waits,
        workers_for_cores: None,
        bounds: Vec::new(),
        rounds: 6,
        tasks_done: 720,
        outputs_not_compared: None,
        notes: Vec::new(),
        search: Vec::new(),
        laws: Laws::of(&[1, 2, 4, 8].map(rounds), None).ok(),
        cells: vec![
            cell("sequential", 1, None),
            cell("threads", 2, Some(1.8)),
            cell("threads", 4, Some(3.2)),
            left_out,
        ],
    };
    let under = |quota_cores: f64, advice: &AdviceExport| {
        let throttling = Throttling { periods: 57, seconds: 5.85 };
        UnderQuota { quota_cores, throttling, run_s: None, advice: advice.clone() }
    };
    let nothing = AdviceExport { advised: None, sentence: "No advice.".into(), ..advice.clone() };
    let quotas = vec![under(0.5, &nothing), under(1.0, &advice)];
    let quota_advice = Some(QuotaExport { schema: QuotaExport::SCHEMA.into(), quotas });
    let html = page(&PageInput { quota_advice, ..input(Vec::new()) });
    for expected in ["0.5 cores: No advice.", "1 core: 4 threads", "3.20×", &support::figures::time(5.85)] {
        assert!(words_of(&html).contains(expected), "{expected}: {html}");
    }
    let html = page(&PageInput { advice: Some(advice), ..input(Vec::new()) });
    let words = words_of(&html);
    for expected in
        ["4 threads: 3.2 times as fast", "Requests to &lt;h&gt;", "3.20×", "advised", "no memory", "a=1&amp;b=2"]
    {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    assert!(html.contains("own-work-speedup") && html.contains(">USL<"), "a curve with both laws");
}

#[test]
fn an_advice_under_load_has_its_latencies_by_rate() {
    let cell = |workers: u32, rate_per_s: f64, p95_s: Option<f64>| LoadedCellExport {
        workers,
        rate_per_s,
        latency_p50_s: p95_s.map(|it| Estimate { estimate: it / 2.0, low: it / 2.2, high: it / 1.8 }),
        latency_p95_s: p95_s.map(|it| Estimate { estimate: it, low: it * 0.9, high: it * 1.1 }),
        latency_p99_s: None,
        failed_share: if p95_s.is_none() { 0.5 } else { 0.0 },
        first_error: None,
        over_target_share: None,
    };
    let load_advice = LoadAdviceExport {
        schema: LoadAdviceExport::SCHEMA.into(),
        makespan_version: "0.1.0".into(),
        command: "makespan advise --url http://h/ --rate 50/s".into(),
        work: "Requests to <h>".into(),
        sentence: "4 threads hold p95 < 200 ms at 50 tasks/s.".into(),
        standing: AdviceStanding::Stands,
        strategy: "threads".into(),
        rate_per_s: 50.0,
        target: None,
        workers: Some(4),
        workers_that_may_do: Vec::new(),
        under_way: 2.5,
        knee_per_s: None,
        queue_length: None,
        sample: SAMPLE,
        rounds: 5,
        tasks: 200,
        needs_tasks: None,
        cells: vec![
            cell(2, 50.0, Some(0.9)),
            cell(4, 50.0, Some(0.12)),
            cell(4, 25.0, Some(0.1)),
            cell(4, 100.0, None),
        ],
    };
    let html = page(&PageInput { load_advice: Some(load_advice), ..input(Vec::new()) });
    let words = words_of(&html);
    for expected in [
        "4 threads hold p95",
        "Requests to &lt;h&gt;",
        "2.5 tasks are in progress",
        "4, advised",
        &support::figures::time(0.12),
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    assert!(html.contains("own-load-latency"), "a curve");
    assert_eq!(words.matches("4, advised").count(), 1, "at the rate that was asked for: {words}");
}

#[test]
fn the_words_of_a_small_page() {
    let mut record = testdata::records::web_requests(10);
    record.cells.retain(|cell| cell.workers() == 8 && cell.spec.strategy != "async" || cell.is_baseline);
    insta::assert_snapshot!(words_of(&page(&input(vec![record]))));
}

#[test]
fn a_page_without_records_says_how_to_measure() {
    let words = words_of(&page(&input(Vec::new())));
    assert!(words.contains("Nothing has been measured yet") && words.contains("make bench-quick"), "{words}");
    assert!(words.contains("makespan run latency_only"), "{words}");
}

#[test]
fn what_is_missing_is_said() {
    let words = words_of(&page(&input(vec![testdata::records::with_failures()])));
    for expected in [
        "3 of 10 rounds",
        "failed: task 7: its worker died: killed by signal 9",
        "skipped: nothing to move off the event loop",
        "not measured: the run ended before it",
        "not measured",
        "makespan run prime_sum",
        "task errors",
        "there were too few rounds for one",
    ] {
        assert!(words.contains(expected), "{expected} is not on the page:\n{words}");
    }
}

#[test]
fn a_failed_cell_is_a_row_without_a_time() {
    let record = testdata::records::with_failures();
    let html = page(&input(vec![record.clone()]));
    let rows = html.matches("<tr class=\"failed\">").count();
    assert_eq!(rows, record.cells.iter().filter(|cell| cell.check == Check::Failed).count());
    let row = html.split("<tr class=\"failed\">").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(!row.contains(" ms") && !row.contains(" s<"), "{row}");
}

#[test]
fn hostile_names_are_inert() {
    let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let mut record = testdata::records::with_failures();
    for text in [&mut record.scenario, &mut record.title, &mut record.question, &mut record.command] {
        *text = hostile.into();
    }
    record.document = Some(hostile.into());
    record.host.cpu_model = Some(hostile.into());
    for cell in &mut record.cells {
        cell.reason = cell.reason.as_ref().map(|_| hostile.into());
        cell.spec.variant = hostile.into();
    }
    record.cells[1].spec.strategy = hostile.into();
    let mut other = record.clone();
    other.scenario = "web_requests".into();
    let mut queued = testdata::records::queued();
    for cell in &mut queued.cells {
        cell.queue = cell.queue.as_ref().map(|_| hostile.into());
        cell.timeline.iter_mut().flat_map(|timeline| &mut timeline.elsewhere).for_each(|one| one.host = hostile.into());
    }
    let mut costs = testdata::records::costs();
    costs.engines.iter_mut().for_each(|about| about.note = Some(hostile.into()));
    costs.command = hostile.into();
    let mut input = PageInput { costs: Some(costs), ..input(vec![record, other, queued]) };
    input.criterion[0].href = hostile.into();
    input.expected_scenarios[0].title = hostile.into();
    let html = page(&input);
    assert!(html.contains("&lt;script&gt;alert(1)"), "the name should be there as text");
    assert!(!html.contains("<script>alert") && !html.contains("<img"));
    assert_eq!(html.matches("<script>").count(), 2, "our own two and no other");
}

#[test]
fn the_page_needs_nothing_from_anywhere() {
    let html = page(&input(vec![testdata::records::web_requests(10)]));
    for address in ["http://", "https://", "url(", "@import", "src="] {
        assert!(!html.contains(address), "{address} is on the page");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn identifiers_are_unique_even_for_two_records_of_one_scenario() {
    let records =
        vec![testdata::records::web_requests(10), testdata::records::web_requests(10), testdata::records::queued()];
    let html = page(&PageInput { costs: Some(testdata::records::costs()), ..input(records) });
    let mut ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    for target in html.split("aria-labelledby=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(ids.binary_search(&target).is_ok(), "nothing has the id {target}");
    }
}

#[test]
fn nothing_on_the_page_is_no_number() {
    let mut record = testdata::records::web_requests(10);
    record.cells[3].rounds.truncate(3);
    [f64::NAN, 0.0, f64::INFINITY]
        .into_iter()
        .enumerate()
        .for_each(|(i, run_s)| record.cells[3].rounds[i].run_s = run_s);
    record.cells[4].rounds.iter_mut().for_each(|round| round.run_s = 0.0);
    record.cells[5].rounds.clear();
    record.cells[6].rounds[0].workers = 0;
    record.cells[7].tasks = 0;
    record.host.cores_usable = 0;
    let mut costs = testdata::records::costs();
    for one in &mut costs.bulk {
        (one.jobs, one.workers) = (0, 0);
    }
    costs.single[0].seconds = vec![f64::NAN, 0.0];
    costs.single[1].seconds = vec![0.0; 6];
    let html = page(&PageInput { costs: Some(costs), ..input(vec![record]) });
    for figure in ["NaN", "inf\"", "\"inf", " inf "] {
        assert!(!html.contains(figure), "{figure} is on the page");
    }
}

#[test]
fn a_hundred_thousand_spans_stay_a_page_that_a_browser_opens() {
    let made = |strategy, workers, tasks| testdata::records::MadeCell {
        strategy,
        workers,
        tasks,
        task_s: 0.002,
        waiting: 0.8,
        side_by_side: 64,
    };
    let cells =
        [made("sequential", 1, 9000), made("threads", 64, 9000), made("processes", 8, 9000), made("async", 500, 9000)];
    let record = testdata::records::record("many", "How many is many?", 10, &cells);
    let spans: usize = record.cells.iter().filter_map(|cell| Some(cell.timeline.as_ref()?.spans.len())).sum();
    assert!(spans >= 100_000, "{spans}");
    assert!(page(&input(vec![record])).len() < 5_000_000);
}

#[test]
fn a_page_is_written_whole_and_replaces_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/index.html");
    write(&path, &input(Vec::new())).unwrap();
    write(&path, &input(vec![testdata::records::prime_sum(5)])).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page(&input(vec![testdata::records::prime_sum(5)])));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left in the folder");
    let blocked = folder.path().join("deep/index.html/below.html");
    assert!(write(&blocked, &input(Vec::new())).unwrap_err().to_string().contains("index.html"));
}

#[test]
fn every_measured_scenario_has_its_three_pictures_in_both_renditions() {
    let mut records = testdata::records::crowded();
    records.extend([
        testdata::records::web_requests(10),
        testdata::records::prime_sum(5),
        testdata::records::with_failures(),
        testdata::records::queued(),
    ]);
    let html = page(&PageInput { costs: Some(testdata::records::costs()), ..input(records.clone()) });
    for rendition in ["wide", "narrow"] {
        let pictures: Vec<&str> = html.split(&format!("<svg class=\"chart {rendition}\"")).skip(1).collect();
        assert_eq!(pictures.len(), 3 * records.len() + 2, "and two in the lesson");
        for picture in pictures {
            let picture = picture.split("</svg>").next().unwrap();
            assert!(picture.contains("class=\"mark\"") && picture.contains("</desc>"), "an empty picture: {picture}");
        }
    }
}

/// The visible text of the lesson on queues.
fn lesson_of(input: &PageInput) -> String {
    let html = page(input);
    let from = html.find("<section id=\"beyond-one-machine\"").unwrap();
    let to = html[from..].find("</section>").unwrap();
    words_of(&html[from..from + to])
}

#[test]
fn the_words_of_the_lesson_on_queues() {
    let mut costs = testdata::records::costs();
    costs.bulk.retain(|one| one.workers != 2 && one.workers != 4 || one.jobs == 100_000);
    insta::assert_snapshot!(lesson_of(&PageInput { costs: Some(costs), ..input(vec![testdata::records::queued()]) }));
}

#[test]
fn the_list_of_contents_leads_to_the_lesson() {
    let html = page(&PageInput {
        costs: Some(testdata::records::costs()),
        ..input(vec![testdata::records::web_requests(10)])
    });
    assert!(html.contains("<a href=\"#beyond-one-machine\">") && html.contains("id=\"beyond-one-machine\""));
    let none = page(&input(vec![testdata::records::web_requests(10)]));
    assert!(!none.contains("beyond-one-machine") && none.contains("cargo bench --bench queue"));
}

#[test]
fn a_jobs_stages_change_nothing_of_what_workers_did() {
    let mut record = testdata::records::queued();
    let bars_of = |record: &Record| page(&input(vec![record.clone()])).matches("class=\"bar").count();
    let (with, shares) = (bars_of(&record), record.cells.iter().map(waits::Shares::of).collect::<Vec<_>>());
    for timeline in record.cells.iter_mut().filter_map(|cell| cell.timeline.as_mut()) {
        use work::worker::lane::Activity::{Enqueue, Queued, Return};
        timeline.spans.retain(|span| !matches!(span.kind, Enqueue | Queued | Return));
    }
    assert_eq!(bars_of(&record), with);
    assert_eq!(record.cells.iter().map(waits::Shares::of).collect::<Vec<_>>(), shares);
}

#[test]
fn what_waits_in_a_queue_is_drawn_described_and_told_beneath() {
    let html = page(&input(vec![testdata::records::queued()]));
    assert_eq!(html.matches("class=\"depth\"").count(), 2, "once in each rendition");
    let described =
        html.split("<desc").find(|text| text.contains("queue with 8 workers") || text.contains("Queue with 8 workers"));
    let described = described.and_then(|text| text.split("</desc>").next()).unwrap();
    for expected in
        ["jobs waited in the queue at once", "on host-b workers", "clock offset +1.31\u{a0}ms ± 0.10\u{a0}ms"]
    {
        assert!(described.contains(expected), "{described}");
    }
}

/// A page of findings.
fn with_findings(records: Vec<Record>) -> PageInput {
    PageInput { findings: testdata::findings::findings(), evidence: testdata::findings::evidence(), ..input(records) }
}

#[test]
fn the_words_of_the_findings() {
    let html = page(&with_findings(Vec::new()));
    let to = html.find("id=\"measurements\"").unwrap();
    insta::assert_snapshot!(words_of(&html[..to]));
}

#[test]
fn every_link_within_the_page_leads_somewhere_and_every_claim_has_its_address() {
    let input = with_lessons();
    let html = page(&input);
    let mut ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id is there twice");
    for target in html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(ids.binary_search(&target).is_ok(), "nothing has the id {target}");
    }
    for claim in &input.findings.claims {
        assert!(ids.binary_search(&claim.id.as_str()).is_ok());
        assert!(html.contains(&claim.command), "{} can't be repeated", claim.id);
    }
}

#[test]
fn the_scoreboard_counts_every_claim_once() {
    let input = with_findings(Vec::new());
    let html = page(&input);
    let board = html.split("class=\"tiles\"").nth(1).unwrap().split("</ul>").next().unwrap();
    let counts: Vec<usize> =
        board.split("<b>").skip(1).map(|rest| rest.split('<').next().unwrap().parse().unwrap()).collect();
    assert_eq!(counts.len(), 8, "one for each verdict");
    assert_eq!(counts.iter().sum::<usize>(), input.findings.claims.len());
    let cells =
        html.split("class=\"cells\"").skip(1).map(|row| row.split("</ol>").next().unwrap().matches("<li>").count());
    assert_eq!(cells.sum::<usize>(), input.findings.claims.len());
}

#[test]
fn what_was_not_measured_is_one_line_with_its_command() {
    let html = page(&with_findings(Vec::new()));
    let line = html.split("id=\"000-5\"").nth(1).unwrap().split("</article>").next().unwrap();
    assert!(line.contains("not measured yet") && line.contains("makespan reproduce 000-5"), "{line}");
    assert!(!line.contains("<figure") && !line.contains("<table"), "{line}");
}

#[test]
fn a_picture_that_two_claims_need_is_drawn_once() {
    let mut input = with_findings(Vec::new());
    let mut again = input.findings.claims.iter().find(|claim| claim.id == "000-3").unwrap().clone();
    again.id = "000-99".into();
    input.findings.claims.push(again);
    let html = page(&input);
    let last = html.split("id=\"000-99\"").nth(1).unwrap().split("</article>").next().unwrap();
    for chart in ["timeline", "curve-speedup"] {
        assert!(last.contains(&format!("The same as under <a href=\"#000-3-{chart}\">")), "{last}");
        assert!(html.contains(&format!("id=\"000-3-{chart}\"")) && !last.contains(&format!("id=\"000-99-{chart}\"")));
    }
}

#[test]
fn candidates_stand_side_by_side_with_what_came_of_them() {
    let html = page(&with_findings(Vec::new()));
    let claim = html.split("id=\"000-3\"").nth(1).unwrap().split("</article>").next().unwrap();
    for fit in [Fit::Fits, Fit::Excluded, Fit::Undecided] {
        assert!(claim.contains(fit.words()), "{fit:?} is not there");
    }
}

#[test]
fn where_rust_differs_the_simulated_lock_stands_beside_it() {
    let html = page(&with_findings(Vec::new()));
    let note = html.split("note in-rust\"").nth(1).unwrap().split("</div>").next().unwrap();
    assert!(note.contains("1.96×") && note.contains("0.97×"), "{note}");
}

#[test]
fn hostile_findings_are_inert_and_broken_figures_are_no_numbers() {
    let hostile = "\"><script>alert(1)</script>";
    let mut input = with_findings(vec![testdata::records::web_requests(10)]);
    for claim in &mut input.findings.claims {
        for text in [&mut claim.id, &mut claim.question, &mut claim.says, &mut claim.command] {
            *text = format!("{text}{hostile}");
        }
        for text in [&mut claim.depends_on, &mut claim.in_rust, &mut claim.caveat] {
            *text = Some(hostile.into());
        }
        claim.sentence = Sentence::words(hostile).measured(Unit::Ratio, f64::NAN);
        claim.apart = Some(Sentence::words(hostile));
        for bug in &mut claim.bugs {
            (bug.name, bug.program, bug.happened) = (hostile.into(), hostile.into(), Some(hostile.into()));
        }
        for reading in &mut claim.readings {
            (reading.condition, reading.sentence) = (hostile.into(), Sentence::words(hostile));
        }
        for figure in &mut claim.figures {
            figure.name = hostile.into();
            figure.reason = Some(hostile.into());
            figure.agrees = Some((f64::NEG_INFINITY, f64::INFINITY));
            if let Some(measured) = &mut figure.measured {
                measured.value.high = f64::INFINITY;
                measured.value.low = f64::NAN;
            }
            for number in figure.reference.iter_mut().chain(&mut figure.bound) {
                number.value = f64::NAN;
            }
        }
    }
    let html = page(&input);
    assert!(!html.contains("<script>alert"));
    for figure in ["NaN\"", "inf\"", "\"inf", "\"NaN", " NaN"] {
        assert!(!html.contains(figure), "{figure} is on the page");
    }
}

#[test]
fn a_page_of_every_scenario_with_its_claims_and_a_hundred_thousand_spans_can_be_sent_by_mail() {
    use findings::Verdict;
    let made = |strategy, workers| testdata::records::MadeCell {
        strategy,
        workers,
        tasks: 900,
        task_s: 0.002,
        waiting: 0.8,
        side_by_side: 64,
    };
    let names: Vec<String> = (0..11).map(|number| format!("scenario_{number}")).collect();
    let strategies = [("sequential", 1), ("threads", 64), ("processes", 8), ("async", 500)];
    let cells = strategies.map(|(strategy, workers)| made(strategy, workers));
    let records: Vec<Record> =
        names.iter().map(|name| testdata::records::record(name, "How many?", 10, &cells)).collect();
    let spans =
        records.iter().flat_map(|record| &record.cells).filter_map(|cell| Some(cell.timeline.as_ref()?.spans.len()));
    assert!(spans.sum::<usize>() >= 100_000);
    let template = testdata::findings::findings().claims.into_iter().find(|claim| claim.id == "000-3").unwrap();
    let claims = names.iter().enumerate().flat_map(|(place, name)| {
        let template = template.clone();
        (1..strategies.len()).map(move |other| {
            let mut claim = template.clone();
            claim.id = format!("{place:03}-{other}");
            for figure in &mut claim.figures {
                let (strategy, workers) = strategies[other];
                figure.scenario.clone_from(name);
                figure.cells =
                    vec![testdata::records::cell("sequential", 1), testdata::records::cell(strategy, workers)];
                assert_eq!((figure.unit, claim.verdict), (Unit::Ratio, Verdict::HoldsInDirection));
            }
            claim
        })
    });
    let findings = Findings { claims: claims.collect(), decisions: testdata::findings::findings().decisions };
    let evidence = Evidence { records: records.clone(), ..Evidence::default() };
    let html = page(&PageInput { findings, evidence, ..input(records) });
    assert!(html.len() < 5_000_000, "{}", html.len());
    let drawn = html.matches("-timeline-wide-title\"").count();
    assert!(drawn >= 2 * 44, "every claim has its lanes, and so has every scenario: {drawn}");
}

/// A page with findings and every lesson.
fn with_lessons() -> PageInput {
    let lessons = lesson::all().unwrap_or_else(|error| panic!("{error}"));
    PageInput { lessons, costs: Some(testdata::records::costs()), ..with_findings(vec![testdata::records::queued()]) }
}

#[test]
fn the_words_of_a_lesson() {
    let html = page(&with_lessons());
    let from = html.find("<div id=\"lesson-1\"").unwrap();
    let to = html[from..].find("</details>").unwrap();
    insta::assert_snapshot!(words_of(&html[from..from + to]));
}

#[test]
fn every_lesson_is_on_the_page_with_its_command_its_code_and_its_verdicts() {
    let input = with_lessons();
    let html = page(&input);
    let mut folded = html.split("<details class=\"lesson\"").skip(1);
    for lesson in input.lessons {
        let folded = folded.next().unwrap().split("</details>").next().unwrap();
        assert!(folded.contains(&format!("id=\"lesson-{}\"", lesson.number)));
        for command in lesson
            .commands
            .iter()
            .map(|command| command.run.clone())
            .chain(lesson.race.as_ref().map(lesson::LessonRace::command))
        {
            assert!(folded.contains(&format!("<code>{command}</code>")), "{command}");
        }
        assert_eq!(folded.matches("class=\"listing\"").count(), lesson.code.len());
        let claims = lesson.findings(&input.findings);
        assert_eq!(folded.matches("class=\"chip ").count(), claims.len());
        assert!(claims.iter().all(|claim| folded.contains(&format!("href=\"#{}\"", claim.id))));
    }
    assert!(folded.next().is_none());
    let beyond = html.split("id=\"beyond-one-machine\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(beyond.contains("<a href=\"#lesson-9\">"), "{beyond}");
}

#[test]
fn lessons_bring_no_style_no_script_and_no_address() {
    let html = page(&with_lessons());
    let lessons = html.split("<section id=\"lessons\"").nth(1).unwrap().split("</section>").next().unwrap();
    for forbidden in ["style=", "<script", "http://", "https://", "src=", "onclick"] {
        assert!(!lessons.contains(forbidden), "{forbidden} is in the lessons");
    }
}

#[test]
fn a_claim_s_folds_have_one_order_and_no_fold_is_empty() {
    let html = page(&with_findings(Vec::new()));
    let order = ["Explanations", "Timeline", "Scaling", "Figures", "Python and Rust", "Repeat it"];
    for claim in html.split("<article class=\"claim part").skip(1) {
        let claim = claim.split("</article>").next().unwrap();
        let folds: Vec<&str> =
            claim.split("class=\"fold\"><summary>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
        let places: Vec<_> = folds.iter().map(|name| order.iter().position(|known| known == name)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{folds:?}");
        assert!(folds.contains(&"Figures") && folds.last() == Some(&"Repeat it"), "{folds:?}");
        assert!(!claim.contains("</summary><div></div>"));
    }
}

#[test]
fn what_runs_in_python_has_a_fold_of_its_own() {
    let mut input = with_findings(Vec::new());
    let claim = input.findings.claims.iter_mut().find(|claim| claim.id == "002-5").unwrap();
    claim.figures[0].cells[1].strategy = "python/threads".into();
    let html = page(&input);
    let fold = html.split("<summary>Python and Rust</summary>").nth(1).unwrap().split("</details>").next().unwrap();
    assert!(fold.contains("1.96×") && fold.contains("0.97×"), "{fold}");
    assert_eq!(html.matches("<summary>Python and Rust</summary>").count(), 1);
}

#[test]
fn a_contested_claim_shows_its_readings_in_a_table() {
    let html = page(&with_findings(Vec::new()));
    let claim = html.split("id=\"000-10\"").nth(1).unwrap().split("class=\"folds\"").next().unwrap();
    let table = claim.split("<table class=\"readings\">").nth(1).unwrap();
    assert_eq!(table.matches("<th scope=\"row\"").count(), 2);
    assert!(table.contains("holds") && table.contains("refuted"), "{table}");
}

#[test]
fn a_page_against_an_earlier_run_shows_the_verdicts_and_figures_that_changed() {
    let mut input = with_findings(Vec::new());
    let mut before = input.findings.clone();
    let claim = before.claims.iter_mut().find(|claim| claim.id == "000-3").unwrap();
    claim.verdict = findings::Verdict::Refuted;
    claim.figures[0].measured.as_mut().unwrap().value = stats::Estimate { estimate: 2.0, low: 1.9, high: 2.1 };
    // What wasn't measured in both runs is no change.
    before.claims[0].verdict = findings::Verdict::NotMeasured;
    input.before = Some(before);
    let html = page(&input);
    let section = html.split("<section id=\"changes\"").nth(1).unwrap().split("</section>").next().unwrap();
    let told = words_of(section);
    assert!(told.contains("1 verdict changed, 1 figure moved"), "{told}");
    assert!(told.contains("2.00× (1.90–2.10)") && told.contains("4.91× (4.85–4.97)"), "{told}");
    assert_eq!(section.matches("href=\"#000-3\"").count(), 2);
    assert!(!page(&with_findings(Vec::new())).contains("id=\"changes\""));
}
