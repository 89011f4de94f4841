/** What happens between a runtime's question and its answer, in order. */
import { type Bundle, loadBundle } from '#hook/input/bundle';
import { type ContainerClass, classify } from '#hook/input/container-class';
import { type ContainerFacts, describeContainer } from '#hook/input/container-facts';
import type { ContainerState } from '#hook/input/state';
import type { ContainerEvent } from '#hook/log/measurement-event';
import { measureRootfs } from '#hook/rootfs/measure-rootfs';
import { HookError } from './errors.ts';
import { listInKernel, tellOfKernelList } from './list-in-kernel.ts';
import { rootfsQuestion } from './rootfs-question.ts';
import type { Surroundings } from './surroundings.ts';

/** What became of a container start that the runtime may go on with. */
export interface Outcome {
  readonly outcome: 'measured' | 'measured before' | 'skipped' | 'allowed';
  readonly rootfs?: string;
  /** Why it was let start without a measurement. */
  readonly reason?: string;
  /** Why the measurement log does not show it, where it does not. */
  readonly unlogged?: string;
  /** What somebody should know of the kernel's measurement list, which has it all the same. */
  readonly list?: string;
}

/**
 * Measures the container that `state` announces, or skips or denies it as its class is configured.
 * @throws HookError or DigestError: the container must not start
 */
export async function measureContainer(
  state: ContainerState,
  around: Surroundings,
): Promise<Outcome> {
  const bundle = loadBundle(state);
  const containerClass = classify(state, bundle);
  const facts = describeContainer(state, bundle);
  if (containerClass === 'container') return await measure(facts, bundle, around);
  switch (around.config.classes[containerClass]) {
    case 'measure':
      return await measure(facts, bundle, around);
    case 'skip':
      return await skip(facts, containerClass, around);
    case 'deny':
      return await deny(facts, containerClass, around);
  }
}

async function measure(
  facts: ContainerFacts,
  bundle: Bundle,
  around: Surroundings,
): Promise<Outcome> {
  // Before the lock: this is what takes time, and containers do not wait for each other's files.
  const measured = measureRootfs(rootfsQuestion(bundle, around));
  const { rootfs, view, writable, pruned } = measured;
  const event: ContainerEvent = { type: 'container', ...facts, rootfs, view, writable, pruned };
  try {
    return await around.withLog(async (log) => {
      if (log.findStart(facts) !== undefined) return { outcome: 'measured before' };
      const otherwise = around.config.failure.action === 'allow' ? 'allowed' : 'denied';
      let list: string | undefined;
      const settle = listInKernel(log, event, around, (text) => {
        list = text;
      });
      await log.append(event, settle, otherwise);
      return { outcome: 'measured', rootfs: event.rootfs, ...(list === undefined ? {} : { list }) };
    });
  } catch (error) {
    throw await tellOfKernelList(error, around);
  }
}

/** A skip is extended too, wherever a TPM is in reach: nobody is to wonder why a container is missing. */
async function skip(
  facts: ContainerFacts,
  containerClass: Exclude<ContainerClass, 'container'>,
  { withLog }: Surroundings,
): Promise<Outcome> {
  const { id, pid, startTime, engine, annotations } = facts;
  const event = {
    type: 'skipped',
    class: containerClass,
    id,
    pid,
    startTime,
    annotations,
    ...(engine === undefined ? {} : { engine }),
  } as const;
  try {
    await withLog(async (log) => {
      if (log.findStart(facts) === undefined) await log.append(event);
    });
    return { outcome: 'skipped' };
  } catch (error) {
    if (!(error instanceof HookError)) throw error;
    return { outcome: 'skipped', unlogged: error.message };
  }
}

async function deny(
  { id, pid, startTime }: ContainerFacts,
  containerClass: ContainerClass,
  { withLog }: Surroundings,
): Promise<never> {
  const reason = `the configuration denies containers of class ${containerClass}`;
  try {
    await withLog((log) =>
      log.append({ type: 'denied', id, pid, startTime, code: 'class', reason }),
    );
  } catch (cause) {
    // The hook of an ordinary user has no log to write to. It denies all the same, and for this reason.
    if (!(cause instanceof HookError)) throw cause;
    throw new HookError('class', `${reason} (not logged: ${cause.message})`, { cause });
  }
  throw new HookError('class', reason);
}
