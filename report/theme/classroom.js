// The classroom's pages. The server tells the state of the room and what happens in a race; this shows it. Nothing is
// measured here, and drawing is kept cheap: the browser sits on the machine that the race runs on.
//
// Whatever comes from elsewhere is put in as text, never as markup.
'use strict';

// Before the first paint, so that a page which its reader made dark doesn't flash white.
const root = document.documentElement;
try { root.dataset.theme = localStorage.getItem('makespan-theme') || ''; } catch { /* a browser without storage */ }

const SVG = 'http://www.w3.org/2000/svg';
/// No oftener than this: twenty times a second is as often as an eye needs.
const FRAME_MS = 50;
/// More cells than these get thin panels, and one large one for the cell that runs.
const MANY_CELLS = 12;

const byId = (id) => document.getElementById(id);
const say = (node, words) => { if (node && node.textContent !== words) node.textContent = words; };
const show = (node, shown) => { if (node && node.hidden === shown) node.hidden = !shown; };

function el(tag, attributes = {}, ...content) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...content);
  return node;
}

function svg(tag, attributes = {}, ...content) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, typeof value === 'number' ? +value.toFixed(2) : value);
  node.append(...content);
  return node;
}

// ---- Figures as text: the report's own rules ----

function significant(value, digits) {
  if (value === 0 || !Number.isFinite(value)) return value === 0 ? '0' : '?';
  const decimals = (number) => Math.min(Math.max(digits - 1 - Math.floor(Math.log10(Math.abs(number))), 0), 6);
  // 0.9996 becomes 1.00 and not 1.000: rounding may add a digit in front.
  const rounded = Number(value.toFixed(decimals(value)));
  return value.toFixed(decimals(rounded || value));
}

function time(seconds) {
  const [factor, unit] = seconds >= 1 ? [1, 's'] : seconds >= 1e-3 ? [1e3, 'ms'] : [1e6, 'µs'];
  return `${significant(seconds * factor, 3)}\u00a0${unit}`;
}

