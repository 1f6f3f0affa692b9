// The question, the guesses, and the result.

// For all tabs: a seat is a cookie of the whole browser.
const MINE = 'makespan-guess';

function ownGuess() {
  try {
    const own = JSON.parse(localStorage.getItem(MINE));
    return own && own.instance === room?.instance && own.race === room.race && room.question ? own : null;
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
    say(byId('facts'), question.facts);
    say(byId('count'), String(question.guesses));
    const connected_ = room.connected ? `, ${room.connected} connected` : '';
    say(byId('counted'), asking ? `guessed so far${connected_}` : 'guessed; sealed until the race is over');
    show(byId('guess'), asking);
    const own = ownGuess();
    const tooLate = !asking && !own && !isLecturer();
    show(byId('mine'), Boolean(own) || tooLate);
    if (own) say(byId('mine'), `Your guess: ${inSeconds(own.seconds)}${asking ? '. You may change it until the race begins.' : ', sealed.'}`);
    if (tooLate) say(byId('mine'), 'The race has begun, so guessing is over. Watch, and guess at the next question.');
  }
  drawReveal(room.phase === 'over' ? question : null);
}

function asked(wanted) {
  const strategies = wanted.strategies.map((name) => look(name).label);
  return `${titleOf(wanted)}: ${list(strategies.length ? strategies : ['sequential'])}, ${count(wanted.rounds, 'round')}`;
}

function titleOf({ scenario, variant }) {
  const own = titles.get(`${scenario}, ${variant}`);
  if (own) return own;
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
    for (const part of [byId('strip'), byId('own-result'), section.querySelector('details')]) show(part, false);
    revealed = null;
    return;
  }
  const now_ = JSON.stringify(question.revealed);
  if (now_ === revealed) return;
  revealed = now_;
  say(byId('reveal-sentence'), revealInWords({ ...question.revealed, text: question.text, cell: question.cell }));
  const { guesses, measured } = question.revealed;
  const own = ownGuess();
  // Its name may be hidden or cleaned up by now.
  const same = guesses.filter((guess) => guess.seconds === own?.seconds);
  const mine = guesses.indexOf(same.find((guess) => guess.name === own.name) ?? same[0]);
  // Without guesses there is nothing to place beside the measured time.
  for (const part of [byId('strip'), section.querySelector('details')]) show(part, guesses.length > 0);
  if (guesses.length) drawStrip(byId('strip'), question.revealed, mine);
  show(byId('own-result'), Boolean(own));
  if (own) say(byId('own-result'), `You guessed ${inSeconds(own.seconds)}, ${ratio(own.seconds / measured.estimate)} times the measured time.`);
  byId('guesses').replaceChildren(...guesses.map((guess, index) => el('tr', index === mine ? { class: 'own' } : {},
    el('td', {}, `${guess.name || 'anonymous'}${index === mine ? ' (you)' : ''}`),
    el('td', { class: 'n' }, inSeconds(guess.seconds)), el('td', { class: 'n' }, `${ratio(guess.seconds / measured.estimate)}×`), el('td', {}, ...hideButton(guess)))));
}

// On the lecturer's page, a rude name can be hidden from everybody.
function hideButton({ name }) {
  if (!name || !isLecturer()) return [];
  const button = el('button', { type: 'button', 'aria-label': `Hide the name ${name}` }, 'Hide');
  button.addEventListener('click', async () => {
    // The button goes with its row.
    byId('reveal').querySelector('summary').focus();
    refuse(await post('/hide', { name }));
  });
  return [button];
}

function revealInWords({ text, cell, measured, rounds, guesses, median: middle, closest, closest_s: ends }) {
  // A narrow interval needs more digits, or both ends would look the same.
  const digits = [3, 4].find((some) => inSeconds(measured.low, some) !== inSeconds(measured.high, some)) ?? 5;
  const round = (end) => Number(end.toPrecision(digits));
  const decimals = Math.max(...[measured.low, measured.high].map((end) => (String(round(end)).split('.')[1] ?? '').length));
  const sure = rounds < 2 ? 'one round, so there is no interval' : `95 % interval ${interval(measured, (end) => `${round(end).toFixed(decimals)}\u00a0s`)}, ${count(rounds, 'round')}`;
  const what = text.includes('99 of 100') ? '99 of 100 were answered within' : `${capital(who(cellOf(cell)))} took`;
  const took = `${what} ${inSeconds(measured.estimate)} (${sure}).`;
  if (!guesses.length) return `${took} Nobody guessed.`;
  const named = [...new Set(closest.filter(Boolean))];
  const unnamed = closest.length - closest.filter(Boolean).length;
  const closests = [...named, ...(unnamed ? [unnamed === 1 ? 'one anonymous guess' : `${unnamed} anonymous guesses`] : [])];
  const shown = closests.length > 4 ? [...closests.slice(0, 3), `${closests.length - 3} others`] : closests;
  const with_ = ends[0] === ends[1] ? `with ${inSeconds(ends[0])}` : `with ${inSeconds(ends[0])} to ${inSeconds(ends[1])}: the interval doesn't tell who was closer`;
  return `${took} The class's median was ${inSeconds(middle)}. Closest: ${list(shown)}, ${with_}.`;
}

// A guess farther than this factor from both the answer and the median is counted at the axis' end: drawn to scale, it
// would squeeze all others.
const FAR = 10;

