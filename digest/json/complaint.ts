import { quoted } from '#digest/quoted';

/** One failure of ajv. */
export interface Failure {
  readonly instancePath: string;
  readonly message?: string;
}

/** A validator that ajv compiled. */
export interface Validate {
  (value: unknown): boolean;
  /** Failures of the last call. */
  readonly errors?: readonly Failure[] | null;
}

/** What the validator's last call found wrong: where, what was expected and what is there. */
export function complaint(validate: Validate, value: unknown): string {
  const failure = validate.errors?.[0];
  const where = failure?.instancePath ?? '';
  const what = failure?.message ?? 'is not what the schema says';
  return `${where === '' ? 'it' : quoted(where)} ${what}, found ${show(valueAt(value, where))}`;
}

function valueAt(value: unknown, instancePath: string): unknown {
  let found = value;
  for (const part of instancePath.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Reflect.get(found, part.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return found;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? quoted(value) : String(value);
}