// What was guessed in seconds is answered in seconds.
const inSeconds = (value) => `${plain(Number(value.toPrecision(3)))}\u00a0s`;
const ratio = (value) => (value >= 0.095 && value < 9.995 ? value.toFixed(2) : significant(value, value < 1 ? 2 : 3));
const plain = (value) => String(+value.toFixed(6));
const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;
const list = (words) => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`);
const interval = ({ low, high }, figure) => `${figure(low)}–${figure(high)}`;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// A clock keeps its unit while it runs, or it could not be read.
function clockText(seconds) {
  return `${seconds.toFixed(seconds < 1 ? 3 : seconds < 100 ? 2 : 1)}\u00a0s`;
}

// ---- Strategies ----

let looks = new Map();
let titles = new Map();
const look = (strategy) => looks.get(strategy) || { name: 'other', label: strategy.replaceAll('_', ' '), one: '1 worker', two: '2 workers', dash: '4 4' };

// `3x5` of a hybrid, `8` of others.
const shape = (cell) => cell.name.split(',')[0].split(' x ').at(-1);

function workers(cell) {
  const { one, two } = look(cell.strategy);
  const grid = shape(cell).split('x');
  if (grid.length === 2) return `${grid[0]} × ${grid[1]} threads`;
  return cell.workers === 1 ? one : two.replace('2', String(cell.workers));
}

// Its name, and a second line where the name doesn't say how many.
function names(cell) {
  if (cell.strategy === 'sequential') return ['sequential', ''];
  if (['threads', 'processes'].includes(cell.strategy)) return [workers(cell), ''];
  return [look(cell.strategy).label, workers(cell)];
}

// As a sentence names it.
const who = (cell) => names(cell).filter(Boolean).join(' with ');

// ---- A race, as far as it was told of: the fold of all events ----

function fresh(number) {
  return { number, last: -1, plan: null, preparing: null, at: null, entries: [], cores: null, ended: null, rounds: 0 };
}

function entry(cell, index) {
  return { cell, index, standing: null, run: 0, clock: 0, heard: 0, running: false, inFlight: 0, done: 0, lanes: [], faults: [], settled: false, dirtyFrom: 0 };
}

const told = {
  preparing(race, { what, done, total }) { race.preparing = { what, done, total }; },
  set_up(race, plan) {
    Object.assign(race, { plan, preparing: null, entries: plan.cells.map(entry) });
    built = false;
  },
  working(race, at) { race.at = at; },
  cores(race, { cores }) { race.cores = cores; },
  lanes(race, news) {
    const at = race.entries[news.cell];
    if (at) turn(at, news);
  },
  measured(race, measured) {
    const at = race.entries[measured.cell];
    if (at) settle(at, measured);
    race.rounds = Math.max(race.rounds, measured.round + 1);
  },
  standings(race, { cells }) {
    cells.forEach((standing, index) => { if (race.entries[index]) race.entries[index].standing = standing; });
    chartIsOld = true;
  },
  ended(race, { how }) {
    race.ended = how;
    for (const one of race.entries) one.running = false;
    chartIsOld = true;
  },
};

function turn(at, news) {
  if (news.run !== at.run) Object.assign(at, { lanes: [], faults: [], settled: false, dirtyFrom: 0 });
  Object.assign(at, { run: news.run, clock: news.clock_s, heard: performance.now(), running: news.running, inFlight: news.in_flight, done: news.tasks_done });
  for (const change of news.changes) {
    const lane = (at.lanes[change.worker] ||= []);
    const last = lane.at(-1);
    if (last && last.to === null) last.to = change.at_s;
    if (change.doing === 'failed') at.faults.push({ worker: change.worker, at: change.at_s });
    if (change.doing !== 'idle' && change.doing !== 'failed') {
      const odd = last ? (last.task === change.task ? last.odd : !last.odd) : false;
      lane.push({ kind: change.doing, task: change.task, from: change.at_s, to: null, odd });
    }
    at.dirtyFrom = Math.min(at.dirtyFrom, change.at_s);
  }
  if (!news.running) at.dirtyFrom = 0;
}

const KINDS = { run: 'run', wait_server: 'wait_server', wait_first_byte: 'wait_server', wait_link: 'wait_link', wait_transfer: 'wait_link', wait_lock: 'wait_lock' };

// The lanes as the run and the server's log have them, instead of what could be seen while it went on.
function settle(at, { run_s: took, bars }) {
  Object.assign(at, { clock: took, running: false, inFlight: 0, settled: true, dirtyFrom: 0 });
  if (!bars.length) return;
  at.lanes = [];
  const inOrder = bars.filter((bar) => KINDS[bar.kind]).sort((a, b) => a.from_s - b.from_s || b.to_s - a.to_s);
  for (const bar of inOrder) {
    const lane = (at.lanes[bar.worker] ||= []);
    const last = lane.at(-1);
    const odd = last ? (last.task === bar.task ? last.odd : !last.odd) : false;
    // A wait lies inside the bar of its task; as seen live, it stood in its place.
    lane.push({ kind: KINDS[bar.kind], task: bar.task, from: bar.from_s, to: bar.to_s, odd, inside: bar.kind !== 'run' });
  }
  at.done = at.cell.tasks;
}

// ---- What the page knows ----

let room = null;
let race = fresh(null);
let lost = false;
let built = false;
let chartIsOld = false;
let panels = [];
let axisEnd = 0;
let shownPhase = null;
let drawnWidth = 0;

// Between two events a clock runs on, and stops when nobody is there to tell.
const now = (at) => (at.running && !lost ? at.clock + (performance.now() - at.heard) / 1000 : at.clock);

const page = () => document.body.dataset.page;
const isLecturer = () => page() === 'race' || page() === 'lesson';

// On a lesson's page only that lesson's race is shown.
function isOurs() {
  const own = lessonRace();
  if (page() !== 'lesson') return true;
  if (!own || !room?.wanted) return false;
  const key = ({ scenario, variant, strategies, workers: counts, time_scale: scale }) => JSON.stringify([scenario, variant, strategies, counts, scale]);
  return key(room.wanted) === key(own);
}

const lessonRace = () => { const data = byId('slides')?.dataset.race; return data ? JSON.parse(data) : null; };

// ---- Drawing, at most twenty times a second, and only while there is something to draw ----

let timer = null;

function schedule() {
  if (timer === null) timer = setTimeout(() => requestAnimationFrame(frame), FRAME_MS);
}

function frame() {
  timer = null;
  draw();
  if (!lost && race.entries.some((one) => one.running)) schedule();
}

function draw() {
  const ours = isOurs();
  show(byId('race'), ours && (race.plan !== null || room?.phase === 'running'));
  if (ours && race.plan) {
    if (!built) build();
    rescale();
    for (const panel of panels) panel.update();
    drawStage();
  }
  if (!race.plan) cleared();
  drawNow();
  if (chartIsOld) drawFigures(ours);
  describeState();
}

// What the last race left behind.
function cleared() {
  for (const id of ['panels', 'axis']) byId(id)?.replaceChildren();
  show(byId('stage'), false);
  show(byId('shared-cores'), false);
  panels = [];
}

function build() {
  const place = byId('panels');
  panels = race.entries.map(panelOf);
  place.replaceChildren(...panels.map((panel) => panel.node));
  const cells = panels.length;
  place.dataset.size = cells <= 4 ? 'few' : cells <= 7 ? 'some' : cells <= MANY_CELLS ? 'many' : 'crowd';
  show(byId('stage'), cells > MANY_CELLS);
  say(byId('shared-cores'), `The browser, the server and the workers share ${count(race.plan.cores, 'core')} here, so this page draws little and seldom. A run that nobody watches takes the same path.`);
  show(byId('shared-cores'), race.plan.cores <= 2 && isLecturer());
  built = true;
  axisEnd = 0;
  chartIsOld = true;
}

const LEADS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return (LEADS.find((lead) => lead * power >= value * (1 - 1e-9)) || 10) * power;
}

// One axis for all: it grows when a run takes longer than any before.
function rescale() {
  const longest = Math.max(...race.entries.map(now));
  // While a race goes on it only grows: an axis that jumps to and fro can't be read.
  const end = longest <= 0 ? 1 : race.ended ? longest * 1.02 : Math.max(roundUp(longest * 1.01), axisEnd);
  if (end === axisEnd) return;
  axisEnd = end;
  for (const panel of panels) panel.stale();
  drawAxis();
}

function ticks(high, most) {
  const step = [1, 2, 5, 10].map((lead) => lead * 10 ** Math.floor(Math.log10(high / (most - 1)))).find((lead) => lead >= high / (most - 1) * (1 - 1e-9));
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, number) => number * step);
}

function drawAxis() {
  const place = byId('axis');
  const width = place.clientWidth;
  if (!width) return;
  const size = fontSize();
  const marks = ticks(axisEnd, width > 400 ? 8 : 5).map((tick) => [tick / axisEnd * width, plain(tick)]);
  const scale = race.plan.time_scale;
  const note = scale === 1 ? '' : `, ${plain(scale)} times the document's pace`;
  const text = (x, y, anchor, words) => svg('text', { x, y, dy: '.35em', 'text-anchor': anchor, class: 'muted' }, words);
  place.replaceChildren(svg('svg', { viewBox: `0 0 ${width} ${3 * size}`, class: 'chart', 'font-size': size },
    svg('line', { x1: 0, x2: width, y1: 1, y2: 1, class: 'tick' }),
    ...marks.map(([x]) => svg('line', { x1: x, x2: x, y1: 1, y2: 6, class: 'tick' })),
    ...marks.map(([x, words]) => text(Math.min(x, width - size), 0.95 * size, x < size ? 'start' : 'middle', words)),
    text(0, 2.2 * size, 'start', `seconds${note}`)));
}

const fontSize = () => Math.max(16, 0.8 * parseFloat(getComputedStyle(root).fontSize));

// ---- A cell's panel: its name, its lanes, its clock ----

function panelOf(at) {
  const [name, more] = names(at.cell);
  const canvas = el('canvas');
  const picture = el('div', { class: 'picture', role: 'img' }, canvas);
  const reason = el('p', { class: 'reason', hidden: '' });
  const clock = el('span', { class: 'clock' });
  const facts = el('span', { class: 'facts' });
  const more_ = el('span', { class: 'more' }, more);
  const node = el('div', { class: `panel s-${look(at.cell.strategy).name}`, 'data-cell': at.cell.name, 'data-state': 'waiting' },
    el('div', { class: 'who' }, el('b', {}, name), more_), el('div', { class: 'track' }, picture, reason), el('div', { class: 'took' }, clock, facts));
  const view = laneView(canvas, node);
  return {
    at, node, view,
    stale: () => view.stale(),
    update() {
      const state = stateOf(at);
      if (node.dataset.state !== state || state !== 'running') describe(node, picture, reason, at, state);
      node.dataset.state = state;
      say(clock, timeShown(at, state));
      say(facts, factsShown(at, state));
      view.draw(at);
    },
  };
}

