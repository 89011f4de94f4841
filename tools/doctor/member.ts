/** Members of somebody else's configuration, by path: what is missing, or of another type than expected, is as if it were not set. */
import { isObject } from '#digest/json/is-object';

export type Table = Readonly<Record<string, unknown>>;

export function tableAt(value: unknown, path: readonly string[]): Table | undefined {
  const found = at(value, path);
  return isObject(found) ? found : undefined;
}

export function textAt(value: unknown, path: readonly string[]): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

export function booleanAt(value: unknown, path: readonly string[]): boolean {
  return at(value, path) === true;
}

export function numberAt(value: unknown, path: readonly string[]): number | undefined {
  const found = at(value, path);
  return typeof found === 'number' || typeof found === 'bigint' ? Number(found) : undefined;
}

/** The texts of a list. */
export function listAt(value: unknown, path: readonly string[]): readonly string[] {
  return listOf(at(value, path)).filter((item) => typeof item === 'string');
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function at(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  return isObject(value) && Object.hasOwn(value, name) ? at(value[name], rest) : undefined;
}
