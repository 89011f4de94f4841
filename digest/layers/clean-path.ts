import type { ByteString } from '#digest/entry';

/** Go's path.Join('/', path) without the slash at the start: `.`, empty components and `..` are resolved, `..` not above the root. */
export function cleanInRoot(path: ByteString): ByteString {
  if (isClean(path)) return path;
  const components: ByteString[] = [];
  for (const component of path.split('/')) {
    if (component === '..') components.pop();
    else if (component !== '' && component !== '.') components.push(component);
  }
  return components.join('/');
}

const UNCLEAN = /^\/|^\.{1,2}(?:\/|$)|\/(?:\/|\.{0,2}$|\.{1,2}\/)/;

function isClean(path: ByteString): boolean {
  return !UNCLEAN.test(path);
}

/** Go's filepath.IsLocal() of a cleaned relative path: whether `..` does not lead above where the path starts. */
export function staysBelow(path: ByteString): boolean {
  let depth = 0;
  for (const component of path.split('/')) {
    if (component === '..') depth--;
    else if (component !== '' && component !== '.') depth++;
    if (depth < 0) return false;
  }
  return true;
}

export function parentOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

export function nameOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1);
}