function stateOf(at) {
  const { standing } = at;
  if (standing?.check === 'failed') return 'failed';
  if (standing?.check === 'skipped') return 'skipped';
  if (at.running) return 'running';
  if (!race.ended && race.at?.cell === at.index && !race.at.timed) return 'checking';
  if (standing?.times_s.length || at.settled) return 'measured';
  return race.ended ? 'unmeasured' : 'waiting';
}

function timeShown(at, state) {
  if (state === 'failed' || state === 'skipped') return state;
  if (state === 'running') return clockText(now(at));
  return state === 'measured' ? clockText(at.clock) : '';
}

function factsShown(at, state) {
  if (state === 'waiting') return 'waiting';
  if (state === 'checking') return 'checking';
  if (state === 'unmeasured') return 'not measured';
  if (state === 'failed' || state === 'skipped') return '';
  // Of a run that is over only what is unusual.
  if (state === 'measured') return at.standing?.task_errors ? `${at.standing.task_errors} failed` : '';
  return `${at.done} of ${at.cell.tasks}`;
}

// What a reader who can't see the lanes is told: when they are there, not twenty times a second.
function describe(node, picture, reason, at, state) {
  const error = at.standing?.error;
  const is = {
    waiting: 'waits for its turn', checking: 'its answers are being checked, untimed', running: 'is running',
    measured: `last run ${time(at.clock)}, ${count(at.cell.tasks, 'task')} on ${count(at.cell.workers, 'worker')}${at.standing?.task_errors ? `, ${count(at.standing.task_errors, 'task')} ended in an error` : ''}`,
    failed: `failed: ${error}`, skipped: `was skipped: ${error}`, unmeasured: 'was not measured',
  }[state];
  const words = `${who(at.cell)}: ${is}`;
  if (picture.getAttribute('aria-label') !== words) picture.setAttribute('aria-label', words);
  const without = state === 'failed' || state === 'skipped';
  show(reason, without);
  say(reason, without ? error || '' : '');
}

// ---- Lanes on a canvas ----

const tonesOf = new Map();

// The style sheet's tones, as a canvas takes them.
function tones(node) {
  const key = node.className;
  if (!tonesOf.has(key)) {
    const probe = node.appendChild(el('i', { class: 'probe' }));
    const style = getComputedStyle(probe);
    tonesOf.set(key, {
      run: style.color, wait_server: style.backgroundColor, odd: style.borderTopColor, wait_link: style.borderRightColor,
      wait_lock: style.borderBottomColor, words: style.borderLeftColor, rule: style.outlineColor, quiet: style.textDecorationColor, ground: style.caretColor,
    });
    probe.remove();
  }
  return tonesOf.get(key);
}

// The share of a bar's height that a wait takes, as in the report's timeline.
const HEIGHTS = { wait_server: 0.5, wait_link: 0.84, wait_lock: 0.84 };
const DASHES = { wait_link: [3, 1], wait_lock: [6, 2] };

function laneView(canvas, node) {
  const context = canvas.getContext('2d');
  let [width, height, painted, isStale] = [0, 0, 0, true];

  function fit() {
    const dense = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(canvas.clientWidth * dense), Math.round(canvas.clientHeight * dense)];
    if (wide === width && high === height) return;
    [width, height] = [wide, high];
    Object.assign(canvas, { width, height });
    isStale = true;
  }

  // Only what is new is painted: from where a lane changed, or where the clock stood, to where it stands.
  function drawLanes(at) {
    if (isStale) fit();
    if (!width || !axisEnd) return;
    const until = now(at);
    const from = isStale ? 0 : Math.min(at.dirtyFrom, painted);
    if (!isStale && from >= until && at.dirtyFrom >= painted) return;
    const end = at.running ? until : Infinity;
    paint(at, from, end);
    [painted, isStale] = [until, false];
    at.dirtyFrom = at.running ? until : Infinity;
  }

  const x = (seconds) => Math.round(Math.min(seconds / axisEnd, 1) * width);

  function paint(at, from, until) {
    const tone = tones(node);
    const left = x(from);
    context.clearRect(left, 0, width - left, height);
    context.save();
    context.beginPath();
    context.rect(left, 0, width - left, height);
    context.clip();
    grid(at, tone);
    const count = Math.max(Math.min(at.cell.workers, 64), at.lanes.length, 1);
    // Thinner lanes than two pixels can't be seen, so several workers share one.
    const rows = Math.min(count, Math.max(1, Math.floor(height / 2)));
    // Whole pixels, so that all lanes look alike.
    const pitch = Math.min(Math.floor(height / rows), Math.round(34 * (window.devicePixelRatio || 1)));
    const above = Math.floor((height - pitch * rows) / 2);
    const gap = pitch >= 8 ? 2 : pitch >= 4 ? 1 : 0;
    at.lanes.forEach((lane, worker) => {
      const row = Math.floor(worker * rows / count);
      const top = Math.round(above + row * pitch);
      drawLane(lane || [], top, Math.max(1, Math.floor(pitch) - gap), from, until, tone);
    });
    faults(at, rows, count, pitch, above, tone);
    if (!at.running && at.clock > 0 && at.standing?.check !== 'failed') {
      context.fillStyle = tone.words;
      context.fillRect(Math.min(x(at.clock), width - 3), 0, 3, height);
    }
    context.restore();
  }

  function grid(at, tone) {
    context.fillStyle = tone.rule;
    for (const tick of ticks(axisEnd, width > 800 ? 8 : 5)) context.fillRect(x(tick), 0, 1, height);
    // Where the baseline ends, so that the eye sees what was saved.
    const [baseline] = race.entries;
    if (at.index === 0 || !baseline.settled) return;
    context.fillStyle = tone.quiet;
    for (let y = 0; y < height; y += 6) context.fillRect(Math.min(x(baseline.clock), width - 2), y, 2, 3);
  }

  function drawLane(lane, top, high, from, until, tone) {
    let place = 0;
    // Live lanes are long and only their ends are new.
    if (from > 0) for (place = lane.length - 1; place > 0 && (lane[place].to === null || lane[place].to >= from); place -= 1);
    for (const stretch of lane.slice(Math.max(place, 0))) {
      const to = stretch.to ?? until;
      if (to < from || to === Infinity) continue;
      const [left, right] = [x(stretch.from), Math.max(x(to), x(stretch.from) + 1)];
      const isWait = stretch.kind !== 'run';
      if (!stretch.inside) {
        context.fillStyle = stretch.odd ? tone.odd : tone.run;
        context.fillRect(left, top, right - left, high);
      }
      if (isWait) drawWait(stretch, left, right, top, high, tone);
    }
  }

  function drawWait({ kind }, left, right, top, high, tone) {
    // Even where lanes are thin, a line of the bar is left.
    const inner = Math.min(Math.max(1, Math.round(high * HEIGHTS[kind])), Math.max(1, high - 1));
    const y = top + Math.round((high - inner) / 2);
    const edge = right - left > 6 ? 1 : 0;
    context.fillStyle = tone[kind];
    const dash = DASHES[kind];
    if (!dash) { context.fillRect(left + edge, y, right - left - 2 * edge, inner); return; }
    for (let at = left + edge; at < right - edge; at += dash[0] + dash[1]) context.fillRect(at, y, Math.min(dash[0], right - edge - at), inner);
  }

  function faults(at, rows, count, pitch, above, tone) {
    const size = Math.max(3, Math.min(6, pitch / 2));
    for (const fault of at.faults) {
      const [middle, y] = [x(fault.at), above + (Math.floor(fault.worker * rows / count) + 0.5) * pitch];
      for (const [style, thick] of [[tone.ground, 5], [tone.words, 2.5]]) {
        Object.assign(context, { strokeStyle: style, lineWidth: thick });
        context.beginPath();
        context.moveTo(middle - size, y - size);
        context.lineTo(middle + size, y + size);
        context.moveTo(middle - size, y + size);
        context.lineTo(middle + size, y - size);
        context.stroke();
      }
    }
  }

  return { draw: drawLanes, stale() { isStale = true; } };
}

