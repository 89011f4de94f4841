/**
 * A name in an archive, in one form: without empty and `.` components; `..` stops at the root.
 *
 * @param from the directory it starts in, in that form
 */
export function resolveName(from: string, name: string): string {
  const components = from === '' ? [] : from.split('/');
  for (const component of name.split('/')) {
    if (component === '..') components.pop();
    else if (component !== '' && component !== '.') components.push(component);
  }
  return components.join('/');
}
