import { HookError, type HookErrorCode } from './errors.ts';

/** Why a container was not measured, as it is told and logged. */
export interface Failure {
  /** `internal`: a defect of this program. */
  readonly code: HookErrorCode | 'internal';
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof HookError) return { code: error.code, message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