let stageView = null;
let staged = null;

// Where panels are thin, the cell that runs is shown large.
function drawStage() {
  const stage = byId('stage');
  if (!stage || stage.hidden) return;
  const at = race.entries.find((one) => one.running) || staged || race.entries[0];
  if (at !== staged) {
    staged = at;
    stage.className = `stage s-${look(at.cell.strategy).name}`;
    stageView = laneView(stage.querySelector('canvas'), stage);
  }
  stageView.stale();
  stageView.draw(at);
}

// ---- What goes on now: in large letters ----

function drawNow() {
  if (!byId('race')) return;
  const running = race.entries.find((one) => one.running);
  const [title, words] = nowWords(running);
  say(byId('race-title'), title);
  say(byId('now'), words);
  say(byId('clock'), running ? clockText(now(running)) : '');
  const at = running || (race.at?.timed ? race.entries[race.at.cell] : null);
  const over = race.ended !== null;
  show(byId('gauges'), !over && Boolean(at));
  if (at) {
    say(byId('done'), `${at.done} of ${at.cell.tasks}`);
    say(byId('in-flight'), String(at.inFlight));
  }
  say(byId('cores'), race.cores === null ? '' : `${race.cores.toFixed(1)} of ${race.plan?.cores ?? '?'}`);
}

function nowWords(running) {
  if (race.ended) return [race.plan?.title || 'The race', resultInWords()];
  if (!race.plan) {
    const { preparing } = race;
    return ['Getting ready', preparing ? `${preparing.what}: ${preparing.done} of ${preparing.total}` : 'The server is being started.'];
  }
  const at = race.at && race.entries[race.at.cell];
  const current = running || at;
  if (!current) return [race.plan.title, 'About to begin.'];
  if (!running && !race.at.timed) return ['Checking every answer', `${who(current.cell)}: cell ${race.at.step + 1} of ${race.entries.length}, before anything is timed`];
  const round = Math.min(current.standing?.times_s.length ?? 0, race.plan.rounds - 1) + 1;
  return [who(current.cell), `round ${round} of ${race.plan.rounds}`];
}

// The answer in a plain sentence, with its figure and how sure it is.
function resultInWords() {
  const how = race.ended.failed !== undefined ? `It could not be run: ${race.ended.failed}` : race.ended === 'stopped' ? 'Stopped. ' : '';
  const sped = race.entries.filter((one) => one.standing?.speedup);
  if (!sped.length) return how || (race.plan?.rounds < 2 ? 'One round: there are times, and no intervals.' : '');
  const [best] = sped.filter((one) => one.standing.speedup.low > 1).sort((a, b) => b.standing.speedup.estimate - a.standing.speedup.estimate);
  if (!best) return `${how}None was clearly faster than one after another: every 95 % interval holds 1, or less.`;
  const { speedup, times_s: times } = best.standing;
  return `${how}Fastest: ${who(best.cell)}, ${ratio(speedup.estimate)} times as fast as one after another (95 % interval ${interval(speedup, ratio)}, ${count(times.length, 'round')}).`;
}

// ---- The chart that grows, and its table ----

function drawFigures(ours) {
  const section = byId('speedup');
  if (!section) return;
  chartIsOld = false;
  const some = ours && race.plan && race.entries.some((one) => one.standing && (one.standing.times_s.length || one.standing.check !== 'passed'));
  show(section, Boolean(some));
  if (!some) return;
  drawChart(byId('chart'));
  byId('figures').tBodies[0].replaceChildren(...race.entries.map(row));
  say(byId('figures-of'), `The same figures, ${roundsInWords()}`);
  const command = byId('command');
  show(command, Boolean(room?.command));
  if (room?.command) say(command.querySelector('code'), room.command);
}

