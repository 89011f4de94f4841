import { quoted } from '#digest/quoted';
import { BLOCK_SIZE } from '#digest/tar/header-block';
import { imageError } from './image-error.ts';

const TYPE = 156;
const CHECKSUM = { start: 148, end: 156 } as const;

/**
 * Refuses what Go's archive/tar, with which engines read archives, and tar-stream give different names: a global header, which tar-stream
 * puts under the next PAX header and Go leaves alone; and a PAX header beside GNU's long name, of which Go takes GNU's.
 *
 * @param headers all blocks up to a member's content
 * @throws {DigestError} `image`
 */
export function checkKinds(headers: Uint8Array): void {
  const types = typesOf(headers);
  const isGnu = types.includes('L') || types.includes('K');
  if (types.includes('g') || (types.includes('x') && isGnu)) {
    throw imageError(`expected headers that all readers take alike, found types ${quoted(types)}`);
  }
}

/** The types of the blocks that are headers; what is in between has no checksum. */
function typesOf(headers: Uint8Array): string {
  let types = '';
  for (let at = 0; at + BLOCK_SIZE <= headers.length; at += BLOCK_SIZE) {
    const block = Buffer.from(headers.buffer, headers.byteOffset + at, BLOCK_SIZE);
    if (isHeader(block)) types += block.toString('latin1', TYPE, TYPE + 1);
  }
  return types;
}

function isHeader(block: Buffer): boolean {
  const [written = ''] =
    /[0-7]+/.exec(block.toString('latin1', CHECKSUM.start, CHECKSUM.end)) ?? [];
  let sum = 0;
  for (const [index, byte] of block.entries()) {
    sum += index >= CHECKSUM.start && index < CHECKSUM.end ? 0x20 : byte;
  }
  return Number.parseInt(written, 8) === sum;
}
