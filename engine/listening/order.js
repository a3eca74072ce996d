// The order in which one listener gets clips and versions: a pure function of the test's seed and
// the listener's id, so that a page that is opened again goes on as it was.
// Generators: xmur3 and mulberry32 (B. Bryc, public domain).
function randomNumbers(text) {
  let state = 1779033703 ^ text.length;
  for (const char of text) {
    state = Math.imul(state ^ char.charCodeAt(0), 3432918353);
    state = (state << 13) | (state >>> 19);
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(items, random) {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

// Ratings first, then A, B and X; each trial's versions in an order of its own.
function trialsFor(test, listener) {
  const random = (what) => randomNumbers(`${test.seed}/${test.test}/${listener}/${what}`);
  const rating = (one) => ({ ...one, kind: "rating", stimuli: shuffled(one.stimuli, random(one.id)) });
  const comparison = (one) => ({ ...one, kind: "abx", stimuli: [shuffled(one.x, random(one.id))[0]] });
  return [
    ...shuffled(test.ratings, random("ratings")).map(rating),
    ...shuffled(test.comparisons, random("comparisons")).map(comparison),
  ];
}
