import { systemErrorCode } from '#digest/system-error-code';
import { ToolError } from './errors.ts';
import { writeError } from './output.ts';
import { printable } from './printable.ts';

/** What a shell shows for a program ended by SIGPIPE, which Node ignores: 128 + 13. */
const BROKEN_PIPE = 141;

/** Tells standard error why a command failed, in one line, perhaps with details and a hint, and returns the exit code. */
export function reportFailure(error: unknown): number {
  if (error instanceof ToolError && error.code === 'output-closed') return BROKEN_PIPE;
  reportError(messageOf(error));
  if (error instanceof ToolError) reportDetails(error.details);
  if (error instanceof ToolError && error.hint !== undefined) reportHint(error.hint);
  else if (isForbidden(error) && process.geteuid?.() !== 0) reportHint('run it as root');
  return error instanceof ToolError && error.code === 'usage' ? 2 : 1;
}

function isForbidden(error: unknown): boolean {
  const codes = [error, error instanceof Error ? error.cause : undefined].map(systemErrorCode);
  return codes.includes('EACCES') || codes.includes('EPERM');
}

export function reportError(message: string): void {
  reportLine('error', message);
}

export function reportWarning(message: string): void {
  reportLine('warning', message);
}

export function reportHint(message: string): void {
  reportLine('hint', message);
}

function reportDetails(lines: readonly string[]): void {
  for (const line of lines) writeError(`${`  ${printable(line)}`.trimEnd()}\n`);
}

function reportLine(kind: 'error' | 'warning' | 'hint', message: string): void {
  writeError(`oci-measure: ${kind}: ${printable(message)}\n`);
}

/** The message, and what the system said where that is the cause and not in it; other causes are in the message already. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  if (!(cause instanceof Error) || !('syscall' in cause)) return message;
  const isTold = 'code' in cause && message.includes(String(cause.code));
  return isTold ? message : `${message}: ${cause.message}`;
}
