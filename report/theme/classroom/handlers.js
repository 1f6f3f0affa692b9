// The state of the race, folded from all its events, and the rest of the page's state.

function fresh(number) {
  return { number, last: -1, plan: null, preparing: null, at: null, entries: [], cores: null, ended: null, rounds: 0 };
}

function entry(cell, index) {
  return { cell, index, standing: null, run: 0, clock: 0, heard: 0, running: false, inFlight: 0, done: 0, lanes: [], faults: [], kinds: new Set(), settled: false, dirtyFrom: 0 };
}

const told = {
  preparing(race, { what, done, total }) { race.preparing = { what, done, total }; },
  set_up(race, plan) {
    Object.assign(race, { plan, preparing: null, entries: plan.cells.map(entry) });
    built = false;
  },
  working(race, at) {
    // Replayed events come without their time, so a page that is loaded in the middle counts from then on.
    if (!at.timed) race.checkedSince = performance.now();
    race.at = at;
    // Not the last cell's, until there is news of this one.
    race.cores = null;
  },
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
    if (change.doing === 'failed') {
      at.faults.push({ worker: change.worker, at: change.at_s });
      at.kinds.add('fault');
    }
    if (change.doing !== 'idle' && change.doing !== 'failed') {
      const odd = last ? (last.task === change.task ? last.odd : !last.odd) : false;
      at.kinds.add(change.doing);
      lane.push({ kind: change.doing, task: change.task, from: change.at_s, to: null, odd });
    }
    at.dirtyFrom = Math.min(at.dirtyFrom, change.at_s);
  }
  if (!news.running) at.dirtyFrom = 0;
}

const KINDS = { run: 'run', wait_server: 'wait_server', wait_first_byte: 'wait_server', wait_link: 'wait_link', wait_transfer: 'wait_link', wait_lock: 'wait_lock' };

// The lanes from the run and the server's log, which replace the live ones.
function settle(at, { run_s: took, bars }) {
  Object.assign(at, { clock: took, running: false, inFlight: 0, settled: true, dirtyFrom: 0 });
  if (!bars.length) return;
  at.lanes = [];
  const inOrder = bars.filter((bar) => KINDS[bar.kind]).sort((a, b) => a.from_s - b.from_s || b.to_s - a.to_s);
  for (const bar of inOrder) {
    const lane = (at.lanes[bar.worker] ||= []);
    const last = lane.at(-1);
    const odd = last ? (last.task === bar.task ? last.odd : !last.odd) : false;
    // A recorded wait lies inside its task's bar; a live wait was drawn instead of the bar.
    at.kinds.add(KINDS[bar.kind]);
    lane.push({ kind: KINDS[bar.kind], task: bar.task, from: bar.from_s, to: bar.to_s, odd, inside: bar.kind !== 'run' });
  }
  at.done = at.cell.tasks;
}

let room = null;
let race = fresh(null);
let lost = false;
let built = false;
let chartIsOld = false;
let panels = [];
let axisEnd = 0;
// Whether the axis ends with the slowest of the others, and the baseline runs out of the picture.
let zoomed = false;
let shownPhase = null;
let drawnWidth = 0;

// A check of a cell's answers is a whole run, which nobody measures: how long it has taken, and takes at least.
const isChecked = (at) => !race.ended && race.at?.cell === at.index && !race.at.timed;
const checkedFor = () => (performance.now() - race.checkedSince) / 1000;
const checkTakes = ({ cell }) => (room?.waits_s ?? 0) * Math.ceil(cell.tasks / cell.workers) / cell.tasks;

// Between events a clock keeps running; it stops when the connection is lost.
const now = (at) => (at.running && !lost ? at.clock + (performance.now() - at.heard) / 1000 : at.clock);

// A replay of the lanes: all cells at once, so slowly that the longest takes this many seconds.
const REPLAY_S = 12;
let replay = null;
const longest = () => Math.max(...race.entries.map((one) => one.clock));
const replayed = () => (performance.now() - replay.since) / 1000 / replay.slower;
// How much of a cell's lanes is shown.
const shownOf = (at) => (replay ? Math.min(at.clock, replayed()) : now(at));

const page = () => document.body.dataset.page;
const isLecturer = () => page() === 'race' || page() === 'lesson';

// A lesson's page shows only that lesson's race.
function isOurs() {
  if (page() !== 'lesson') return true;
  return isRace(lessonRace());
}

const isRace = (own) => Boolean(own && room?.wanted && raceKey(room.wanted) === raceKey(own));
const raceKey = ({ scenario, variant, strategies, workers: counts, schedules, time_scale: scale }) => JSON.stringify([scenario, variant, strategies, counts, schedules, scale]);
const parsed = new Map();
function slidesData(name) {
  if (!parsed.has(name)) parsed.set(name, JSON.parse(byId('slides')?.dataset[name] || 'null'));
  return parsed.get(name);
}
const lessonRace = () => slidesData('race');
// What the class should have seen before it guesses.
const raceBefore = () => slidesData('before');
