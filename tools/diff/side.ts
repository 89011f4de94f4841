import type { DigestText } from '#digest/digest';
import type { Entry } from '#digest/entry';
import { parseListing } from '#digest/listing';
import { digestSource, type SourceDigest, type SourceOptions } from '#tools/digest/source-digest';
import { warnOfDigest } from '#tools/digest/warnings';
import { ToolError } from '#tools/errors';
import type { ImageChoice } from '#tools/image-choice';
import { messageOf } from '#tools/report';
import { isTree, type Source } from '#tools/source';

/** One of the two that are compared. */
export interface Side {
  /** SOURCE as it was given. */
  readonly source: string;
  readonly digest: DigestText;
  readonly entries: readonly Entry[];
}

/** @throws ToolError: whatever went wrong, and with which source */
export async function readSide(text: string, source: Source, choice: ImageChoice): Promise<Side> {
  const chunks: Uint8Array[] = [];
  const keep = (chunk: Uint8Array) => void chunks.push(new Uint8Array(chunk));
  const onListing = isTree(source) ? keep : undefined;
  const result = await digestSide(text, source, { ...choice, onListing, showProgress: true });
  warnOfDigest(result);
  const entries = result.listed ?? parseListing(Buffer.concat(chunks)).entries;
  return { source: text, digest: result.digest, entries };
}

async function digestSide(
  text: string,
  source: Source,
  options: SourceOptions,
): Promise<SourceDigest> {
  try {
    return await digestSource(source, options);
  } catch (cause) {
    throw nameSide(text, cause);
  }
}

function nameSide(text: string, cause: unknown): ToolError {
  const message = `${JSON.stringify(text)}: ${messageOf(cause)}`;
  if (!(cause instanceof ToolError)) return new ToolError('source', message, { cause });
  const { code, details, hint } = cause;
  return new ToolError(code, message, { cause, details, ...(hint === undefined ? {} : { hint }) });
}
