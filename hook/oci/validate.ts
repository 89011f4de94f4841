import { HookError } from '#hook/errors';
import { quoted } from '#hook/quoted';
import type { Spec, State } from './spec.generated.ts';
import { type Validate, validateSpec, validateState } from './validators.generated.js';

/**
 * OCI runtime-spec, "State", with what runtimes add.
 *
 * @throws HookError `state`
 */
export function checkState(value: unknown): State {
  if (isState(value)) return value;
  throw new HookError('state', `not an OCI state: ${complaint(validateState, value)}`);
}

/**
 * OCI runtime-spec, "Configuration": the parts that are used.
 *
 * @throws HookError `bundle`
 */
export function checkSpec(value: unknown): Spec {
  if (isSpec(value)) return value;
  throw new HookError('bundle', `not an OCI config.json: ${complaint(validateSpec, value)}`);
}

function isState(value: unknown): value is State {
  return validateState(value);
}

function isSpec(value: unknown): value is Spec {
  return validateSpec(value);
}

function complaint(validate: Validate, value: unknown): string {
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
