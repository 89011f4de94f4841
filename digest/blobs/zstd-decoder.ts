/** Zstandard (RFC 8878) by the library that Node carries, through `node:ffi` as in gzip-decoder.ts. */
import { DigestError } from '#digest/errors';
import { Memory } from '#digest/linux-syscalls';
import { type Decoder, OUTPUT_SIZE, type Sink } from './decoder.ts';

// zstd.h. A size_t is a whole register: what is no pointer is passed and returned as one of 64 bits.
const signatures = {
  ZSTD_createDCtx: { arguments: [], return: 'pointer' },
  ZSTD_freeDCtx: { arguments: ['pointer'], return: 'uint64' },
  ZSTD_DCtx_setParameter: { arguments: ['pointer', 'i32', 'i32'], return: 'uint64' },
  ZSTD_decompressStream: { arguments: ['pointer', 'pointer', 'pointer'], return: 'uint64' },
  ZSTD_isError: { arguments: ['uint64'], return: 'u32' },
  ZSTD_getErrorCode: { arguments: ['uint64'], return: 'i32' },
  ZSTD_getErrorName: { arguments: ['uint64'], return: 'pointer' },
} as const;

const ZSTD_d_windowLogMax = 100;
/**
 * 128 MiB, the most that `zstd -d` takes without being told to: a frame decides how much memory its reader needs. Engines take 512 MiB, which
 * only `zstd --long=29` asks for.
 */
const WINDOW_LOG = 27;

/** zstd_errors.h */
const WINDOW_TOO_LARGE = 16;

// ZSTD_inBuffer and ZSTD_outBuffer: address, size, position.
const ADDRESS = 0;
const SIZE = 8;
const POSITION = 16;
const BUFFER_SIZE = 24;

type Zstd = ReturnType<typeof load>;
let loaded: Zstd | undefined;

function load() {
  return process.getBuiltinModule('node:ffi').dlopen(null, signatures).functions;
}

function zstd(): Zstd {
  return (loaded ??= load());
}

const output = new Memory(OUTPUT_SIZE);

/** Frames one after another are their contents one after another, skippable frames are skipped; anything else behind a frame is an error. */
export class ZstdDecoder implements Decoder {
  readonly #sink: Sink;
  readonly #context: bigint;
  readonly #input = new Memory(BUFFER_SIZE);
  readonly #output = new Memory(BUFFER_SIZE);
  /** At the first byte of the next frame, or at the end. */
  #isBetween = false;

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#context = zstd().ZSTD_createDCtx();
    if (this.#context === 0n) throw new Error('zstd did not start');
    this.#check(zstd().ZSTD_DCtx_setParameter(this.#context, ZSTD_d_windowLogMax, WINDOW_LOG));
    const { bytes } = this.#output;
    bytes.writeBigUInt64LE(output.address, ADDRESS);
    bytes.writeBigUInt64LE(BigInt(OUTPUT_SIZE), SIZE);
  }

  write(memory: Memory, length: number): void {
    const { bytes } = this.#input;
    bytes.writeBigUInt64LE(memory.address, ADDRESS);
    bytes.writeBigUInt64LE(BigInt(length), SIZE);
    bytes.writeBigUInt64LE(0n, POSITION);
    let isFull = false;
    // A full output may mean that there is more of it, even if there is no more input.
    while (bytes.readUInt32LE(POSITION) < length || (isFull && !this.#isBetween)) {
      const produced = this.#decompress();
      isFull = produced === OUTPUT_SIZE;
      if (produced > 0) this.#sink(output, produced);
    }
  }

  end(): void {
    if (!this.#isBetween) throw new DigestError('layer', 'the zstd data ends early');
  }

  [Symbol.dispose](): void {
    zstd().ZSTD_freeDCtx(this.#context);
  }

  #decompress(): number {
    this.#output.bytes.writeBigUInt64LE(0n, POSITION);
    const { ZSTD_decompressStream } = zstd();
    const wanted = ZSTD_decompressStream(this.#context, this.#output.address, this.#input.address);
    this.#check(wanted);
    this.#isBetween = wanted === 0n;
    return this.#output.bytes.readUInt32LE(POSITION);
  }

  #check(result: bigint): void {
    const { ZSTD_isError, ZSTD_getErrorCode, ZSTD_getErrorName } = zstd();
    if (ZSTD_isError(result) === 0) return;
    if (ZSTD_getErrorCode(result) === WINDOW_TOO_LARGE) {
      throw new DigestError(
        'too-large',
        `expected a zstd window of at most ${2 ** WINDOW_LOG} bytes`,
      );
    }
    const name = process.getBuiltinModule('node:ffi').toString(ZSTD_getErrorName(result));
    throw new DigestError('layer', `expected zstd data, found: ${name}`);
  }
}
