/** Where a reader is in a JSON text. */
interface Place {
  readonly text: string;
  at: number;
  readonly refuse: (reason: string) => never;
}

const quote = 0x22;
const backslash = 0x5c;
const numberCharacters = /[-+.0-9eE]/;
const wholeNumber = /^-?(?:0|[1-9][0-9]*)$/;
const anyNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;
const maxNumberLength = 64;

/** Reads the string whose opening quote `place` is at. */
export function readString(place: Place): string {
  const start = place.at;
  const hasEscape = skipToClosingQuote(place);
  const raw = place.text.slice(start, place.at);
  const value = hasEscape ? unescape(place, raw) : raw.slice(1, -1);
  if (!value.isWellFormed()) place.refuse('a lone surrogate in a string');
  // crun's strings end there: it would run the part before.
  if (hasEscape && value.includes('\0')) place.refuse('a NUL in a string');
  return value;
}

/** Leaves `place` after the closing quote, and says whether there is an escape before it. */
function skipToClosingQuote(place: Place): boolean {
  let hasEscape = false;
  for (place.at += 1; place.at < place.text.length; place.at += 1) {
    const code = place.text.charCodeAt(place.at);
    if (code === quote) {
      place.at += 1;
      return hasEscape;
    }
    if (code < 0x20) place.refuse('a control character in a string');
    if (code === backslash) {
      hasEscape = true;
      place.at += 1;
    }
  }
  return place.refuse('the text ends inside a string');
}

function unescape(place: Place, raw: string): string {
  try {
    const value: unknown = JSON.parse(raw);
    if (typeof value === 'string') return value;
  } catch {
    // Told below.
  }
  return place.refuse('an invalid escape in a string');
}

/** Reads a number. Whole ones beyond ±(2^53 − 1), which a double rounds, come as bigint. */
export function readNumber(place: Place): number | bigint {
  const start = place.at;
  while (numberCharacters.test(place.text[place.at] ?? '')) {
    place.at += 1;
    if (place.at - start > maxNumberLength) place.refuse('a number that is too long');
  }
  const raw = place.text.slice(start, place.at);
  if (raw === '') {
    place.refuse(start < place.text.length ? 'expected a JSON value' : 'the text ends too early');
  }
  if (!anyNumber.test(raw)) place.refuse('a malformed number');
  // Adding zero makes −0 an ordinary 0.
  const value = Number(raw) + 0;
  if (!Number.isFinite(value)) place.refuse('a number that is too large');
  return wholeNumber.test(raw) && !Number.isSafeInteger(value) ? BigInt(raw) : value;
}
