/** A signed integer of 64 bits. A bigint only where a number would not be exact. */
export type Int64 = number | bigint;

const SPACE = 0x20;
const ZERO = 0x30;
const SEVEN = 0x37;

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
/** Of MIN and MAX. */
const MOST_DIGITS = 19;
/** This many are always exact in a number. */
const EXACT_DIGITS = 15;

function isPadding(byte: number | undefined): boolean {
  return byte === SPACE || byte === 0;
}

/** An octal field of a header. @returns undefined if it is none */
export function parseOctal(bytes: Uint8Array, at: number, length: number): number | undefined {
  let start = at;
  let end = at + length;
  while (start < end && isPadding(bytes[start])) start += 1;
  while (end > start && isPadding(bytes[end - 1])) end -= 1;
  let value = 0;
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === 0) break;
    if (byte < ZERO || byte > SEVEN) return undefined;
    value = value * 8 + (byte - ZERO);
  }
  return value;
}

/** A numeric field of a header, octal or base-256. @returns undefined if it is neither, or does not fit */
export function parseNumeric(bytes: Uint8Array, at: number, length: number): Int64 | undefined {
  return (bytes[at] ?? 0) & 0x80 ? parseBase256(bytes, at, length) : parseOctal(bytes, at, length);
}

/** Two's complement, most significant byte first; of the first byte one bit is the mark and not part of the number. */
function parseBase256(bytes: Uint8Array, at: number, length: number): Int64 | undefined {
  const first = bytes[at] ?? 0;
  const isNegative = (first & 0x40) !== 0;
  let value = BigInt(isNegative ? first | 0x80 : first & 0x7f);
  for (let i = at + 1; i < at + length; i += 1) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return int64(isNegative ? value - (1n << BigInt(8 * length)) : value);
}

/** @returns undefined if it does not fit */
function int64(value: bigint): Int64 | undefined {
  if (value < MIN || value > MAX) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const DECIMAL = /^([+-]?)(\d+)$/;
const LEADING_ZEROS = /^0+/;

/** As Go's `strconv.ParseInt(text, 10, 64)`. @returns undefined if it is none, or does not fit */
export function parseDecimal(text: string): Int64 | undefined {
  return parseShortDecimal(text) ?? parseLongDecimal(text);
}

/** The usual ones, fast. */
function parseShortDecimal(text: string): number | undefined {
  if (text.length === 0 || text.length > EXACT_DIGITS) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

function parseLongDecimal(text: string): Int64 | undefined {
  const [, sign, digits] = DECIMAL.exec(text) ?? [];
  if (digits === undefined) return undefined;
  // A hostile text may have a million digits.
  const significant = digits.replace(LEADING_ZEROS, '');
  if (significant.length > MOST_DIGITS) return undefined;
  const value = BigInt(significant);
  return int64(sign === '-' ? -value : value);
}

/** The lowest 32 bits, unsigned. */
export function lowest32(value: Int64): number {
  return typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value));
}
