// What only a browser can tell of the page. Every check returns a list of faults in words; none means that all is well.
'use strict';

const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 0;
const charts = () => [...document.querySelectorAll('svg.chart')].filter(shown);
const named = (chart) => `${chart.closest('section').id}, ${(chart.getAttribute('aria-label') || chart.parentElement.id).slice(0, 20)}`;

const checks = {
  // Nothing reaches beyond the page's width, but for tables and listings that scroll in a frame of their own.
  sideways(width) {
    const faults = [];
    if (document.documentElement.scrollWidth > width) {
      faults.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`);
    }
    for (const element of document.body.querySelectorAll('*')) {
      if (element.closest('svg, .scroll table, .listing code, #tip') || !shown(element)) continue;
      const { left, right } = element.getBoundingClientRect();
      if (left < -1 || right > width + 1) faults.push(`${element.tagName} "${element.textContent.slice(0, 30)}" spans ${left} to ${right} of ${width}`);
    }
    return faults;
  },

  // Each picture is there, says what it is, and has its figures in a table beneath it.
  pictures() {
    const faults = [];
    for (const figure of document.querySelectorAll('figure')) {
      // The other side of a switch.
      if (!figure.checkVisibility()) continue;
      const drawn = [...figure.querySelectorAll('svg.chart')].filter(shown);
      if (drawn.length !== 1) { faults.push(`${figure.textContent.slice(0, 30)}: ${drawn.length} renditions are shown`); continue; }
      const [chart] = drawn;
      const { width, height } = chart.getBoundingClientRect();
      const fault = (what) => faults.push(`${named(chart)}: ${what}`);
      if (width < 200 || height < 80) fault(`${width} x ${height} is too small`);
      const marks = [...chart.querySelectorAll('.mark')];
      if (!marks.some((mark) => mark.getBoundingClientRect().width > 0)) fault('no marks');
      if (!chart.getAttribute('aria-label')) fault('no name');
      const description = document.getElementById(chart.getAttribute('aria-describedby'));
      if (!description?.textContent.trim()) fault('no description');
      const tables = [...figure.closest('.part').querySelectorAll('table')];
      const beneath = tables.find((table) => figure.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING);
      if (!beneath?.querySelector('tbody tr')) fault('no table beneath it');
      if (!chart.getAttribute('aria-label').startsWith('Speedup')) continue;
      const cells = [...figure.closest('.part').querySelectorAll('td')].map((cell) => cell.textContent);
      // What a document printed is hollow, and of a table of its own.
      for (const mark of marks.filter((mark) => !mark.matches('.hollow'))) {
        const [, value] = mark.dataset.value.match(/: ([\d.]+)/) || [];
        if (!cells.some((cell) => cell.split(' ')[0] === value)) fault(`"${mark.dataset.value}" is not in the table`);
      }
    }
    return faults;
  },

  // Heads of tables are there, on paper too, where buttons are not.
  heads() {
    const heads = [...document.querySelectorAll('th')].filter((head) => head.checkVisibility() && head.textContent.trim());
    return heads.filter((head) => !head.innerText.trim()).map((head) => `"${head.textContent}" can't be seen`);
  },

  // No word of a picture is cut off or lies on another.
  lettering() {
    const faults = [];
    for (const chart of charts()) {
      const box = chart.getBoundingClientRect();
      const texts = [...chart.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
      texts.forEach(([words, at], number) => {
        if (at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 3 || at.bottom > box.bottom + 1) {
          faults.push(`${named(chart)}: "${words}" lies outside`);
        }
        for (const [others, other] of texts.slice(number + 1)) {
          const across = Math.min(at.right, other.right) - Math.max(at.left, other.left);
          const down = Math.min(at.bottom, other.bottom) - Math.max(at.top, other.top);
          if (across > 1 && down > at.height / 4) faults.push(`${named(chart)}: "${words}" and "${others}" lie on one another`);
        }
      });
    }
    return faults;
  },

  // Contrast as WCAG 2.2 defines it: 4.5 to 1 for every word.
  contrast() {
    // A canvas turns whatever notation a colour has into bytes.
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const bytes = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (colour) => {
      const [r, g, b] = bytes(colour).map((byte) => byte / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const { backgroundColor } = getComputedStyle(at);
        if (bytes(backgroundColor)[3] === 255) return backgroundColor;
      }
      return 'white';
    };
    const faults = new Set();
    for (const element of document.body.querySelectorAll('*')) {
      const wordless = ![...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
      if (wordless || element.closest('script, title, desc') || !shown(element)) continue;
      const style = getComputedStyle(element);
      const colour = element.closest('svg') ? style.fill : style.color;
      const [a, b] = [luminance(colour), luminance(ground(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) faults.add(`"${element.textContent.slice(0, 30)}": ${colour} on ${ground(element)} is ${ratio.toFixed(2)} to 1`);
    }
    return [...faults];
  },

  // A cell that gave a wrong answer has its name, its workers and the reason, and nothing that could be a time.
  failures(expected) {
    const rows = [...document.querySelectorAll('tr.failed')];
    const faults = rows.length === expected ? [] : [`${rows.length} failed rows, expected ${expected}`];
    for (const row of rows) {
      const cells = [...row.querySelectorAll('td')].map((cell) => cell.textContent);
      if (!shown(row) || cells.length !== 2 || !cells[1].startsWith('failed: ')) faults.push(row.textContent);
    }
    return faults;
  },
};
