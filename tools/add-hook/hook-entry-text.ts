import { isDeepStrictEqual } from 'node:util';
import { applyEdits, modify } from 'jsonc-parser';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import { parseSpec } from '#hook/input/bundle';
import type { HookCommand } from '#tools/install/hook-command';

/**
 * config.json with our entry behind the createRuntime hooks that are there. Everything else stays as it is written: numbers that a double
 * cannot hold, members that no schema knows, the order.
 *
 * @param label names the file in messages
 * @returns undefined if the entry is there already
 * @throws HookError `bundle` for what the hook itself would refuse: a member twice, or one that is another's but for its case
 */
export function withHookEntry(
  bytes: Uint8Array,
  label: string,
  entry: HookCommand,
): string | undefined {
  const before = parseSpec(bytes, label);
  const hooks = before.hooks?.createRuntime ?? [];
  if (hooks.some((hook) => isDeepStrictEqual(hook, entry))) return undefined;
  const text = Buffer.from(bytes).toString('utf8');
  const after = applyEdits(text, modify(text, ['hooks', 'createRuntime', -1], entry, {}));
  const meant = { ...before, hooks: { ...before.hooks, createRuntime: [...hooks, entry] } };
  if (isDeepStrictEqual(parseSpec(Buffer.from(after, 'utf8'), label), meant)) return after;
  throw new HookError('bundle', `cannot add a hook to ${quoted(label)}`);
}