function roundsInWords() {
  const counts = race.entries.filter((one) => one.standing?.check === 'passed').map((one) => one.standing.times_s.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (!counts.length) return 'none measured';
  return least === most ? count(most, 'round') : `up to ${count(most, 'round')}`;
}

// Below two rounds there is no interval, and the one ratio is all that is known.
function speedupOf(at) {
  const { standing } = at;
  if (!standing || standing.check !== 'passed') return null;
  if (standing.speedup) return standing.speedup;
  // A cell of which more tasks failed than of its baseline did less work, so it has no speed-up.
  if (at.index === 0 || standing.task_errors > (race.entries[0].standing?.task_errors ?? 0)) return null;
  const [first] = perRound(at);
  return first === undefined ? null : { estimate: first, low: null, high: null };
}

// What each round says: against the baseline of the same round.
function perRound(at) {
  const baseline = race.entries[0].standing?.times_s || [];
  const own = at.standing?.times_s || [];
  return own.slice(0, baseline.length).map((took, round) => baseline[round] / took);
}

function row(at) {
  const { standing, cell } = at;
  const name = el('th', { scope: 'row' }, el('i', { class: 'dot' }), names(cell).filter(Boolean).join(', '));
  const kind = standing?.check === 'failed' ? 'failed' : standing?.check === 'skipped' ? 'skipped' : '';
  const line = el('tr', { class: `s-${look(cell.strategy).name} ${kind}`, 'data-cell': cell.name }, name);
  if (kind) {
    line.append(el('td', { class: 'reason', colspan: '3' }, `${kind}: ${standing.error}`));
    return line;
  }
  const times = standing?.times_s || [];
  const speedup = speedupOf(at);
  const between = speedup?.low != null ? interval(speedup, ratio) : at.index === 0 ? '' : speedup ? 'none yet' : '';
  const figures = [times.length ? time(median(times)) : '', at.index === 0 && times.length ? '1' : speedup ? `${ratio(speedup.estimate)}×` : '', between];
  line.append(...figures.map((text) => el('td', { class: 'n' }, text)));
  if (standing?.task_errors) name.append(el('span', { class: 'errors' }, `${count(standing.task_errors, 'task')} failed: ${standing.error}`));
  return line;
}

function drawChart(place) {
  const width = place.clientWidth;
  if (!width) return;
  const size = fontSize();
  const points = race.entries.filter((one) => one.index > 0).map((at) => ({ at, speedup: speedupOf(at), rounds: perRound(at) })).filter((point) => point.speedup);
  if (!points.length) {
    place.replaceChildren();
    const baseline = race.entries[0].standing;
    say(byId('chart-note'), baseline?.times_s.length ? 'No other cell is measured yet.' : race.ended ? 'Without a baseline there is nothing to compare with.' : 'Once sequential is measured, the others are compared with it.');
    return;
  }
  const series = [...new Set(points.map(({ at }) => at.cell.strategy))].map((strategy) => ({
    strategy, points: points.filter(({ at }) => at.cell.strategy === strategy).sort((a, b) => a.at.cell.workers - b.at.cell.workers),
  }));
  const chart = chartScales(width, size, points, series);
  const { x, y, left, right, top, bottom } = chart;
  const text = (at, words, more = {}) => svg('text', { x: at[0], y: at[1], dy: '.35em', class: 'muted', ...more }, words);
  const line = (kind, [x1, y1], [x2, y2]) => svg('line', { class: kind, x1, y1, x2, y2 });
  const parts = [];
  for (const tick of chart.yTicks) parts.push(line('grid', [left, y(tick)], [right, y(tick)]), text([left - 0.4 * size, y(tick)], `${plain(tick)}×`, { 'text-anchor': 'end' }));
  parts.push(line('tick', [left, bottom], [right, bottom]), text([(left + right) / 2, bottom + 2.4 * size], 'workers', { 'text-anchor': 'middle' }));
  for (const tick of chart.xTicks) parts.push(line('tick', [x(tick), bottom], [x(tick), bottom + 5]), text([x(tick), bottom + 1.05 * size], String(tick), { 'text-anchor': 'middle' }));
  const { cores } = race.plan;
  if (cores >= 1 && cores <= chart.most) parts.push(line('cores', [x(cores), top - 0.5 * size], [x(cores), bottom]), text([x(cores), top - 1.1 * size], count(cores, 'core'), { 'text-anchor': 'middle', class: 'muted' }));
  parts.push(svg('polyline', { class: 'ideal', points: idealLine(chart).map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join(' ') }));
  parts.push(line('baseline', [left, y(1)], [right, y(1)]));
  series.forEach((one, rank) => parts.push(drawSeries(one, chart, (rank - (series.length - 1) / 2) * Math.min(0.22 * size, 0.75 * size / series.length), size)));
  parts.push(...endLabels(series, chart, size));
  place.replaceChildren(svg('svg', { viewBox: `0 0 ${width} ${chart.height}`, class: 'chart', role: 'img', 'font-size': size, 'aria-label': chartInWords(points) }, ...parts));
  const rounds = Math.max(0, ...points.map((point) => point.rounds.length));
  say(byId('chart-note'), `${race.ended ? '' : 'So far. '}${rounds < 2 ? 'One round, so no interval yet. ' : 'Brackets: 95 % interval; small points: each round. '}Dotted: ideal.`);
}

const chartInWords = (points) => (points.length ? `Speed-up over one after another. ${points.map(({ at, speedup }) => `${who(at.cell)}: ${ratio(speedup.estimate)}`).join('; ')}.` : 'Speed-up over one after another: nothing yet.');

function chartScales(width, size, points, series) {
  const labels = series.map(({ strategy }) => look(strategy).label);
  const widest = Math.max(0, ...[...labels, 'ideal'].map((words) => textWidth(words, size, true)));
  const numbers = [...new Set([1, ...race.entries.map(({ cell }) => cell.workers)])].sort((a, b) => a - b);
  const most = Math.max(numbers.at(-1), 2);
  // An interval of few rounds can be so wide that nothing else would be seen: then it runs out of the chart.
  const seen = points.flatMap(({ speedup, rounds }) => [speedup.estimate, ...rounds]);
  const bounded = (value) => Math.min(Math.max(value, Math.min(...seen) / 1.5), Math.max(...seen) * 1.5);
  const figures = [...seen, ...points.filter(({ speedup }) => speedup.low !== null).flatMap(({ speedup }) => [bounded(speedup.low), bounded(speedup.high)])];
  // The whole of the ideal line where that is near what was measured; else so much of it that its bend away can be seen.
  const high = Math.max(2, Math.min(most, 2 * Math.max(1, ...seen)), ...figures) * 1.08;
  const low = Math.min(1, ...figures);
  const doublings = high / low > 5;
  const [bottomValue, topValue] = doublings ? [low / 1.1, high] : [0, high];
  const yTicks = doublings ? doublingTicks(bottomValue, topValue) : ticks(topValue, 6);
  const left = 0.6 * size + Math.max(...yTicks.map((tick) => textWidth(`${plain(tick)}×`, size, false)));
  const [right, top] = [width - widest - 1.2 * size, 2 * size];
  const bottom = Math.max(top + 14 * size, top + (labels.length + 1) * 1.3 * size, Math.min(width * 0.6, 19 * size));
  const share = (value, from, to, log) => (log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from));
  const logX = most > 4;
  const x = (value) => left + 0.7 * size + share(value, 1, most, logX) * (right - left - 1.4 * size);
  const y = (value) => bottom - Math.min(Math.max(share(Math.max(value, doublings ? 1e-9 : 0), bottomValue, topValue, doublings), 0), 1) * (bottom - top);
  const inside = (value) => value >= bottomValue && value <= topValue;
  return { x, y, inside, left, right, top, bottom, most, topValue, yTicks, xTicks: spread(numbers, x, 1.5 * size), height: bottom + 3.1 * size };
}

