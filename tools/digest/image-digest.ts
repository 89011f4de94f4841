import { ToolError } from '#tools/errors';
import type { ImageSource } from '#tools/source';
import type { SourceDigest, SourceOptions } from './source-digest.ts';

export interface ImageFacts {
  readonly portable: boolean;
}

export function digestImage(
  { kind, path }: ImageSource,
  _options: SourceOptions,
): Promise<SourceDigest> {
  throw new ToolError('usage', `${kind}: sources are not there yet: ${JSON.stringify(path)}`);
}
