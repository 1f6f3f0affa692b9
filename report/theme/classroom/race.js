// The race: the current state in large letters, a panel for each cell, one axis for all. It is drawn at most twenty
// times a second, and only if something has changed.

let timer = null;

function schedule() {
  if (timer === null) timer = setTimeout(() => requestAnimationFrame(frame), FRAME_MS);
}

function frame() {
  timer = null;
  if (replay && replayed() >= longest()) replay = null;
  draw();
  if (replay || !lost && race.entries.some((one) => one.running || isChecked(one))) schedule();
}

function toggleReplay() {
  replay = replay ? null : { since: performance.now(), slower: REPLAY_S / longest() };
  for (const panel of panels) panel.stale();
  schedule();
}

// Beside a long baseline, the others' lanes are too short to be read.
const BASELINE_SQUEEZES = 3;

function toggleZoom() {
  zoomed = !zoomed;
  sizesChanged();
}

function isSqueezed() {
  const [baseline, ...others] = race.entries.map((one) => one.clock);
  const next = Math.max(0, ...others);
  return race.ended !== null && next > 0 && baseline > BASELINE_SQUEEZES * next;
}

function draw() {
  const ours = isOurs();
  show(byId('race'), ours && (race.plan !== null || room?.phase === 'running'));
  if (ours && race.plan) {
    if (!built) build();
    rescale();
    for (const panel of panels) panel.update();
    show(byId('stage'), panels.length > MANY_CELLS && race.ended === null);
    drawStage();
  }
  if (!race.plan) cleared();
  drawNow();
  if (chartIsOld) {
    chartIsOld = false;
    drawFigures(ours);
    fitLanes();
  }
  describeState();
}

// Clears the last race.
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
  say(byId('shared-cores'), `The browser, the server and the workers share ${count(race.plan.cores, 'core')} here, so this page redraws little and rarely. An unwatched run takes the same code path.`);
  show(byId('shared-cores'), race.plan.cores <= 2 && isLecturer());
  built = true;
  axisEnd = 0;
  zoomed = false;
  chartIsOld = true;
}

const LEADS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return (LEADS.find((lead) => lead * power >= value * (1 - 1e-9)) || 10) * power;
}

// One axis for all panels: it grows when a run takes longer than any before.
function rescale() {
  const seen = zoomed ? race.entries.slice(1) : race.entries;
  const longest = Math.max(...seen.map((one) => (isChecked(one) ? checkedFor() : 0)), ...seen.map(now));
  // During a race it only grows: an axis that jumps back and forth can't be read.
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
    ...marks.map(([x, words]) => {
      const half = 0.32 * size * words.length;
      const [at, anchor] = x < size ? [x, 'start'] : x > width - half ? [width, 'end'] : [x, 'middle'];
      return text(at, 0.95 * size, anchor, words);
    }),
    text(0, 2.2 * size, 'start', `seconds${note}`)));
}

const fontSize = () => Math.max(16, 0.8 * parseFloat(getComputedStyle(root).fontSize));

// ---- A panel: its cell's name, its lanes, its clock ----

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
  if (isChecked(at)) return 'checking';
  if (standing?.times_s.length || at.settled) return 'measured';
  return race.ended ? 'unmeasured' : 'waiting';
}

function timeShown(at, state) {
  if (state === 'failed' || state === 'skipped') return state;
  if (state === 'running') return clockText(now(at));
  return state === 'measured' ? clockText(shownOf(at)) : '';
}

function factsShown(at, state) {
  if (state === 'waiting') return 'waiting';
  if (state === 'checking') {
    const left = Math.ceil(checkTakes(at) - checkedFor());
    return left > 0 ? `checking, ${left}\u00a0s` : 'checking';
  }
  if (state === 'unmeasured') return 'not measured';
  if (state === 'failed' || state === 'skipped') return '';
  // After a run, show only what is unusual.
  if (state === 'measured') return at.standing?.task_errors ? `${at.standing.task_errors} failed` : '';
  return `${at.done} of ${at.cell.tasks}`;
}

