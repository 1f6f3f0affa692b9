// Lanes on a canvas, in the style of the report's timeline.

const tonesOf = new Map();

// The style sheet's tones for the canvas.
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

// A wait's share of its bar's height, as in the report's timeline.
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

  // Only new parts are painted: from a lane's last change, or the clock's last position, to its current one.
  function drawLanes(at) {
    if (replay || isChecked(at)) isStale = true;
    if (isStale) fit();
    if (!width || !axisEnd) return;
    const until = shownOf(at);
    const from = isStale ? 0 : Math.min(at.dirtyFrom, painted);
    if (!isStale && from >= until && at.dirtyFrom >= painted) return;
    const end = at.running || replay ? until : Infinity;
    paint(at, from, end);
    [painted, isStale] = [until, Boolean(replay) || isChecked(at)];
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
    if (isChecked(at)) ghost(tone);
    const count = Math.max(Math.min(at.cell.workers, 64), at.lanes.length, 1);
    // Lanes thinner than two pixels can't be seen, so several workers share one.
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
    faults(at, until, rows, count, pitch, above, tone);
    if (!at.running && at.clock > 0 && until >= at.clock && at.clock <= axisEnd && at.standing?.check !== 'failed') {
      context.fillStyle = tone.words;
      context.fillRect(Math.min(x(at.clock), width - 3), 0, 3, height);
    }
    context.restore();
  }

  // A check has no lanes, only a beginning.
  function ghost(tone) {
    context.fillStyle = tone.rule;
    context.fillRect(0, Math.round(height / 4), x(checkedFor()), Math.round(height / 2));
  }

  function grid(at, tone) {
    context.fillStyle = tone.rule;
    for (const tick of ticks(axisEnd, width > 800 ? 8 : 5)) context.fillRect(x(tick), 0, 1, height);
    // A line where the baseline ended, which shows the time saved.
    const [baseline] = race.entries;
    if (at.index === 0 || !baseline.settled || baseline.clock > axisEnd) return;
    context.fillStyle = tone.quiet;
    for (let y = 0; y < height; y += 6) context.fillRect(Math.min(x(baseline.clock), width - 2), y, 2, 3);
  }

  function drawLane(lane, top, high, from, until, tone) {
    let place = 0;
    // Live lanes are long, and only their ends are new.
    if (from > 0) for (place = lane.length - 1; place > 0 && (lane[place].to === null || lane[place].to >= from); place -= 1);
    for (const stretch of lane.slice(Math.max(place, 0))) {
      const to = Math.min(stretch.to ?? until, until);
      if (to < from || to === Infinity || stretch.from > until) continue;
      const [left, right] = [x(stretch.from), Math.max(x(to), x(stretch.from) + 1)];
      const isWait = stretch.kind !== 'run';
      if (!stretch.inside) {
        context.fillStyle = stretch.odd ? tone.odd : tone.run;
        context.fillRect(left, top, right - left, high);
      }
      if (isWait) drawWait(stretch, left, right, top, high, tone);
    }
  }

  function drawWait({ kind, to }, left, right, top, high, tone) {
    // One pixel of the bar stays visible; but in a lane of two pixels, half of it would look like work.
    const inner = high <= 2 ? high : Math.min(Math.max(1, Math.round(high * HEIGHTS[kind])), high - 1);
    const y = top + Math.round((high - inner) / 2);
    const edge = right - left > 6 ? 1 : 0;
    // A running task has no end yet: each repaint would leave an edge behind.
    const [begin, end] = [left + edge, to === null ? right : right - edge];
    context.fillStyle = tone[kind];
    const dash = DASHES[kind];
    if (!dash) { context.fillRect(begin, y, end - begin, inner); return; }
    for (let at = begin; at < end; at += dash[0] + dash[1]) context.fillRect(at, y, Math.min(dash[0], end - at), inner);
  }

  function faults(at, until, rows, count, pitch, above, tone) {
    const size = Math.max(3, Math.min(6, pitch / 2));
    for (const fault of at.faults.filter((one) => one.at <= until)) {
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

// If panels are thin, the running cell is shown large.
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
