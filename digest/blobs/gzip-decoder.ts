/**
 * gzip (RFC 1952) by the zlib that Node carries, through `node:ffi`: what node:zlib calls, without its streams, whose every chunk is a
 * task of the event loop and a new buffer.
 */
import { DigestError } from '#digest/errors';
import { Memory } from '#digest/linux-syscalls';
import { type Decoder, OUTPUT_SIZE, type Sink } from './decoder.ts';

// zlib.h
const signatures = {
  zlibVersion: { arguments: [], return: 'pointer' },
  inflateInit2_: { arguments: ['pointer', 'i32', 'pointer', 'i32'], return: 'i32' },
  inflate: { arguments: ['pointer', 'i32'], return: 'i32' },
  inflateReset: { arguments: ['pointer'], return: 'i32' },
  inflateEnd: { arguments: ['pointer'], return: 'i32' },
} as const;

const Z_OK = 0;
const Z_STREAM_END = 1;
const Z_BUF_ERROR = -5;
const Z_NO_FLUSH = 0;
/** A window of 2^15 bytes, and a gzip header, no other. */
const WINDOW_BITS = 15 + 16;

// struct z_stream_s of 64-bit machines.
const STREAM_SIZE = 112;
const NEXT_IN = 0;
const AVAILABLE_IN = 8;
const NEXT_OUT = 24;
const AVAILABLE_OUT = 32;
const MESSAGE = 48;

type Zlib = ReturnType<typeof load>;
let loaded: Zlib | undefined;

function load() {
  return process.getBuiltinModule('node:ffi').dlopen(null, signatures).functions;
}

function zlib(): Zlib {
  return (loaded ??= load());
}

const output = new Memory(OUTPUT_SIZE);

/** Several members, one after another, are their contents one after another; anything else behind a member is an error. As in Go. */
export class GzipDecoder implements Decoder {
  readonly #sink: Sink;
  readonly #stream = new Memory(STREAM_SIZE);
  #members = 0;
  /** At the first byte of the next member, or at the end. */
  #isBetween = false;

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#stream.bytes.fill(0);
    const { inflateInit2_, zlibVersion } = zlib();
    const status = inflateInit2_(this.#stream.address, WINDOW_BITS, zlibVersion(), STREAM_SIZE);
    if (status !== Z_OK) throw new Error(`zlib did not start: ${status}`);
  }

  write(memory: Memory, length: number): void {
    const { inflate, inflateReset } = zlib();
    const { address, bytes } = this.#stream;
    bytes.writeBigUInt64LE(memory.address, NEXT_IN);
    bytes.writeUInt32LE(length, AVAILABLE_IN);
    while (bytes.readUInt32LE(AVAILABLE_IN) > 0) {
      if (this.#isBetween) inflateReset(address);
      this.#isBetween = false;
      let room = 0;
      // A full output may mean that there is more of it, even if there is no more input.
      while (room === 0 && !this.#isBetween) {
        bytes.writeBigUInt64LE(output.address, NEXT_OUT);
        bytes.writeUInt32LE(OUTPUT_SIZE, AVAILABLE_OUT);
        this.#check(inflate(address, Z_NO_FLUSH));
        room = bytes.readUInt32LE(AVAILABLE_OUT);
        if (room < OUTPUT_SIZE) this.#sink(output, OUTPUT_SIZE - room);
      }
    }
  }

  end(): void {
    if (!this.#isBetween) throw new DigestError('layer', 'the gzip data ends early');
  }

  [Symbol.dispose](): void {
    zlib().inflateEnd(this.#stream.address);
  }

  #check(status: number): void {
    if (status === Z_STREAM_END) {
      this.#isBetween = true;
      this.#members += 1;
    } else if (status !== Z_OK && status !== Z_BUF_ERROR) {
      throw new DigestError('layer', `expected gzip data, found ${this.#problem(status)}`);
    }
  }

  /** @returns what zlib says, in its own words: they are constants */
  #problem(status: number): string {
    const address = this.#stream.bytes.readBigUInt64LE(MESSAGE);
    const message = address === 0n ? null : process.getBuiltinModule('node:ffi').toString(address);
    const where = this.#members === 0 ? '' : `behind member ${this.#members}: `;
    return where + (message ?? `error ${status}`);
  }
}
