/** Control characters of ASCII and Latin-1, NUL among them. */
export function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** An absolute path without `..`, `.`, empty names and control characters. */
export function isPlainPath(path: string): boolean {
  if (path === '/') return true;
  if (!path.startsWith('/') || hasControlCharacter(path) || path.length >= 4096) return false;
  return path.slice(1).split('/').every(isPlainName);
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..';
}

/** The names that a path is made of, without empty ones and `.`; undefined where one of them is `..`. */
export function namesOf(path: string): string[] | undefined {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  return names.includes('..') ? undefined : names;
}
