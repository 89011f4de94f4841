/** Archives for tests, down to the byte: a header can say anything, the checksum fits unless it is to be wrong. */

export type Format = 'v7' | 'ustar' | 'gnu' | 'star';

export interface Header {
  readonly format?: Format;
  readonly type?: string;
  readonly name?: string;
  readonly prefix?: string;
  readonly link?: string;
  /** Fields as they stand in the header; a number is written in octal. */
  readonly size?: number | string;
  readonly mode?: number | string;
  readonly uid?: number | string;
  readonly gid?: number | string;
  readonly mtime?: number | string;
  readonly major?: number | string;
  readonly minor?: number | string;
  /** Written over the rest, each at its offset. */
  readonly raw?: readonly (readonly [at: number, bytes: string])[];
  /** The field as it stands in the header, or how the bytes are added; `unsigned` if not said. */
  readonly checksum?: string;
}

const BLOCK_SIZE = 512;
const MAGIC = { v7: '', ustar: 'ustar\x0000', gnu: 'ustar  \0', star: 'ustar\x0000' };

export const ZERO_BLOCK: Buffer = Buffer.alloc(BLOCK_SIZE);
export const END: Buffer = Buffer.alloc(2 * BLOCK_SIZE);

/** One header block. */
export function header(of: Header): Buffer {
  const block = Buffer.alloc(BLOCK_SIZE);
  const { format = 'ustar' } = of;
  const put = (at: number, text: string): number => block.write(text, at, 'latin1');
  put(0, of.name ?? '');
  put(100, octal(of.mode ?? 0o644, 8));
  put(108, octal(of.uid ?? 0, 8));
  put(116, octal(of.gid ?? 0, 8));
  put(124, octal(of.size ?? 0, 12));
  put(136, octal(of.mtime ?? 0, 12));
  put(156, of.type ?? '0');
  put(157, of.link ?? '');
  put(257, MAGIC[format]);
  if (format !== 'v7') {
    put(329, octal(of.major ?? 0, 8));
    put(337, octal(of.minor ?? 0, 8));
  }
  put(345, of.prefix ?? '');
  if (format === 'star') put(508, 'tar\0');
  for (const [at, bytes] of of.raw ?? []) put(at, bytes);
  put(148, checksum(block, of.checksum ?? 'unsigned'));
  return block;
}

function octal(value: number | string, length: number): string {
  return typeof value === 'string' ? value : `${value.toString(8).padStart(length - 1, '0')}\0`;
}

function checksum(block: Buffer, kind: string): string {
  block.fill(' ', 148, 156);
  if (kind !== 'unsigned' && kind !== 'signed') return kind;
  let sum = 0;
  for (const byte of kind === 'signed' ? new Int8Array(block) : block) sum += byte;
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}

/** A header whose size is the content's, if it does not say another, the content, and its padding. */
export function entry(of: Header, content: Uint8Array | string = ''): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return Buffer.concat([header({ size: bytes.length, ...of }), padded(bytes)]);
}

export function padded(content: Uint8Array | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const padding = (BLOCK_SIZE - (bytes.length % BLOCK_SIZE)) % BLOCK_SIZE;
  return Buffer.concat([bytes, Buffer.alloc(padding)]);
}

/** A PAX record with the length that it has. */
export function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`.length;
  let length = rest + 1;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** An extended header `x`, or of another type, with records of these, each as key and value, in this order. */
export function pax(records: readonly (readonly [string, string])[], of: Header = {}): Buffer {
  const content = records.map(([key, value]) => record(key, value)).join('');
  return entry({ name: 'PaxHeaders.0/x', type: 'x', ...of }, content);
}

/** A GNU long name, or with the type `K` a long link. */
export function long(text: string, of: Header = {}): Buffer {
  return entry({ format: 'gnu', name: '././@LongLink', type: 'L', ...of }, text);
}

/** A number in base-256, as GNU tar writes it. */
export function base256(value: bigint, length: number): string {
  const bits = BigInt(8 * length);
  let rest = BigInt.asUintN(8 * length, value) | (1n << (bits - 1n));
  let text = '';
  for (let i = 0; i < length; i += 1) {
    text = String.fromCharCode(Number(rest & 0xffn)) + text;
    rest >>= 8n;
  }
  return text;
}