function stripAxis({ measured, guesses, median: middle }) {
  const centre = [measured.estimate, middle ?? measured.estimate];
  const [least, most] = [Math.min(...centre) / FAR, Math.max(...centre) * FAR];
  const near = guesses.map(({ seconds }) => seconds).filter((seconds) => seconds >= least && seconds <= most);
  // An interval of two rounds may reach below zero.
  const shown = [...near, ...centre, Math.max(measured.low, least), Math.min(measured.high, most)];
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  // A logarithmic axis, because guesses may differ by powers of ten.
  const log = high / low > 8;
  const [from, to] = log ? [low / 1.5, high * 1.5] : [0, high * 1.12];
  const share = (value) => (log ? Math.log(Math.max(value, from) / from) / Math.log(to / from) : (value - from) / (to - from));
  const count_ = (isBeyond) => guesses.filter(({ seconds }) => isBeyond(seconds)).length;
  return { log, from, to, share: (value) => Math.min(Math.max(share(value), 0), 1), below: count_((seconds) => seconds < from), above: count_((seconds) => seconds > to) };
}

// `mine` is the index of one's own guess, or -1.
function drawStrip(place_, revealed_, mine = -1) {
  const { measured, guesses, median: middle, closest_s: ends } = revealed_;
  const width = place_.clientWidth;
  if (!width) { revealed = null; return; }
  const size = fontSize();
  const { log, from, to, share, below, above } = stripAxis(revealed_);
  const x = (value) => size + share(value) * (width - 2 * size);
  const radius = Math.max(4.5, Math.min(0.42 * size, width / 60));
  const columns = new Map();
  const shown = guesses.filter(({ seconds }) => seconds >= from && seconds <= to);
  const dots = shown.map((guess) => {
    const column = Math.round(x(guess.seconds) / (2.2 * radius));
    const rank = columns.get(column) || 0;
    columns.set(column, rank + 1);
    return { guess, x: x(guess.seconds), rank };
  });
  const tallest = Math.max(1, ...columns.values());
  const pitch = Math.min(2.3 * radius, 9 * size / tallest);
  const base = 3.2 * size + tallest * pitch;
  // In the middle of its place, as far as the page's edges allow.
  const words = (at, y_, text, more = {}) => {
    const wide = textWidth(text, size, more.class === 'value');
    return svg('text', { x: Math.max(Math.min(at - wide / 2, width - wide), 0), y: y_, dy: '.35em', ...more }, text);
  };
  const marks = stripTicks(from, to, log, width, size);
  const parts = [svg('line', { class: 'tick', x1: 0, x2: width, y1: base, y2: base }),
    ...marks.flatMap((tick) => [svg('line', { class: 'tick', x1: x(tick), x2: x(tick), y1: base, y2: base + 5 }), words(x(tick), base + 1.05 * size, inSeconds(tick), { class: 'muted' })])];
  parts.push(svg('rect', { class: 'agrees', x: x(measured.low) - 1, y: 2.1 * size, width: x(measured.high) - x(measured.low) + 2, height: base - 2.1 * size }));
  parts.push(svg('line', { class: 'truth', x1: x(measured.estimate), x2: x(measured.estimate), y1: 2.1 * size, y2: base }));
  const truth = words(x(measured.estimate), 0.7 * size, `measured: ${inSeconds(measured.estimate)}`, { class: 'value' });
  parts.push(truth);
  if (middle !== null) {
    parts.push(svg('line', { class: 'wanted', x1: x(middle), x2: x(middle), y1: 2.1 * size, y2: base }));
    parts.push(words(x(middle), base + 2.5 * size, `the class's median: ${inSeconds(middle)}`, { class: 'muted' }));
  }
  for (const dot of dots) {
    const isOwn = dot.guess === guesses[mine];
    const kind = `guessed${dot.guess.seconds >= ends[0] && dot.guess.seconds <= ends[1] ? ' closest' : ''}${isOwn ? ' own' : ''}`;
    parts.push(svg('circle', { class: kind, cx: dot.x, cy: base - radius - 2 - dot.rank * pitch, r: radius }, svg('title', {}, `${isOwn ? 'you' : dot.guess.name || 'anonymous'}: ${inSeconds(dot.guess.seconds)}`)));
  }
  const beyond = [below && `${below} below ${inSeconds(from, 2)}`, above && `${above} above ${inSeconds(to, 2)}`];
  const edge = (said, at, inward) => [words(at, base + 3.8 * size, said, { class: 'muted' }), svg('path', { class: 'beyond', d: `M${at} ${base - 0.7 * size}l${inward} ${-0.35 * size}v${0.7 * size}z` })];
  if (below) parts.push(...edge(beyond[0], 0, 0.5 * size));
  if (above) parts.push(...edge(beyond[1], width, -0.5 * size));
  const high = base + (below || above ? 4.6 : 3.3) * size;
  const alternative = [`${count(guesses.length, 'guess', 'guesses')} on an axis of seconds, measured ${inSeconds(measured.estimate)}`, ...beyond.filter(Boolean)].join(', ');
  place_.replaceChildren(svg('svg', { viewBox: `0 0 ${width} ${high}`, class: 'chart', role: 'img', 'font-size': size, 'aria-label': alternative }, ...parts));
}

function stripTicks(from, to, log, width, size) {
  if (!log) return ticks(to, width > 500 ? 8 : 5).filter((tick) => tick > 0);
  const decades = Array.from({ length: 20 }, (_, step) => 10 ** (step - 8));
  const all = decades.flatMap((decade) => [1, 2, 5].map((lead) => lead * decade)).filter((tick) => tick >= from && tick <= to);
  return all.length * 4.5 * size < width ? all : all.filter((tick) => Number.isInteger(+Math.log10(tick).toFixed(9)));
}
