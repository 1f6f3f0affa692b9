// The question, the guesses, and the result.

const MINE = 'makespan-guess';

function ownGuess() {
  try {
    const own = JSON.parse(sessionStorage.getItem(MINE));
    return own && own.race === room?.race && own.text === room.question?.text ? own : null;
  } catch { return null; }
}

function drawQuestion() {
  const ours = isOurs();
  const question = ours ? room.question : null;
  const asking = room.phase === 'asking';
  const section = byId('predict');
  if (!section) return;
  show(section, Boolean(question) && (asking || room.phase === 'running'));
  if (question) {
    say(byId('about'), asked(room.wanted));
    say(byId('question'), question.text);
    say(byId('count'), String(question.guesses));
    const seats = room.seats > 1 ? `, ${room.seats} in the room` : '';
    say(byId('counted'), asking ? `${question.guesses === 1 ? 'guess' : 'guesses'} so far${seats}` : `${question.guesses === 1 ? 'guess' : 'guesses'}, sealed until the race is over`);
    show(byId('guess'), asking);
    const own = ownGuess();
    show(byId('mine'), Boolean(own));
    if (own) say(byId('mine'), `Your guess: ${inSeconds(own.seconds)}${asking ? '. You may change it until the race begins.' : ', sealed.'}`);
  }
  drawReveal(room.phase === 'over' ? question : null);
}

function asked(wanted) {
  const strategies = wanted.strategies.map((name) => look(name).label);
  return `${titleOf(wanted)}: ${list(strategies.length ? strategies : ['sequential'])}, ${count(wanted.rounds, 'round')}`;
}

function titleOf({ scenario, variant }) {
  const title = titles.get(scenario) || scenario.replaceAll('_', ' ');
  return variant && variant !== 'default' ? `${title} (${variant.replaceAll('_', ' ')})` : title;
}

let revealed = null;

function drawReveal(question) {
  const section = byId('reveal');
  const stopped = question && !question.revealed;
  show(section, Boolean(question) && (Boolean(question.revealed) || question.guesses > 0));
  if (!question) { revealed = null; return; }
  say(byId('reveal-title'), question.text);
  if (stopped) {
    say(byId('reveal-sentence'), 'The cell was not measured, so the guesses stay sealed.');
    byId('strip').replaceChildren();
    byId('guesses').replaceChildren();
    return;
  }
  const now_ = JSON.stringify(question.revealed);
  if (now_ === revealed) return;
  revealed = now_;
  say(byId('reveal-sentence'), revealInWords(question.revealed));
  drawStrip(byId('strip'), question.revealed);
  const { guesses, measured } = question.revealed;
  byId('guesses').replaceChildren(...guesses.map((guess) => el('tr', {}, el('td', {}, guess.name || 'anonymous'),
    el('td', { class: 'n' }, inSeconds(guess.seconds)), el('td', { class: 'n' }, `${ratio(guess.seconds / measured.estimate)}×`))));
}

function revealInWords({ measured, rounds, guesses, median: middle, closest }) {
  // A narrow interval needs more digits, or both ends would look the same.
  const digits = [3, 4].find((some) => inSeconds(measured.low, some) !== inSeconds(measured.high, some)) ?? 5;
  const sure = rounds < 2 ? 'one round, so there is no interval' : `95 % interval ${interval(measured, (end) => inSeconds(end, digits))}, ${count(rounds, 'round')}`;
  const took = `It took ${inSeconds(measured.estimate)} (${sure}).`;
  if (!guesses.length) return `${took} Nobody guessed.`;
  const named = [...new Set(closest.filter(Boolean))];
  const unnamed = closest.length - closest.filter(Boolean).length;
  const closests = [...named, ...(unnamed ? [unnamed === 1 ? 'one anonymous guess' : `${unnamed} anonymous guesses`] : [])];
  const best = guesses.find((guess) => closest.includes(guess.name));
  const shown = closests.length > 4 ? [...closests.slice(0, 3), `${closests.length - 3} others`] : closests;
  return `${took} The class's median was ${inSeconds(middle)}. Closest: ${list(shown)}${best ? `, with ${inSeconds(nearest(guesses, measured.estimate).seconds)}` : ''}.`;
}

const nearest = (guesses, value) => guesses.reduce((best, guess) => (Math.abs(Math.log(guess.seconds / value)) < Math.abs(Math.log(best.seconds / value)) ? guess : best));

