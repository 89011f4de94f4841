/** What a start leaves behind so that the next need not read the whole list. Never needed: left behind where it does not fit. */
import { join } from 'node:path';
import { HookError } from '#hook/errors';
import { readIfPresent, replaceFileUnsynced } from '#hook/log/durable-file';
import { count, matching, objectOf, oneOf, type Shape, text } from '#hook/log/shape';
import { makeOwnDirectory } from '#hook/log/state-directory';
import { type ReplayBank, replayBanks } from './list-replay.ts';

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

/** Where an image record's entry is. */
export interface ImagePlace {
  readonly v: 1;
  readonly bootId: string;
  readonly list: string;
  readonly offset: number;
  readonly length: number;
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

const imagePlace = objectOf<ImagePlace>({
  v: oneOf(1),
  bootId,
  list: text,
  offset: count,
  length: count,
});

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

  /** @param record the image record's name */
  imagePlace(record: string): ImagePlace | undefined {
    return this.#read(this.#imagePath(record), imagePlace);
  }

  rememberCheckpoint(seen: Omit<ListCheckpoint, 'v' | 'bootId'>): void {
    unimportant(() => this.#write(this.#checkpointPath, { v: 1, bootId: this.#bootId, ...seen }));
  }

  rememberImage(record: string, place: Omit<ImagePlace, 'v' | 'bootId'>): void {
    unimportant(() => {
      makeOwnDirectory(this.#images);
      this.#write(this.#imagePath(record), { v: 1, bootId: this.#bootId, ...place });
    });
  }

  get #checkpointPath(): string {
    return join(this.#state, 'ima.json');
  }

  get #images(): string {
    return join(this.#state, 'ima-images');
  }

  #imagePath(record: string): string {
    return join(this.#images, `${record}.json`);
  }

  #read<T extends { readonly bootId: string }>(path: string, shape: Shape<T>): T | undefined {
    try {
      const bytes = readIfPresent(path, MAX_BYTES);
      if (bytes === undefined) return undefined;
      const read = shape(JSON.parse(Buffer.from(bytes).toString()), path);
      return read.bootId === this.#bootId ? read : undefined;
    } catch (thrown) {
      if (thrown instanceof HookError || thrown instanceof SyntaxError) return undefined;
      throw thrown;
    }
  }

  #write(path: string, content: ListCheckpoint | ImagePlace): void {
    replaceFileUnsynced(path, `${JSON.stringify(content)}\n`);
  }
}

function unimportant(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof HookError)) throw thrown;
  }
}
