import { isObject } from '#digest/json/is-object';
import { HookError } from '#hook/errors';

/** Turns an unknown JSON value into a T. @throws HookError 'log', naming the place, where it is anything else. */
export type Shape<T> = (value: unknown, where: string) => T;

interface Optional<T> {
  readonly optional: Shape<T>;
}

type Members<T> = {
  readonly [K in keyof T]-?: undefined extends T[K]
    ? Optional<Exclude<T[K], undefined>>
    : Shape<T[K]>;
};

function refuse(where: string, expected: string, found: unknown): never {
  const shown = JSON.stringify(found)?.slice(0, 80) ?? 'nothing';
  throw new HookError('log', `${where}: expected ${expected}, found ${shown}`);
}

export function guarded<T>(is: (value: unknown) => value is T, expected: string): Shape<T> {
  return (value, where) => (is(value) ? value : refuse(where, expected, value));
}

const isInteger = (value: unknown): value is number =>
  Number.isSafeInteger(value) && !Object.is(value, -0);

export const text: Shape<string> = guarded((value) => typeof value === 'string', 'a string');
export const truth: Shape<boolean> = guarded(
  (value) => typeof value === 'boolean',
  'true or false',
);

/** A whole number of either sign, exact in JSON. */
export const integer: Shape<number> = guarded(isInteger, 'a whole number');

/** A whole number from 0 to 2^53 − 1. */
export const count: Shape<number> = guarded(
  (value): value is number => isInteger(value) && value >= 0,
  'a whole number that is not negative',
);

export function matching(pattern: RegExp, expected: string): Shape<string> {
  return guarded(
    (value): value is string => typeof value === 'string' && pattern.test(value),
    expected,
  );
}

export function oneOf<const T extends string | number>(...allowed: readonly T[]): Shape<T> {
  return (value, where) =>
    allowed.find((one) => one === value) ??
    refuse(where, allowed.map((one) => JSON.stringify(one)).join(' or '), value);
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, where) =>
    Array.isArray(value)
      ? value.map((one, index) => shape(one, `${where}[${index}]`))
      : refuse(where, 'a list', value);
}

export function optional<T>(shape: Shape<T>): Optional<T> {
  return { optional: shape };
}

export const asObject: Shape<Readonly<Record<string, unknown>>> = guarded(isObject, 'an object');

/** An object with these members and no others. */
export function objectOf<T extends object>(members: Members<T>): Shape<T> {
  const shapes = new Map<string, Shape<unknown> | Optional<unknown>>(Object.entries(members));
  return (value, where) => {
    const object = asObject(value, where);
    const unknown = Object.keys(object).find((name) => !shapes.has(name));
    if (unknown !== undefined) refuse(where, 'no other member', unknown);
    const entries: [string, unknown][] = [];
    for (const [name, shape] of shapes) {
      if (Object.hasOwn(object, name)) {
        const read = typeof shape === 'function' ? shape : shape.optional;
        entries.push([name, read(object[name], `${where}.${name}`)]);
      } else if (typeof shape === 'function') {
        refuse(where, `a member ${JSON.stringify(name)}`, undefined);
      }
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each member of T was just read by its own shape
    return Object.fromEntries(entries) as T;
  };
}