function doublingTicks(low, high) {
  const [first, last] = [Math.ceil(Math.log2(low)), Math.floor(Math.log2(high))];
  return Array.from({ length: last - first + 1 }, (_, step) => 2 ** (first + step));
}

// The ends first, then powers of two: as many as have room.
function spread(numbers, x, apart) {
  const rank = (number) => (number === numbers[0] || number === numbers.at(-1) ? 0 : Number.isInteger(Math.log2(number)) ? 1 : 2);
  const kept = [];
  for (const number of [...numbers].sort((a, b) => rank(a) - rank(b) || a - b)) {
    if (kept.every((other) => Math.abs(x(other) - x(number)) >= apart)) kept.push(number);
  }
  return kept;
}

function idealLine({ x, y, most, topValue }) {
  const end = Math.min(most, topValue);
  return Array.from({ length: 25 }, (_, step) => end ** (step / 24)).map((value) => [x(value), y(value)]);
}

function drawSeries({ strategy, points }, { x, y, inside }, shift, size) {
  const { name, dash } = look(strategy);
  const at = (point) => x(point.at.cell.workers) + shift;
  const group = svg('g', { class: `s-${name}` });
  group.append(svg('polyline', { class: 'curve', 'stroke-dasharray': dash, fill: 'none', points: points.map((point) => `${at(point).toFixed(1)},${y(point.speedup.estimate).toFixed(1)}`).join(' ') }));
  for (const point of points) {
    const { low, high, estimate } = point.speedup;
    const mark = svg('g', { class: 'mark', 'data-cell': point.at.cell.name, 'data-estimate': String(estimate) });
    for (const one of point.rounds) mark.append(svg('circle', { class: 'round', cx: at(point), cy: y(one), r: 0.13 * size }));
    if (low !== null) {
      const arm = 0.28 * size;
      const cap = (value) => (inside(value) ? `M${at(point) - arm} ${y(value)}h${2 * arm}` : '');
      mark.append(svg('path', { class: 'whisker', fill: 'none', d: `M${at(point)} ${y(low)}V${y(high)}${cap(low)}${cap(high)}` }));
    }
    mark.append(svg('use', { href: `#mark-${name}`, x: at(point) - 10, y: y(estimate) - 10, width: 20, height: 20 }));
    mark.append(svg('title', {}, `${who(point.at.cell)}: ${ratio(estimate)} times as fast${low === null ? ', one round' : `, 95 % interval ${interval(point.speedup, ratio)}`}`));
    group.append(mark);
  }
  return group;
}

function endLabels(series, { x, y, right, top, bottom, most, topValue }, size) {
  const wanted = series.map(({ strategy, points }) => ({ words: look(strategy).label, name: look(strategy).name, y: y(points.at(-1).speedup.estimate), from: x(points.at(-1).at.cell.workers) }));
  const end = Math.min(most, topValue);
  wanted.push({ words: 'ideal', name: '', y: y(end), from: x(end) });
  const placed = place(wanted.map((label) => label.y), 1.25 * size, top - 0.6 * size, bottom);
  return wanted.flatMap((label, index) => {
    const text = svg('text', { x: right + 0.9 * size, y: placed[index], dy: '.35em', class: label.name ? 'name' : 'muted' }, label.words);
    const group = svg('g', label.name ? { class: `s-${label.name}` } : {}, text);
    if (label.from < right - size || Math.abs(placed[index] - label.y) > 0.7 * size) group.prepend(svg('line', { class: 'leader', x1: label.from + 0.6 * size, y1: label.y, x2: right + 0.6 * size, y2: placed[index] }));
    return [group];
  });
}

// Labels of one height along an edge, as near to where they want to be as they can without touching one another:
// neighbours that push against each other share one shift, as in the report (isotonic regression by pooling).
function place(wanted, high, low, end) {
  const height = Math.min(high, (end - low) / wanted.length);
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  const pools = [];
  order.forEach((index, rank) => {
    pools.push({ sum: wanted[index] - rank * height, count: 1 });
    const mean = (pool) => pool.sum / pool.count;
    while (pools.length > 1 && mean(pools.at(-2)) >= mean(pools.at(-1))) {
      const below = pools.pop();
      pools.at(-1).sum += below.sum;
      pools.at(-1).count += below.count;
    }
  });
  const levels = pools.flatMap((pool) => Array(pool.count).fill(pool.sum / pool.count));
  const [first, last] = [low + height / 2, end - height / 2 - (wanted.length - 1) * height];
  const placed = [];
  order.forEach((index, rank) => { placed[index] = Math.min(Math.max(levels[rank], first), Math.max(last, first)) + rank * height; });
  return placed;
}

const ruler = document.createElement('canvas').getContext('2d');
function textWidth(words, size, bold) {
  ruler.font = `${bold ? 'bold ' : ''}${size}px ${getComputedStyle(root).fontFamily}`;
  return ruler.measureText(words).width;
}

// ---- The question, the guesses, and what came of them ----

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
    say(byId('reveal-sentence'), 'It was not measured, so the guesses stay sealed.');
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
  byId('guesses').replaceChildren(...guesses.map((guess) => el('tr', {}, el('td', {}, guess.name || 'somebody'),
    el('td', { class: 'n' }, inSeconds(guess.seconds)), el('td', { class: 'n' }, `${ratio(guess.seconds / measured.estimate)}×`))));
}

