/**
 * The kernel's measurement list in its binary form (`binary_runtime_measurements`): security/integrity/ima/ima_fs.c,
 * ima_measurements_show(). No Node imports: a verifier reads it anywhere.
 */
import { HookError } from '#hook/errors';

export type ByteOrder = 'little' | 'big';

export interface ListEntry {
  readonly pcr: number;
  /** As listed, in the list's algorithm. All zeros: a violation. */
  readonly templateDigest: Uint8Array;
  /** `ima-ng` and the like; bytes as characters U+0000 to U+00FF. */
  readonly template: string;
  /** As listed: fields, each with its length before it. Template `ima`: 20 bytes, a length, and the path. */
  readonly data: Uint8Array;
}

/** Far above what any template makes; the kernel's own limits depend on version and architecture. */
const MAX_DATA_BYTES = 1 << 20;
const MAX_NAME_BYTES = 255;
const MAX_PCR = 23;
const IMA_DIGEST_BYTES = 20;

export function isViolation({ templateDigest }: ListEntry): boolean {
  return templateDigest.every((byte) => byte === 0);
}

export function encodeEntry(entry: ListEntry, order: ByteOrder): Uint8Array {
  const name = Uint8Array.from(entry.template, (character) => character.charCodeAt(0));
  const parts = [number(entry.pcr, order), entry.templateDigest, number(name.length, order), name];
  if (entry.template !== 'ima') parts.push(number(entry.data.length, order));
  return joined([...parts, entry.data]);
}

/** Fields as template data has them: each with its length before it. */
export function encodeFields(fields: readonly Uint8Array[], order: ByteOrder): Uint8Array {
  return joined(fields.flatMap((field) => [number(field.length, order), field]));
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function number(value: number, order: ByteOrder): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, order === 'little');
  return bytes;
}

/** Reads one entry after another from bytes that come in parts. Holds no more than a part and an entry. */
export class ListDecoder {
  readonly #digestBytes: number;
  #order: ByteOrder | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /**
   * @param digestBytes size of a template digest in this list: 20 for SHA-1
   * @param order where it is known; else the first entry tells
   */
  constructor(digestBytes: number, order?: ByteOrder) {
    this.#digestBytes = digestBytes;
    this.#order = order;
  }

  /** Undefined as long as there was no entry to tell it by. */
  get order(): ByteOrder | undefined {
    return this.#order;
  }

  /** Bytes of an entry that has not come whole: at the end of the list, one that the kernel was adding. */
  get pending(): number {
    return this.#bytes.length - this.#at;
  }

  push(part: Uint8Array): void {
    this.#bytes = joined([this.#bytes.subarray(this.#at), part]);
    this.#at = 0;
  }

  /**
   * The next whole entry with its bytes; undefined if it has not come yet. Valid until the next `push`.
   * @throws HookError 'ima' for what no kernel lists
   */
  next(): { readonly entry: ListEntry; readonly bytes: Uint8Array } | undefined {
    const cursor = new Cursor(this.#bytes, this.#at, (this.#order ??= this.#tellOrder()));
    const entry = readEntry(cursor, this.#digestBytes);
    if (entry === undefined) return undefined;
    const bytes = this.#bytes.subarray(this.#at, cursor.at);
    this.#at = cursor.at;
    return { entry, bytes };
  }

  /** By the first number, a PCR: 10 is 0a000000 or 0000000a. For PCR 0, by the length of the name. */
  #tellOrder(): ByteOrder | undefined {
    const view = viewOf(this.#bytes.subarray(this.#at));
    for (const at of [0, 4 + this.#digestBytes]) {
      if (view.byteLength < at + 4) return undefined;
      if (view.getUint32(at) === 0) continue;
      return view.getUint32(at, true) < view.getUint32(at) ? 'little' : 'big';
    }
    return 'little';
  }
}

function readEntry(cursor: Cursor, digestBytes: number): ListEntry | undefined {
  const pcr = cursor.number('PCR', MAX_PCR);
  const templateDigest = cursor.bytes(digestBytes);
  const name = cursor.bytes(cursor.number('length of a template name', MAX_NAME_BYTES));
  if (pcr === undefined || templateDigest === undefined || name === undefined) return undefined;
  const template = String.fromCharCode(...name);
  if (!/^[!-~]+$/.test(template)) throw malformed('template name', JSON.stringify(template));
  const data = template === 'ima' ? cursor.imaData() : cursor.sized();
  return data === undefined ? undefined : { pcr, templateDigest, template, data };
}

class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittle: boolean;
  at: number;

  constructor(bytes: Uint8Array, at: number, order: ByteOrder | undefined) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#isLittle = order !== 'big';
    this.at = at;
  }

  number(what: string, most: number): number | undefined {
    if (this.at + 4 > this.#bytes.length) return this.#end();
    const value = this.#view.getUint32(this.at, this.#isLittle);
    if (value > most) throw malformed(what, String(value));
    this.at += 4;
    return value;
  }

  bytes(length: number | undefined): Uint8Array | undefined {
    if (length === undefined || this.at + length > this.#bytes.length) return this.#end();
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  sized(): Uint8Array | undefined {
    return this.bytes(this.number('length of template data', MAX_DATA_BYTES));
  }

  /** The digest has no length before it, and the whole has none. */
  imaData(): Uint8Array | undefined {
    const begin = this.at;
    this.bytes(IMA_DIGEST_BYTES);
    const name = this.bytes(this.number('length of a path', MAX_NAME_BYTES));
    return name === undefined ? undefined : this.#bytes.subarray(begin, this.at);
  }

  #end(): undefined {
    this.at = this.#bytes.length;
    return undefined;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function malformed(what: string, found: string): HookError {
  return new HookError('ima', `not an entry of the kernel's list: ${what} ${found}`);
}
