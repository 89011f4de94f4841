/**
 * Why a command could not do what it was asked. Stable: tests match on it.
 *
 * - `usage`: the arguments make no sense together, or name something that does not exist yet
 * - `source`: what SOURCE names is not there, or is not what it should be
 * - `unknown-container`: no container, or more than one, goes by that id
 * - `install`: something cannot be installed or removed without harm
 * - `output`: standard output took no more (a full disk)
 * - `output-closed`: the reader of standard output went away; nobody is told
 */
export type ToolErrorCode =
  | 'usage'
  | 'source'
  | 'unknown-container'
  | 'install'
  | 'output'
  | 'output-closed';

export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly code: ToolErrorCode;
  /** What the reader can do about it. */
  readonly hint: string | undefined;

  constructor(code: ToolErrorCode, message: string, options?: ErrorOptions & { hint?: string }) {
    super(message, options);
    this.code = code;
    this.hint = options?.hint;
  }
}
