import { ToolError } from './errors.ts';

/** What SOURCE names. */
export type Source =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'bundle'; readonly path: string };

const SCHEME = /^(bundle|oci|oci-archive|docker-archive|listing):(.*)$/s;

/**
 * A scheme wins over a directory of that name, whether the directory is there or not: what a script measures must not
 * depend on what somebody put into its working directory.
 *
 * @throws ToolError `usage`
 */
export function parseSource(text: string): Source {
  const [, scheme, path = text] = SCHEME.exec(text) ?? [];
  if (path === '' || path.includes('\0')) {
    throw new ToolError('usage', `SOURCE ${JSON.stringify(text)} names no directory`);
  }
  if (scheme === undefined) return { kind: 'directory', path };
  if (scheme === 'bundle') return { kind: 'bundle', path };
  throw new ToolError('usage', `${scheme}: sources are not there yet: ${JSON.stringify(text)}`, {
    hint: `a directory of that name is ${JSON.stringify(`./${text}`)}`,
  });
}