function drawStrip(place_, { measured, guesses, median: middle, closest }) {
  const width = place_.clientWidth;
  if (!width) { revealed = null; return; }
  const size = fontSize();
  const all = [...guesses.map((guess) => guess.seconds), measured.low, measured.high, measured.estimate];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  // A logarithmic axis, because guesses may differ by powers of ten.
  const log = most / least > 8;
  const [from, to] = log ? [least / 1.5, most * 1.5] : [0, most * 1.12];
  const share = (value) => (log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from));
  const x = (value) => size + share(value) * (width - 2 * size);
  const radius = Math.max(4.5, Math.min(0.42 * size, width / 60));
  const columns = new Map();
  const dots = guesses.map((guess) => {
    const column = Math.round(x(guess.seconds) / (2.2 * radius));
    const rank = columns.get(column) || 0;
    columns.set(column, rank + 1);
    return { guess, x: x(guess.seconds), rank };
  });
  const tallest = Math.max(1, ...columns.values());
  const pitch = Math.min(2.3 * radius, 9 * size / tallest);
  const base = 3.2 * size + tallest * pitch;
  const words = (at, y_, text, more = {}) => svg('text', { x: at, y: y_, dy: '.35em', 'text-anchor': anchorAt(at, textWidth(text, size, true), width), ...more }, text);
  const marks = stripTicks(from, to, log, width, size);
  const parts = [svg('line', { class: 'tick', x1: 0, x2: width, y1: base, y2: base }),
    ...marks.flatMap((tick) => [svg('line', { class: 'tick', x1: x(tick), x2: x(tick), y1: base, y2: base + 5 }), words(x(tick), base + 1.05 * size, inSeconds(tick), { class: 'muted', 'text-anchor': 'middle' })])];
  parts.push(svg('rect', { class: 'agrees', x: x(measured.low) - 1, y: 2.1 * size, width: x(measured.high) - x(measured.low) + 2, height: base - 2.1 * size }));
  parts.push(svg('line', { class: 'truth', x1: x(measured.estimate), x2: x(measured.estimate), y1: 2.1 * size, y2: base }));
  const truth = words(x(measured.estimate), 0.7 * size, `measured: ${inSeconds(measured.estimate)}`, { class: 'value' });
  parts.push(truth);
  if (middle !== null) {
    parts.push(svg('line', { class: 'wanted', x1: x(middle), x2: x(middle), y1: 2.1 * size, y2: base }));
    parts.push(medianLabel(middle, measured.estimate, x, base, size, words));
  }
  const best = nearest(guesses.length ? guesses : [{ seconds: measured.estimate }], measured.estimate).seconds;
  for (const dot of dots) {
    const kind = dot.guess.seconds === best && closest.includes(dot.guess.name) ? 'guessed closest' : 'guessed';
    parts.push(svg('circle', { class: kind, cx: dot.x, cy: base - radius - 2 - dot.rank * pitch, r: radius }, svg('title', {}, `${dot.guess.name || 'anonymous'}: ${inSeconds(dot.guess.seconds)}`)));
  }
  place_.replaceChildren(svg('svg', { viewBox: `0 0 ${width} ${base + 3.3 * size}`, class: 'chart', role: 'img', 'font-size': size, 'aria-label': `${count(guesses.length, 'guess').replace('guesss', 'guesses')} on an axis of seconds, measured ${inSeconds(measured.estimate)}` }, ...parts));
}

const medianLabel = (middle, _, x, base, size, words) => words(x(middle), base + 2.5 * size, `the class's median: ${inSeconds(middle)}`, { class: 'muted' });
const anchorAt = (x, width, all) => (x < width / 2 + 4 ? 'start' : x > all - width / 2 - 4 ? 'end' : 'middle');

function stripTicks(from, to, log, width, size) {
  if (!log) return ticks(to, width > 500 ? 8 : 5).filter((tick) => tick > 0);
  const decades = Array.from({ length: 20 }, (_, step) => 10 ** (step - 8));
  const all = decades.flatMap((decade) => [1, 2, 5].map((lead) => lead * decade)).filter((tick) => tick >= from && tick <= to);
  return all.length * 4.5 * size < width ? all : all.filter((tick) => Number.isInteger(+Math.log10(tick).toFixed(9)));
}