// The panel's description for screen readers, updated per state and not twenty times a second.
function describe(node, picture, reason, at, state) {
  const error = at.standing?.error;
  const is = {
    waiting: 'is waiting', checking: 'its answers are being checked, untimed', running: 'is running',
    measured: `last run ${time(at.clock)}, ${count(at.cell.tasks, 'task')} on ${count(at.cell.workers, 'worker')}${at.standing?.task_errors ? `, ${count(at.standing.task_errors, 'task')} ended in an error` : ''}`,
    failed: `failed: ${error}`, skipped: `was skipped: ${error}`, unmeasured: 'was not measured',
  }[state];
  const words = `${who(at.cell)}: ${is}`;
  if (picture.getAttribute('aria-label') !== words) picture.setAttribute('aria-label', words);
  const without = state === 'failed' || state === 'skipped';
  show(reason, without);
  say(reason, without ? error || '' : '');
}

// ---- The current state ----

function drawNow() {
  if (!byId('race')) return;
  const running = race.entries.find((one) => one.running);
  const [title, words] = nowWords(running);
  say(byId('race-title'), title);
  say(byId('now'), words);
  say(byId('clock'), running ? clockText(now(running)) : replay ? clockText(replayed()) : '');
  const button = byId('replay');
  show(button, race.ended !== null && race.entries.some((one) => one.settled));
  say(button, replay ? 'Stop the replay' : 'Replay');
  show(byId('zoom'), isSqueezed());
  say(byId('zoom'), zoomed ? 'Whole axis' : 'Zoom in');
  const at = running || (race.at?.timed ? race.entries[race.at.cell] : null);
  const over = race.ended !== null;
  show(byId('gauges'), !over && Boolean(at));
  if (at) {
    say(byId('done'), `${at.done} of ${at.cell.tasks}`);
    say(byId('in-flight'), String(at.inFlight));
  }
  // The legend names what occurs in this race.
  for (const key of document.querySelectorAll('#keys [data-kind]')) show(key, race.entries.some((one) => one.kinds.has(key.dataset.kind)));
  say(byId('cores'), race.cores === null ? '' : `${race.cores.toFixed(1)} of ${race.plan?.cores ?? '?'}`);
}

function nowWords(running) {
  if (replay) return ['Replay', `all at once, ${replay.slower >= 1 ? `${ratio(replay.slower)} times slower` : `${ratio(1 / replay.slower)} times faster`}`];
  if (race.ended) return [room?.wanted ? titleOf(room.wanted) : race.plan?.title || 'The race', resultInWords()];
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

// The result in a sentence, with its figure and interval.
function resultInWords() {
  const how = race.ended.failed !== undefined ? `It could not be run: ${race.ended.failed}` : race.ended === 'stopped' ? 'Stopped. ' : '';
  const sped = race.entries.filter((one) => one.standing?.speedup);
  if (!sped.length) return how || (race.plan?.rounds < 2 ? 'One round: there are times, and no intervals.' : '');
  const [best, ...others] = sped.sort((a, b) => b.standing.speedup.estimate - a.standing.speedup.estimate);
  const [faster, as] = isByLatency() ? ['faster at answering 99 of 100 requests', 'as fast as sequential at answering 99 of 100 requests'] : ['faster', 'as fast as sequential'];
  if (best.standing.speedup.low <= 1) return `${how}No strategy was clearly ${faster} than sequential: the 95 % interval of the highest speedup is not entirely above 1.`;
  const { speedup, times_s: times, place } = best.standing;
  const words = { fastest: 'Fastest', as_fast: 'Fastest, within 5 %' }[place] ?? 'It is not clear which is the fastest. The highest speedup';
  const placed = (wanted, said) => {
    const named = others.filter((one) => one.standing.place === wanted).map((one) => who(one.cell));
    return named.length ? ` ${said}: ${named.join('; ')}.` : '';
  };
  return `${how}${words}: ${who(best.cell)}, ${ratio(speedup.estimate)} times ${as} (95 % interval ${interval(speedup, ratio)}, ${count(times.length, 'round')}).${placed('as_fast', 'As fast within 5 %')}${placed('not_told_apart', 'Not told apart from it')}`;
}