function revealInWords({ measured, rounds, guesses, median: middle, closest }) {
  const sure = rounds < 2 ? 'one round, so there is no interval' : `95 % interval ${interval(measured, inSeconds)}, ${count(rounds, 'round')}`;
  const took = `It took ${inSeconds(measured.estimate)} (${sure}).`;
  if (!guesses.length) return `${took} Nobody guessed.`;
  const named = [...new Set(closest.filter(Boolean))];
  const unnamed = closest.length - closest.filter(Boolean).length;
  const closests = [...named, ...(unnamed ? [unnamed === 1 ? 'somebody without a name' : `${unnamed} without a name`] : [])];
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
  // Guesses differ by powers of ten as easily as by seconds.
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
    parts.push(svg('circle', { class: kind, cx: dot.x, cy: base - radius - 2 - dot.rank * pitch, r: radius }, svg('title', {}, `${dot.guess.name || 'somebody'}: ${inSeconds(dot.guess.seconds)}`)));
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

// ---- The room ----

function heardRoom(news) {
  room = news;
  if (room.race !== race.number) {
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
  drawQueue();
  schedule();
}

function heardRun(id, event) {
  const [number, place_] = id.split('.').map(Number);
  // A number that was heard before comes from a server that was started anew.
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
  if (page() === 'lesson' && before === 'asking' && room.phase === 'running' && step() === 'ask') goTo('run');
  if (before !== null) refuse('');
  if (room.phase === 'over') chartIsOld = true;
}

function drawButtons() {
  const [ask, run, stop] = ['ask-button', 'run-button', 'stop-button'].map(byId);
  if (!run) return;
  const { phase } = room;
  const canAsk = page() === 'lesson' || Boolean(byId('asked')?.value);
  ask.disabled = !canAsk || phase === 'asking' || phase === 'running';
  stop.disabled = !(phase === 'asking' || phase === 'running');
  say(run, phase === 'asking' ? 'Run it now' : phase === 'running' ? 'Run after this' : 'Run');
  say(stop, phase === 'asking' ? 'Take it back' : 'Stop');
  ask.classList.toggle('main', !ask.disabled);
  run.classList.toggle('main', phase === 'asking' || ask.disabled && phase !== 'running');
}

function drawQueue() {
  const queue = byId('queue');
  if (!queue) return;
  show(queue, room.waiting.length > 0);
  queue.replaceChildren(...room.waiting.map(({ race: number, wanted }) => {
    const forget = el('button', { type: 'button', 'aria-label': `Take out: ${asked(wanted)}` }, 'Take out');
    forget.addEventListener('click', async () => refuse(await post('/forget', { race: number })));
    return el('li', {}, `Next: ${asked(wanted)} `, forget);
  }));
}

// What is going on, in words: read out when it changes, so it changes seldom.
function describeState() {
  const status = byId('status');
  if (!status) return;
  if (lost) { say(status, 'Not connected.'); return; }
  if (!room) return;
  const setUp = byId('setup');
  if (setUp) say(setUp.querySelector('.what'), room.phase === 'idle' ? 'What shall race?' : 'Another race');
  const pupil = !isLecturer();
  const words = {
    idle: pupil ? 'Nothing is asked yet. Wait for the question.' : 'Nothing runs.',
    asking: pupil ? 'The class is asked. Your guess counts until the race begins.' : 'The class is asked.',
    running: runningWords(),
    over: overWords(),
  }[room.phase];
  say(status, isOurs() || room.phase === 'idle' || room.phase === 'over' ? words : `Another race is under way: ${asked(room.wanted)}.`);
}

function runningWords() {
  if (!race.plan) return 'Getting ready.';
  if (race.at && !race.at.timed) return 'Checking every answer, untimed.';
  const done = Math.min(...race.entries.filter((one) => one.standing?.check === 'passed').map((one) => one.standing.times_s.length));
  return race.at ? `Running, round ${Math.min((Number.isFinite(done) ? done : 0) + 1, race.plan.rounds)} of ${race.plan.rounds}.` : 'About to begin.';
}

function overWords() {
  if (page() === 'lesson' && !isOurs()) return 'Nothing runs.';
  const { ended } = room;
  if (ended?.failed !== undefined) return `It could not be run: ${ended.failed}`;
  return ended === 'stopped' ? 'Stopped. What was measured until then is kept.' : 'The race is over.';
}

// ---- What is said to the server ----

// The reason why it was not done, in words; empty when it was.
async function post(path, body) {
  try {
    const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: body === undefined ? '' : JSON.stringify(body) });
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
    workers: [...new Set([...checked('workers'), ...others])], rounds: Number(form.elements.rounds.value),
    time_scale: form.elements.pace.value ? Number(form.elements.pace.value) : null, ask: form.elements.asked.value || null,
  };
}

async function ask() { if (!byId('ask-button').disabled) refuse(await post('/ask', wantedNow())); }

async function run() {
  refuse(room?.phase === 'asking' ? await post('/run') : await post('/run', { ...wantedNow(), ask: null }));
}

async function stop() { if (!byId('stop-button').disabled) refuse(await post('/stop')); }

async function guess(event) {
  event.preventDefault();
  const { seconds, name } = byId('guess').elements;
  const value = Number(seconds.value.trim().replace(',', '.').replace(/\s*s$/, ''));
  if (!(value > 0) || !Number.isFinite(value)) { refuse('A number of seconds above 0, such as 1.5.', 'guess-refusal'); seconds.focus(); return; }
  const own = { race: room?.race, text: room?.question?.text, seconds: value };
  const refusal = await post('/guess', { name: name.value.trim(), seconds: value });
  refuse(refusal, 'guess-refusal');
  if (refusal) return;
  try { sessionStorage.setItem(MINE, JSON.stringify(own)); } catch { /* then it is not shown after a reload */ }
  seconds.value = '';
  if (room) drawQuestion();
}

async function join(event) {
  event.preventDefault();
  const refusal = await post('/join', { code: byId('code').value.trim() });
  refuse(refusal, 'seat-refusal');
  if (!refusal) location.replace('/join');
}

// ---- The form ----

