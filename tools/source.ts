import type { ImageReference } from '#digest/images/image-source';
import { ToolError } from './errors.ts';

/** An image that was never unpacked. */
export type ImageSource = ImageReference;

/** A directory tree as it stands. */
export interface TreeSource {
  readonly kind: 'directory' | 'bundle';
  readonly path: string;
}

export interface ListingSource {
  readonly kind: 'listing';
  readonly path: string;
}

/** What SOURCE names. */
export type Source = TreeSource | ListingSource | ImageSource;

const SCHEME = /^(bundle|oci|oci-archive|docker-archive|listing):(.*)$/s;
/** The first colon ends the path, as it does for skopeo and podman; one that belongs to the path is `\:`. */
const PATH_AND_REFERENCE = /^((?:\\:|[^:])*)(?::(.*))?$/s;

/**
 * A scheme wins over a directory of that name, whether the directory is there or not: what a script measures must not
 * depend on what somebody put into its working directory. For the same reason nothing is looked up to tell a path from
 * the reference behind it.
 *
 * @throws ToolError `usage`
 */
export function parseSource(text: string): Source {
  const [, scheme, rest = text] = SCHEME.exec(text) ?? [];
  switch (scheme) {
    case 'oci':
    case 'oci-archive':
    case 'docker-archive':
      return parseImage(scheme, rest, text);
    case 'bundle':
    case 'listing':
      return { kind: scheme, path: checkPath(rest, text) };
    case undefined:
    default:
      return { kind: 'directory', path: checkPath(rest, text) };
  }
}

function parseImage(kind: ImageSource['kind'], rest: string, text: string): ImageSource {
  const [, path = '', reference] = PATH_AND_REFERENCE.exec(rest) ?? [];
  if (reference === '' || reference?.includes('\0') === true) {
    throw new ToolError('usage', `SOURCE ${JSON.stringify(text)} has no reference after its colon`);
  }
  return { kind, path: checkPath(path.replaceAll('\\:', ':'), text), reference };
}

function checkPath(path: string, text: string): string {
  if (path === '' || path.includes('\0')) {
    throw new ToolError('usage', `SOURCE ${JSON.stringify(text)} names no file and no directory`);
  }
  return path;
}

export function isTree({ kind }: Source): boolean {
  return kind === 'directory' || kind === 'bundle';
}

export function isImage(source: Source): source is ImageSource {
  return 'reference' in source;
}
