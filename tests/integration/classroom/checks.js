// What only a browser can tell of the classroom's pages, beside what holds of the report as well.

Object.assign(checks, {
  // Every control says what it is for.
  names() {
    const name = (control) => control.getAttribute('aria-label') || control.labels?.[0]?.textContent || control.textContent;
    const controls = [...document.querySelectorAll('a, button, input, select, summary, textarea')];
    return controls.filter((control) => control.checkVisibility() && !name(control).trim()).map((control) => control.outerHTML);
  },

  // No level of headings is left out.
  headings() {
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')].filter((heading) => heading.checkVisibility()).map((heading) => +heading.tagName[1]);
    const faults = levels.filter((level) => level === 1).length === 1 ? [] : [`main headings: ${levels}`];
    levels.forEach((level, place) => { if (place && level > levels[place - 1] + 1) faults.push(`h${level} behind h${levels[place - 1]}`); });
    return faults;
  },

  // Whoever can't see a picture is told what it shows.
  alternatives() {
    const pictures = [...document.querySelectorAll('img, [role=img], main svg')].filter((picture) => picture.checkVisibility() && !picture.closest('[aria-hidden=true]'));
    const faults = pictures.filter((picture) => !(picture.getAttribute('alt') || picture.getAttribute('aria-label') || '').trim()).map((picture) => `no words: ${picture.outerHTML.slice(0, 80)}`);
    for (const canvas of document.querySelectorAll('canvas')) {
      if (!canvas.closest('[role=img], [aria-hidden=true]')) faults.push('a canvas that is nothing');
    }
    return faults;
  },

  // Where the keyboard is can be seen; a check box shows it around its words.
  focus() {
    const at = document.activeElement;
    const drawn = at.matches('input[type=checkbox]') ? at.nextElementSibling : at;
    const { outlineStyle, outlineWidth } = getComputedStyle(drawn);
    const { width, height, bottom, top } = drawn.getBoundingClientRect();
    const seen = width > 1 && height > 1 && bottom > 0 && top < innerHeight;
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && seen ? [] : [`${at.outerHTML.slice(0, 90)}: ${outlineStyle} ${outlineWidth}, ${width} x ${height} at ${top}`];
  },

  // What is read from the back row lies within the screen, above the way to the next step.
  in_sight(...selectors) {
    const end = document.querySelector('.ways-on')?.getBoundingClientRect().top ?? innerHeight;
    return selectors.flatMap((selector) => [...document.querySelectorAll(selector)].filter(shown).map((element) => [selector, element.getBoundingClientRect()]))
      .filter(([, { top, bottom }]) => top < -1 || bottom > end + 1)
      .map(([selector, { top, bottom }]) => `${selector} from ${top} to ${bottom} of ${end}`);
  },
});
