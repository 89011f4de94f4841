/**
 * Why a command could not do what it was asked. Stable: tests match on it.
 *
 * - `usage`: the arguments make no sense together, or name something that does not exist yet
 * - `source`: what SOURCE names is not there, or is not what it should be
 * - `ambiguous`: engines unpack the image differently, and none was chosen
 * - `unknown-container`: no container, or more than one, goes by that id
 * - `install`: something cannot be installed or removed without harm
 * - `output`: standard output took no more (a full disk)
 * - `output-closed`: the reader of standard output went away; nobody is told
 */
export type ToolErrorCode =
  | 'usage'
  | 'source'
  | 'ambiguous'
  | 'unknown-container'
  | 'install'
  | 'output'
  | 'output-closed';

export interface ToolErrorOptions extends ErrorOptions {
  readonly details?: readonly string[];
  readonly hint?: string;
}

export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly code: ToolErrorCode;
  /** What the message does not have the room for, in lines. */
  readonly details: readonly string[];
  /** What the reader can do about it. */
  readonly hint: string | undefined;

  constructor(code: ToolErrorCode, message: string, options?: ToolErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = options?.details ?? [];
    this.hint = options?.hint;
  }
}
