// The room: its state, and requests to the server.

function heardRoom(news) {
  // The classroom was started anew, or has another code: this page shows the earlier one's.
  const isStale = room && (news.instance !== room.instance || isLecturer() && news.codes !== room.codes);
  if (isStale) { location.reload(); return; }
  room = news;
  if (room.race !== race.number) {
    replay = null;
    race = fresh(room.race);
    built = false;
    chartIsOld = true;
    staged = null;
  }
  document.body.dataset.phase = room.phase;
  document.body.classList.toggle('ours', isOurs());
  if (room.phase !== shownPhase) phaseChanged(shownPhase);
  drawQuestion();
  drawButtons();
  drawQuiz();
  schedule();
}

function heardRun(id, event) {
  const [number, place_] = id.split('.').map(Number);
  // An event number seen before comes from a restarted server.
  if (number !== race.number || place_ <= race.last) race = fresh(number);
  if (race.last < 0) { built = false; chartIsOld = true; staged = null; }
  race.last = place_;
  told[event.event]?.(race, event);
  schedule();
}

function phaseChanged(before) {
  const setup = byId('setup');
  if (setup && (before !== null || room.phase !== 'idle')) setup.open = room.phase === 'idle';
  shownPhase = room.phase;
  if (page() === 'lesson' && before === 'asking' && room.phase === 'running' && step() === 'ask' && isOurs()) goTo('run');
  if (before !== null) for (const place_ of ['refusal', 'guess-refusal']) refuse('', place_);
  settledAt = before === null ? -Infinity : performance.now();
  if (room.phase === 'over') chartIsOld = true;
}

function drawButtons() {
  const [ask, run, stop] = ['ask-button', 'run-button', 'stop-button'].map(byId);
  if (!run) return;
  const { phase } = room;
  say(byId('connected'), `${room.connected} connected, ${room.question?.guesses ?? 0} guessed.`);
  const canAsk = page() === 'lesson' || Boolean(byId('asked')?.value);
  ask.disabled = !canAsk || phase === 'asking' || phase === 'running';
  stop.disabled = !(phase === 'asking' || phase === 'running');
  // On another lesson's page, its own question is not run.
  run.disabled = phase === 'running' || phase === 'asking' && !isOurs();
  say(run, phase === 'asking' ? 'Run it now' : 'Run');
  say(stop, phase === 'asking' ? 'Withdraw' : 'Stop');
  ask.classList.toggle('main', !ask.disabled);
  run.classList.toggle('main', phase === 'asking' || ask.disabled && !run.disabled);
}

// The status in words. Screen readers announce each change, so it changes rarely.
function describeState() {
  const status = byId('status');
  if (!status) return;
  if (lost) { say(status, 'Not connected.'); return; }
  if (!room) return;
  drawBefore();
  const isOver = room.phase === 'over' && isOurs() && race.ended !== null;
  say(byId('announced'), isOver ? [resultInWords(), room.question?.revealed ? revealInWords({ ...room.question.revealed, text: room.question.text, cell: room.question.cell }) : ''].join(' ').trim() : '');
  const setUp = byId('setup');
  if (setUp) say(setUp.querySelector('.what'), room.phase === 'idle' ? 'Choose a race' : 'Another race');
  const student = !isLecturer();
  const words = {
    idle: student ? 'No question yet. Please wait.' : 'No race is running.',
    asking: student ? 'The class is guessing. You can change your guess until the race begins.' : 'The class is guessing.',
    running: runningWords(),
    over: overWords(),
  }[room.phase];
  if (student && room.quiz?.open) { say(status, 'The quiz is open.'); return; }
  say(status, isOurs() || isRace(raceBefore()) || room.phase === 'idle' || room.phase === 'over' ? words : `Another race is under way: ${asked(room.wanted)}.`);
}

// The time of the race that comes before the question.
let toldBefore = '';

function drawBefore() {
  const place = byId('before-told');
  if (!place) return;
  const isIts = isRace(raceBefore());
  if (isIts && room.phase === 'over' && race.ended !== null) toldBefore = beforeInWords();
  const told = isOurs() && room.question?.facts.split('\n\n').find((one) => one.startsWith('Measured before: '));
  const isRunning = isIts && room.phase === 'running';
  // Which round it is, the status says.
  say(place, isRunning ? 'Measuring this first.' : toldBefore || told);
  show(place, isRunning || Boolean(told || toldBefore));
  byId('before-button').disabled = ['asking', 'running'].includes(room.phase);
}

function beforeInWords() {
  const measured = race.entries.filter((one) => one.standing?.times_s.length);
  const reason = race.entries.map((one) => one.standing?.error).find(Boolean);
  if (!measured.length) return `It could not be measured here${reason ? `: ${reason}` : ''}. Without it, the question can't be answered.`;
  return `Measured before: ${list(measured.map((one) => `${who(one.cell)} took ${inSeconds(median(one.standing.times_s))}`))}.`;
}

