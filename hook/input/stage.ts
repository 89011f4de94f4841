import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';

const stages = ['createRuntime', 'prestart', 'poststart', 'poststop'] as const;

/**
 * Where in a container's life the hook is called. `createRuntime` and the deprecated `prestart` measure; `poststart` and `poststop` have
 * nothing to do, so that an entry too many harms nobody.
 */
export type Stage = (typeof stages)[number];

/**
 * The stage that the hook entry's `args` name; createRuntime where they name none.
 *
 * @throws HookError `usage`: createContainer and startContainer too, which run inside the container's namespaces
 */
export function parseStage(argument: string | undefined): Stage {
  if (argument === undefined) return 'createRuntime';
  const stage = stages.find((one) => one === argument);
  if (stage !== undefined) return stage;
  const found = quoted(argument);
  throw new HookError('usage', `unknown stage ${found}, expected one of ${stages.join(', ')}`);
}
