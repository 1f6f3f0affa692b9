// The quiz before and after a class: on a phone one question after the other, and in the end which answers were right; on
// the wall how many have answered, and in the end what the class has learned.

let answered = null;
let sheet = null;
let sheetOf = null;
let wallShows = null;

function drawQuiz() {
  const quiz = room.quiz;
  if (isLecturer()) drawWall(quiz);
  else if (page() === 'seated') drawSheet(quiz);
}

// ---- The wall ----

const QUIZ_NAMES = { before: 'Quiz before the class', after: 'Quiz after the class' };
const nextQuiz = (quiz) => (quiz?.after_is_next ? 'after' : 'before');

function drawWall(quiz) {
  const wall = byId('quiz');
  const state = JSON.stringify([quiz?.open, Boolean(quiz?.results)]);
  say(byId('quiz-button'), quiz?.open ? 'Show the quiz' : quiz?.results ? 'Results of the quiz' : QUIZ_NAMES[nextQuiz(quiz)]);
  if (quiz) {
    say(byId('quiz-title'), quiz.open ? QUIZ_NAMES[quiz.open] : 'What the class has learned');
    say(byId('quiz-counted'), quiz.open ? `${quiz.began} have begun, ${quiz.finished} have answered all ${quiz.questions} questions` : '');
    for (const id of ['quiz-close', 'quiz-join', 'quiz-counted']) show(byId(id), Boolean(quiz.open));
    show(byId('quiz-results'), Boolean(quiz.results));
    if (quiz.results) byId('quiz-results').querySelector('tbody').replaceChildren(...quiz.results.map(quizRow));
  }
  // Shown when it opens and when its results are there; hidden by hand, it stays hidden.
  if (state === wallShows) return;
  const first = wallShows === null;
  wallShows = state;
  if (quiz?.open || quiz?.results && !first) { if (!wall.open) wall.showModal(); } else if (wall.open) wall.close();
}

function quizRow({ question, answer, before, after }) {
  return el('tr', {}, el('th', { scope: 'row' }, question, el('span', { class: 'more' }, answer)),
    el('td', { class: 'n' }, shareOf(before)), el('td', { class: 'n' }, shareOf(after)));
}

const shareOf = ({ right, answered }) => (answered ? `${Math.round(100 * right / answered)}\u00a0% of ${answered}` : 'nobody');

// What is open or told is shown or hidden here. Only its own button ends a quiz, for good.
async function toggleQuiz() {
  const [quiz, wall] = [room?.quiz, byId('quiz')];
  byId('quiz-button').closest('details').open = false;
  if (!quiz?.open && !quiz?.results) { refuse(await post('/quiz', { open: nextQuiz(quiz) })); return; }
  if (wall.open) wall.close(); else wall.showModal();
}

const closeQuiz = async () => refuse(await post('/quiz', { open: null }), 'quiz-refusal');

// ---- A phone ----

async function drawSheet(quiz) {
  show(byId('sheet'), Boolean(quiz?.open));
  if (!quiz?.open) {
    answered = sheet ?? answered;
    sheet = sheetOf = null;
    drawAnswers(quiz?.results);
    return;
  }
  show(byId('told'), false);
  const key = `${room.instance} ${quiz.open}`;
  if (sheetOf !== key) {
    sheetOf = key;
    const answer = await fetch('/quiz').catch(() => null);
    sheet = answer?.ok ? await answer.json() : null;
    if (!sheet) { sheetOf = null; return; }
    drawNextQuestion();
  }
}

// Each question with the right answer and why. A phone that was opened again has forgotten its own.
function drawAnswers(results) {
  // Not above the next question.
  const isTold = Boolean(results) && !['asking', 'running'].includes(room.phase);
  show(byId('told'), isTold);
  if (!isTold) return;
  const own = (number) => answered?.questions[number].options[answered.chosen[number]];
  const isRight = ({ answer }, number) => own(number) === answer;
  const score = answered ? `: ${results.filter(isRight).length} of ${results.length} right` : '';
  say(byId('told-title'), `The answers${score}`);
  byId('told-list').replaceChildren(...results.map((result, number) => el('li', {},
    el('b', {}, unbroken(result.question)),
    el('p', {}, own(number) ? `${isRight(result, number) ? '✓' : '✗'} ${unbroken(own(number))}` : ''),
    el('p', {}, own(number) && isRight(result, number) ? result.why : `${unbroken(result.answer)}: ${result.why}`))));
}

// A number and its unit stay on one line.
const unbroken = (text) => text.replace(/(\d) (?=(?:ms|s|%)(?![a-z]))/g, '$1\u00a0');

let questionSince = 0;

function drawNextQuestion() {
  questionSince = performance.now();
  const { questions, chosen } = sheet;
  const number = questions.findIndex((_, index) => !(index in chosen));
  const isDone = number < 0;
  say(byId('sheet-number'), isDone ? '' : `Question ${number + 1} of ${questions.length}`);
  say(byId('sheet-question'), isDone ? 'Thank you: all questions are answered.' : unbroken(questions[number].text));
  byId('sheet-options').replaceChildren(...(isDone ? [] : questions[number].options.map((text, option) => {
    const button = el('button', { type: 'button' }, text);
    button.addEventListener('click', () => choose(number, option));
    return button;
  })));
}

// The second tap of a double tap must not answer the next question, whose buttons stand in the same place.
const DOUBLE_TAP_MS = 500;

async function choose(question, option) {
  if (busy || performance.now() - questionSince < DOUBLE_TAP_MS) return;
  busy = true;
  const refusal = await post('/answer', { question, option });
  busy = false;
  refuse(refusal, 'sheet-refusal');
  if (refusal || !sheet) return;
  sheet.chosen[question] = option;
  drawNextQuestion();
  byId('sheet-question').focus();
}

function quiz() {
  byId('quiz-button')?.addEventListener('click', toggleQuiz);
  byId('quiz-close')?.addEventListener('click', closeQuiz);
}
