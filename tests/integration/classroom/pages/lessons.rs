//! Lessons and quizzes: every slide, a lesson clicked through, a class of thirty, and one key that leads through all of it.

use super::{
    super::harness::{Browser, guess as sent_guess},
    CHECKS, PHONE, PROJECTOR, guess, join, look,
};
use crate::browser::View;
use common::wait_until;
use fantoccini::{Locator, key::Key};
use makespan::classroom::wire::{QuizAnswer, QuizSheet, RacePhase};
use serde_json::{Value, json};

#[test]
fn a_lesson_is_clicked_through() {
    look("a lesson in a browser", async |view, _, classroom| {
        view.show(PROJECTOR, "light", "screen").await;
        view.open(&format!("{}/lesson/1", classroom.here)).await;
        let steps = view.value("steps().map(nameOf)").await;
        let steps: Vec<String> = serde_json::from_value(steps).expect("names");
        assert_eq!(steps, ["ask", "run", "see", "mistake", "code", "document", "try"]);
        for step in &steps {
            view.until(&format!("location.hash === '#{step}'")).await;
            assert_eq!(view.value("steps().filter((slide) => !slide.hidden).length").await, 1);
            view.check(
                "in_sight('.lesson-head', '.slide:not([hidden]) h2, .slide:not([hidden]) .words', '.claims-said')",
            )
            .await;
            view.is_sound_everywhere().await;
            view.press(Key::Right).await;
        }
        // A reload stays where it was; keys lead back and forth.
        view.client.refresh().await.expect("it loads again");
        view.until("step() === 'try' && document.body.dataset.phase").await;
        for (key, expected) in [(Key::PageUp, "document"), (Key::Left, "code"), (Key::PageDown, "document")] {
            view.press(key).await;
            assert_eq!(view.value("step()").await, *expected);
        }
        view.click("#dots a[href='#ask']").await;
        view.until("step() === 'ask'").await;

        view.click("#ask-button").await;
        view.phase("asking").await;
        guess(view, "0.7", "Ada").await;
        view.check("in_sight('.slide-ask .question', '#guess', '#count', '.join-here .join-code')").await;
        view.is_sound_everywhere().await;
        // An arrow in a field moves in the field.
        view.click("#seconds").await;
        view.press(Key::Right).await;
        assert_eq!(view.value("step()").await, "ask");
        view.click("#run-button").await;
        view.until("step() === 'run' && race.at?.timed").await;
        view.check("in_sight('.slide-run .words', '#clock', '.panel', '#axis')").await;
        view.phase("over").await;
        // Sequential takes five times as long: beside it, the threads' lanes are short.
        view.until("!byId('zoom').hidden && axisEnd > race.entries[0].clock").await;
        view.check("in_sight('.slide-run .words', '.panel', '#axis', '#keys')").await;
        assert_eq!(view.value("document.documentElement.scrollHeight <= innerHeight").await, true);
        view.click("#zoom").await;
        view.until("axisEnd < race.entries[0].clock && axisEnd > race.entries[1].clock").await;
        view.press('z').await;
        view.until("axisEnd > race.entries[0].clock").await;
        view.click("#next").await;
        view.until(
            "step() === 'see' && !byId('reveal').hidden && document.querySelectorAll('#chart .mark').length > 0",
        )
        .await;
        view.check("in_sight('.slide-see .words', '#reveal', '#speedup')").await;
        assert_eq!(view.value("document.documentElement.scrollHeight <= innerHeight").await, true);
        view.is_sound_everywhere().await;
        view.has_no_complaints().await;
    });
}

