import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { quotePath } from '#digest/listing-path';
import type { Semantics } from '#digest/semantics';

/** An engine would not unpack the layer; it stops at one entry. */
export class Refusal extends DigestError {
  readonly engine: Semantics;
  /** Of the entry, as the layer has it. */
  readonly path: ByteString;
  readonly reason: string;

  constructor(engine: Semantics, path: ByteString, reason: string) {
    super('layer', `${engine} refuses ${quotePath(path)}: ${reason}`);
    this.engine = engine;
    this.path = path;
    this.reason = reason;
  }
}
