/** Files that spare the next start some work. They are never needed: one that cannot be read or written is done without. */
import { HookError } from '#hook/errors';
import { readIfPresent } from './durable-file.ts';
import type { Shape } from './shape.ts';

/** Undefined if there is none that can be read. */
export function readMemory<T>(path: string, maxBytes: number, shape: Shape<T>): T | undefined {
  try {
    const bytes = readIfPresent(path, maxBytes);
    if (bytes === undefined) return undefined;
    return shape(JSON.parse(Buffer.from(bytes).toString()), path);
  } catch (thrown) {
    if (thrown instanceof HookError || thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** For writing one. */
export function unimportant(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof HookError)) throw thrown;
  }
}