/// Two phones are browsers, twenty-eight are clients of the classroom's own API, and some of them are hostile.
#[test]
fn a_class_of_thirty_goes_through_a_lesson_between_two_quizzes() {
    look("a whole class in two browsers", async |lecturer, pupil, classroom| {
        let (_, code) = classroom.pupil();
        let phones: Vec<Browser> = (0..28)
            .map(|_| {
                let (phone, _) = classroom.pupil();
                assert_eq!(phone.post("/join", &json!({ "code": code })).status, 200);
                phone
            })
            .collect();
        lecturer.show(PROJECTOR, "light", "screen").await;
        lecturer.open(&format!("{}/lesson/12", classroom.here)).await;
        let (origin, _) = classroom.elsewhere.as_ref().expect("it is shared");
        pupil.client.goto(&format!("{origin}/join?code={code}")).await.expect("the page opens");
        pupil.show(PHONE, "light", "screen").await;
        pupil.click("#seat button").await;
        pupil.client.wait().for_element(Locator::Css("body.seated")).await.expect("the pupil has a seat");
        pupil.phase("idle").await;

        // Before the class, every phone picks the first answer to each question.
        quiz(lecturer, pupil, &phones, &|_| 0).await;
        assert_eq!(lecturer.value("room.quiz.results").await, Value::Null);

        lecturer.click("#ask-button").await;
        lecturer.phase("asking").await;
        for (number, phone) in phones.iter().enumerate() {
            let (seconds, status) = match number {
                0 => ("1e-320".into(), 400),
                1 => ("0x10".into(), 400),
                2 => ("86400".into(), 200),
                _ => (format!("{:.1}", 0.1 * number as f64), 200),
            };
            assert_eq!(phone.post("/guess", &sent_guess(&format!("Phone {number}"), seconds)).status, status);
        }
        guess(pupil, "0,7", "Ada").await;
        lecturer.until("document.getElementById('count').textContent === '27'").await;
        lecturer.check("in_sight('.slide-ask .question', '#guess', '#count', '.join-here .join-code')").await;
        lecturer.run("document.activeElement.blur()").await;
        lecturer.until("isSettled()").await;
        lecturer.press(' ').await;
        lecturer.until("step() === 'run' && race.plan").await;
        assert_eq!(phones[5].post("/guess", &sent_guess("late", "1")).status, 409);
        wait_until("the race is over", || classroom.browser().room().phase == RacePhase::Over);
        for view in [lecturer, pupil] {
            view.until("room.phase === 'over' && document.querySelector('#guesses tr')").await;
        }
        for expected in ["see", "mistake", "code", "document", "try"] {
            lecturer.press(' ').await;
            lecturer.until(&format!("step() === '{expected}'")).await;
            lecturer.check("in_sight('.slide:not([hidden])')").await;
            if expected == "see" {
                lecturer.until("!byId('reveal').hidden && document.querySelector('#strip svg')").await;
                lecturer.check("in_sight('.slide-see .words', '#reveal-sentence', '#strip', '#chart')").await;
                let guesses = lecturer.value("document.querySelectorAll('#guesses tr').length").await;
                assert_eq!(guesses, 27, "two were no times");
            }
        }
        assert_eq!(pupil.value("document.querySelector('#guesses .own').cells[0].textContent").await, "Ada (you)");

        // After the class, every phone knows.
        let questions = makespan::lesson::quiz::questions().expect("they are right");
        let right = |number: usize| questions[number].options.iter().position(|option| option.is_right).expect("one");
        quiz(lecturer, pupil, &phones, &right).await;
        lecturer.until("byId('quiz').open && !byId('quiz-results').hidden").await;
        let shares = lecturer.value("room.quiz.results.map(({ after }) => [after.right, after.answered])").await;
        assert_eq!(shares, json!(vec![[29, 29]; questions.len()]));
        let row = lecturer.value("byId('quiz-results').rows[1].cells[2].textContent").await;
        assert_eq!(row, json!("100\u{a0}% of 29"));
        lecturer.is_sound_everywhere().await;
        pupil.until("byId('told-title').textContent === 'The answers: 10 of 10 right'").await;
        assert_eq!(pupil.value("byId('told-list').children.length").await, 10);
        pupil.is_sound_everywhere().await;
        let export: Value = serde_json::from_slice(&classroom.browser().get("/export").body).expect("JSON");
        let first_right = questions.iter().filter(|question| question.options[0].is_right).count();
        let before =
            export["quiz"].as_array().expect("the quiz").iter().filter(|one| one["before"]["right"] == 29).count();
        assert_eq!(before, first_right);
        for view in [lecturer, pupil] {
            view.has_no_complaints().await;
        }
    });
}

