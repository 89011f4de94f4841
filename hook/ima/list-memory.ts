/** What a start leaves behind so that the next need not read the whole list. Never needed: left behind where it does not fit. */
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { replaceFileUnsynced } from '#hook/log/durable-file';
import { readMemory, unimportant } from '#hook/log/memory-file';
import { count, matching, objectOf, oneOf, type Shape, text } from '#hook/log/shape';
import { makeOwnDirectory } from '#hook/log/state-directory';
import { type ReplayBank, replayBanks } from './list-replay.ts';
import type { ShownRecord } from './record-file.ts';

/** The last entry that PCR 10 was seen to cover, and the PCR's value after it. */
export interface ListCheckpoint {
  readonly v: 1;
  /** /proc/sys/kernel/random/boot_id without hyphens. */
  readonly bootId: string;
  /** Name of the list that offsets are in. */
  readonly list: string;
  readonly bank: ReplayBank;
  /** Entries up to and with this one. */
  readonly count: number;
  readonly offset: number;
  readonly length: number;
  /** Of its bytes, in hexadecimal. */
  readonly sha256: string;
  /** In hexadecimal. */
  readonly value: string;
}

/** That an image record was listed and covered. */
export interface ImageMemory {
  readonly v: 1;
  readonly bootId: string;
  /** Of its `security.ima`, in hexadecimal: with another one it is listed again. */
  readonly signature: string;
}

const bootId = matching(/^[0-9a-f]{32}$/, '32 hexadecimal digits');
const hex = matching(/^(?:[0-9a-f]{2}){20,64}$/, 'hexadecimal digits');

const checkpoint = objectOf<ListCheckpoint>({
  v: oneOf(1),
  bootId,
  list: text,
  bank: oneOf(...replayBanks),
  count,
  offset: count,
  length: count,
  sha256: hex,
  value: hex,
});

const imageMemory = objectOf<ImageMemory>({ v: oneOf(1), bootId, signature: hex });

const MAX_BYTES = 4096;

export class ListMemory {
  readonly #state: string;
  readonly #bootId: string;

  constructor(state: string, boot: string) {
    this.#state = state;
    this.#bootId = boot;
  }

  /** Of this boot; undefined if there is none that can be read. */
  checkpoint(): ListCheckpoint | undefined {
    return this.#read(this.#checkpointPath, checkpoint);
  }

  /** Whether an earlier start of this boot found it listed and covered. */
  hasImage({ name, signature }: ShownRecord): boolean {
    const remembered = this.#read(this.#imagePath(name), imageMemory);
    return remembered?.signature === sha256(signature).toHex();
  }

  rememberCheckpoint(seen: Omit<ListCheckpoint, 'v' | 'bootId'>): void {
    unimportant(() => this.#write(this.#checkpointPath, { v: 1, bootId: this.#bootId, ...seen }));
  }

  rememberImage({ name, signature }: ShownRecord): void {
    const digest = sha256(signature).toHex();
    unimportant(() => {
      makeOwnDirectory(this.#images);
      this.#write(this.#imagePath(name), { v: 1, bootId: this.#bootId, signature: digest });
    });
  }

  get #checkpointPath(): string {
    return join(this.#state, 'ima.json');
  }

  get #images(): string {
    return join(this.#state, 'ima-images');
  }

  #imagePath(name: string): string {
    return join(this.#images, `${name}.json`);
  }

  #read<T extends { readonly bootId: string }>(path: string, shape: Shape<T>): T | undefined {
    const read = readMemory(path, MAX_BYTES, shape);
    return read?.bootId === this.#bootId ? read : undefined;
  }

  #write(path: string, content: ListCheckpoint | ImageMemory): void {
    replaceFileUnsynced(path, `${JSON.stringify(content)}\n`);
  }
}
