import type { ByteString } from '#digest/entry';

/** Go's path.Join('/', path) without the slash at the start: `.`, empty components and `..` are resolved, `..` not above the root. */
export function cleanInRoot(path: ByteString): ByteString {
  const plain = path.startsWith('./') ? path.slice(2) : path;
  const short = plain.endsWith('/') ? plain.slice(0, -1) : plain;
  if (isClean(short)) return short;
  const components: ByteString[] = [];
  for (const component of path.split('/')) {
    if (component === '..') components.pop();
    else if (component !== '' && component !== '.') components.push(component);
  }
  return components.join('/');
}

/** Also false for some names that start with a dot. */
function isClean(path: ByteString): boolean {
  const isRelative = path !== '' && !path.startsWith('/') && !path.startsWith('.');
  return isRelative && !path.endsWith('/') && !path.includes('//') && !path.includes('/.');
}

/** Go's filepath.IsLocal() of a cleaned relative path: whether `..` does not lead above where the path starts. */
export function staysBelow(path: ByteString): boolean {
  if (!path.includes('..')) return true;
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