/// A quiz from the key that opens it to the one that closes it: every phone gives these answers.
async fn quiz(lecturer: &View<'_>, pupil: &View<'_>, phones: &[Browser], answer: &dyn Fn(usize) -> usize) {
    lecturer.run("document.activeElement.blur()").await;
    lecturer.press('q').await;
    lecturer.until("byId('quiz').open && room.quiz.open").await;
    // The key hides it and shows it again; it ends nothing.
    lecturer.press('q').await;
    lecturer.until("!byId('quiz').open").await;
    lecturer.press('q').await;
    lecturer.until("byId('quiz').open && room.quiz.open").await;
    lecturer.is_sound_everywhere().await;
    let sheet: QuizSheet = serde_json::from_slice(&phones[0].get("/quiz").body).expect("JSON");
    let told = serde_json::to_string(&sheet).expect("JSON");
    assert!(!told.contains("right") && !told.contains("why"), "{told}");
    for number in 0..sheet.questions.len() {
        pupil.until(&format!("byId('sheet-number').textContent.startsWith('Question {} of ')", number + 1)).await;
        if number == 0 {
            pupil.is_sound_everywhere().await;
        }
        let button = format!("#sheet-options button:nth-child({})", answer(number) + 1);
        // Before, it may be the second tap of a double tap.
        pupil.until("performance.now() - questionSince > DOUBLE_TAP_MS").await;
        pupil.click(&button).await;
        for phone in phones {
            let sent = phone.post("/answer", &QuizAnswer { question: number, option: answer(number) });
            assert_eq!(sent.status, 200, "{}", String::from_utf8_lossy(&sent.body));
        }
    }
    for (question, option, status) in [(99, 0, 400), (0, 99, 400)] {
        assert_eq!(phones[0].post("/answer", &QuizAnswer { question, option }).status, status);
    }
    pupil.until("byId('sheet-question').textContent.startsWith('Thank you')").await;
    lecturer.until("byId('quiz-counted').textContent.startsWith('29 have begun, 29 have answered all 10')").await;
    lecturer.click("#quiz-close").await;
    lecturer.until("!room.quiz.open").await;
    pupil.until("byId('sheet').hidden").await;
    assert_eq!(phones[1].post("/answer", &QuizAnswer { question: 0, option: 0 }).status, 409);
    // Opening needs the lecturer's own machine.
    assert_eq!(phones[1].post("/quiz", &json!({ "open": "before" })).status, 405);
}

#[test]
fn one_key_leads_through_a_lesson_and_keys_can_be_switched_off() {
    look("a lesson with one key, in a browser", async |view, _, classroom| {
        view.show(PROJECTOR, "light", "screen").await;
        view.open(&format!("{}/lesson/1", classroom.here)).await;
        view.run("byId('keys-button').closest('details').open = true").await;
        view.click("#keys-button").await;
        view.is_sound_everywhere().await;
        view.run("byId('keys-button').closest('details').open = false; document.activeElement.blur()").await;
        for key in ['a', 'r', ' '] {
            view.press(key).await;
        }
        view.client.refresh().await.expect("it loads again");
        view.phase("idle").await;
        view.press(' ').await;
        assert_eq!(
            view.value("[byId('keys-button').textContent, step(), busy]").await,
            json!(["Keys off", "ask", false])
        );
        view.run("byId('keys-button').click()").await;

        // Pressed twice, it asks, and doesn't seal the guesses at once.
        view.press(' ').await;
        view.phase("asking").await;
        view.run("settledAt = Infinity").await;
        view.press(' ').await;
        assert_eq!(view.value("[room.phase, busy]").await, json!(["asking", false]));
        view.run("settledAt = -Infinity").await;
        view.press(' ').await;
        view.until("step() === 'run' && race.at?.timed").await;
        // While it runs there is nothing to go on to.
        view.press(' ').await;
        assert_eq!(view.value("[step(), room.race]").await, json!(["run", 1]));
        view.phase("over").await;
        view.until("byId('announced').textContent.includes('95 % interval')").await;
        a_replay_shows_all_lanes_again(view).await;
        for expected in ["see", "mistake", "code", "document", "try"] {
            view.press(' ').await;
            view.until(&format!("step() === '{expected}'")).await;
        }
        assert_eq!(view.value("room.race").await, 1);
        view.press(' ').await;
        view.until("location.pathname === '/lesson/2' && document.body.dataset.phase").await;
        view.press('a').await;
        view.phase("asking").await;
        // In the field, a space is a space.
        view.click("#name").await;
        view.press(' ').await;
        view.run("document.activeElement.blur()").await;
        view.press('s').await;
        view.phase("over").await;
        // Nothing ran, so the space bar doesn't go on, but begins anew: here with what comes before the question.
        view.until("isSettled()").await;
        view.press(' ').await;
        view.phase("running").await;
        assert_eq!(view.value("step()").await, "ask");
        view.press('s').await;
        view.phase("over").await;
        view.has_no_complaints().await;
    });
}