const measureBefore = () => demand('before-button', '/run', raceBefore());

function runningWords() {
  if (!race.plan) return 'Getting ready.';
  if (race.at && !race.at.timed) return 'Checking every answer, untimed.';
  const done = Math.min(...race.entries.filter((one) => one.standing?.check === 'passed').map((one) => one.standing.times_s.length));
  return race.at ? `Running, round ${Math.min((Number.isFinite(done) ? done : 0) + 1, race.plan.rounds)} of ${race.plan.rounds}.` : 'About to begin.';
}

function overWords() {
  if (page() === 'lesson' && !isOurs()) return 'No race is running.';
  const { ended } = room;
  if (ended?.failed !== undefined) return `It could not be run: ${ended.failed}`;
  return ended === 'stopped' ? 'Stopped. Figures measured so far are kept.' : 'The race is over.';
}

// ---- Requests to the server ----

// Resolves to the error message; empty on success.
async function post(path, body) {
  try {
    const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: body === undefined ? '' : JSON.stringify(body), signal: AbortSignal.timeout(10_000) });
    if (answer.ok) return '';
    const refusal = await answer.json().catch(() => ({}));
    return refusal.error || `The classroom answered ${answer.status}.`;
  } catch {
    return 'The classroom can\'t be reached.';
  }
}

function refuse(words, at = 'refusal') {
  say(byId(at), words);
  show(byId(at), Boolean(words));
}

function wantedNow() {
  const own = lessonRace();
  if (own) return own;
  const form = byId('choose');
  const others = form.elements.others.value.split(/[\s,;]+/).filter(Boolean);
  const checked = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value);
  return {
    scenario: form.elements.scenario.value, variant: form.elements.variant.value || null, strategies: checked('strategies'),
    workers: [...new Set([...checked('workers'), ...others])], schedules: [], rounds: Number(form.elements.rounds.value),
    time_scale: form.elements.pace.value ? Number(form.elements.pace.value) : null, ask: form.elements.asked.value || null,
  };
}

let busy = false;
let settledAt = -Infinity;
// A second click of a double click, or a second key in the last moment of a race, asks for nothing more.
const SETTLING_MS = 1000;
const isSettled = () => performance.now() - settledAt > SETTLING_MS;

// One request at a time.
async function demand(button, path, body) {
  if (busy || byId(button).disabled) return;
  busy = true;
  refuse(await post(path, body));
  busy = false;
}

const ask = () => demand('ask-button', '/ask', wantedNow());
const stop = () => demand('stop-button', '/stop');

function run() {
  if (room?.phase === 'asking') return demand('run-button', '/run');
  if (isSettled()) return demand('run-button', '/run', { ...wantedNow(), ask: null });
}

// Nor does a second press of the key that asked seal the guesses.
const unlessJustAsked = (action) => { if (room?.phase !== 'asking' || isSettled()) action(); };

// A key pressed in passing doesn't take the result away: that takes the button.
const unlessRevealed = (action) => { if (!isOurs() || !room?.question?.revealed) action(); };

const typedSeconds = (typed) => Number(typed.replace(',', '.'));

// The server's rules, so that a slip of the finger is told without a request.
function guessFault(seconds, { least, most }) {
  if (!seconds.validity.valid) return 'Enter seconds in digits, with at most one point or comma.';
  const value = typedSeconds(seconds.value);
  return value >= least && value <= most ? '' : `Enter a time between ${plain(+least)} and ${plain(+most)} seconds.`;
}

async function guess(event) {
  event.preventDefault();
  const form = byId('guess');
  const { seconds, name } = form.elements;
  seconds.value = seconds.value.trim();
  const fault = guessFault(seconds, form.dataset);
  if (fault) { refuse(fault, 'guess-refusal'); seconds.focus(); return; }
  const own = { instance: room?.instance, race: room?.race, name: name.value.trim(), seconds: typedSeconds(seconds.value) };
  const refusal = await post('/guess', { name: name.value.trim(), seconds: seconds.value });
  refuse(refusal, 'guess-refusal');
  if (refusal) return;
  try { localStorage.setItem(MINE, JSON.stringify(own)); } catch { /* then it is lost on reload */ }
  seconds.value = '';
  if (room) drawQuestion();
}

async function join(event) {
  event.preventDefault();
  const code = byId('code').value.trim();
  const refusal = await post('/join', { code });
  refuse(refusal, 'seat-refusal');
  if (refusal) return;
  // A new seat has no guess yet.
  try { localStorage.removeItem(MINE); sessionStorage.setItem(CODE, code); } catch { /* then it has to be typed again */ }
  location.replace('/join');
}

// A phone that was locked for long may have to join again.
const CODE = 'makespan-code';
function knownCode() { try { return sessionStorage.getItem(CODE) || ''; } catch { return ''; } }
