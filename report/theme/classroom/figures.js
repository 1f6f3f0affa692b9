// Figures and strategies as text, by the report's rules.

function significant(value, digits) {
  if (value === 0 || !Number.isFinite(value)) return value === 0 ? '0' : '?';
  const decimals = (number) => Math.min(Math.max(digits - 1 - Math.floor(Math.log10(Math.abs(number))), 0), 6);
  // 0.9996 becomes 1.00 and not 1.000: rounding may add a leading digit.
  const rounded = Number(value.toFixed(decimals(value)));
  return value.toFixed(decimals(rounded || value));
}

function time(seconds) {
  const [factor, unit] = seconds >= 1 ? [1, 's'] : seconds >= 1e-3 ? [1e3, 'ms'] : [1e6, 'µs'];
  return `${significant(seconds * factor, 3)}\u00a0${unit}`;
}

// Guesses are in seconds, so results are too.
const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
const inSeconds = (value, digits = 3) => `${plain(Number(value.toPrecision(digits)))}\u00a0s`;
const ratio = (value) => (value >= 0.095 && value < 9.995 ? value.toFixed(2) : significant(value, value < 1 ? 2 : 3));
const plain = (value) => String(+value.toFixed(6));
const count = (number, noun, several = `${noun}s`) => `${number} ${number === 1 ? noun : several}`;
const list = (words) => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`);
const interval = ({ low, high }, figure) => `${figure(low)}–${figure(high)}`;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// A running clock keeps its unit, or it could not be read.
function clockText(seconds) {
  return `${seconds.toFixed(seconds < 1 ? 3 : seconds < 100 ? 2 : 1)}\u00a0s`;
}

let looks = new Map();
let titles = new Map();
const look = (strategy) => looks.get(strategy) || { name: 'other', label: strategy.replaceAll('_', ' '), one: '1 worker', two: '2 workers', dash: '4 4' };

// `3x5` for hybrid, `8` for others.
const shape = (cell) => cell.name.split(',')[0].split(' x ').at(-1);

function workers(cell) {
  const { one, two } = look(cell.strategy);
  const grid = shape(cell).split('x');
  if (grid.length === 2) return `${grid[0]} × ${grid[1]} threads`;
  return cell.workers === 1 ? one : two.replace('2', String(cell.workers));
}

// The strategy's name, and a second line: the number of workers, if the name doesn't include it, and the schedule.
function names(cell) {
  const schedule = SCHEDULES.find((name) => cell.name.includes(`, ${name}`))?.replaceAll('_', ' ');
  const second = (...parts) => parts.filter(Boolean).join(', ');
  if (cell.strategy === 'sequential') return ['sequential', ''];
  if (['threads', 'processes'].includes(cell.strategy)) return [workers(cell), second(schedule)];
  return [look(cell.strategy).label, second(workers(cell), schedule)];
}

const SCHEDULES = ['pool_chunks', 'chunks', 'blocks', 'interleaved', 'by_key'];

// The cell's name in a sentence.
const who = (cell) => names(cell).filter(Boolean).join(' with ');