/// From the first task to the last, without a request to the server.
async fn a_replay_shows_all_lanes_again(view: &View<'_>) {
    let drawn = "Math.min(...[...document.querySelectorAll('.picture canvas')].map((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((byte) => byte > 0).length))";
    view.until("timer === null").await;
    let whole = view.value(drawn).await.as_u64();
    view.click("#replay").await;
    view.until(
        "replay && byId('race-title').textContent === 'Replay' && byId('now').textContent.includes('times slower')",
    )
    .await;
    assert!(view.value(drawn).await.as_u64() < whole, "it begins with empty lanes");
    view.click("#replay").await;
    view.until("!replay && timer === null").await;
    assert_eq!(view.value(drawn).await.as_u64(), whole);
    // The browser warns of canvases that are read back.
    view.complaints().await;
    view.run("document.activeElement.blur()").await;
}

#[test]
fn what_comes_before_a_question_is_measured_by_the_wall_and_told_with_it() {
    look("a first measurement, in a browser", async |lecturer, pupil, classroom| {
        lecturer.show(PROJECTOR, "light", "screen").await;
        lecturer.open(&format!("{}/lesson/2", classroom.here)).await;
        lecturer.until("document.body.dataset.phase === 'idle'").await;
        lecturer.run("proceed()").await;
        lecturer.until("byId('before-told').textContent.startsWith('Measured before: sequential took ')").await;
        lecturer.run("proceed()").await;
        lecturer.phase("asking").await;
        lecturer.until("byId('before-told').textContent.startsWith('Measured before: sequential took ')").await;
        join(pupil, classroom).await;
        pupil.until("byId('facts').textContent.includes('Measured before: sequential x 1 took ')").await;
        lecturer.has_no_complaints().await;
    });
}

#[test]
fn every_slide_fits_on_the_screen_and_a_reload_shows_it_from_its_top() {
    look("every lesson in a browser", async |view, _, classroom| {
        view.show(PROJECTOR, "light", "screen").await;
        let mut hidden = Vec::new();
        for lesson in makespan::lesson::all().expect("the lessons are right") {
            // A last part, loaded, is shown from its top, too.
            let last = lesson.steps.last().expect("a lesson has parts").kind.to_string().to_lowercase();
            view.open(&format!("{}/lesson/{}#{last}", classroom.here, lesson.number)).await;
            view.until(&format!("step() === '{last}'")).await;
            assert_eq!(view.value("scrollY").await, 0, "{}, {last}", lesson.name);
            for step in &lesson.steps {
                let name = step.kind.to_string().to_lowercase();
                view.run(&format!("location.hash = '{name}'")).await;
                view.until(&format!("step() === '{name}' && document.body.dataset.phase && scrollY === 0")).await;
                let faults =
                    format!("{CHECKS}\nreturn checks.in_sight('.lesson-head', '.slide:not([hidden])', '.controls')");
                let faults = view.run(&faults).await;
                hidden.extend((faults != json!([])).then(|| format!("{}, {name}: {faults}", lesson.name)));
            }
            // No line of its code is broken or cut off, in either language.
            view.run("location.hash = 'code'").await;
            view.until("step() === 'code'").await;
            let broken = view
                .value(
                    "[undefined, ...document.querySelectorAll('.language-choice:not([hidden]) button')].flatMap((button) => {
                        button?.click();
                        const all = [...document.querySelectorAll('.slide:not([hidden]) .languages pre')];
                        return all.filter((pre) => pre.scrollWidth > pre.clientWidth || getComputedStyle(pre).whiteSpace !== 'pre');
                    }).length",
                )
                .await;
            hidden.extend((broken != 0).then(|| format!("{}: code: {broken} with broken lines", lesson.name)));
        }
        assert_eq!(hidden, [""; 0]);
        view.has_no_complaints().await;
    });
}
