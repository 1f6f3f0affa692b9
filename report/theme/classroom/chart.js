// The speedup chart and its table.

function drawFigures(ours) {
  const section = byId('speedup');
  if (!section) return;
  const some = ours && race.plan && race.entries.some((one) => one.standing && (one.standing.times_s.length || one.standing.check !== 'passed'));
  show(section, Boolean(some));
  if (!some) return;
  say(byId('speedup-title'), isByLatency() ? 'Times as fast as sequential at answering 99 of 100 requests' : 'Times as fast as sequential');
  drawChart(byId('chart'));
  byId('figures').tBodies[0].replaceChildren(...race.entries.map((at) => row(at)));
  say(byId('figures-of'), `The same figures, ${roundsInWords()}`);
  const command = byId('command');
  show(command, Boolean(room?.command));
  if (room?.command) sayCommand(command.querySelector('code'), room.command);
}

function roundsInWords() {
  const counts = race.entries.filter((one) => one.standing?.check === 'passed').map((one) => one.standing.times_s.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (!counts.length) return 'none measured';
  return least === most ? count(most, 'round') : `up to ${count(most, 'round')}`;
}

// Below two rounds there is no interval, only one ratio.
function speedupOf(at, entries = race.entries) {
  const { standing } = at;
  if (!standing || standing.check !== 'passed') return null;
  if (standing.speedup) return standing.speedup;
  // A cell with more failed tasks than its baseline did less work, so it has no speedup.
  if (at.index === 0 || standing.task_errors > (entries[0].standing?.task_errors ?? 0)) return null;
  const [first] = perRound(at, entries);
  return first === undefined ? null : { estimate: first, low: null, high: null };
}

// Where requests arrive at a rate, every run takes as long, so what is compared is within how long 99 of 100 were answered.
const isByLatency = (entries = race.entries) => entries.some((one) => one.standing?.p99_s?.length);
const secondsOf = (standing) => (standing?.p99_s?.length ? standing.p99_s : standing?.times_s || []);

// Each round's speedup over the baseline of the same round.
function perRound(at, entries = race.entries) {
  const baseline = secondsOf(entries[0].standing);
  const own = secondsOf(at.standing);
  return own.slice(0, baseline.length).map((took, round) => baseline[round] / took);
}

function row(at, entries = race.entries) {
  const { standing, cell } = at;
  const name = el('th', { scope: 'row' }, el('i', { class: 'dot' }), names(cell).filter(Boolean).join(', '));
  const kind = standing?.check === 'failed' ? 'failed' : standing?.check === 'skipped' ? 'skipped' : '';
  const line = el('tr', { class: `s-${look(cell.strategy).name} ${kind}`, 'data-cell': cell.name }, name);
  if (kind) {
    line.append(el('td', { class: 'reason', colspan: '3' }, `${kind}: ${standing.error}`));
    return line;
  }
  const times = secondsOf(standing);
  const speedup = speedupOf(at, entries);
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
    say(byId('chart-note'), baseline?.times_s.length ? `No other cell ${race.ended ? 'was measured' : 'is measured yet'}.` : race.ended ? 'Without a baseline there is nothing to compare with.' : 'Once sequential is measured, the others are compared with it.');
    return;
  }
  const series = [...new Set(points.map(({ at }) => at.cell.strategy))].map((strategy) => ({
    strategy, points: points.filter(({ at }) => at.cell.strategy === strategy).sort((a, b) => a.at.cell.workers - b.at.cell.workers),
  }));
  const rounds = Math.max(0, ...points.map((point) => point.rounds.length));
  say(byId('chart-note'), `${race.ended ? '' : 'So far. '}${rounds < 2 ? 'One round, so no interval yet. ' : 'Brackets: 95 % interval; small points: each round. '}${isByLatency() ? '' : 'Dotted: ideal.'}`.trim());
  const chart = chartScales(width, size, points, series, roomFor(place));
  const { x, y, left, right, top, bottom } = chart;
  const text = (at, words, more = {}) => svg('text', { x: at[0], y: at[1], dy: '.35em', class: 'muted', ...more }, words);
  const line = (kind, [x1, y1], [x2, y2]) => svg('line', { class: kind, x1, y1, x2, y2 });
  const parts = [];
  for (const tick of chart.yTicks) parts.push(line('grid', [left, y(tick)], [right, y(tick)]), text([left - 0.4 * size, y(tick)], `${plain(tick)}×`, { 'text-anchor': 'end' }));
  parts.push(line('tick', [left, bottom], [right, bottom]), text([(left + right) / 2, bottom + 2.4 * size], 'workers', { 'text-anchor': 'middle' }));
  for (const tick of chart.xTicks) parts.push(line('tick', [x(tick), bottom], [x(tick), bottom + 5]), text([x(tick), bottom + 1.05 * size], String(tick), { 'text-anchor': 'middle' }));
  const { cores } = race.plan;
  if (cores >= 1 && cores <= chart.most) parts.push(line('cores', [x(cores), top - 0.5 * size], [x(cores), bottom]), text([x(cores), top - 1.1 * size], count(cores, 'core'), { 'text-anchor': 'middle', class: 'muted' }));
  if (!isByLatency()) parts.push(svg('polyline', { class: 'ideal', points: idealLine(chart).map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join(' ') }));
  parts.push(line('baseline', [left, y(1)], [right, y(1)]));
  series.forEach((one, rank) => parts.push(drawSeries(one, chart, (rank - (series.length - 1) / 2) * Math.min(0.22 * size, 0.75 * size / series.length), size)));
  parts.push(...endLabels(series, chart, size));
  place.replaceChildren(svg('svg', { viewBox: `0 0 ${width} ${chart.height}`, class: 'chart', role: 'img', 'font-size': size, 'aria-label': chartInWords(points) }, ...parts));
}

