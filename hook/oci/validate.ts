import { complaint } from '#digest/json/complaint';
import { HookError } from '#hook/errors';
import type { Spec, State } from './spec.generated.ts';
import { validateSpec, validateState } from './validators.generated.js';

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
