/** `oci-measure hook`: from an OCI state on standard input to an exit code. */
import { startHashingEarly } from '#digest/hash-threads';
import { loadConfig } from '#hook/input/config';
import { parseStage } from '#hook/input/stage';
import { type ContainerState, maxStateBytes, parseState } from '#hook/input/state';
import { passStandardInput, readStandardInput } from '#hook/input/stdin';
import { deadlinePassed, startDeadline } from './deadline.ts';
import { type Failure, failureOf } from './failure.ts';
import { letStartUnmeasured } from './let-start-unmeasured.ts';
import { measureContainer } from './measure-container.ts';
import { noteFailure, noteOutcome } from './note.ts';
import { reportFailure } from './report.ts';
import { type Surroundings, surroundingsOf } from './surroundings.ts';

export interface HookCall {
  /** Absolute path of the configuration file; undefined for the default one, which may be missing. */
  readonly config: string | undefined;
  /** The last of the hook entry's `args`. */
  readonly stage: string | undefined;
  /** The program's version, for the log. */
  readonly version: string;
}

/**
 * Answers a runtime (runtime-spec, "POSIX-platform Hooks"): 0, the container may start; 1, it must not, and one line on standard
 * error says why. Never throws.
 */
export async function runHook({ config: path, stage, version }: HookCall): Promise<number> {
  inheritNothing();
  try {
    if (parseStage(stage).startsWith('post')) {
      passStandardInput();
      return 0;
    }
    startHashingEarly();
    const config = loadConfig(path);
    return await answer(surroundingsOf(config, startDeadline(config.deadline), version));
  } catch (error) {
    reportFailure(failureOf(error), undefined);
    passStandardInput();
    return 1;
  }
}

async function answer(around: Surroundings): Promise<number> {
  let state: ContainerState | undefined;
  const alarm = setTimeout(() => giveUp(state?.id, around), around.deadline.remainingMs());
  try {
    const timeoutMs = around.deadline.remainingMs();
    state = parseState(readStandardInput(maxStateBytes, { timeoutMs }));
    noteOutcome(await measureContainer(state, around), state.id, around);
    return 0;
  } catch (error) {
    return await refuse(failureOf(error), state, around);
  } finally {
    clearTimeout(alarm);
  }
}

/** Without a state there is no container that `failure.action` could speak of. */
async function refuse(
  failure: Failure,
  state: ContainerState | undefined,
  around: Surroundings,
): Promise<number> {
  const { action } = around.config.failure;
  if (action === 'allow' && failure.code !== 'class' && state !== undefined) {
    noteOutcome(await letStartUnmeasured(failure, state, around), state.id, around);
    return 0;
  }
  noteFailure(failure, state?.id, around);
  reportFailure(failure, state?.id);
  return 1;
}

/** Whatever is under way is settled by the next start; tpm2 commands have a time limit of their own. */
function giveUp(id: string | undefined, around: Surroundings): never {
  const failure = failureOf(deadlinePassed(around.config.deadline));
  noteFailure(failure, id, around);
  reportFailure(failure, id);
  process.exit(1);
}

/**
 * Runtimes hand over their own umask, directory and environment: crun umask 0, podman its caller's shell. Nothing of it may change what
 * is done.
 */
function inheritNothing(): void {
  process.umask(0o077);
  process.chdir('/');
  for (const name of Object.keys(process.env)) delete process.env[name];
}