// On a lesson's slide, everything below the chart must fit, too.
function roomFor(place) {
  if (step() !== 'see') return Infinity;
  const [{ top, bottom }, around] = [place, place.parentElement].map((one) => one.getBoundingClientRect());
  return slideEnd() - top - (around.bottom - bottom);
}

const chartInWords = (points) => (points.length ? `Speedup over sequential. ${points.map(({ at, speedup }) => `${who(at.cell)}: ${ratio(speedup.estimate)}`).join('; ')}.` : 'Speedup over sequential: nothing yet.');

function chartScales(width, size, points, series, room_) {
  const labels = series.map(({ strategy }) => look(strategy).label);
  const widest = Math.max(0, ...[...labels, 'ideal'].map((words) => textWidth(words, size, true)));
  const numbers = [...new Set([1, ...race.entries.map(({ cell }) => cell.workers)])].sort((a, b) => a - b);
  const most = Math.max(numbers.at(-1), 2);
  // An interval of few rounds can be so wide that it squeezes everything else: then it runs out of the chart.
  const seen = points.flatMap(({ speedup, rounds }) => [speedup.estimate, ...rounds]);
  const bounded = (value) => Math.min(Math.max(value, Math.min(...seen) / 1.5), Math.max(...seen) * 1.5);
  const figures = [...seen, ...points.filter(({ speedup }) => speedup.low !== null).flatMap(({ speedup }) => [bounded(speedup.low), bounded(speedup.high)])];
  // The whole ideal line if the measurements are close to it; otherwise enough of it to show where they diverge.
  const high = Math.max(2, Math.min(most, 2 * Math.max(1, ...seen)), ...figures) * 1.08;
  const low = Math.min(1, ...figures);
  const doublings = high / low > 5;
  const [bottomValue, topValue] = doublings ? [low / 1.1, high] : [0, high];
  const yTicks = doublings ? doublingTicks(bottomValue, topValue) : ticks(topValue, 6);
  const left = 0.6 * size + Math.max(...yTicks.map((tick) => textWidth(`${plain(tick)}×`, size, false)));
  const [right, top] = [width - widest - 1.2 * size, 2 * size];
  const [least, below] = [Math.max(10, (labels.length + 1) * 1.3) * size, 3.1 * size];
  const bottom = Math.max(top + least, Math.min(Math.max(top + 14 * size, Math.min(width * 0.6, 19 * size)), room_ - below));
  const share = (value, from, to, log) => (log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from));
  const logX = most > 4;
  const x = (value) => left + 0.7 * size + share(value, 1, most, logX) * (right - left - 1.4 * size);
  const y = (value) => bottom - Math.min(Math.max(share(Math.max(value, doublings ? 1e-9 : 0), bottomValue, topValue, doublings), 0), 1) * (bottom - top);
  const inside = (value) => value >= bottomValue && value <= topValue;
  return { x, y, inside, left, right, top, bottom, most, topValue, yTicks, xTicks: spread(numbers, x, 1.5 * size), height: bottom + below };
}

function doublingTicks(low, high) {
  const [first, last] = [Math.ceil(Math.log2(low)), Math.floor(Math.log2(high))];
  return Array.from({ length: last - first + 1 }, (_, step) => 2 ** (first + step));
}

// The ends first, then powers of two, as many as fit.
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
  if (!isByLatency()) wanted.push({ words: 'ideal', name: '', y: y(end), from: x(end) });
  const placed = place(wanted.map((label) => label.y), 1.25 * size, top - 0.6 * size, bottom);
  return wanted.flatMap((label, index) => {
    const text = svg('text', { x: right + 0.9 * size, y: placed[index], dy: '.35em', class: label.name ? 'name' : 'muted' }, label.words);
    const group = svg('g', label.name ? { class: `s-${label.name}` } : {}, text);
    if (label.from < right - size || Math.abs(placed[index] - label.y) > 0.7 * size) group.prepend(svg('line', { class: 'leader', x1: label.from + 0.6 * size, y1: label.y, x2: right + 0.6 * size, y2: placed[index] }));
    return [group];
  });
}

// Places labels of one height along an edge, as close to their points as possible without overlap: neighbours that push
// against each other share one shift, as in the report (isotonic regression by pooling).
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