function choices() {
  const form = byId('choose');
  if (!form) return;
  const scenarios = new Map(JSON.parse(form.dataset.scenarios).map((one) => [one.name, one]));
  const option = (value, words) => new Option(words, value);

  function scenarioChanged() {
    const { paces, variants } = scenarios.get(form.elements.scenario.value);
    form.elements.variant.replaceChildren(option('', 'as it stands'), ...variants.filter(([name]) => name !== 'default').map(([name]) => option(name, name.replaceAll('_', ' '))));
    form.elements.variant.disabled = variants.length < 2;
    form.elements.pace.replaceChildren(...(paces.length ? paces : ['nothing is waited for']).map((words, index) => option(index ? '1' : '', words)));
    form.elements.pace.disabled = paces.length < 2;
    cellsChanged();
  }

  // The cells that there will be, as the server names them.
  function cellsChanged() {
    const { scenario, variant, asked: field } = form.elements;
    const wanted = wantedNow();
    const tasks = new Map(scenarios.get(scenario.value).variants).get(variant.value || 'default');
    const behind = variant.value ? `, ${variant.value}` : '';
    const cells = ['sequential x 1'];
    for (const box of form.querySelectorAll('[name=strategies]:checked')) {
      const own = { one: () => ['1'], tasks: () => [String(tasks)], pairs: () => wanted.workers.filter((text) => text.includes('x')), number: () => wanted.workers.filter((text) => !text.includes('x')) };
      for (const text of own[box.dataset.takes]()) cells.push(`${box.value} x ${text}`);
    }
    const before = field.options.length ? field.value : field.dataset.default;
    field.replaceChildren(option('', 'no, just run'), ...[...new Set(cells)].map((cell) => option(cell + behind, `${look(cell.split(' x ')[0]).label} × ${cell.split(' x ')[1]}`)));
    const kept = [before, before.split(',')[0] + behind, cells.at(-1) + behind].find((cell) => [...field.options].some((one) => one.value === cell));
    field.value = before === '' && field.options.length && form.dataset.touched ? '' : kept ?? '';
    if (room) drawButtons();
  }

  form.addEventListener('change', (event) => {
    form.dataset.touched = 'yes';
    if (event.target === form.elements.scenario) scenarioChanged();
    else if (event.target === form.elements.asked) { if (room) drawButtons(); } else cellsChanged();
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  scenarioChanged();
}

// ---- A lesson's steps ----

const steps = () => [...document.querySelectorAll('.slide')];
const step = () => byId('slides')?.dataset.step;

function goTo(id) {
  const all = steps();
  const at = Math.max(all.findIndex((slide) => slide.id === id), 0);
  all.forEach((slide, index) => { slide.hidden = index !== at; });
  byId('slides').dataset.step = all[at].id;
  document.body.dataset.step = all[at].id;
  if (location.hash !== `#${all[at].id}`) history.replaceState(null, '', `#${all[at].id}`);
  for (const link of byId('dots').querySelectorAll('a')) {
    if (link.hash === `#${all[at].id}`) link.setAttribute('aria-current', 'step'); else link.removeAttribute('aria-current');
  }
  byId('back').disabled = at === 0;
  byId('next').disabled = at === all.length - 1;
  say(byId('step-told'), `Step ${at + 1} of ${all.length}: ${all[at].querySelector('h2').textContent}`);
  scrollTo(0, 0);
  // What was hidden had no size to be drawn in.
  sizesChanged();
}

function go(by) {
  const all = steps();
  const at = all.findIndex((slide) => slide.id === step()) + by;
  if (all[at]) goTo(all[at].id);
}

function lesson() {
  if (!byId('slides')) return;
  byId('back').addEventListener('click', () => go(-1));
  byId('next').addEventListener('click', () => go(1));
  addEventListener('hashchange', () => goTo(location.hash.slice(1)));
  goTo(location.hash.slice(1) || steps()[0].id);
}

// ---- Keys ----

const KEYS = { ArrowRight: () => go(1), PageDown: () => go(1), ArrowLeft: () => go(-1), PageUp: () => go(-1) };

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.('input:not([type=checkbox]), select, textarea')) return;
  if (byId('run-button') && !event.repeat && (event.key === 'r' || event.key === 's')) {
    if (event.key === 'r') run(); else stop();
    return;
  }
  if (!byId('slides') || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}

// ---- The theme, and the window's size ----

function theme() {
  const button = byId('theme');
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : systemDark.matches);
  const renew = () => {
    say(button, isDark() ? 'Light page' : 'Dark page');
    tonesOf.clear();
    sizesChanged();
  };
  renew();
  systemDark.addEventListener('change', renew);
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    try { localStorage.setItem('makespan-theme', root.dataset.theme); } catch { /* then it lasts as long as the page */ }
    renew();
  });
}

function sizesChanged() {
  for (const panel of panels) panel.stale();
  chartIsOld = true;
  revealed = null;
  if (race.plan && axisEnd) drawAxis();
  if (room) drawQuestion();
  schedule();
}

// ---- The connection ----

function connect() {
  const source = new EventSource('/events');
  source.addEventListener('open', connected);
  source.addEventListener('room', (event) => heardRoom(JSON.parse(event.data)));
  source.addEventListener('run', (event) => heardRun(event.lastEventId, JSON.parse(event.data)));
  source.addEventListener('error', () => {
    disconnected();
    // The browser tries again by itself, unless it was refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
  addEventListener('pagehide', () => source.close());
}

function connected() {
  // What went on meanwhile is told in a moment: the clocks go on from where they stood.
  for (const one of race.entries) one.heard = performance.now();
  lost = false;
  show(byId('lost'), false);
  document.body.classList.remove('is-lost');
  schedule();
}

function disconnected() {
  if (!lost) for (const one of race.entries) one.clock = now(one);
  lost = true;
  document.body.classList.add('is-lost');
  const again = page() === 'seated' ? ' If it doesn\'t come back, join again with the code on the wall.' : ' Is the classroom still running in its terminal?';
  say(byId('lost'), `The connection to the classroom is lost; trying again. What is shown may be old.${again}`);
  show(byId('lost'), true);
  schedule();
}

addEventListener('DOMContentLoaded', () => {
  looks = new Map(JSON.parse(document.body.dataset.strategies).map((one) => [one.name, one]));
  titles = new Map(JSON.parse(document.body.dataset.titles));
  theme();
  choices();
  lesson();
  byId('ask-button')?.addEventListener('click', ask);
  byId('run-button')?.addEventListener('click', run);
  byId('stop-button')?.addEventListener('click', stop);
  byId('guess')?.addEventListener('submit', guess);
  byId('seat')?.addEventListener('submit', join);
  document.addEventListener('keydown', pressed);
  let wait = null;
  addEventListener('resize', () => { clearTimeout(wait); wait = setTimeout(sizesChanged, 100); });
  // The chart, once it is there, takes room from the lanes.
  const widths = new ResizeObserver(() => { if (byId('panels').clientWidth !== drawnWidth) { drawnWidth = byId('panels').clientWidth; sizesChanged(); } });
  if (byId('panels')) widths.observe(byId('panels'));
  if (page() !== 'join') connect();
});
