
// Timelines zoom and pan along their axis of time: with the buttons, with the mouse, and with + - and Shift and an arrow
// key. Bars are stretched in a nested drawing; its axis is drawn anew.

(function zooming() {
  const most = 200;

  // Round steps: 1, 2 or 5 times a power of ten.
  function step(length, ticks) {
    const rough = length / ticks;
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  }

  function zoomable(chart) {
    // Where the axis begins and ends in the drawing, what it ends with, and how far down it reaches.
    const [left, right, longest, bottom] = chart.dataset.axis.split(' ').map(Number);
    const lanes = [...chart.querySelectorAll('svg.lanes')];
    const axis = chart.querySelector('.time-axis');
    const made = (name, attributes) => {
      const element = document.createElementNS(chart.namespaceURI, name);
      for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
      return element;
    };
    const font = Number(chart.getAttribute('font-size'));
    let [from, factor] = [0, 1];

    function draw() {
      const length = (right - left) / factor;
      from = Math.min(Math.max(from, 0), right - left - length);
      for (const lane of lanes) {
        const [, y, , height] = lane.getAttribute('viewBox').split(' ');
        lane.setAttribute('viewBox', `${left + from} ${y} ${length} ${height}`);
      }
      const perUnit = longest / (right - left);
      const every = step(length * perUnit, chart.matches('.narrow') ? 4 : 8);
      const ticks = [];
      for (let tick = Math.ceil((from * perUnit) / every) * every; tick <= (from + length) * perUnit + 1e-9; tick += every) ticks.push(tick);
      axis.replaceChildren(...ticks.flatMap((tick) => {
        const x = left + (tick / perUnit - from) * factor;
        const line = made('line', { class: 'grid', x1: x, x2: x, y1: 0, y2: bottom });
        const text = made('text', { class: 'muted', x, y: bottom + 0.8 * font, dy: '.35em', 'text-anchor': 'middle' });
        text.textContent = Number(tick.toPrecision(6));
        return [line, text];
      }));
      chart.classList.toggle('zoomed', factor > 1);
    }

    // What is at `place`, a share of the window, stays there.
    function zoom(by, place = 0.5) {
      const before = (right - left) / factor;
      factor = Math.min(Math.max(factor * by, 1), most);
      from += (before - (right - left) / factor) * place;
      draw();
    }
    function pan(share) {
      from += (share * (right - left)) / factor;
      draw();
    }
    const shareAt = (event) => {
      const box = chart.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * chart.viewBox.baseVal.width;
      return (x - left) / (right - left);
    };

    // The page scrolls with the wheel alone; a wheel with Ctrl, or two fingers on a trackpad, zooms.
    chart.addEventListener('wheel', (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.25 : 0.8, shareAt(event));
    }, { passive: false });
    let grabbed = null;
    chart.addEventListener('pointerdown', (event) => {
      if (factor === 1) return;
      grabbed = shareAt(event);
      chart.setPointerCapture(event.pointerId);
    });
    chart.addEventListener('pointermove', (event) => {
      if (grabbed === null) return;
      const at = shareAt(event);
      pan(grabbed - at);
      grabbed = at;
    });
    for (const end of ['pointerup', 'pointercancel']) chart.addEventListener(end, () => { grabbed = null; });
    chart.addEventListener('keydown', (event) => {
      const action = {
        '+': () => zoom(2), '-': () => zoom(0.5), '0': () => zoom(1 / most),
        ArrowRight: () => event.shiftKey && pan(0.25), ArrowLeft: () => event.shiftKey && pan(-0.25),
      }[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      action();
    });
    return { zoom, pan };
  }

  for (const figure of document.querySelectorAll('figure:has(> [data-axis])')) {
    const charts = [...figure.querySelectorAll('[data-axis]')].map(zoomable);
    const bar = document.createElement('div');
    bar.className = 'zoom';
    for (const [name, by] of [['Zoom in', 2], ['Zoom out', 0.5], ['Whole run', 1 / most]]) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      // Every lane begins at the left edge; short ones would leave the picture otherwise.
      button.addEventListener('click', () => charts.forEach((chart) => chart.zoom(by, 0)));
      bar.append(button);
    }
    bar.append('Drag to move, or Shift and an arrow key.');
    figure.querySelector('svg').before(bar);
  }
})();
